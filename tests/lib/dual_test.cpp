#include "mix/dual.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "mix/newton.h"
#include "mix/parameter.h"

namespace mix {
namespace {

using First = Dual<2>;
using Second = Dual<2, First>;

// f(x, y) in a form that takes numbers of any kind.
template <class Function>
void expect_derivatives(const char* what, const Function& f, double x, double y) {
  const Second value =
      f(Second::variable(First::variable(x, 0), 0), Second::variable(First::variable(y, 1), 1));
  const auto plain = [&](double a, double b) { return f(Dual<0>(a), Dual<0>(b)).value(); };
  const double h = 1e-4;
  const double fxx = (plain(x + h, y) - 2 * plain(x, y) + plain(x - h, y)) / (h * h);
  const double fyy = (plain(x, y + h) - 2 * plain(x, y) + plain(x, y - h)) / (h * h);
  const double fxy =
      (plain(x + h, y + h) - plain(x + h, y - h) - plain(x - h, y + h) + plain(x - h, y - h)) /
      (4 * h * h);
  const double fx = (plain(x + h, y) - plain(x - h, y)) / (2 * h);
  const double fy = (plain(x, y + h) - plain(x, y - h)) / (2 * h);
  const double scale = 1 + std::abs(plain(x, y));
  EXPECT_NEAR(value.value().value(), plain(x, y), 1e-14 * scale) << what;
  EXPECT_NEAR(value.value().slope(0), fx, 1e-6 * scale) << what;
  EXPECT_NEAR(value.value().slope(1), fy, 1e-6 * scale) << what;
  EXPECT_NEAR(value.slope(0).value(), fx, 1e-6 * scale) << what;
  EXPECT_NEAR(value.slope(0).slope(0), fxx, 1e-5 * scale) << what;
  EXPECT_NEAR(value.slope(1).slope(1), fyy, 1e-5 * scale) << what;
  EXPECT_NEAR(value.slope(0).slope(1), fxy, 1e-5 * scale) << what;
  EXPECT_NEAR(value.slope(1).slope(0), fxy, 1e-5 * scale) << what;
}

#define MIX_EXPECT_DERIVATIVES(expression) \
  expect_derivatives(                      \
      #expression, [](const auto& x, const auto& y) { return expression; }, 0.7, 1.3)

TEST(Dual, DifferentiatesArithmetic) {
  MIX_EXPECT_DERIVATIVES(x + y);
  MIX_EXPECT_DERIVATIVES(x - y);
  MIX_EXPECT_DERIVATIVES(x * y * x);
  MIX_EXPECT_DERIVATIVES(x / (y * y));
  MIX_EXPECT_DERIVATIVES(2 * x - y / 3);
  MIX_EXPECT_DERIVATIVES(1 / x + (2 - y));
  MIX_EXPECT_DERIVATIVES(-x * 4 + 1 - (y - 2));
  MIX_EXPECT_DERIVATIVES(+x / 2 + (3 + y));
}

TEST(Dual, DifferentiatesFunctions) {
  MIX_EXPECT_DERIVATIVES(exp(x * y));
  MIX_EXPECT_DERIVATIVES(expm1(x * y));
  MIX_EXPECT_DERIVATIVES(tan(x) + asin(x * y / 2) - acos(y / 2));
  MIX_EXPECT_DERIVATIVES(log(x + y * y));
  MIX_EXPECT_DERIVATIVES(log1p(x * y));
  MIX_EXPECT_DERIVATIVES(sqrt(x * y));
  MIX_EXPECT_DERIVATIVES(abs(x - y) * y);
  MIX_EXPECT_DERIVATIVES(fabs(x * y));
  MIX_EXPECT_DERIVATIVES(sin(x * y));
  MIX_EXPECT_DERIVATIVES(cos(x * y));
  MIX_EXPECT_DERIVATIVES(atan(x * y));
  MIX_EXPECT_DERIVATIVES(tanh(x * y));
  MIX_EXPECT_DERIVATIVES(sinh(x * y));
  MIX_EXPECT_DERIVATIVES(cosh(x * y));
  MIX_EXPECT_DERIVATIVES(erf(x * y));
  MIX_EXPECT_DERIVATIVES(erfc(x * y));
  MIX_EXPECT_DERIVATIVES(lgamma(x * y));
  MIX_EXPECT_DERIVATIVES(log_gamma(x + y));
  MIX_EXPECT_DERIVATIVES(digamma(x * y));
}

TEST(Dual, DifferentiatesPowers) {
  MIX_EXPECT_DERIVATIVES(pow(x * y, 2.5));
  MIX_EXPECT_DERIVATIVES(pow(2.0, x * y));
  MIX_EXPECT_DERIVATIVES(pow(x, y));
  MIX_EXPECT_DERIVATIVES(pow(x * y, x + y));
  MIX_EXPECT_DERIVATIVES(pow(x * y, 2));
}

TEST(Dual, KnowsPowersOfZero) {
  const Dual<1> a = Dual<1>::variable(2, 0);
  EXPECT_EQ(pow(0.0, a).value(), 0);
  EXPECT_EQ(pow(0.0, a).slope(0), 0);
  EXPECT_EQ(pow(Dual<1>(0.0), a).slope(0), 0);
  EXPECT_EQ(pow(Dual<1>::variable(0, 0), 2.0).slope(0), 0);
  EXPECT_EQ(pow(Dual<1>::variable(0, 0), 0.0).slope(0), 0);
}

TEST(Dual, ComparesValues) {
  const Dual<1> a = Dual<1>::variable(2, 0);
  const Dual<1> b = 3;
  EXPECT_TRUE(a < b);
  EXPECT_TRUE(b >= a);
  EXPECT_TRUE(a == 2);
  EXPECT_TRUE(a != b);
  EXPECT_TRUE(1 < a);
  EXPECT_TRUE(a > 0);
  EXPECT_EQ(std::max(a, b).value(), 3);
  EXPECT_TRUE(isfinite(a));
  EXPECT_TRUE(isnan(Dual<1>(quiet_nan)));
}

TEST(Dual, UpdatesInPlace) {
  Dual<1> a = Dual<1>::variable(2, 0);
  a *= a;
  a += 1;
  a -= Dual<1>::variable(1, 0);
  a /= 2;
  EXPECT_EQ(a.value(), 2);
  EXPECT_EQ(a.slope(0), 1.5);
}

TEST(Dual, WithoutDirectionsIsAPlainNumber) {
  EXPECT_EQ(abs(Dual<0>(-0.5)).value(), 0.5);  // not the abs of integers
}

// Values at coordinates u, and how they change with them.
std::vector<double> values_at(const Parameter& p, const std::vector<double>& u) {
  std::vector<double> values(static_cast<std::size_t>(p.size()));
  p.from_line(u.data(), values.data());
  return values;
}

TEST(Parameter, ChartsAreInverse) {
  for (const Parameter& p :
       {real("a"), positive("b", 2), unit("c"), interval("d", -2, 5), Parameter{"e", -infinity, 3},
        simplex("f", 2), simplex("g", 4), ordered("h", 3), covariance("i", 1), covariance("j", 3),
        correlation("k", 2), correlation("l", 3)}) {
    for (const double scale : {0.0, 0.3, -1.5, 4.0}) {
      std::vector<double> u(static_cast<std::size_t>(p.freedom()));
      for (std::size_t i = 0; i < u.size(); ++i) u[i] = scale * std::cos(static_cast<double>(i));
      const std::vector<double> values = values_at(p, u);
      EXPECT_TRUE(p.contains(values.data())) << p.name << " " << scale;
      std::vector<double> back(u.size());
      p.to_line(values.data(), back.data());
      for (std::size_t i = 0; i < u.size(); ++i) EXPECT_NEAR(back[i], u[i], 1e-12) << p.name;

      // Derivatives of the values by the coordinates.
      constexpr int most = 6;
      std::vector<Dual<most>> line(u.size());
      for (std::size_t i = 0; i < u.size(); ++i) {
        line[i] = Dual<most>::variable(u[i], static_cast<int>(i));
      }
      std::vector<Dual<most>> slopes(values.size());
      p.from_line(line.data(), slopes.data());
      for (std::size_t i = 0; i < u.size(); ++i) {
        constexpr double h = 1e-5;
        std::vector<double> near = u;
        near[i] += h;
        const std::vector<double> above = values_at(p, near);
        near[i] -= 2 * h;
        const std::vector<double> below = values_at(p, near);
        for (std::size_t j = 0; j < values.size(); ++j) {
          EXPECT_NEAR(slopes[j].slope(static_cast<int>(i)), (above[j] - below[j]) / (2 * h),
                      1e-7 * (1 + std::abs(values[j])))
              << p.name;
        }
      }
    }
  }
}

TEST(Parameter, CountsNumbersAndFreeOnes) {
  EXPECT_EQ(real("a", 3).size(), 3);
  EXPECT_EQ(simplex("a", 3).size(), 3);
  EXPECT_EQ(simplex("a", 3).freedom(), 2);
  EXPECT_EQ(covariance("a", 3).freedom(), 6);
  EXPECT_EQ(correlation("a", 3).size(), 6);
  EXPECT_EQ(correlation("a", 3).freedom(), 3);
}

TEST(Parameter, RangesOfSeveralNumbersAreChecked) {
  const auto fits = [](const Parameter& p, std::vector<double> values) {
    return p.contains(values.data());
  };
  EXPECT_TRUE(fits(simplex("a", 2), {0.25, 0.75}));
  EXPECT_FALSE(fits(simplex("a", 2), {0.25, 0.7}));
  EXPECT_FALSE(fits(simplex("a", 2), {1, 0}));
  EXPECT_FALSE(fits(ordered("a", 2), {1, 1}));
  EXPECT_FALSE(fits(covariance("a", 2), {1, 5, 0}));
  EXPECT_TRUE(fits(covariance("a", 2), {1, 5, 0.1}));
  EXPECT_TRUE(fits(correlation("a", 2), {1, 0.6, 0.8}));
  EXPECT_FALSE(fits(correlation("a", 2), {1, 0.6, 0.9}));
}

TEST(Parameter, BoundsAreOpen) {
  const auto fits = [](const Parameter& p, double value) { return p.contains(&value); };
  EXPECT_FALSE(fits(positive("a"), 0));
  EXPECT_FALSE(fits(unit("a"), 1));
  EXPECT_FALSE(fits(interval("a", 2, 3), 2));
  EXPECT_TRUE(fits(real("a"), -1e300));
  EXPECT_FALSE(fits(real("a"), quiet_nan));
}

// -(1 - x)^2 - 100 (y - x^2)^2: a bent ridge, with a saddle of |H| on the way.
Expansion rosenbrock(const Vector& p) {
  const Second x = Second::variable(First::variable(p[0], 0), 0);
  const Second y = Second::variable(First::variable(p[1], 1), 1);
  const Second f = -(1 - x) * (1 - x) - 100 * (y - x * x) * (y - x * x);
  Expansion at{f.value().value(), Vector(2), Matrix(2, 2)};
  for (int i = 0; i < 2; ++i) {
    at.gradient[i] = f.value().slope(i);
    for (int j = 0; j < 2; ++j) at.hessian(i, j) = f.slope(i).slope(j);
  }
  return at;
}

TEST(Newton, FollowsABentRidge) {
  Vector start(2);
  start << -1.2, 1;
  const NewtonResult top =
      maximize_by_newton(start, rosenbrock, [](const Vector& p) { return rosenbrock(p).value; });
  EXPECT_LT((top.point - Vector::Ones(2)).norm(), 1e-10);
  EXPECT_LT(top.iterations, 40);
}

TEST(Newton, StaysWhereNothingIsFinite) {
  const auto nothing = [](const Vector&) {
    return Expansion{quiet_nan, Vector::Zero(1), Matrix::Zero(1, 1)};
  };
  const NewtonResult result =
      maximize_by_newton(Vector::Ones(1), nothing, [](const Vector&) { return quiet_nan; });
  EXPECT_EQ(result.point[0], 1);
}

}  // namespace
}  // namespace mix
