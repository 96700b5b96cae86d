// Families of shares and of directions: densities against Boost.Math and published values,
// estimates against the score, and data at the edges. What all families owe is checked in
// tests/laws.
#include <gtest/gtest.h>

#include <boost/math/distributions/beta.hpp>
#include <boost/math/special_functions/bessel.hpp>
#include <cmath>
#include <initializer_list>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "mix/concepts.h"
#include "mix/distributions/beta.h"
#include "mix/distributions/dirichlet.h"
#include "mix/distributions/von_mises.h"
#include "mix/distributions/von_mises_fisher.h"
#include "support/evaluate.h"
#include "support/score.h"

namespace mix {
namespace {

using namespace test;

static_assert(ExponentialFamily<Beta> && Charted<Beta> && WithPrior<Untied<Beta>>);
static_assert(ExponentialFamily<Dirichlet> && !std::constructible_from<Dirichlet, double>);
static_assert(SparseExponentialFamily<VonMisesFisher> && Sampleable<VonMises>);

TEST(Beta, HasTheDensityOfTheTextbook) {
  expect_density(Beta(2.5, 0.4), boost::math::beta_distribution<>(2.5, 0.4),
                 {1e-10, 0.01, 0.3, 0.9, 0.999999});
  for (const double x : {0.0, 1.0, -0.1, 1.1, infinity, quiet_nan}) {
    EXPECT_EQ(log_density_at(Beta(2, 3), {x}), -infinity) << x;
  }
  EXPECT_EQ(Beta().check_support(rows(1, {0.5, 1, 0})),
            "row 2, column 1: 1 is not a share (above 0 and below 1); 2 rows in all");
}

TEST(Beta, EstimatesTheNumericalOptimum) {
  for (const auto& [a, b] : {std::pair{0.05, 0.2}, {2.0, 5.0}, {300.0, 0.5}, {4e4, 1e5}}) {
    const Matrix x = draws(Beta(a, b), 400);
    const Vector w = uneven_weights(400);
    const Beta fitted = estimated(Beta(), x, w);
    EXPECT_LT(score(fitted, x, w), 1e-9) << a << " " << b;
    EXPECT_EQ(fitted.flaw(w.sum()), "");
  }
}

TEST(Beta, IsADirichletOfTwo) {
  const Matrix x = rows(1, {0.1, 0.4, 0.35, 0.9});
  Matrix both(4, 2);
  both << x, (1 - x.array()).matrix();
  EXPECT_LT((log_density(Beta(2, 7), x) - log_density(Dirichlet(Vector{{2.0, 7.0}}), both))
                .cwiseAbs()
                .maxCoeff(),
            1e-13);
  const Beta one = estimated(Beta(), x, Vector::Ones(4));
  const Dirichlet two = estimated(Dirichlet(2), both, Vector::Ones(4));
  EXPECT_NEAR(one.a(), two.concentration()[0], 1e-11);
  EXPECT_NEAR(one.b(), two.concentration()[1], 1e-11);
}

TEST(Dirichlet, HasTheDensityOfTheTextbook) {
  // G(6) / (G(1) G(2) G(3)) x2 x3^2.
  const Dirichlet distribution(Vector{{1.0, 2.0, 3.0}});
  EXPECT_NEAR(log_density_at(distribution, {0.2, 0.3, 0.5}), std::log(60 * 0.3 * 0.25), 1e-13);
  EXPECT_EQ(log_density_at(distribution, {0.2, 0.3, 0.6}), -infinity);
  EXPECT_EQ(log_density_at(distribution, {0.0, 0.5, 0.5}), -infinity);
  EXPECT_EQ(log_density_at(distribution, {-0.5, 0.5, 1}), -infinity);
  EXPECT_EQ(log_density_at(distribution, {quiet_nan, 0.5, 0.5}), -infinity);
}

TEST(Dirichlet, SaysWhatRowsItCannotDescribe) {
  const Dirichlet distribution(2);
  EXPECT_EQ(distribution.check_support(rows(2, {0.5, 0.5, 0.25, 0.75})), "");
  EXPECT_EQ(distribution.check_support(rows(2, {0.5, 0.5, 0, 1})),
            "row 2, column 1: 0 is not a share above 0: replace zeros by a small share of the row");
  EXPECT_EQ(distribution.check_support(rows(2, {0.5, 0.25})),
            "row 1, column 2: the row sums to 0.75, not to 1: divide each row by its sum");
}

TEST(Dirichlet, EstimatesTheNumericalOptimum) {
  for (const double scale : {0.02, 1.0, 300.0}) {
    const Dirichlet truth(scale * Vector{{1.0, 2.0, 3.0, 0.7}});
    const Matrix x = draws(truth, 500);
    const Vector w = uneven_weights(500);
    const Dirichlet fitted = estimated(Dirichlet(4), x, w);
    EXPECT_LT(score(fitted, x, w), 1e-9) << scale;
    EXPECT_LT((fitted.concentration() - truth.concentration()).cwiseAbs().maxCoeff(), scale);
  }
}

TEST(Dirichlet, StaysFiniteOnEqualRowsAndSaysSo) {
  Matrix x = draws(Dirichlet(Vector{{2.0, 2.0, 2.0}}), 40);
  x.topRows(10) = x.row(0).replicate(10, 1);
  Vector tied = Vector::Zero(40);
  tied.head(10).setOnes();
  Dirichlet fitted(3);
  fitted.prepare(x, Vector::Ones(40));
  estimate(fitted, x, tied);
  EXPECT_GT(fitted.concentration().sum(), 1e8);
  EXPECT_LT((fitted.mean() - x.row(0).transpose()).cwiseAbs().maxCoeff(), 1e-8);
  EXPECT_TRUE(std::isfinite(log_density(fitted, x.topRows(1))[0]));
  EXPECT_NE(fitted.flaw(10), "");
  estimate(fitted, x, Vector::Ones(40));
  EXPECT_EQ(fitted.flaw(40), "");
}

TEST(VonMises, HasTheDensityOfTheTextbook) {
  for (const double k : {0.0, 1e-6, 0.5, 4.0, 100.0, 600.0}) {
    const double constant =
        -std::log(2 * std::numbers::pi * boost::math::cyl_bessel_i(0.0, k)) + k * std::cos(1.3);
    EXPECT_NEAR(log_density_at(VonMises(0.7, k), {2}), constant, 1e-12 * (1 + k)) << k;
    EXPECT_NEAR(log_density_at(VonMises(0.7, k), {2 + 2 * std::numbers::pi}), constant,
                1e-12 * (1 + k));
  }
  // A normal distribution on a short arc.
  EXPECT_NEAR(log_density_at(VonMises(1, 1e12), {1}), 0.5 * std::log(1e12 / (2 * std::numbers::pi)),
              1e-9);
  EXPECT_EQ(log_density_at(VonMises(1, 2), {quiet_nan}), -infinity);
  EXPECT_NEAR(VonMises(7, 1).direction(), 7 - 2 * std::numbers::pi, 1e-14);
}

TEST(VonMises, EstimatesTheNumericalOptimum) {
  for (const double k : {0.3, 5.0, 1e3, 1e6}) {
    const Matrix x = draws(VonMises(3, k), 400);
    const Vector w = uneven_weights(400);
    const VonMises fitted = estimated(VonMises(), x, w);
    EXPECT_LT(score(fitted, x, w), 1e-9) << k;
  }
  // Angles without a mean direction.
  const VonMises uniform_one =
      estimated(VonMises(), rows(1, {0, std::numbers::pi}), Vector::Ones(2));
  EXPECT_LT(uniform_one.concentration(), 1e-8);
}

TEST(VonMises, StaysFiniteOnEqualRowsAndSaysSo) {
  const Matrix x = rows(1, {2, 2, 2, 2, 5, -3, 1, 4});
  VonMises fitted;
  fitted.prepare(x, Vector::Ones(8));
  estimate(fitted, x, Vector{{1, 1, 1, 1, 0, 0, 0, 0}});
  EXPECT_GT(fitted.concentration(), 1e9);
  EXPECT_NEAR(fitted.direction(), 2, 1e-9);
  EXPECT_TRUE(std::isfinite(log_density_at(fitted, {2})));
  EXPECT_NE(fitted.flaw(4), "");
  estimate(fitted, x, Vector::Ones(8));
  EXPECT_EQ(fitted.flaw(8), "");
}

TEST(VonMises, OfEqualAnglesAloneIsAtTheLimitAndSaysSo) {
  const Matrix x = Matrix::Constant(20, 1, 2.0);
  VonMises fitted;
  fitted.prepare(x, Vector::Ones(20));
  estimate(fitted, x, Vector::Ones(20));
  EXPECT_NEAR(fitted.concentration(), 1e12, 1);
  EXPECT_NE(fitted.flaw(20).find("upper limit 1e+12"), std::string::npos) << fitted.flaw(20);
  // What was estimated is what a file may hold, and no more is.
  EXPECT_NO_THROW(VonMises(2, fitted.concentration()));
  EXPECT_THROW(VonMises(2, 1e300), std::invalid_argument);
  EXPECT_THROW(VonMisesFisher(Vector{{1, 0, 0}}, 2.1e12), std::invalid_argument);

  VonMisesFisher sphere(3);
  const Matrix same = Vector{{0.6, 0, 0.8}}.transpose().replicate(20, 1);
  sphere.prepare(same, Vector::Ones(20));
  estimate(sphere, same, Vector::Ones(20));
  EXPECT_NE(sphere.flaw(20).find("upper limit 2e+12"), std::string::npos) << sphere.flaw(20);
}

TEST(VonMisesFisher, HasTheDensityOfTheTextbook) {
  // In three dimensions: k / (4 pi sinh k) e^(k m'x).
  const Vector direction{{0.6, 0.0, 0.8}};
  for (const double k : {1e-5, 0.5, 4.0, 100.0}) {
    EXPECT_NEAR(log_density_at(VonMisesFisher(direction, k), {0.36, -0.8, 0.48}),
                std::log(k / (4 * std::numbers::pi * std::sinh(k))) + k * (0.216 + 0.384),
                1e-12 * (1 + k))
        << k;
  }
  // Uniform: the area of the unit sphere is 4 pi.
  EXPECT_NEAR(log_density_at(VonMisesFisher(3), {0, 0, 1}), -std::log(4 * std::numbers::pi), 1e-14);
  EXPECT_EQ(log_density_at(VonMisesFisher(3), {0, 0, 1.1}), -infinity);
  EXPECT_EQ(VonMisesFisher(2).check_support(rows(2, {0.6, 0.8, 3, 4})),
            "row 2, column 2: the row has the length 5, not 1: divide each row by its length");
}

TEST(VonMisesFisher, OfTwoDimensionsIsVonMises) {
  const Matrix angles = draws(VonMises(1, 3), 100);
  Matrix x(100, 2);
  x << angles.array().cos(), angles.array().sin();
  const VonMises circle = estimated(VonMises(), angles, Vector::Ones(100));
  const VonMisesFisher plane = estimated(VonMisesFisher(2), x, Vector::Ones(100));
  EXPECT_NEAR(plane.concentration(), circle.concentration(), 1e-11);
  EXPECT_LT((log_density(plane, x) - log_density(circle, angles)).cwiseAbs().maxCoeff(), 1e-11);
}

TEST(VonMisesFisher, EstimatesTheNumericalOptimum) {
  for (const double k : {0.5, 20.0, 1e3}) {
    const Matrix x = draws(VonMisesFisher(Vector{{1.0, 2.0, -2.0, 0.5}}, k), 400);
    const Vector w = uneven_weights(400);
    const VonMisesFisher fitted = estimated(VonMisesFisher(4), x, w);
    EXPECT_LT(score(fitted, x, w), 1e-9) << k;
  }
}

TEST(VonMisesFisher, IsStableInManyDimensions) {
  // Log densities at the mean direction and mean lengths I_{D/2}(k) / I_{D/2-1}(k), summed from the
  // ascending series with 60 digits by mpmath.
  struct Reference {
    Index d;
    double k;
    double at_mean;
    double ratio;
    double slope;  // of the ratio, by log k
  };
  for (const Reference& r : std::initializer_list<Reference>{
           {2, 0.01, -1.8279020662530972196, 0.0049999375010416487633, 0.0049998},
           {2, 30.0, 0.77742150041871866652, 0.98318955536533609269, 0.016959},
           {2, 100000.0, 4.8375229492741914032, 0.999994999987499875, 5.0e-6},
           {3, 45.0, 1.9687854233609742738, 0.97777777777777777778, 0.022222},
           {10, 0.5, -2.7512297895341127761, 0.049896203861781465213, 0.049689},
           {10, 39.0, 8.4199734677085441894, 0.88991621356681314283, 0.10467},
           {50, 60.0, 60.057935054539491107, 0.66984059669543794976, 0.25663},
           {64, 10000.0, 232.28063398899914324, 0.99685480421890450228, 0.0031404},
           {300, 200.0, 570.72692674056480707, 0.50039999753180496616, 0.30037},
           {2000, 1.0e+6, 11972.143675392151252, 0.9990009990007495, 0.0009985},
           {20000, 1.0, 70652.725465767815617, 0.000049999999875012499375, 5.0e-5},
           {20000, 5000.0, 75044.795188746634579, 0.23606909199208643004, 0.21115},
           {20000, 20000.0, 83103.085114319644893, 0.6180416281645451524, 0.2764},
           {20000, 1.0e+6, 119820.33570768475353, 0.9900504888009224677, 0.0098995}}) {
    const VonMisesFisher distribution(Vector::Unit(r.d, 0), r.k);
    const Matrix at = Vector::Unit(r.d, 0).transpose();
    EXPECT_NEAR(log_density(distribution, at)[0], r.at_mean, 1e-13 * (1 + std::abs(r.at_mean)))
        << r.d << " " << r.k;
    // Statistics with just that mean length give the concentration back.
    Vector sum = Vector::Zero(1 + r.d);
    sum[0] = 2;
    sum[1] = 2 * r.ratio;
    VonMisesFisher fitted(r.d);
    fitted.maximize(sum);
    // A rounding error of the length moves the concentration by as much as its derivative is small.
    EXPECT_NEAR(fitted.concentration() / r.k, 1, 1e-13 + 2.5e-16 / r.slope) << r.d << " " << r.k;
  }
}

TEST(VonMisesFisher, DrawsAndFitsInManyDimensions) {
  const Index d = 2000;
  Vector direction = Vector::Ones(d);
  const VonMisesFisher truth(direction, 3000);
  const Matrix x = draws(truth, 60);
  EXPECT_EQ(truth.check_support(x), "");
  const VonMisesFisher fitted = estimated(VonMisesFisher(d), x, Vector::Ones(60));
  EXPECT_GT(fitted.direction().dot(truth.direction()), 0.98);
  EXPECT_NEAR(fitted.concentration() / 3000, 1, 0.05);
}

TEST(BoundedFamilies, RefuseImpossibleParameters) {
  EXPECT_THROW(Beta(0, 1), std::invalid_argument);
  EXPECT_THROW(Dirichlet(1), std::invalid_argument);
  EXPECT_THROW(Dirichlet(Vector{{1.0, 0.0}}), std::invalid_argument);
  EXPECT_THROW(VonMises(0, -1), std::invalid_argument);
  EXPECT_THROW(VonMises(infinity, 1), std::invalid_argument);
  EXPECT_THROW(VonMisesFisher(1), std::invalid_argument);
  EXPECT_THROW(VonMisesFisher(Vector{{0.0, 0.0}}, 1), std::invalid_argument);
  EXPECT_THROW(VonMisesFisher(Vector{{1.0, 0.0}}, infinity), std::invalid_argument);
}

}  // namespace
}  // namespace mix
