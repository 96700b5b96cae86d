#include "mix/distributions/multinomial.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/distributions/binomial.h"
#include "mix/distributions/poisson.h"
#include "mix/em.h"
#include "support/evaluate.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(Streaming<Multinomial> && Sampleable<Multinomial>);
static_assert(check_component<Multinomial>());

TEST(Multinomial, HasTheDensityOfTheTextbook) {
  const Multinomial distribution(Vector{{0.2, 0.3, 0.5}});
  EXPECT_NEAR(log_density_at(distribution, {1, 2, 1}), std::log(12 * 0.2 * 0.09 * 0.5), 1e-14);
  EXPECT_EQ(log_density_at(distribution, {0, 0, 0}), 0);
  for (const double x : {-1.0, 0.5, quiet_nan}) {
    EXPECT_EQ(log_density_at(distribution, {1, x, 1}), -infinity) << x;
  }
}

TEST(Multinomial, SumsToOneOverAllRowsOfATotal) {
  const Multinomial distribution(Vector{{0.2, 0.3, 0.5}});
  double sum = 0;
  for (double a = 0; a <= 6; ++a) {
    for (double b = 0; a + b <= 6; ++b) {
      sum += std::exp(log_density_at(distribution, {a, b, 6 - a - b}));
    }
  }
  EXPECT_NEAR(sum, 1, 1e-14);
}

TEST(Multinomial, OfTwoOutcomesEqualsBinomial) {
  const Multinomial distribution(Vector{{0.3, 0.7}});
  EXPECT_NEAR(log_density_at(distribution, {2, 5}), log_density_at(Binomial(7, 0.3), {2}), 1e-13);
}

TEST(Multinomial, IsPoissonGivenTheTotal) {
  const Vector rate{{1.0, 2.5, 4.0}};
  const double total_rate = rate.sum();
  EXPECT_NEAR(log_density_at(Poisson(rate), {2, 1, 4}),
              log_density_at(Poisson(Vector{{total_rate}}), {7}) +
                  log_density_at(Multinomial(rate / total_rate), {2, 1, 4}),
              1e-13);
}

TEST(Multinomial, EstimatesTheNumericalOptimumWithAndWithoutSmoothing) {
  const Matrix x = rows(3, {0, 4, 1, 2, 7, 3, 1, 0, 0, 5, 5, 5});
  const Vector w{{0.5, 1.0, 2.0, 0.3}};
  for (const double pseudo_count : {0.0, 0.7}) {
    Multinomial fitted(3, {.pseudo_count = pseudo_count});
    estimate(fitted, x, w);
    EXPECT_NEAR(fitted.probabilities().sum(), 1, 1e-15);
    for (Index j = 0; j < 2; ++j) {
      const auto at = [&](double t) {
        Vector p = fitted.probabilities();
        p[j] += t;
        p[2] -= t;
        const Multinomial moved(p, 1, {.pseudo_count = pseudo_count});
        return weighted_log_likelihood(moved, x, w) + moved.log_prior();
      };
      EXPECT_NEAR(distance_to_maximum(at, 1e-4), 0, 1e-8) << pseudo_count;
    }
  }
}

TEST(Multinomial, ReachesProbabilityZero) {
  Multinomial fitted(3);
  estimate(fitted, rows(3, {1, 0, 3}), Vector::Ones(1));
  EXPECT_EQ(fitted.probabilities()[1], 0);
  EXPECT_EQ(log_density_at(fitted, {0, 1, 0}), -infinity);
  EXPECT_TRUE(std::isfinite(log_density_at(fitted, {5, 0, 0})));
}

TEST(Multinomial, DrawsRowsWithTheMeanTotalSeen) {
  Multinomial distribution(Vector{{0.5, 0.0, 0.5, 0.0}});
  distribution.prepare(rows(4, {1, 2, 3, 4, 20, 0, 0, 0}), Vector::Ones(2));
  Rng rng(1);
  Vector row(4);
  for (int i = 0; i < 20; ++i) {
    distribution.sample(rng, row);
    EXPECT_EQ(row.sum(), 15);
    EXPECT_EQ(row[1], 0);
    EXPECT_EQ(row[3], 0);
  }
}

TEST(Multinomial, NamesTheFirstCellThatIsNoCount) {
  EXPECT_EQ(Multinomial(2).check_support(rows(2, {0, 1, 0.5, 1})),
            "row 2, column 1: 0.5 is not a count (0, 1, 2, ...)");
}

TEST(Multinomial, RefusesImpossibleParameters) {
  EXPECT_THROW(Multinomial(0), std::invalid_argument);
  EXPECT_THROW(Multinomial(Vector{{0.5, 0.6}}), std::invalid_argument);
  EXPECT_THROW(Multinomial(Vector{{-0.5, 1.5}}), std::invalid_argument);
}

// Who does which of 13 tasks of a household: wife, alternating, husband, jointly.
TEST(Multinomial, MixturesReachTheKnownFitOfHouseTasks) {
  const Matrix x =
      rows(4, {36, 15, 7,  82, 11,  7,   13, 77, 24, 4, 53, 32, 51, 75,  3,  10, 13, 21,
               66, 13, 1,  6,  153, 0,   1,  53, 77, 8, 14, 2,  4,  156, 20, 5,  4,  124,
               46, 23, 15, 12, 3,   160, 2,  0,  23, 9, 55, 33, 11, 1,   57, 53});
  const auto about = [](double a, double b, double c, double d) {
    return Multinomial(Vector{{a, b, c, d}});
  };
  MixtureState two{Vector{{0.5, 0.5}},
                   Untied(std::vector{about(0.1, 0.4, 0.4, 0.1), about(0.2, 0.1, 0.2, 0.5)})};
  EmReport report = run_em(two, x, Vector::Ones(13), to_the_end());
  EXPECT_EQ(report.falls, 0);
  EXPECT_NEAR(report.log_likelihood, -632.722504462, 1e-8);
  MixtureState three{Vector::Constant(3, 1.0 / 3),
                     Untied(std::vector{about(0.1, 0.1, 0.6, 0.2), about(0.2, 0.1, 0.1, 0.6),
                                        about(0.2, 0.6, 0.1, 0.1)})};
  report = run_em(three, x, Vector::Ones(13), to_the_end());
  EXPECT_NEAR(report.log_likelihood, -371.598240204, 1e-8);
}

}  // namespace
