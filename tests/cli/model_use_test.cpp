// What is done with a model file: predict, sample, info, plot.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <set>
#include <sstream>

#include "run_program.h"

namespace mix::testing {
namespace {

// What an .npy file of format 1.0 has before its numbers: magic, length of the header, header up to
// a multiple of 64 bytes.
std::string npy_header(std::string header) {
  header.resize(117, ' ');
  header += "\n";
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  return bytes + header;
}

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

TEST(Model, OfASparseMatrixIsThatOfTheTable) {
  const Folder here;
  std::string cells;
  std::string table = "x1,x2,x3\n";
  for (int i = 0; i < 40; ++i) {
    const int own = i % 2 == 0 ? 1 : 3;
    cells += std::to_string(i + 1) + " " + std::to_string(own) + " " + std::to_string(i % 7 + 3) +
             "\n" + std::to_string(i + 1) + " 2 1\n";
    table += (own == 1 ? std::to_string(i % 7 + 3) : "0") + ",1," +
             (own == 3 ? std::to_string(i % 7 + 3) : "0") + "\n";
  }
  here.write("counts.mtx", "%%MatrixMarket matrix coordinate integer general\n40 3 80\n" + cells);
  here.write("counts.csv", table);
  const auto fit = [&](const std::string& file) {
    Json result = here.succeed({"fit", file, "--family", "multinomial", "--components", "2",
                                "--json", "--out", file + ".json"})
                      .json();
    return result["log_likelihood"].get<double>();
  };
  EXPECT_EQ(fit("counts.mtx"), fit("counts.csv"));
  EXPECT_EQ(here.succeed({"predict", "counts.mtx.json", "counts.mtx"}).out,
            here.succeed({"predict", "counts.csv.json", "counts.csv"}).out);
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
  EXPECT_THAT(names, ElementsAre("labels", "responsibilities", "log_density", "uncertainty"));
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
  here.write("new.csv", "eruptions,waiting\n3.6,79\nNA,54\n,\n1.8,54\n");
  const Outcome run = here.succeed({"predict", "model.json", "new.csv", "--responsibilities"});
  const auto lines = lines_of(run.out);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[2].substr(0, 1), lines[4].substr(0, 1));
  EXPECT_EQ(lines[3], "NA,NA,NA,NA,NA");
  EXPECT_THAT(run.err, HasSubstr("2 rows with missing cells are labelled by their other cells"));
  EXPECT_THAT(run.err, HasSubstr("new.csv line 3, column \"eruptions\""));
  const Json json = here.succeed({"predict", "model.json", "new.csv", "--json"}).json();
  EXPECT_TRUE(json["labels"][1].is_number());
  EXPECT_TRUE(json["labels"][2].is_null());
  EXPECT_TRUE(json["log_density"][2].is_null());
}

TEST(Predict, KeepsALineWhereAFamilyNeedsWholeRows) {
  const Folder here;
  here.write("counts.csv", "a,b\n3,1\n1,5\n2,2\n0,4\n5,1\n");
  (void)here.succeed(
      {"fit", "counts.csv", "--family", "multinomial", "--components", "1", "--out", "m.json"});
  here.write("new.csv", "a,b\n3,1\nNA,5\n");
  const Outcome run = here.succeed({"predict", "m.json", "new.csv"});
  EXPECT_EQ(lines_of(run.out)[2], "NA,NA,NA");
  EXPECT_THAT(run.err, HasSubstr("1 row with missing cells has no label"));
  here.refuse({"impute", "m.json", "new.csv"}, {"multinomial"});
}

TEST(Impute, FillsMissingCellsAndLeavesTheOthers) {
  const Folder here;
  fit_faithful(here);
  here.write("new.csv", "eruptions,waiting\n3.625,79\nNA,54\n,\n1.8,54\n");
  const Outcome run = here.succeed({"impute", "model.json", "new.csv"});
  const auto lines = lines_of(run.out);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], "eruptions,waiting");
  EXPECT_EQ(lines[1], "3.625,79");
  EXPECT_EQ(lines[4], "1.8,54");
  EXPECT_NEAR(std::stod(lines[2]), 2, 0.3);  // short eruptions go with short waits
  EXPECT_TRUE(lines[2].ends_with(",54"));
  EXPECT_NEAR(std::stod(lines[3]), 3.4878, 1e-3);  // the mean of all
  EXPECT_THAT(run.err, HasSubstr("filled 3 missing cells of 4 rows"));
  const auto drawn = [&](const std::string& seed, const std::string& threads) {
    return here.succeed({"impute", "model.json", "new.csv", "--draw", seed, "--threads", threads})
        .out;
  };
  EXPECT_EQ(drawn("1", "1"), drawn("1", "3"));
  EXPECT_NE(drawn("1", "1"), drawn("2", "1"));
}

