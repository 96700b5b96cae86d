#pragma once

#include <string>

#include "mix/types.h"

namespace mix {

// Eigenvalues that differ by no more than this factor make no component flat beside the data.
inline constexpr double largest_sound_ratio = 1e4;

// What tells sound components from artifacts of an unbounded likelihood, alike for Gaussians and
// Student t. Each function says what is wrong, or nothing.

// What a covariance, or a scale matrix, rests on.
struct Evidence {
  Index dimension = 1;
  double rows = 0;        // of the component, or of all where the covariance is common
  Index components = 1;   // that have the covariance in common
  double parameters = 0;  // of the covariance, not counting what other components share
  // Whether most rows may lie outside: then few of them make a common scale narrow.
  bool heavy_tails = false;
};

// Fewer rows, beyond one per mean, than the covariance needs.
std::string few_rows_flaw(const Evidence& evidence);

// A covariance whose smallest variances the floor makes up, for no rows do: the likelihood has no
// maximum, and its value follows the floor. `floor_root`: a root of the floor's part of the
// covariance, whitened by the whole of it, or the root's diagonal.
std::string floor_flaw(const Evidence& evidence, const Matrix& floor_root);

// A component that is flat beside the data; a common covariance only where few rows make it so, for
// groups may be far apart. `flattest`: the smallest ratio of variances, the component's to the
// data's.
std::string flat_flaw(const Evidence& evidence, double flattest);

// One column: a component that holds few rows, or is far narrower than the data. `all_rows`: the
// weight of all data; a component that holds all of it is no artifact. `ratio`: its variance to the
// data's.
std::string narrow_flaw(double all_rows, double mass, double ratio);

// The smallest ratio of the variances in any direction, of `covariance` to `all`; where `all` is
// singular, to its diagonal.
double smallest_variance_ratio(const Matrix& covariance, const Matrix& all);

}  // namespace mix
