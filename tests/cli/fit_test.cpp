#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "run_program.h"

namespace mix::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string penguins = data_file("penguins.csv");

std::vector<std::string> names_of(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

Outcome fit_eruptions(const Folder& here, std::vector<std::string> more) {
  std::vector<std::string> args{"fit", faithful, "--columns", "eruptions"};
  args.insert(args.end(), more.begin(), more.end());
  return here.succeed(args);
}

TEST(FitJson, HasExactlyTheNamesThatOtherProgramsRead) {
  const Folder here;
  const Json fit =
      here.succeed({"fit", faithful, "--components", "2", "--structure", "VVV", "--json"}).json();
  EXPECT_THAT(names_of(fit),
              ElementsAre("n", "d", "columns", "name", "structure", "n_components",
                          "log_likelihood", "n_parameters", "criteria", "converged", "stop",
                          "n_iter", "objective_history", "starts", "moves", "hits", "optima",
                          "passes", "warnings", "components", "seconds"));
  EXPECT_THAT(names_of(fit["criteria"]),
              ElementsAre("bic", "aic", "aic3", "aicc", "caic", "hqc", "sabic", "icl", "icl_map",
                          "clc", "awe", "nec"));
  EXPECT_EQ(fit["n"], 272);
  EXPECT_EQ(fit["d"], 2);
  EXPECT_THAT(fit["columns"], ElementsAre("eruptions", "waiting"));
  EXPECT_EQ(fit["name"], "gaussian");
  EXPECT_EQ(fit["structure"], "VVV");
  EXPECT_EQ(fit["n_components"], 2);
  EXPECT_EQ(fit["n_parameters"], 11);
  EXPECT_EQ(fit["converged"], true);
  EXPECT_EQ(fit["stop"], "converged");
  EXPECT_EQ(fit["objective_history"].size(), fit["n_iter"].get<std::size_t>());
  // R's mclust finds -1130.264 for this model.
  EXPECT_NEAR(fit["log_likelihood"].get<double>(), -1130.264, 0.01);
  ASSERT_EQ(fit["components"].size(), 2U);
  double sum = 0;
  for (const Json& component : fit["components"]) {
    EXPECT_EQ(component["distribution"], "gaussian");
    EXPECT_EQ(component["mean"].size(), 2U);
    EXPECT_EQ(component["covariance"].size(), 2U);
    sum += component["weight"].get<double>();
  }
  EXPECT_NEAR(sum, 1, 1e-12);
}

TEST(FitJson, ListsASearchAsATableBestFirst) {
  const Folder here;
  const Json fit = fit_eruptions(here, {"--components", "1-3", "--json"}).json();
  const Json& table = fit["table"];
  ASSERT_EQ(table.size(), 6U);  // structures E and V
  EXPECT_THAT(names_of(table[0]),
              ElementsAre("name", "n_components", "log_likelihood", "n_parameters", "bic", "aic",
                          "aic3", "aicc", "caic", "hqc", "sabic", "icl", "icl_map", "clc", "awe",
                          "nec", "mml", "sbic", "slope", "bic_weight", "status"));
  std::set<std::string> names;
  for (std::size_t i = 0; i < table.size(); ++i) {
    names.insert(table[i]["name"].get<std::string>());
    EXPECT_EQ(table[i]["status"], "ok");
    if (i == 0) continue;
    EXPECT_LE(table[i - 1]["bic"].get<double>(), table[i]["bic"].get<double>());
  }
  EXPECT_THAT(names, ElementsAre("gaussian E", "gaussian V"));
  EXPECT_EQ(table[0]["n_components"], fit["n_components"]);
  EXPECT_EQ(table[0]["bic"], fit["criteria"]["bic"]);
}

TEST(FitJson, WritesUndefinedCriteriaAsNull) {
  const Folder here;
  here.write("tiny.csv", "a\n1\n2\n4\n");
  const Json fit =
      here.succeed({"fit", "tiny.csv", "--components", "1", "--structure", "VVV", "--json"}).json();
  EXPECT_TRUE(fit["criteria"]["aicc"].is_null());  // n <= parameters + 1
  EXPECT_TRUE(fit["criteria"]["bic"].is_number());
}

TEST(Fit, SearchesStructuresAndComponentsByItself) {
  const Folder here;
  const Outcome run = here.succeed({"fit", faithful, "--components", "1-3"});
  EXPECT_THAT(run.out, HasSubstr("faithful.csv: 272 rows, 2 columns (eruptions, waiting)"));
  EXPECT_THAT(run.out, HasSubstr("42 models ranked by BIC"));
  EXPECT_THAT(run.out, HasSubstr("gaussian EEE"));
  EXPECT_THAT(run.out, HasSubstr("standard deviation"));
  EXPECT_THAT(run.out, HasSubstr("Sure (probability above 0.95)"));
  EXPECT_EQ(run.err, "");  // no progress line where there is no terminal
}

TEST(Fit, TriesBothStructuresOfStudentT) {
  const Folder here;
  const Json all =
      here.succeed({"fit", faithful, "--family", "student_t", "--components", "2", "--json"})
          .json();
  std::set<std::string> names;
  for (const Json& row : all["table"]) names.insert(row["name"]);
  EXPECT_THAT(names, ElementsAre("student_t EEE", "student_t VVV"));
  const Json common = here.succeed({"fit", faithful, "--family", "student_t", "--structure", "tied",
                                    "--components", "2", "--json"})
                          .json();
  EXPECT_EQ(common["structure"], "EEE");
  const Json shared = here.succeed({"fit", faithful, "--family", "student_t", "--structure", "VVV",
                                    "--dof", "shared", "--components", "2", "--json"})
                          .json();
  EXPECT_EQ(shared["structure"], "VVV");
  EXPECT_EQ(common["components"][0]["scale"], common["components"][1]["scale"]);
}

TEST(Fit, TakesWhatIsSaidAboutTheDegreesOfFreedomOfStudentT) {
  const Folder here;
  const auto dof_of = [&](const std::string& choice) {
    const Json fit = here.succeed({"fit", faithful, "--family", "student_t", "--structure", "VVV",
                                   "--components", "2", "--dof", choice, "--json"})
                         .json();
    return std::tuple(fit["components"][0]["degrees_of_freedom"].get<double>(),
                      fit["components"][1]["degrees_of_freedom"].get<double>(),
                      fit["n_parameters"].get<int>());
  };
  const auto [own_0, own_1, own_parameters] = dof_of("per_component");
  EXPECT_NE(own_0, own_1);
  EXPECT_EQ(own_parameters, 13);
  const auto [shared_0, shared_1, shared_parameters] = dof_of("shared");
  EXPECT_EQ(shared_0, shared_1);
  EXPECT_EQ(shared_parameters, 12);
  EXPECT_EQ(dof_of("4.5"), std::tuple(4.5, 4.5, 11));
}

TEST(Fit, SaysTheCriterionThatIsAskedForAlsoOfASingleModel) {
  const Folder here;
  const Json fit = here.succeed({"fit", faithful, "--components", "2", "--structure", "EEE",
                                 "--criterion", "cv", "--json"})
                       .json();
  ASSERT_EQ(fit["table"].size(), 1U);
  EXPECT_GT(fit["table"][0]["cv"].get<double>(), 2200);
}

TEST(Fit, TakesNamesWithCommasInQuotes) {
  const Folder here;
  here.write("names.csv",
             "\"a,x\",\"b \"\"q\"\"\",c+d\n1,2,3\n2,3,4\n3,5,6\n4,2,1\n7,2,9\n1,2,4\n");
  const auto columns = [&](const std::string& option, const std::string& value) {
    return here.succeed({"fit", "names.csv", "--components", "1", option, value, "--json"})
        .json()["columns"];
  };
  EXPECT_EQ(columns("--columns", "\"a,x\", b \"q\""), Json({"a,x", "b \"q\""}));
  EXPECT_EQ(columns("--columns", "\"b \"\"q\"\"\",c+d"), Json({"b \"q\"", "c+d"}));
  EXPECT_EQ(columns("--family", "\"a,x\"+\"c+d\"=gaussian"), Json({"a,x", "c+d"}));
}

TEST(Fit, ReadsStandardInputForADash) {
  const Folder here;
  const Outcome fit = here.run_piped(faithful, "fit - --components 1 --json --out m.json");
  ASSERT_EQ(fit.status, 0) << fit.err;
  EXPECT_EQ(fit.json()["n"], 272);
  const Outcome predicted = here.run_piped(faithful, "predict m.json -");
  EXPECT_EQ(predicted.out, here.succeed({"predict", "m.json", faithful}).out);
  const Outcome described = here.run_piped("m.json", "info - --json");
  EXPECT_EQ(described.json(), here.succeed({"info", "m.json", "--json"}).json());
}

TEST(Fit, ReadsStandardInputOnce) {
  const Folder here;
  (void)here.succeed({"fit", faithful, "--components", "1", "--out", "m.json"});
  const auto refused = [&](const std::string& file, const std::string& words,
                           const std::string& part) {
    const Outcome run = here.run_piped(file, words);
    EXPECT_EQ(run.status, 2) << words;
    EXPECT_EQ(run.out, "") << words;
    EXPECT_THAT(run.err, HasSubstr(part)) << words;
  };
  refused(faithful, "score m.json - --truth waiting", "score reads \"/dev/stdin\" twice");
  for (const std::string command : {"predict", "errors", "bootstrap", "merge"}) {
    refused(faithful, command + " m.json - --groups waiting",
            "--groups reads \"/dev/stdin\" twice");
    refused(faithful, command + " - -", "cannot be two files");
  }
  refused("m.json", "bootstrap - " + faithful + " --checkpoint c", "--checkpoint reads");
  refused(faithful, "score - - --truth waiting", "cannot be two files");
}

TEST(Fit, PrintsLinesThatFitAPage) {
  const Folder here;
  const Outcome run =
      here.succeed({"fit", penguins, "--components", "4-5", "--structure", "VVV,EEE"});
  std::size_t width = 0;
  for (const char c : run.out) {
    width = c == '\n' ? 0 : width + 1;
    ASSERT_LE(width, 120U) << run.out;
  }
}

TEST(Fit, DoesNotDependOnThreads) {
  const Folder here;
  std::set<std::string> reports;
  std::set<std::string> models;
  for (const char* threads : {"1", "2", "7"}) {
    reports.insert(here.succeed({"fit", faithful, "--components", "1-3", "--structure", "VVV,EEE",
                                 "--threads", threads, "--out", "m.json"})
                       .out);
    models.insert(here.read("m.json"));
  }
  EXPECT_EQ(reports.size(), 1U);
  EXPECT_EQ(models.size(), 1U);
}

TEST(Fit, DependsOnTheSeedAlone) {
  const Folder here;
  const auto model = [&](const char* seed) {
    (void)fit_eruptions(
        here, {"--components", "6", "--structure", "V", "--init", "random", "--n-init", "1",
               "--max-iter", "5", "--seed", seed, "--out", "m.json"});
    return here.read("m.json");
  };
  EXPECT_EQ(model("4"), model("4"));
  EXPECT_NE(model("4"), model("5"));
}

TEST(Fit, TriesAsManyStartsAsTheEffortSays) {
  const Folder here;
  const auto starts = [&](const char* effort) {
    return fit_eruptions(here, {"--components", "3", "--structure", "V", "--max-iter", "20",
                                "--effort", effort, "--json"})
        .json()["starts"]
        .get<int>();
  };
  EXPECT_LT(starts("fast"), starts("default"));
  EXPECT_LT(starts("default"), starts("thorough"));
}

TEST(Fit, LeavesOutTextColumnsAndSaysSo) {
  const Folder here;
  const Outcome run =
      here.succeed({"fit", penguins, "--components", "2", "--structure", "EEE", "--json"});
  EXPECT_THAT(run.err, HasSubstr("species, island, sex"));
  EXPECT_THAT(run.err, HasSubstr("missing cells in 2 of 344 rows, whose other cells count"));
  EXPECT_THAT(run.err, HasSubstr("line 5"));
  EXPECT_EQ(run.json()["n"], 344);
  EXPECT_EQ(run.json()["d"], 5);
}

TEST(Fit, LeavesOutIncompleteRowsWhereAFamilyTakesNoneAndSaysSo) {
  const Folder here;
  here.write("counts.csv", "a,b,w\n3,1,1\n1,,1\n2,2,1\n0,4,\n5,1,2\n");
  const std::vector<std::string> options{"--columns",    "a,b", "--weights", "w",
                                         "--components", "1",   "--json"};
  const auto fit = [&](const std::string& family) {
    std::vector<std::string> args{"fit", "counts.csv", "--family", family};
    args.insert(args.end(), options.begin(), options.end());
    return here.succeed(args);
  };
  const Outcome whole = fit("multinomial");
  EXPECT_THAT(whole.err, HasSubstr("left out 2 of 5 rows with missing cells, for multinomial"));
  EXPECT_EQ(whole.json()["n"], 3);
  // Without a weight a row counts for nothing.
  const Outcome some = fit("poisson");
  EXPECT_THAT(some.err,
              HasSubstr("left out 1 of 5 rows with missing cells; the first is counts.csv line 5"));
  EXPECT_THAT(some.err, HasSubstr("missing cells in 1 of 4 rows, whose other cells count"));
  EXPECT_EQ(some.json()["n"], 4);
}

TEST(Compare, TriesFamiliesThatTakeMissingCellsByItself) {
  const Folder here;
  here.write("counts.csv", "a,b\n3,1\n1,\n2,2\n0,4\n5,1\n,7\n2,3\n");
  const Outcome run = here.succeed({"compare", "counts.csv", "--components", "1", "--json"});
  EXPECT_EQ(run.json()["n"], 7);
  for (const Json& row : run.json()["table"]) EXPECT_NE(row["name"], "multinomial");
}

TEST(Fit, CountsAWeightOfTwoAsADoubledRow) {
  const Folder here;
  here.write("weighted.csv", "x,w\n1,2\n2,1\n3,3\n10,1\n12,2\n");
  here.write("repeated.csv", "x\n1\n1\n2\n3\n3\n3\n10\n12\n12\n");
  const std::vector<std::string> options{"--family", "poisson", "--components", "2", "--json"};
  std::vector<std::string> args{"fit", "weighted.csv", "--weights", "w"};
  args.insert(args.end(), options.begin(), options.end());
  const Json weighted = here.succeed(args).json();
  args = {"fit", "repeated.csv"};
  args.insert(args.end(), options.begin(), options.end());
  const Json repeated = here.succeed(args).json();
  EXPECT_THAT(weighted["columns"], ElementsAre("x"));
  EXPECT_NEAR(weighted["log_likelihood"].get<double>(), repeated["log_likelihood"].get<double>(),
              1e-3);
  EXPECT_NEAR(weighted["criteria"]["bic"].get<double>(), repeated["criteria"]["bic"].get<double>(),
              2e-3);
}

TEST(Fit, KeepsKnownLabelsAndNamesComponentsByThem) {
  const Folder here;
  here.write(
      "partly.csv",
      "x,kind\n1,small\n1.5,small\n1.2,\n2,small\n0.8,NA\n7,big\n7.5,big\n6.4,\n8,big\n7.1,\n");
  const Outcome text = here.succeed({"fit", "partly.csv", "--labels", "kind", "--structure", "E"});
  EXPECT_THAT(text.out, HasSubstr("big"));
  EXPECT_THAT(text.out, HasSubstr("10 rows, 1 column (x)"));
  const Json fit =
      here.succeed({"fit", "partly.csv", "--labels", "kind", "--structure", "E", "--json"}).json();
  ASSERT_EQ(fit["n_components"], 2);
  // Levels are sorted: big before small.
  EXPECT_NEAR(fit["components"][0]["mean"][0].get<double>(), 7.2, 0.1);
  EXPECT_NEAR(fit["components"][1]["mean"][0].get<double>(), 1.3, 0.1);
}

TEST(Fit, StartsFromAColumnOfLabels) {
  const Folder here;
  const Json fit = here.succeed({"fit", penguins, "--columns", "bill_length_mm,bill_depth_mm",
                                 "--init", "labels:species", "--structure", "EEE", "--json"})
                       .json();
  EXPECT_EQ(fit["n_components"], 3);
  EXPECT_EQ(fit["starts"], 1);
  here.refuse({"fit", penguins, "--init", "labels:species", "--components", "2"},
              {"3 different labels"});
}

TEST(Fit, GivesEachBlockOfColumnsItsFamily) {
  const Folder here;
  const Json fit =
      here.succeed({"fit", penguins, "--family",
                    "bill_length_mm+bill_depth_mm=gaussian,island+sex=categorical,year=poisson",
                    "--structure", "EEE", "--components", "3", "--json"})
          .json();
  EXPECT_THAT(fit["columns"],
              ElementsAre("bill_length_mm", "bill_depth_mm", "island", "sex", "year"));
  EXPECT_EQ(fit["name"], "gaussian x categorical x poisson");
  EXPECT_EQ(fit["structure"], "EEE");
  EXPECT_EQ(fit["components"][0]["distribution"], "product");
  EXPECT_EQ(fit["n"], 344);
}

TEST(Fit, FixesAndSharesParametersByName) {
  const Folder here;
  const Json free =
      fit_eruptions(here, {"--family", "normal", "--components", "2", "--json"}).json();
  const Json one = fit_eruptions(here, {"--family", "normal", "--components", "2", "--share",
                                        "standard_deviation", "--json"})
                       .json();
  EXPECT_EQ(one["n_parameters"], free["n_parameters"].get<int>() - 1);
  EXPECT_EQ(one["components"][0]["standard_deviation"], one["components"][1]["standard_deviation"]);
  const Json tied = fit_eruptions(here, {"--structure", "E", "--components", "2", "--json"}).json();
  EXPECT_NEAR(one["log_likelihood"].get<double>(), tied["log_likelihood"].get<double>(), 1e-2);
  const Json known =
      fit_eruptions(here, {"--family", "gamma", "--components", "2", "--fix", "shape=90", "--json"})
          .json();
  EXPECT_EQ(known["n_parameters"], 3);
  EXPECT_EQ(known["components"][1]["shape"], 90);
  here.refuse({"fit", faithful, "--family", "gamma", "--share", "sigma"},
              {"\"sigma\"", "gamma has shape, scale"});
  here.refuse({"fit", faithful, "--family", "gamma", "--fix", "shape"}, {"--fix", "shape=2"});
}

TEST(Fit, KeepsAKnownShift) {
  const Folder here;
  const auto lengths = [&](const std::string& fixed) {
    return here
        .succeed({"fit", data_file("rivers.csv"), "--family", "shifted_lognormal", "--components",
                  "1", "--json", "--fix", fixed})
        .json();
  };
  const Json known = lengths("shift=100");
  EXPECT_EQ(known["n_parameters"], 2);
  EXPECT_EQ(known["components"][0]["shift"], 100);
  // What is left may be fixed as usual.
  const Json both = lengths("shift=100,log_mean=6");
  EXPECT_EQ(both["n_parameters"], 1);
  EXPECT_EQ(both["components"][0]["log_mean"], 6);
  EXPECT_LT(both["log_likelihood"], known["log_likelihood"]);
  here.refuse({"fit", data_file("rivers.csv"), "--family", "shifted_lognormal", "--fix",
               "shift=200", "--components", "1"},
              {"above the shift, 200"});
  const Json delayed = here.succeed({"fit", data_file("rivers.csv"), "--family",
                                     "shifted_exponential", "--components", "1", "--json", "--fix",
                                     "shift=100", "--standard-errors", "--out", "delayed.json"})
                           .json();
  EXPECT_EQ(delayed["n_parameters"], 1);
  EXPECT_EQ(delayed["components"][0]["shift"], 100);
  EXPECT_TRUE(delayed["warnings"].empty()) << delayed["warnings"];
  const Outcome drawn = here.succeed({"sample", "delayed.json", "-n", "100", "--seed", "1"});
  std::istringstream lines(drawn.out);
  std::string line;
  std::getline(lines, line);
  int count = 0;
  for (; std::getline(lines, line); ++count) EXPECT_GE(std::stod(line), 100);
  EXPECT_EQ(count, 100);
  // So may the delay of intervals.
  here.write("ages.csv", "from,to\n2,10\n10,20\n20,40\n40,inf\n");
  const Json within = here.succeed({"fit", "ages.csv", "--family", "from..to=shifted_exponential",
                                    "--components", "1", "--fix", "shift=2", "--json"})
                          .json();
  EXPECT_EQ(within["n_parameters"], 1);
  here.refuse({"fit", data_file("rivers.csv"), "--family", "shifted_lognormal", "--fix", "sft=1"},
              {"\"sft\"", "fixed only: shift"});
  here.refuse({"fit", data_file("rivers.csv"), "--family", "shifted_lognormal", "--share", "shift"},
              {"\"shift\""});
}

TEST(Fit, ChoosesNumbersOfFactorsByTheScreeTest) {
  const Folder here;
  const Json fitted = here.succeed({"fit", data_file("wine.csv"), "--family", "factor_analyzers",
                                    "--structure", "AkjBkQkDk", "--factors", "4", "--scree", "0.2",
                                    "--components", "2", "--effort", "fast", "--json"})
                          .json();
  EXPECT_EQ(fitted["structure"], "AkjBkQkDk");
  EXPECT_TRUE(fitted["warnings"].empty()) << fitted["warnings"];
  // Without a structure those that have such numbers are tried.
  const Outcome all =
      here.succeed({"fit", data_file("wine.csv"), "--family", "factor_analyzers", "--scree", "0.2",
                    "--components", "1", "--json", "--effort", "fast"});
  EXPECT_EQ(all.json()["table"].size(), 6U);
  here.refuse({"fit", data_file("wine.csv"), "--family", "factor_analyzers", "--structure", "UUU",
               "--scree", "0.2"},
              {"Dk"});
  here.refuse({"fit", faithful, "--scree", "0.2"}, {"--scree", "factor_analyzers"});
}

TEST(Fit, TakesImaginaryRowsForAPriorOfAnyFamily) {
  const Folder here;
  here.write("counts.csv", "a,b\n5,0\n6,0\n4,0\n7,0\n0,9\n1,8\n0,7\n1,9\n");
  const auto rates = [&](const std::vector<std::string>& more) {
    std::vector<std::string> args{"fit",    "counts.csv",   "--family", "poisson",
                                  "--json", "--components", "2"};
    args.insert(args.end(), more.begin(), more.end());
    return here.succeed(args).json()["components"][1]["rate"];
  };
  EXPECT_LT(rates({})[1].get<double>(), 1e-6);
  const double with_one = rates({"--prior", "data"})[1].get<double>();
  EXPECT_NEAR(with_one, 33.0 / 8 / 5, 0.05);
  EXPECT_GT(rates({"--prior", "data", "--prior-weight", "4"})[1].get<double>(), 1.5 * with_one);
  here.refuse({"fit", "counts.csv", "--prior-weight", "4"}, {"--prior data"});
  here.refuse({"fit", "counts.csv", "--family", "poisson", "--prior", "conjugate"},
              {"--prior data, a prior for any family"});
}

TEST(Fit, LimitsTheRatioOfEigenvalues) {
  const Folder here;
  const auto fit = [&](const std::vector<std::string>& more) {
    std::vector<std::string> args{"fit", faithful, "--components", "2", "--json"};
    args.insert(args.end(), more.begin(), more.end());
    return here.succeed(args).json();
  };
  const Json limited = fit({"--eigenvalue-ratio", "2", "--out", "m.json"});
  std::set<std::string> names;
  for (const Json& row : limited["table"]) names.insert(row["name"].get<std::string>());
  EXPECT_THAT(names, ElementsAre("gaussian EEE", "gaussian EEI", "gaussian EII", "gaussian VII",
                                 "gaussian VVI", "gaussian VVV"));
  EXPECT_THAT(here.read("m.json"), HasSubstr("\"eigenvalue_ratio\""));
  const Json free = fit({"--structure", "VVV"});
  const Json held = fit({"--structure", "VVV", "--eigenvalue-ratio", "1.5"});
  EXPECT_LT(held["log_likelihood"].get<double>(), free["log_likelihood"].get<double>() - 0.1);
  EXPECT_EQ(held["n_parameters"], free["n_parameters"]);
  here.write("schema.json", R"({"families": [{"family": "gaussian", "structure": "VVV",
                                              "eigenvalue_ratio": 1.5}]})");
  EXPECT_EQ(fit({"--schema", "schema.json"})["log_likelihood"], held["log_likelihood"]);
  here.refuse({"fit", faithful, "--structure", "VEV", "--eigenvalue-ratio", "9"},
              {"structure VEV", "VVI, EEE, VVV"});
  here.refuse({"fit", faithful, "--family", "gamma", "--eigenvalue-ratio", "9"},
              {"--eigenvalue-ratio 9", "gaussian"});
  here.refuse({"fit", faithful, "--eigenvalue-ratio", "0.5"}, {"at least 1"});
}

