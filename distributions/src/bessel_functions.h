#pragma once

namespace mix {

// The modified Bessel function I of order v >= 0 at k >= 0, where I itself would overflow or
// vanish.

/// log I_v(k) - v log k - k: finite for all k >= 0.
double log_bessel_scaled(double v, double k);

/// I_{v+1}(k) / I_v(k), and what it lacks to 1 without cancellation.
struct BesselRatio {
  double ratio;
  double rest;
};
BesselRatio bessel_ratio(double v, double k);

/// The logarithm of what makes e^(k (m'x - 1)) a density on the unit sphere in d dimensions.
double log_direction_constant(double d, double k);

/// The k, at most `largest`, for which 1 - I_{d/2}(k) / I_{d/2-1}(k) is `rest`, 0 to 1: the
/// concentration of directions in d dimensions whose mean has the length 1 - rest.
double concentration_of_rest(double d, double rest, double largest);

}  // namespace mix
