#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/data_spread.h"
#include "mix/distributions/skew_normal.h"
#include "mix/types.h"

/// What the skew families have in common.
namespace mix {

/// In units of the scale: what the half-normal part contributes, and the deviation of the rest.
double half_normal_part(const Skew& skew);
double rest_deviation(const Skew& skew);

void check_skew(std::string_view type, const Skew& skew);

/// The best location, scale and shape given the sums of skew families: of p, p e1, p e2, p e3,
/// p e1 z, p e2 z and p e1 z^2, with e1, e2 and e3 the expected precision of a row, and that times
/// the half-normal variable and its square. Solves for location and delta together, with the scales
/// of precision and half-normal variable as further parameters (PX-EM, Liu, Rubin & Wu 1998).
void maximize_skew(ConstVectorRef sum, const DataSpread& data, Skew& skew);

/// The skew-normal distribution with the first three moments of the rows, or the nearest to it; a
/// little skew at least, for without any the steps would stay there.
Skew skew_by_moments(const AnyRows& x, Weights w, const DataSpread& data, const Skew& otherwise);

Vector skew_coordinates(const Skew& skew, const DataSpread& data);
void set_skew_coordinates(ConstVectorRef v, const DataSpread& data, Skew& skew);

void skew_fields(Fields& visit, Skew& skew);
std::string shape_caution(double shape);

/// log Phi(z) and phi(z)/Phi(z) of the standard normal distribution, to the last digits in either
/// tail.
double log_normal_cdf(double z);
double normal_hazard_below(double z);

}  // namespace mix
