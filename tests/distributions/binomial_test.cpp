#include "mix/distributions/binomial.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/em.h"
#include "support/evaluate.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(Streaming<Binomial> && Sampleable<Binomial>);
static_assert(check_component<Binomial>());

TEST(Binomial, HasTheDensityOfTheTextbook) {
  EXPECT_NEAR(log_density_at(Binomial(5, 0.3), {2}), std::log(10 * 0.09 * 0.343), 1e-14);
  for (const double x : {-1.0, 6.0, 2.5, quiet_nan}) {
    EXPECT_EQ(log_density_at(Binomial(5, 0.3), {x}), -infinity) << x;
  }
}

TEST(Binomial, ReachesProbabilityZeroAndOne) {
  EXPECT_EQ(log_density_at(Binomial(5, 0.0), {0}), 0);
  EXPECT_EQ(log_density_at(Binomial(5, 0.0), {1}), -infinity);
  EXPECT_EQ(log_density_at(Binomial(5, 1.0), {5}), 0);
  Binomial fitted(5);
  estimate(fitted, rows(1, {5, 5}), Vector::Ones(2));
  EXPECT_EQ(fitted.probability(), 1);
}

TEST(Binomial, TakesTrialsFromAColumn) {
  const Matrix with_trials = rows(2, {2, 7, 0, 7, 6, 7});
  Binomial by_column = Binomial::with_trials_column();
  Binomial by_number(7);
  EXPECT_EQ(by_column.dimension(), 2);
  estimate(by_column, with_trials, Vector{{1, 2, 3}});
  estimate(by_number, with_trials.leftCols(1), Vector{{1, 2, 3}});
  EXPECT_EQ(by_column.probability(), by_number.probability());
  EXPECT_EQ(log_density(by_column, with_trials), log_density(by_number, with_trials.leftCols(1)));
}

TEST(Binomial, IsConditionalOnTheTrials) {
  const Binomial distribution = Binomial::with_trials_column(0.3);
  double sum = 0;
  for (double successes = 0; successes <= 9; ++successes) {
    sum += std::exp(log_density_at(distribution, {successes, 9}));
  }
  EXPECT_NEAR(sum, 1, 1e-14);
  EXPECT_EQ(log_density_at(distribution, {0, 0}), 0);
  EXPECT_EQ(log_density_at(distribution, {3, 2}), -infinity);
  EXPECT_EQ(log_density_at(distribution, {1, quiet_nan}), -infinity);
}

TEST(Binomial, DrawsRowsWithTheMeanTrialsSeen) {
  Binomial distribution = Binomial::with_trials_column(0.3);
  distribution.prepare(rows(2, {1, 4, 0, 9}), Vector::Ones(2));
  EXPECT_EQ(distribution.trials(), 7);  // 6.5, rounded
  Rng rng(1);
  Vector row(2);
  distribution.sample(rng, row);
  EXPECT_EQ(row[1], 7);
}

TEST(Binomial, EstimatesTheNumericalOptimumWithAndWithoutSmoothing) {
  const Matrix x = rows(1, {0, 4, 1, 2, 7});
  const Vector w{{0.5, 1.0, 2.0, 0.3, 1.7}};
  for (const double pseudo_count : {0.0, 0.7}) {
    Binomial fitted(9, 0.5, {.pseudo_count = pseudo_count});
    estimate(fitted, x, w);
    const auto at = [&](double t) {
      const Binomial moved(9, fitted.probability() + t, {.pseudo_count = pseudo_count});
      return weighted_log_likelihood(moved, x, w) + moved.log_prior();
    };
    EXPECT_NEAR(distance_to_maximum(at, 1e-4), 0, 1e-8) << pseudo_count;
  }
}

TEST(Binomial, NamesTheFirstRowWithMoreSuccessesThanTrials) {
  EXPECT_EQ(Binomial(5).check_support(rows(1, {5, 6})), "row 2, column 1: 6 successes in 5 trials");
  EXPECT_EQ(Binomial::with_trials_column().check_support(rows(2, {1, 2, 3, 2.5, 9, 8})),
            "row 2, column 1: 3 successes in 2.5 trials; 2 rows in all");
}

TEST(Binomial, RefusesImpossibleParameters) {
  EXPECT_THROW(Binomial(0), std::invalid_argument);
  EXPECT_THROW(Binomial(3, 1.5), std::invalid_argument);
  EXPECT_THROW(Binomial(3, 0.5, {.pseudo_count = -1}), std::invalid_argument);
}

TEST(Binomial, MixturesReachTheKnownFitOfTheTriboliumBeetles) {
  const Matrix x =
      rows(2, {25, 50, 26, 50, 26, 50, 29, 50, 28, 50, 27, 50, 26, 50, 20, 50, 14, 50,
               24, 50, 14, 50, 24, 50, 14, 50, 13, 50, 19, 50, 10, 50, 7,  50, 14, 50,
               15, 50, 26, 50, 32, 50, 32, 50, 19, 50, 16, 50, 13, 50, 15, 50, 23, 50});
  MixtureState state{Vector{{0.5, 0.5}}, Untied(std::vector{Binomial::with_trials_column(0.2),
                                                            Binomial::with_trials_column(0.6)})};
  const EmReport report = run_em(state, x, Vector::Ones(x.rows()), to_the_end());
  EXPECT_EQ(report.falls, 0);
  EXPECT_NEAR(report.log_likelihood, -86.5947109796, 1e-8);
  EXPECT_NEAR(state.weights[0], 0.478052037972, 1e-5);
  const auto& components = *state.family.as<Untied<Binomial>>();
  EXPECT_NEAR(components.component(0).probability(), 0.282404649687, 1e-5);
  EXPECT_NEAR(components.component(1).probability(), 0.523316594189, 1e-5);
}

TEST(Binomial, LosesNoDigitsAtLargeCounts) {
  // The central term: C(2n, n) / 4^n = exp(-1/(8n) + 1/(192 n^3)) / sqrt(pi n).
  for (const double n : {600.0, 1e6, 1e9}) {
    const double expected =
        -0.5 * std::log(std::numbers::pi * n) - 1 / (8 * n) + 1 / (192 * n * n * n);
    EXPECT_NEAR(log_density_at(Binomial(static_cast<Index>(2 * n), 0.5), {n}), expected, 1e-12)
        << n;
  }
  // Few successes of very many trials are nearly Poisson.
  EXPECT_NEAR(log_density_at(Binomial(Index{4000000000}, 1e-9), {3}),
              3 * std::log(4.0) - 4 - std::log(6.0), 1e-8);
}

}  // namespace
