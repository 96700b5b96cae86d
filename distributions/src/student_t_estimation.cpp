// How Student's t is estimated, from starts to M-steps, and its unconstrained coordinates.

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "data_moments.h"
#include "degrees_of_freedom.h"
#include "factor_coordinates.h"
#include "mix/distributions/covariance_structure.h"
#include "mix/distributions/student_t.h"
#include "mix/kernels.h"
#include "mix/parallel.h"
#include "mix/scratch.h"
#include "mix/stacked_matrices.h"
#include "small_matrix.h"
#include "student_t_residuals.h"

namespace mix {
Index StudentT::cycles() const {
  return options_.degrees_of_freedom == DegreesOfFreedom::fixed ? 1 : 2;
}

Index StudentT::statistics_size() const {
  const Index d = dimension();
  return size() * (cycle_ == 0 ? 2 + d + kernels::lower_entries(d) : 2 + window_nodes);
}

void StudentT::accumulate(Rows x, Shares shares, VectorRef statistics) const {
  for (Index k = 0; k < size(); ++k) accumulate_of(k, x, shares.col(k), statistics);
}

void StudentT::accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const {
  const Index d = dimension();
  const Index length = statistics_size() / size();
  auto sums = statistics.segment(k * length, length);
  const auto p = w.array();
  Scratch scratch;
  Residuals r(scratch, x, means_.col(k), factors_[scale_index(k)]);
  // Rows without a share may hold anything, infinities too.
  for (Index i = 0; i < x.rows(); ++i) {
    if (p[i] > 0) continue;
    r.plain.col(i).setZero();
    r.squares[i] = 0;
  }
  sums[0] += p.sum();
  if (cycle_ == 0) {
    VectorMap pu = scratch.vector(x.rows());
    pu = p * (dof_[k] + static_cast<double>(d)) / (dof_[k] + r.squares.array());
    sums[1] += pu.sum();
    sums.segment(2, d).noalias() += r.plain * pu;
    r.whitened.noalias() = r.plain * pu.cwiseSqrt().asDiagonal();
    MatrixMap scatter = scratch.matrix(d, d);
    scatter.setZero();
    scatter.selfadjointView<Eigen::Lower>().rankUpdate(r.whitened);
    add_packed(scatter, sums.tail(kernels::lower_entries(d)));
  } else {
    const LogWindow window = dof_window(dof_[k]);
    sums[1] += kernels::log1p_sum(r.squares, 1 / dof_[k], w);
    for (Index j = 0; j < window_nodes; ++j) {
      sums[2 + j] += kernels::log1p_sum(r.squares, std::exp(-window.node(j)), w);
    }
  }
}

void StudentT::maximize(ConstVectorRef sum) {
  if (cycle_ == 0) {
    maximize_location_and_scale(sum);
  } else {
    maximize_dof(sum);
  }
}

// With S = c V, the logarithm in the density bounded by its tangent, and the pseudo-scatter F, the
// bound to maximize over mean, V and c is
//   -N/2 log|V| + c-terms: A/2 log c - B/2 c - tr((W + F/c) V^-1)/2,  A = sum v P, B = sum v P_u,
// W the scatter weighted by u. First V at c = 1, then c at that V: both raise the bound and with it
// the objective. Without F this is c = A/B, for one component the step of Kent, Tyler & Vardi, and
// the argument carries over to components that share V and c.
void StudentT::maximize_location_and_scale(ConstVectorRef sum) {
  const Index d = dimension();
  const Index length = 2 + d + kernels::lower_entries(d);
  Scratch scratch;
  VectorMap floor_of_one = scratch.vector(d);
  write_floor(floor_of_one);
  MatrixMap scatter = scratch.matrix(d, d);
  MatrixMap factor = scratch.matrix(d, d);
  MatrixMap own = scratch.matrix(d, d);
  VectorMap shift = scratch.vector(d);
  for (std::size_t index = 0; index < scales_.size(); ++index) {
    const bool common = options_.scale == Scale::common;
    const Index first = common ? 0 : static_cast<Index>(index);
    const Index last = common ? size() : first + 1;
    const auto sharing = static_cast<double>(last - first);
    scatter.setZero();
    scatter.diagonal() = sharing * floor_of_one;
    double mass = 0;
    double a = 0;
    double b = 0;
    for (Index k = first; k < last; ++k) {
      const auto sums = sum.segment(k * length, length);
      if (!(sums[0] > 0) || !(sums[1] > 0)) continue;
      shift = sums.segment(2, d) / sums[1];
      means_.col(k) += shift;
      unpack(sums.tail(kernels::lower_entries(d)), own);
      scatter += own;
      for (Index j = 0; j < d; ++j) scatter.col(j) -= sums[1] * shift[j] * shift;
      mass += sums[0];
      a += dof_[k] * sums[0];
      b += dof_[k] * sums[1];
    }
    if (!(mass > 0)) continue;
    factor = scatter;
    // Where this fails, the old scale with the new mean is no worse.
    if (Eigen::LLT<MatrixRef>(factor).info() != Eigen::Success) continue;
    own.setZero();
    own.diagonal() = (sharing * floor_of_one).cwiseSqrt();
    factor.triangularView<Eigen::Lower>().solveInPlace(own);
    const double f = own.squaredNorm();
    a /= mass;
    b /= mass;
    const double c = (a + std::sqrt(a * a + 4 * b * f)) / (2 * b);
    scatter *= c / mass;
    mirror(scatter);
    set_scale(index, scatter);
  }
}

void StudentT::maximize_dof(ConstVectorRef sum) {
  const Index length = 2 + window_nodes;
  const auto d = static_cast<double>(dimension());
  if (options_.degrees_of_freedom == DegreesOfFreedom::shared) {
    Scratch scratch;
    VectorMap total = scratch.vector(length);
    total.setZero();
    for (Index k = 0; k < size(); ++k) total += sum.segment(k * length, length);
    if (total[0] > 0) dof_.setConstant(best_dof(dof_[0], d, total));
    return;
  }
  for (Index k = 0; k < size(); ++k) {
    const auto sums = sum.segment(k * length, length);
    if (sums[0] > 0) dof_[k] = best_dof(dof_[k], d, sums);
  }
}

void StudentT::start(const AnyRows& x, Shares shares) {
  const Index d = dimension();
  Matrix spread = Matrix::Identity(d, d);
  if (spread_.size() > 0) spread = spread_.diagonal().asDiagonal();
  means_ = weighted_means(x, shares);
  scales_.assign(scales_.size(), spread);
  dof_.setConstant(options_.dof);
  factorize();
  // With infinitely many degrees of freedom every u is 1 and cycle 0 is the step of Gaussians.
  constexpr double infinitely_many = 1e20;
  dof_.setConstant(infinitely_many);
  cycle_ = 0;
  maximize_location_and_scale(sum_over_blocks(
      x.rows(), statistics_size(), [&](Index first, Index count, VectorRef statistics) {
        accumulate_any(*this, *DenseBlock(x, first, count), shares.middleRows(first, count),
                       statistics);
      }));
  dof_.setConstant(options_.dof);
}

// Standard deviations of the data: the units in which coordinates are measured.
Vector StudentT::unit() const {
  return spread_.size() > 0 ? Vector(spread_.diagonal().cwiseSqrt()) : Vector::Ones(dimension());
}

// How many different degrees of freedom are estimated.
Index StudentT::estimated_dofs() const {
  switch (options_.degrees_of_freedom) {
    case DegreesOfFreedom::per_component:
      return size();
    case DegreesOfFreedom::shared:
      return 1;
    case DegreesOfFreedom::fixed:
      break;
  }
  return 0;
}

Vector StudentT::coordinates() const {
  const Index d = dimension();
  const Index each = factor_coordinates(d);
  const auto scales = static_cast<Index>(factors_.size());
  const Vector deviations = unit();
  Vector v(size() * d + scales * each + estimated_dofs());
  for (Index k = 0; k < size(); ++k) {
    v.segment(k * d, d) = means_.col(k).cwiseQuotient(deviations);
  }
  for (Index i = 0; i < scales; ++i) {
    write_factor(factors_[static_cast<std::size_t>(i)], deviations,
                 v.segment(size() * d + i * each, each));
  }
  v.tail(estimated_dofs()) = dof_.head(estimated_dofs()).array().log();
  return v;
}

void StudentT::set_coordinates(ConstVectorRef v) {
  const Index d = dimension();
  const Index each = factor_coordinates(d);
  const Vector deviations = unit();
  for (Index k = 0; k < size(); ++k) {
    means_.col(k) = v.segment(k * d, d).cwiseProduct(deviations);
  }
  for (std::size_t i = 0; i < scales_.size(); ++i) {
    Matrix lower(d, d);
    read_factor(v.segment(size() * d + static_cast<Index>(i) * each, each), deviations, lower);
    set_scale(i, product_with_transpose(lower));
  }
  if (estimated_dofs() == 0) return;
  const Vector dof = v.tail(estimated_dofs()).array().exp().max(least_dof).min(largest_dof);
  if (dof.allFinite()) dof_ = dof.size() == size() ? dof : Vector::Constant(size(), dof[0]);
}

}  // namespace mix
