#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "mix/any_family.h"
#include "mix/distributions/bernoulli.h"
#include "mix/distributions/beta.h"
#include "mix/distributions/beta_binomial.h"
#include "mix/distributions/binomial.h"
#include "mix/distributions/categorical.h"
#include "mix/distributions/dirichlet.h"
#include "mix/distributions/dirichlet_multinomial.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/geometric.h"
#include "mix/distributions/gumbel.h"
#include "mix/distributions/inverse_gamma.h"
#include "mix/distributions/inverse_gaussian.h"
#include "mix/distributions/laplace.h"
#include "mix/distributions/logistic.h"
#include "mix/distributions/lognormal.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/negative_binomial.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/pareto.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/rayleigh.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/uniform_box.h"
#include "mix/distributions/von_mises_fisher.h"
#include "mix/distributions/weibull.h"
#include "mix/distributions/zero_modified.h"
#include "mix/errors.h"

// Closed values of cdfs and moments; that they agree with densities and draws is a law.
namespace mix {
namespace {

Vector one(double value) { return Vector::Constant(1, value); }

void expect_moments(const Moments& moments, double mean, double variance) {
  EXPECT_NEAR(moments.mean[0], mean, 1e-12 * std::abs(mean));
  EXPECT_NEAR(moments.covariance(0, 0), variance, 1e-12 * variance);
}

TEST(Cdf, OfContinuousFamiliesIsTheClosedForm) {
  const double e = std::numbers::e;
  EXPECT_NEAR(Normal(1, 2).cdf(1 + 2 * 1.959963984540054), 0.975, 1e-15);
  EXPECT_NEAR(Lognormal(0.3, 0.5).cdf(std::exp(0.3)), 0.5, 1e-15);
  EXPECT_NEAR(Gamma(2, 3).cdf(6), 1 - 3 / (e * e), 1e-15);
  EXPECT_NEAR(InverseGamma(2, 3).cdf(1.5), 3 / (e * e), 1e-15);
  EXPECT_NEAR(Weibull(1.5, 4).cdf(4), 1 - 1 / e, 1e-15);
  EXPECT_NEAR(Rayleigh(2).cdf(2), 1 - std::exp(-0.5), 1e-15);
  EXPECT_NEAR(Exponential(one(0.5)).cdf(2), 1 - 1 / e, 1e-15);
  EXPECT_NEAR(Pareto(3, 2).cdf(4), 1 - 0.125, 1e-15);
  EXPECT_NEAR(Beta(2, 1).cdf(0.3), 0.09, 1e-15);
  EXPECT_NEAR(Laplace(1, 2).cdf(3), 1 - 0.5 / e, 1e-15);
  EXPECT_NEAR(Laplace(1, 2).cdf(-1), 0.5 / e, 1e-15);
  EXPECT_NEAR(Logistic(1, 2).cdf(3), e / (1 + e), 1e-15);
  EXPECT_NEAR(Gumbel(1, 2).cdf(1), 1 / e, 1e-15);
  EXPECT_NEAR(UniformBox(one(1), one(5)).cdf(2), 0.25, 1e-15);
  const StudentT cauchy(Matrix{{1.0}}, {Matrix{{4.0}}}, one(1));
  EXPECT_NEAR(cauchy.cdf(0, 3), 0.75, 1e-15);
}

TEST(Cdf, OfInverseGaussiansIsThatOfTheTextbook) {
  const auto normal = [](double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); };
  for (const double x : {0.1, 1.0, 2.0, 9.0}) {
    const double root = std::sqrt(3 / x);
    const double expected =
        normal(root * (x / 2 - 1)) + std::exp(2 * 3 / 2.0) * normal(-root * (x / 2 + 1));
    EXPECT_NEAR(InverseGaussian(2, 3).cdf(x), expected, 1e-14) << x;
  }
  // Where e^(2 shape/mean) overflows: Phi(0), and Mills's ratio at 2 sqrt(shape/mean).
  const double z = 2 * std::sqrt(5000.0);
  EXPECT_NEAR(InverseGaussian(1, 5000).cdf(1),
              0.5 + (1 - 1 / (z * z)) / (z * std::sqrt(2 * std::numbers::pi)), 1e-10);
  // Both ways to that ratio agree where one takes over from the other.
  const double below = InverseGaussian(1, 323.9999).cdf(1);
  EXPECT_NEAR(InverseGaussian(1, 324.0001).cdf(1), below, 1e-8);
}

TEST(Cdf, OfCountsIsTheSumOfProbabilities) {
  const std::vector<AnyFamily> families{
      Poisson(one(2.5)),
      Geometric(0.3),
      NegativeBinomial(2.5, 1.5),
      NegativeBinomial(3, 3e8),
      Binomial(10, 0.4),
      BetaBinomial(10, 2, 3),
      Bernoulli(one(0.3)),
      ZeroInflated<Poisson>(Poisson(one(2.5)), 0.2),
      Hurdle<Poisson>(Poisson(one(2.5)), 0.2),
      ZeroTruncated<Poisson>(Poisson(one(2.5))),
  };
  for (const AnyFamily& family : families) {
    double sum = 0;
    for (int n = 0; n <= 12; ++n) {
      Matrix l(1, 1);
      family.log_densities(Matrix::Constant(1, 1, n), l);
      sum += std::exp(l(0, 0));
      EXPECT_NEAR(family.cdf(0, n), sum, 1e-11) << family.name() << " " << n;
      EXPECT_EQ(family.cdf(0, n + 0.7), family.cdf(0, n)) << family.name();
    }
    EXPECT_EQ(family.cdf(0, -0.1), 0) << family.name();
  }
}

TEST(Cdf, ReachesFromZeroToOneAndPassesNaN) {
  const std::vector<AnyFamily> families{
      Normal(),        Lognormal(),        Gamma(),
      InverseGamma(),  InverseGaussian(),  Weibull(),
      Rayleigh(),      Pareto(2, 1),       Beta(),
      Laplace(),       Logistic(),         Gumbel(),
      Geometric(),     NegativeBinomial(), Poisson(one(2)),
      Binomial(3),     Bernoulli(1),       StudentT(1, 1),
      Gaussians(1, 1), Exponential(1),     UniformBox(one(0), one(1))};
  for (const AnyFamily& family : families) {
    EXPECT_EQ(family.cdf(0, -infinity), 0) << family.name();
    EXPECT_EQ(family.cdf(0, infinity), 1) << family.name();
    EXPECT_TRUE(std::isnan(family.cdf(0, quiet_nan))) << family.name();
  }
}

TEST(Moments, OfOneColumnAreTheClosedForms) {
  const double pi = std::numbers::pi;
  expect_moments(Normal(1, 2).moments(), 1, 4);
  expect_moments(Lognormal(0.3, 0.5).moments(), std::exp(0.425),
                 std::exp(0.85) * (std::exp(0.25) - 1));
  expect_moments(Gamma(2, 3).moments(), 6, 18);
  expect_moments(InverseGamma(3, 4).moments(), 2, 4);
  expect_moments(InverseGaussian(2, 3).moments(), 2, 8.0 / 3);
  expect_moments(Weibull(2, 2).moments(), std::sqrt(pi), 4 - pi);
  expect_moments(Rayleigh(std::numbers::sqrt2).moments(), std::sqrt(pi), 4 - pi);
  expect_moments(Pareto(3, 2).moments(), 3, 3);
  expect_moments(Beta(2, 3).moments(), 0.4, 0.04);
  expect_moments(Laplace(1, 2).moments(), 1, 8);
  expect_moments(Logistic(1, 2).moments(), 1, 4 * pi * pi / 3);
  expect_moments(Gumbel(1, 2).moments(), 1 + 2 * std::numbers::egamma, 4 * pi * pi / 6);
  expect_moments(Geometric(0.25).moments(), 3, 12);
  expect_moments(NegativeBinomial(2, 4).moments(), 2, 3);
  expect_moments(Binomial(10, 0.4).moments(), 4, 2.4);
  expect_moments(BetaBinomial(10, 2, 3).moments(), 4, 2.4 * 15 / 6);
  expect_moments(ZeroTruncated<Poisson>(Poisson(one(2))).moments(), 2 / (1 - std::exp(-2.0)),
                 6 / (1 - std::exp(-2.0)) - std::pow(2 / (1 - std::exp(-2.0)), 2));
  expect_moments(ZeroInflated<Poisson>(Poisson(one(2)), 0.25).moments(), 1.5, 4.5 - 2.25);
  expect_moments(Hurdle<Geometric>(Geometric(0.5), 0.5).moments(), 1, 2);
}

TEST(Moments, OfSeveralColumnsAreTheClosedForms) {
  const Moments m = Multinomial(Vector{{0.2, 0.8}}, 10).moments();
  EXPECT_TRUE(m.mean.isApprox(Vector{{2, 8}}));
  EXPECT_TRUE(m.covariance.isApprox(Matrix{{1.6, -1.6}, {-1.6, 1.6}}));
  const Moments d = DirichletMultinomial(Vector{{1, 4}}, 10).moments();
  EXPECT_TRUE(d.covariance.isApprox(Matrix(m.covariance * 2.5)));
  const Moments c = Dirichlet(Vector{{1, 4}}).moments();
  EXPECT_TRUE(c.covariance.isApprox(Matrix(m.covariance / 10 / 6)));
  // Langevin's function, and in three dimensions E[xx'] has the trace 1.
  const Moments v = VonMisesFisher(Vector{{0, 0, 1}}, 3).moments();
  const double length = 1 / std::tanh(3.0) - 1.0 / 3;
  EXPECT_NEAR(v.mean[2], length, 1e-14);
  EXPECT_NEAR(v.covariance(0, 0), length / 3, 1e-14);
  EXPECT_NEAR(v.covariance.trace() + length * length, 1, 1e-14);
  EXPECT_NEAR(VonMisesFisher(3).moments().covariance(1, 1), 1.0 / 3, 1e-15);
}

TEST(Moments, OfATrialsColumnAreRefused) {
  EXPECT_THROW((void)AnyFamily(Binomial::with_trials_column()).moments(0), NotAvailable);
  EXPECT_THROW((void)AnyFamily(Binomial::with_trials_column()).cdf(0, 1), NotAvailable);
  EXPECT_THROW((void)AnyFamily(BetaBinomial::with_trials_column()).moments(0), NotAvailable);
}

TEST(Marginal, OfIndependentColumnsKeepsTheirParameters) {
  EXPECT_EQ(Poisson(Vector{{1, 2, 3}}).marginal({2, 0}).rate(), (Vector{{3, 1}}));
  EXPECT_EQ(Exponential(Vector{{1, 2, 3}}).marginal({1}).rate(), one(2));
  EXPECT_EQ(Bernoulli(Vector{{0.1, 0.2}}).marginal({1}).probability(), one(0.2));
  const UniformBox box = UniformBox(Vector{{0, 1}}, Vector{{2, 4}}).marginal({1});
  EXPECT_EQ(box.lower(), one(1));
  EXPECT_EQ(box.upper(), one(4));
  const Categorical two({Vector{{0.1, 0.2, 0.7}}, Vector{{0.4, 0.6}}});
  EXPECT_EQ(two.marginal({1}).probabilities(), (Matrix{{0.4, 0.6}}));
  EXPECT_EQ(two.marginal({1}).levels(), std::vector<Index>{2});
}

TEST(Marginal, OfDiagonalGaussiansIsDiagonal) {
  const Matrix means{{0, 1, 2}};
  const AnyFamily family =
      Gaussians(means, {Matrix(Vector{{1, 2, 3}}.asDiagonal())}, {.structure = Structure::VVI});
  const AnyFamily chosen = family.marginal({2, 0});
  EXPECT_EQ(chosen.as<Gaussians>()->structure(), Structure::VVI);
  EXPECT_EQ(chosen.moments(0).mean, (Vector{{2, 0}}));
  EXPECT_EQ(family.conditional({1}, one(7)).moments(0).mean, (Vector{{0, 2}}));
}

TEST(Conditional, OfAnIllConditionedCovarianceStaysPositiveDefinite) {
  // x2 is x1 up to a millionth: what is left of its variance is 1e-12 of it.
  const Matrix covariance{{1, 1}, {1, 1 + 1e-12}};
  const AnyFamily family = Gaussians(Matrix{{0.0, 0.0}}, {covariance});
  const Moments left = family.conditional({0}, one(3)).moments(0);
  EXPECT_NEAR(left.mean[0], 3, 1e-12);
  EXPECT_NEAR(left.covariance(0, 0), 1e-12, 1e-15);
}

}  // namespace
}  // namespace mix
