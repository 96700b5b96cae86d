#include <gtest/gtest.h>

#include <Eigen/QR>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/negative_binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <cmath>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/distributions/gated.h"
#include "mix/distributions/gaussian_regression.h"
#include "mix/distributions/generalized_linear.h"
#include "mix/distributions/poisson.h"
#include "mix/untied.h"
#include "support/score.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(StreamingFamily<GaussianRegression> && StreamingFamily<PoissonRegression>);
static_assert(Cyclic<NegativeBinomialRegression> && !Cyclic<BinomialRegression>);

// A family of one component as a distribution.
template <class F>
struct Single {
  static constexpr std::string_view name = F::name;
  F family;
  [[nodiscard]] Index dimension() const { return family.dimension(); }
  void log_density(Rows x, VectorRef out) const { family.log_densities(x, out); }
  [[nodiscard]] Vector coordinates() const { return family.coordinates(); }
  void set_coordinates(ConstVectorRef v) { family.set_coordinates(v); }
  [[nodiscard]] double log_prior() const requires WithPrior<F> { return family.log_prior(); }
};

template <class F>
void step(F& family, Rows x, Shares shares) {
  const Index cycles = AnyFamily(family).cycles();
  for (Index c = 0; c < cycles; ++c) {
    if constexpr (Cyclic<F>) family.select_cycle(c);
    Vector sum = Vector::Zero(family.statistics_size());
    family.accumulate(x, shares, sum);
    family.maximize(sum);
  }
}

template <class F>
F estimate_of(F family, Rows x, Weights w, int steps) {
  family.prepare(x, w);
  family.start(x, w);
  for (int i = 0; i < steps; ++i) step(family, x, w);
  return family;
}

// Rows of two covariates, an offset where there is one, and responses of intercept 0.5,
// coefficients 0.8 and -0.6.
Matrix drawn(Index n, bool offset, const std::function<double(Rng&, double)>& response) {
  Rng rng(3);
  Matrix x(n, offset ? 4 : 3);
  for (Index i = 0; i < n; ++i) {
    x(i, 0) = standard_normal(rng);
    x(i, 1) = uniform(rng);
    if (offset) x(i, 2) = 0.4 * standard_normal(rng);
    const double eta = 0.5 + 0.8 * x(i, 0) - 0.6 * x(i, 1) + (offset ? x(i, 2) : 0);
    x(i, x.cols() - 1) = response(rng, eta);
  }
  return x;
}

template <class F>
void expect_recovered(const F& fitted, double tolerance) {
  EXPECT_NEAR(fitted.intercept(0), 0.5, tolerance) << F::name;
  EXPECT_NEAR(fitted.coefficients(0)[0], 0.8, tolerance) << F::name;
  EXPECT_NEAR(fitted.coefficients(0)[1], -0.6, tolerance) << F::name;
}

template <class F, class Reference>
void expect_density_at_zero_covariates(F family, double intercept, const Reference& reference,
                                       std::initializer_list<double> at,
                                       std::vector<double> after = {}) {
  family.set_coefficients(0, intercept - 0.75, Vector{{0.25}});
  for (const double y : at) {
    Matrix x(1, 2 + static_cast<Index>(after.size()));
    x(0, 0) = 3;
    x(0, 1) = y;
    for (std::size_t j = 0; j < after.size(); ++j) x(0, 2 + static_cast<Index>(j)) = after[j];
    Matrix out(1, 1);
    family.log_densities(x, out);
    EXPECT_NEAR(out(0, 0), std::log(pdf(reference, y)), 1e-12) << F::name << " at " << y;
  }
}

TEST(Regression, HasTheDensitiesOfBoost) {
  GaussianRegression normal(1, {.covariates = 1});
  normal.set_standard_deviation(0, 2);
  expect_density_at_zero_covariates(normal, 1.5, boost::math::normal_distribution<>(1.5, 2),
                                    {-3, 0, 1.5, 9});
  const double mean = std::exp(1.5);
  expect_density_at_zero_covariates(PoissonRegression(1, {.covariates = 1}), 1.5,
                                    boost::math::poisson_distribution<>(mean), {0, 1, 5, 40});
  const double p = 1 / (1 + std::exp(-1.5));
  expect_density_at_zero_covariates(BinomialRegression(1, {.covariates = 1, .trials = true}), 1.5,
                                    boost::math::binomial_distribution<>(12, p), {0, 1, 9, 12},
                                    {12});
  NegativeBinomialRegression varied(1, {.covariates = 1});
  varied.set_size(0, 2.5);
  expect_density_at_zero_covariates(
      varied, 1.5, boost::math::negative_binomial_distribution<>(2.5, 2.5 / (2.5 + mean)),
      {0, 1, 5, 40});
}