TEST(Fit, TrimsTheLeastProbableRows) {
  const Folder here;
  std::string table = "a,b\n1e3,-1e3\n";
  for (int i = 0; i < 30; ++i)
    table += std::to_string(i % 5) + "," + std::to_string(3 * i % 7) + "\n";
  here.write("rows.csv", table);
  const std::vector<std::string> args{"fit",         "rows.csv", "--components", "1",
                                      "--structure", "VVV",      "--trim",       "0.0323"};
  std::vector<std::string> with_json = args;
  with_json.emplace_back("--json");
  const Json fit = here.succeed(with_json).json();
  EXPECT_EQ(fit["trimmed"], Json::array({2}));
  EXPECT_NEAR(fit["components"][0]["mean"][0].get<double>(), 2, 1e-2);
  EXPECT_THAT(here.succeed(args).out, HasSubstr("Trimmed: 1 of 31 rows"));
  here.refuse({"fit", "rows.csv", "--trim", "0.1", "--assignment", "hard"}, {"--assignment"});
  here.refuse({"fit", "rows.csv", "--trim", "0.1", "--groups", "a", "--components", "1"},
              {"rows are trimmed one by one"});
  here.refuse({"fit", "rows.csv", "--trim", "0.7", "--components", "1", "--structure", "VVV"},
              {"0.7", "from 0 to 0.5"});
}

