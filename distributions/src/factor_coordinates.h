#pragma once

#include "mix/types.h"

namespace mix {

/// Coordinates of lower triangular factors with a positive diagonal: of L = diag(unit) U diag(e^a),
/// U with ones in its diagonal, first a, then what is below the diagonal of U by columns.
///
/// Factors that differ by a multiple have the same U, and those with the same determinant the same
/// sum of a, so that sums of such coordinates keep what the components have in common.
inline Index factor_coordinates(Index d) { return d * (d + 1) / 2; }
void write_factor(const Matrix& lower, const Vector& unit, VectorRef out);
void read_factor(ConstVectorRef v, const Vector& unit, MatrixRef lower);

}  // namespace mix
