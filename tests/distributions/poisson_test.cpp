#include "mix/distributions/poisson.h"

#include <gtest/gtest.h>

#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/em.h"
#include "support/evaluate.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(Streaming<Poisson> && Sampleable<Poisson> && !FamilyShape<Poisson>);
static_assert(check_component<Poisson>());
static_assert(!std::constructible_from<Poisson, double>);

TEST(Poisson, HasTheDensityOfTheTextbook) {
  const Poisson distribution(Vector{{2.5}});
  EXPECT_NEAR(log_density_at(distribution, {0}), -2.5, 1e-15);
  EXPECT_NEAR(log_density_at(distribution, {3}), 3 * std::log(2.5) - 2.5 - std::log(6.0), 1e-14);
}

TEST(Poisson, AddsColumns) {
  const Poisson both(Vector{{1.5, 4.0}});
  EXPECT_NEAR(
      log_density_at(both, {2, 7}),
      log_density_at(Poisson(Vector{{1.5}}), {2}) + log_density_at(Poisson(Vector{{4.0}}), {7}),
      1e-14);
}

TEST(Poisson, GivesWhatIsNoCountTheDensityZero) {
  const Poisson distribution(Vector{{2.0}});
  for (const double x : {-1.0, 0.5, infinity, -infinity, quiet_nan}) {
    EXPECT_EQ(log_density_at(distribution, {x}), -infinity) << x;
  }
}

TEST(Poisson, OfRateZeroHasAllMassAtZero) {
  const Poisson distribution(Vector{{0.0}});
  EXPECT_EQ(log_density_at(distribution, {0}), 0);
  EXPECT_EQ(log_density_at(distribution, {1}), -infinity);
  Poisson fitted(1);
  estimate(fitted, Matrix::Zero(5, 1), Vector::Ones(5));
  EXPECT_EQ(fitted.rate()[0], 0);
}

TEST(Poisson, EstimatesTheNumericalOptimum) {
  const Matrix x = rows(2, {0, 3, 2, 5, 1, 1, 7, 0, 3, 2});
  const Vector w{{0.5, 1.0, 2.0, 0.3, 1.7}};
  Poisson fitted(2);
  estimate(fitted, x, w);
  for (Index j = 0; j < 2; ++j) {
    const auto at = [&](double t) {
      Vector rate = fitted.rate();
      rate[j] += t;
      return weighted_log_likelihood(Poisson(rate), x, w);
    };
    EXPECT_NEAR(distance_to_maximum(at, 1e-3), 0, 1e-8);
  }
}

TEST(Poisson, KeepsItsRateWithoutWeight) {
  Poisson fitted(Vector{{3.0}});
  estimate(fitted, rows(1, {1, 2}), Vector::Zero(2));
  EXPECT_EQ(fitted.rate()[0], 3);
}

TEST(Poisson, NamesTheFirstRowThatIsNoCount) {
  const Poisson distribution(2);
  EXPECT_EQ(distribution.check_support(rows(2, {0, 1, 2, 3})), "");
  EXPECT_EQ(distribution.check_support(rows(2, {0, 1, 4, -1, 0.5, 2})),
            "row 2, column 2: -1 is not a count (0, 1, 2, ...); 2 rows in all");
  EXPECT_EQ(distribution.check_support(rows(2, {0, quiet_nan})), "");
}

TEST(Poisson, RefusesImpossibleParameters) {
  EXPECT_THROW(Poisson(0), std::invalid_argument);
  EXPECT_THROW(Poisson(Vector{{-1.0}}), std::invalid_argument);
  EXPECT_THROW(Poisson(Vector{{quiet_nan}}), std::invalid_argument);
  EXPECT_THROW(Poisson(Vector{{infinity}}), std::invalid_argument);
}

// Deaths of women over 80 reported by The Times on 1096 days (Hasselblad 1969).
TEST(Poisson, MixturesReachTheKnownFitOfDailyDeaths) {
  const Vector deaths = Vector::LinSpaced(10, 0, 9);
  const Vector days{{162, 267, 271, 185, 111, 61, 27, 8, 3, 1}};
  MixtureState state{Vector{{0.5, 0.5}},
                     Untied(std::vector{Poisson(Vector{{1.0}}), Poisson(Vector{{3.0}})})};
  const EmReport report = run_em(state, deaths, days, to_the_end());
  EXPECT_EQ(report.stop, Stop::converged);
  EXPECT_EQ(report.falls, 0);
  EXPECT_NEAR(report.log_likelihood, -1989.945859883, 1e-6);
  EXPECT_NEAR(state.weights[0], 0.3599, 1e-4);
  const auto& components = *state.family.as<Untied<Poisson>>();
  EXPECT_NEAR(components.component(0).rate()[0], 1.2561, 1e-4);
  EXPECT_NEAR(components.component(1).rate()[0], 2.6634, 1e-4);
}

TEST(Poisson, LosesNoDigitsAtLargeCounts) {
  // At the mean the log probability is -log(2 pi n)/2 - 1/(12 n) + 1/(360 n^3).
  for (const double n : {1024.0, 1e6, 1e9, 1e12, 1e15}) {
    const double expected = -0.5 * std::log(2 * std::numbers::pi * n) - 1 / (12 * n);
    EXPECT_NEAR(log_density_at(Poisson(Vector{{n}}), {n}), expected, 1e-11) << n;
  }
  // Far away too: both sides of the switch between the two forms.
  for (const double rate : {100.0, 900.0, 1100.0, 3000.0}) {
    for (const double count : {1000.0, 1030.0, 1500.0}) {
      const double expected = count * std::log(rate) - rate - boost::math::lgamma(count + 1);
      EXPECT_NEAR(log_density_at(Poisson(Vector{{rate}}), {count}), expected,
                  1e-13 * std::abs(count * std::log(rate)))
          << rate << " " << count;
    }
  }
}

}  // namespace