TEST(Impute, FillsCategoriesByTheMostProbable) {
  const Folder here;
  here.write("rows.csv", "color,n\nblue,0\nred,1\nred,2\nred,4\nblue,1\n");
  (void)here.succeed({"fit", "rows.csv", "--family", "color=categorical,n=poisson", "--components",
                      "1", "--out", "m.json"});
  here.write("new.csv", "color,n\n,\nblue,\n");
  EXPECT_EQ(lines_of(here.succeed({"impute", "m.json", "new.csv"}).out),
            (std::vector<std::string>{"color,n", "red,1.6", "blue,1.6"}));
}

TEST(Impute, SaysWhichCellHasNoMean) {
  const Folder here;
  here.write("rows.csv", "a,b\n1,1\n1.5,1\n3,2\n20,5\n100,1\n1000,2\n,3\n50000,4\n");
  (void)here.succeed({"fit", "rows.csv", "--family", "a=pareto,b=poisson", "--components", "1",
                      "--out", "m.json"});
  here.write("new.csv", "a,b\n2,\n,1\n");
  const Outcome run = here.succeed({"impute", "m.json", "new.csv"});
  const auto lines = lines_of(run.out);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[1].substr(0, 2), "2,");
  EXPECT_EQ(lines[2], "NA,1");
  EXPECT_THAT(run.err, HasSubstr("filled 1 missing cell of 2 rows"));
  EXPECT_THAT(run.err, HasSubstr("the mean there is infinite or does not exist"));
  EXPECT_THAT(run.err, HasSubstr("the first is new.csv line 3, column \"a\""));
  EXPECT_THAT(here.succeed({"impute", "m.json", "new.csv", "--draw", "1"}).err,
              HasSubstr("filled 2 missing cells"));
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

  std::string bytes = npy_header("{'descr': '<f8', 'fortran_order': True, 'shape': (3, 2), }");
  for (const double value : {1.0, 3.0, 2.0, 2.0, 4.0, 5.0}) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  here.write("x.npy", bytes);
  EXPECT_EQ(here.succeed({"predict", "model.json", "x.npy"}).out, tabs);
  EXPECT_EQ(here.succeed({"fit", "x.npy", "--components", "1", "--structure", "VVI", "--json"})
                .json()["n"],
            3);
}

// The numbers of float32 are whole eighths here, so that text says the same.
TEST(Npy, OfFloatsIsUsedAsTheSameNumbersInText) {
  const Folder here;
  std::string bytes = npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (60, 2), }");
  std::string text = "x1,x2\n";
  for (int i = 0; i < 60; ++i) {
    for (int j = 0; j < 2; ++j) {
      const float value =
          static_cast<float>((i * i * (j + 3)) % 41) / 8 + static_cast<float>(i % 2 * 20);
      bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
      text += fmt::format("{}{}", value, j == 0 ? "," : "\n");
    }
  }
  here.write("x.npy", bytes);
  here.write("x.csv", text);
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--components", "2", "--structure", "VVV"},
        {"--components", "1-3"},
        {"--family", "student_t", "--components", "2"},
        {"--components", "2", "--structure", "VVI", "--noise", "--weights", "x2", "--columns",
         "x1"}}) {
    const auto result = [&](const std::string& file) {
      std::vector<std::string> arguments{"fit",    file,    "--effort",    "fast",
                                         "--json", "--out", file + ".json"};
      arguments.insert(arguments.end(), options.begin(), options.end());
      auto json = here.succeed(arguments).json();
      json.erase("seconds");
      return json;
    };
    EXPECT_EQ(result("x.npy"), result("x.csv"));
  }
  (void)here.succeed(
      {"fit", "x.csv", "--components", "2", "--structure", "VVV", "--out", "m.json"});
  const std::vector<std::string> predict{"predict", "m.json", "", "--responsibilities"};
  const auto predicted = [&](const std::string& file) {
    std::vector<std::string> arguments = predict;
    arguments[2] = file;
    return here.succeed(arguments).out;
  };
  EXPECT_EQ(predicted("x.npy"), predicted("x.csv"));
  const auto clusters = [&](const std::string& file) {
    auto json = here.succeed({"kmeans", file, "-k", "2", "--json"}).json();
    return json;
  };
  EXPECT_EQ(clusters("x.npy"), clusters("x.csv"));
}

