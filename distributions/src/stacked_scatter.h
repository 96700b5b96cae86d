#pragma once

#include "mix/scratch.h"
#include "mix/types.h"

namespace mix {

/// The scatter of all components side by side, for kernels whose lanes are components
/// (mix/stacked_matrices.h); lanes beyond the components hold identity matrices.
class StackedScatter {
 public:
  StackedScatter(Scratch& scratch, const MatrixStack& scatter);

  [[nodiscard]] Index lanes() const { return entries_.rows(); }
  /// lanes x lower triangle.
  [[nodiscard]] MatrixMap entries() const { return entries_; }
  /// out <- D'W_kD.
  void rotate(ConstMatrixRef orientation, MatrixRef out) const;
  /// out(k) = trace of L^-1 W_k L^-T.
  void traces(ConstMatrixRef inverse, VectorRef out) const;

 private:
  const MatrixStack& scatter_;
  MatrixMap entries_;
};

/// Writes lower triangles or symmetric matrices side by side.
void stack_lower(const MatrixStack& matrices, MatrixRef stack);

/// Eigenvalues (columns of `values`) in ascending order and eigenvectors of as many symmetric
/// matrices as `values` has columns. Of few rows by Jacobi's rotations, which keep the digits of
/// small eigenvalues of a positive definite matrix also where its columns have very different units
/// (Demmel & Veselic 1992).
void decompose_each(const MatrixStack& symmetric, MatrixRef values, const MatrixStack& vectors);

/// The lower factors of A A' for square matrices A, which are used up (`factorize_square` of each).
void factorize_each_square(const MatrixStack& a, const MatrixStack& lower);

/// Writes component k's lower triangle, and zeros above it.
void unstack_lower(ConstMatrixRef stack, Index k, MatrixRef lower);

}  // namespace mix
