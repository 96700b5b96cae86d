#pragma once

#include "mix/types.h"

/// Kernels for small matrices of all components at once: lanes are components. Entry e of all
/// matrices is column e of an Eigen matrix with padded_components(k) rows: for a symmetric or lower
/// triangular one e = lower_entry(i, j), for a square one e = j d + i. The rows beyond k must hold
/// finite numbers.
namespace mix::kernels {

/// The number of entry (i, j), i >= j, of a lower triangle by rows.
constexpr Index lower_entry(Index i, Index j) { return i * (i + 1) / 2 + j; }

/// How many entries a lower triangle has.
constexpr Index lower_entries(Index d) { return d * (d + 1) / 2; }

/// out_k = g' w_k g for symmetric w_k; `work` has as many rows, and d columns.
void congruence(ConstMatrixRef w, ConstMatrixRef g, MatrixRef out, MatrixRef work);

/// One sweep of Jacobi rotations over all pairs of columns of g, the same in all components, and
/// the symmetric r_k <- G'r_kG with them. Each is to the minimum of sum over k of slope(k) times
/// the sum over j of r_k(j, j) / its present value, no less than floor(k). `geometric`: slope(k)
/// grows as the geometric mean of the diagonal of r_k does. Returns by how much these sums fell.
double rotate_in_common(MatrixRef r, ConstVectorRef floor, VectorRef slope, bool geometric,
                        MatrixRef g);

/// Diagonalizes symmetric d x d matrices by Jacobi rotations: their diagonals become the
/// eigenvalues, in no order, with the eigenvectors in the columns of square matrices. Keeps the
/// digits of small eigenvalues of a positive definite matrix also where its columns have very
/// different units (Demmel & Veselic 1992).
void decompose(MatrixRef symmetric, Index d, MatrixRef vectors);

/// The lower factor of A A' for square d x d matrices A, without that product, which would lose the
/// digits of small variances. `a` is used up.
void factorize_squares(MatrixRef a, Index d, MatrixRef lower);

/// out(k) = trace of L^-1 w_k L^-T, for symmetric w_k and the inverse of a lower triangle L.
void whitened_traces(ConstMatrixRef w, ConstMatrixRef inverse, VectorRef out);

}  // namespace mix::kernels