TEST(Regression, EstimatesTheNumericalOptimum) {
  const Vector w = uneven_weights(400);
  const auto check = [&](const auto& family, const Matrix& x, int steps) {
    const auto fitted = estimate_of(family, x, w, steps);
    EXPECT_LT(score(Single<std::decay_t<decltype(fitted)>>{fitted}, x, w), 1e-9) << fitted.name;
  };
  const RegressionColumns columns{.covariates = 2, .offset = true};
  check(GaussianRegression(1, columns),
        drawn(400, true, [](Rng& rng, double eta) { return eta + 0.5 * standard_normal(rng); }), 1);
  check(PoissonRegression(1, columns),
        drawn(400, true, [](Rng& rng, double eta) { return poisson(rng, std::exp(eta)); }), 1);
  check(BinomialRegression(1, columns),
        drawn(400, true,
              [](Rng& rng, double eta) { return binomial(rng, 1, 1 / (1 + std::exp(-eta))); }),
        1);
  check(NegativeBinomialRegression(1, columns),
        drawn(400, true,
              [](Rng& rng, double eta) {
                return poisson(rng, std::exp(eta) * standard_gamma(rng, 2) / 2);
              }),
        60);
}

// Within 4 standard errors.
TEST(Regression, RecoversItsParameters) {
  const Index n = 20000;
  const Vector w = Vector::Ones(n);
  const RegressionColumns columns{.covariates = 2};
  const auto normal = estimate_of(
      GaussianRegression(1, columns),
      drawn(n, false, [](Rng& rng, double eta) { return eta + 0.5 * standard_normal(rng); }), w, 1);
  expect_recovered(normal, 0.05);
  EXPECT_NEAR(normal.standard_deviation(0), 0.5, 0.01);
  const auto varied =
      estimate_of(NegativeBinomialRegression(1, columns),
                  drawn(n, false,
                        [](Rng& rng, double eta) {
                          return poisson(rng, std::exp(eta) * standard_gamma(rng, 2) / 2);
                        }),
                  w, 20);
  expect_recovered(varied, 0.1);
  EXPECT_NEAR(varied.size_of(0), 2, 0.25);
  expect_recovered(estimate_of(BinomialRegression(1, columns),
                               drawn(n, false,
                                     [](Rng& rng, double eta) {
                                       return binomial(rng, 1, 1 / (1 + std::exp(-eta)));
                                     }),
                               w, 1),
                   0.22);
}

// Columns a million from 0 that differ by a hundred-millionth of their size: as precise as a QR
// factorization of all rows in long double.
TEST(GaussianRegression, IsAsPreciseAsAFactorizationOfTheRows) {
  const Index n = 300;
  Rng rng(5);
  Matrix x(n, 3);
  for (Index i = 0; i < n; ++i) {
    const double a = standard_normal(rng);
    const double b = standard_normal(rng);
    x.row(i) << 1e6 + a, a + 1e-8 * b, 1e6 + 2 * a + 3 * b + 0.1 * standard_normal(rng);
  }
  const Vector w = uneven_weights(n);
  const auto fitted = estimate_of(GaussianRegression(1, {.covariates = 2}), x, w, 2);
  EXPECT_LT(score(Single<GaussianRegression>{fitted}, x, w), 1e-9);

  using Long = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  const Long root = w.cast<long double>().cwiseSqrt();
  Long design(n, 3);
  // About a row, for the sake of the reference.
  design << Long::Ones(n, 1), x.col(0).cast<long double>().array() - 1e6L,
      x.col(1).cast<long double>();
  const Long weighted = root.col(0).asDiagonal() * design;
  const Long response =
      root.col(0).asDiagonal() * Long(x.col(2).cast<long double>().array() - 1e6L);
  const Long solution = Eigen::HouseholderQR<Long>(weighted).solve(response);
  const auto residual = static_cast<double>((response - weighted * solution).norm() / root.norm());
  // A hundred-millionth of a column is what its own rounding leaves of the difference.
  EXPECT_NEAR(fitted.standard_deviation(0) / residual, 1, 1e-7);
  const Vector slopes = fitted.coefficients(0);
  EXPECT_NEAR(slopes[0] / static_cast<double>(solution(1, 0)), 1, 1e-7);
  EXPECT_NEAR(slopes[1] / static_cast<double>(solution(2, 0)), 1, 1e-7);
}

