#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "mix/dual.h"
#include "mix/types.h"

namespace mix {

/// What a parameter ranges over.
enum class ParameterRange {
  interval,            ///< each number between the same two bounds
  simplex,             ///< positive numbers whose sum is one
  ordered,             ///< numbers that increase
  covariance_factor,   ///< lower triangles with a positive diagonal, row by row
  correlation_factor,  ///< those of them whose rows have length one
};

/// A named parameter, one number or several, and the open range of its values. Its chart maps the
/// range to lines without ends, where optimization knows no bounds: the logarithm for one finite
/// bound, the logit for two; of a simplex the logarithms of ratios to the last number; of
/// increasing numbers the first and the logarithms of the steps; of a triangle what is below the
/// diagonal, and the logarithms of the diagonal ("log-Cholesky", Pinheiro & Bates 1996); of one
/// with rows of length one the ratios to the diagonal.
struct Parameter {
  std::string_view name;
  double lower = -infinity;
  double upper = infinity;
  ParameterRange range = ParameterRange::interval;
  int extent = 1;  ///< how many numbers, or rows of a triangle

  /// How many numbers the values are, as the density sees them.
  [[nodiscard]] constexpr int size() const {
    return triangular() ? extent * (extent + 1) / 2 : extent;
  }
  /// How many coordinates the chart has, which is how many of the numbers are free.
  [[nodiscard]] constexpr int freedom() const {
    if (range == ParameterRange::simplex) return extent - 1;
    if (range == ParameterRange::correlation_factor) return extent * (extent - 1) / 2;
    return size();
  }
  [[nodiscard]] constexpr bool triangular() const {
    return range == ParameterRange::covariance_factor ||
           range == ParameterRange::correlation_factor;
  }

  /// Whether the parameter may have these values.
  [[nodiscard]] bool contains(const double* values) const;
  /// What the values must be, for messages: "lie between 0 and 1".
  [[nodiscard]] std::string requirement() const;

  /// The coordinates of values.
  void to_line(const double* values, double* u) const;
  /// The values at coordinates `u`; of dual numbers, with derivatives by the coordinates.
  template <class T>
  void from_line(const T* u, T* values) const {
    switch (range) {
      case ParameterRange::interval:
        for (int i = 0; i < extent; ++i) values[i] = in_interval(u[i]);
        return;
      case ParameterRange::simplex:
        return in_simplex(u, values);
      case ParameterRange::ordered:
        for (int i = 0; i < extent; ++i) {
          using std::exp;
          values[i] = i == 0 ? u[0] : values[i - 1] + exp(u[i]);
        }
        return;
      case ParameterRange::covariance_factor:
        for (int i = 0; i < extent; ++i) {
          using std::exp;
          for (int j = 0; j < i; ++j) *values++ = *u++;
          *values++ = exp(*u++);
        }
        return;
      case ParameterRange::correlation_factor:
        for (int i = 0; i < extent; ++i) {
          using std::sqrt;
          T square(1.0);
          for (int j = 0; j < i; ++j) square = square + u[j] * u[j];
          const T diagonal = 1.0 / sqrt(square);
          for (int j = 0; j < i; ++j) *values++ = *u++ * diagonal;
          *values++ = diagonal;
        }
        return;
    }
  }

 private:
  template <class T>
  [[nodiscard]] T in_interval(const T& u) const {
    using std::exp;
    if (lower > -infinity && upper < infinity) {
      const T share = u > 0 ? 1.0 / (1.0 + exp(-u)) : exp(u) / (1.0 + exp(u));
      return lower + (upper - lower) * share;
    }
    if (lower > -infinity) return lower + exp(u);
    if (upper < infinity) return upper - exp(-u);
    return u;
  }
  template <class T>
  void in_simplex(const T* u, T* values) const {
    using std::exp;
    double most = 0;
    for (int i = 0; i + 1 < extent; ++i) most = u[i] > most ? plain_value(u[i]) : most;
    T sum(0.0);
    for (int i = 0; i < extent; ++i) {
      values[i] = i + 1 < extent ? exp(u[i] - most) : T(std::exp(-most));
      sum = sum + values[i];
    }
    for (int i = 0; i < extent; ++i) values[i] = values[i] / sum;
  }
};

/// A parameter that may be any number, or several of them.
constexpr Parameter real(std::string_view name, int extent = 1) {
  return {.name = name, .extent = extent};
}

/// A parameter above 0.
constexpr Parameter positive(std::string_view name, int extent = 1) {
  return {.name = name, .lower = 0, .extent = extent};
}

/// A parameter between 0 and 1.
constexpr Parameter unit(std::string_view name, int extent = 1) {
  return {.name = name, .lower = 0, .upper = 1, .extent = extent};
}

/// A parameter between two bounds.
constexpr Parameter interval(std::string_view name, double lower, double upper, int extent = 1) {
  return {.name = name, .lower = lower, .upper = upper, .extent = extent};
}

/// `extent` >= 2 probabilities that sum to one.
constexpr Parameter simplex(std::string_view name, int extent) {
  return {.name = name, .lower = 0, .upper = 1, .range = ParameterRange::simplex, .extent = extent};
}

/// Numbers, each greater than the one before.
constexpr Parameter ordered(std::string_view name, int extent) {
  return {.name = name, .range = ParameterRange::ordered, .extent = extent};
}

/// A covariance matrix S of `extent` columns. The density sees its Cholesky factor, the lower
/// triangle L with L L' = S, row by row: L11, L21, L22, L31, ...
constexpr Parameter covariance(std::string_view name, int extent) {
  return {.name = name, .range = ParameterRange::covariance_factor, .extent = extent};
}

/// A correlation matrix, as the same factor.
constexpr Parameter correlation(std::string_view name, int extent) {
  return {.name = name, .range = ParameterRange::correlation_factor, .extent = extent};
}

}  // namespace mix
