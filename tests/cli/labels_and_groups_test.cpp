#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "run_program.h"

namespace mix::testing {
namespace {

using ::testing::HasSubstr;

// Two clouds; a row in four has opinions, of which the last column is the true one.
std::string table_with_opinions() {
  std::string text = "x,low,high,subject,error\n";
  for (int i = 0; i < 40; ++i) {
    const bool high = i % 2 == 1;
    const double x = (high ? 6 : 0) + 0.1 * (i % 7);
    const std::string opinion = i % 4 > 1 ? "," : (high ? "0.2,0.8" : "0.8,0.2");
    text += std::to_string(x) + "," + opinion + ",s" + std::to_string(i % 10) + ",0.05\n";
  }
  return text;
}

TEST(LabelPriorOfTheProgram, NamesTheComponentsAndKeepsTheirOrder) {
  const Folder here;
  here.write("t.csv", table_with_opinions());
  const Json fit = here.succeed({"fit", "t.csv", "--columns", "x", "--label-prior", "high,low",
                                 "--structure", "E", "--json"})
                       .json();
  EXPECT_EQ(fit["n_components"], 2);
  EXPECT_EQ(fit["components"][0]["label"], "high");
  EXPECT_GT(fit["components"][0]["mean"][0].get<double>(), 5);
  here.refuse({"fit", "t.csv", "--columns", "x", "--label-prior", "high,low", "--components", "3"},
              {"2 columns, one for each component"});
  // On the way down the named components stay.
  const Json down = here.succeed({"fit", "t.csv", "--columns", "x", "--label-prior", "high,low",
                                  "--structure", "E", "--components", "mml:4", "--json"})
                        .json();
  EXPECT_EQ(down["components"][0]["label"], "high");
  EXPECT_GT(down["components"][0]["mean"][0].get<double>(), 5);
  here.refuse(
      {"fit", "t.csv", "--columns", "x", "--label-prior", "high,low", "--components", "mml:2"},
      {"2 components, which stay", "begin with more"});
  here.refuse(
      {"fit", "t.csv", "--columns", "x", "--label-prior", "high,low", "--labels", "subject"},
      {"excludes --labels"});
  here.write("bad.csv", "x,a,b\n1,0.5,0.5\n2,,0.5\n3,0,0\n");
  here.refuse({"fit", "bad.csv", "--columns", "x", "--label-prior", "a,b"},
              {"bad.csv line 3", "\"a\"", "missing while others are there"});
  here.write("bad.csv", "x,a,b\n1,0.5,0.5\n2,0,0\n3,1,1\n");
  here.refuse({"fit", "bad.csv", "--columns", "x", "--label-prior", "a,b"},
              {"line 3", "the prior of every component is 0"});
}

TEST(GroupsOfTheProgram, ShareAComponentInFitCompareAndPredict) {
  const Folder here;
  here.write("t.csv", table_with_opinions());
  const std::vector<std::string> what{"t.csv", "--columns", "x", "--groups", "subject"};
  std::vector<std::string> args{"fit"};
  args.insert(args.end(), what.begin(), what.end());
  args.insert(args.end(), {"--components", "2", "--structure", "V"});
  std::vector<std::string> json_args = args;
  json_args.emplace_back("--json");
  const Json fit = here.succeed(json_args).json();
  EXPECT_EQ(fit["groups"], 10);
  EXPECT_NEAR(fit["criteria"]["bic"].get<double>(),
              -2 * fit["log_likelihood"].get<double>() + 5 * std::log(10.0), 1e-9);
  args.insert(args.end(), {"--out", "m.json"});
  const Outcome text = here.succeed(args);
  EXPECT_THAT(text.out, HasSubstr("10 groups"));
  EXPECT_THAT(text.out, HasSubstr("10 of 10 groups"));
  const Json found =
      here.succeed({"predict", "m.json", "t.csv", "--groups", "subject", "--json"}).json();
  ASSERT_EQ(found["labels"].size(), 40U);
  for (std::size_t i = 10; i < 40; ++i) {
    EXPECT_EQ(found["labels"][i], found["labels"][i - 10]);
    EXPECT_EQ(found["log_density"][i], found["log_density"][i - 10]);
  }
  const Json ranked = here.succeed({"compare", "t.csv", "--columns", "x", "--groups", "subject",
                                    "--families", "normal", "--components", "1-3", "--json"})
                          .json();
  EXPECT_EQ(ranked["groups"], 10);
  here.refuse({"fit", "t.csv", "--columns", "x", "--groups", "subject", "--components", "11"},
              {"10 groups cannot have 11 components"});
  here.write("bad.csv", "x,g\n1,a\n2,\n3,b\n");
  here.refuse({"fit", "bad.csv", "--columns", "x", "--groups", "g"},
              {"bad.csv line 3", "the group is missing"});
}

TEST(ErrorsOfTheProgram, AreTakenOffTheVariance) {
  const Folder here;
  std::string text = "x,error\n";
  for (int i = 0; i < 60; ++i) text += std::to_string(std::sin(i * i)) + ",0.5\n";
  here.write("t.csv", text);
  const std::vector<std::string> more{"--columns",   "x", "--components", "1",
                                      "--structure", "E", "--json"};
  std::vector<std::string> plain{"fit", "t.csv"};
  plain.insert(plain.end(), more.begin(), more.end());
  std::vector<std::string> blurred = plain;
  blurred.insert(blurred.end(), {"--errors", "error", "--tol", "1e-10"});
  const auto variance = [](const Json& fit) {
    const Json& component = fit["components"][0];
    const Json& own = component.contains("blocks") ? component["blocks"][0] : component;
    return own["covariance"][0][0].get<double>();
  };
  const Json with = here.succeed(blurred).json();
  EXPECT_EQ(with["name"], "deconvolved_gaussian");
  EXPECT_NEAR(variance(with), variance(here.succeed(plain).json()) - 0.25, 1e-4);
  here.refuse({"fit", "t.csv", "--errors", "error", "--family", "poisson"},
              {"--errors are standard errors of what Gaussians describe"});
  here.refuse({"fit", "t.csv", "--columns", "x", "--errors", "error,x"}, {"--errors names 2"});
  here.refuse({"compare", "t.csv", "--errors", "error"}, {"say --family gaussian"});
  here.refuse(
      {"fit", "t.csv", "--columns", "x", "--errors", "error", "--family", "gaussian", "--noise"},
      {"--noise or --errors"});
  // Other families describe the values alone.
  const Json ranked =
      here.succeed({"compare", "t.csv", "--columns", "x", "--errors", "error", "--families",
                    "gaussian,normal", "--components", "1", "--structure", "E", "--json"})
          .json();
  EXPECT_EQ(ranked["table"].size(), 2);
  // By a schema, in predictions, and in rows drawn without errors or with given ones.
  here.write("s.json", R"({"roles": {"errors": ["error"]},
                           "families": [{"family": "gaussian", "columns": ["x"]}]})");
  const Json by_schema =
      here.succeed({"fit", "t.csv", "--schema", "s.json", "--components", "1", "--structure", "E",
                    "--out", "m.json", "--tol", "1e-10", "--json"})
          .json();
  EXPECT_NEAR(variance(by_schema), variance(with), 1e-9);
  EXPECT_NE(here.succeed({"predict", "m.json", "t.csv"}).out.find("label,"), std::string::npos);
  const Outcome drawn = here.succeed({"sample", "m.json", "-n", "2"});
  EXPECT_NE(drawn.out.find(",0\n"), std::string::npos) << drawn.out;
  EXPECT_NE(drawn.err.find("without errors"), std::string::npos);
  here.write("e.csv", "error\n2\n3\n");
  EXPECT_NE(here.succeed({"sample", "m.json", "--given", "e.csv"}).out.find(",3\n"),
            std::string::npos);
}

TEST(GroupsOfTheProgram, MayHaveAGateOfTheirOwn) {
  const Folder here;
  std::string text = "subject,x,z\n";
  std::string varying = text;
  for (int i = 0; i < 120; ++i) {
    const int subject = i % 40;
    const double z = std::sin(subject);
    const double mean = z + 0.7 * std::cos(7 * subject) > 0 ? 3 : 0;
    const std::string start =
        "s" + std::to_string(subject) + "," + std::to_string(mean + std::sin(i * i)) + ",";
    text += start + std::to_string(z) + "\n";
    varying += start + std::to_string(z + i) + "\n";
  }
  here.write("t.csv", text);
  const Json fit =
      here.succeed({"fit", "t.csv", "--columns", "x", "--gate", "z", "--groups", "subject",
                    "--components", "2", "--structure", "E", "--json", "--out", "m.json"})
          .json();
  EXPECT_EQ(fit["groups"], 40);
  const Json groups =
      here.succeed({"predict", "m.json", "t.csv", "--groups", "subject", "--json"}).json();
  double log_likelihood = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(groups["labels"][i], groups["labels"][i + 80]);
    log_likelihood += groups["log_density"][i].get<double>();
  }
  EXPECT_NEAR(log_likelihood, fit["log_likelihood"].get<double>(), 1e-6);
  here.write("v.csv", varying);
  here.refuse({"fit", "v.csv", "--columns", "x", "--gate", "z", "--groups", "subject",
               "--components", "2", "--structure", "E"},
              {"are of one group", "the gate reads"});
}