TEST(Predict, TakesEndingsInEitherCase) {
  const Folder here;
  // Commas would be taken for separators unless the ending says that tabs are.
  const std::string text = "a\tb,c\n1\tx,y\n2\tx,y\n4\tx,y\n";
  here.write("x.tsv", text);
  here.write("X.TSV", text);
  (void)here.succeed({"fit", "X.TSV", "--columns", "a", "--components", "1", "--structure", "E",
                      "--out", "model.json", "--plot", "P.SVG"});
  EXPECT_EQ(here.succeed({"predict", "model.json", "X.TSV"}).out,
            here.succeed({"predict", "model.json", "x.tsv"}).out);
}

TEST(Predict, SaysWhichRowsNoComponentExplains) {
  const Folder here;
  here.write("counts.csv", "n\n3\n1\n2\n0\n");
  (void)here.succeed(
      {"fit", "counts.csv", "--family", "poisson", "--components", "1", "--out", "m.json"});
  here.write("new.csv", "n\n2\n-1\nNA\n0.5\n");
  const Outcome csv = here.succeed({"predict", "m.json", "new.csv"});
  EXPECT_EQ(lines_of(csv.out)[2], "NA,NA,NA");
  EXPECT_THAT(csv.err, HasSubstr("2 rows of density zero"));
  EXPECT_THAT(csv.err, HasSubstr("new.csv line 3\n"));
  EXPECT_THAT(csv.err, HasSubstr("1 row with missing cells"));
  const Json json = here.succeed({"predict", "m.json", "new.csv", "--json"}).json();
  for (const std::size_t i : {1, 2, 3}) {
    EXPECT_TRUE(json["labels"][i].is_null());
    EXPECT_TRUE(json["responsibilities"][i][0].is_null());
    EXPECT_TRUE(json["log_density"][i].is_null());
  }
}

const std::string named_rows =
    "x,kind\n1,\"small, round\"\n1.5,\"small, round\"\n1.2,\"small, round\"\n7,2\n7.5,2\n"
    "7.2,2\n15,\n15.5,\n15.2,\n";

TEST(Model, KeepsTheNamesOfKnownLabels) {
  const Folder here;
  here.write("rows.csv", named_rows);
  (void)here.succeed({"fit", "rows.csv", "--columns", "x", "--labels", "kind", "--components", "3",
                      "--structure", "E", "--out", "m.json", "--plot", "fit.svg"});
  const auto lines = lines_of(here.succeed({"predict", "m.json", "rows.csv"}).out);
  EXPECT_TRUE(lines[1].starts_with("\"small, round\",")) << lines[1];
  EXPECT_TRUE(lines[4].starts_with("2,")) << lines[4];  // the label, which is component 1
  EXPECT_TRUE(lines[7].starts_with("component 3,")) << lines[7];

  const Json json = here.succeed({"predict", "m.json", "rows.csv", "--json"}).json();
  EXPECT_THAT(json["labels"], ElementsAre(2, 2, 2, 1, 1, 1, 3, 3, 3));

  const Json info = here.succeed({"info", "m.json", "--json"}).json();
  EXPECT_EQ(info["components"][0]["label"], "2");
  EXPECT_EQ(info["components"][1]["label"], "small, round");
  EXPECT_FALSE(info["components"][2].contains("label"));
  EXPECT_THAT(here.succeed({"info", "m.json"}).out, HasSubstr("small, round   component 3\n"));

  (void)here.succeed({"plot", "m.json", "rows.csv", "--out", "plot.svg"});
  for (const char* picture : {"fit.svg", "plot.svg"}) {
    EXPECT_THAT(here.read(picture), HasSubstr("small, round (33 %)"));
    EXPECT_THAT(here.read(picture), HasSubstr("component 3 (33 %)"));
  }
}