TEST(Fit, ReadsASchema) {
  const Folder here;
  here.write("schema.json", R"({"roles": {"ignored": ["waiting"]},
                               "families": [{"family": "gamma", "shared": ["shape"]}]})");
  const Json fit = here.succeed({"fit", faithful, "--schema", "schema.json", "--components", "2",
                                 "--json", "--out", "m.json"})
                       .json();
  EXPECT_THAT(fit["columns"], ElementsAre("eruptions"));
  EXPECT_EQ(fit["n_parameters"], 4);
  // The model carries it.
  const Json again =
      here.succeed({"fit", faithful, "--schema", "m.json", "--components", "2", "--json"}).json();
  EXPECT_EQ(again["log_likelihood"], fit["log_likelihood"]);
  here.refuse({"fit", faithful, "--schema", "schema.json", "--family", "normal"},
              {"exclude each other"});
  here.write("wrong.json", R"({"families": [{"family": "gamma", "share": ["shape"]}]})");
  here.refuse({"fit", faithful, "--schema", "wrong.json"},
              {"wrong.json: families[0].share", "did you mean \"shared\""});
}

TEST(Fit, TakesTheTrialsOfABinomialFromAColumn) {
  const Folder here;
  here.write("trials.csv", "n,successes,name\n10,1,a\n10,2,b\n20,3,c\n20,18,d\n30,27,e\n10,9,f\n");
  const Json fit = here.succeed({"fit", "trials.csv", "--family", "binomial", "--trials", "n",
                                 "--components", "2", "--json"})
                       .json();
  EXPECT_THAT(fit["columns"], ElementsAre("successes", "n"));
  EXPECT_NEAR(fit["components"][0]["probability"].get<double>(), 0.15, 0.02);
  EXPECT_NEAR(fit["components"][1]["probability"].get<double>(), 0.9, 0.02);
}

