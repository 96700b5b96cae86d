#include "mix/cells.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <thread>
#include <utility>

#include "mix/dual.h"

namespace mix {
namespace {

using Number = Dual<2, Dual<2>>;
using Numbers = Dual<2, Dual<2, Cells>>;

Vector places() { return Vector::LinSpaced(37, 0.1, 3.7); }

Number variable(double value, int i) { return Number::variable(Dual<2>::variable(value, i), i); }

// f(x, p, q) in a form that takes numbers of any kind: of all rows at once as of each alone.
template <class Function>
void expect_as_row_by_row(const char* what, const Function& f) {
  const Vector x = places();
  const Number p = variable(0.7, 0);
  const Number q = variable(1.3, 1);
  const Numbers all(f(Cells(x), Numbers(p), Numbers(q)));
  const auto expect_near = [&](const Cells& found, double expected, Index i, const char* which) {
    EXPECT_NEAR(found[i], expected, 1e-13 * (1 + std::abs(expected))) << what << which << x[i];
  };
  for (Index i = 0; i < x.size(); ++i) {
    const Number one(f(x[i], p, q));
    expect_near(all.value().value(), one.value().value(), i, ", value at ");
    for (int a = 0; a < 2; ++a) {
      expect_near(all.value().slope(a), one.value().slope(a), i, ", slope at ");
      expect_near(all.slope(a).value(), one.slope(a).value(), i, ", slope at ");
      for (int b = 0; b < 2; ++b) {
        expect_near(all.slope(a).slope(b), one.slope(a).slope(b), i, ", curvature at ");
      }
    }
  }
}

#define MIX_EXPECT_AS_ROW_BY_ROW(expression)                                          \
  expect_as_row_by_row(#expression, [](const auto& x, const auto& p, const auto& q) { \
    using std::log, std::exp, std::pow, std::sqrt;                                    \
    return Dual(expression);                                                          \
  })

TEST(Cells, DoesArithmeticWithDualNumbers) {
  MIX_EXPECT_AS_ROW_BY_ROW((x - p) / q);
  MIX_EXPECT_AS_ROW_BY_ROW((p - x) * (x - q) * 2.0);
  MIX_EXPECT_AS_ROW_BY_ROW(x / p + p / x - x * q + (p + x) - 3.0 / (x * p));
  MIX_EXPECT_AS_ROW_BY_ROW((p - 1.0) * log(x) - x / q - p * log(q) - lgamma(p));
  MIX_EXPECT_AS_ROW_BY_ROW(-((x - p) * (x - p) / q) / 2.0 + (2.0 - p) + (x + 1.0) * p);
}

TEST(Cells, DoesFunctionsWithDualNumbers) {
  MIX_EXPECT_AS_ROW_BY_ROW(exp((p - x) / q));
  MIX_EXPECT_AS_ROW_BY_ROW(expm1(p * x) + log1p(q * x) + sqrt(p * x) + log(p + x));
  MIX_EXPECT_AS_ROW_BY_ROW(pow(x, q) + pow(p * x, 2.5) + pow(p, x * q) + pow(2.0, p * x));
  MIX_EXPECT_AS_ROW_BY_ROW(pow(x * q, p));
  MIX_EXPECT_AS_ROW_BY_ROW(abs(x - p) * q + fabs(p - x));
  MIX_EXPECT_AS_ROW_BY_ROW(sin(p * x) + cos(q * x) + tan(p * x / 4.0) + tanh(x * p));
  MIX_EXPECT_AS_ROW_BY_ROW(asin(p * x / 4.0) + acos(q * x / 6.0) + atan(x * q));
  MIX_EXPECT_AS_ROW_BY_ROW(sinh(p * x) + cosh(q * x) + erf(p * x) + erfc(q * x));
  MIX_EXPECT_AS_ROW_BY_ROW(log_gamma(p * x) + digamma(q * x));
}

TEST(Cells, TreatsExtremesAsNumbersAreTreated) {
  const double infinite = std::numeric_limits<double>::infinity();
  const double denormal = std::numeric_limits<double>::denorm_min();
  const Vector x{{1.0, -1.0, 0.0, infinite, -infinite, denormal, 1e308, -745.0, 709.5, 800.0}};
  const Cells exponentials = exp(Cells(x));
  const Cells logarithms = log(Cells(x));
  for (Index i = 0; i < x.size(); ++i) {
    EXPECT_DOUBLE_EQ(exponentials[i], std::exp(x[i])) << x[i];
    if (x[i] < 0) {
      EXPECT_TRUE(std::isnan(logarithms[i])) << x[i];
    } else {
      EXPECT_DOUBLE_EQ(logarithms[i], std::log(x[i])) << x[i];
    }
  }
}

TEST(Cells, GivesARowTheSameBitsWhateverStandsBesideIt) {
  Vector x = places();
  x[20] = -1;
  const Cells all = log(Cells(x)) / (exp(Cells(x)) + 2.0);
  for (Index i = 0; i < x.size(); ++i) {
    const Vector alone = x.segment(i, 1);
    const Cells one = log(Cells(alone)) / (exp(Cells(alone)) + 2.0);
    if (i == 20) continue;  // no logarithm
    EXPECT_EQ(all[i], one[0]);
  }
}

TEST(Cells, CopiesAreIndependent) {
  const Cells x(places());
  Cells y = x;
  y += 1.0;
  Cells z = y;
  z *= z;
  EXPECT_EQ(x[3], places()[3]);
  EXPECT_EQ(y[3], places()[3] + 1);
  EXPECT_EQ(z[3], y[3] * y[3]);
}

TEST(Cells, LeavesOutDerivativesByWhatAFormulaDoesNotContain) {
  const Numbers p(variable(0.7, 0));
  const Numbers product = Cells(places()) * p * p;
  EXPECT_FALSE(product.value().slope(0).nothing());
  EXPECT_TRUE(product.value().slope(1).nothing());
  EXPECT_TRUE(product.slope(0).slope(1).nothing());
}

TEST(Cells, MultipliesByZeroAsNumbersAreMultiplied) {
  EXPECT_TRUE(std::isnan((log(Cells(Vector{{-1.0}})) * 0.0)[0]));
}

TEST(Cells, SumsRowsThatHaveAWeight) {
  Vector x = places();
  Vector w = Vector::LinSpaced(37, 1, 2);
  w[5] = 0;
  x[5] = std::numeric_limits<double>::quiet_NaN();
  double expected = 0;
  for (Index i = 0; i < x.size(); ++i) expected += i == 5 ? 0 : w[i] * x[i];
  EXPECT_NEAR(Cells(x).weighted_sum(w), expected, 1e-12);
  EXPECT_NEAR(Cells(2.0).weighted_sum(w), 2 * w.sum(), 1e-12);
  EXPECT_EQ(log(Cells(0.0)).weighted_sum(Vector::Zero(37)), 0);
}

TEST(Cells, OfManyThreadsKeepApart) {
  const auto sums = [](double& sum) {
    for (int i = 0; i < 200; ++i) {
      sum += (Cells(places()) * 2.0 + exp(Cells(places())))[7];
    }
  };
  double here = 0;
  double there = 0;
  std::thread other(sums, std::ref(there));
  sums(here);
  other.join();
  EXPECT_EQ(here, there);
}

}  // namespace
}  // namespace mix
