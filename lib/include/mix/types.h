#pragma once

#include <Eigen/Core>

namespace mix {

using Index = Eigen::Index;
using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

/// A block of observations, one per row, column-major.
using Rows = Eigen::Ref<const Matrix>;

}  // namespace mix