TEST(Fit, TakesTheTrialsOfABetaBinomialFromAColumn) {
  const Folder here;
  here.write("trials.csv", "n,successes\n10,1\n10,8\n20,3\n20,18\n30,7\n10,4\n");
  const Json fit = here.succeed({"fit", "trials.csv", "--family", "beta_binomial", "--trials", "n",
                                 "--components", "1", "--json"})
                       .json();
  EXPECT_THAT(fit["columns"], ElementsAre("successes", "n"));
  EXPECT_EQ(fit["n_parameters"], 2);
  EXPECT_GT(fit["components"][0]["alpha"].get<double>(), 0);
}

// Two groups of responses to a covariate; offsets, trials and what weights depend on beside it.
std::string regression_table() {
  std::string text = "name,x,z,y,o,n,w\n";
  for (int i = 0; i < 80; ++i) {
    const int group = i % 3 == 0 ? 1 : 0;
    const int x = i % 10;
    const int y = (group == 1 ? 12 - x : 2 + 2 * x) + i % 7 % 2;
    text += "a," + std::to_string(x) + "," + std::to_string((group * 3 + i * 7 % 11) % 8) + "," +
            std::to_string(y) + "," + std::to_string(0.1 * (i % 4)) + "," + std::to_string(25) +
            "," + std::to_string(1 + i % 2) + "\n";
  }
  return text;
}

