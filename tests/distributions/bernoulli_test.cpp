#include "mix/distributions/bernoulli.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/distributions/binomial.h"
#include "mix/distributions/categorical.h"
#include "support/evaluate.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(Streaming<Bernoulli> && Sampleable<Bernoulli> && WithPrior<Bernoulli>);
static_assert(check_component<Bernoulli>());

TEST(Bernoulli, HasTheDensityOfTheTextbook) {
  const Bernoulli distribution(Vector{{0.2, 0.9}});
  EXPECT_NEAR(log_density_at(distribution, {1, 0}), std::log(0.2) + std::log(0.1), 1e-14);
  for (const double x : {-1.0, 0.5, 2.0}) {
    EXPECT_EQ(log_density_at(distribution, {x, 1}), -infinity) << x;
  }
  EXPECT_NEAR(log_density_at(distribution, {quiet_nan, 0}), std::log(0.1), 1e-14);
}

TEST(Bernoulli, ReachesProbabilityZeroAndOne) {
  Bernoulli fitted(2);
  estimate(fitted, rows(2, {0, 1, 0, 1, 0, 1}), Vector{{0.1, 0.2, 0.3}});
  EXPECT_EQ(fitted.probability(), (Vector{{0.0, 1.0}}));
  EXPECT_EQ(log_density_at(fitted, {0, 1}), 0);
  EXPECT_EQ(log_density_at(fitted, {1, 1}), -infinity);
}

TEST(Bernoulli, EqualsBinomialAndCategoricalWhereTheyMeet) {
  const Matrix x = rows(1, {0, 1, 1, 0, 1});
  const Vector w{{0.5, 1.0, 2.0, 0.3, 1.7}};
  Bernoulli bernoulli(1);
  Binomial binomial(1);
  Categorical categorical(std::vector<Index>{2});
  estimate(bernoulli, x, w);
  estimate(binomial, x, w);
  estimate(categorical, x, w);
  const Vector expected = log_density(bernoulli, x);
  EXPECT_LT((log_density(binomial, x) - expected).cwiseAbs().maxCoeff(), 1e-14);
  EXPECT_LT((log_density(categorical, x) - expected).cwiseAbs().maxCoeff(), 1e-14);
  EXPECT_EQ(bernoulli.parameter_count(), binomial.parameter_count());
  EXPECT_EQ(bernoulli.parameter_count(), categorical.parameter_count());
}

TEST(Bernoulli, EstimatesTheNumericalOptimumWithAndWithoutSmoothing) {
  const Matrix x = rows(1, {0, 1, 1, 0, 1});
  const Vector w{{0.5, 1.0, 2.0, 0.3, 1.7}};
  for (const double pseudo_count : {0.0, 0.7}) {
    Bernoulli fitted(1, {.pseudo_count = pseudo_count});
    estimate(fitted, x, w);
    const auto at = [&](double t) {
      const Bernoulli moved(fitted.probability().array() + t, {.pseudo_count = pseudo_count});
      return weighted_log_likelihood(moved, x, w) + moved.log_prior();
    };
    EXPECT_NEAR(distance_to_maximum(at, 1e-4), 0, 1e-8) << pseudo_count;
  }
}

TEST(Bernoulli, MovesToThePriorModeWithoutWeight) {
  Bernoulli smoothed(Vector{{0.9}}, {.pseudo_count = 1});
  estimate(smoothed, rows(1, {1}), Vector::Zero(1));
  EXPECT_EQ(smoothed.probability()[0], 0.5);
  Bernoulli plain(Vector{{0.9}});
  estimate(plain, rows(1, {1}), Vector::Zero(1));
  EXPECT_EQ(plain.probability()[0], 0.9);
}

TEST(Bernoulli, NamesTheFirstCellThatIsNotBinary) {
  EXPECT_EQ(Bernoulli(2).check_support(rows(2, {0, 1, 0.5, 1})),
            "row 2, column 1: 0.5 is not 0 or 1");
}

TEST(Bernoulli, RefusesImpossibleParameters) {
  EXPECT_THROW(Bernoulli(0), std::invalid_argument);
  EXPECT_THROW(Bernoulli(Vector{{1.1}}), std::invalid_argument);
  EXPECT_THROW(Bernoulli(2, {.pseudo_count = -1}), std::invalid_argument);
}

}  // namespace
