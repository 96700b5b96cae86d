// What bad input gets: a message that says where and why, status 2, and no partial file.
#include <gtest/gtest.h>

#include <filesystem>

#include "run_program.h"

namespace mix::testing {
namespace {

const std::string good = "a,b\n1,2\n2,1\n3,5\n7,8\n9,9\n8,7\n";

TEST(BadInput, NamesAMissingFile) {
  const Folder here;
  here.refuse({"fit", "nothing.csv", "--out", "m.json"}, {"nothing.csv", "no such file"});
  here.refuse({"compare", "nothing.csv"}, {"nothing.csv"});
  here.refuse({"kmeans", "nothing.csv", "-k", "2"}, {"nothing.csv"});
  here.refuse({"info", "nothing.json"}, {"nothing.json"});
  here.refuse({"sample", "nothing.json", "-n", "5", "--out", "s.csv"}, {"nothing.json"});
}

TEST(BadInput, RefusesAnEmptyFile) {
  const Folder here;
  here.write("empty.csv", "");
  here.refuse({"fit", "empty.csv", "--out", "m.json"}, {"empty.csv"});
}

TEST(BadInput, RefusesAHeaderWithoutRows) {
  const Folder here;
  here.write("header.csv", "a,b\n");
  here.refuse({"fit", "header.csv", "--out", "m.json"}, {"header.csv", "row"});
}

TEST(BadInput, NamesTheLineOfARaggedRow) {
  const Folder here;
  here.write("ragged.csv", "a,b\n1,2\n3\n4,5\n");
  here.refuse({"fit", "ragged.csv", "--out", "m.json"}, {"ragged.csv", "line 3"});
}

TEST(BadInput, NamesLineAndColumnOfTextInANumericFamily) {
  const Folder here;
  here.write("text.csv", "a,b\n1,2\n2,oops\n4,5\n");
  here.refuse({"fit", "text.csv", "--columns", "a,b", "--out", "m.json"},
              {"text.csv", "line 3", "\"b\"", "oops"});
  here.refuse({"fit", "text.csv", "--family", "a=gaussian,b=poisson"},
              {"text.csv", "line 3", "\"b\"", "oops"});
  here.refuse({"kmeans", "text.csv", "-k", "2", "--columns", "b"}, {"line 3", "\"b\""});
}

TEST(BadInput, NamesLineAndColumnOfInfinity) {
  const Folder here;
  here.write("inf.csv", "a,b\n1,2\n2,Inf\n4,5\n");
  here.refuse({"fit", "inf.csv", "--out", "m.json"}, {"inf.csv", "line 3", "\"b\""});
}

TEST(BadInput, RefusesMoreComponentsThanRows) {
  const Folder here;
  here.write("good.csv", good);
  here.refuse({"fit", "good.csv", "--components", "7", "--out", "m.json"}, {"6 rows", "7 comp"});
  here.refuse({"compare", "good.csv", "--families", "gaussian", "--components", "1-7"},
              {"6 rows", "7 comp"});
  here.refuse({"kmeans", "good.csv", "-k", "7"}, {"6 rows", "7"});
}

TEST(BadInput, RefusesNoComponents) {
  const Folder here;
  here.write("good.csv", good);
  here.refuse({"fit", "good.csv", "--components", "0", "--out", "m.json"}, {"at least 1"});
  here.refuse({"fit", "good.csv", "--components", "0-3"}, {"at least 1"});
  here.refuse({"fit", "good.csv", "--components", "5-3"}, {"5-3"});
  here.refuse({"fit", "good.csv", "--components", "many"}, {"many"});
  here.refuse({"kmeans", "good.csv", "-k", "0"}, {"-k"});
}

TEST(BadInput, ListsTheFamiliesForAnUnknownOne) {
  const Folder here;
  here.write("good.csv", good);
  here.refuse({"fit", "good.csv", "--family", "gausian"}, {"gausian", "gaussian, ", "poisson"});
  here.refuse({"fit", "good.csv", "--family", "a=gaussian,b=nosuch"}, {"nosuch", "poisson"});
  here.refuse({"compare", "good.csv", "--families", "poisson,nosuch"}, {"nosuch", "poisson"});
}

TEST(BadInput, ListsTheColumnsForAnUnknownOne) {
  const Folder here;
  here.write("good.csv", good);
  for (const char* option : {"--columns", "--weights", "--labels", "--trials"}) {
    std::vector<std::string> args{"fit", "good.csv", option, "c"};
    if (std::string(option) == "--trials") args.insert(args.end(), {"--family", "binomial"});
    here.refuse(args, {"\"c\"", "\"a\""});
  }
  here.refuse({"fit", "good.csv", "--init", "labels:c"}, {"\"c\"", "\"a\""});
  here.refuse({"fit", "good.csv", "--family", "a=gaussian,c=poisson"}, {"\"c\"", "\"a\""});
}

TEST(BadInput, RefusesABrokenModelFile) {
  const Folder here;
  here.write("good.csv", good);
  here.write("text.json", "this is not JSON");
  here.write("other.json", "{\"some\": \"thing\"}");
  here.write("newer.json", R"({"format": "mixture-model", "version": 999})");
  here.write("cut.json",
             R"({"format": "mixture-model", "version": 1, "columns": [], "model": {}})");
  for (const char* model : {"text.json", "other.json", "newer.json", "cut.json"}) {
    here.refuse({"info", model}, {model});
    here.refuse({"predict", model, "good.csv", "--out", "p.csv"}, {model});
    here.refuse({"sample", model, "-n", "3", "--out", "s.csv"}, {model});
    here.refuse({"plot", model, "good.csv", "--out", "p.svg"}, {model});
  }
  here.refuse({"info", "newer.json"}, {"999", "newer"});
}

TEST(BadInput, SaysBeforeTheWorkThatTheOutputCannotBeWritten) {
  const Folder here;
  here.write("good.csv", good);
  // The folder is looked at before the data, so the complaint is not about nothing.csv.
  here.refuse({"fit", "nothing.csv", "--out", "no/such/folder/m.json"}, {"no/such/folder"});
  here.refuse({"fit", "nothing.csv", "--plot", "no/such/p.svg"}, {"no/such"});
  here.refuse({"fit", "good.csv", "--plot", "p.jpeg"}, {"p.jpeg", ".svg", ".png"});
  here.refuse({"kmeans", "good.csv", "-k", "2", "--out", "no/such/l.csv"}, {"no/such"});
  std::filesystem::create_directory(here / "folder");
  here.refuse({"fit", "good.csv", "--out", "folder"}, {"folder"});
  const Outcome full = here.run({"kmeans", "good.csv", "-k", "2", "--json", "--out", "/dev/full"});
  EXPECT_EQ(full.status, 2);
  EXPECT_NE(full.err.find("/dev/full"), std::string::npos) << full.err;
}

TEST(BadInput, RefusesUnknownArgumentsWithAHint) {
  const Folder here;
  here.refuse({}, {"try 'mixture --help'"});
  here.refuse({"cluster"}, {"no command \"cluster\"", "kmeans", "try 'mixture --help'"});
  here.refuse({"predikt", "m.json"}, {"predikt", "did you mean \"predict\""});
  here.refuse({"fit"}, {"DATA", "try 'mixture fit --help'"});
  here.refuse({"fit", "good.csv", "--colums", "a"}, {"--colums", "try 'mixture fit --help'"});
  here.refuse({"fit", "good.csv", "--prior", "flat"}, {"--prior"});
  here.refuse({"fit", "good.csv", "--max-iter", "0"}, {"--max-iter"});
  here.refuse({"fit", "good.csv", "--seed", "x"}, {"--seed"});
  here.refuse({"fit", "good.csv", "--seed", "-1"}, {"--seed", "-1", "from 0"});
  here.refuse({"kmeans", "good.csv", "-k", "2", "--seed", "-1"}, {"--seed", "-1"});
  here.refuse({"sample", "m.json", "-n", "1", "--seed", "-1"}, {"--seed", "-1"});
  here.refuse({"fit", "good.csv", "--columns", ""}, {"--columns", "names nothing"});
  here.refuse({"kmeans", "good.csv", "-k", "2", "--columns", ""}, {"--columns"});
  here.refuse({"sample", "m.json"}, {"-n"});
}

TEST(BadInput, RefusesUnknownValuesWithTheKnownOnes) {
  const Folder here;
  here.write("good.csv", good);
  here.refuse({"fit", "good.csv", "--criterion", "bik"}, {"bik", "bic", "icl"});
  here.refuse({"fit", "good.csv", "--init", "magic"}, {"magic", "k-means++"});
  here.refuse({"fit", "good.csv", "--effort", "heroic"}, {"heroic", "thorough"});
  here.refuse({"fit", "good.csv", "--assignment", "softly"}, {"softly", "hard"});
  here.refuse({"fit", "good.csv", "--assignment", "truncated:0"}, {"truncated"});
  for (const char* numbers : {"", "5,", "5,0", "5,-1", "5,5,", "5,5,-1", "5,5,1,1", "5;5", "5,x"}) {
    here.refuse({"fit", "good.csv", "--assignment", std::string("truncated:") + numbers},
                {"NEIGHBORS", "EXTRA"});
  }
  here.refuse({"fit", "good.csv", "--structure", "XYZ"}, {"XYZ", "VVV"});
  here.refuse({"fit", "good.csv", "--family", "poisson", "--structure", "VVV"}, {"--structure"});
  here.refuse({"fit", "good.csv", "--family", "student_t", "--structure", "VVI"}, {"VVI", "EEE"});
  here.refuse({"fit", "good.csv", "--family", "student_t", "--prior", "conjugate"},
              {"student_t", "conjugate"});
  here.refuse({"fit", "good.csv", "--family", "student_t", "--dof", "some"},
              {"degrees of freedom", "some", "shared"});
  here.refuse({"fit", "good.csv", "--family", "student_t", "--dof", "-2"},
              {"degrees of freedom", "-2"});
  here.refuse({"fit", "good.csv", "--family", "gaussian", "--dof", "5"}, {"--dof", "student_t"});
  here.refuse({"fit", "good.csv", "--family", "poisson", "--prior", "conjugate"}, {"--prior"});
  here.refuse({"fit", "good.csv", "--family", "a,b"}, {"compare"});
  here.refuse({"fit", "good.csv", "--factors", "2"}, {"--factors", "factor_analyzers"});
  here.refuse({"fit", "good.csv", "--bounds", "0,1"}, {"--bounds", "truncated_normal"});
  here.refuse({"fit", "good.csv", "--family", "truncated_normal"}, {"--bounds"});
  here.refuse({"fit", "good.csv", "--family", "=gaussian"}, {"COLUMNS=FAMILY"});
  here.refuse({"fit", "good.csv", "--family", "a=gaussian,a=poisson"}, {"\"a\""});
  here.refuse({"fit", "good.csv", "--trials", "b"}, {"binomial"});
}

TEST(BadInput, NamesThePlaceOfACellOutsideTheFamilysSupport) {
  const Folder here;
  here.write("negative.csv", "skip,count\nx,1\ny,NA\nz,-3\n");
  here.refuse({"fit", "negative.csv", "--family", "poisson", "--components", "1"},
              {"negative.csv line 4", "\"count\"", "-3"});
}

TEST(BadInput, NamesThePlaceOfANegativeWeight) {
  const Folder here;
  here.write("weights.csv", "a,w\n1,1\n2,-1\n3,1\n");
  here.refuse({"fit", "weights.csv", "--weights", "w"}, {"line 3", "\"w\"", "-1"});
}

TEST(BadInput, RefusesRowsThatAreAllIncomplete) {
  const Folder here;
  here.write("missing.csv", "a,b\n1,NA\n,2\n");
  here.refuse({"fit", "missing.csv", "--family", "multinomial"}, {"line 2", "\"b\""});
  here.write("hole.csv", "a,b\n1,NA\n2,NA\n4,NA\n");
  here.refuse({"fit", "hole.csv", "--family", "gaussian"}, {"\"b\"", "no observed cell"});
}

TEST(BadInput, RefusesATableOfTextAlone) {
  const Folder here;
  here.write("words.csv", "a,b\nx,y\nz,w\n");
  const Outcome run = here.run({"fit", "words.csv"});
  EXPECT_EQ(run.status, 2);
  EXPECT_NE(run.err.find("categorical"), std::string::npos) << run.err;
}

TEST(BadInput, RefusesToPredictWhatTheModelDoesNotKnow) {
  const Folder here;
  here.write("colors.csv", "color,size\nred,1\nblue,2\nred,1\ngreen,3\nblue,2\nred,1\n");
  (void)here.succeed({"fit", "colors.csv", "--family", "categorical", "--columns", "color",
                      "--components", "1", "--out", "m.json"});
  here.write("new.csv", "color\nred\npink\n");
  here.refuse({"predict", "m.json", "new.csv", "--out", "p.csv"}, {"line 3", "\"color\"", "pink"});
  here.write("lacks.csv", "colour\nred\n");
  here.refuse({"predict", "m.json", "lacks.csv", "--out", "p.csv"}, {"\"color\""});
}

TEST(BadInput, NamesLineAndColumnOfTextThatIsNotUtf8) {
  const Folder here;
  here.write("names.csv", "a,gr\xF6sse\n1,2\n2,4\n3,3\n");
  here.refuse({"fit", "names.csv", "--components", "1", "--out", "m.json"},
              {"line 1", "column 2", "UTF-8"});
  here.write("cells.csv", "a,b\n1,x\n2,M\xFCller\n3,x\n");
  for (const std::vector<std::string>& use : {std::vector<std::string>{"--family", "b=categorical"},
                                              {"--labels", "b"},
                                              {"--groups", "b"},
                                              {"--init", "labels:b", "--components", "2"}}) {
    std::vector<std::string> args{"fit", "cells.csv"};
    args.insert(args.end(), use.begin(), use.end());
    here.refuse(args, {"line 3", "\"b\"", "UTF-8"});
  }
}

TEST(BadInput, MayBeTextThatIsNotUtf8InColumnsThatAreNotUsed) {
  const Folder here;
  here.write("cells.csv", "a,b,g\n1,x,1\n2,M\xFCller,1\n3,x,2\n5,y,2\n");
  (void)here.succeed(
      {"fit", "cells.csv", "--columns", "a", "--components", "1", "--out", "m.json"});
  (void)here.succeed({"predict", "m.json", "cells.csv", "--groups", "g"});
  (void)here.succeed({"errors", "m.json", "cells.csv"});
  (void)here.succeed({"kmeans", "cells.csv", "-k", "2"});
  here.refuse({"predict", "m.json", "cells.csv", "--groups", "b"}, {"line 3", "\"b\"", "UTF-8"});
}

TEST(BadInput, RefusesNumbersWhoseSquaresAreNone) {
  const Folder here;
  here.write("huge.csv", "a,b\n1e300,2\n-1e300,3\n3e300,4\n4,5\n7,2\n1,2\n");
  here.refuse({"fit", "huge.csv", "--components", "2", "--structure", "VVV", "--out", "m.json"},
              {"\"a\"", "-1e+300", "larger unit"});
  here.write("tiny.csv", "a\n1e-300\n-1e-300\n3e-300\n4e-300\n");
  here.refuse({"fit", "tiny.csv", "--components", "1"}, {"\"a\"", "smaller unit"});
  here.refuse({"kmeans", "huge.csv", "-k", "2"}, {"\"a\"", "-1e+300", "larger unit"});
  here.refuse({"kmeans", "tiny.csv", "-k", "2"}, {"\"a\"", "smaller unit"});
}

TEST(BadInput, MayHaveAnyUnitWhereColumnsAreStandardized) {
  const Folder here;
  here.write("plain.csv", "a,b\n1,2\n2,3\n8,4\n9,7\n");
  here.write("huge.csv", "a,b\n1e300,2\n2e300,3\n8e300,4\n9e300,7\n");
  const auto run = [&](const std::string& file) {
    return here.succeed({"kmeans", file, "-k", "2", "--standardize", "--json"}).json();
  };
  EXPECT_NEAR(run("huge.csv")["inertia"].get<double>(), run("plain.csv")["inertia"].get<double>(),
              1e-12);
  EXPECT_EQ(run("huge.csv")["labels"], run("plain.csv")["labels"]);
}

TEST(BadInput, ShowsDecimalCommas) {
  const Folder here;
  here.write("commas.csv", "a;b\n1,5;2\n2,5;3\n1,2;4\n2,2;1\n");
  EXPECT_NE(here.succeed({"fit", "commas.csv", "--components", "1"}).err.find("with a point"),
            std::string::npos);
}

TEST(BadInput, SaysHowCellsAreSeparated) {
  const Folder here;
  here.write("blanks.csv", "x y\n1 2\n2 4\n3 3\n");
  EXPECT_NE(here.run({"fit", "blanks.csv"}).err.find("separate cells by commas"),
            std::string::npos);
}

TEST(BadInput, RefusesMixedPrecisionWhereNothingCanDoWithFloats) {
  const Folder here;
  std::string text = "a,b,c,d,e,z\n";
  for (int i = 0; i < 60; ++i) {
    for (const int m : {7, 11, 13, 17, 19}) text += std::to_string(i * i % m) + ",";
    text += std::to_string(i % 5) + "\n";
  }
  here.write("rows.csv", text);
  const auto with = [](const std::vector<std::string>& more) {
    std::vector<std::string> args{more.front(),  "rows.csv", "--columns",    "a,b,c,d,e",
                                  "--effort",    "fast",     "--components", "2",
                                  "--precision", "mixed"};
    args.insert(args.end(), more.begin() + 1, more.end());
    return args;
  };
  const std::vector<std::string> why{"--precision mixed", "gaussian", "leave it out"};
  here.refuse(with({"fit", "--family", "student_t"}), why);
  here.refuse(with({"fit", "--structure", "EEE"}), why);
  here.refuse(with({"fit", "--structure", "VVI"}), why);
  here.refuse(with({"fit", "--structure", "VVV", "--gate", "z"}), why);
  here.refuse(with({"fit", "--structure", "VVV", "--assignment", "truncated:1"}), {"truncated:1"});
  here.refuse(with({"compare", "--families", "student_t,poisson"}), why);
  (void)here.succeed(with({"fit", "--structure", "VVV", "--noise"}));
  (void)here.succeed(with({"compare", "--families", "gaussian,poisson", "--structure", "VVV,EEE"}));
}

TEST(BadInput, RefusesAColumnThatIsDescribedAndSaysHowRowsCount) {
  const Folder here;
  here.write("good.csv", good);
  for (const char* option : {"--weights", "--labels", "--groups"}) {
    here.refuse({"fit", "good.csv", "--columns", "a,b", option, "b"},
                {std::string(option) + " b", "leave"});
    here.refuse({"fit", "good.csv", "--family", "a=normal,b=poisson", option, "b"},
                {std::string(option) + " b", "leave"});
  }
  here.refuse({"fit", "good.csv", "--columns", "a,b", "--label-prior", "a,b"}, {"--label-prior a"});
  here.refuse({"kmeans", "good.csv", "-k", "2", "--columns", "a,b", "--weights", "a"},
              {"--weights a", "leave"});
  here.refuse({"fit", "good.csv", "--family", "gaussian_regression", "--response", "b",
               "--covariates", "a", "--weights", "b"},
              {"--weights b"});
  // A covariate is given, not described.
  (void)here.succeed({"fit", "good.csv", "--family", "gaussian_regression", "--response", "b",
                      "--covariates", "a", "--weights", "a", "--components", "1"});
}

TEST(BadInput, RefusesOptionsThatWouldDoNothing) {
  const Folder here;
  here.write("good.csv", good);
  here.refuse({"fit", "good.csv", "--components", "1", "--folds", "3"}, {"--folds", "cv"});
  here.refuse({"compare", "good.csv", "--components", "1", "--repeats", "3"}, {"--repeats", "cv"});
  here.refuse({"test", "good.csv", "--components", "1-2", "--criterion", "aic"}, {"--criterion"});
  here.refuse({"fit", "good.csv", "--components", "1", "--precision", "mixed"},
              {"--precision mixed", "5 columns"});
  (void)here.succeed({"fit", "good.csv", "--components", "1", "--out", "m.json"});
  here.refuse({"merge", "m.json", "good.csv", "--cutoff", "0.5"}, {"--cutoff", "--method demp"});
}

}  // namespace
}  // namespace mix::testing