TEST(Fit, RegressesAResponseOnCovariates) {
  const Folder here;
  here.write("rows.csv", regression_table());
  using Arguments = std::vector<std::string>;
  for (const auto& [family, more, columns, parameters] :
       {std::tuple{"gaussian_regression", Arguments{"--structure", "V", "--offset", "o"},
                   Arguments{"x", "o", "y"}, 7},
        {"gaussian_regression", {"--structure", "E", "--gate", "z"}, {"x", "y", "z"}, 7},
        {"poisson_regression", {"--weights", "w"}, {"x", "y"}, 5},
        {"negative_binomial_regression", {"--gate", "x,z"}, {"x", "y", "z"}, 9},
        {"binomial_regression", {"--trials", "n", "--offset", "o"}, {"x", "o", "y", "n"}, 5}}) {
    Arguments args{"fit", "rows.csv", "--family", family,   "--response",   "y", "--covariates",
                   "x",   "--out",    "m.json",   "--json", "--components", "2"};
    args.insert(args.end(), more.begin(), more.end());
    const Json fit = here.succeed(args).json();
    EXPECT_EQ(fit["columns"].get<Arguments>(), columns) << family;
    EXPECT_EQ(fit["n_parameters"], parameters) << family;
    // The saved model says the same of the same rows.
    const Json same = here.succeed({"predict", "m.json", "rows.csv", "--json"}).json();
    const bool weighted = std::string(family) == "poisson_regression";
    double sum = 0;
    int row = 0;
    for (const Json& value : same["log_density"]) {
      sum += value.get<double>() * (weighted ? 1 + row++ % 2 : 1);
    }
    EXPECT_NEAR(sum, fit["log_likelihood"].get<double>(), 1e-8) << family;
  }
  // Coefficients go by the names of their columns.
  const std::string text =
      here.succeed({"fit", "rows.csv", "--family", "gaussian_regression", "--response", "y",
                    "--covariates", "x,z", "--structure", "V", "--components", "2"})
          .out;
  EXPECT_THAT(text, HasSubstr("coefficients\n    x "));
  EXPECT_THAT(text, HasSubstr("\n    z "));
  // The response is the last column of a block.
  EXPECT_EQ(here.succeed({"fit", "rows.csv", "--family", "x+y=poisson_regression,z=poisson",
                          "--components", "2", "--json"})
                .json()["n_parameters"],
            7);
}

