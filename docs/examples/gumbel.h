#pragma once

#include <mix/distributions/autodiff.h>

/// Extremes, such as the highest flood of a year: a distribution from its log density alone.
struct Gumbel {
  static constexpr std::array parameters{mix::real("location"), mix::positive("scale")};

  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    const T z = (x[0] - p[0]) / p[1];
    return -log(p[1]) - z - exp(-z);
  }

  static constexpr std::string_view name = "gumbel";
  /// Only for drawing rows.
  double sample(mix::Rng& rng, const double* p) const {
    return p[0] - p[1] * std::log(mix::standard_exponential(rng));
  }
};
