#include "mix/distributions/truncated.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <stdexcept>
#include <string>

#include "mix/distributions/gamma.h"
#include "mix/distributions/logistic.h"
#include "support/evaluate.h"
#include "support/score.h"

namespace mix {
namespace {

using namespace test;

static_assert(Streaming<TruncatedTo<Normal>> && Streaming<TruncatedTo<Gamma>> &&
              Refittable<TruncatedTo<Logistic>> && !Streaming<TruncatedTo<Logistic>>);

TEST(Truncated, DividesByTheProbabilityWithinTheBounds) {
  const boost::math::normal normal(1, 2);
  const TruncatedTo<Normal> seen(Normal(1, 2), 0, 4);
  const double within = cdf(normal, 4) - cdf(normal, 0);
  for (const double x : {0.0, 1.0, 3.9, 4.0}) {
    EXPECT_NEAR(log_density_at(seen, {x}), std::log(pdf(normal, x) / within), 1e-14);
    EXPECT_NEAR(seen.cdf(x), (cdf(normal, x) - cdf(normal, 0)) / within, 1e-14);
  }
  EXPECT_EQ(log_density_at(seen, {-1e-9}), -infinity);
  EXPECT_EQ(log_density_at(seen, {4.1}), -infinity);
  const double a = pdf(normal, 0) * 2;
  const double b = pdf(normal, 4) * 2;
  const double mean = 1 + 2 * (a - b) / within;
  EXPECT_NEAR(seen.moments().mean[0], mean, 1e-9);
  EXPECT_NEAR(seen.moments().covariance(0, 0),
              4 * (1 + (-0.5 * a - 1.5 * b) / within - std::pow((a - b) / within, 2)), 1e-9);
  EXPECT_EQ(std::string(TruncatedTo<Normal>::name), "truncated_normal");
  EXPECT_EQ(seen.title(), "truncated_normal, from 0 to 4");
  EXPECT_EQ(seen.check_support(rows(1, {1, 5})),
            "row 2, column 1: 5 is not a number within the bounds, from 0 to 4");
  EXPECT_THROW(TruncatedTo<Normal>(Normal(), 3, 3), std::invalid_argument);
  EXPECT_THROW(TruncatedTo<Exponential>(Exponential(2), 0, 3), std::invalid_argument);
}

// The cdf is 1 there to the last digit.
TEST(Truncated, KnowsNormalTailsToTheLastDigits) {
  const TruncatedTo<Normal> tail(Normal(0, 1), 40, infinity);
  // phi(z)/Q(z) = z + 1/z - 2/z^3 + ...
  EXPECT_NEAR(std::exp(log_density_at(tail, {40})), 40 + 1 / 40.0 - 2 / 64000.0, 1e-5);
  EXPECT_NEAR(tail.moments().mean[0], 40 + 1 / 40.0 - 2 / 64000.0, 1e-5);
  EXPECT_NEAR(log_density_at(TruncatedTo<Normal>(Normal(0, 1), -41, -40), {-40}),
              log_density_at(tail, {40}), 1e-9);
  EXPECT_GE(draws(tail, 100).minCoeff(), 40);
}

TEST(Truncated, EstimatesTheNumericalOptimumInAnyUnit) {
  const Vector w = uneven_weights(400);
  for (const double unit : {1e-6, 1.0, 1e6}) {
    const TruncatedTo<Normal> truth(Normal(unit, unit), 0, 2.5 * unit);
    const Matrix x = draws(truth, 400);
    const auto normal = estimated(TruncatedTo<Normal>(Normal(), 0, 2.5 * unit), x, w);
    EXPECT_LT(score(normal, x, w), 1e-9) << unit;
    EXPECT_NEAR(normal.base().mean() / unit, 1, 0.5);
    const auto waiting = estimated(TruncatedTo<Exponential>(Exponential(1), 0, 2.5 * unit), x, w);
    EXPECT_LT(score(waiting, x, w), 1e-9) << unit;
  }
  const Matrix amounts = draws(TruncatedTo<Gamma>(Gamma(4, 2), 4, 20), 400);
  EXPECT_LT(score(estimated(TruncatedTo<Gamma>(Gamma(), 4, 20), amounts, w), amounts, w), 1e-9);
  // Not a function of a few sums: estimated from all rows.
  const Matrix rows = draws(TruncatedTo<Logistic>(Logistic(1, 0.5), 0, 3), 400);
  EXPECT_LT(score(estimated(TruncatedTo<Logistic>(Logistic(), 0, 3), rows, w), rows, w), 1e-9);
}

TEST(Truncated, WithoutBoundsIsTheDistribution) {
  const Matrix x = draws(Normal(3, 2), 100);
  const Vector w = Vector::Ones(100);
  const auto open = estimated(TruncatedTo<Normal>(Normal(), -infinity, infinity), x, w);
  const Normal plain = estimated(Normal(), x, w);
  EXPECT_NEAR(open.base().mean(), plain.mean(), 1e-12);
  EXPECT_NEAR(open.base().standard_deviation(), plain.standard_deviation(), 1e-10);
}

// As spread as exponential rows: the normal distribution that comes nearest lies infinitely far.
TEST(Truncated, StaysFiniteWhereTheLikelihoodHasNoMaximum) {
  const Matrix x = draws(Exponential(Vector{{1.0}}), 300);
  const Vector w = Vector::Ones(300);
  const auto fitted = estimated(TruncatedTo<Normal>(Normal(), 0, infinity), x, w);
  EXPECT_NEAR(weighted_log_likelihood(fitted, x, w), -300 * (1 + std::log(x.mean())), 0.05);
  EXPECT_NE(fitted.caution(), "");
}

}  // namespace
}  // namespace mix
