#include "mix/distributions/zero_modified.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/poisson.hpp>
#include <cmath>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/distributions/binomial.h"
#include "mix/distributions/geometric.h"
#include "mix/distributions/negative_binomial.h"
#include "mix/distributions/poisson.h"
#include "mix/models/mixture_model.h"
#include "support/evaluate.h"
#include "support/score.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(ExponentialFamily<ZeroInflated<Poisson>> && Sampleable<Hurdle<Poisson>>);
static_assert(!ExponentialFamily<ZeroInflated<NegativeBinomial>>);
static_assert(check_component<ZeroTruncated<NegativeBinomial>>());
static_assert(ZeroInflated<Poisson>::name == "zero_inflated_poisson");
static_assert(ZeroTruncated<NegativeBinomial>::name == "zero_truncated_negative_binomial");

const Poisson poisson_of_three(Vector{{3.0}});

TEST(ZeroModified, HasTheDensitiesOfTheTextbook) {
  const boost::math::poisson_distribution<> d(3);
  const double d0 = pdf(d, 0);
  const double d2 = pdf(d, 2);
  const ZeroInflated<Poisson> inflated(poisson_of_three, 0.2);
  EXPECT_NEAR(log_density_at(inflated, {0}), std::log(0.2 + 0.8 * d0), 1e-14);
  EXPECT_NEAR(log_density_at(inflated, {2}), std::log(0.8 * d2), 1e-14);
  const Hurdle<Poisson> hurdle(poisson_of_three, 0.2);
  EXPECT_NEAR(log_density_at(hurdle, {0}), std::log(0.2), 1e-14);
  EXPECT_NEAR(log_density_at(hurdle, {2}), std::log(0.8 * d2 / (1 - d0)), 1e-14);
  const ZeroTruncated<Poisson> truncated(poisson_of_three);
  EXPECT_EQ(log_density_at(truncated, {0}), -infinity);
  EXPECT_NEAR(log_density_at(truncated, {2}), std::log(d2 / (1 - d0)), 1e-14);
  for (const double x : {-1.0, 0.5, infinity, quiet_nan}) {
    EXPECT_EQ(log_density_at(inflated, {x}), -infinity) << x;
    EXPECT_EQ(log_density_at(hurdle, {x}), -infinity) << x;
    EXPECT_EQ(log_density_at(truncated, {x}), -infinity) << x;
  }
}

TEST(ZeroModified, KeepsDigitsWhereZerosAreNearlyImpossibleOrCertain) {
  const ZeroInflated<Poisson> rare(Poisson(Vector{{900.0}}), 0);
  EXPECT_EQ(log_density_at(rare, {0}), -900);
  // f(1) = rate / (e^rate - 1) = 1 - rate/2 + ...
  const ZeroTruncated<Poisson> ones(Poisson(Vector{{1e-9}}));
  EXPECT_NEAR(log_density_at(ones, {1}), -0.5e-9, 1e-14);
}

// Counts with zeros, and weights that differ.
const Matrix& counts_with_zeros() {
  static const Matrix x = rows(1, {0, 0, 0, 4, 0, 1, 7, 0, 2, 3, 0, 12, 0, 1, 0, 0, 5, 3});
  return x;
}
const Vector weights_of_counts = uneven_weights(18);

TEST(ZeroModified, EstimatesTheNumericalOptimumInOneStep) {
  const Matrix& x = counts_with_zeros();
  const auto check = [&](auto fitted) {
    estimate(fitted, x, weights_of_counts);
    EXPECT_LT(score(fitted, x, weights_of_counts), 1e-9) << fitted.name;
  };
  check(ZeroInflated<Poisson>());
  check(ZeroInflated<Geometric>());
  check(ZeroInflated<NegativeBinomial>(NegativeBinomial(4, 3)));
  check(ZeroInflated<Binomial>(Binomial(20)));
  check(Hurdle<Poisson>());
  check(Hurdle<NegativeBinomial>());
}

TEST(ZeroModified, EstimatesTheNumericalOptimumOfTruncatedCounts) {
  const Matrix x = rows(1, {1, 1, 2, 5, 1, 3, 1, 9, 2, 4, 1, 1});
  const auto check = [&](auto fitted) {
    estimate(fitted, x, uneven_weights(12));
    EXPECT_LT(score(fitted, x, uneven_weights(12)), 1e-9) << fitted.name;
  };
  check(ZeroTruncated<Poisson>());
  check(ZeroTruncated<NegativeBinomial>());
  check(ZeroTruncated<Binomial>(Binomial(10)));
}

// lambda = m + W(-m e^-m), W Lambert's function, m the mean of the rows above 0.
TEST(ZeroModified, HasTheClosedFormOfTruncatedPoisson) {
  const Matrix x = rows(1, {1, 2, 2, 4});
  ZeroTruncated<Poisson> fitted;
  estimate(fitted, x, Vector::Ones(4));
  const double rate = fitted.base().rate()[0];
  EXPECT_NEAR(rate / -std::expm1(-rate), 9.0 / 4, 1e-14);
  // The same base behind a hurdle and, as the zeros are more than it explains, of an inflated one.
  const Matrix with_zeros = rows(1, {1, 2, 2, 4, 0, 0, 0, 0});
  Hurdle<Poisson> hurdle;
  ZeroInflated<Poisson> inflated;
  estimate(hurdle, with_zeros, Vector::Ones(8));
  estimate(inflated, with_zeros, Vector::Ones(8));
  EXPECT_NEAR(hurdle.base().rate()[0], rate, 1e-14);
  EXPECT_NEAR(inflated.base().rate()[0], rate, 1e-14);
  EXPECT_EQ(hurdle.zero_share(), 0.5);
  EXPECT_NEAR(inflated.zero_share(), 1 - 0.5 / -std::expm1(-rate), 1e-14);
  EXPECT_NEAR(weighted_log_likelihood(hurdle, with_zeros, Vector::Ones(8)),
              weighted_log_likelihood(inflated, with_zeros, Vector::Ones(8)), 1e-13);
}

