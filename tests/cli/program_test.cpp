// The program as a whole, kmeans, and compare.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "run_program.h"

namespace mix::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Program, HasHelpWithAnExampleForEverySubcommand) {
  const Folder here;
  for (const char* command :
       {"fit", "compare", "predict", "sample", "kmeans", "plot", "info", "describe", "regress"}) {
    const Outcome run = here.succeed({command, "--help"});
    EXPECT_THAT(run.out, HasSubstr(std::string("Example: mixture ") + command));
    EXPECT_EQ(run.err, "");
  }
  EXPECT_THAT(here.succeed({"--help"}).out, HasSubstr("Example: mixture fit"));
}

TEST(Program, TellsItsVersion) {
  const Folder here;
  EXPECT_THAT(here.succeed({"--version"}).out, ::testing::MatchesRegex("mixture [0-9.]+\n"));
}

TEST(Program, SaysThatStandardOutputCannotBeWritten) {
  const Folder here;
  const std::string command = std::string(MIXTURE_PROGRAM) + " kmeans " + faithful +
                              " -k 2 --json > /dev/full 2> " + (here / "err").string();
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_THAT(here.read("err"), HasSubstr("standard output"));
}

TEST(KMeans, PrintsJsonWithTheFixedNames) {
  const Folder here;
  const Json json = here.succeed({"kmeans", faithful, "-k", "2", "--json"}).json();
  std::vector<std::string> names;
  for (const auto& [name, value] : json.items()) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("inertia", "centers", "labels", "n_iter"));
  // R: kmeans(faithful, 2, nstart = 50)$tot.withinss
  EXPECT_NEAR(json["inertia"].get<double>(), 8901.7687, 1e-3);
  EXPECT_EQ(json["labels"].size(), 272U);
  ASSERT_EQ(json["centers"].size(), 2U);
  EXPECT_EQ(json["centers"][0].size(), 2U);
  std::set<int> labels;
  for (const Json& label : json["labels"]) labels.insert(label.get<int>());
  EXPECT_THAT(labels, ElementsAre(1, 2));
}

TEST(KMeans, DescribesClustersInTheUnitsOfTheColumns) {
  const Folder here;
  const Outcome run = here.succeed({"kmeans", faithful, "-k", "2", "--standardize"});
  EXPECT_THAT(run.out, HasSubstr("waiting"));
  EXPECT_THAT(run.out, HasSubstr("standardized"));
  EXPECT_EQ(run.err, "");
  const Json plain = here.succeed({"kmeans", faithful, "-k", "1", "--json"}).json();
  const Json scaled =
      here.succeed({"kmeans", faithful, "-k", "1", "--standardize", "--json"}).json();
  for (std::size_t j = 0; j < 2; ++j) {
    EXPECT_NEAR(plain["centers"][0][j].get<double>(), scaled["centers"][0][j].get<double>(), 1e-9);
  }
  EXPECT_NEAR(scaled["inertia"].get<double>(), 2 * 272, 1e-8);
}

TEST(KMeans, KeepsALabelForEveryRow) {
  const Folder here;
  here.write("gaps.csv", "x\n1\nNA\n9\n1.5\n9.5\n");
  const Outcome run =
      here.succeed({"kmeans", "gaps.csv", "-k", "2", "--json", "--out", "labels.csv"});
  EXPECT_TRUE(run.json()["labels"][1].is_null());
  EXPECT_EQ(run.json()["labels"].size(), 5U);
  EXPECT_THAT(here.read("labels.csv"),
              ::testing::MatchesRegex("label\n[12]\nNA\n[12]\n[12]\n[12]\n"));
  EXPECT_THAT(run.err, HasSubstr("line 3"));
}

TEST(KMeans, SaysThatEqualRowsLeaveClustersEmpty) {
  const Folder here;
  here.write("ties.csv", "x\n1\n1\n2\n2\n2\n1\n");
  const Outcome run = here.succeed({"kmeans", "ties.csv", "-k", "4", "--json"});
  EXPECT_THAT(run.err, HasSubstr("2 of 4 clusters hold no rows"));
  EXPECT_EQ(run.json()["inertia"], 0);
  EXPECT_EQ(here.succeed({"kmeans", "ties.csv", "-k", "2"}).err, "");
}

