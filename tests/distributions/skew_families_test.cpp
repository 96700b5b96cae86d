// Skew-normal and skew-t: densities against Boost.Math, estimates against the score.
#include <gtest/gtest.h>

#include <boost/math/distributions/skew_normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/distributions/skew_normal.h"
#include "mix/distributions/skew_t.h"
#include "support/evaluate.h"
#include "support/score.h"

namespace mix {
namespace {

using namespace test;

static_assert(Streaming<SkewNormal> && Streaming<SkewT> && Cyclic<SkewT> && Charted<SkewT>);

TEST(SkewNormal, HasTheDensityAndCdfOfTheTextbook) {
  const boost::math::skew_normal_distribution<> reference(3, 2, -1.5);
  const SkewNormal skew(3, 2, -1.5);
  expect_density(skew, reference, {-20, 0, 2.5, 3, 6});
  for (const double x : {-5.0, 1.0, 3.0, 4.0}) EXPECT_NEAR(skew.cdf(x), cdf(reference, x), 1e-14);
  EXPECT_NEAR(skew.moments().mean[0], mean(reference), 1e-14);
  EXPECT_NEAR(skew.moments().covariance(0, 0), variance(reference), 1e-13);
  // Far in the thin tail: log 2 phi(z) phi(a z)/(-a z), and next to it the first correction.
  const double z = 500;
  const double u = 1.5 * z;
  EXPECT_NEAR(log_density_at(skew, {3 + 2 * z}),
              -std::log(2 * std::numbers::pi) - z * z / 2 - u * u / 2 - std::log(u) - 1 / (u * u),
              1e-6);
  EXPECT_EQ(log_density_at(skew, {infinity}), -infinity);
  EXPECT_EQ(log_density_at(skew, {quiet_nan}), -infinity);
}

TEST(SkewT, HasTheDensityOfTheTextbook) {
  for (const double dof : {0.5, 1.0, 4.5, 60.0, 9000.0}) {
    for (const double shape : {-7.0, -0.5, 0.0, 0.5, 7.0}) {
      const SkewT skew(3, 2, shape, dof);
      for (const double z : {-9.0, -1.0, -1e-3, 0.0, 0.2, 3.0, 40.0}) {
        const double u = shape * z * std::sqrt((dof + 1) / (dof + z * z));
        const double tail = cdf(boost::math::students_t(dof + 1), u);
        if (tail < 1e-200 || pdf(boost::math::students_t(dof), z) < 1e-290) continue;
        const double expected = std::log(pdf(boost::math::students_t(dof), z)) + std::log(tail);
        EXPECT_NEAR(log_density_at(skew, {3 + 2 * z}), expected, 1e-11 * (1 + std::abs(expected)))
            << dof << " " << shape << " " << z;
      }
      EXPECT_NEAR(skew.cdf(3), 0.5 - std::atan(shape) / std::numbers::pi, 1e-10);
    }
  }
  // Without skewness, Student's t; with very many degrees of freedom, the skew-normal.
  EXPECT_NEAR(SkewT(0, 1, 0, 3).cdf(-2), cdf(boost::math::students_t(3), -2), 1e-12);
  EXPECT_NEAR(log_density_at(SkewT(0, 1, 3, 1e4), {-1}), log_density_at(SkewNormal(0, 1, 3), {-1}),
              5e-3);
  EXPECT_EQ(log_density_at(SkewT(), {-infinity}), -infinity);
  EXPECT_TRUE(std::isfinite(log_density_at(SkewT(0, 1, 5, 1e4), {-1e300})));
  EXPECT_THROW(SkewT(0, 1, 1, 0.1), std::invalid_argument);
}

TEST(SkewNormal, EstimatesTheNumericalOptimumInAnyUnit) {
  const Matrix drawn = draws(SkewNormal(3, 2, 4), 500);
  const Vector w = uneven_weights(500);
  for (const double unit : {1e-6, -1.0, 1e6}) {
    const Matrix x = unit * drawn;
    const SkewNormal fitted = estimated(SkewNormal(), x, w, 3000);
    EXPECT_LT(score(fitted, x, w), 1e-9) << unit;
    EXPECT_NEAR(fitted.scale() / std::abs(unit), 2, 0.3);
    EXPECT_NEAR(fitted.shape() * (unit < 0 ? -1 : 1), 4, 1.5);
  }
}

TEST(SkewT, EstimatesTheNumericalOptimum) {
  const Matrix x = draws(SkewT(3, 2, -3, 5), 400);
  const Vector w = uneven_weights(400);
  SkewT fitted = estimated(SkewT(), x, w, 0);
  for (int i = 0; i < 800; ++i) {
    for (Index c = 0; c < fitted.cycles(); ++c) {
      fitted.select_cycle(c);
      estimate(fitted, x, w);
    }
    fitted.select_cycle(0);
  }
  EXPECT_LT(score(fitted, x, w), 1e-9);
  EXPECT_NEAR(fitted.scale(), 2, 0.5);
  EXPECT_NEAR(fitted.dof(), 5, 3);
}

// The likelihood rises with the shape without end: a limit, and a word about it.
TEST(SkewNormal, SaysWhenRowsAreHalfABell) {
  Matrix x = draws(SkewNormal(0, 1, 1e6), 60);
  const Vector w = Vector::Ones(60);
  const SkewNormal fitted = estimated(SkewNormal(), x, w, 20000);
  EXPECT_GT(fitted.shape(), 100);
  EXPECT_NE(fitted.caution(), "");
  EXPECT_TRUE(std::isfinite(weighted_log_likelihood(fitted, x, w)));
  EXPECT_EQ(SkewNormal().caution(), "");
}

}  // namespace
}  // namespace mix
