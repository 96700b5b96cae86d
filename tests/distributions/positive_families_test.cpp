// Families of one positive column: densities against Boost.Math, estimates against the score, and
// data at the edges. What all families owe is checked in tests/laws.
#include <gtest/gtest.h>

#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/inverse_gamma.hpp>
#include <boost/math/distributions/inverse_gaussian.hpp>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/pareto.hpp>
#include <boost/math/distributions/rayleigh.hpp>
#include <boost/math/distributions/weibull.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <initializer_list>
#include <numbers>
#include <stdexcept>
#include <string>

#include "mix/concepts.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/inverse_gamma.h"
#include "mix/distributions/inverse_gaussian.h"
#include "mix/distributions/lognormal.h"
#include "mix/distributions/pareto.h"
#include "mix/distributions/rayleigh.h"
#include "mix/distributions/weibull.h"
#include "mix/em.h"
#include "mix/untied.h"
#include "support/evaluate.h"
#include "support/score.h"

namespace mix {
namespace {

using namespace test;

// Outside of the support the density is 0, whatever the cell holds, and such rows count for
// nothing.
template <class D>
void expect_positive_support(const D& distribution) {
  for (const double x : {0.0, -1.0, infinity, -infinity, quiet_nan}) {
    EXPECT_EQ(log_density_at(distribution, {x}), -infinity) << D::name << " at " << x;
  }
  EXPECT_EQ(distribution.check_support(rows(1, {1, 2, 0, -3})),
            "row 3, column 1: 0 is not a positive number (finite, above 0); 2 rows in all");
  EXPECT_EQ(distribution.check_support(rows(1, {quiet_nan})),
            "row 1, column 1: the value is missing");
}

static_assert(Streaming<Gamma> && Sampleable<Gamma> && ExponentialFamily<Gamma> && Charted<Gamma>);

TEST(Gamma, HasTheDensityOfTheTextbook) {
  expect_density(Gamma(2.5, 3), boost::math::gamma_distribution<>(2.5, 3),
                 {1e-8, 0.1, 1, 7.5, 40, 800});
  expect_density(Gamma(0.2, 10), boost::math::gamma_distribution<>(0.2, 10), {1e-8, 0.1, 40});
  expect_positive_support(Gamma(2, 1));
}

TEST(Gamma, LosesNoDigitsAtLargeShapes) {
  // At the mean: log f = 1/2 log(a / 2 pi) - 1/(12 a) - log m.
  for (const double shape : {1e3, 1e6, 1e9, 1e12}) {
    const double expected =
        0.5 * std::log(shape / (2 * std::numbers::pi)) - 1 / (12 * shape) - std::log(5.0);
    EXPECT_NEAR(log_density_at(Gamma(shape, 5 / shape), {5}), expected, 1e-9) << shape;
  }
}

TEST(Gamma, HasACdfAtAnyShapeAndValue) {
  // Where Boost.Math needs few terms.
  for (const double shape : {1e8, 1e9}) {
    for (const double z : {-12.0, -3.0, -0.1, 0.0, 0.1, 3.0, 12.0}) {
      const double x = shape + z * std::sqrt(shape);
      EXPECT_NEAR(Gamma(shape, 1).cdf(x) / boost::math::gamma_p(shape, x), 1, 1e-8)
          << shape << " " << z;
    }
  }
  // The first two terms of Edgeworth's series; the third is of order 1 / shape.
  const double shape = 1e12;
  for (const double z : {-6.0, -5.0, -1.0, 0.0, 0.5, 2.0, 6.0}) {
    const double normal = 0.5 * std::erfc(-z / std::numbers::sqrt2);
    const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
    EXPECT_NEAR(Gamma(shape, 1).cdf(shape + z * std::sqrt(shape)),
                normal - density * (z * z - 1) / (3 * std::sqrt(shape)), 1e-11)
        << z;
  }
  for (double size = 1e-8; size < 1e301; size *= 1e3) {
    const Gamma gamma(size, 1);
    EXPECT_EQ(InverseGamma(size, 1e10).cdf(1e-300), 0) << size;  // their ratio overflows
    double before = 0;
    for (const double factor : {0.0, 1e-300, 1e-3, 0.5, 1 - 1e-5, 1.0, 1 + 1e-5, 2.0, 1e3, 1e308}) {
      const double below = gamma.cdf(size * factor);
      EXPECT_GE(below, before) << size << " " << factor;
      EXPECT_LE(below, 1);
      before = below;
    }
    // Beyond, a rounding of 1 / size is many standard deviations.
    if (size > 1e15) continue;
    EXPECT_NEAR(InverseGamma(size, 1).cdf(1 / size), 1 - gamma.cdf(size), 1e-7) << size;
  }
}

// The estimate from draws is where the score vanishes.
template <class D>
D expect_best(const D& truth, const D& from, Index steps = 1) {
  const Matrix x = draws(truth, 400);
  const Vector w = uneven_weights(400);
  D fitted = estimated(from, x, w, steps);
  EXPECT_LT(score(fitted, x, w), 1e-9) << D::name;
  EXPECT_EQ(fitted.flaw(w.sum()), "") << D::name;
  return fitted;
}

// A component on equal rows among others stays finite and says so; the next estimate is as good as
// ever. Data without any other rows are refused by name.
template <class D>
D expect_bounded(D fitted, Index steps = 1) {
  const Matrix x = rows(1, {2, 2, 2, 2, 5, 9, 1, 4});
  const Vector all = Vector::Ones(8);
  const D good = estimated(fitted, x, all, steps);
  fitted.prepare(x, all);
  for (Index i = 0; i < steps; ++i) estimate(fitted, x, Vector{{1, 1, 1, 1, 0, 0, 0, 0}});
  const D tied = fitted;
  EXPECT_TRUE(std::isfinite(log_density_at(fitted, {2}))) << D::name;
  EXPECT_FALSE(std::isnan(log_density_at(fitted, {3}))) << D::name;
  EXPECT_NE(fitted.flaw(4), "") << D::name;
  for (Index i = 0; i < steps; ++i) estimate(fitted, x, all);
  EXPECT_EQ(fitted.flaw(8), "") << D::name;
  EXPECT_NEAR(weighted_log_likelihood(fitted, x, all), weighted_log_likelihood(good, x, all), 1e-7)
      << D::name;
  EXPECT_THROW(D().prepare(Matrix::Constant(3, 1, 2.0), Vector::Ones(3)), std::invalid_argument);
  return tied;
}

TEST(Gamma, EstimatesTheNumericalOptimum) {
  for (const double shape : {0.05, 0.7, 4.0, 900.0}) expect_best(Gamma(shape, 2), Gamma());
  const Matrix x = rows(1, {1, 2, 6});
  EXPECT_NEAR(estimated(Gamma(), x, Vector::Ones(3)).mean(), 3, 1e-14);
}

TEST(Gamma, StaysFiniteOnEqualRowsAndSaysSo) {
  const Gamma tied = expect_bounded(Gamma());
  EXPECT_GT(tied.shape(), 1e9);
  EXPECT_NEAR(tied.mean(), 2, 1e-12);
}

TEST(Lognormal, HasTheDensityOfTheTextbook) {
  expect_density(Lognormal(0.5, 2), boost::math::lognormal_distribution<>(0.5, 2),
                 {1e-8, 0.1, 1, 7.5, 40, 8000});
  expect_positive_support(Lognormal());
  EXPECT_NEAR(Lognormal(1, 2).mean(), std::exp(3.0), 1e-12);
}

TEST(Lognormal, EstimatesMeanAndVarianceOfTheLogarithm) {
  const Lognormal fitted = expect_best(Lognormal(3, 0.4), Lognormal());
  const Vector logs = draws(Lognormal(3, 0.4), 400).array().log();
  const Vector w = uneven_weights(400);
  const double mean = w.dot(logs) / w.sum();
  EXPECT_NEAR(fitted.log_mean(), mean, 1e-12);
  const double variance = w.dot((logs.array() - mean).square().matrix()) / w.sum();
  EXPECT_NEAR(fitted.log_standard_deviation(), std::sqrt(variance), 1e-10);
  expect_bounded(Lognormal());
}

TEST(Weibull, HasTheDensityOfTheTextbook) {
  expect_density(Weibull(2.5, 3), boost::math::weibull_distribution<>(2.5, 3),
                 {1e-8, 0.1, 1, 3, 7.5, 15});
  expect_density(Weibull(0.4, 3), boost::math::weibull_distribution<>(0.4, 3), {1e-8, 0.1, 4000});
  expect_positive_support(Weibull());
}

TEST(Weibull, EstimatesTheNumericalOptimum) {
  for (const double shape : {0.3, 1.0, 8.0}) expect_best(Weibull(shape, 20), Weibull(), 60);
  expect_bounded(Weibull(), 400);
}

TEST(InverseGaussian, HasTheDensityOfTheTextbook) {
  expect_density(InverseGaussian(2.5, 3), boost::math::inverse_gaussian_distribution<>(2.5, 3),
                 {0.01, 0.1, 1, 2.5, 7.5, 40, 400});
  expect_positive_support(InverseGaussian());
}

TEST(InverseGaussian, EstimatesTheNumericalOptimum) {
  for (const double shape : {0.1, 5.0, 1e4}) {
    const InverseGaussian truth(2, shape);
    const InverseGaussian fitted = expect_best(truth, InverseGaussian());
    const Vector x = draws(truth, 400);
    const Vector w = uneven_weights(400);
    const double mean = w.dot(x) / w.sum();
    EXPECT_NEAR(fitted.mean(), mean, 1e-12);
    EXPECT_NEAR(1 / fitted.shape(), w.dot(x.cwiseInverse()) / w.sum() - 1 / mean,
                1e-12 / fitted.shape() + 1e-14);
  }
  expect_bounded(InverseGaussian());
}

TEST(InverseGamma, HasTheDensityOfTheTextbook) {
  expect_density(InverseGamma(2.5, 3), boost::math::inverse_gamma_distribution<>(2.5, 3),
                 {0.02, 0.1, 1, 7.5, 40, 8000});
  expect_positive_support(InverseGamma());
}

TEST(InverseGamma, EstimatesTheNumericalOptimum) {
  for (const double shape : {0.2, 3.0, 500.0}) expect_best(InverseGamma(shape, 2), InverseGamma());
  expect_bounded(InverseGamma());
}

TEST(Rayleigh, HasTheDensityAndTheEstimateOfTheTextbook) {
  expect_density(Rayleigh(3), boost::math::rayleigh_distribution<>(3), {1e-8, 0.1, 3, 30});
  expect_positive_support(Rayleigh());
  const Matrix x = rows(1, {1, 2, 5});
  Rayleigh fitted;
  estimate(fitted, x, Vector{{2, 1, 1}});
  EXPECT_NEAR(fitted.scale(), std::sqrt((2 + 4 + 25) / 8.0), 1e-14);
  EXPECT_LT(score(fitted, x, Vector{{2, 1, 1}}), 1e-9);
}

// The message of the error that these data are refused with, empty where they are taken.
template <class D>
std::string complaint_about(double unit) {
  const Matrix x = unit * rows(1, {1, 2, 3, 5, 9, 14});
  MixtureState state{Vector{{1}}, Untied(D())};
  try {
    state.family.prepare(x, Vector::Ones(6));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  const EmReport report = run_em(state, x, Vector::Ones(6), {});
  EXPECT_TRUE(std::isfinite(report.log_likelihood)) << D::name << " in units of " << unit;
  return {};
}

TEST(PositiveFamilies, RefuseUnitsInWhichTheirSumsAreNoNumbers) {
  for (const double unit : {1e-140, 1e-8, 1.0, 1e148}) {
    EXPECT_EQ(complaint_about<Rayleigh>(unit), "") << unit;
    EXPECT_EQ(complaint_about<Gamma>(unit), "") << unit;
    EXPECT_EQ(complaint_about<InverseGaussian>(unit), "") << unit;
    EXPECT_EQ(complaint_about<InverseGamma>(unit), "") << unit;
  }
  const auto refuses = [](const std::string& complaint, const std::string& remedy) {
    EXPECT_NE(complaint.find("no longer be numbers of double precision"), std::string::npos)
        << complaint;
    EXPECT_NE(complaint.find("give the column in a " + remedy + " unit"), std::string::npos)
        << complaint;
  };
  refuses(complaint_about<Rayleigh>(1e-200), "smaller");
  refuses(complaint_about<Rayleigh>(1e200), "larger");
  refuses(complaint_about<Gamma>(5e306), "larger");
  refuses(complaint_about<InverseGaussian>(5e306), "larger");
  refuses(complaint_about<InverseGaussian>(1e-308), "smaller");
  refuses(complaint_about<InverseGamma>(1e-308), "smaller");
}

TEST(Rayleigh, HasTheLeastScaleWhereSquaresVanishBesideOthers) {
  const Matrix x = rows(1, {1e-200, 2e-200, 1, 3});
  Rayleigh fitted;
  fitted.prepare(x, Vector::Ones(4));
  estimate(fitted, x, Vector{{1, 1, 0, 0}});
  EXPECT_GT(fitted.scale(), 0);
  EXPECT_LT(fitted.scale(), 1e-150);
}

TEST(Pareto, HasTheDensityOfTheTextbook) {
  expect_density(Pareto(1.5, 2), boost::math::pareto_distribution<>(2, 1.5), {2.5, 3, 30, 1e6});
  EXPECT_NEAR(log_density_at(Pareto(1.5, 2), {2}), std::log(0.75), 1e-15);
  for (const double x : {1.999, 0.0, -1.0, infinity, quiet_nan}) {
    EXPECT_EQ(log_density_at(Pareto(1.5, 2), {x}), -infinity) << x;
  }
}

TEST(Pareto, LearnsAMinimumUnlessItIsGiven) {
  const Matrix x = rows(1, {3, 4, 6, 20});
  const Vector w{{1, 2, 1, 1}};
  EXPECT_EQ(estimated(Pareto(), x, w).minimum(), 3);
  const Pareto given = estimated(Pareto(1, 2), x, w);
  EXPECT_EQ(given.minimum(), 2);
  EXPECT_NEAR(given.shape(), 5 / std::log(1.5 * 2 * 2 * 3 * 10), 1e-14);
  EXPECT_LT(score(given, x, w), 1e-9);
  EXPECT_EQ(Pareto(1, 5).check_support(x),
            "row 1, column 1: 3 is not a finite number of at least 5, the minimum; 2 rows in all");
  EXPECT_EQ(Pareto().check_support(x), "");
  EXPECT_NE(Pareto().check_support(rows(1, {0})), "");
}

TEST(PositiveFamilies, RefuseImpossibleParameters) {
  EXPECT_THROW(Gamma(0, 1), std::invalid_argument);
  EXPECT_THROW(Gamma(1, infinity), std::invalid_argument);
  EXPECT_THROW(Gamma(quiet_nan, 1), std::invalid_argument);
  EXPECT_THROW(Lognormal(infinity, 1), std::invalid_argument);
  EXPECT_THROW(Lognormal(0, 0), std::invalid_argument);
  EXPECT_THROW(Weibull(-1, 1), std::invalid_argument);
  EXPECT_THROW(Weibull(1, 0), std::invalid_argument);
  EXPECT_THROW(InverseGaussian(1, 0), std::invalid_argument);
  EXPECT_THROW(InverseGamma(0, 1), std::invalid_argument);
  EXPECT_THROW(Rayleigh(0), std::invalid_argument);
  EXPECT_THROW(Pareto(1, 0), std::invalid_argument);
  try {
    Gamma(2, -3);
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "Gamma: scale is -3; it must be positive and finite");
  }
}

}  // namespace
}  // namespace mix
