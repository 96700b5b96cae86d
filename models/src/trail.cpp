#include "trail.h"

#include <string>
#include <utility>

#include "exact_json.h"
#include "mix/errors.h"
#include "mix/models/model_file.h"

namespace mix {
namespace {

Json to_json(const Run& run) {
  const EmReport& em = run.em;
  Json json{{"start", run.start},
            {"model", mix::to_json(SavedModel{MixtureModel(run.state, MixingWeights::free)})},
            {"weights", exact_all(run.state.weights)},
            {"flaw", run.flaw},
            {"counted", run.counted},
            {"stop", static_cast<int>(em.stop)},
            {"n_iter", em.n_iter},
            {"extrapolations", em.extrapolations},
            {"rejections", em.rejections},
            {"history", exact_all(em.objective_history)},
            {"objective", exact(em.objective)},
            {"log_likelihood", exact(em.log_likelihood)},
            {"mass", exact_all(em.mass)},
            {"falls", em.falls},
            {"warnings", em.warnings}};
  if (em.truncation_gap) json["truncation_gap"] = exact(*em.truncation_gap);
  return json;
}

Run run_from(const Json& json) {
  Run run;
  run.start = json.at("start").get<std::string>();
  run.state = from_json(json.at("model"), "checkpoint").model.state();
  run.state.weights = vector_from(json.at("weights"));
  run.flaw = json.at("flaw").get<std::string>();
  run.counted = json.at("counted").get<bool>();
  EmReport& em = run.em;
  em.stop = static_cast<Stop>(json.at("stop").get<int>());
  em.n_iter = json.at("n_iter").get<Index>();
  em.extrapolations = json.at("extrapolations").get<Index>();
  em.rejections = json.at("rejections").get<Index>();
  em.objective_history = numbers_from(json.at("history"));
  em.objective = exact_from(json.at("objective"));
  em.log_likelihood = exact_from(json.at("log_likelihood"));
  em.mass = vector_from(json.at("mass"));
  em.falls = json.at("falls").get<Index>();
  em.warnings = json.at("warnings").get<std::vector<std::string>>();
  if (json.contains("truncation_gap")) em.truncation_gap = exact_from(json["truncation_gap"]);
  return run;
}

Json runs_to_json(const std::vector<Run>& runs) {
  Json array = Json::array();
  for (const Run& run : runs) array.push_back(to_json(run));
  return array;
}

std::vector<Run> runs_from(const Json& json) {
  std::vector<Run> runs;
  for (const Json& run : json) runs.push_back(run_from(run));
  return runs;
}

}  // namespace

Json to_json(const Trail& trail) {
  Json optima = Json::array();
  for (const Optimum& optimum : trail.optima) {
    optima.push_back(
        {{"objective", exact(optimum.objective)}, {"hits", optimum.hits}, {"flaw", optimum.flaw}});
  }
  return {{"stage", static_cast<int>(trail.stage)},
          {"runs", runs_to_json(trail.runs)},
          {"starts", trail.starts},
          {"moves", trail.moves},
          {"passes", trail.passes},
          {"optima", std::move(optima)},
          {"field", trail.field},
          {"round", trail.round},
          {"population", runs_to_json(trail.population)},
          {"spent", trail.spent},
          {"failures", trail.failures},
          {"next", trail.next},
          {"best", trail.best}};
}

Trail trail_from_json(const Json& json) {
  try {
    Trail trail;
    trail.stage = static_cast<Trail::Stage>(json.at("stage").get<int>());
    trail.runs = runs_from(json.at("runs"));
    trail.starts = json.at("starts").get<Index>();
    trail.moves = json.at("moves").get<Index>();
    trail.passes = json.at("passes").get<Index>();
    for (const Json& one : json.at("optima")) {
      trail.optima.push_back({exact_from(one.at("objective")), one.at("hits").get<Index>(),
                              one.at("flaw").get<std::string>()});
    }
    trail.field = json.at("field").get<Index>();
    trail.round = json.at("round").get<Index>();
    trail.population = runs_from(json.at("population"));
    trail.spent = json.at("spent").get<Index>();
    trail.failures = json.at("failures").get<Index>();
    trail.next = json.at("next").get<Index>();
    trail.best = json.at("best").get<Index>();
    return trail;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(std::string("broken checkpoint: ") + error.what());
  }
}

}  // namespace mix