TEST(Model, KeepsTheNamesOfLabelsToStartFrom) {
  const Folder here;
  here.write("rows.csv", named_rows);
  (void)here.succeed({"compare", "rows.csv", "--columns", "x", "--init", "labels:kind",
                      "--families", "gaussian", "--structure", "E", "--out", "m.json"});
  const auto lines = lines_of(here.succeed({"predict", "m.json", "rows.csv"}).out);
  EXPECT_TRUE(lines[1].starts_with("\"small, round\",")) << lines[1];
}

TEST(Predict, AddsToWhatTheShellHasOpened) {
  const Folder here;
  fit_faithful(here);
  const std::string in_folder = "cd " + (here / "").string() + " && ";
  const std::string program = std::string(MIXTURE_PROGRAM) + " predict model.json " + faithful;
  ASSERT_EQ(
      std::system(
          (in_folder + "{ echo first; " + program + " --out /dev/stdout; } >out.csv").c_str()),
      0);
  EXPECT_TRUE(here.read("out.csv").starts_with("first\nlabel,")) << here.read("out.csv");
}

TEST(Predict, LeavesNothingBehindWhenInterrupted) {
  const Folder here;
  const int nameless = open((here / "").c_str(), O_TMPFILE | O_WRONLY, 0600);
  if (nameless < 0) GTEST_SKIP() << "files in this folder must have names";
  close(nameless);
  fit_faithful(here);
  ASSERT_EQ(mkfifo((here / "rows.csv").c_str(), 0600), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (chdir((here / "").c_str()) != 0) _exit(127);
    execl(MIXTURE_PROGRAM, MIXTURE_PROGRAM, "predict", "model.json", "rows.csv", "--out",
          "labels.csv", nullptr);
    _exit(127);
  }
  // Once the pipe has taken this much, the program is past opening its output.
  const int pipe = open((here / "rows.csv").c_str(), O_WRONLY);
  std::string rows = "eruptions,waiting\n";
  while (rows.size() < (std::size_t{1} << 23U)) rows += "3.6,79\n";
  for (std::size_t done = 0; done < rows.size();) {
    const ssize_t written = write(pipe, rows.data() + done, rows.size() - done);
    ASSERT_GT(written, 0);
    done += static_cast<std::size_t>(written);
  }
  kill(child, SIGINT);
  int status = 0;
  waitpid(child, &status, 0);
  close(pipe);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_THAT(here.files(), ElementsAre("model.json", "rows.csv"));
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

// More rows than are in memory at a time.
TEST(Sample, OfManyRowsBeginsWithThatOfFew) {
  const Folder here;
  fit_faithful(here);
  const std::string few = here.succeed({"sample", "model.json", "-n", "20"}).out;
  const std::string many = here.succeed({"sample", "model.json", "-n", "70000"}).out;
  EXPECT_TRUE(many.starts_with(few));
  const std::vector<std::string> lines = lines_of(many);
  ASSERT_EQ(lines.size(), 70001U);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), lines[0]), 1);
  const auto sorted = std::set<std::string>(lines.begin(), lines.end());
  EXPECT_EQ(sorted.size(), lines.size());  // no row is drawn twice
}

TEST(Sample, OfManyRowsHasOneHeaderAlsoWhereItTakesTwoLines) {
  const Folder here;
  std::string rows = "\"a\nb\",c\n";
  for (int i = 0; i < 40; ++i)
    rows += std::to_string(i * i % 37) + "," + std::to_string(i % 11) + "\n";
  here.write("data.csv", rows);
  (void)here.succeed({"fit", "data.csv", "--components", "1", "--out", "two.json"});
  const auto lines = lines_of(here.succeed({"sample", "two.json", "-n", "70000"}).out);
  ASSERT_EQ(lines.size(), 70002U);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), lines[1]), 1);
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

