#pragma once

#include "mix/types.h"

namespace mix {

/// y <- L^-1 y. In matrices of a few rows the plain loop is several times faster than the blocked
/// routine.
inline void solve_lower(const Matrix& lower, Matrix& y) {
  constexpr Index few_rows = 16;
  if (lower.rows() > few_rows) {
    lower.triangularView<Eigen::Lower>().solveInPlace(y);
    return;
  }
  for (Index c = 0; c < y.cols(); ++c) {
    for (Index i = 0; i < lower.rows(); ++i) {
      double left = y(i, c);
      for (Index j = 0; j < i; ++j) left -= lower(i, j) * y(j, c);
      y(i, c) = left / lower(i, i);
    }
  }
}

/// The symmetric matrix of a lower triangle by columns.
inline Matrix unpacked(ConstVectorRef packed, Index d) {
  Matrix full(d, d);
  Index position = 0;
  for (Index j = 0; j < d; ++j) {
    full.col(j).tail(d - j) = packed.segment(position, d - j);
    position += d - j;
  }
  full.triangularView<Eigen::StrictlyUpper>() = full.transpose();
  return full;
}

}  // namespace mix