TEST(Compare, GivesTrialsToEveryFamilyAndLetsNoneDescribeThem) {
  const Folder here;
  here.write("trials.csv", "n,successes\n10,1\n10,2\n20,3\n20,18\n30,27\n10,9\n");
  here.write("successes.csv", "successes\n1\n2\n3\n18\n27\n9\n");
  const Json both = here.succeed({"compare", "trials.csv", "--families", "binomial,poisson,normal",
                                  "--trials", "n", "--components", "1", "--json"})
                        .json();
  const Json alone = here.succeed({"compare", "successes.csv", "--families", "poisson,normal",
                                   "--components", "1", "--json"})
                         .json();
  const auto find = [](const Json& json, const std::string& name) {
    for (Json row : json["table"]) {
      if (row["name"] != name) continue;
      row.erase("bic_weight");  // a share of what all models of the table have
      return row;
    }
    return Json();
  };
  EXPECT_EQ(both["table"].size(), 3U);
  EXPECT_EQ(find(both, "poisson"), find(alone, "poisson"));
  EXPECT_EQ(find(both, "normal"), find(alone, "normal"));
  EXPECT_EQ(find(both, "binomial")["status"], "ok");
  // The best model is saved with the columns that it describes.
  here.write("wide.csv", "n,successes\n100,1\n100,90\n100,3\n100,40\n100,77\n100,20\n");
  (void)here.succeed({"compare", "wide.csv", "--families", "normal,binomial", "--trials", "n",
                      "--components", "1", "--out", "m.json"});
  EXPECT_THAT(here.succeed({"info", "m.json"}).out, HasSubstr("successes"));
}

TEST(Compare, RanksFamiliesAndListsWhatFailed) {
  const Folder here;
  here.write("waits.csv", "wait\n0.5\n1.25\n0.75\n3.5\n8.25\n0.1\n5.5\n2.25\n0.3\n1.75\n");
  const Outcome run = here.succeed(
      {"compare", "waits.csv", "--families", "normal,exponential,poisson", "--components", "1-2"});
  EXPECT_THAT(run.out, HasSubstr("exponential"));
  EXPECT_THAT(run.out, HasSubstr("normal"));
  EXPECT_THAT(run.out, HasSubstr("2 models without a result"));
  EXPECT_THAT(run.out, HasSubstr("poisson with 1 component"));
  EXPECT_THAT(run.out, HasSubstr("waits.csv line 2"));
  EXPECT_EQ(run.err, "");
}

TEST(Compare, PrintsTheTableAsJson) {
  const Folder here;
  here.write("counts.csv", "visits\n0\n1\n0\n2\n9\n11\n8\n1\n12\n0\n3\n10\n");
  const Json json = here.succeed({"compare", "counts.csv", "--families", "normal,poisson",
                                  "--components", "1-3", "--criterion", "aic", "--json"})
                        .json();
  EXPECT_EQ(json["criterion"], "aic");
  ASSERT_EQ(json["table"].size(), 6U);
  for (std::size_t i = 1; i < 6; ++i) {
    if (json["table"][i]["status"] != "ok") continue;
    EXPECT_LE(json["table"][i - 1]["aic"].get<double>(), json["table"][i]["aic"].get<double>());
  }
}

TEST(Compare, RanksByCrossValidation) {
  const Folder here;
  const Json json =
      here.succeed({"compare", faithful, "--columns", "eruptions", "--families", "gaussian",
                    "--structure", "V", "--components", "1-3", "--criterion", "cv", "--json"})
          .json();
  EXPECT_EQ(json["criterion"], "cv");
  EXPECT_GT(json["table"][0]["n_components"].get<int>(), 1);
}

}  // namespace
}  // namespace mix::testing
