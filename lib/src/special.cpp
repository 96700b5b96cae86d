#include "mix/special.h"

#include <array>
#include <cmath>
#include <limits>

namespace mix {
namespace {

const std::array<double, small_count>& log_factorials() {
  static const std::array<double, small_count> table = [] {
    std::array<double, small_count> values{};
    long double sum = 0;
    for (std::size_t n = 1; n < small_count; ++n) {
      sum += std::log(static_cast<long double>(n));
      values[n] = static_cast<double>(sum);
    }
    return values;
  }();
  return table;
}

constexpr double half_log_two_pi = 0.91893853320467274178;

// The same as log_gamma_rest, faster for integers n >= 1. The series' next term, 1/(1680 n^7), is
// below 1e-24 beyond the table.
double stirling_rest(double n) {
  if (n < static_cast<double>(small_count)) {
    return log_factorials()[static_cast<std::size_t>(n)] - (n + 0.5) * std::log(n) + n -
           half_log_two_pi;
  }
  const double r = 1 / n;
  return r * (1.0 / 12 - r * r * (1.0 / 360 - r * r / 1260));
}

// x log(x/m) + m - x for x = m + gap, without the cancellation where x is near m (Loader 2000).
double deviance(double x, double m, double gap) {
  if (std::abs(gap) >= 0.1 * (x + m)) return x * std::log(x / m) + m - x;
  const double v = gap / (x + m);
  double sum = gap * v;
  double term = 2 * x * v;
  for (int j = 3;; j += 2) {
    term *= v * v;
    const double next = sum + term / j;
    if (next == sum) return sum;
    sum = next;
  }
}

double deviance(double x, double m) { return deviance(x, m, x - m); }

}  // namespace

const double* small_log_factorials() { return log_factorials().data(); }

double log_factorial(double n) {
  if (n < static_cast<double>(small_count)) return log_factorials()[static_cast<std::size_t>(n)];
  return (n + 0.5) * std::log(n) - n + half_log_two_pi + stirling_rest(n);
}

double log_choose(double n, double k) {
  return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
}

double log_poisson(double count, double rate, double log_rate) {
  if (count == 0) return -rate;
  if (count < static_cast<double>(small_count)) {
    return count * log_rate - rate - log_factorial(count);
  }
  if (rate == 0) return -std::numeric_limits<double>::infinity();
  return -stirling_rest(count) - deviance(count, rate) - half_log_two_pi - 0.5 * std::log(count);
}

double log_binomial(double successes, double trials, double p, double log_p, double log_q) {
  const double failures = trials - successes;
  const bool small = trials < static_cast<double>(small_count);
  if (small || successes == 0 || failures == 0 || p == 0 || p == 1) {
    return log_choose(trials, successes) + (successes == 0 ? 0 : successes * log_p) +
           (failures == 0 ? 0 : failures * log_q);
  }
  return stirling_rest(trials) - stirling_rest(successes) - stirling_rest(failures) -
         deviance(successes, trials * p) - deviance(failures, trials * (1 - p)) - half_log_two_pi +
         0.5 * std::log(trials / successes / failures);
}

double log_gamma_rest(double z) {
  double sum = 0;
  // From z to z + 1 the formula misses this much.
  for (; z < 10; ++z) sum += (z + 0.5) * std::log1p(1 / z) - 1;
  const double y = 1 / (z * z);
  return sum + (1.0 / 12 -
                y * (1.0 / 360 -
                     y * (1.0 / 1260 - y * (1.0 / 1680 - y * (1.0 / 1188 - y * 691 / 360360))))) /
                   z;
}

double log_rising_ratio(double count, double a) {
  constexpr double few = 12;
  if (count < few) {
    double sum = 0;
    for (double j = 1; j < count; ++j) sum += std::log1p(j / a);
    return sum;
  }
  return deviance(a + count, a, count) - 0.5 * std::log1p(count / a) + log_gamma_rest(a + count) -
         log_gamma_rest(a);
}

double rising_slope(double count, double a) {
  double sum = 0;
  double j = 0;
  for (; j < count && a + j < 20; ++j) sum += a / (a + j);
  if (j == count) return sum;
  // The digamma function less the logarithm, for z >= 20.
  const auto rest = [](double z) {
    const double y = 1 / (z * z);
    return -0.5 / z -
           y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y / 132))));
  };
  const double z = a + j;
  const double last = a + count;
  return sum + a * (std::log1p((count - j) / z) + rest(last) - rest(z));
}

double log_negative_binomial(double count, double mean, double size) {
  if (count == 0) return -size * std::log1p(mean / size);
  if (mean == 0) return -std::numeric_limits<double>::infinity();
  if (count < static_cast<double>(small_count)) {
    return log_rising_ratio(count, size) - log_factorial(count) + count * std::log(mean) -
           (size + count) * std::log1p(mean / size);
  }
  const double total = size + count;
  return std::log(size / total) + log_gamma_rest(total) - log_gamma_rest(size) -
         stirling_rest(count) - deviance(size, total * size / (size + mean)) -
         deviance(count, total * mean / (size + mean)) - half_log_two_pi -
         0.5 * std::log(size * count / total);
}

}  // namespace mix
