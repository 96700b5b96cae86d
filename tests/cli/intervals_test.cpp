// Values of which only an interval is known.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>
#include <string>

#include "mix/npy.h"
#include "run_program.h"

namespace mix::testing {
namespace {

const std::string lives =
    "life_lo,life_hi,size\n1,2,5\n2,2,6\n0,3,4\n4,inf,9\n5,,8\n-inf,3,5\n,6,7\n3,3,6\n7,9,8\n2,5,"
    "6\n"
    "1,1,4\n6,Inf,9\n";

TEST(Intervals, AreFittedComparedAndPredicted) {
  const Folder here;
  here.write("lives.csv", lives);
  const Outcome fit = here.succeed({"fit", "lives.csv", "--columns", "life_lo,life_hi", "--family",
                                    "weibull", "--components", "1", "--out", "m.json"});
  EXPECT_NE(fit.out.find("interval_censored weibull"), std::string::npos) << fit.out;
  EXPECT_EQ(fit.err.find("missing"), std::string::npos) << fit.err;
  EXPECT_NE(fit.out.find("shape"), std::string::npos) << fit.out;
  (void)here.succeed({"info", "m.json"});
  const Outcome labels = here.succeed({"predict", "m.json", "lives.csv"});
  EXPECT_EQ(labels.err, "");
  (void)here.succeed({"describe", "m.json"});
  const Outcome drawn = here.succeed({"sample", "m.json", "-n", "2"});
  EXPECT_EQ(drawn.out.substr(0, 16), "life_lo,life_hi\n");
  // Rows with an open end are drawn too.
  const Outcome plot = here.succeed({"plot", "m.json", "lives.csv", "--out", "p.svg"});
  EXPECT_EQ(plot.err, "");
  const std::string picture = content_of(here / "p.svg");
  EXPECT_NE(picture.find("12 rows"), std::string::npos);
  EXPECT_NE(picture.find("life_lo, life_hi"), std::string::npos);
  const Outcome ranked = here.succeed(
      {"compare", "lives.csv", "--columns", "life_lo,life_hi", "--components", "1", "--json"});
  EXPECT_NE(ranked.out.find("interval_censored poisson"), std::string::npos) << ranked.out;
  EXPECT_EQ(ranked.out.find("\"gaussian VVV\""), std::string::npos) << ranked.out;
  const Outcome blocks =
      here.succeed({"fit", "lives.csv", "--family", "life_lo..life_hi=gamma,size=normal",
                    "--components", "1", "--plot", "p.svg"});
  EXPECT_NE(content_of(here / "p.svg").find("the columns of intervals"), std::string::npos);
  EXPECT_NE(blocks.out.find("interval_censored gamma x normal"), std::string::npos) << blocks.out;
}

TEST(Intervals, OfAnyColumnsAreNamedInTheFamily) {
  const Folder here;
  here.write("ages.csv", "from,to,n\n0,10,5\n10,20,9\n20,40,7\n40,inf,3\n");
  (void)here.succeed(
      {"fit", "ages.csv", "--family", "from..to=gamma", "--weights", "n", "--components", "1"});
  here.write("dots.csv", "a..b,c\n1,2\n2,4\n4,3\n3,7\n");
  const Outcome dots = here.succeed(
      {"fit", "dots.csv", "--family", "\"a..b\"=normal,c=normal", "--components", "1"});
  EXPECT_EQ(dots.out.find("interval"), std::string::npos) << dots.out;
  here.refuse({"fit", "ages.csv", "--family", "gamma"}, {"line 5", "\"to\"", "infinite"});
  here.refuse({"fit", "ages.csv", "--family", "from..to+n=gamma"}, {"two columns"});
  here.refuse({"fit", "ages.csv", "--family", "from..to=shifted_exponential", "--components", "1"},
              {"shifted_exponential", "coordinates"});
}

TEST(Intervals, OfNumpyArraysMayBeInfinite) {
  const Folder here;
  Eigen::MatrixXd ends(4, 2);
  ends << 0, 10, 10, 20, 20, 40, 40, HUGE_VAL;
  write_npy(here / "ages.npy", ends);
  (void)here.succeed({"fit", "ages.npy", "--family", "x1..x2=gamma", "--components", "1"});
  here.refuse({"fit", "ages.npy", "--family", "gamma"}, {"row 4", "\"x2\"", "infinite"});
}

TEST(Bounds, AreComparedAmongFamiliesThatKnowThem) {
  const Folder here;
  here.write("seen.csv", "y\n0.2\n1.5\n2.5\n3.75\n0.9\n1.1\n2.2\n4.4\n0.4\n1.9\n");
  const Outcome ranked =
      here.succeed({"compare", "seen.csv", "--bounds", "0,5", "--components", "1", "--json"});
  for (const char* name : {"truncated_normal", "truncated_gamma", "truncated_exponential"}) {
    EXPECT_NE(ranked.out.find(name), std::string::npos) << ranked.out;
  }
  EXPECT_EQ(ranked.out.find("\"gumbel"), std::string::npos) << ranked.out;
}

TEST(Shifts, AreFittedAndSaved) {
  const Folder here;
  here.write("lives.csv", "t\n5.2\n6.5\n7.5\n6.1\n5.9\n8.3\n6.8\n7.1\n6.3\n5.6\n7.9\n6.6\n");
  for (const char* family : {"shifted_weibull", "shifted_gamma", "shifted_lognormal"}) {
    const Outcome fit = here.succeed(
        {"fit", "lives.csv", "--family", family, "--components", "1", "--out", "m.json"});
    EXPECT_NE(fit.out.find("shift"), std::string::npos) << fit.out;
    (void)here.succeed({"predict", "m.json", "lives.csv"});
  }
  here.write("two.csv", "a,b\n5.2,1\n6.5,2\n7.5,4\n6.1,3\n");
  here.refuse({"fit", "two.csv", "--family", "shifted_weibull"}, {"one column"});
}

TEST(Intervals, RefuseWhatCannotBe) {
  const Folder here;
  here.write("turned.csv", "x_lo,x_hi\n1,2\n5,3\n2,4\n");
  here.refuse({"fit", "turned.csv", "--family", "normal", "--components", "1"},
              {"line 3", "\"x_lo\"", "from 5 to 3"});
  here.write("huge.csv", "x_lo,x_hi\n1,2\n5,1e999\n2,4\n");
  here.refuse({"fit", "huge.csv", "--family", "normal"}, {"line 3", "beyond the range"});
  here.write("named.csv", "x_lo,y\n1,2\n-inf,3\n2,4\n");
  here.refuse({"fit", "named.csv", "--family", "gaussian", "--components", "1"},
              {"line 3", "\"x_lo\"", "infinite"});
  here.write("noise.csv", lives);
  here.refuse(
      {"fit", "noise.csv", "--columns", "life_lo,life_hi", "--family", "weibull", "--noise"},
      {"--noise", "intervals"});
}

}  // namespace
}  // namespace mix::testing
