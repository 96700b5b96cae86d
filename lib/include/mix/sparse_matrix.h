#pragma once

#include <Eigen/SparseCore>
#include <vector>

#include "mix/sparse_rows.h"

namespace mix {

/// Owns what a SparseRows looks at.
using SparseMatrix = Eigen::SparseMatrix<double, Eigen::RowMajor>;

/// A copy of some rows, in the given order.
SparseMatrix select_rows(const SparseRows& x, const std::vector<Index>& rows);

}  // namespace mix
