#include "small_matrix.h"

#include <Eigen/Cholesky>
#include <cmath>

namespace mix {

void invert_lower(ConstMatrixRef lower, MatrixRef inverse) {
  constexpr Index small = 24;
  const Index d = lower.rows();
  if (d <= small) {
    with_size(d, [&](auto rows) {
      for (Index c = 0; c < rows; ++c) {
        for (Index i = 0; i < c; ++i) inverse(i, c) = 0;
        inverse(c, c) = 1 / lower(c, c);
        for (Index i = c + 1; i < rows; ++i) {
          double sum = 0;
          for (Index j = c; j < i; ++j) sum += lower(i, j) * inverse(j, c);
          inverse(i, c) = -sum / lower(i, i);
        }
      }
    });
    return;
  }
  // By halves, whose cost is that of products of matrices.
  const Index half = d / 2;
  const Index rest = d - half;
  inverse.topRightCorner(half, rest).setZero();
  invert_lower(lower.topLeftCorner(half, half), inverse.topLeftCorner(half, half));
  invert_lower(lower.bottomRightCorner(rest, rest), inverse.bottomRightCorner(rest, rest));
  Scratch scratch;
  MatrixMap across = scratch.matrix(rest, half);
  across.noalias() = lower.bottomLeftCorner(rest, half) * inverse.topLeftCorner(half, half);
  inverse.bottomLeftCorner(rest, half).noalias() = -inverse.bottomRightCorner(rest, rest) * across;
}

void factorize(ConstMatrixRef matrix, MatrixRef lower, Index& repairs) {
  lower = matrix;
  if (Eigen::LLT<MatrixRef>(lower).info() != Eigen::Success) {
    ++repairs;
    Scratch scratch;
    VectorMap diagonal = scratch.vector(matrix.rows());
    diagonal = matrix.diagonal().cwiseMax(1e-16 * matrix.diagonal().maxCoeff());
    Eigen::ComputationInfo info = Eigen::NumericalIssue;
    double added = 0;
    for (double t = 1e-14; info != Eigen::Success && t < 1; t *= 10) {
      added += t;
      lower = matrix;
      lower.diagonal() += added * diagonal;
      info = Eigen::LLT<MatrixRef>(lower).info();
    }
  }
  lower.triangularView<Eigen::StrictlyUpper>().setZero();
}

void factorize_square(MatrixRef a, MatrixRef lower) {
  // Householder reflections of the columns, each of which makes a row triangular.
  const Index d = a.rows();
  Scratch scratch;
  VectorMap reflector = scratch.vector(d);
  VectorMap product = scratch.vector(d);
  lower.setZero();
  for (Index i = 0; i < d; ++i) {
    const Index left = d - i;
    auto v = reflector.head(left);
    v = a.row(i).tail(left).transpose();
    const double length = v.norm();
    lower(i, i) = length;
    v[0] += v[0] < 0 ? -length : length;
    const double half = length * std::abs(v[0]);  // |v|^2 / 2
    if (!(half > 0)) {
      lower.col(i).tail(left - 1) = a.col(i).tail(left - 1);
      continue;
    }
    const Index below = left - 1;
    auto along = product.head(below);
    auto rest = a.bottomRightCorner(below, left);
    along.noalias() = rest * v;
    along /= half;
    for (Index j = 0; j < left; ++j) rest.col(j) -= v[j] * along;
    // Where the first entry was positive, the reflection has turned its sign.
    if (a(i, i) >= 0) {
      lower.col(i).tail(below) = -rest.col(0);
    } else {
      lower.col(i).tail(below) = rest.col(0);
    }
  }
}

}  // namespace mix
