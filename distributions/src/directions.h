#pragma once

#include <string>
#include <string_view>

#include "mix/distributions/data_spread.h"
#include "mix/random.h"
#include "mix/types.h"

/// What von Mises and von Mises-Fisher distributions have in common.
namespace mix {

/// Beyond this concentration the natural form cancels more digits than a density has to spare.
inline constexpr double largest_natural_direction = 1e7;

/// Throws std::invalid_argument unless the concentration is from 0 to 1e12 (d - 1).
void check_concentration(std::string_view type, Index d, double concentration);

/// The estimate from the length of the mean direction in d dimensions, within what the data allow.
double best_concentration(Index d, double length, const DataSpread& data);

/// Says why a component looks like an artifact of the unbounded likelihood, as DataSpread::flaw
/// does, or that its concentration is at the limit.
std::string direction_flaw(Index d, double mass, double concentration, const DataSpread& data);

/// e^length - 1, as far as that is a number that densities have digits for.
double concentration_of_coordinates(double length);

/// Learns from the weight and the weighted sum of all directions; the variance is 1 minus the
/// length of their mean.
void learn_directions(double rows, ConstVectorRef sum, DataSpread& data);

/// 1 - cosine of the angle to the mean direction in d dimensions (Wood 1994), without
/// cancellation.
double draw_cosine_rest(Rng& rng, Index d, double concentration);

}  // namespace mix
