#include "mix/distributions/negative_binomial.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/geometric.hpp>
#include <boost/math/distributions/negative_binomial.hpp>
#include <cmath>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/distributions/geometric.h"
#include "mix/distributions/poisson.h"
#include "mix/special.h"
#include "support/evaluate.h"
#include "support/score.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(Streaming<NegativeBinomial> && Sampleable<NegativeBinomial>);
static_assert(check_component<NegativeBinomial>());
static_assert(ExponentialFamily<Geometric> && check_component<Geometric>());

TEST(Geometric, HasTheDensityOfBoost) {
  const boost::math::geometric_distribution<> reference(0.3);
  for (const double x : {0.0, 1.0, 5.0, 40.0}) {
    EXPECT_NEAR(log_density_at(Geometric(0.3), {x}), std::log(pdf(reference, x)), 1e-13) << x;
  }
  for (const double x : {-1.0, 0.5, infinity, quiet_nan}) {
    EXPECT_EQ(log_density_at(Geometric(0.3), {x}), -infinity) << x;
  }
}

TEST(Geometric, EstimatesTheNumericalOptimum) {
  const Matrix x = rows(1, {0, 3, 2, 0, 7, 12});
  Geometric fitted;
  estimate(fitted, x, uneven_weights(6));
  EXPECT_LT(score(fitted, x, uneven_weights(6)), 1e-9);
}

TEST(Geometric, OfZerosAloneHasAllMassAtZero) {
  Geometric fitted;
  estimate(fitted, Matrix::Zero(3, 1), Vector::Ones(3));
  EXPECT_EQ(fitted.probability(), 1);
  EXPECT_EQ(log_density_at(fitted, {0}), 0);
  EXPECT_EQ(log_density_at(fitted, {2}), -infinity);
}

TEST(Geometric, RefusesImpossibleParameters) {
  EXPECT_THROW(Geometric(0), std::invalid_argument);
  EXPECT_THROW(Geometric(1.5), std::invalid_argument);
  EXPECT_THROW(Geometric{quiet_nan}, std::invalid_argument);
}

TEST(RisingFactorials, EqualTheirProducts) {
  for (const double a : {1e-10, 0.02, 0.7, 9.0, 300.0, 1e6, 1e12}) {
    long double sum = 0;
    long double slope = 0;
    for (int count = 0; count <= 3000; ++count) {
      if (count < 20 || count % 500 == 0) {
        const double wanted = static_cast<double>(sum);
        EXPECT_NEAR(log_rising_ratio(count, a), wanted, 2e-15 * count + 4e-15 * wanted)
            << count << " " << a;
        EXPECT_NEAR(rising_slope(count, a), static_cast<double>(slope),
                    1e-14 * static_cast<double>(slope))
            << count << " " << a;
      }
      slope += a / (a + static_cast<long double>(count));
      sum += std::log1p(static_cast<long double>(count) / a);
    }
  }
}

TEST(NegativeBinomial, HasTheDensityOfBoost) {
  for (const double size : {0.05, 1.0, 7.5, 400.0}) {
    for (const double mean : {0.3, 20.0, 2500.0}) {
      const boost::math::negative_binomial_distribution<> reference(size, size / (size + mean));
      for (const double x : {0.0, 1.0, 17.0, 127.0, 128.0, 900.0, 1024.0, 3000.0}) {
        const double wanted = std::log(pdf(reference, x));
        if (!(wanted > -600)) continue;
        EXPECT_NEAR(log_density_at(NegativeBinomial(mean, size), {x}), wanted,
                    1e-11 * (1 + std::abs(wanted)))
            << size << " " << mean << " " << x;
      }
    }
  }
}

TEST(NegativeBinomial, TendsToPoisson) {
  const Poisson limit(Vector{{30.0}});
  for (const double x : {0.0, 10.0, 30.0, 200.0}) {
    EXPECT_NEAR(log_density_at(NegativeBinomial(30, 1e14), {x}), log_density_at(limit, {x}), 1e-9);
  }
  const Poisson large(Vector{{1e6}});
  EXPECT_NEAR(log_density_at(NegativeBinomial(1e6, 1e15), {1001000}),
              log_density_at(large, {1001000}), 1e-8);
}

TEST(NegativeBinomial, EstimatesTheNumericalOptimumInOneStep) {
  const Matrix x = rows(1, {0, 3, 2, 0, 7, 31, 12, 1, 0, 127});
  NegativeBinomial fitted(5, 40);
  estimate(fitted, x, uneven_weights(10));
  EXPECT_LT(score(fitted, x, uneven_weights(10)), 1e-9);
}

TEST(NegativeBinomial, EstimatesTheNumericalOptimumOfLargeCounts) {
  const Matrix x = draws(NegativeBinomial(5e4, 3), 200);
  NegativeBinomial fitted(10, 2000);
  for (int step = 0; step < 30; ++step) estimate(fitted, x, uneven_weights(200));
  EXPECT_LT(score(fitted, x, uneven_weights(200), 1e-2), 1e-9);
  NegativeBinomial started;
  started.start(x, uneven_weights(200));
  EXPECT_NEAR(started.size(), fitted.size(), 1e-9 * fitted.size());
}

TEST(NegativeBinomial, RecoversItsParameters) {
  constexpr Index n = 20000;
  const Matrix x = draws(NegativeBinomial(6, 1.5), n);
  NegativeBinomial fitted;
  fitted.start(x, Vector::Ones(n));
  // Var of the mean: m + m^2/r; of the size by Fisher's information, from a long run: 1.5 +- 0.025.
  EXPECT_NEAR(fitted.mean(), 6, 4 * std::sqrt((6 + 24) / static_cast<double>(n)));
  EXPECT_NEAR(fitted.size(), 1.5, 4 * 0.025);
}

TEST(NegativeBinomial, BecomesPoissonWhereCountsVaryNoMore) {
  NegativeBinomial fitted;
  const Matrix x = rows(1, {4, 5, 5, 6, 5, 4});
  estimate(fitted, x, Vector::Ones(6));
  EXPECT_NEAR(fitted.mean(), 29.0 / 6, 1e-14);
  EXPECT_NEAR(fitted.size(), 1e8 * fitted.mean(), 1);
  EXPECT_NE(fitted.caution(), "");
  EXPECT_NEAR(weighted_log_likelihood(fitted, x, Vector::Ones(6)),
              weighted_log_likelihood(Poisson(Vector{{fitted.mean()}}), x, Vector::Ones(6)), 1e-7);
  // And comes back from there.
  estimate(fitted, rows(1, {0, 9, 1, 30}), Vector::Ones(4));
  EXPECT_LT(fitted.size(), 2);
  EXPECT_EQ(fitted.caution(), "");
}

TEST(NegativeBinomial, IsDefinedForZerosAlone) {
  NegativeBinomial fitted;
  estimate(fitted, Matrix::Zero(5, 1), Vector::Ones(5));
  EXPECT_EQ(fitted.mean(), 0);
  EXPECT_EQ(log_density_at(fitted, {0}), 0);
  EXPECT_EQ(log_density_at(fitted, {1}), -infinity);
}

TEST(NegativeBinomial, RefusesImpossibleParameters) {
  EXPECT_THROW(NegativeBinomial(-1, 1), std::invalid_argument);
  EXPECT_THROW(NegativeBinomial(1, 0), std::invalid_argument);
  EXPECT_THROW(NegativeBinomial(1, infinity), std::invalid_argument);
  EXPECT_THROW(NegativeBinomial(quiet_nan, 1), std::invalid_argument);
}

}  // namespace
