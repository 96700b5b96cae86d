// What is done with a model file: predict, sample, info, plot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "run_program.h"

namespace mix::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string faithful = data_file("faithful.csv");

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void fit_faithful(const Folder& here) {
  (void)here.succeed(
      {"fit", faithful, "--components", "2", "--structure", "VVV", "--out", "model.json"});
}

TEST(Model, GoesFromFitToPredictToSampleAndBackToFit) {
  const Folder here;
  const Json first = here.succeed({"fit", faithful, "--components", "2", "--structure", "VVV",
                                   "--json", "--out", "model.json"})
                         .json();

  const auto predicted = lines_of(here.succeed({"predict", "model.json", faithful}).out);
  ASSERT_EQ(predicted.size(), 273U);
  EXPECT_EQ(predicted[0], "label,probability,log_density");
  double log_likelihood = 0;
  for (std::size_t i = 1; i < predicted.size(); ++i) {
    log_likelihood += std::stod(predicted[i].substr(predicted[i].rfind(',') + 1));
  }
  EXPECT_NEAR(log_likelihood, first["log_likelihood"].get<double>(), 1e-9 * 1130);

  (void)here.succeed({"sample", "model.json", "-n", "20000", "--out", "sample.csv"});
  const Json again = here.succeed({"fit", "sample.csv", "--components", "2", "--structure", "VVV",
                                   "--n-init", "2", "--json"})
                         .json();
  EXPECT_EQ(again["columns"], first["columns"]);
  for (std::size_t k = 0; k < 2; ++k) {
    const Json& a = first["components"][k];
    const Json& b = again["components"][k];
    // Five standard errors of 7000 rows.
    EXPECT_NEAR(a["weight"].get<double>(), b["weight"].get<double>(), 0.02);
    for (std::size_t j = 0; j < 2; ++j) {
      const double sd = std::sqrt(a["covariance"][j][j].get<double>());
      EXPECT_NEAR(a["mean"][j].get<double>(), b["mean"][j].get<double>(), 0.06 * sd);
    }
  }
}

TEST(Predict, PrintsJsonWithTheFixedNames) {
  const Folder here;
  fit_faithful(here);
  const Json predicted = here.succeed({"predict", "model.json", faithful, "--json"}).json();
  std::vector<std::string> names;
  for (const auto& [name, value] : predicted.items()) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("labels", "responsibilities", "log_density"));
  ASSERT_EQ(predicted["labels"].size(), 272U);
  for (std::size_t i = 0; i < 272; ++i) {
    const auto r = predicted["responsibilities"][i].get<std::vector<double>>();
    const auto best = std::max_element(r.begin(), r.end()) - r.begin();
    EXPECT_EQ(predicted["labels"][i], best + 1);
  }
}

TEST(Predict, WritesResponsibilitiesThatSumToOne) {
  const Folder here;
  fit_faithful(here);
  (void)here.succeed(
      {"predict", "model.json", faithful, "--responsibilities", "--out", "labels.csv"});
  EXPECT_THAT(here.files(), ElementsAre("labels.csv", "model.json"));
  const auto lines = lines_of(here.read("labels.csv"));
  ASSERT_EQ(lines.size(), 273U);
  EXPECT_EQ(lines[0], "label,probability,log_density,responsibility_1,responsibility_2");
  const auto comma = lines[1].rfind(',');
  const auto before = lines[1].rfind(',', comma - 1);
  EXPECT_NEAR(std::stod(lines[1].substr(comma + 1)) + std::stod(lines[1].substr(before + 1)), 1,
              1e-12);
}

TEST(Predict, FindsColumnsByNameWhateverTheirOrder) {
  const Folder here;
  fit_faithful(here);
  here.write("a.csv", "eruptions,waiting\n3.6,79\n1.8,54\n");
  here.write("b.csv", "waiting,other,eruptions\n79,x,3.6\n54,y,1.8\n");
  EXPECT_EQ(here.succeed({"predict", "model.json", "a.csv"}).out,
            here.succeed({"predict", "model.json", "b.csv"}).out);
}

TEST(Predict, KeepsALineForEveryRowAlsoWhereACellIsMissing) {
  const Folder here;
  fit_faithful(here);
  here.write("new.csv", "eruptions,waiting\n3.6,79\nNA,54\n1.8,54\n");
  const Outcome run = here.succeed({"predict", "model.json", "new.csv", "--responsibilities"});
  const auto lines = lines_of(run.out);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[2], "NA,NA,NA,NA,NA");
  EXPECT_THAT(run.err, HasSubstr("new.csv line 3, column \"eruptions\""));
  const Json json = here.succeed({"predict", "model.json", "new.csv", "--json"}).json();
  EXPECT_TRUE(json["labels"][1].is_null());
  EXPECT_TRUE(json["log_density"][1].is_null());
}

