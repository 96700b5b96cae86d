#include "mix/distributions/log_probability.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "mix/distributions/exponential.h"
#include "mix/distributions/normal.h"
#include "univariate.h"

namespace mix {
namespace {

// A difference of cdfs that is less than this share of the larger has lost too many digits.
constexpr double least_difference = 1e-4;
// What is left of an integral or a sum when the rest is rounding.
constexpr double rounding = 1e-17;
constexpr Index most_added = 64;  // counts of an interval that are added up without asking the cdf

// Gauss's rule of 16 points on [-1, 1]: those above 0.
constexpr std::array<double, 8> gauss_points{
    0.0950125098376374, 0.2816035507792589, 0.4580167776572274, 0.6178762444026438,
    0.7554044083550030, 0.8656312023878318, 0.9445750230732326, 0.9894009349916499};
constexpr std::array<double, 8> gauss_weights{
    0.1894506104550685, 0.1826034150449236, 0.1691565193950025, 0.1495959888165767,
    0.1246289712555339, 0.0951585116824928, 0.0622535239386479, 0.0271524594117541};
constexpr Index gauss_size = 2 * static_cast<Index>(gauss_points.size());

// The sum of numbers whose logarithms come one after the other.
class LogSum {
 public:
  // Returns the share of the new one in the sum.
  double add(double log_value) {
    if (!(log_value > -infinity)) return 0;
    if (log_value > top_) {
      sum_ *= std::exp(top_ - log_value);
      top_ = log_value;
    }
    const double value = std::exp(log_value - top_);
    sum_ += value;
    return value / sum_;
  }
  [[nodiscard]] double value() const { return top_ > -infinity ? top_ + std::log(sum_) : top_; }

