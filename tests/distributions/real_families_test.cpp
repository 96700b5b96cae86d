// Families of one real column: densities against Boost.Math, estimates against the score, and data
// at the edges. What all families owe is checked in tests/laws.
#include <gtest/gtest.h>

#include <boost/math/distributions/extreme_value.hpp>
#include <boost/math/distributions/laplace.hpp>
#include <boost/math/distributions/logistic.hpp>
#include <cmath>
#include <initializer_list>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/distributions/gumbel.h"
#include "mix/distributions/laplace.h"
#include "mix/distributions/logistic.h"
#include "support/evaluate.h"
#include "support/score.h"

namespace mix {
namespace {

using namespace test;

static_assert(Streaming<mix::Gumbel> && Charted<mix::Gumbel> && Startable<Untied<mix::Gumbel>>);
static_assert(Streaming<Logistic> && Refittable<Laplace> && !Streaming<Laplace>);

// Outside of the support the density is 0, whatever the cell holds.
template <class D>
void expect_real_support(const D& distribution) {
  for (const double x : {infinity, -infinity, quiet_nan}) {
    EXPECT_EQ(log_density_at(distribution, {x}), -infinity) << D::name << " at " << x;
  }
  EXPECT_EQ(distribution.check_support(rows(1, {1, infinity})),
            "row 2, column 1: inf is not a finite number");
}

TEST(Gumbel, HasTheDensityOfTheTextbook) {
  expect_density(mix::Gumbel(3, 2), boost::math::extreme_value_distribution<>(3, 2),
                 {-8, 0, 3, 10, 200});
  expect_real_support(mix::Gumbel());
  EXPECT_EQ(log_density_at(mix::Gumbel(3, 2), {-1e9}), -infinity);
  EXPECT_NEAR(mix::Gumbel(3, 2).mean(), 3 + 2 * 0.57721566490153286, 1e-14);
}

TEST(Gumbel, EstimatesTheNumericalOptimumInAnyUnit) {
  const Matrix drawn = draws(mix::Gumbel(3, 2), 500);
  const Vector w = uneven_weights(500);
  for (const double unit : {1e-30, 1e-6, 1.0, 1e6}) {
    const Matrix x = unit * drawn;
    const mix::Gumbel fitted = estimated(mix::Gumbel(), x, w, 30);
    EXPECT_LT(score(fitted, x, w), 1e-9) << unit;
    EXPECT_NEAR(fitted.scale() / unit, 2, 0.3);
  }
}

// Steps reach the maximum also from far away, and for data that look nothing like it.
TEST(Gumbel, ClimbsToTheOptimumFromAnywhere) {
  const Matrix x = rows(1, {-50, 0, 0.1, 0.2, 0.3, 0.1, 7, 8, 9, 400});
  const Vector w = Vector::Ones(10);
  for (const mix::Gumbel& from :
       {mix::Gumbel(0, 1), mix::Gumbel(300, 0.5), mix::Gumbel(-1e4, 1e3)}) {
    mix::Gumbel fitted = from;
    fitted.prepare(x, w);
    double before = weighted_log_likelihood(fitted, x, w);
    for (int i = 0; i < 3000; ++i) {
      estimate(fitted, x, w);
      const double after = weighted_log_likelihood(fitted, x, w);
      ASSERT_TRUE(after >= before - 1e-9 * (1 + std::abs(before))) << i << ": " << after - before;
      before = after;
    }
    EXPECT_LT(score(fitted, x, w), 1e-9);
  }
}

TEST(Logistic, HasTheDensityOfTheTextbook) {
  expect_density(Logistic(3, 2), boost::math::logistic_distribution<>(3, 2), {-80, 0, 3, 10, 700});
  expect_real_support(Logistic());
  EXPECT_NEAR(log_density_at(Logistic(3, 2), {-1e9}), -(1e9 + 3) / 2 - std::log(2.0), 1e-6);
}

TEST(Logistic, EstimatesTheNumericalOptimumInAnyUnit) {
  const Matrix drawn = draws(Logistic(3, 2), 500);
  const Vector w = uneven_weights(500);
  for (const double unit : {1e-30, 1e-6, 1.0, 1e6}) {
    const Matrix x = unit * drawn;
    const Logistic fitted = estimated(Logistic(), x, w, 40);
    EXPECT_LT(score(fitted, x, w), 1e-9) << unit;
  }
}

TEST(Laplace, HasTheDensityOfTheTextbook) {
  expect_density(mix::Laplace(3, 2), boost::math::laplace_distribution<>(3, 2),
                 {-80, 0, 3, 10, 700});
  expect_real_support(mix::Laplace());
}

TEST(Laplace, EstimatesMedianAndMeanDeviation) {
  mix::Laplace fitted;
  fitted.fit(rows(1, {1, 2, 9, 4, 100}), Vector{{1, 1, 1, 1, 0.5}});
  EXPECT_EQ(fitted.median(), 4);
  EXPECT_NEAR(fitted.scale(), (3 + 2 + 5 + 48) / 4.5, 1e-14);
  // An interval of medians: its middle.
  fitted.fit(rows(1, {1, 2, 9, 4}), Vector::Ones(4));
  EXPECT_EQ(fitted.median(), 3);
  fitted.fit(rows(1, {1, 2, 9, 4}), Vector::Constant(4, 0.1));
  EXPECT_EQ(fitted.median(), 3);
  fitted.fit(rows(1, {5, 8}), Vector{{0, 2}});
  EXPECT_EQ(fitted.median(), 8);
}

// Against a sort, for many numbers of rows and weights.
TEST(Laplace, FindsTheWeightedMedianOfManyRows) {
  Rng rng(3);
  for (Index n = 1; n < 60; ++n) {
    Matrix x(n, 1);
    Vector w(n);
    for (Index i = 0; i < n; ++i) {
      x(i, 0) = static_cast<double>(uniform_index(rng, 20));
      w[i] = uniform(rng);
    }
    mix::Laplace fitted;
    fitted.fit(x, w);
    const auto deviation = [&](double m) { return w.dot((x.col(0).array() - m).abs().matrix()); };
    for (Index i = 0; i < n; ++i) {
      EXPECT_LE(deviation(fitted.median()), deviation(x(i, 0)) * (1 + 1e-12));
    }
  }
}

// A component on equal rows among others stays finite and says so.
template <class D>
void expect_least_scale(D fitted) {
  const Matrix x = rows(1, {2, 2, 2, 2, 5, 9, 1, 4});
  const Vector all = Vector::Ones(8);
  const Vector tied{{1, 1, 1, 1, 0, 0, 0, 0}};
  const D good = estimated(fitted, x, all, 400);
  const D narrow = [&] {
    D d = fitted;
    d.prepare(x, all);
    if constexpr (requires { d.start(x, tied); }) d.start(x, tied);
    for (int i = 0; i < 400; ++i) {
      if constexpr (requires { d.fit(x, tied); }) {
        d.fit(x, tied);
      } else {
        estimate(d, x, tied);
      }
    }
    return d;
  }();
  EXPECT_NEAR(narrow.scale(), 1e-5 * std::sqrt(x.squaredNorm() / 8 - x.mean() * x.mean()),
              0.6e-5 * x.maxCoeff());
  EXPECT_TRUE(std::isfinite(log_density_at(narrow, {2}))) << D::name;
  EXPECT_NE(narrow.flaw(4), "") << D::name;
  EXPECT_EQ(good.flaw(8), "") << D::name;
  EXPECT_THROW(D().prepare(Matrix::Constant(3, 1, 2.0), Vector::Ones(3)), std::invalid_argument);
}

TEST(RealFamilies, StayFiniteOnEqualRowsAndSaySo) {
  expect_least_scale(mix::Gumbel());
  expect_least_scale(Logistic());
  expect_least_scale(mix::Laplace());
}

TEST(RealFamilies, RefuseImpossibleParameters) {
  EXPECT_THROW(mix::Gumbel(infinity, 1), std::invalid_argument);
  EXPECT_THROW(mix::Gumbel(0, 0), std::invalid_argument);
  EXPECT_THROW(Logistic(0, -1), std::invalid_argument);
  EXPECT_THROW(mix::Laplace(0, quiet_nan), std::invalid_argument);
}

}  // namespace
}  // namespace mix
