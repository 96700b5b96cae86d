#include "histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mix::cli {

namespace {

std::vector<double> sorted(ConstVectorRef values) {
  std::vector<double> result;
  result.reserve(static_cast<std::size_t>(values.size()));
  for (const double value : values) {
    if (!std::isnan(value)) result.push_back(value);
  }
  std::sort(result.begin(), result.end());
  return result;
}

double quantile(const std::vector<double>& values, double p) {
  const double at = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const auto above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - std::floor(at)) * (values[above] - values[below]);
}

/// The largest of 1, 0.1, ..., 0.0001 of which all values are multiples, 0 when there is none.
double decimal_step(const std::vector<double>& values) {
  for (const double per_unit : {1.0, 10.0, 100.0, 1000.0, 10000.0}) {
    const bool fits = std::all_of(values.begin(), values.end(), [&](double value) {
      const double scaled = value * per_unit;
      return std::abs(scaled) < 1e12 && std::abs(scaled - std::round(scaled)) < 1e-6;
    });
    if (fits) return 1 / per_unit;
  }
  return 0;
}

Histogram counted(const std::vector<double>& values, double low, double width, Index bins) {
  Histogram result{low, width, std::vector<Index>(static_cast<std::size_t>(bins), 0)};
  for (const double value : values) ++result.counts[result.bin(value)];
  return result;
}

}  // namespace

std::size_t Histogram::bin(double x) const {
  return static_cast<std::size_t>(
      std::clamp((x - low) / width, 0.0, static_cast<double>(counts.size() - 1)));
}

double Histogram::density(std::size_t i) const {
  const Index n = std::accumulate(counts.begin(), counts.end(), Index{0});
  return n == 0 ? 0 : static_cast<double>(counts[i]) / (static_cast<double>(n) * width);
}

double Histogram::highest() const {
  double result = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) result = std::max(result, density(i));
  return result;
}

Histogram histogram(ConstVectorRef x) {
  const std::vector<double> values = sorted(x);
  if (values.empty()) return {0, 1, {0}};
  const double range = values.back() - values.front();
  if (!(range > 0)) {
    const double width = std::max(1.0, std::abs(values.front()) * 1e-3);
    return {values.front() - width / 2, width, {static_cast<Index>(values.size())}};
  }
  constexpr double most = 100;
  const double n = static_cast<double>(values.size());
  const double freedman_diaconis =
      2 * (quantile(values, 0.75) - quantile(values, 0.25)) / std::cbrt(n);
  // The rule is made for one mode; the distance between modes would make its bins too wide.
  const double fewest = std::clamp(1.5 * std::sqrt(n), 5.0, 40.0);
  double width = range / fewest;
  if (freedman_diaconis > 0) width = std::min(width, freedman_diaconis);
  width = std::max(width, range / most);

  const double step = decimal_step(values);
  if (step > 0 && width < 20 * step) {
    width = step * std::max(1.0, std::round(width / step));
    if (range / width > most) width += step;
    const double low = values.front() - step / 2;
    return counted(values, low, width,
                   static_cast<Index>(std::floor((values.back() - low) / width)) + 1);
  }
  const double bins = std::ceil(range / width);
  return counted(values, values.front(), range / bins, static_cast<Index>(bins));
}

Histogram count_histogram(ConstVectorRef x) {
  const std::vector<double> values = sorted(x);
  if (values.empty()) return {-0.5, 1, {0}};
  const double low = std::round(values.front()) - 0.5;
  const double numbers = std::round(values.back()) + 0.5 - low;
  const double width = std::ceil(numbers / 120);
  return counted(values, low, width, static_cast<Index>(std::ceil(numbers / width)));
}

}  // namespace mix::cli
