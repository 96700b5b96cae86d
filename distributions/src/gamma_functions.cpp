#include "gamma_functions.h"

#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/log1p.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <utility>

#include "mix/special.h"
#include "univariate.h"

namespace mix {
namespace {

// From here on the asymptotic series below are exact to the last digits.
constexpr double large = 20;
// From here on Temme's expansion below is exact to the last digits. Boost.Math adds up as many
// terms as the square root of the shape.
constexpr double very_large = 1e8;
// e to minus this is 0 in double precision.
constexpr double vanishing = 750;

// The smaller tail of the gamma distribution, by Temme's uniform expansion (1979): with
// eta^2 / 2 = t - 1 - log t, t = x / shape, half of erfc(eta sqrt(shape / 2)) and a term of order
// 1 / sqrt(shape). Where neither vanishes, eta is so small that a few powers do.
double temme_tail(double shape, double x) {
  const double away = (x - shape) / shape;
  const double half_square = -boost::math::log1pmx(away);
  const double eta = std::copysign(std::sqrt(2 * half_square), away);
  const double factor = -1.0 / 3 + eta * (1.0 / 12 - eta * (2.0 / 135 - eta / 864));
  const double exponent = shape * half_square;
  const double term = factor * std::exp(-exponent) / std::sqrt(2 * std::numbers::pi * shape);
  return 0.5 * std::erfc(std::sqrt(exponent)) + (away < 0 ? -term : term);
}

// The tail on that side of x where the mean is not, if only it is easy.
std::optional<double> easy_tail(double shape, double x) {
  if (x == std::numeric_limits<double>::infinity()) return 0;
  // Chernoff's bound.
  if (shape * divergence_from_one(x / shape) > vanishing) return 0;
  if (shape >= very_large) return temme_tail(shape, x);
  return std::nullopt;
}

}  // namespace

double log_gamma_constant(double z) {
  if (z < large) return z * std::log(z) - z - boost::math::lgamma(z);
  return 0.5 * std::log(z / (2 * std::numbers::pi)) - log_gamma_rest(z);
}

double log_minus_digamma(double z) {
  if (z < large) return std::log(z) - boost::math::digamma(z);
  const double y = 1 / (z * z);
  return 0.5 / z + y * (1.0 / 12 - y * (1.0 / 120 -
                                        y * (1.0 / 252 -
                                             y * (1.0 / 240 - y * (1.0 / 132 - y * 691 / 32760)))));
}

double log_minus_digamma_slope(double z) {
  if (z < large) return 1 / z - boost::math::trigamma(z);
  const double y = 1 / (z * z);
  return -y * (0.5 + (1.0 / 6 - y * (1.0 / 30 - y * (1.0 / 42 - y * (1.0 / 30 - y * 5 / 66)))) / z);
}

double divergence_from_one(double t) {
  if (t == infinity) return infinity;
  const double away = t - 1;
  return std::abs(away) < 0.5 ? away - std::log1p(away) : away - std::log(t);
}

double gamma_below(double shape, double x) {
  if (const auto tail = easy_tail(shape, x)) return x < shape ? *tail : 1 - *tail;
  return boost::math::gamma_p(shape, x);
}

double gamma_above(double shape, double x) {
  if (const auto tail = easy_tail(shape, x)) return x < shape ? 1 - *tail : *tail;
  return boost::math::gamma_q(shape, x);
}

// The function is concave. Along a step its derivative tells whether the step went too far: values
// would cancel too many digits.
Vector dirichlet_concentration(ConstVectorRef mean_log) {
  const auto gradient = [&](const Vector& a) -> Vector {
    const double sum = a.sum();
    const double rest = log_minus_digamma(sum);
    return Vector::NullaryExpr(a.size(), [&](Index j) {
      return std::log(sum / a[j]) + mean_log[j] - rest + log_minus_digamma(a[j]);
    });
  };
  const auto trigamma = [](double z) { return 1 / z - log_minus_digamma_slope(z); };
  constexpr int most_steps = 500;
  Vector a = Vector::Ones(mean_log.size());
  Vector g = gradient(a);
  for (int i = 0; i < most_steps; ++i) {
    // The Hessian is diag(q) + z: its inverse by Sherman & Morrison.
    const Vector q = -a.unaryExpr(trigamma);
    const double shift =
        g.cwiseQuotient(q).sum() / (1 / trigamma(a.sum()) + q.cwiseInverse().sum());
    Vector step = -((g.array() - shift) / q.array()).matrix();
    const double size = step.cwiseQuotient(a).cwiseAbs().maxCoeff();
    const double promise = g.dot(step);
    if (!(size > 1e-15) || !(promise > 0)) break;
    Vector next = a + step;
    Vector there = next;
    for (int halving = 0; halving < 60; ++halving) {
      if ((next.array() > 0).all()) {
        there = gradient(next);
        // Newton's last steps square the error, and what the derivative says there is rounding.
        if (size < 1e-6 || there.dot(step) > -0.5 * promise) break;
      }
      step *= 0.5;
      next = a + step;
    }
    if (!(next.array() > 0).all() || !there.allFinite()) break;
    a = next;
    g = there;
    if (size < 1e-8) break;
  }
  return a;
}

double inverse_log_minus_digamma(double value, double low, double high) {
  const double guess =
      (3 - value + std::sqrt((value - 3) * (value - 3) + 24 * value)) / (12 * value);
  const double root = falling_root(
      [value](double log_z) {
        const double z = std::exp(log_z);
        return std::pair(log_minus_digamma(z) - value, z * log_minus_digamma_slope(z));
      },
      std::log(low), std::log(high), std::log(guess));
  return std::exp(root);
}

}  // namespace mix
