#include "mix/special.h"

#include <array>

namespace mix {
namespace {

constexpr std::size_t table_size = 1024;

const std::array<double, table_size>& log_factorials() {
  static const std::array<double, table_size> table = [] {
    std::array<double, table_size> values{};
    long double sum = 0;
    for (std::size_t n = 1; n < table_size; ++n) {
      sum += std::log(static_cast<long double>(n));
      values[n] = static_cast<double>(sum);
    }
    return values;
  }();
  return table;
}

}  // namespace

double log_factorial(double n) {
  if (n < static_cast<double>(table_size)) return log_factorials()[static_cast<std::size_t>(n)];
  // Stirling's series; its next term, 1/(1680 n^7), is below 1e-24 here.
  constexpr double half_log_two_pi = 0.91893853320467274178;
  const double r = 1 / n;
  const double correction = r * (1.0 / 12 - r * r * (1.0 / 360 - r * r / 1260));
  return (n + 0.5) * std::log(n) - n + half_log_two_pi + correction;
}

double log_choose(double n, double k) {
  return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
}

}  // namespace mix
