#pragma once

#include <mix/distributions/autodiff.h>

#include <cmath>
#include <string_view>

/// Extremes, such as the highest flood of a year: a distribution from its log density alone.
struct Gumbel {
  static constexpr std::array parameters{mix::real("location"), mix::positive("scale")};

  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    const T z = (x[0] - p[0]) / p[1];
    return -log(p[1]) - z - exp(-z);
  }
};

/// The same with what is optional: a name for model files, and how to draw a row.
struct NamedGumbel : Gumbel {
  static constexpr std::string_view name = "my_gumbel";

  double sample(mix::Rng& rng, const double* p) const {
    return p[0] - p[1] * std::log(mix::standard_exponential(rng));
  }
};