TEST(Fit, SaysWhatRegressionsNeed) {
  const Folder here;
  here.write("rows.csv", regression_table());
  here.refuse({"fit", "rows.csv", "--family", "poisson_regression"}, {"--response"});
  here.refuse({"fit", "rows.csv", "--response", "y"}, {"--response", "gaussian is none"});
  here.refuse({"compare", "rows.csv", "--response", "y"}, {"--families", "poisson_regression"});
  here.refuse({"fit", "rows.csv", "--family", "poisson_regression", "--response", "yy"}, {"yy"});
  here.refuse({"fit", "rows.csv", "--family", "poisson_regression", "--response", "y", "--noise"},
              {"--noise"});
  here.refuse({"fit", "rows.csv", "--family", "poisson_regression", "--response", "y",
               "--covariates", "x", "--columns", "x"},
              {"--covariates", "--columns"});
  here.refuse({"fit", "rows.csv", "--family", "poisson_regression", "--response", "y",
               "--covariates", "x,n"},
              {"column \"n\"", "constant"});
  here.refuse({"fit", "rows.csv", "--family", "x+y=poisson_regression", "--response", "y"},
              {"not in both"});
}

TEST(Fit, HasNoNoiseWhereValuesHaveProbabilities) {
  // A uniform density of 1 on [0, 1] would beat every probability of a 0 or a 1.
  const Folder here;
  std::string text = "a,b,c\n";
  for (int i = 0; i < 60; ++i) {
    text += std::to_string(i % 2) + "," + std::to_string(i / 2 % 2) + "," +
            std::to_string(0.1 * (i % 7)) + "\n";
  }
  here.write("t.csv", text);
  const std::vector<std::string> counts{"bernoulli",
                                        "poisson",
                                        "geometric",
                                        "negative_binomial",
                                        "multinomial",
                                        "markov_chain",
                                        "hurdle_poisson",
                                        "zero_inflated_poisson",
                                        "dirichlet_multinomial",
                                        "a=normal,b=poisson"};
  for (const std::string& family : counts) {
    std::vector<std::string> arguments{"fit", "t.csv", "--family", family, "--noise"};
    if (family.find('=') == std::string::npos) {
      arguments.insert(arguments.end(), {"--columns", "a,b"});
    }
    here.refuse(arguments, {"--noise", "probability", "--trim"});
  }
  here.refuse(
      {"fit", "t.csv", "--family", "binomial", "--columns", "a", "--trials", "b", "--noise"},
      {"--noise", "binomial", "probability"});
  // Beside others, compare says why.
  EXPECT_THAT(here.succeed({"compare", "t.csv", "--columns", "a", "--families", "normal,poisson",
                            "--noise", "--components", "1"})
                  .out,
              HasSubstr("probability"));
}

