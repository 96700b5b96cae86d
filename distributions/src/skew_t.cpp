#include "mix/distributions/skew_t.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/quadrature/tanh_sinh.hpp>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "degrees_of_freedom.h"
#include "mix/distributions/student_t.h"
#include "skewness.h"
#include "univariate.h"

namespace mix {
namespace {

constexpr double first_dof = 10;
// Beyond so many scales squares would overflow; the density is 0 there for all purposes.
constexpr double farthest = 1e100;

void check_skew_t(const Skew& skew, double dof) {
  check_skew("SkewT", skew);
  if (dof >= StudentT::least_dof && dof <= StudentT::largest_dof) return;
  throw std::invalid_argument(fmt::format("SkewT: degrees of freedom {}; they are from {} to {}",
                                          dof, StudentT::least_dof, StudentT::largest_dof));
}

// The incomplete beta function is I_x(a, b) = x^a (1 - x)^b / (a B(a, b)) / (1 + c/t) with
// c = -(a + b) x/(a + 1) and this continued fraction t, which converges quickly for
// x < (a + 1)/(a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double rounding = 1e-16;
  constexpr int most_terms = 10000;
  double value = 1;
  double c = 1;
  double d = 0;
  for (int j = 2; j < most_terms; ++j) {
    const int half = j / 2;
    const auto m = static_cast<double>(half);
    const double term = j % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                                   : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + term * d);
    c = 1 + term / c;
    value *= c * d;
    if (std::abs(c * d - 1) < rounding) break;
  }
  return value;
}

// What skewness makes of rows, at some degrees of freedom v.
class Skewing {
 public:
  explicit Skewing(double dof)
      : dof_(dof),
        a_((dof + 1) / 2),
        log_ratio_(t_log_normalizer(dof + 1, 1) + 0.5 * std::log((dof + 1) * std::numbers::pi)),
        constant_(std::numbers::ln2 + t_log_normalizer(dof, 1)) {}

  // Of one row at z, whose argument of the cdf is u sqrt((v + 1)/(v + z^2)).
  struct Row {
    double log_cdf;
    double precision;  // the expected w
    double hazard;     // E w X = (mean of X) E w + (deviation of X) hazard
  };
  [[nodiscard]] Row operator()(double z, double u) const {
    // T_{v+1} is half an incomplete beta function of x beyond its middle, or what that leaves.
    const double q = dof_ + z * z;
    const double x = q / (q + u * u);
    const double y = u * u / (q + u * u);
    const double log_power = log_ratio_ - a_ * std::log1p(u * u / q);
    const double power = std::exp(log_power);
    const double step = 0.5 * power * std::sqrt(y / std::numbers::pi) / a_;  // |T_{v+3} - T_{v+1}|
    const double scale = (dof_ + 1) / q;
    double cdf = 0;
    if (x < (a_ + 1) / (a_ + 2.5)) {
      const double first = -(a_ + 0.5) * x / (a_ + 1) / beta_fraction(a_, 0.5, x);
      if (u < 0) {
        // Ratios of two small numbers, without these.
        const double log_step = log_power + 0.5 * std::log(y / std::numbers::pi) - std::log(2 * a_);
        return {log_step - std::log1p(first), -scale * first, 2 * a_ * (1 + first) / -u};
      }
      const double tail = step / (1 + first);
      cdf = 1 - tail;
      return {std::log1p(-tail), scale * (cdf + step) / cdf, hazard(power, q, u, cdf)};
    }
    double middle = 0;
    if (y > 0) {
      const double first = -(a_ + 0.5) * y / 1.5 / beta_fraction(0.5, a_, y);
      middle = 4 * a_ * step / (1 + first);
    }
    cdf = u < 0 ? 0.5 * (1 - middle) : 0.5 * (1 + middle);
    return {std::log(cdf), scale * (u < 0 ? cdf - step : cdf + step) / cdf,
            hazard(power, q, u, cdf)};
  }
  // The log density of z.
  [[nodiscard]] double log_density(double z, double u) const {
    return constant_ - a_ * std::log1p(z * z / dof_) + (*this)(z, u).log_cdf;
  }

