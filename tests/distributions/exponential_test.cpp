#include "mix/distributions/exponential.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/em.h"
#include "mix/family_list.h"
#include "mix/random.h"
#include "support/evaluate.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(Streaming<Exponential> && Sampleable<Exponential> && Preparable<Exponential>);
static_assert(check_component<Exponential>());

TEST(Exponential, HasTheDensityOfTheTextbook) {
  const Exponential distribution(Vector{{2.0, 0.5}});
  EXPECT_NEAR(log_density_at(distribution, {3, 0}), std::log(2.0) - 6 + std::log(0.5), 1e-14);
  for (const double x : {-1e-9, infinity, quiet_nan}) {
    EXPECT_EQ(log_density_at(distribution, {x, 1}), -infinity) << x;
  }
}

TEST(Exponential, EstimatesTheNumericalOptimum) {
  const Matrix x = rows(1, {0.5, 3, 2.2, 0, 7.5});
  const Vector w{{0.5, 1.0, 2.0, 0.3, 1.7}};
  Exponential fitted(1);
  estimate(fitted, x, w);
  const double rate = fitted.rate()[0];
  EXPECT_NEAR(1 / rate, w.dot(x.col(0)) / w.sum(), 1e-14);
  const auto at = [&](double t) {
    return weighted_log_likelihood(Exponential(Vector{{rate + t}}), x, w);
  };
  EXPECT_NEAR(distance_to_maximum(at, 1e-4), 0, 1e-8);
}

TEST(Exponential, StaysFiniteOnZerosAndSaysSo) {
  Matrix x = rows(1, {0, 0, 0, 4, 6, 8});
  Exponential fitted(1);
  fitted.prepare(x, Vector::Ones(6));
  estimate(fitted, x, Vector{{1, 1, 1, 0, 0, 0}});
  EXPECT_NEAR(1 / fitted.rate()[0], 3e-10, 1e-22);
  EXPECT_NE(fitted.flaw(3), "");
  EXPECT_TRUE(std::isfinite(log_density_at(fitted, {0})));
  estimate(fitted, x, Vector::Ones(6));
  EXPECT_NEAR(1 / fitted.rate()[0], 3, 1e-14);
  EXPECT_EQ(fitted.flaw(6), "");
}

TEST(Exponential, IsDefinedForAColumnOfZerosAlone) {
  const Matrix x = Matrix::Zero(4, 1);
  Exponential fitted(1);
  fitted.prepare(x, Vector::Ones(4));
  estimate(fitted, x, Vector::Ones(4));
  EXPECT_TRUE(std::isfinite(log_density_at(fitted, {0})));
  EXPECT_FALSE(std::isnan(log_density_at(fitted, {1})));
  EXPECT_NE(fitted.flaw(4), "");
}

TEST(Exponential, FitsTheSameInAnyUnit) {
  Rng rng(5);
  Matrix x(300, 1);
  for (Index i = 0; i < 300; ++i) x(i, 0) = standard_exponential(rng) * (i % 3 == 0 ? 20 : 1);
  Matrix reference;
  for (const double unit : {1.0, 1e-8, 1e8}) {
    const Matrix scaled = unit * x;
    MixtureState state{Vector{{0.5, 0.5}}, Untied(std::vector{Exponential(Vector{{1 / unit}}),
                                                              Exponential(Vector{{0.1 / unit}})})};
    state.family.prepare(scaled, Vector::Ones(300));
    run_em(state, scaled, Vector::Ones(300), {.tol = 0, .max_iter = 15});
    const Matrix r = responsibilities(state, scaled);
    if (reference.size() == 0) reference = r;
    EXPECT_LT((r - reference).cwiseAbs().maxCoeff(), 1e-9) << unit;
  }
}

TEST(Exponential, RefusesAUnitInWhichTheSumIsNoNumber) {
  Exponential time(1);
  EXPECT_NO_THROW(time.prepare(Matrix::Constant(4, 1, 1e306), Vector::Ones(4)));
  EXPECT_THROW(time.prepare(Matrix::Constant(4, 1, 1e308), Vector::Ones(4)), std::invalid_argument);
}

TEST(Exponential, OfDensitiesThatAddUpToNoNumberSaysSo) {
  // Each density is positive, and the logarithm of their product is below all numbers.
  MixtureState state{Vector{{1}}, frozen(Exponential(Vector{{1}}))};
  const EmReport report = run_em(state, Matrix::Constant(100, 1, 1e307), Vector::Ones(100), {});
  EXPECT_EQ(report.log_likelihood, -infinity);
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_NE(report.warnings[0].find("though no density is zero"), std::string::npos)
      << report.warnings[0];
}

TEST(Exponential, NamesTheFirstNegativeTime) {
  EXPECT_EQ(Exponential(1).check_support(rows(1, {1, 0, -2})),
            "row 3, column 1: -2 is not a waiting time (finite, at least 0)");
}

TEST(Exponential, RefusesImpossibleParameters) {
  EXPECT_THROW(Exponential(0), std::invalid_argument);
  EXPECT_THROW(Exponential(Vector{{0.0}}), std::invalid_argument);
  EXPECT_THROW(Exponential(Vector{{infinity}}), std::invalid_argument);
}

}  // namespace
