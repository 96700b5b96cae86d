#pragma once

#include <Eigen/Core>
#include <limits>

namespace mix {

using Index = Eigen::Index;
using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

/// A block of observations, one per row (rows x columns, column-major); a view, never a copy of
/// column-major data.
using Rows = Eigen::Ref<const Matrix>;

/// Observations held as floats, one per row (rows x columns, column-major); a view likewise.
using FloatRows = Eigen::Ref<const Eigen::MatrixXf>;

/// One non-negative weight per row of a block.
using Weights = Eigen::Ref<const Vector>;

/// Responsibilities times sample weights: rows x components, all entries non-negative and finite.
using Shares = Eigen::Ref<const Matrix>;

using VectorRef = Eigen::Ref<Vector>;
using MatrixRef = Eigen::Ref<Matrix>;
using ConstVectorRef = Eigen::Ref<const Vector>;
using ConstMatrixRef = Eigen::Ref<const Matrix>;

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace mix
