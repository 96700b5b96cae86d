#pragma once

#include <string_view>

namespace mix {

/// Imaginary observations that are added to every outcome when probabilities are estimated: the
/// mode under a Beta(1 + c, 1 + c) or Dirichlet(1 + c, ..., 1 + c) prior.
struct Smoothing {
  /// c >= 0; 0 is maximum likelihood, in which probabilities may become exactly 0.
  double pseudo_count = 0;
};

/// Throws std::invalid_argument, in the name of `distribution`, unless 0 <= pseudo_count <
/// infinity.
void check_smoothing(std::string_view distribution, const Smoothing& smoothing);

}  // namespace mix
