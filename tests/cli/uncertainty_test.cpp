// mixture errors, mixture bootstrap, and fit --standard-errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "run_program.h"

namespace mix::testing {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> names_in(const Json& json) {
  std::vector<std::string> names;
  for (const auto& [name, value] : json.items()) names.push_back(name);
  return names;
}

void fit_waiting_times(const Folder& here) {
  (void)here.succeed({"fit", faithful, "--columns", "waiting", "--family", "normal", "--components",
                      "2", "--tol", "1e-7", "--out", "model.json"});
}

TEST(Errors, PrintATableAndJsonWithTheFixedNames) {
  const Folder here;
  fit_waiting_times(here);
  const std::string text = here.succeed({"errors", "model.json", faithful}).out;
  EXPECT_THAT(text, HasSubstr("standard errors by the observed information, intervals of 95 %"));
  EXPECT_THAT(text, HasSubstr("component 2"));
  EXPECT_THAT(text, HasSubstr("still to gain"));
  const Json json =
      here.succeed({"errors", "model.json", faithful, "--confidence", "0.9", "--json"}).json();
  EXPECT_THAT(names_in(json),
              ::testing::ElementsAre("information", "confidence", "log_likelihood", "parameters",
                                     "covariance", "convergence", "warnings"));
  ASSERT_EQ(json["parameters"].size(), 6U);
  const Json& mean = json["parameters"][1];
  EXPECT_THAT(names_in(mean), ::testing::ElementsAre("component", "name", "estimate",
                                                     "standard_error", "lower", "upper"));
  EXPECT_EQ(mean["name"], "mean");
  EXPECT_NEAR(mean["upper"].get<double>() - mean["estimate"].get<double>(),
              1.6448536 * mean["standard_error"].get<double>(), 1e-6);
  EXPECT_TRUE(json["convergence"]["maximum"].get<bool>());
  const Json sandwich =
      here.succeed({"errors", "model.json", faithful, "--information", "sandwich", "--json"})
          .json();
  EXPECT_NE(sandwich["parameters"][1]["standard_error"], mean["standard_error"]);
  const Json fitted =
      here.succeed({"fit", faithful, "--columns", "waiting", "--family", "normal", "--components",
                    "2", "--tol", "1e-7", "--standard-errors", "--json"})
          .json();
  EXPECT_EQ(fitted["standard_errors"]["parameters"].size(), 6U);
  EXPECT_TRUE(json["convergence"]["search"].is_null());  // of a model alone
}

TEST(Errors, TellOfAFitHowFarTheRunnerUpIs) {
  const Folder here;
  const std::vector<std::string> search{"fit",          faithful,   "--columns",
                                        "waiting",      "--family", "normal",
                                        "--components", "3",        "--standard-errors"};
  std::vector<std::string> as_json = search;
  as_json.emplace_back("--json");
  const Json fitted = here.succeed(as_json).json();
  const Json& found = fitted["standard_errors"]["convergence"]["search"];
  EXPECT_EQ(found["hits"], fitted["hits"]);
  double next = -std::numeric_limits<double>::infinity();
  for (const Json& optimum : fitted["optima"]) {
    const auto objective = optimum["objective"].get<double>();
    if (optimum.contains("flaw") || fitted["log_likelihood"].get<double>() - objective < 0.01)
      continue;
    next = std::max(next, objective);
  }
  ASSERT_TRUE(std::isfinite(next));
  EXPECT_NEAR(found["runner_up"]["distance"].get<double>(),
              fitted["log_likelihood"].get<double>() - next, 1e-3);
  const std::string text = here.succeed(search).out;
  EXPECT_THAT(text, HasSubstr("distance to the runner-up"));
  EXPECT_THAT(text, HasSubstr("completed runs that came to it"));
}

TEST(BootstrapCommand, PrintsTheSameForAnyNumberOfThreads) {
  const Folder here;
  fit_waiting_times(here);
  const auto run = [&](const std::string& threads, const std::string& last) {
    return here
        .succeed({"bootstrap", "model.json", faithful, "--kind", "weighted", "--replicates", "25",
                  "--seed", "3", "--threads", threads, last})
        .out;
  };
  const Json json = Json::parse(run("1", "--json"));
  EXPECT_EQ(json, Json::parse(run("2", "--json")));
  EXPECT_EQ(json["completed"], 25);
  EXPECT_THAT(names_in(json["parameters"][0]),
              ::testing::ElementsAre("component", "name", "estimate", "bias", "standard_error",
                                     "lower", "upper", "basic_lower", "basic_upper"));
  EXPECT_EQ(here.succeed({"bootstrap", "model.json", faithful, "--replicates", "2", "--json"})
                .json()["seed"],
            1);  // as of all commands
  EXPECT_THAT(run("1", "--confidence=0.8"), HasSubstr("weighted bootstrap, 25 of 25 replicates"));
}

TEST(Errors, RefuseWhatMakesNoSense) {
  const Folder here;
  fit_waiting_times(here);
  here.refuse({"errors", "model.json", faithful, "--information", "fisher"},
              {"fisher", "observed, scores, sandwich"});
  here.refuse({"errors", "model.json", faithful, "--confidence", "95"}, {"between 0 and 1"});
  here.refuse({"bootstrap", "model.json", faithful, "--kind", "jackknife"},
              {"jackknife", "nonparametric, parametric, weighted"});
  here.refuse({"bootstrap", "model.json", faithful, "--replicates", "1"}, {"at least 2"});
}

}  // namespace
}  // namespace mix::testing