TEST(Fit, DescribesCountsByTheFamiliesOfCounts) {
  const Folder here;
  std::string text = "a,b\n";
  for (int i = 0; i < 60; ++i)
    text += std::to_string(i % 7 * (i % 3)) + "," + std::to_string(1 + i % 5) + "\n";
  here.write("counts.csv", text);
  for (const auto& [family, column, parameters] : {std::tuple{"geometric", "a", 1},
                                                   {"negative_binomial", "a", 2},
                                                   {"zero_inflated_poisson", "a", 2},
                                                   {"zero_inflated_negative_binomial", "a", 3},
                                                   {"hurdle_poisson", "a", 2},
                                                   {"zero_truncated_poisson", "b", 1},
                                                   {"hurdle_negative_binomial", "a", 3},
                                                   {"zero_truncated_negative_binomial", "b", 2},
                                                   {"dirichlet_multinomial", "a,b", 2},
                                                   {"negative_binomial", "a,b", 4}}) {
    const Json fit = here.succeed({"fit", "counts.csv", "--family", family, "--columns", column,
                                   "--components", "1", "--out", "m.json", "--json"})
                         .json();
    EXPECT_EQ(fit["n_parameters"], parameters) << family;
    const Json same = here.succeed({"predict", "m.json", "counts.csv", "--json"}).json();
    double sum = 0;
    for (const Json& value : same["log_density"]) sum += value.get<double>();
    EXPECT_NEAR(sum, fit["log_likelihood"].get<double>(), 1e-9) << family;
  }
}

TEST(Fit, TakesColumnsOfTheSameCategoriesForASequence) {
  const Folder here;
  here.write("years.csv", "y1,y2,y3\nhome,work,work\nwork,work,home\nhome,home,work\n");
  const Json fit =
      here.succeed({"fit", "years.csv", "--family", "markov_chain", "--components", "1", "--json"})
          .json();
  EXPECT_EQ(fit["n_parameters"], 3);
  EXPECT_NEAR(fit["components"][0]["initial"][0].get<double>(), 2.0 / 3, 1e-12);
  here.write("other.csv", "y1,y2\nhome,work\nwork,work\nhome,away\n");
  here.refuse({"fit", "other.csv", "--family", "markov_chain"}, {"y1", "y2", "categories"});
}

TEST(Fit, TreatsTextAsCategoriesWhenTheFamilyAsksForIt) {
  const Folder here;
  const Outcome run = here.succeed({"fit", penguins, "--family", "categorical", "--columns",
                                    "species,island", "--components", "2"});
  EXPECT_THAT(run.out, HasSubstr("island = Biscoe"));
  EXPECT_THAT(run.out, HasSubstr("species = Gentoo"));
  EXPECT_EQ(run.err, "");
}

TEST(FitJson, NamesTheLevelsThatProbabilitiesBelongTo) {
  const Folder here;
  const Json fit =
      here.succeed({"fit", penguins, "--family", "categorical", "--columns", "species,island",
                    "--components", "2", "--out", "m.json", "--json"})
          .json();
  EXPECT_THAT(fit["levels"]["island"], ElementsAre("Biscoe", "Dream", "Torgersen"));
  EXPECT_EQ(fit["components"][0]["probabilities"][1].size(), 3U);
  EXPECT_EQ(here.succeed({"info", "m.json", "--json"}).json()["levels"], fit["levels"]);
}

