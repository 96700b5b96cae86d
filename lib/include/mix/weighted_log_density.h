#pragma once

#include <concepts>

#include "mix/concepts.h"

namespace mix {

/// The log density of rows, times their weights and up to a term free of parameters, from their
/// statistics. Minus infinity times a sum of 0 counts as 0, as in the density.
template <ExponentialFamily D>
double weighted_log_density(const D& distribution, ConstVectorRef sum, const D& /*at*/) {
  Index features = distribution.dimension();
  if constexpr (requires { distribution.feature_count(); }) features = distribution.feature_count();
  Vector eta(features);
  distribution.natural_parameters(eta);
  const double partition = distribution.log_partition();
  // Statistics without the weight of the rows go with a partition of 0.
  double total = sum.size() > features ? -sum[0] * partition : 0;
  const auto of_features = sum.tail(features);
  for (Index i = 0; i < features; ++i) {
    if (of_features[i] != 0) total += eta[i] * of_features[i];
  }
  return total;
}

/// A distribution whose likelihood is a function of its statistics: one of an exponential family,
/// or with a function of that name of its own.
template <class D>
concept Summable = Streaming<D> && requires(const D& d, ConstVectorRef sum) {
  { weighted_log_density(d, sum, d) } -> std::same_as<double>;
};

/// The same for members of this name, which would hide it.
template <Summable D>
double log_density_of_statistics(const D& distribution, ConstVectorRef sum, const D& at) {
  return weighted_log_density(distribution, sum, at);
}

}  // namespace mix