TEST(Regression, NamesColumnsThatAreNoCovariates) {
  const auto complaint = [](const Matrix& x) {
    try {
      GaussianRegression(1, {.covariates = x.cols() - 1}).prepare(x, Vector::Ones(x.rows()));
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  Matrix x = drawn(50, false, [](Rng& rng, double eta) { return eta + standard_normal(rng); });
  EXPECT_EQ(complaint(x), "");
  Matrix bad = x;
  bad.col(1).setConstant(7);
  EXPECT_NE(complaint(bad).find("column 2 is constant (all values are 7)"), std::string::npos)
      << complaint(bad);
  bad.col(1) = 1e6 - 3 * x.col(0).array();
  EXPECT_NE(complaint(bad).find("column 2 is a linear combination"), std::string::npos)
      << complaint(bad);
  bad = x;
  bad.col(2).setConstant(1);
  EXPECT_NE(complaint(bad).find("column 3, the response, is constant"), std::string::npos)
      << complaint(bad);
  bad = x;
  bad(4, 0) = quiet_nan;
  EXPECT_NE(complaint(bad).find("row 5, column 1 is nan"), std::string::npos) << complaint(bad);
}

// Rows that do not determine all coefficients: what they say is fitted, the rest stays.
TEST(GaussianRegression, FitsFewRowsByTheLeastChange) {
  Matrix x = drawn(50, false, [](Rng& rng, double eta) { return eta + standard_normal(rng); });
  GaussianRegression family(1, {.covariates = 2});
  family.prepare(x, Vector::Ones(50));
  Vector w = Vector::Zero(50);
  w.head(2).setOnes();
  family.start(x, w);
  step(family, x, w);
  Matrix out(50, 1);
  family.log_densities(x, out);
  EXPECT_GT(out.col(0).head(2).minCoeff(), 5);  // both on the plane
  EXPECT_FALSE(family.flaw(0, 2).empty());
}

// Steps never lower the likelihood, wherever they begin.
TEST(GeneralizedLinear, ClimbsFromAnywhere) {
  const Matrix x = drawn(100, false, [](Rng& rng, double eta) {
    return poisson(rng, std::exp(2 * eta) * standard_gamma(rng, 2));
  });
  const Vector w = uneven_weights(100);
  const auto climb = [&](auto family, double intercept, double slope) {
    family.prepare(x, w);
    family.set_coefficients(0, intercept, Vector{{slope, -slope}});
    double before = -infinity;
    for (int i = 0; i < 400; ++i) {
      step(family, x, w);
      const double after = weighted_log_likelihood(Single<decltype(family)>{family}, x, w);
      ASSERT_GE(after, before - 1e-9 * std::abs(after)) << family.name << ", step " << i;
      before = after;
    }
    EXPECT_LT(score(Single<decltype(family)>{family}, x, w), 1e-9) << family.name;
  };
  for (const double intercept : {-20.0, 0.0, 8.0}) {
    climb(PoissonRegression(1, {.covariates = 2}), intercept, 3);
    climb(NegativeBinomialRegression(1, {.covariates = 2}), intercept, -3);
  }
}

TEST(GeneralizedLinear, EndsWhereRowsSeparate) {
  Matrix x(40, 2);
  for (Index i = 0; i < 40; ++i) x.row(i) << static_cast<double>(i), i < 20 ? 0.0 : 1.0;
  const Vector w = Vector::Ones(40);
  const auto fitted = estimate_of(BinomialRegression(1, {.covariates = 1}), x, w, 200);
  Matrix out(40, 1);
  fitted.log_densities(x, out);
  EXPECT_GT(out.sum(), -1e-4);
  EXPECT_TRUE(std::isfinite(fitted.intercept(0)));
  EXPECT_FALSE(fitted.caution(0).empty());
  const auto zeros = estimate_of(PoissonRegression(1, {.covariates = 1}),
                                 Matrix(x.cwiseProduct(Matrix::Identity(1, 1).replicate(40, 2) -
                                                       Matrix{{0.0, 1.0}}.replicate(40, 1))),
                                 w, 100);
  EXPECT_TRUE(std::isfinite(zeros.intercept(0)));
}

TEST(GeneralizedLinear, RefusesWhatIsNoCount) {
  const BinomialRegression family(1, {.covariates = 1, .trials = true});
  EXPECT_NE(family.check_support(Matrix{{0.5, 3.0, 2.0}}).find("3 successes in 2 trials"),
            std::string::npos);
  EXPECT_NE(family.check_support(Matrix{{0.5, 1.5, 2.0}}).find("row 1, column 2: 1.5 is not a"),
            std::string::npos);
  EXPECT_NE(family.check_support(Matrix{{infinity, 1.0, 2.0}}).find("column 1"), std::string::npos);
  EXPECT_EQ(family.check_support(Matrix{{0.5, 1.0, 2.0}}), "");
  EXPECT_THROW(PoissonRegression(1, {.covariates = 1, .trials = true}), std::invalid_argument);
  EXPECT_THROW(PoissonRegression(0, {.covariates = 1}), std::invalid_argument);
  EXPECT_THROW(NegativeBinomialRegression(1, {}).set_size(0, 0), std::invalid_argument);
  EXPECT_THROW(GaussianRegression(1, {}).set_standard_deviation(0, 0), std::invalid_argument);
}

// With shares that are given, the gate is a multinomial logistic regression: its score is zero.
TEST(Gated, EstimatesTheNumericalOptimum) {
  const Index n = 300;
  Rng rng(9);
  Matrix x(n, 3);
  Matrix shares(n, 3);
  for (Index i = 0; i < n; ++i) {
    x.row(i) << poisson(rng, 3), 100 + standard_normal(rng), uniform(rng);
    for (Index k = 0; k < 3; ++k) {
      shares(i, k) =
          std::exp(0.8 * static_cast<double>(k) * (x(i, 1) - 100)) * standard_exponential(rng);
    }
    shares.row(i) *= (0.5 + uniform(rng)) / shares.row(i).sum();
  }
  Gated gated(Untied(Poisson(1), 3), {1, 2});
  gated.prepare(x, Vector::Ones(n));
  gated.start(x, shares);
  for (int i = 0; i < 3; ++i) step(gated, x, shares);
  const auto objective = [&](const Vector& v) {
    Gated moved = gated;
    moved.set_coordinates(v);
    Matrix out(n, 3);
    moved.log_densities(x, out);
    return shares.cwiseProduct(out).sum();
  };
  const Vector at = gated.coordinates();
  ASSERT_EQ(at.size(), 2 * 3 + 3);
  for (Index j = 0; j < at.size(); ++j) {
    const auto along = [&](double h) {
      Vector moved = at;
      moved[j] += h;
      return objective(moved);
    };
    const double h = 1e-3;
    const double slope = (45 * (along(h) - along(-h)) - 9 * (along(2 * h) - along(-2 * h)) +
                          along(3 * h) - along(-3 * h)) /
                         (60 * h);
    EXPECT_LT(std::abs(slope) / shares.sum(), 1e-9) << j;
  }
  // Given a row, the weights sum to one.
  EXPECT_LT((gated.weights(x).rowwise().sum().array() - 1).abs().maxCoeff(), 1e-14);
  EXPECT_EQ(gated.gate_intercept(0), 0);
  EXPECT_GT(gated.gate_coefficients(2)[0], gated.gate_coefficients(1)[0]);
}

TEST(Gated, NamesItsColumns) {
  EXPECT_THROW(Gated(Untied(Poisson(1), 2), {2}), std::invalid_argument);
  EXPECT_THROW(Gated(Untied(Poisson(1), 2), {1, 1}), std::invalid_argument);
  Gated gated(Untied(Poisson(1), 2), {1, 2});
  Matrix x(3, 3);
  x << 1, 5, 1, 2, 5, 2, 4, 5, 3;
  try {
    gated.prepare(x, Vector::Ones(3));
    ADD_FAILURE() << "a constant column was taken";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("column 2 is constant"), std::string::npos)
        << error.what();
  }
}

}  // namespace
