#include "bessel_functions.h"

#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "univariate.h"

namespace mix {
namespace {

// Terms of Debye's uniform expansion, which is a series in 1 / sqrt(v^2 + k^2): with so many the
// rest is below 1e-15 from `far` on.
constexpr std::size_t terms = 12;
constexpr double far = 40;

using Polynomial = std::array<double, 3 * terms + 3>;

// The polynomials u_j and v_j (Abramowitz & Stegun 9.3.9, 9.3.13): u_j(t) = t^j q(t^2).
struct Debye {
  std::array<Polynomial, terms + 1> u{};
  std::array<Polynomial, terms + 1> v{};

  Debye() {
    u[0][0] = v[0][0] = 1;
    for (std::size_t j = 0; j < terms; ++j) {
      for (std::size_t i = 0; i <= 3 * j; ++i) {
        const double c = u[j][i];
        const auto power = static_cast<double>(i);
        u[j + 1][i + 1] += c * (0.5 * power + 0.125 / (power + 1));
        u[j + 1][i + 3] -= c * (0.5 * power + 0.625 / (power + 3));
        v[j + 1][i + 1] -= c * (0.5 + power);
        v[j + 1][i + 3] += c * (0.5 + power);
      }
      for (std::size_t i = 0; i < u[j + 1].size(); ++i) v[j + 1][i] += u[j + 1][i];
    }
  }

  // The sum from j = 1 on of p_j(t) / order^j with t = order / hypotenuse.
  static double sum(const std::array<Polynomial, terms + 1>& p, double t, double hypotenuse) {
    double total = 0;
    for (std::size_t j = terms; j >= 1; --j) {
      double value = 0;
      for (std::size_t i = j + 1; i-- > 0;) value = value * t * t + p[j][j + 2 * i];
      total = (total + value) / hypotenuse;
    }
    return total;
  }
};

const Debye& debye() {
  static const Debye polynomials;
  return polynomials;
}

// log I_v(k) - v log k - k for v and k not both small.
double debye_logarithm(double v, double k) {
  const double p = std::hypot(v, k);
  return v * v / (p + k) - v * std::log(v + p) - 0.5 * std::log(2 * std::numbers::pi * p) +
         std::log1p(Debye::sum(debye().u, v / p, p));
}

// s = I_{v+1}(k) / (k I_v(k)), by s_v = 1 / (2 (v + 1) + k^2 s_{v+1}) from far above, where a start
// near the value is enough. `visit` gets s_{v+j} for j = `steps` - 1 down to 0.
template <class Visit>
double recurrence(double v, double k, int steps, const Visit& visit) {
  const double top = v + steps;
  double s = 1 / (top + 0.5 + std::hypot(top + 1.5, k));
  for (int j = steps - 1; j >= 0; --j) {
    s = 1 / (2 * (v + j + 1) + k * k * s);
    visit(j, s);
  }
  return s;
}

}  // namespace

double log_bessel_scaled(double v, double k) {
  if (std::hypot(v, k) >= far) return debye_logarithm(v, k);
  // From an order where the expansion holds down to v, by ratios.
  constexpr int up = 40;
  double sum = debye_logarithm(v + up, k);
  recurrence(v, k, 120, [&](int j, double s) {
    if (j < up) sum -= std::log(s);
  });
  return sum;
}

BesselRatio bessel_ratio(double v, double k) {
  const double p = std::hypot(v, k);
  if (k <= v || p < far) {
    const double ratio = k * recurrence(v, k, 120, [](int /*j*/, double /*s*/) {});
    return {ratio, 1 - ratio};
  }
  // From I'/I = p/k (1 + b) / (1 + a), a and b the sums above, and I_{v+1}/I_v = I'/I - v/k.
  const double a = Debye::sum(debye().u, v / p, p);
  const double b = Debye::sum(debye().v, v / p, p);
  const double rest = (v - v * v / (k + p) - p * (b - a) / (1 + a)) / k;
  return {1 - rest, rest};
}

double log_direction_constant(double d, double k) {
  return -0.5 * d * std::log(2 * std::numbers::pi) - log_bessel_scaled(d / 2 - 1, k);
}

double concentration_of_rest(double d, double rest, double largest) {
  // Beyond this concentration the derivative below would cancel; there it is (1 - A) / k.
  constexpr double concentrated = 1e7;
  if (!(rest < 1)) return 0;
  const double length = 1 - rest;
  const double guess = length * (d - length * length) / (rest * (1 + length));
  const double root = falling_root(
      [&](double log_k) {
        const double k = std::exp(log_k);
        const BesselRatio a = bessel_ratio(d / 2 - 1, k);
        const double slope =
            k > concentrated * d ? a.rest / k : a.rest * (1 + a.ratio) - (d - 1) * a.ratio / k;
        return std::pair(a.rest - rest, -k * slope);
      },
      // Below this concentration the mean length is that of the uniform distribution.
      std::log(1e-10), std::log(largest), std::log(std::fmin(std::fmax(guess, 1e-10), largest)));
  return std::exp(root);
}

}  // namespace mix