TEST(Plot, WeighsRowsInHistograms) {
  const Folder here;
  here.write("weighed.csv", "x,w\n0,1\n1,5\n2,2\n3,1\n4,0\n");
  here.write("repeated.csv", "x\n0\n1\n1\n1\n1\n1\n2\n2\n3\n");
  (void)here.succeed({"fit", "weighed.csv", "--family", "poisson", "--components", "1", "--weights",
                      "w", "--out", "m.json", "--plot", "fit.svg"});
  (void)here.succeed({"plot", "m.json", "weighed.csv", "--weights", "w", "--out", "weighed.svg"});
  (void)here.succeed({"plot", "m.json", "repeated.csv", "--out", "repeated.svg"});
  const auto picture = [&](const std::string& name, const std::string& rows) {
    std::string text = here.read(name);
    const auto at = text.find(rows);
    EXPECT_NE(at, std::string::npos) << name;
    return text.erase(at, rows.size());
  };
  const std::string repeated = picture("repeated.svg", "9 rows");
  const std::string weighed = "5 rows (weights sum to 9), 4 of them drawn";
  EXPECT_TRUE(picture("fit.svg", weighed) == repeated);
  EXPECT_TRUE(picture("weighed.svg", weighed) == repeated);
  here.write("negative.csv", "x,w\n0,1\n1,-5\n");
  here.refuse({"plot", "m.json", "negative.csv", "--weights", "w", "--out", "no.svg"},
              {"negative.csv line 3", "\"w\"", "-5"});
  here.refuse({"plot", "m.json", "weighed.csv", "--weights", "v", "--out", "no.svg"}, {"\"v\""});
}

TEST(Plot, DrawsAModelWithRows) {
  const Folder here;
  fit_faithful(here);
  (void)here.succeed({"plot", "model.json", faithful, "--out", "picture.svg"});
  EXPECT_THAT(here.read("picture.svg"), HasSubstr("<svg"));
  here.refuse({"plot", "model.json", faithful, "--out", "picture.txt"}, {".svg"});
}

// A model of known parameters: one component with a correlation of 1/2.
void fit_line(const Folder& here) {
  here.write(
      "line.csv",
      "x,y\n1,1\n1,-1\n-1,1\n-1,-1\n2,2\n-2,-2\n0,0\n1.5,1.5\n-1.5,-1.5\n0.5,-0.5\n-0.5,0.5\n");
  (void)here.succeed(
      {"fit", "line.csv", "--components", "1", "--structure", "VVV", "--out", "line.json"});
}

TEST(Describe, GivesMomentsQuantilesAndEntropy) {
  const Folder here;
  fit_line(here);
  const Json all = here.succeed({"describe", "line.json", "--json"}).json();
  const double variance = all["covariance"][0][0].get<double>();
  const double deviation = all["columns"][0]["standard_deviation"].get<double>();
  EXPECT_EQ(all["columns"][0]["name"], "x");
  EXPECT_NEAR(all["columns"][0]["mean"].get<double>(), 0, 1e-12);
  EXPECT_NEAR(deviation * deviation, variance, 1e-12);
  EXPECT_EQ(all["columns"][0]["quantiles"][2]["p"], 0.95);
  EXPECT_NEAR(all["columns"][0]["quantiles"][2]["x"].get<double>(), 1.6448536269514722 * deviation,
              1e-9);
  const double covariance = all["covariance"][0][1].get<double>();
  const double determinant = variance * variance - covariance * covariance;
  EXPECT_NEAR(all["entropy"]["value"].get<double>(),
              std::log(2 * 3.14159265358979) + 1 + 0.5 * std::log(determinant),
              4 * all["entropy"]["standard_error"].get<double>());
  EXPECT_EQ(all["weight_entropy"], 0.0);
  EXPECT_FALSE(all.contains("divergence"));
  const Outcome text = here.succeed({"describe", "line.json"});
  EXPECT_THAT(text.out, HasSubstr("95 %"));
  EXPECT_THAT(text.out, HasSubstr("Entropy of a row"));
}