TEST(SchemaOfTheProgram, SaysGroupsPriorsAndIntervals) {
  const Folder here;
  here.write("t.csv",
             "id,x,p1,p2,from,to\na,1,0.9,0.1,1,2\na,1.2,0.9,0.1,1,3\nb,5,0.1,0.9,4,\n"
             "b,5.3,0.1,0.9,4,5\nc,0.8,0.9,0.1,0,1\nc,1.4,0.9,0.1,1,2\nd,5.5,0.1,0.9,5,6\n");
  here.write("s.json", R"({"roles": {"groups": "id", "label_prior": ["p1", "p2"]},
                           "families": [{"family": "gaussian", "columns": ["x"]}]})");
  const Json by_schema =
      here.succeed({"fit", "t.csv", "--schema", "s.json", "--structure", "E", "--json"}).json();
  const Json by_options = here.succeed({"fit", "t.csv", "--columns", "x", "--groups", "id",
                                        "--label-prior", "p1,p2", "--structure", "E", "--json"})
                              .json();
  EXPECT_EQ(by_schema["log_likelihood"], by_options["log_likelihood"]);
  here.refuse({"fit", "t.csv", "--schema", "s.json", "--groups", "x"}, {"the schema", "id"});
  here.write("i.json", R"({"families": [{"family": "weibull", "columns": ["from", "to"],
                                         "intervals": true}]})");
  const std::vector<std::string> fit{"fit", "t.csv", "--components", "1", "--json", "--schema"};
  const auto fitted = [&](const std::string& schema, const std::vector<std::string>& more) {
    std::vector<std::string> args = fit;
    args.push_back(schema);
    args.insert(args.end(), more.begin(), more.end());
    return here.succeed(args).json();
  };
  const Json first = fitted("i.json", {"--out", "m.json"});
  EXPECT_EQ(first["name"], "interval_censored");
  // The schema that the model carries says so too.
  EXPECT_EQ(fitted("m.json", {})["log_likelihood"], first["log_likelihood"]);
}

}  // namespace
}  // namespace mix::testing
