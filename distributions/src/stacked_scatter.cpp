#include "stacked_scatter.h"

#include <Eigen/Eigenvalues>
#include <algorithm>

#include "mix/kernels.h"
#include "mix/stacked_matrices.h"
#include "small_matrix.h"

namespace mix {

void stack_lower(const MatrixStack& matrices, MatrixRef stack) {
  const auto to = entries(stack);
  with_size(matrices.dimension(), [&](auto d) {
    for (Index k = 0; k < matrices.size(); ++k) {
      const auto from = entries(matrices[k]);
      for_range(zero, d, [&](auto i) {
        for_range(zero, after(i), [&](auto j) { to(k, kernels::lower_entry(i, j)) = from(i, j); });
      });
    }
    for_range(zero, d, [&](auto i) {
      for_range(zero, after(i), [&](auto j) {
        for (Index k = matrices.size(); k < stack.rows(); ++k) {
          to(k, kernels::lower_entry(i, j)) = i == j ? 1 : 0;
        }
      });
    });
  });
}

void unstack_lower(ConstMatrixRef stack, Index k, MatrixRef lower) {
  const auto from = entries(stack);
  const auto to = entries(lower);
  with_size(lower.rows(), [&](auto d) {
    for_range(zero, d, [&](auto j) {
      for_range(zero, j, [&](auto i) { to(i, j) = 0; });
      for_range(j, d, [&](auto i) { to(i, j) = from(k, kernels::lower_entry(i, j)); });
    });
  });
}

void decompose_each(const MatrixStack& symmetric, MatrixRef values, const MatrixStack& vectors) {
  const Index d = symmetric.dimension();
  const Index count = values.cols();
  if (d > few_rows) {
    thread_local Eigen::SelfAdjointEigenSolver<Matrix> eigen;  // which keeps its memory
    for (Index k = 0; k < count; ++k) {
      eigen.compute(symmetric[k]);
      values.col(k) = eigen.eigenvalues();
      vectors[k] = eigen.eigenvectors();
    }
    return;
  }
  Scratch scratch;
  const Index lanes = kernels::padded_components(count);
  MatrixMap stack = scratch.matrix(lanes, kernels::lower_entries(d));
  MatrixMap directions = scratch.matrix(lanes, d * d);
  stack_lower(symmetric, stack);
  kernels::decompose(stack, d, directions);
  VectorMap own = scratch.vector(d);
  for (Index k = 0; k < count; ++k) {
    for (Index j = 0; j < d; ++j) own[j] = stack(k, kernels::lower_entry(j, j));
    MatrixMap sorted = vectors[k];
    for (Index j = 0; j < d; ++j) {
      const double* least = std::min_element(own.data(), own.data() + d);
      const Index from = (least - own.data()) * d;
      values(j, k) = *least;
      own[least - own.data()] = infinity;
      for (Index i = 0; i < d; ++i) sorted(i, j) = directions(k, from + i);
    }
  }
}

void factorize_each_square(const MatrixStack& a, const MatrixStack& lower) {
  const Index d = a.dimension();
  if (d > few_rows) {
    for (Index k = 0; k < a.size(); ++k) factorize_square(a[k], lower[k]);
    return;
  }
  Scratch scratch;
  const Index lanes = kernels::padded_components(a.size());
  MatrixMap squares = scratch.matrix(lanes, d * d);
  MatrixMap factors = scratch.matrix(lanes, kernels::lower_entries(d));
  for (Index k = 0; k < a.size(); ++k) {
    const double* square = a[k].data();
    double* to = squares.data() + k;
    for (Index e = 0; e < d * d; ++e) to[e * lanes] = square[e];
  }
  squares.bottomRows(lanes - a.size()).setZero();
  kernels::factorize_squares(squares, d, factors);
  for (Index k = 0; k < a.size(); ++k) unstack_lower(factors, k, lower[k]);
}

StackedScatter::StackedScatter(Scratch& scratch, const MatrixStack& scatter)
    : scatter_(scatter),
      entries_(scratch.matrix(kernels::padded_components(scatter.size()),
                              kernels::lower_entries(scatter.dimension()))) {
  stack_lower(scatter, entries_);
}

void StackedScatter::rotate(ConstMatrixRef orientation, MatrixRef out) const {
  const Index d = orientation.rows();
  Scratch scratch;
  if (d <= few_rows) {
    MatrixMap work = scratch.matrix(lanes(), d);
    kernels::congruence(entries_, orientation, out, work);
    return;
  }
  // Products of matrices are quicker there than lanes.
  MatrixMap half = scratch.matrix(d, d);
  const MatrixStack rotated(scratch, d, scatter_.size());
  for (Index k = 0; k < scatter_.size(); ++k) {
    half.noalias() = scatter_[k] * orientation;
    rotated[k].noalias() = orientation.transpose() * half;
  }
  stack_lower(rotated, out);
}

void StackedScatter::traces(ConstMatrixRef inverse, VectorRef out) const {
  if (inverse.rows() <= few_rows) return kernels::whitened_traces(entries_, inverse, out);
  Scratch scratch;
  MatrixMap half = scratch.matrix(inverse.rows(), inverse.cols());
  for (Index k = 0; k < scatter_.size(); ++k) {
    half.noalias() = inverse.triangularView<Eigen::Lower>() * scatter_[k];
    out[k] = half.cwiseProduct(inverse).sum();
  }
}

}  // namespace mix
