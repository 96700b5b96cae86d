#pragma once

#include <algorithm>
#include <cmath>

#include "gamma_functions.h"
#include "mix/random.h"
#include "mix/types.h"

/// What beta and Dirichlet distributions have in common.
namespace mix {

// Beyond this sum of concentrations the natural form cancels more digits than a density has to
// spare.
inline constexpr double largest_natural_concentration = 1e5;

// The estimate of A from the statistics of all data: no more than what data to ten digits allow.
inline double concentration_of_all(ConstVectorRef sum) {
  constexpr double largest = 1e10;
  const double total =
      dirichlet_concentration((sum.tail(sum.size() - 1).array() / sum[0]) - 1 / largest).sum();
  return std::isfinite(total) ? std::clamp(total, 1 / largest, largest) : largest;
}

// What the objective lacks per unit of A. Of n equal rows among N the estimate of A is then
// n / (1e-10 N) times that of all data, for which (columns - 1) / (2 A) is what the logarithm of
// the mean exceeds the mean of the logarithm by, on average.
inline double concentration_penalty(double rows, double data_concentration, Index columns) {
  constexpr double share = 1e-10;
  return share * rows * static_cast<double>(columns - 1) /
         (2 * std::clamp(data_concentration, 1e-2, 1e2));
}

// The logarithm of a gamma variable with scale 1, also where that would vanish.
inline double log_gamma_draw(Rng& rng, double shape) {
  if (shape >= 1) return std::log(standard_gamma(rng, shape));
  const double above = std::log(standard_gamma(rng, shape + 1));
  return above + std::log(uniform(rng)) / shape;
}

}  // namespace mix
