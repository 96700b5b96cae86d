#include "mix/distributions/interval_censored.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/logistic.hpp>
#include <boost/math/distributions/negative_binomial.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <cmath>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mix/distributions/exponential.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/geometric.h"
#include "mix/distributions/gumbel.h"
#include "mix/distributions/laplace.h"
#include "mix/distributions/log_probability.h"
#include "mix/distributions/logistic.h"
#include "mix/distributions/lognormal.h"
#include "mix/distributions/negative_binomial.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/pareto.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/shifted_exponential.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/truncated.h"
#include "mix/distributions/von_mises.h"
#include "mix/distributions/weibull.h"
#include "support/evaluate.h"
#include "support/numerical_maximum.h"
#include "support/score.h"

namespace mix {
namespace {

using namespace test;

// One component, estimated from scratch in so many steps.
IntervalCensored fitted(IntervalCensored family, const Matrix& x, const Vector& w, int steps = 20) {
  family.prepare(x, w);
  family.start(x, w);
  for (int i = 0; i < steps; ++i) family.fit(x, w);
  return family;
}
IntervalCensored fitted(IntervalCensored family, const Matrix& x) {
  return fitted(std::move(family), x, Vector::Ones(x.rows()));
}
template <class D>
const D& component(const IntervalCensored& family) {
  return family.family().as<Untied<D>>()->component(0);
}
double density_at(const IntervalCensored& family, double low, double high) {
  Matrix out(1, family.size());
  family.log_densities(rows(2, {low, high}), out);
  return out(0, 0);
}
void expect_close(double found, double expected, double tolerance = 1e-11) {
  EXPECT_NEAR(found, expected, tolerance * (1 + std::abs(expected)));
}

TEST(LogProbability, KeepsItsDigitsInTailsAndNarrowIntervals) {
  const boost::math::gamma_distribution<> gamma(3, 2);
  const Gamma own(3, 2);
  for (const double x : {1e-8, 0.3, 5.0, 30.0, 100.0, 600.0, 1300.0}) {
    expect_close(log_probability(own, x, infinity), std::log(cdf(complement(gamma, x))));
    expect_close(log_probability(own, 0, x), std::log(cdf(gamma, x)));
    // Over a width d the mean of f is f(middle) + f'' d^2/24.
    expect_close(log_probability(own, x, x * (1 + 1e-8)),
                 std::log(pdf(gamma, x * (1 + 0.5e-8)) * (x * (1 + 1e-8) - x)), 1e-8);
  }
  // Beyond where a probability underflows.
  for (const double x : {1.0, 30.0, 1e3, 1e5}) {
    expect_close(log_probability(Weibull(1.5, 2), x, infinity), -std::pow(x / 2, 1.5));
    expect_close(log_probability(Logistic(), x, infinity), -x - std::log1p(std::exp(-x)));
    expect_close(log_probability(Logistic(), -infinity, -x), -x - std::log1p(std::exp(-x)));
    expect_close(log_probability(Pareto(1.5, 0.5), x, infinity), 1.5 * std::log(0.5 / x));
  }
  expect_close(log_probability(Lognormal(0, 1), std::exp(-41), std::exp(-40)),
               log_probability(Normal(), 40, 41));
  expect_close(log_probability(Laplace(0, 1), -1e-7, 2e-7), std::log(1.5e-7), 1e-7);
  EXPECT_EQ(log_probability(own, -5, -1), -infinity);
  EXPECT_EQ(log_probability(own, 3, 2), -infinity);
}

TEST(LogProbability, OfCountsHasBothEnds) {
  const boost::math::poisson poisson(40);
  const boost::math::negative_binomial counts(2, 2.0 / 42);
  const Poisson own(Vector{{40.0}});
  const NegativeBinomial wide(40, 2);
  expect_close(log_probability(own, 3, 3), std::log(pdf(poisson, 3)));
  expect_close(log_probability(own, 2.5, 4.5), std::log(pdf(poisson, 3) + pdf(poisson, 4)));
  EXPECT_EQ(log_probability(own, 2.2, 2.8), -infinity);
  for (const double x : {0.0, 1.0, 30.0, 90.0, 200.0, 400.0}) {
    const double above = x == 0 ? 1 : cdf(complement(poisson, x - 1));
    expect_close(log_probability(own, x, infinity), std::log(above));
    expect_close(log_probability(own, -infinity, x), std::log(cdf(poisson, x)));
    const double tail = x == 0 ? 1 : cdf(complement(counts, x - 1));
    expect_close(log_probability(wide, x, infinity), std::log(tail));
    expect_close(log_probability(wide, x, x + 1000),
                 std::log(tail - cdf(complement(counts, x + 1000))));
  }
}

TEST(IntervalCensored, IsADensityOrAProbability) {
  const IntervalCensored family{Gamma(3, 2)};
  const boost::math::gamma_distribution<> gamma(3, 2);
  expect_close(density_at(family, 4, 4), std::log(pdf(gamma, 4)));
  expect_close(density_at(family, 4, 9), std::log(cdf(gamma, 9) - cdf(gamma, 4)));
  for (const double open : {infinity, quiet_nan}) {
    expect_close(density_at(family, 4, open), std::log(cdf(complement(gamma, 4))));
    expect_close(density_at(family, -open, 4), std::log(cdf(gamma, 4)));
    EXPECT_EQ(density_at(family, -open, open), 0);
  }
  EXPECT_EQ(density_at(family, 5, 4), -infinity);
  EXPECT_EQ(family.title(), "interval_censored gamma");
  EXPECT_EQ(family.parameter_count(), 2);
  const IntervalCensored counts{Poisson(Vector{{3.0}})};
  expect_close(density_at(counts, 2, 2), log_density_at(Poisson(Vector{{3.0}}), {2}));
  expect_close(density_at(counts, 1.5, 3.5), density_at(counts, 2, 3));
  // Truncated data in classes: shares of what is within the bounds.
  const IntervalCensored seen{TruncatedTo<Normal>(Normal(1, 1), 0, 3)};
  expect_close(density_at(seen, -1, 1),
               log_probability(Normal(1, 1), 0, 1) - log_probability(Normal(1, 1), 0, 3));
  EXPECT_EQ(density_at(seen, 0, infinity), 0);
}

// Narrower and narrower classes about the same values.
TEST(IntervalCensored, OfNarrowClassesIsTheDensityTimesTheWidth) {
  const Normal normal(1, 2);
  const Matrix values = draws(normal, 50);
  const Vector w = Vector::Ones(50);
  const double exact = weighted_log_likelihood(normal, values, w);
  const IntervalCensored family{normal};
  double before = infinity;
  for (const double width : {1e-1, 1e-2, 1e-3, 1e-6}) {
    Matrix x(50, 2);
    x << values.array() - width / 2, values.array() + width / 2;
    Matrix out(50, 1);
    family.log_densities(x, out);
    const double away = std::abs(out.sum() - 50 * std::log(width) - exact);
    EXPECT_LT(away, 0.02 * before + 1e-7) << width;
    before = away;
  }
}

struct DirectCase {
  std::string name;
  AnyFamily family;
  std::function<double(Rng&)> draw;
  double unit;  // of the intervals
};
void PrintTo(const DirectCase& one, std::ostream* out) { *out << one.name; }

template <class D>
DirectCase direct(const D& start, const D& truth, double unit) {
  return {std::string(D::name), AnyFamily(start),
          [truth](Rng& rng) {
            Vector out(1);
            truth.sample(rng, out);
            return out[0];
          },
          unit};
}

class Direct : public testing::TestWithParam<DirectCase> {};

// A fifth each: known, in a class, right-censored, left-censored, and known again.
Matrix partly_known(const DirectCase& one, Index n) {
  Rng rng(11);
  Matrix x(n, 2);
  for (Index i = 0; i < n; ++i) {
    const double value = one.draw(rng);
    const double low = std::floor(value / one.unit) * one.unit;
    const double more = one.family.discrete() ? one.unit - 1 : one.unit;
    x.row(i) << value, value;
    if (i % 5 == 1) x.row(i) << low, low + more;
    if (i % 5 == 2) x.row(i) << low, infinity;
    if (i % 5 == 3) x.row(i) << quiet_nan, low + more;
  }
  return x;
}

TEST_P(Direct, EstimateEqualsADirectOptimizer) {
  constexpr Index n = 300;
  const DirectCase& one = GetParam();
  const Matrix x = partly_known(one, n);
  const Vector w = uneven_weights(n);
  const IntervalCensored estimate = fitted(IntervalCensored(one.family), x, w);
  // By density and cdf alone, in the units of the data.
  const auto log_likelihood = [&](const Vector& v) {
    AnyFamily family = estimate.family();
    family.set_coordinates(v);
    double sum = 0;
    for (Index i = 0; i < n; ++i) {
      if (x(i, 0) == x(i, 1)) {
        Matrix out(1, 1);
        family.log_densities(Matrix::Constant(1, 1, x(i, 0)), out);
        sum += w[i] * out(0, 0);
      } else {
        const double below =
            std::isnan(x(i, 0)) ? 0 : family.cdf(0, x(i, 0) - (family.discrete() ? 1 : 0));
        const double up_to = x(i, 1) == infinity ? 1 : family.cdf(0, x(i, 1));
        sum += w[i] * std::log(up_to - below);
      }
    }
    return sum;
  };
  const Vector own = estimate.coordinates();
  EXPECT_LT(testing_support::gradient(log_likelihood, own).cwiseAbs().maxCoeff() / w.sum(), 1e-6);
  const Vector best = testing_support::numerical_maximum(log_likelihood, own.array() + 0.1);
  EXPECT_NEAR(log_likelihood(own), log_likelihood(best), 1e-6);
  EXPECT_LT((own - best).cwiseAbs().maxCoeff(), 1e-4);
  EXPECT_EQ(estimate.check_support(x), "");
}

INSTANTIATE_TEST_SUITE_P(
    Families, Direct,
    testing::Values(
        direct(Normal(), Normal(5, 3), 2), direct(Exponential(1), Exponential(Vector{{0.2}}), 3),
        direct(Weibull(), Weibull(1.7, 6), 2), direct(Gamma(), Gamma(3, 2), 3),
        direct(Lognormal(), Lognormal(1, 0.6), 1), direct(Gumbel(), Gumbel(3, 2), 2),
        direct(Logistic(), Logistic(-2, 1), 1.5), direct(Poisson(1), Poisson(Vector{{6.0}}), 3),
        direct(Geometric(), Geometric(0.2), 3),
        direct(NegativeBinomial(), NegativeBinomial(6, 2), 4),
        direct(TruncatedTo<Normal>(Normal(), 0, 9), TruncatedTo<Normal>(Normal(3, 3), 0, 9), 1)),
    [](const auto& one) { return one.param.name; });

// Remission times of 21 patients under 6-mercaptopurine, in weeks (Freireich et al. 1963); negative
// where the patient was still in remission. 9 relapses in 359 weeks.
Matrix remissions() {
  const std::vector<double> weeks{6,   6,   6,   -6, 7,  -9,  10,  -10, -11, 13, 16,
                                  -17, -19, -20, 22, 23, -25, -32, -32, -34, -35};
  Matrix x(static_cast<Index>(weeks.size()), 2);
  for (Index i = 0; i < x.rows(); ++i) {
    const double week = weeks[static_cast<std::size_t>(i)];
    x.row(i) << std::abs(week), (week < 0 ? infinity : week);
  }
  return x;
}

TEST(IntervalCensored, OfSurvivalTimesIsWhatTextbooksSay) {
  const auto waiting = fitted(IntervalCensored(Exponential(1)), remissions());
  EXPECT_NEAR(component<Exponential>(waiting).rate()[0], 9.0 / 359, 1e-8);
  // Lawless (1982): shape 1.35, scale 33.8.
  const auto weibull = fitted(IntervalCensored(Weibull()), remissions());
  EXPECT_NEAR(component<Weibull>(weibull).shape(), 1.354, 1e-3);
  EXPECT_NEAR(component<Weibull>(weibull).scale(), 33.77, 1e-2);
}

// One parameter for both components: climbed together.
TEST(IntervalCensored, MaximizesSharedParametersTogether) {
  // With heavy tails.
  const Matrix values = draws(Normal(0, 1), 60).unaryExpr([](double z) { return z * std::abs(z); });
  Matrix x(60, 2);
  x << values.array().floor(), values.array().ceil();
  Matrix shares(60, 2);
  shares.col(0) = (values.array() < 0).cast<double>() * 0.8 + 0.1;
  shares.col(1) = 1 - shares.col(0).array();
  const auto total = [&](const IntervalCensored& family) {
    Matrix out(60, 2);
    family.log_densities(x, out);
    return out.cwiseProduct(shares).sum() + family.log_prior();
  };
  IntervalCensored family{StudentT(2, 1, {.degrees_of_freedom = DegreesOfFreedom::shared})};
  family.prepare(x, Vector::Ones(60));
  family.start(x, shares);
  ASSERT_EQ(family.parameter_count(), 5);
  double before = total(family);
  for (int i = 0; i < 12; ++i) {
    family.fit(x, shares);
    EXPECT_GE(total(family), before - 1e-9);
    before = total(family);
  }
  const auto along = [&](const Vector& v) {
    IntervalCensored moved = family;
    moved.set_coordinates(v);
    return total(moved);
  };
  EXPECT_LT(testing_support::gradient(along, family.coordinates()).norm(), 1e-5);
}

TEST(IntervalCensored, TakesFamiliesThatHoldAllComponents) {
  const Matrix values = draws(Normal(3, 1), 100);
  Matrix x(100, 2);
  x << values, values;
  x.col(1).tail(40).setConstant(infinity);
  const auto family = fitted(IntervalCensored(StudentT(1, 1)), x);
  EXPECT_TRUE(family.coordinates().allFinite());
  EXPECT_GT(family.moments(0).mean[0], values.mean());
}

// Nothing keeps the values from lying beyond all ends, as far as one likes.
TEST(IntervalCensored, StaysFiniteWhereAllAreCensoredOnOneSide) {
  Matrix x(40, 2);
  x << Vector::LinSpaced(40, 1, 3), Vector::Constant(40, infinity);
  for (const AnyFamily& base : {AnyFamily(Normal()), AnyFamily(Weibull()),
                                AnyFamily(Exponential(1)), AnyFamily(Poisson(1))}) {
    const auto family = fitted(IntervalCensored(base), x);
    EXPECT_TRUE(family.coordinates().allFinite()) << base.name();
    Matrix out(40, 1);
    family.log_densities(x, out);
    EXPECT_GT(out.sum(), -0.01) << base.name();
    EXPECT_NE(family.caution(0), "") << base.name();
  }
}

TEST(IntervalCensored, OfSpikesAndImpossibleRowsStaysDefined) {
  // Values that are all the same, and classes without width about them.
  Matrix x(6, 2);
  x << 2, 2, 2, 2, 2, 2, 2, 2 + 1e-14, 1, 4, 0, infinity;
  const auto spike = fitted(IntervalCensored(Gamma()), x);
  EXPECT_TRUE(spike.coordinates().allFinite());
  EXPECT_GT(spike.moments(0).covariance(0, 0), 0);
  // Rows that no parameter explains move nothing.
  Matrix with_impossible(8, 2);
  with_impossible << remissions().topRows(6), -3, -2, -5, -5;
  const auto clean = fitted(IntervalCensored(Weibull()), remissions().topRows(6));
  const auto same = fitted(IntervalCensored(Weibull()), with_impossible);
  EXPECT_NEAR(component<Weibull>(same).scale(), component<Weibull>(clean).scale(), 1e-4);
}

// A start that lies on equal values is no trap.
TEST(IntervalCensored, WidensWhatBeganNarrowerThanEver) {
  const DirectCase one = direct(Normal(), Normal(5, 3), 2);
  const Matrix x = partly_known(one, 100);
  const Vector w = Vector::Ones(100);
  IntervalCensored narrow{Normal(5, 1e-7)};
  narrow.prepare(x, w);
  for (int i = 0; i < 60; ++i) narrow.fit(x, w);
  const IntervalCensored usual = fitted(IntervalCensored(Normal()), x);
  EXPECT_LT((narrow.coordinates() - usual.coordinates()).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(IntervalCensored, RefusesWhatCannotBe) {
  const IntervalCensored positive{Gamma()};
  EXPECT_EQ(positive.check_support(rows(2, {0, 1, -1, 2, -2, infinity, -infinity, 5})), "");
  EXPECT_EQ(positive.check_support(rows(2, {1, 2, 5, 3})),
            "row 2, column 1: the interval from 5 to 3 of this column and the next is empty; the "
            "lower end comes first, and may be -inf or missing, as the upper one may be inf");
  EXPECT_EQ(positive.check_support(rows(2, {-3, -3})),
            "row 1, column 1: -3 is not a positive number (finite, above 0)");
  EXPECT_EQ(positive.check_support(rows(2, {-3, -2})),
            "row 1, column 1: nothing between -3 and -2, in this column and the next, is possible: "
            "-2 is not a positive number (finite, above 0)");
  EXPECT_NE(positive.check_support(rows(2, {infinity, infinity})), "");
  EXPECT_EQ(positive.check_support(rows(2, {1, 2, quiet_nan, -2})).substr(0, 15),
            "row 2, column 2");
  const IntervalCensored counts{Poisson(1)};
  EXPECT_EQ(counts.check_support(rows(2, {2.5, 3.5, 0, infinity, -1, 0})), "");
  EXPECT_NE(counts.check_support(rows(2, {2.2, 2.8})).find("no count"), std::string::npos);
  const IntervalCensored seen{TruncatedTo<Normal>(Normal(), 10, 20)};
  EXPECT_EQ(seen.check_support(rows(2, {5, 30, 19, infinity})), "");
  EXPECT_NE(seen.check_support(rows(2, {21, 30})), "");
  EXPECT_THROW(IntervalCensored(Exponential(2)), std::invalid_argument);
  EXPECT_THROW(IntervalCensored{ShiftedExponential()}, std::invalid_argument);
  EXPECT_THROW(IntervalCensored{VonMises()}, std::invalid_argument);
}

}  // namespace
}  // namespace mix
