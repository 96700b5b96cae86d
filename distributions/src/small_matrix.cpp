#include "small_matrix.h"

#include <Eigen/Cholesky>
#include <cmath>

namespace mix {

void invert_lower(ConstMatrixRef lower, MatrixRef inverse) {
  constexpr Index small = 24;
  const Index d = lower.rows();
  if (d <= small) {
    const auto from = entries(lower);
    const auto to = entries(inverse);
    with_size(d, [&](auto rows) {
      for_range(zero, rows, [&](auto c) {
        for_range(zero, c, [&](auto i) { to(i, c) = 0; });
        to(c, c) = 1 / from(c, c);
        for_range(after(c), rows, [&](auto i) {
          double sum = 0;
          for_range(c, i, [&](auto j) { sum += from(i, j) * to(j, c); });
          to(i, c) = -sum / from(i, i);
        });
      });
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

namespace {

// Writes the lower factor, with zeros above the diagonal; false where a pivot is not positive.
bool factorize_once(ConstMatrixRef matrix, MatrixRef lower) {
  if (matrix.rows() > few_rows) {
    lower = matrix;
    const bool definite = Eigen::LLT<MatrixRef>(lower).info() == Eigen::Success;
    lower.triangularView<Eigen::StrictlyUpper>().setZero();
    return definite;
  }
  const auto from = entries(matrix);
  const auto to = entries(lower);
  bool definite = true;
  with_size(matrix.rows(), [&](auto d) {
    for_range(zero, d, [&](auto j) {
      for_range(zero, j, [&](auto i) { to(i, j) = 0; });
      double squares = 0;
      for_range(zero, j, [&](auto l) { squares += to(j, l) * to(j, l); });
      const double pivot = from(j, j) - squares;
      definite = definite && !(pivot <= 0);
      const double root = std::sqrt(pivot);
      to(j, j) = root;
      for_range(after(j), d, [&](auto i) {
        double sum = 0;
        for_range(zero, j, [&](auto l) { sum += to(i, l) * to(j, l); });
        to(i, j) = (from(i, j) - sum) / root;
      });
    });
  });
  return definite;
}

}  // namespace

void factorize(ConstMatrixRef matrix, MatrixRef lower, Index& repairs) {
  if (!factorize_once(matrix, lower)) {
    ++repairs;
    Scratch scratch;
    VectorMap diagonal = scratch.vector(matrix.rows());
    diagonal = matrix.diagonal().cwiseMax(1e-16 * matrix.diagonal().maxCoeff());
    MatrixMap raised = scratch.matrix(matrix.rows(), matrix.rows());
    bool definite = false;
    double added = 0;
    for (double t = 1e-14; !definite && t < 1; t *= 10) {
      added += t;
      raised = matrix;
      raised.diagonal() += added * diagonal;
      definite = factorize_once(raised, lower);
    }
  }
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
