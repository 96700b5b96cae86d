#pragma once

#include <vector>

#include "mix/em.h"

namespace mix {

/// Responsibilities of K+1 components from those of K, in several ways: each component cut in two
/// across the direction in which its rows vary most, the worst-explained rows split off as a
/// component of their own, and likewise the neighborhood of the worst one. `points` are the
/// embedded rows; the new component is column `position`.
std::vector<Matrix> grow(const MixtureState& state, const AnyRows& x, Weights w,
                         const Matrix& points, const std::vector<Index>& splittable,
                         Index position);

/// Responsibilities with one component more, column `position`: of component j the rows on one side
/// of its mean, along the direction in which its rows vary most.
Matrix split(const Matrix& r, Weights w, const Matrix& points, Index j, Index position);

/// Responsibilities with one component more, column `position`, that holds the rows first in the
/// order of `rank`, up to `share` of the weight.
Matrix insert(const Matrix& r, Weights w, const Vector& rank, double share, Index position);

/// The same density with component j counted twice at half its weight; the copy is column
/// `position`.
Matrix doubled(const Matrix& r, Index j, Index position);

}  // namespace mix
