#include "conditional_normal.h"

#include <cmath>

#include "mix/moments.h"
#include "small_matrix.h"

namespace mix {

ConditionalNormal::ConditionalNormal(Scratch& scratch, ConstMatrixRef inverse, ConstVectorRef mean,
                                     const MissingColumns& columns)
    : inverse_(inverse),
      mean_(mean),
      columns_(columns),
      q_(scratch.matrix(diagonal() ? 0 : mean.size(), static_cast<Index>(columns.missing.size()))),
      r_(scratch.matrix(diagonal() ? 0 : static_cast<Index>(columns.missing.size()),
                        static_cast<Index>(columns.missing.size()))) {
  if (diagonal()) {
    for (const Index j : columns_.missing) log_determinant_ += 2 * std::log(inverse_(j, 0));
    return;
  }
  r_.setZero();
  for (Index j = 0; j < q_.cols(); ++j) {
    q_.col(j) = inverse_.col(columns_.missing[static_cast<std::size_t>(j)]);
  }
  for (Index j = 0; j < q_.cols(); ++j) {
    r_(j, j) = q_.col(j).norm();
    q_.col(j) /= r_(j, j);
    for (Index l = j + 1; l < q_.cols(); ++l) {
      r_(j, l) = q_.col(j).dot(q_.col(l));
      q_.col(l) -= r_(j, l) * q_.col(j);
    }
    log_determinant_ += 2 * std::log(r_(j, j));
  }
}

void ConditionalNormal::solve(MatrixRef v) const {
  for (Index j = r_.cols() - 1; j >= 0; --j) {
    for (Index l = j + 1; l < r_.cols(); ++l) v.col(j) -= r_(j, l) * v.col(l);
    v.col(j) /= r_(j, j);
  }
}

void ConditionalNormal::complete(Rows x, MatrixRef out, VectorRef squares) const {
  for (const Index j : columns_.observed) out.col(j) = x.col(j).array() - mean_[j];
  for (const Index j : columns_.missing) out.col(j).setZero();
  if (diagonal()) {
    squares.setZero();
    for (const Index j : columns_.observed) {
      squares += (inverse_(j, 0) * out.col(j)).cwiseAbs2();
    }
  } else {
    Scratch scratch;
    MatrixMap y = scratch.matrix(x.rows(), x.cols());
    MatrixMap along = scratch.matrix(x.rows(), q_.cols());
    if (x.cols() > few_rows) {
      y.noalias() = out * inverse_.transpose();
    } else {
      y.noalias() = out.lazyProduct(inverse_.transpose());
    }
    for (Index j = 0; j < q_.cols(); ++j) {
      along.col(j).noalias() = -y.lazyProduct(q_.col(j));
      y.noalias() += along.col(j).lazyProduct(q_.col(j).transpose());
    }
    squares = y.rowwise().squaredNorm();
    solve(along);
    for (Index j = 0; j < q_.cols(); ++j) {
      out.col(columns_.missing[static_cast<std::size_t>(j)]) = along.col(j);
    }
  }
  for (const Index j : columns_.missing) out.col(j).array() += mean_[j];
  for (const Index j : columns_.observed) out.col(j) = x.col(j);
}

void ConditionalNormal::add_covariance(double w, bool whitened, MatrixRef m) const {
  if (diagonal()) {
    for (const Index j : columns_.missing) m(j, 0) += w / (inverse_(j, 0) * inverse_(j, 0));
    return;
  }
  if (whitened) {
    for (Index j = 0; j < q_.cols(); ++j) {
      // Column by column: a product with scaled rows would make a copy of these.
      for (Index c = 0; c < m.cols(); ++c) m.col(c) += w * q_(c, j) * q_.col(j);
    }
    return;
  }
  // The rows of R^-1' are solutions for unit vectors.
  const Index size = q_.cols();
  Scratch scratch;
  MatrixMap root = scratch.matrix(size, size);
  root.setIdentity();
  solve(root);  // root' root: row i is R^-1 e_i
  for (Index a = 0; a < size; ++a) {
    for (Index b = 0; b < size; ++b) {
      m(columns_.missing[static_cast<std::size_t>(a)],
        columns_.missing[static_cast<std::size_t>(b)]) += w * root.col(a).dot(root.col(b));
    }
  }
}

void ConditionalNormal::add_noise(
    Rng& rng, double scale, Eigen::Ref<Eigen::RowVectorXd, 0, Eigen::InnerStride<>> row) const {
  const auto size = static_cast<Index>(columns_.missing.size());
  Scratch scratch;
  MatrixMap noise = scratch.matrix(1, size);
  for (Index j = 0; j < size; ++j) noise(0, j) = scale * standard_normal(rng);
  if (diagonal()) {
    for (Index j = 0; j < size; ++j) {
      noise(0, j) /= inverse_(columns_.missing[static_cast<std::size_t>(j)], 0);
    }
  } else {
    solve(noise);
  }
  for (Index j = 0; j < size; ++j)
    row[columns_.missing[static_cast<std::size_t>(j)]] += noise(0, j);
}

Conditioned::Conditioned(ConstMatrixRef inverse, ConstVectorRef mean_of_all,
                         const std::vector<Index>& columns, ConstVectorRef values) {
  const std::vector<Index> others = other_columns(mean_of_all.size(), columns);
  Scratch scratch;
  const ConditionalNormal given(scratch, inverse, mean_of_all, {columns, others});
  Matrix row(1, mean_of_all.size());
  row(0, columns) = values.transpose();
  Matrix completed = row;
  Vector squares(1);
  given.complete(row, completed, squares);
  mean = completed(0, others).transpose();
  distance = squares[0];
  const bool diagonal = inverse.cols() < inverse.rows();
  Matrix covariance = Matrix::Zero(inverse.rows(), inverse.cols());
  given.add_covariance(1, false, covariance);
  if (diagonal) {
    scatter = covariance.col(0)(others).asDiagonal();
  } else {
    scatter = covariance(others, others);
  }
}

}  // namespace mix