TEST(Fit, KnowsTheUniformFamily) {
  const Folder here;
  here.write("range.csv", "a,b\n0,1\n2,5\n1,3\n");
  const Json fit =
      here.succeed({"fit", "range.csv", "--family", "uniform", "--components", "1", "--json"})
          .json();
  EXPECT_EQ(fit["name"], "uniform");
  EXPECT_EQ(fit["n_parameters"], 0);
  EXPECT_NEAR(fit["log_likelihood"].get<double>(), -3 * std::log(2 * 4), 1e-12);
}

TEST(Fit, ChoosesFamiliesThatSuit) {
  const Folder here;
  here.write("counts.csv", "visits\n0\n1\n0\n2\n9\n11\n8\n1\n12\n0\n3\n10\n");
  const Json fit =
      here.succeed({"fit", "counts.csv", "--family", "auto", "--components", "1-2", "--json"})
          .json();
  std::set<std::string> names;
  for (const Json& row : fit["table"]) names.insert(row["name"].get<std::string>());
  EXPECT_EQ(names.count("poisson"), 1U);
  EXPECT_EQ(names.count("gaussian E"), 1U);
}

TEST(Fit, AddsANoiseComponent) {
  const Folder here;
  const Outcome run =
      here.succeed({"fit", faithful, "--components", "2", "--structure", "EEE", "--noise"});
  EXPECT_THAT(run.out, HasSubstr("noise"));
  const Json fit = here.succeed({"fit", faithful, "--components", "2", "--structure", "EEE",
                                 "--noise", "--json"})
                       .json();
  EXPECT_EQ(fit["name"], "gaussian + uniform");
  EXPECT_EQ(fit["structure"], "EEE");
  EXPECT_EQ(fit["n_components"], 3);
  EXPECT_EQ(fit["components"][2]["distribution"], "uniform");
}

TEST(Fit, FindsLogLikelihoodsThatDoNotFallAsComponentsAreAdded) {
  const Folder here;
  for (const bool noise : {false, true}) {
    std::vector<std::string> args{"fit",         faithful, "--components", "1-4",
                                  "--structure", "EEE",    "--json"};
    if (noise) args.emplace_back("--noise");
    std::map<int, double> log_likelihood;
    const Json fit = here.succeed(args).json();
    for (const Json& row : fit["table"]) {
      log_likelihood[row["n_components"].get<int>()] = row["log_likelihood"].get<double>();
    }
    ASSERT_EQ(log_likelihood.size(), 4U);
    EXPECT_EQ(log_likelihood.begin()->first, noise ? 2 : 1);
    double last = -1e300;
    for (const auto& [k, value] : log_likelihood) {
      EXPECT_GE(value, last - 1e-6) << k;
      last = value;
    }
  }
}

TEST(Fit, HonorsAssignmentEqualWeightsAndTol) {
  const Folder here;
  const Json hard = fit_eruptions(here, {"--components", "2", "--structure", "E", "--assignment",
                                         "hard", "--equal-weights", "--json"})
                        .json();
  EXPECT_EQ(hard["stop"], "labels_repeat");
  EXPECT_EQ(hard["components"][0]["weight"], 0.5);
  EXPECT_EQ(hard["n_parameters"], 3);
  const Json loose =
      fit_eruptions(here, {"--components", "3", "--structure", "V", "--tol", "5", "--json"}).json();
  const Json tight =
      fit_eruptions(here, {"--components", "3", "--structure", "V", "--tol", "1e-9", "--json"})
          .json();
  EXPECT_LT(loose["n_iter"].get<int>(), tight["n_iter"].get<int>());
  for (const char* policy : {"stochastic", "saem", "saem:5", "annealed", "truncated:1",
                             "truncated:1,1", "truncated:1,2,0"}) {
    (void)fit_eruptions(here, {"--components", "2", "--structure", "E", "--assignment", policy});
  }
}

TEST(Fit, ReportsHowFarATruncatedBoundIsBelowTheLogLikelihood) {
  const Folder here;
  const auto fit = [&](const std::string& policy, const char* format) {
    return fit_eruptions(here,
                         {"--components", "3", "--structure", "V", "--assignment", policy, format});
  };
  EXPECT_FALSE(fit("soft", "--json").json().contains("truncation_gap"));
  for (const char* policy : {"truncated:2", "truncated:2,2,1"}) {
    const Json report = fit(policy, "--json").json();
    EXPECT_GT(report["truncation_gap"].get<double>(), 0) << policy;
    EXPECT_NEAR(
        report["truncation_gap"].get<double>(),
        report["log_likelihood"].get<double>() - report["objective_history"].back().get<double>(),
        1e-4)
        << policy;
  }
}

TEST(Fit, DrawsTheModelAndTheCriterion) {
  const Folder here;
  (void)fit_eruptions(here, {"--components", "1-2", "--plot", "p.svg"});
  EXPECT_THAT(here.files(), ElementsAre("p-criterion.svg", "p.svg"));
  EXPECT_THAT(here.read("p.svg"), HasSubstr("<svg"));
  EXPECT_THAT(here.read("p-criterion.svg"), HasSubstr("<svg"));
}

TEST(Fit, DrawsNoCriterionOfASingleModel) {
  const Folder here;
  (void)fit_eruptions(
      here, {"--components", "2", "--structure", "V", "--criterion", "cv", "--plot", "p.svg"});
  EXPECT_THAT(here.files(), ElementsAre("p.svg"));
}

}  // namespace
}  // namespace mix::testing
