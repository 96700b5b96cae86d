// Shifted distributions: against the distribution itself, against a direct optimizer, and where the
// likelihood has no bound. What all families owe is checked in tests/laws.
#include "mix/distributions/shifted.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <type_traits>

#include "mix/distributions/exponential.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/interval_censored.h"
#include "mix/distributions/inverse_gaussian.h"
#include "mix/distributions/lognormal.h"
#include "mix/distributions/shifted_exponential.h"
#include "mix/distributions/weibull.h"
#include "support/evaluate.h"
#include "support/numerical_maximum.h"
#include "support/score.h"

namespace mix {
namespace {

using namespace test;

TEST(Shifted, IsTheDistributionElsewhere) {
  const Weibull base(2, 3);
  const Shifted<Weibull> moved(base, -5);
  EXPECT_EQ(Shifted<Weibull>::name, "shifted_weibull");
  EXPECT_EQ(moved.parameter_count(), 3);
  for (const double x : {0.1, 1.0, 7.0}) {
    EXPECT_NEAR(log_density_at(moved, {x - 5}), log_density_at(base, {x}), 1e-12);
    EXPECT_NEAR(moved.cdf(x - 5), base.cdf(x), 1e-14);
  }
  EXPECT_EQ(log_density_at(moved, {-5.5}), -infinity);
  EXPECT_EQ(moved.cdf(-6), 0);
  EXPECT_NEAR(moved.moments().mean[0], base.moments().mean[0] - 5, 1e-12);
  EXPECT_EQ(moved.moments().covariance(0, 0), base.moments().covariance(0, 0));
  EXPECT_GT(draws(moved, 100).minCoeff(), -5);
  EXPECT_THROW(Shifted<Weibull>(base, infinity), std::invalid_argument);
}

template <class D>
class ShiftedFamilies : public testing::Test {};
using Families = testing::Types<Weibull, Gamma, Lognormal, InverseGaussian>;
TYPED_TEST_SUITE(ShiftedFamilies, Families);

template <class D>
D regular() {
  if constexpr (std::is_same_v<D, Weibull>) return Weibull(3, 2);
  if constexpr (std::is_same_v<D, Gamma>) return Gamma(5, 0.5);
  if constexpr (std::is_same_v<D, Lognormal>) return Lognormal(1, 0.4);
  if constexpr (std::is_same_v<D, InverseGaussian>) return InverseGaussian(2, 8);
}

TYPED_TEST(ShiftedFamilies, EqualADirectOptimizer) {
  constexpr Index n = 300;
  using D = TypeParam;
  const Matrix x = draws(Shifted<D>(regular<D>(), 10), n, 3);
  const Vector w = uneven_weights(n);
  const auto found = estimated(Shifted<D>(), x, w, 40);
  EXPECT_LT(score(found, x, w, 1e-4), 1e-8);
  const auto log_likelihood = [&](const Vector& v) {
    Shifted<D> moved = found;
    moved.set_coordinates(v);
    return weighted_log_likelihood(moved, x, w);
  };
  const Vector own = found.coordinates();
  Vector away = own.array() + 0.05;
  away[0] = own[0] - 0.1;
  const Vector best = testing_support::numerical_maximum(log_likelihood, away);
  EXPECT_NEAR(log_likelihood(own), log_likelihood(best), 1e-5);
  // Below the truth or above it by what the curvature allows.
  EXPECT_NEAR(found.shift(), 10, 1.2);
  EXPECT_LT(found.shift(), x.minCoeff());
  EXPECT_EQ(found.caution(), "");
  // A row may lie below by chance; the shift follows.
  const auto lower = found.with_edge(0, x.minCoeff() - 0.2);
  EXPECT_NEAR(lower.shift(), x.minCoeff() - 0.2, 1e-4);
  EXPECT_NEAR(lower.moments().mean[0], found.moments().mean[0], 1e-6);
  EXPECT_NEAR(lower.moments().covariance(0, 0), found.moments().covariance(0, 0), 1e-6);
}

TYPED_TEST(ShiftedFamilies, OfKnownShiftAreThoseOfTheDifferences) {
  using D = TypeParam;
  const Matrix values = draws(regular<D>(), 200);
  const Matrix x = values.array() + 4;
  const Vector w = uneven_weights(200);
  const auto moved = estimated(Shifted<D>(D(), 4, ShiftIs::fixed), x, w, 50);
  const auto own = estimated(D(), values, w, 50);
  EXPECT_EQ(moved.shift(), 4);
  EXPECT_EQ(moved.parameter_count(), 2);
  EXPECT_NEAR(weighted_log_likelihood(moved, x, w), weighted_log_likelihood(own, values, w), 1e-7);
  EXPECT_EQ(moved.check_support(x), "");
  EXPECT_EQ(moved.check_support(rows(1, {5, 4})),
            "row 2, column 1: 4 is not a number above the shift, 4");
}

// Rows that are all nearly 0 in this unit are not multiples of 1.
TEST(Shifted, IsTheSameInAnyUnit) {
  const Matrix x = draws(Shifted<Gamma>(Gamma(2, 1), 3), 300);
  const Vector w = Vector::Ones(300);
  const auto own = estimated(Shifted<Gamma>(), x, w, 60);
  const auto tiny = estimated(Shifted<Gamma>(), 1e-20 * x, w, 60);
  EXPECT_NEAR(tiny.shift() * 1e20, own.shift(), 1e-3);
  EXPECT_NEAR(tiny.base().shape(), own.base().shape(), 1e-3);
}

TEST(ShiftedExponentials, OfKnownShiftAreExponentialOfTheDifferences) {
  const Matrix values = draws(Exponential(Vector{{0.5}}), 200);
  const Matrix x = values.array() + 4;
  const Vector w = uneven_weights(200);
  const auto moved = estimated(ShiftedExponential(3.9, 1, ShiftIs::fixed), x, w, 5);
  const Vector beyond = values.col(0).array() + 0.1;
  EXPECT_EQ(moved.shift(), 3.9);
  EXPECT_NEAR(moved.rate(), w.sum() / w.dot(beyond), 1e-12);
  EXPECT_EQ(moved.parameter_count(), 1);
  EXPECT_EQ(moved.edge_count(), 0);
  EXPECT_EQ(moved.check_support(x), "");
  // The density is highest at the shift itself.
  EXPECT_EQ(moved.check_support(rows(1, {5, 3.9, 3})),
            "row 3, column 1: 3 is not a number from the shift, 3.9, on");
}

// The density of a shape below 1 has no bound at the shift.
TEST(Shifted, OfShapesBelowOneBeginsAtTheLowestRow) {
  const Matrix x = draws(Shifted<Weibull>(Weibull(0.6, 1), 3), 400);
  const auto found = estimated(Shifted<Weibull>(), x, Vector::Ones(400), 60);
  EXPECT_NEAR(found.shift(), x.minCoeff(), 1e-3);
  EXPECT_NEAR(found.base().shape(), 0.6, 0.08);
  EXPECT_NE(found.caution(), "");
  // Rounded rows, of which many are the lowest: half a unit below it.
  const Matrix rounded = (10 * x.array()).round() / 10;
  const auto coarse = estimated(Shifted<Weibull>(), rounded, Vector::Ones(400), 60);
  EXPECT_NEAR(coarse.shift(), rounded.minCoeff() - 0.05, 2e-3);
}

// The likelihood of the rounded rows themselves, which has a bound.
TEST(Shifted, InClassesHasTheGroupedLikelihood) {
  constexpr Index n = 800;
  const Matrix x = draws(Shifted<Weibull>(Weibull(2.2, 3), 10), n);
  const Vector rounded = (2 * x.col(0).array()).round() / 2;
  Matrix ends(n, 2);
  ends << rounded.array() - 0.25, rounded.array() + 0.25;
  IntervalCensored family{Shifted<Weibull>()};
  family.prepare(ends, Vector::Ones(n));
  family.start(ends, Vector::Ones(n));
  for (int i = 0; i < 20; ++i) family.fit(ends, Vector::Ones(n));
  const auto log_likelihood = [&](const Vector& v) {
    IntervalCensored moved = family;
    moved.set_coordinates(v);
    Matrix out(n, 1);
    moved.log_densities(ends, out);
    return out.sum();
  };
  const Vector own = family.coordinates();
  EXPECT_LT(testing_support::gradient(log_likelihood, own).norm() / n, 1e-6);
  EXPECT_NEAR(family.family().as<Untied<Shifted<Weibull>>>()->component(0).shift(), 10, 0.3);
}

// Normal rows are the limit of ever larger shapes.
TEST(Shifted, OfSymmetricRowsStaysFinite) {
  const Matrix x = -draws(Gamma(2, 1), 200);
  const auto found = estimated(Shifted<Gamma>(), x, Vector::Ones(200), 200);
  EXPECT_TRUE(found.coordinates().allFinite());
  EXPECT_NE(found.caution(), "");
}

}  // namespace
}  // namespace mix
