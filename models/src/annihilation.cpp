#include "mix/models/annihilation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "arguments.h"
#include "competition.h"
#include "exact_json.h"
#include "message_length.h"
#include "mix/errors.h"
#include "mix/models/checkpoint.h"
#include "mix/models/choice.h"
#include "mix/parallel.h"
#include "starter.h"

namespace mix {
namespace {

// A sweep that changes the message length by less than this, per unit of weight, is the last.
constexpr double settled_length = 1e-5;
// Of a first estimate, what all components get of all rows alike.
constexpr double common_share = 0.7;

// A step that can be gone back to.
struct Rest {
  AnnihilationStep step{};
  Standing standing{};

  [[nodiscard]] bool better_than(const AnnihilationStep& other) const {
    if (step.flaw.empty() != other.flaw.empty()) return step.flaw.empty();
    return step.message_length < other.message_length;
  }
};

// A run from the most components down.
struct Descent {
  Standing at{};  // where it goes on; without parts it has not begun
  Rest best{};
  std::vector<AnnihilationStep> path{};
  bool ended = false;
};

// All that the runs so far have done.
struct Course {
  Index start = 0;  // of the present run among those that are planned
  Index sweeps = 0;
  Descent present{};
  Descent found{};  // the best of the runs before
  bool interrupted = false;
};

Json to_json(const AnnihilationStep& step) {
  return {{"n_components", step.n_components},
          {"log_likelihood", exact(step.log_likelihood)},
          {"message_length", exact(step.message_length)},
          {"sweeps", step.sweeps},
          {"flaw", step.flaw}};
}

AnnihilationStep step_from(const Json& json) {
  return {.n_components = json.at("n_components").get<Index>(),
          .log_likelihood = exact_from(json.at("log_likelihood")),
          .message_length = exact_from(json.at("message_length")),
          .sweeps = json.at("sweeps").get<Index>(),
          .flaw = json.at("flaw").get<std::string>()};
}

Json to_json(const Descent& descent) {
  Json path = Json::array();
  for (const AnnihilationStep& step : descent.path) path.push_back(to_json(step));
  return {{"at", to_json(descent.at)},
          {"best", to_json(descent.best.step)},
          {"best_standing", to_json(descent.best.standing)},
          {"path", std::move(path)},
          {"ended", descent.ended}};
}

Descent descent_from(const Json& json) {
  Descent descent;
  descent.at = standing_from_json(json.at("at"));
  descent.best = {step_from(json.at("best")), standing_from_json(json.at("best_standing"))};
  for (const Json& step : json.at("path")) descent.path.push_back(step_from(step));
  descent.ended = json.at("ended").get<bool>();
  return descent;
}

Course course_from(const Json& json) {
  try {
    return {json.at("start").get<Index>(), json.at("sweeps").get<Index>(),
            descent_from(json.at("present")), descent_from(json.at("found")), false};
  } catch (const nlohmann::json::exception& error) {
    throw DataError(std::string("broken checkpoint: ") + error.what());
  }
}

// Seeds give components that are narrow, and a small one that fits what is chance does not grow out
// of that: each begins with a share of all rows too, as large as what is known of them makes it.
void broaden(MixtureState& state, const Contested& contested) {
  Matrix r = Competition(Standing(state), contested).responsibilities();
  Vector shares(r.cols());
  for (Index i = 0; i < r.rows(); ++i) {
    const Index unit = contested.groups.empty() ? i : contested.groups[i];
    for (Index k = 0; k < r.cols(); ++k) shares[k] = contested.log_prior(unit, k);
    shares = (shares.array() - shares.maxCoeff()).exp();
    shares *= common_share / shares.sum();
    r.row(i) = (1 - common_share) * r.row(i) + shares.transpose();
  }
  r = contested.w.asDiagonal() * r;
  state.family.fit(contested.x, r);
}

class Annihilation {
 public:
  Annihilation(const Contested& contested, const AnnihilationOptions& options)
      : contested_(contested),
        options_(options),
        name_(options.fit.checkpoint_name + "/annihilation") {}

  /// Goes through all starts and leaves the best run in `found`.
  Course run(const Starter& starter, bool broad) {
    resume();
    const std::vector<PlannedStart> planned = starter.plan();
    for (; course_.start < static_cast<Index>(planned.size()); ++course_.start) {
      Descent& present = course_.present;
      if (present.at.parts.empty()) {
        MixtureState state = starter.begin(planned[static_cast<std::size_t>(course_.start)]);
        if (broad) broaden(state, contested_);
        present.at = Standing(state);
      }
      descend();
      if (course_.found.path.empty() || present.best.better_than(course_.found.best.step)) {
        course_.found = std::move(present);
      }
      present = {};
      if (course_.interrupted) break;
    }
    return std::move(course_);
  }

 private:
  void descend() {
    Descent& present = course_.present;
    while (!present.ended) {
      Competition components(present.at, contested_);
      AnnihilationStep step = settle(components);
      const Index weakest = components.weakest(step.flaw);
      present.path.push_back(step);
      if (Rest rest{std::move(step), components.standing()};
          present.path.size() == 1 || rest.better_than(present.best.step)) {
        present.best = std::move(rest);
      }
      if (course_.interrupted) return;
      present.ended = components.size() <= options_.least_components || weakest < 0;
      if (!present.ended) components.remove(weakest);
      present.at = components.standing();
      keep();
    }
  }

