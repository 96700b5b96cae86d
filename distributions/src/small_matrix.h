#pragma once

#include <array>
#include <type_traits>

#include "mix/scratch.h"
#include "mix/types.h"

/// Arithmetic of the small matrices of estimates. Nothing here takes memory from the system, up to
/// the size where Eigen's own routines do; in matrices of a few rows plain loops are several times
/// faster than those. Lower triangles have zeros above their diagonal.
namespace mix {

/// Up to so many rows plain loops are used.
inline constexpr Index few_rows = 16;

/// body(d), where 2, 3 and 4 are constants, of type std::integral_constant: loops over so few rows
/// take longer than what they do.
template <class Body>
inline void with_size(Index d, const Body& body) {
  switch (d) {
    case 2:
      return body(std::integral_constant<Index, 2>());
    case 3:
      return body(std::integral_constant<Index, 3>());
    case 4:
      return body(std::integral_constant<Index, 4>());
    default:
      return body(d);
  }
}

/// The upper triangle becomes a mirror of the lower one.
inline void mirror(MatrixRef m) { m.triangularView<Eigen::StrictlyUpper>() = m.transpose(); }

/// out = lower right.
inline void multiply_lower(ConstMatrixRef lower, ConstMatrixRef right, MatrixRef out) {
  const Index d = lower.rows();
  if (d > few_rows) {
    out.noalias() = lower.triangularView<Eigen::Lower>() * right;
    return;
  }
  with_size(d, [&](auto rows) {
    for (Index c = 0; c < right.cols(); ++c) {
      for (Index i = 0; i < rows; ++i) {
        double sum = 0;
        for (Index j = 0; j <= i; ++j) sum += lower(i, j) * right(j, c);
        out(i, c) = sum;
      }
    }
  });
}

/// y <- L^-1 y.
inline void solve_lower(ConstMatrixRef lower, MatrixRef y) {
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

/// m += root root', symmetric to the last bit.
inline void add_product_with_transpose(ConstMatrixRef root, MatrixRef m) {
  const Index d = root.rows();
  if (d > few_rows) {
    m.selfadjointView<Eigen::Lower>().rankUpdate(root);
    mirror(m);
    return;
  }
  with_size(d, [&](auto rows) {
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j <= i; ++j) {
        double sum = 0;
        for (Index l = 0; l < root.cols(); ++l) sum += root(i, l) * root(j, l);
        m(i, j) += sum;
        m(j, i) = m(i, j);
      }
    }
  });
}

/// m <- L m L' for a symmetric m, which stays symmetric to the last bit.
inline void multiply_both_sides(ConstMatrixRef lower, MatrixRef m) {
  if (lower.rows() > few_rows) {
    Scratch scratch;
    MatrixMap half = scratch.matrix(lower.rows(), lower.rows());
    multiply_lower(lower, m, half);
    m.transpose().noalias() = lower.triangularView<Eigen::Lower>() * half.transpose();
    mirror(m);
    return;
  }
  with_size(lower.rows(), [&](auto d) {
    std::array<double, few_rows * few_rows> half;  // by rows
    for (Index i = 0; i < d; ++i) {
      for (Index c = 0; c < d; ++c) {
        double sum = 0;
        for (Index j = 0; j <= i; ++j) sum += lower(i, j) * m(j, c);
        half[static_cast<std::size_t>(i * d + c)] = sum;
      }
    }
    for (Index i = 0; i < d; ++i) {
      const double* row = &half[static_cast<std::size_t>(i * d)];
      for (Index j = 0; j <= i; ++j) {
        double sum = 0;
        for (Index l = 0; l <= j; ++l) sum += row[l] * lower(j, l);
        m(i, j) = sum;
        m(j, i) = sum;
      }
    }
  });
}

/// The symmetric matrix of a lower triangle by columns.
inline void unpack(ConstVectorRef packed, MatrixRef full) {
  with_size(full.rows(), [&](auto d) {
    const double* next = packed.data();
    for (Index j = 0; j < d; ++j) {
      for (Index i = j; i < d; ++i) full(i, j) = full(j, i) = *next++;
    }
  });
}

/// The inverse of a lower triangle.
void invert_lower(ConstMatrixRef lower, MatrixRef inverse);

/// The lower factor of a matrix that is positive definite up to rounding; where that is not enough,
/// of one with a larger diagonal, which is counted as a repair.
void factorize(ConstMatrixRef matrix, MatrixRef lower, Index& repairs);

/// The lower factor of A A' for a square A, without that product, which would lose the digits of
/// small variances. `a` is used up.
void factorize_square(MatrixRef a, MatrixRef lower);

}  // namespace mix