 private:
  double top_ = -infinity;
  double sum_ = 0;
};

double log_density_at(const OneColumn& d, double x) {
  double out = 0;
  d.log_density(Eigen::Map<const Matrix>(&x, 1, 1), Eigen::Map<Vector>(&out, 1));
  return std::isnan(out) ? -infinity : out;
}

// The log of the integral of the density between two finite points.
double log_piece(const OneColumn& d, double from, double to) {
  std::array<double, gauss_size> x{};
  std::array<double, gauss_size> out{};
  const double middle = 0.5 * (from + to);
  const double half = 0.5 * (to - from);
  for (std::size_t i = 0; i < gauss_points.size(); ++i) {
    x[2 * i] = middle - half * gauss_points[i];
    x[2 * i + 1] = middle + half * gauss_points[i];
  }
  d.log_density(Eigen::Map<const Matrix>(x.data(), gauss_size, 1),
                Eigen::Map<Vector>(out.data(), gauss_size));
  LogSum sum;
  for (std::size_t i = 0; i < out.size(); ++i) sum.add(out[i] + std::log(gauss_weights[i / 2]));
  return sum.value() + std::log(std::abs(half));
}

// From an end of a tail or of a narrow interval, the length on which the density falls to between
// e^-2 and e^-1/4 of what it is at the end, or the whole width.
double falling_length(const OneColumn& d, double from, double direction, double width) {
  constexpr int most_steps = 600;
  constexpr double much = 2;
  constexpr double little = 0.25;
  const double there = log_density_at(d, from);
  double length = std::isfinite(width) ? width : std::max(std::abs(from), 1.0);
  const auto fall = [&] { return there - log_density_at(d, from + direction * length); };
  for (int i = 0; i < most_steps && fall() > much; ++i) length /= 4;
  for (int i = 0; i < most_steps && length < width && fall() < little; ++i) length *= 2;
  return std::min(length, width);
}

double log_integral(const OneColumn& d, double low, double high) {
  constexpr int most_pieces = 2000;
  const double at_low = std::isfinite(low) ? log_density_at(d, low) : -infinity;
  const double at_high = std::isfinite(high) ? log_density_at(d, high) : -infinity;
  if (at_low == -infinity && at_high == -infinity) return -infinity;
  const double direction = at_low >= at_high ? 1 : -1;
  double from = direction > 0 ? low : high;
  double left = high - low;
  double length = falling_length(d, from, direction, left);
  LogSum sum;
  for (int i = 0; i < most_pieces && left > 0; ++i) {
    length = std::min(length, left);
    const double to = from + direction * length;
    if (to == from) break;
    if (sum.add(log_piece(d, from, to)) < rounding) break;
    from = to;
    left -= length;
    length *= 2;
  }
  return sum.value();
}

// The probabilities of the counts from one end on, until the rest is rounding.
double log_sum(const OneColumn& d, double low, double high) {
  constexpr Index most = Index{1} << 20;
  std::array<double, most_added> x{};
  std::array<double, most_added> out{};
  const bool upward = !std::isfinite(high) || log_density_at(d, low) >= log_density_at(d, high);
  const double direction = upward ? 1 : -1;
  double next = upward ? low : high;
  double left = high - low + 1;
  LogSum sum;
  for (Index done = 0; done < most && left > 0; done += most_added) {
    const auto count = static_cast<Index>(std::min(left, static_cast<double>(most_added)));
    for (Index i = 0; i < count; ++i) {
      x[static_cast<std::size_t>(i)] = next + direction * static_cast<double>(i);
    }
    d.log_density(Eigen::Map<const Matrix>(x.data(), count, 1),
                  Eigen::Map<Vector>(out.data(), count));
    double share = 0;
    for (Index i = 0; i < count; ++i) share = sum.add(out[static_cast<std::size_t>(i)]);
    if (done > 0 && share < rounding) break;
    next += direction * static_cast<double>(count);
    left -= static_cast<double>(count);
  }
  return sum.value();
}

// log(e^(-a^2/2) g(a) - e^(-b^2/2) g(b)) for 0 <= a < b, with g the scaled tail: the probability of
// standard normal values from a to b.
double log_upper_probability(double a, double b) {
  double rest = scaled_normal_tail(a);
  if (b < infinity) rest -= std::exp(0.5 * (a - b) * (a + b)) * scaled_normal_tail(b);
  return std::log(rest) - 0.5 * a * a;
}

}  // namespace

double log_probability(const OneColumn& distribution, double low, double high) {
  const bool discrete = distribution.discrete;
  if (discrete) {
    low = std::max(std::ceil(low), 0.0);
    high = std::floor(high);
    if (!(low <= high)) return -infinity;
    if (high - low < most_added) return log_sum(distribution, low, high);
  }
  if (!(low < high)) return -infinity;
  const double before = discrete ? low - 1 : low;
  const double below = before > -infinity ? distribution.cdf(before) : 0;
  const double up_to = high < infinity ? distribution.cdf(high) : 1;
  return log_probability(distribution, low, high, below, up_to);
}

double log_probability(const OneColumn& distribution, double low, double high, double below,
                       double up_to) {
  const double difference = up_to - below;
  if (difference > 0 && difference >= least_difference * up_to) return std::log(difference);
  if (distribution.discrete) return log_sum(distribution, low, high);
  return low < high ? log_integral(distribution, low, high) : -infinity;
}

double log_probability(const Normal& normal, double low, double high) {
  const double a = (low - normal.mean()) / normal.standard_deviation();
  const double b = (high - normal.mean()) / normal.standard_deviation();
  if (!(a < b)) return -infinity;
  if (a >= 0) return log_upper_probability(a, b);
  if (b <= 0) return log_upper_probability(-b, -a);
  return std::log1p(-normal_cdf(a) - normal_cdf(-b));
}

double log_probability(const Exponential& exponential, double low, double high) {
  const double rate = exponential.rate()[0];
  low = std::max(low, 0.0);
  if (!(low < high)) return -infinity;
  return std::log(-std::expm1(-rate * (high - low))) - rate * low;
}

}  // namespace mix
