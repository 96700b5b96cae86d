#pragma once

#include <vector>

#include "mix/types.h"

namespace mix::cli {

/// Numbers of values, or their weights, in bins of equal width; bin i begins at low + i width and
/// holds its left edge.
struct Histogram {
  double low = 0;
  double width = 1;
  std::vector<double> counts{};

  [[nodiscard]] double center(std::size_t i) const {
    return low + (static_cast<double>(i) + 0.5) * width;
  }
  [[nodiscard]] double high() const { return low + width * static_cast<double>(counts.size()); }
  /// The bin that holds `x`, the nearest one when none does.
  [[nodiscard]] std::size_t bin(double x) const;
  /// The share of the values in bin i per unit of the axis; times the width it sums to one.
  [[nodiscard]] double density(std::size_t i) const;
  [[nodiscard]] double highest() const;
};

/// The histogram of measurements, of which each counts as often as it weighs, once without
/// `weights`: bins of the width of Freedman & Diaconis (1981), but enough of
/// them to show several modes and at most 100. Values rounded to a decimal place get bins of whole
/// steps of that place, so that no bin holds more of the steps than another. NaN is left out.
Histogram histogram(ConstVectorRef values, const Vector& weights = {});

/// The histogram of counts: a bin for each whole number or, when there are more than 120, for
/// several. NaN is left out.
Histogram count_histogram(ConstVectorRef values, const Vector& weights = {});

/// Where most of the values lie: where a few would stretch the picture to three times its length or
/// more, the range without these; else that of all values. NaN is left out.
struct Extent {
  double low = 0;
  double high = 0;
};
Extent main_extent(ConstVectorRef values, const Vector& weights = {});

}  // namespace mix::cli
