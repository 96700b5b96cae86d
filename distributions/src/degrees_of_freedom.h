#pragma once

#include <cmath>
#include <numbers>

#include "mix/types.h"

namespace mix {

/// log G((v+d)/2) - log G(v/2) - d/2 log(v pi): the constant of a t density in d dimensions,
/// without the cancellation that large v would bring.
double t_log_normalizer(double dof, double d);

/// Where the weighted sums of log(1 + q/v) are known as a function of v: at Chebyshev points of
/// log v in a window about the current v. The nearest singularities, log q +- i pi, leave an
/// interpolation error below 1e-13, whatever q.
inline constexpr Index dof_nodes = 16;

struct DofWindow {
  double first;  // of log v
  double last;

  static DofWindow around(double dof);
  [[nodiscard]] double node(Index j) const {
    const double angle = std::numbers::pi * (static_cast<double>(j) + 0.5) / dof_nodes;
    return 0.5 * (first + last) + 0.5 * (last - first) * std::cos(angle);
  }
};

/// The degrees of freedom in the window about `dof` that maximize sum p log t, or `dof` if these
/// are not better. `sums` holds the sum of p, that of p log(1 + q/v) at the current v, and the same
/// at the nodes of the window.
double best_dof(double dof, double d, ConstVectorRef sums);

}  // namespace mix