TEST(Describe, OfOtherColumnsGivenSomeIsAModelFileToo) {
  const Folder here;
  fit_line(here);
  const Json all = here.succeed({"describe", "line.json", "--json"}).json();
  const double slope =
      all["covariance"][0][1].get<double>() / all["covariance"][0][0].get<double>();
  const Json given =
      here.succeed({"describe", "line.json", "--given", "x=2", "--json", "--out", "y.json"}).json();
  ASSERT_EQ(given["columns"].size(), 1);
  EXPECT_EQ(given["columns"][0]["name"], "y");
  EXPECT_NEAR(given["columns"][0]["mean"].get<double>(), 2 * slope, 1e-12);
  EXPECT_EQ(here.succeed({"describe", "y.json", "--json"}).json()["columns"], given["columns"]);
  // Of the model to itself.
  const Json same =
      here.succeed({"describe", "line.json", "--divergence", "line.json", "--json"}).json();
  EXPECT_EQ(same["divergence"]["value"], 0.0);
}

TEST(Describe, GivesProbabilitiesOfCategories) {
  const Folder here;
  std::string table = "color,size\n";
  for (int i = 0; i < 40; ++i) {
    table +=
        std::string(i % 4 == 0 ? "red" : "blue") + "," + std::to_string(i % 7 + i % 3) + ".5\n";
  }
  here.write("mixed.csv", table);
  (void)here.succeed({"fit", "mixed.csv", "--components", "1", "--family",
                      "color=categorical,size=gaussian", "--out", "mixed.json"});
  const Json all = here.succeed({"describe", "mixed.json", "--json"}).json();
  EXPECT_TRUE(all["covariance"].is_null());
  EXPECT_TRUE(all["columns"][0]["mean"].is_null());
  EXPECT_NEAR(all["columns"][0]["probabilities"]["red"].get<double>(), 0.25, 1e-9);
  EXPECT_TRUE(all["columns"][1]["mean"].is_number());
  EXPECT_THAT(here.succeed({"describe", "mixed.json"}).out, HasSubstr("red 0.2500"));
  (void)here.succeed({"describe", "mixed.json", "--given", "color=red"});
  here.refuse({"describe", "mixed.json", "--given", "color=rde"}, {"\"rde\"", "\"red\""});
}

TEST(Describe, TakesNamesAndCategoriesThatHoldAnEqualsSign) {
  const Folder here;
  std::string table = "income,a=b\n";
  for (int i = 0; i < 40; ++i) {
    table += std::string(i % 4 == 0 ? ">50K" : "<=50K") + "," + std::to_string(i % 7) + ".5\n";
  }
  here.write("t.csv", table);
  (void)here.succeed({"fit", "t.csv", "--components", "1", "--family",
                      "income=categorical,\"a=b\"=gaussian", "--out", "m.json"});
  const auto rest = [&](const std::string& given) {
    return here.succeed({"describe", "m.json", "--given", given, "--json"}).json()["columns"];
  };
  EXPECT_EQ(rest("income=<=50K")[0]["name"], "a=b");
  EXPECT_EQ(rest("\"a=b\"=3")[0]["name"], "income");
}

TEST(Describe, RefusesWhatCannotBe) {
  const Folder here;
  fit_line(here);
  here.refuse({"describe", "line.json", "--given", "z=1"}, {"\"z\"", "\"x\""});
  here.refuse({"describe", "line.json", "--given", "x"}, {"COLUMN=VALUE"});
  here.refuse({"describe", "line.json", "--given", "x=nan"}, {"nan", "finite"});
  here.refuse({"describe", "line.json", "--quantiles", "0.5,1"}, {"\"1\"", "between 0 and 1"});
  here.refuse({"describe", "line.json", "--columns", "y,y"}, {"twice"});
}

