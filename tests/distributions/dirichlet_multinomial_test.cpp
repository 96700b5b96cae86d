#include "mix/distributions/dirichlet_multinomial.h"

#include <gtest/gtest.h>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/binomial.hpp>
#include <cmath>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/distributions/beta_binomial.h"
#include "mix/distributions/binomial.h"
#include "mix/distributions/multinomial.h"
#include "support/evaluate.h"
#include "support/score.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(check_component<BetaBinomial>() && check_component<DirichletMultinomial>());
static_assert(Sampleable<BetaBinomial> && Sampleable<DirichletMultinomial>);

TEST(BetaBinomial, HasTheDensityOfTheTextbook) {
  for (const double a : {0.01, 0.7, 30.0}) {
    for (const double b : {0.2, 5.0}) {
      const BetaBinomial distribution(40, a, b);
      for (const double x : {0.0, 1.0, 17.0, 40.0}) {
        const double wanted =
            std::log(boost::math::binomial_coefficient<double>(40, static_cast<unsigned>(x)) *
                     boost::math::beta(x + a, 40 - x + b) / boost::math::beta(a, b));
        EXPECT_NEAR(log_density_at(distribution, {x}), wanted, 1e-12 * (1 + std::abs(wanted)));
      }
    }
  }
  for (const double x : {-1.0, 41.0, 2.5, quiet_nan}) {
    EXPECT_EQ(log_density_at(BetaBinomial(40), {x}), -infinity) << x;
  }
}

TEST(BetaBinomial, IsUniformWithTwoOnesAndBinomialInTheLimit) {
  EXPECT_NEAR(log_density_at(BetaBinomial(200), {77}), -std::log(201.0), 1e-12);
  EXPECT_NEAR(log_density_at(BetaBinomial(200, 2e9, 3e9), {77}),
              log_density_at(Binomial(200, 0.4), {77}), 1e-5);
}

TEST(BetaBinomial, TakesTrialsFromAColumn) {
  const Matrix with_trials = rows(2, {2, 7, 0, 7, 6, 7, 1, 7});
  BetaBinomial by_column = BetaBinomial::with_trials_column();
  BetaBinomial by_number(7);
  estimate(by_column, with_trials, Vector{{1, 2, 3, 1}});
  estimate(by_number, with_trials.leftCols(1), Vector{{1, 2, 3, 1}});
  EXPECT_EQ(by_column.alpha(), by_number.alpha());
  EXPECT_EQ(log_density(by_column, with_trials), log_density(by_number, with_trials.leftCols(1)));
  by_column.prepare(with_trials, Vector::Ones(4));
  EXPECT_EQ(by_column.trials(), 7);
}

TEST(BetaBinomial, EstimatesTheNumericalOptimumInOneStep) {
  const Matrix x = rows(1, {0, 3, 12, 9, 7, 1, 0, 20, 15, 4});
  BetaBinomial fitted(20);
  estimate(fitted, x, uneven_weights(10));
  EXPECT_LT(score(fitted, x, uneven_weights(10)), 1e-9);
}

TEST(BetaBinomial, EstimatesTheNumericalOptimumOfManyTrials) {
  const Matrix x = draws(BetaBinomial(5000, 4, 9), 200);
  BetaBinomial fitted(5000, 1, 1);
  for (int step = 0; step < 30; ++step) estimate(fitted, x, uneven_weights(200));
  EXPECT_LT(score(fitted, x, uneven_weights(200), 1e-2), 1e-9);
  BetaBinomial started(5000);
  started.start(x, uneven_weights(200));
  EXPECT_NEAR(started.alpha(), fitted.alpha(), 1e-6);
}

TEST(BetaBinomial, BecomesBinomialWhereCountsVaryNoMore) {
  const Matrix x = rows(1, {8, 9, 8, 7, 8});
  BetaBinomial fitted(20);
  Binomial limit(20);
  for (int step = 0; step < 3; ++step) estimate(fitted, x, Vector::Ones(5));
  estimate(limit, x, Vector::Ones(5));
  EXPECT_NEAR(fitted.probability(), 0.4, 1e-6);
  EXPECT_NEAR(weighted_log_likelihood(fitted, x, Vector::Ones(5)),
              weighted_log_likelihood(limit, x, Vector::Ones(5)), 1e-6);
}

TEST(BetaBinomial, IsDefinedAtTheEdges) {
  // Successes alone, all or nothing, and single trials, which say nothing about the spread.
  for (const Matrix& x : {rows(1, {5, 5, 5}), rows(1, {0, 5, 5}), rows(1, {0, 0, 0})}) {
    BetaBinomial fitted(5);
    for (int step = 0; step < 3; ++step) estimate(fitted, x, Vector::Ones(3));
    const double share = x.sum() / 15;
    EXPECT_NEAR(fitted.probability(), share, 1e-4);
    EXPECT_TRUE(log_density(fitted, x).allFinite());
  }
  BetaBinomial single(1, 2, 2);
  estimate(single, rows(1, {0, 1, 1, 1}), Vector::Ones(4));
  EXPECT_NEAR(single.probability(), 0.75, 1e-12);
}