TEST(Predict, TranslatesCategoriesThroughTheLevelsOfTheModel) {
  const Folder here;
  here.write("train.csv", "color\nblue\ngreen\nred\nred\nred\nblue\n");
  (void)here.succeed(
      {"fit", "train.csv", "--family", "categorical", "--components", "1", "--out", "m.json"});
  here.write("new.csv", "color\nred\ngreen\n");  // codes 1 and 0 here, 2 and 1 in the model
  const Json json = here.succeed({"predict", "m.json", "new.csv", "--json"}).json();
  EXPECT_NEAR(json["log_density"][0].get<double>(), std::log(3.0 / 6), 1e-12);
  EXPECT_NEAR(json["log_density"][1].get<double>(), std::log(1.0 / 6), 1e-12);
  const auto sample = lines_of(here.succeed({"sample", "m.json", "-n", "50"}).out);
  EXPECT_EQ(sample[0], "color");
  EXPECT_EQ(std::count(sample.begin() + 1, sample.end(), "red") +
                std::count(sample.begin() + 1, sample.end(), "green") +
                std::count(sample.begin() + 1, sample.end(), "blue"),
            50);
}

TEST(Predict, IsTheSameForAnyNumberOfThreads) {
  const Folder here;
  fit_faithful(here);
  const std::string one = here.succeed({"predict", "model.json", faithful, "--threads", "1"}).out;
  EXPECT_EQ(one, here.succeed({"predict", "model.json", faithful, "--threads", "2"}).out);
  EXPECT_EQ(one, here.succeed({"predict", "model.json", faithful, "--threads", "7"}).out);
}

TEST(Predict, LeavesAnOldFileAloneWhenItFails) {
  const Folder here;
  fit_faithful(here);
  here.write("bad.csv", "eruptions,waiting\n3.6,79\n1.8,oops\n");
  here.write("labels.csv", "old\n");
  here.refuse({"predict", "model.json", "bad.csv", "--out", "labels.csv"},
              {"bad.csv line 3", "\"waiting\"", "oops"});
  EXPECT_EQ(here.read("labels.csv"), "old\n");
}

TEST(Predict, ReadsTablesSeparatedByTabsAndNumPyArrays) {
  const Folder here;
  here.write("x.tsv", "a\tb\n1\t2\n3\t4\n2\t5\n");
  (void)here.succeed(
      {"fit", "x.tsv", "--components", "1", "--structure", "VVI", "--out", "model.json"});
  const std::string tabs = here.succeed({"predict", "model.json", "x.tsv"}).out;

  // Format 1.0: magic, length of the header, header up to 64 bytes, then the numbers by column.
  std::string header = "{'descr': '<f8', 'fortran_order': True, 'shape': (3, 2), }";
  header.resize(117, ' ');
  header += "\n";
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  bytes += header;
  for (const double value : {1.0, 3.0, 2.0, 2.0, 4.0, 5.0}) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  here.write("x.npy", bytes);
  EXPECT_EQ(here.succeed({"predict", "model.json", "x.npy"}).out, tabs);
  EXPECT_EQ(here.succeed({"fit", "x.npy", "--components", "1", "--structure", "VVI", "--json"})
                .json()["n"],
            3);
}

TEST(Sample, DependsOnTheSeedAlone) {
  const Folder here;
  fit_faithful(here);
  const auto draw = [&](const char* seed) {
    return here.succeed({"sample", "model.json", "-n", "20", "--seed", seed}).out;
  };
  EXPECT_EQ(draw("3"), draw("3"));
  EXPECT_NE(draw("3"), draw("4"));
  EXPECT_EQ(lines_of(draw("3")).size(), 21U);
  EXPECT_EQ(lines_of(draw("3"))[0], "eruptions,waiting");
}

TEST(Sample, TellsTheComponentOfEachRow) {
  const Folder here;
  fit_faithful(here);
  const auto lines = lines_of(here.succeed({"sample", "model.json", "-n", "100", "--labels"}).out);
  EXPECT_EQ(lines[0], "eruptions,waiting,component");
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string label = lines[i].substr(lines[i].rfind(',') + 1);
    EXPECT_TRUE(label == "1" || label == "2") << lines[i];
  }
}

TEST(Info, DescribesTheModel) {
  const Folder here;
  fit_faithful(here);
  const Outcome text = here.succeed({"info", "model.json"});
  EXPECT_THAT(text.out, HasSubstr("gaussian VVV with 2 components, 11 parameters"));
  EXPECT_THAT(text.out, HasSubstr("eruptions, waiting"));
  const Json json = here.succeed({"info", "model.json", "--json"}).json();
  EXPECT_EQ(json["structure"], "VVV");
  EXPECT_EQ(json["n_components"], 2);
  EXPECT_EQ(json["components"].size(), 2U);
}

TEST(Plot, DrawsAModelWithRows) {
  const Folder here;
  fit_faithful(here);
  (void)here.succeed({"plot", "model.json", faithful, "--out", "picture.svg"});
  EXPECT_THAT(here.read("picture.svg"), HasSubstr("<svg"));
  here.refuse({"plot", "model.json", faithful, "--out", "picture.txt"}, {".svg"});
}

}  // namespace
}  // namespace mix::testing