TEST(Regress, PredictsRowByRow) {
  const Folder here;
  fit_line(here);
  here.write("new.csv", "x\n2\n\"\"\n-1\n");
  const Outcome run = here.succeed({"regress", "line.json", "new.csv", "--predict", "y"});
  const std::vector<std::string> lines = lines_of(run.out);
  ASSERT_EQ(lines.size(), 4);
  EXPECT_EQ(lines[0], "y_mean,y_standard_deviation");
  const Json given = here.succeed({"describe", "line.json", "--given", "x=2", "--json"}).json();
  EXPECT_NEAR(std::stod(lines[1]), given["columns"][0]["mean"].get<double>(), 1e-12);
  EXPECT_EQ(lines[2], "NA,NA");
  EXPECT_NEAR(std::stod(lines[3]), -0.5 * std::stod(lines[1]), 1e-12);
  EXPECT_THAT(run.err, HasSubstr("has no prediction"));
  here.refuse({"regress", "line.json", "new.csv", "--predict", "x,y"}, {"leave one"});
  here.refuse({"regress", "line.json", "new.csv", "--predict", "w"}, {"\"w\""});
}

TEST(Regress, RefusesCategoriesBeforeItWrites) {
  const Folder here;
  here.write("rows.csv", "color,n\nblue,0\nred,1\nred,2\nred,4\nblue,1\n");
  (void)here.succeed({"fit", "rows.csv", "--family", "color=categorical,n=poisson", "--components",
                      "1", "--out", "m.json"});
  here.refuse({"regress", "m.json", "rows.csv", "--predict", "color"},
              {"--predict color", "column \"color\" holds categories", "impute"});
}

TEST(Regress, PredictsAndDrawsTheResponseOfGatedRegressions) {
  const Folder here;
  std::string text = "z,x,y\n";
  for (int i = 0; i < 80; ++i) {
    const int kind = i % 5 < 2 ? 1 : 0;
    text += fmt::format("{},{},{}\n", kind + 0.9 * std::sin(3 * i), i % 7,
                        (kind == 1 ? 1.0 + 2 * (i % 7) : 20.0 - i % 7) + std::sin(i * i));
  }
  here.write("t.csv", text);
  (void)here.succeed({"fit", "t.csv", "--family", "gaussian_regression", "--response", "y",
                      "--covariates", "x", "--gate", "z", "--components", "2", "--structure", "V",
                      "--out", "m.json"});
  here.write("new.csv", "x,z\n2,0.1\n3,\"\"\n2,0.9\n");
  const Outcome means = here.succeed({"regress", "m.json", "new.csv", "--predict", "y"});
  const std::vector<std::string> lines = lines_of(means.out);
  ASSERT_EQ(lines.size(), 4);
  EXPECT_EQ(lines[0], "y_mean,y_standard_deviation");
  EXPECT_EQ(lines[2], "NA,NA");
  // Where the gate prefers the other line the mean is nearer to that.
  EXPECT_GT(std::stod(lines[1]), std::stod(lines[3]) + 1);
  const Json given = here.succeed({"describe", "m.json", "--given", "x=2,z=0.1", "--json"}).json();
  EXPECT_NEAR(std::stod(lines[1]), given["columns"][0]["mean"].get<double>(), 1e-12);
  const Outcome drawn =
      here.succeed({"sample", "m.json", "--given", "new.csv", "--labels", "--seed", "3"});
  const std::vector<std::string> rows = lines_of(drawn.out);
  ASSERT_EQ(rows.size(), 4);
  EXPECT_EQ(rows[0], "x,y,z,component");
  EXPECT_TRUE(rows[1].starts_with("2,")) << rows[1];
  EXPECT_THAT(drawn.err, HasSubstr("is left empty"));
  here.refuse({"sample", "m.json", "-n", "5"}, {"--given FILE"});
  here.refuse({"sample", "m.json"}, {"-n or --given"});
  here.refuse({"predict", "m.json", "t.csv", "--groups", "x"}, {"of one group", "column 3"});
  here.refuse({"sample", "m.json", "--given", "t.csv"}, {"leave out those to draw"});
  here.write("x.csv", "x\n1\n");
  here.refuse({"sample", "m.json", "--given", "x.csv"}, {"depend on column 3"});
  here.write("other.csv", "w\n1\n");
  here.refuse({"sample", "m.json", "--given", "other.csv"}, {"none of the model's columns"});
}

}  // namespace
}  // namespace mix::testing