  // Sweeps until the message length rests.
  AnnihilationStep settle(Competition& components) {
    AnnihilationStep step;
    double previous = infinity;
    Index before = 0;
    const double settled = settled_length * contested_.unit_weight.sum();
    do {
      previous = step.message_length;
      before = components.size();
      components.sweep(options_.least_components);
      ++step.sweeps;
      step.log_likelihood = components.log_likelihood();
      step.message_length = components.length(step.log_likelihood);
      const Progress progress{++course_.sweeps, -step.message_length / 2};
      course_.interrupted = options_.fit.progress && !options_.fit.progress(progress);
    } while (!course_.interrupted && step.sweeps < options_.fit.max_iter &&
             (before != components.size() || std::abs(previous - step.message_length) > settled));
    step.n_components = components.size();
    return step;
  }

  void resume() {
    if (!options_.fit.checkpoint) return;
    const Json kept = options_.fit.checkpoint->find(name_);
    if (!kept.is_null()) course_ = course_from(kept);
  }

  void keep() {
    if (!options_.fit.checkpoint) return;
    options_.fit.checkpoint->keep(name_, {{"start", course_.start},
                                          {"sweeps", course_.sweeps},
                                          {"present", to_json(course_.present)},
                                          {"found", to_json(course_.found)}});
  }

  const Contested& contested_;
  const AnnihilationOptions& options_;
  std::string name_;
  Course course_;
};

// What is known of rows, by the numbers of the components that are left.
AnyAssignment renumbered(const AnyAssignment& policy, const std::vector<Index>& left) {
  if (const auto* prior = policy.as<LabelPrior>()) return prior->of_components(left);
  const auto* known = policy.as<Known>();
  if (known == nullptr) return policy;
  Known result = *known;
  for (Index& label : result.labels) {
    const auto found = std::find(left.begin(), left.end(), label);
    label = found == left.end() ? -1 : static_cast<Index>(found - left.begin());
  }
  return result;
}

void check_annihilation(const MixtureModel& model, const AnnihilationOptions& options) {
  const auto refuse = [](const std::string& why) {
    throw std::invalid_argument("choose_by_annihilation: " + why);
  };
  if (options.least_components < 1 || options.least_components > model.n_components()) {
    refuse(
        fmt::format("the least number of components must be from 1 to the {} of the model, not "
                    "{}",
                    model.n_components(), options.least_components));
  }
  if (!comes_apart(model.family())) {
    refuse(
        fmt::format("components of the family '{}' cannot be taken out one by one; fit each "
                    "number of components instead",
                    model.family().title()));
  }
  if (options.fit.mixing != MixingWeights::free) {
    refuse(
        fmt::format("a component goes when its weight is estimated as 0, but the mixing weights "
                    "are {}; leave them free",
                    to_string(options.fit.mixing)));
  }
  const AnyAssignment& policy = options.fit.assignment;
  const auto* prior = policy.as<LabelPrior>();
  if (prior != nullptr && prior->components() < 2) {
    refuse("a label prior of one component says nothing; name at least two");
  }
  if (prior != nullptr && prior->components() >= model.n_components()) {
    refuse(
        fmt::format("the label prior names {} components, each of which stays, and the model has "
                    "{}, so that none can go; begin with more components than it names",
                    prior->components(), model.n_components()));
  }
  if (prior == nullptr && policy.as<Soft>() == nullptr && policy.as<Known>() == nullptr) {
    refuse(
        "rows must be shared softly, or have known labels or a label prior; leave out the "
        "assignment");
  }
}

// A component for which there is no evidence would not stay.
void check_evidence(const Contested& contested, Index named, Index components) {
  const Vector evidence = contested.evidence(components);
  for (Index k = 0; k < named; ++k) {
    if (evidence[k] > 0) continue;
    throw std::invalid_argument(
        fmt::format("choose_by_annihilation: no row with weight has a label prior that says more "
                    "for component {} than for all alike; leave the component out of the prior",
                    k + 1));
  }
}

}  // namespace

AnnihilationFit choose_by_annihilation(const MixtureModel& model, const AnyRows& x,
                                       const AnnihilationOptions& options) {
  check_annihilation(model, options);
  FitOptions from = options.fit;
  const auto* prior = options.fit.assignment.as<LabelPrior>();
  if (prior != nullptr) from.assignment = prior->extended(model.n_components());
  check_arguments(model, x, from);
  const bool chosen = std::holds_alternative<start::Auto>(from.start);
  if (chosen) from.start = start::KMeansPlusPlus{};
  from.more_starts.clear();
  const Vector w = from.sample_weight.size() > 0 ? from.sample_weight : Vector::Ones(x.rows());
  const Contested contested(x, w, from);
  if (prior != nullptr) check_evidence(contested, prior->components(), model.n_components());
  Course course;
  Matrix responsibilities;
  with_threads(from.threads, [&] {
    course = Annihilation(contested, options).run(Starter(model, x, w, from, nullptr), chosen);
    responsibilities = Competition(course.found.best.standing, contested).responsibilities();
  });
  AnyFamily family = model.family();
  const std::vector<Index>& left = course.found.best.standing.numbers;
  if (static_cast<Index>(left.size()) < family.size()) family.select(left);
  from.start = start::Responsibilities{std::move(responsibilities)};
  from.n_init = 0;
  // It is not the fit that an uninterrupted run would end with.
  if (course.interrupted) from.checkpoint = nullptr;
  from.assignment = renumbered(from.assignment, left);
  AnnihilationFit result{.fit = fit(MixtureModel(std::move(family)), x, from),
                         .path = std::move(course.found.path)};
  Report& report = result.fit.report;
  report.start = "annihilation";
  report.passes += course.sweeps;
  result.message_length = message_length(result.fit.model, report.log_likelihood, report.n);
  return result;
}

}  // namespace mix
