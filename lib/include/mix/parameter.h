#pragma once

#include <cmath>
#include <string_view>

#include "mix/types.h"

namespace mix {

/// A named parameter and the open interval of its values. Its chart maps the interval to the whole
/// line, where optimization knows no bounds: the logarithm for one finite bound, the logit for two.
struct Parameter {
  /// A value and its first two derivatives.
  struct Jet {
    double value = 0;
    double first = 0;
    double second = 0;
  };

  std::string_view name;
  double lower = -infinity;
  double upper = infinity;

  /// Whether the parameter may have this value.
  [[nodiscard]] constexpr bool contains(double value) const {
    return lower < value && value < upper;
  }
  /// The point on the line that stands for a value of the parameter.
  [[nodiscard]] double to_line(double value) const {
    if (lower > -infinity && upper < infinity) {
      return std::log((value - lower) / (upper - value));
    }
    if (lower > -infinity) return std::log(value - lower);
    if (upper < infinity) return -std::log(upper - value);
    return value;
  }
  /// The value of the parameter at a point on the line, with derivatives by the point.
  [[nodiscard]] Jet from_line(double u) const {
    if (lower > -infinity && upper < infinity) {
      const double width = upper - lower;
      const double p = u > 0 ? 1 / (1 + std::exp(-u)) : std::exp(u) / (1 + std::exp(u));
      const double slope = 1 / (2 + std::exp(u) + std::exp(-u));
      return {lower + width * p, width * slope, width * slope * (1 - 2 * p)};
    }
    if (lower > -infinity) {
      const double e = std::exp(u);
      return {lower + e, e, e};
    }
    if (upper < infinity) {
      const double e = std::exp(-u);
      return {upper - e, e, -e};
    }
    return {u, 1, 0};
  }
  /// A value to begin with when nothing is known.
  [[nodiscard]] double origin() const { return from_line(0).value; }
};

/// A parameter that may be any number.
constexpr Parameter real(std::string_view name) { return {name, -infinity, infinity}; }

/// A parameter above 0.
constexpr Parameter positive(std::string_view name) { return {name, 0, infinity}; }

/// A parameter between 0 and 1.
constexpr Parameter unit(std::string_view name) { return {name, 0, 1}; }

/// A parameter between two bounds.
constexpr Parameter interval(std::string_view name, double lower, double upper) {
  return {name, lower, upper};
}

}  // namespace mix
