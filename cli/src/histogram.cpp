#include "histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mix::cli {

namespace {

struct Weighed {
  double value;
  double weight;
};

std::vector<Weighed> sorted(ConstVectorRef values, const Vector& weights) {
  std::vector<Weighed> result;
  result.reserve(static_cast<std::size_t>(values.size()));
  for (Index i = 0; i < values.size(); ++i) {
    const double weight = weights.size() > 0 ? weights[i] : 1;
    if (!std::isnan(values[i]) && weight > 0) result.push_back({values[i], weight});
  }
  std::sort(result.begin(), result.end(),
            [](const Weighed& a, const Weighed& b) { return a.value < b.value; });
  return result;
}

double sum(const std::vector<double>& weights) {
  return std::accumulate(weights.begin(), weights.end(), 0.0);
}

double total(const std::vector<Weighed>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0,
                         [](double sum, const Weighed& next) { return sum + next.weight; });
}

/// As if each value stood there as often as it weighs.
double quantile(const std::vector<Weighed>& values, double p) {
  const double at = p * std::max(0.0, total(values) - 1);
  const auto value_at = [&](double place) {
    double before = 0;
    for (const Weighed& next : values) {
      before += next.weight;
      if (before > place) return next.value;
    }
    return values.back().value;
  };
  const double below = value_at(std::floor(at));
  return below + (at - std::floor(at)) * (value_at(std::floor(at) + 1) - below);
}

/// The largest of 1, 0.1, ..., 0.0001 of which all values are multiples, 0 when there is none.
double decimal_step(const std::vector<Weighed>& values) {
  for (const double per_unit : {1.0, 10.0, 100.0, 1000.0, 10000.0}) {
    const bool fits = std::all_of(values.begin(), values.end(), [&](const Weighed& next) {
      const double scaled = next.value * per_unit;
      return std::abs(scaled) < 1e12 && std::abs(scaled - std::round(scaled)) < 1e-6;
    });
    if (fits) return 1 / per_unit;
  }
  return 0;
}

Histogram counted(const std::vector<Weighed>& values, double low, double width, Index bins) {
  Histogram result{low, width, std::vector<double>(static_cast<std::size_t>(bins), 0)};
  for (const auto& [value, weight] : values) result.counts[result.bin(value)] += weight;
  return result;
}

}  // namespace

std::size_t Histogram::bin(double x) const {
  return static_cast<std::size_t>(
      std::clamp((x - low) / width, 0.0, static_cast<double>(counts.size() - 1)));
}

double Histogram::density(std::size_t i) const {
  const double n = sum(counts);
  return n > 0 ? counts[i] / (n * width) : 0;
}

double Histogram::highest() const {
  double result = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) result = std::max(result, density(i));
  return result;
}

Histogram histogram(ConstVectorRef x, const Vector& weights) {
  const std::vector<Weighed> values = sorted(x, weights);
  if (values.empty()) return {0, 1, {0}};
  const double least = values.front().value;
  const double range = values.back().value - least;
  const double n = total(values);
  if (!(range > 0)) {
    const double width = std::max(1.0, std::abs(least) * 1e-3);
    return {least - width / 2, width, {n}};
  }
  constexpr double most = 100;
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
    const double low = least - step / 2;
    return counted(values, low, width,
                   static_cast<Index>(std::floor((values.back().value - low) / width)) + 1);
  }
  const double bins = std::ceil(range / width);
  return counted(values, least, range / bins, static_cast<Index>(bins));
}

Histogram count_histogram(ConstVectorRef x, const Vector& weights) {
  const std::vector<Weighed> values = sorted(x, weights);
  if (values.empty()) return {-0.5, 1, {0}};
  const double low = std::round(values.front().value) - 0.5;
  const double numbers = std::round(values.back().value) + 0.5 - low;
  const double width = std::ceil(numbers / 120);
  return counted(values, low, width, static_cast<Index>(std::ceil(numbers / width)));
}

Extent main_extent(ConstVectorRef x, const Vector& weights) {
  const std::vector<Weighed> values = sorted(x, weights);
  if (values.empty()) return {0, 1};
  const Extent all{values.front().value, values.back().value};
  const double low = quantile(values, 0.01);
  const double high = quantile(values, 0.99);
  const double median = quantile(values, 0.5);
  const Extent most{std::max(all.low, low - (median - low) / 2),
                    std::min(all.high, high + (high - median) / 2)};
  return all.high - all.low > 3 * (most.high - most.low) && most.high > most.low ? most : all;
}

}  // namespace mix::cli