 private:
  [[nodiscard]] static double hazard(double power, double q, double u, double cdf) {
    return power / (std::sqrt(std::numbers::pi * (q + u * u)) * cdf);
  }

  double dof_;
  double a_;
  double log_ratio_;  // of Gamma(a + 1/2) to Gamma(a)
  double constant_;
};

double within_reach(double z) { return std::clamp(z, -farthest, farthest); }

// Of the standard distribution at z <= 0, with the angle of z = sqrt(v) tan(angle).
double lower_probability(double z, double shape, double dof) {
  thread_local boost::math::quadrature::tanh_sinh<double> integral;
  const double end = std::atan(z / std::sqrt(dof));
  const double constant = t_log_normalizer(dof, 1) + 0.5 * std::log(dof);
  const Skewing skewing(dof);
  // Distances from the left end, where the density of angles may be infinite.
  const double length = end + std::numbers::pi / 2;
  if (!(length > 0)) return 0;
  return 2 * integral.integrate(
                 [&](double at) {
                   const double tangent = -1 / std::tan(at);
                   const double t = within_reach(std::sqrt(dof) * tangent);
                   return std::exp(constant + (dof - 1) * std::log(std::sin(at)) +
                                   skewing(t, shape * t).log_cdf);
                 },
                 0.0, length);
}

}  // namespace

SkewT::SkewT(double location, double scale, double shape, double dof)
    : skew_{location, scale, shape}, dof_(dof) {
  check_skew_t(skew_, dof_);
}

void SkewT::log_density(Rows x, VectorRef out) const {
  const double log_scale = std::log(skew_.scale);
  const Skewing skewing(dof_);
  evaluate_rows(
      x, is_finite,
      [&](double value) {
        const double z = within_reach((value - skew_.location) / skew_.scale);
        return skewing.log_density(z, skew_.shape * z) - log_scale;
      },
      out);
}

void SkewT::sample(Rng& rng, VectorRef out) const {
  const double half = std::abs(standard_normal(rng));
  const double rest = standard_normal(rng);
  const double precision = 2 * standard_gamma(rng, dof_ / 2) / dof_;
  out[0] = skew_.location + skew_.scale *
                                (half_normal_part(skew_) * half + rest_deviation(skew_) * rest) /
                                std::sqrt(precision);
}

Index SkewT::statistics_size() const { return cycle_ == 0 ? 7 : 1 + window_nodes; }

void SkewT::accumulate(Rows x, Weights w, VectorRef statistics) const {
  const auto [rows, p] = standardized_rows(x, w, skew_.location, skew_.scale);
  if (cycle_ == 0) {
    const Skewing skewing(dof_);
    const double part = half_normal_part(skew_);
    const double rest = rest_deviation(skew_);
    for (Index i = 0; i < rows.size(); ++i) {
      if (!(p[i] > 0)) continue;
      const double z = within_reach(rows[i]);
      const Skewing::Row row = skewing(z, skew_.shape * z);
      const double half = part * z * row.precision + rest * row.hazard;
      statistics[0] += p[i];
      statistics[1] += p[i] * row.precision;
      statistics[2] += p[i] * half;
      statistics[3] += p[i] * (part * z * half + rest * rest);
      statistics[4] += p[i] * row.precision * z;
      statistics[5] += p[i] * half * z;
      statistics[6] += p[i] * row.precision * z * z;
    }
    return;
  }
  const LogWindow window = dof_window(dof_);
  statistics[0] += p.sum();
  for (Index j = 0; j < window_nodes; ++j) {
    const Skewing skewing(std::exp(window.node(j)));
    double sum = 0;
    for (Index i = 0; i < rows.size(); ++i) {
      if (!(p[i] > 0)) continue;
      const double z = within_reach(rows[i]);
      sum += p[i] * skewing.log_density(z, skew_.shape * z);
    }
    statistics[1 + j] += sum;
  }
}

