#include "mix/parameter.h"

#include <fmt/format.h>

namespace mix {
namespace {

// How far from one what should be one may be: rounding, and numbers that were written down.
constexpr double slack = 1e-9;

}  // namespace

bool Parameter::contains(const double* values) const {
  double sum = 0;
  for (int i = 0; i < size(); ++i) {
    if (!std::isfinite(values[i])) return false;
    if (!triangular() && !(lower < values[i] && values[i] < upper)) return false;
    if (range == ParameterRange::ordered && i > 0 && !(values[i - 1] < values[i])) return false;
    sum += values[i];
  }
  if (range == ParameterRange::simplex) return std::abs(sum - 1) < slack;
  if (!triangular()) return true;
  for (int i = 0; i < extent; ++i) {
    double square = 0;
    for (int j = 0; j <= i; ++j) square += values[j] * values[j];
    if (!(values[i] > 0)) return false;
    if (range == ParameterRange::correlation_factor && !(std::abs(square - 1) < slack))
      return false;
    values += i + 1;
  }
  return true;
}

std::string Parameter::requirement() const {
  switch (range) {
    case ParameterRange::simplex:
      return "be positive numbers that sum to one";
    case ParameterRange::ordered:
      return "be numbers that increase";
    case ParameterRange::covariance_factor:
      return "be the rows of a triangle with a positive diagonal";
    case ParameterRange::correlation_factor:
      return "be the rows of a triangle with a positive diagonal, each of length one";
    case ParameterRange::interval:
      break;
  }
  return fmt::format("lie between {} and {}", lower, upper);
}

void Parameter::to_line(const double* values, double* u) const {
  switch (range) {
    case ParameterRange::interval:
      for (int i = 0; i < extent; ++i) {
        const double value = values[i];
        u[i] = value;
        if (lower > -infinity && upper < infinity) {
          u[i] = std::log((value - lower) / (upper - value));
        } else if (lower > -infinity) {
          u[i] = std::log(value - lower);
        } else if (upper < infinity) {
          u[i] = -std::log(upper - value);
        }
      }
      return;
    case ParameterRange::simplex:
      for (int i = 0; i + 1 < extent; ++i) u[i] = std::log(values[i] / values[extent - 1]);
      return;
    case ParameterRange::ordered:
      for (int i = 0; i < extent; ++i) {
        u[i] = i == 0 ? values[0] : std::log(values[i] - values[i - 1]);
      }
      return;
    case ParameterRange::covariance_factor:
      for (int i = 0; i < extent; ++i) {
        for (int j = 0; j < i; ++j) *u++ = *values++;
        *u++ = std::log(*values++);
      }
      return;
    case ParameterRange::correlation_factor:
      for (int i = 0; i < extent; ++i) {
        for (int j = 0; j < i; ++j) *u++ = values[j] / values[i];
        values += i + 1;
      }
      return;
  }
}

}  // namespace mix