TEST(ZeroInflated, IsThePlainDistributionWhereZerosAreNotTooMany) {
  const Matrix x = rows(1, {0, 1, 2, 3, 2, 1});
  ZeroInflated<Poisson> fitted;
  estimate(fitted, x, Vector::Ones(6));
  EXPECT_EQ(fitted.zero_share(), 0);
  EXPECT_NEAR(fitted.base().rate()[0], 1.5, 1e-14);
}

TEST(ZeroModified, IsDefinedForZerosAloneAndForOnesAlone) {
  ZeroInflated<Poisson> inflated(poisson_of_three, 0.5);
  estimate(inflated, Matrix::Zero(4, 1), Vector::Ones(4));
  EXPECT_EQ(log_density_at(inflated, {0}), 0);
  EXPECT_EQ(log_density_at(inflated, {1}), -infinity);
  ZeroTruncated<Poisson> truncated(poisson_of_three);
  estimate(truncated, Matrix::Ones(4, 1), Vector::Ones(4));
  EXPECT_NEAR(truncated.base().rate()[0], 1e-9, 1e-15);
  EXPECT_NEAR(log_density_at(truncated, {1}), 0, 1e-9);
  EXPECT_NE(truncated.caution(), "");
  // Nothing but zeros, which it cannot have, changes nothing.
  ZeroTruncated<Poisson> same(poisson_of_three);
  estimate(same, Matrix::Zero(4, 1), Vector::Ones(4));
  EXPECT_EQ(same.base().rate()[0], 3);
}

// The least that a distribution of one's own has.
struct OwnPoisson {
  double rate = 1;
  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 1; }
  void log_density(Rows x, VectorRef out) const { Poisson(Vector{{rate}}).log_density(x, out); }
  [[nodiscard]] Index statistics_size() const { return 2; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const {
    Poisson(Vector{{rate}}).accumulate(x, w, statistics);
  }
  void maximize(ConstVectorRef sum) {
    if (sum[0] > 0) rate = sum[1] / sum[0];
  }
};
static_assert(check_component<ZeroInflated<OwnPoisson>>());

TEST(ZeroModified, TakesADistributionOfOnesOwn) {
  ZeroInflated<OwnPoisson> own;
  ZeroInflated<Poisson> library;
  estimate(own, counts_with_zeros(), weights_of_counts);
  estimate(library, counts_with_zeros(), weights_of_counts);
  EXPECT_NEAR(own.zero_share(), library.zero_share(), 1e-13);
  EXPECT_NEAR(own.base().rate, library.base().rate()[0], 1e-13);
  const MixtureModel model = mixture(Untied(own, 2));
  EXPECT_EQ(model.family().parameter_count(), 4);
}

TEST(ZeroModified, RecoversItsParameters) {
  constexpr Index n = 20000;
  ZeroInflated<NegativeBinomial> fitted;
  fitted.start(draws(ZeroInflated<NegativeBinomial>(NegativeBinomial(8, 3), 0.3), n),
               Vector::Ones(n));
  // Standard errors by the observed information: 0.0042, 0.050, 0.085.
  EXPECT_NEAR(fitted.zero_share(), 0.3, 4 * 0.0042);
  EXPECT_NEAR(fitted.base().mean(), 8, 4 * 0.05);
  EXPECT_NEAR(fitted.base().size(), 3, 4 * 0.085);
}

TEST(ZeroTruncated, DrawsFromRareCountsAboveZero) {
  const ZeroTruncated<Poisson> rare(Poisson(Vector{{1e-5}}));
  const Matrix x = draws(rare, 2000);
  EXPECT_EQ(x.minCoeff(), 1);
  EXPECT_LE((x.array() == 2).count(), 2);  // 0.01 are expected; 3 or more have probability 2e-7
}

TEST(ZeroModified, RefusesImpossibleParametersAndRows) {
  EXPECT_THROW(ZeroInflated<Poisson>(Poisson(2)), std::invalid_argument);
  EXPECT_THROW(ZeroInflated<Poisson>(poisson_of_three, 1.5), std::invalid_argument);
  EXPECT_THROW(ZeroTruncated<Poisson>(poisson_of_three, 0.5), std::invalid_argument);
  EXPECT_EQ(ZeroTruncated<Poisson>(poisson_of_three).check_support(rows(1, {1, 0, 2})),
            "row 2, column 1: 0 is not a positive count (1, 2, ...)");
  EXPECT_EQ(Hurdle<Poisson>(poisson_of_three).check_support(rows(1, {1, 0, 2.5})),
            "row 3, column 1: 2.5 is not a count (0, 1, 2, ...)");
}

}  // namespace