TEST(BetaBinomial, RecoversItsParameters) {
  constexpr Index n = 20000;
  BetaBinomial fitted(12);
  fitted.start(draws(BetaBinomial(12, 2, 6), n), Vector::Ones(n));
  // Standard errors by the observed information: 0.038 and 0.122.
  EXPECT_NEAR(fitted.alpha(), 2, 4 * 0.038);
  EXPECT_NEAR(fitted.beta(), 6, 4 * 0.122);
}

// Boys among the first 12 children of 6115 families in Saxony (Geissler 1889), with the estimates
// of the literature.
TEST(BetaBinomial, ReachesTheKnownFitOfTheFamiliesInSaxony) {
  const Vector boys = Vector::LinSpaced(13, 0, 12);
  const Vector families{{3, 24, 104, 286, 670, 1033, 1343, 1112, 829, 478, 181, 45, 7}};
  BetaBinomial fitted(12);
  estimate(fitted, boys, families);
  EXPECT_NEAR(fitted.alpha(), 34.09558, 1e-2);
  EXPECT_NEAR(fitted.beta(), 31.5715, 1e-2);
  EXPECT_NEAR(weighted_log_likelihood(fitted, boys, families), -12492.9, 0.05);
}

TEST(BetaBinomial, RefusesImpossibleParametersAndRows) {
  EXPECT_THROW(BetaBinomial(0), std::invalid_argument);
  EXPECT_THROW(BetaBinomial(5, 0, 1), std::invalid_argument);
  EXPECT_THROW(BetaBinomial(5, 1, quiet_nan), std::invalid_argument);
  EXPECT_EQ(BetaBinomial(5).check_support(rows(1, {5, 6})),
            "row 2, column 1: 6 successes in 5 trials");
}

TEST(DirichletMultinomial, OfTwoOutcomesIsBetaBinomial) {
  const DirichletMultinomial both(Vector{{0.7, 2.5}});
  EXPECT_NEAR(log_density_at(both, {3, 6}), log_density_at(BetaBinomial(9, 0.7, 2.5), {3}), 1e-13);
}

TEST(DirichletMultinomial, HasTheDensityOfTheTextbook) {
  // Uniform over the 15 ways to put 4 counts into 3 outcomes.
  EXPECT_NEAR(log_density_at(DirichletMultinomial(3), {1, 0, 3}), -std::log(15.0), 1e-13);
  const DirichletMultinomial limit(Vector{{1e9, 2e9, 5e9}});
  const Multinomial multinomial(Vector{{0.125, 0.25, 0.625}});
  EXPECT_NEAR(log_density_at(limit, {30, 50, 900}), log_density_at(multinomial, {30, 50, 900}),
              1e-4);
  EXPECT_EQ(log_density_at(limit, {1, -1, 2}), -infinity);
  EXPECT_EQ(log_density_at(limit, {1, 0.5, 2}), -infinity);
  EXPECT_EQ(log_density_at(limit, {0, 0, 0}), 0);
}

TEST(DirichletMultinomial, EstimatesTheNumericalOptimum) {
  const DirichletMultinomial truth(Vector{{0.4, 1.2, 3.0, 0.1}}, 40);
  const Matrix x = draws(truth, 60);
  DirichletMultinomial fitted(4);
  estimate(fitted, x, uneven_weights(60));
  EXPECT_LT(score(fitted, x, uneven_weights(60)), 1e-9);
}

TEST(DirichletMultinomial, EstimatesTheNumericalOptimumOfManyOutcomes) {
  Vector concentrations = Vector::LinSpaced(120, 0.05, 2);
  const Matrix x = draws(DirichletMultinomial(concentrations, 300), 400);
  DirichletMultinomial fitted(120);
  fitted.start(x, uneven_weights(400));
  for (int step = 0; step < 20; ++step) estimate(fitted, x, uneven_weights(400));
  EXPECT_LT(score(fitted, x, uneven_weights(400), 1e-2), 1e-9);
}

TEST(DirichletMultinomial, SaysWhenItIsMultinomial) {
  DirichletMultinomial fitted(2);
  for (int step = 0; step < 40; ++step) {
    estimate(fitted, rows(2, {4, 6, 5, 5, 4, 6, 5, 5}), Vector::Ones(4));
  }
  EXPECT_NE(fitted.caution(), "");
  EXPECT_NEAR(fitted.concentrations()[0] / fitted.concentrations().sum(), 0.45, 1e-9);
}

TEST(DirichletMultinomial, GivesOutcomesThatNeverOccurTheLeastConcentration) {
  DirichletMultinomial fitted(3);
  const Matrix x = rows(3, {4, 6, 0, 9, 1, 0, 2, 8, 0});
  estimate(fitted, x, Vector::Ones(3));
  EXPECT_LT(fitted.concentrations()[2], 1e-8);
  DirichletMultinomial without(2);
  estimate(without, x.leftCols(2), Vector::Ones(3));
  EXPECT_NEAR(fitted.concentrations()[0], without.concentrations()[0], 1e-7);
}

TEST(DirichletMultinomial, RefusesImpossibleParameters) {
  EXPECT_THROW(DirichletMultinomial(0), std::invalid_argument);
  EXPECT_THROW(DirichletMultinomial(Vector{{1.0, 0.0}}), std::invalid_argument);
  EXPECT_THROW(DirichletMultinomial(Vector{{1.0, 2.0}}, -1), std::invalid_argument);
}

}  // namespace