void SkewT::maximize(ConstVectorRef sum) {
  if (cycle_ == 0) {
    maximize_skew(sum, data_, skew_);
    return;
  }
  if (!(sum[0] > 0) || !sum.allFinite()) return;
  const LogWindow window = dof_window(dof_);
  const WindowInterpolation value(window, sum.tail(window_nodes));
  const double s = window_maximizer(
      window, [&](double at) { return value(at).first; },
      [&](double at) { return value(at).second; });
  // Near the top values cannot tell what the slope does; what they lose there is rounding.
  constexpr double rounding = 1e-13;
  const double now = value(std::log(dof_)).first;
  if (!(value(s).first >= now - rounding * (1 + std::abs(now)))) return;
  dof_ = std::clamp(std::exp(s), StudentT::least_dof, StudentT::largest_dof);
}

void SkewT::start(const AnyRows& x, Weights w) {
  skew_ = skew_by_moments(x, w, data_, Skew());
  dof_ = first_dof;
}

Vector SkewT::coordinates() const {
  Vector v(4);
  v << skew_coordinates(skew_, data_), std::log(dof_);
  return v;
}

void SkewT::set_coordinates(ConstVectorRef v) {
  set_skew_coordinates(v.head(3), data_, skew_);
  const double dof = std::exp(v[3]);
  if (dof > 0) dof_ = std::clamp(dof, StudentT::least_dof, StudentT::largest_dof);
}

void SkewT::prepare(const AnyRows& x, Weights w) { data_ = learn_spread(name, x, w, itself); }

std::string SkewT::check_support(Rows x) const {
  return check_cells(x, is_finite, expected_finite);
}

// Measured without the tails, which may be of any width.
std::string SkewT::flaw(double mass) const {
  return data_.flaw(
      mass, SkewNormal(skew_.location, skew_.scale, skew_.shape).moments().covariance(0, 0));
}

std::string SkewT::caution() const {
  std::string text = shape_caution(skew_.shape);
  if (text.empty()) text = dof_caution(dof_, "its degrees of freedom");
  return text;
}

double SkewT::cdf(double x) const {
  if (!std::isfinite(x)) return std::isnan(x) ? x : (x > 0 ? 1 : 0);
  const double z = (x - skew_.location) / skew_.scale;
  const double below = z <= 0 ? lower_probability(z, skew_.shape, dof_)
                              : 1 - lower_probability(-z, -skew_.shape, dof_);
  return std::clamp(below, 0.0, 1.0);
}

Moments SkewT::moments() const {
  if (!(dof_ > 1)) return Moments::of(quiet_nan, quiet_nan);
  // sqrt(v/2) Gamma((v - 1)/2) / Gamma(v/2), the mean of 1/sqrt(w).
  const double stretch =
      std::exp(-t_log_normalizer(dof_ - 1, 1) - 0.5 * std::log((dof_ - 1) * std::numbers::pi) +
               0.5 * std::log(dof_ / 2));
  const double mean = std::sqrt(2 / std::numbers::pi) * half_normal_part(skew_) * stretch;
  const double variance = dof_ > 2 ? dof_ / (dof_ - 2) - mean * mean : infinity;
  return Moments::of(skew_.location + skew_.scale * mean, skew_.scale * skew_.scale * variance);
}

void SkewT::fields(Fields& visit) {
  skew_fields(visit, skew_);
  visit("degrees_of_freedom", dof_);
  data_.fields(visit);
  if (!visit.loading()) return;
  cycle_ = 0;
  check_skew_t(skew_, dof_);
}

void SkewT::describe(Fields& visit) const {
  Skew copy = skew_;
  double dof = dof_;
  skew_fields(visit, copy);
  visit("degrees_of_freedom", dof);
}

}  // namespace mix
