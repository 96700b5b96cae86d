// What helps to choose: score, merge, test, criteria of a table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "run_program.h"

namespace mix::testing {
namespace {

using ::testing::HasSubstr;

const std::string iris_file = data_file("iris.csv");

TEST(Score, ComparesAModelWithKnownLabels) {
  const Folder here;
  (void)here.succeed({"fit", iris_file, "--components", "3", "--structure", "VVV", "--out", "m"});
  const std::vector<std::string> args{"score", "m", iris_file, "--truth", "Species"};
  const Json scores = here.succeed({args[0], args[1], args[2], args[3], args[4], "--json"}).json();
  // Values of mclust 6.0.0 and scikit-learn 1.2.1 for the same partition: 5 flowers differ.
  EXPECT_EQ(scores["n"], 150);
  EXPECT_NEAR(scores["adjusted_rand"].get<double>(), 0.9038742317748124, 1e-12);
  EXPECT_NEAR(scores["error"].get<double>(), 5.0 / 150, 1e-12);
  EXPECT_EQ(scores["truth"], Json::parse(R"(["setosa", "versicolor", "virginica"])"));
  EXPECT_EQ(scores["confusion"].size(), 3U);
  const std::string text = here.succeed(args).out;
  EXPECT_THAT(text, HasSubstr("adjusted Rand index           0.9039"));
  EXPECT_THAT(text, HasSubstr("5 of 150 rows differ"));
}

TEST(Score, ComparesTwoColumnsAndTwoFiles) {
  const Folder here;
  here.write("a.csv", "own,known,w\n1,x,1\n1,x,2\n2,y,1\n2,NA,1\n3,y,1\n");
  here.write("b.csv", "known\nx\nx\ny\ny\ny\n");
  const Outcome within = here.succeed(
      {"score", "a.csv", "--labels", "own", "--truth", "known", "--weights", "w", "--json"});
  EXPECT_THAT(within.err, HasSubstr("left out 1 of 5 rows"));
  EXPECT_EQ(within.json()["n"], 5);
  EXPECT_EQ(within.json()["labels"], Json::parse(R"(["1", "2", "3"])"));
  EXPECT_EQ(within.json()["confusion"], Json::parse("[[3.0, 0.0], [0.0, 1.0], [0.0, 1.0]]"));
  EXPECT_EQ(within.json()["accuracy"], 0.8);
  const Json across =
      here.succeed({"score", "a.csv", "b.csv", "--labels", "own", "--truth", "known", "--json"})
          .json();
  EXPECT_EQ(across["n"], 5);
  EXPECT_EQ(across["purity"], 1);
  EXPECT_EQ(across["matching"], Json::parse(R"(["x", "y", null])"));
}

TEST(Score, RefusesWhatCannotBeCompared) {
  const Folder here;
  here.write("a.csv", "own,known\n1,x\n1,x\n2,y\n");
  here.write("b.csv", "known\nx\nx\n");
  here.refuse({"score", "a.csv", "--truth", "known"}, {"--labels"});
  here.refuse({"score", "a.csv", "--labels", "own", "--truth", "knwn"}, {"knwn", "known"});
  here.refuse({"score", "a.csv", "b.csv", "--labels", "own", "--truth", "known"},
              {"a.csv", "3 rows", "b.csv", "2"});
  here.refuse({"score", "nothing.json", "a.csv", "--truth", "known"}, {"nothing.json"});
}

TEST(Merge, JoinsComponentsAndLeavesTheDensity) {
  const Folder here;
  (void)here.succeed({"fit", faithful, "--components", "4", "--structure", "VVV", "--out", "m"});
  const Json tree = here.succeed({"merge", "m", faithful, "--clusters", "2", "--out", "two",
                                  "--plot", "tree.svg", "--json"})
                        .json();
  EXPECT_EQ(tree["method"], "entropy");
  EXPECT_EQ(tree["n_components"], 4);
  EXPECT_EQ(tree["steps"].size(), 3U);
  EXPECT_EQ(tree["steps"][2]["n_clusters"], 1);
  EXPECT_EQ(tree["clusters"].size(), 4U);
  EXPECT_THAT(here.read("tree.svg"), HasSubstr("entropy removed"));
  const Json before = here.succeed({"predict", "m", faithful, "--json"}).json();
  const Json after = here.succeed({"predict", "two", faithful, "--json"}).json();
  for (std::size_t i = 0; i < before["labels"].size(); ++i) {
    EXPECT_NEAR(before["log_density"][i].get<double>(), after["log_density"][i].get<double>(),
                1e-10);
    EXPECT_LE(after["uncertainty"][i].get<double>(), 1.0);
  }
  const std::string text = here.succeed({"merge", "m", faithful, "--method", "demp"}).out;
  EXPECT_THAT(text, HasSubstr("DEMP"));
  EXPECT_THAT(text, HasSubstr("clusters     3   2   1"));
  EXPECT_THAT(text, HasSubstr("Suggested: "));
}

TEST(Merge, ClustersGroups) {
  const Folder here;
  here.write("g.csv", "x,g\n1,a\n2,a\n1.5,b\n9,c\n8,c\n8.5,d\n2,e\n9,f\n");
  (void)here.succeed({"fit", "g.csv", "--family", "normal", "--columns", "x", "--components", "2",
                      "--equal-weights", "--out", "m"});
  const auto rows = [&](const std::vector<std::string>& more) {
    std::vector<std::string> args{"merge", "m", "g.csv", "--json"};
    args.insert(args.end(), more.begin(), more.end());
    return here.succeed(args).json()["steps"][0]["rows"].get<double>();
  };
  EXPECT_EQ(rows({}), 8);
  EXPECT_EQ(rows({"--groups", "g"}), 6);
}

TEST(Merge, RefusesTooManyClusters) {
  const Folder here;
  (void)here.succeed({"fit", faithful, "--components", "2", "--structure", "VVV", "--out", "m"});
  here.refuse({"merge", "m", faithful, "--clusters", "3", "--out", "three"},
              {"--clusters 3", "2 components"});
  here.refuse({"merge", "m", faithful, "--method", "ward"}, {"ward"});
  here.refuse({"merge", "m", iris_file}, {"iris.csv", "eruptions"});
}

TEST(TestCommand, RejectsOneComponentAndStopsAtTwo) {
  const Folder here;
  std::string rows = "x\n";
  for (int i = 0; i < 60; ++i) {
    rows += std::to_string((i % 2) * 9 + std::sin(17.0 * i) * 1.5 + std::sin(5.0 * i)) + "\n";
  }
  here.write("two.csv", rows);
  const std::vector<std::string> args{"test",         "two.csv", "--structure",   "V",
                                      "--components", "1-3",     "--effort",      "fast",
                                      "--replicates", "39",      "--exceedances", "3"};
  std::vector<std::string> json = args;
  json.emplace_back("--json");
  const Json result = here.succeed(json).json();
  EXPECT_EQ(result["tests"][0]["p_value"], 1.0 / 40);
  EXPECT_EQ(result["tests"][0]["samples"], 39);
  EXPECT_EQ(result["tests"][0]["statistics"].size(), 39U);
  EXPECT_THAT(here.succeed(args).out, HasSubstr("bootstrap likelihood-ratio tests"));
}

TEST(TestCommand, RefusesWhatCannotBeTested) {
  const Folder here;
  here.refuse({"test", faithful, "--components", "1-2"}, {"14", "--structure"});
  here.refuse({"test", faithful, "--structure", "VVV", "--components", "2"}, {"2-3"});
  here.refuse({"test", faithful, "--structure", "VVV", "--components", "1-2", "--level", "1"},
              {"--level 1"});
  here.refuse({"test", faithful, "--structure", "VVV", "--components", "1-2", "--replicates", "0"},
              {"--replicates", "0"});
}

TEST(Compare, WeighsModelsAndKnowsTheCriteriaOfATable) {
  const Folder here;
  const Json table =
      here.succeed({"compare", faithful, "--families", "gaussian", "--structure", "VVV,EEE",
                    "--components", "1-3", "--criterion", "sbic", "--effort", "fast", "--json"})
          .json()["table"];
  double sum = 0;
  for (const Json& row : table) {
    sum += row["bic_weight"].get<double>();
    EXPECT_TRUE(row["sbic"].is_number());
    EXPECT_TRUE(row["mml"].is_number());
    EXPECT_TRUE(row["slope"].is_null());
  }
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_LE(table[0]["sbic"].get<double>(), table[1]["sbic"].get<double>());
}

TEST(Compare, NamesTheSimplestModelWithinOneStandardError) {
  const Folder here;
  const Outcome found = here.succeed({"compare", faithful, "--families", "gaussian", "--structure",
                                      "EEE", "--components", "1-3", "--criterion", "cv", "--folds",
                                      "3", "--repeats", "2", "--effort", "fast"});
  EXPECT_THAT(found.out, HasSubstr("Simplest within one standard error"));
  here.refuse({"compare", faithful, "--criterion", "cv", "--folds", "1"}, {"--folds"});
  here.refuse({"compare", faithful, "--criterion", "cv", "--folds", "900"}, {"--folds 900", "272"});
}

TEST(Predict, WritesTheUncertaintyOfEachRow) {
  const Folder here;
  (void)here.succeed({"fit", faithful, "--components", "2", "--structure", "VVV", "--out", "m"});
  const std::string csv = here.succeed({"predict", "m", faithful, "--uncertainty"}).out;
  EXPECT_EQ(csv.substr(0, csv.find('\n')), "label,probability,log_density,uncertainty");
  const Json json = here.succeed({"predict", "m", faithful, "--json"}).json();
  for (std::size_t i = 0; i < json["labels"].size(); ++i) {
    const auto label = json["labels"][i].get<std::size_t>() - 1;
    EXPECT_NEAR(json["uncertainty"][i].get<double>(),
                1 - json["responsibilities"][i][label].get<double>(), 1e-15);
  }
}

TEST(Annihilation, FindsTheNumberOfComponentsInOneRun) {
  const Folder here;
  here.write("a.csv", [] {
    std::string text = "x\n";
    for (int i = 0; i < 60; ++i) {
      const double u = (i % 30 + 0.5) / 30 - 0.5;
      text += std::to_string((i < 30 ? 0 : 20) + 3 * u + 4 * u * u * u) + "\n";
    }
    return text;
  }());
  const std::vector<std::string> args{"fit",          "a.csv",    "--family", "normal",
                                      "--components", "mml:2-10", "--out",    "m.json"};
  const std::string text = here.succeed(args).out;
  EXPECT_THAT(text, HasSubstr("1 model ranked by MML"));
  EXPECT_THAT(text, HasSubstr("Message lengths on the way down: "));
  EXPECT_THAT(text, HasSubstr("normal with 2 components"));
  std::vector<std::string> json = args;
  json.emplace_back("--json");
  const Json fitted = here.succeed(json).json();
  EXPECT_EQ(fitted["n_components"], 2);
  const Json& path = fitted["table"][0]["path"];
  EXPECT_EQ(path.back()["n_components"], 2);
  EXPECT_TRUE(path.back()["message_length"].is_number());
  // Each structure for itself, ranked by what is asked for.
  const Json table =
      here.succeed({"compare", iris_file, "--families", "gaussian", "--structure", "VVV,EEE",
                    "--components", "mml:8", "--criterion", "bic", "--json"})
          .json()["table"];
  ASSERT_EQ(table.size(), 2U);
  EXPECT_LE(table[0]["bic"].get<double>(), table[1]["bic"].get<double>());
  // Labels keep their components, groups are draws, noise stays.
  const Json labeled = here.succeed({"fit", iris_file, "--structure", "VVV", "--labels", "Species",
                                     "--components", "mml:5", "--json"})
                           .json();
  EXPECT_GE(labeled["n_components"].get<int>(), 3);
  EXPECT_TRUE(labeled["components"][2].contains("label"));
  here.refuse({"fit", iris_file, "--labels", "Species", "--components", "mml:2"},
              {"3 different labels"});
  here.write("g.csv", "x,g\n1,a\n2,a\n1.5,b\n9,c\n8,c\n8.5,d\n2,e\n9,f\n");
  EXPECT_EQ(here.succeed({"fit", "g.csv", "--family", "normal", "--columns", "x", "--groups", "g",
                          "--components", "mml:3", "--json"})
                .json()["groups"],
            6);
  EXPECT_EQ(here.succeed({"fit", "a.csv", "--family", "normal", "--noise", "--components", "mml:4",
                          "--json"})
                .json()["n_components"],
            3);
  here.refuse({"fit", iris_file, "--components", "mml:x"}, {"mml:20", "mml:x"});
  here.refuse({"fit", iris_file, "--components", "mml:3-2"}, {"mml:3-2", "upwards"});
  here.refuse({"fit", iris_file, "--components", "mml:5", "--equal-weights"},
              {"mml:5", "--equal-weights"});
  const Json exact = here.succeed({"compare", "a.csv", "--families", "normal", "--components",
                                   "1-3", "--criterion", "exact_icl", "--json"})
                         .json()["table"];
  EXPECT_EQ(exact[0]["n_components"], 2);
  EXPECT_LT(exact[0]["exact_icl"].get<double>(), exact[1]["exact_icl"].get<double>());
  here.refuse({"test", iris_file, "--structure", "VVV", "--components", "mml:5"}, {"each number"});
}

}  // namespace
}  // namespace mix::testing
