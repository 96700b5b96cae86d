#pragma once

#include <string>
#include <string_view>

#include "log_window.h"
#include "mix/types.h"

namespace mix {

/// log G((v+d)/2) - log G(v/2) - d/2 log(v pi): the constant of a t density in d dimensions,
/// without the cancellation that large v would bring.
double t_log_normalizer(double dof, double d);

/// Where the weighted sums of log(1 + q/v) are known as a function of v.
LogWindow dof_window(double dof);

/// The degrees of freedom in the window about `dof` that maximize sum p log t, or `dof` if these
/// are not better. `sums` holds the sum of p, that of p log(1 + q/v) at the current v, and the same
/// at the nodes of the window.
double best_dof(double dof, double d, ConstVectorRef sums);

/// Says when estimated degrees of freedom ended at a bound of their range.
std::string dof_caution(double dof, std::string_view whose);

}  // namespace mix
