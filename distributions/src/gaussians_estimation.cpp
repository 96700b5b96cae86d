// The estimates of Gaussians from their statistics.

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <utility>

#include "component_loop.h"
#include "mix/distributions/gaussians.h"
#include "mix/parallel.h"
#include "small_matrix.h"

namespace mix {
namespace {

// L chol(m): the factor of L m L' by way of a matrix that is close to a multiple of the identity
// when L is nearly right. Counts a repair where m is not positive definite even by rounding.
Matrix refactored(const Matrix& lower, Matrix m, Index& repairs) {
  Eigen::LLT<Matrix> factor(m);
  if (factor.info() != Eigen::Success) {
    ++repairs;
    const double most = m.diagonal().maxCoeff();
    for (double t = 1e-14; factor.info() != Eigen::Success && t < 1; t *= 10) {
      m.diagonal().array() += t * most;
      factor.compute(m);
    }
  }
  const Matrix correction = factor.matrixL();
  return lower.triangularView<Eigen::Lower>() * correction;
}

}  // namespace

void Gaussians::maximize(ConstVectorRef sum) { maximize(sum, Steps::few); }

void Gaussians::maximize(ConstVectorRef sum, Steps steps) {
  if (diagonal()) {
    maximize_diagonal(sum, steps);
  } else {
    maximize_full(sum, steps);
  }
  update();
}

// The mean of component k: of its rows, and of the prior's imaginary ones.
void Gaussians::set_mean(Index k, double mass, const Vector& mean_of_rows) {
  const double total = mass + pseudo_.mean_count;
  if (!(total > 0)) return;
  means_.row(k) = mean_of_rows.transpose();
  if (pseudo_.mean_count > 0) {
    means_.row(k) += pseudo_.mean_count / total * (location_ - mean_of_rows).transpose();
  }
}

void Gaussians::maximize_diagonal(ConstVectorRef sum, Steps steps) {
  const Index d = dimension();
  const bool spherical = evaluation_.spherical;
  const bool pooled = evaluation_.pooled;
  const Index length = spherical ? 2 + d : 1 + 2 * d;
  Matrix scatter = Matrix::Zero(d, size());
  Vector mass(size());
  for (Index k = 0; k < size(); ++k) {
    const double p = std::max(pooled ? sum[k] : sum[k * length], 0.0);
    const Vector moment =
        pooled ? Vector(Eigen::Map<const Matrix>(sum.data() + size(), size(), d).row(k))
               : Vector(sum.segment(k * length + 1, d));
    mass[k] = p + pseudo_.count;
    auto w = scatter.col(k);
    Vector mean_of_rows = means_.row(k).transpose();
    if (p > 0 && pooled) {  // less what the mean explains of the total, which comes below
      w = -moment.cwiseAbs2() / p;
      mean_of_rows = location_ + moment / p;
    } else if (p > 0 && spherical) {  // the columns' sum is all that matters
      const double all = sum[k * length + 1 + d] - moment.squaredNorm() / p;
      w.setConstant(std::max(all, 0.0) / static_cast<double>(d));
      mean_of_rows = evaluation_.center + moment / p;
    } else if (p > 0) {
      w = (sum.segment(k * length + 1 + d, d) - moment.cwiseAbs2() / p).cwiseMax(0);
      mean_of_rows += moment / p;
    }
    if (mass[k] > 0 && pseudo_.scatter.size() > 0) {
      w += pseudo_.scatter;
      if (p > 0 && pseudo_.mean_count > 0) {
        w += pseudo_.mean_count * p / (pseudo_.mean_count + p) *
             (mean_of_rows - location_).cwiseAbs2();
      }
    }
    set_mean(k, p, mean_of_rows);
  }
  if (pooled) {  // only the sum over the components matters
    const Vector within = scatter.rowwise().sum() + sum.tail(d);
    Index heaviest = 0;
    mass.maxCoeff(&heaviest);
    scatter.setZero();
    scatter.col(heaviest) = within.cwiseMax(0);
  }
  Structure like = structure();
  if (d == 1) like = parts(like).volume == Part::equal ? Structure::EII : Structure::VII;
  const Matrix estimated = estimate_diagonal(like, scatter, mass, variances_, steps);
  for (Index k = 0; k < size(); ++k) {
    const auto v = estimated.col(k).array();
    if (v.allFinite() && (v > 0).all()) {
      variances_.col(k) = estimated.col(k);
    } else {
      ++repairs_;  // no spread at all and no floor: the present variances are as good as any
    }
  }
}

// The scatter of the prior's and the floor's imaginary rows, whitened by component k.
Matrix Gaussians::pseudo_scatter(Index k, double mass, const Vector& mean_of_rows) const {
  const Index d = dimension();
  Matrix scatter = Matrix::Zero(d, d);
  if (pseudo_.scatter.size() == 0) return scatter;
  const auto lower = inverse(k).triangularView<Eigen::Lower>();
  const Matrix root = pseudo_.root.cols() == 1
                          ? Matrix(inverse(k) * pseudo_.root.col(0).asDiagonal())
                          : Matrix(lower * pseudo_.root);
  scatter.selfadjointView<Eigen::Lower>().rankUpdate(root);
  if (mass > 0 && pseudo_.mean_count > 0) {
    const Vector off = lower * (mean_of_rows - location_);
    scatter.selfadjointView<Eigen::Lower>().rankUpdate(
        off, pseudo_.mean_count * mass / (pseudo_.mean_count + mass));
  }
  scatter.triangularView<Eigen::StrictlyUpper>() = scatter.transpose();
  return scatter;
}

// The same, not whitened.
Matrix Gaussians::imaginary_scatter(double mass, const Vector& mean_of_rows) const {
  if (pseudo_.scatter.size() == 0) return Matrix::Zero(dimension(), dimension());
  Matrix scatter = pseudo_.scatter;
  if (mass > 0 && pseudo_.mean_count > 0) {
    const Vector off = mean_of_rows - location_;
    scatter += pseudo_.mean_count * mass / (pseudo_.mean_count + mass) * off * off.transpose();
  }
  return scatter;
}

void Gaussians::maximize_full(ConstVectorRef sum, Steps steps) {
  const Index d = dimension();
  const Index k = size();
  const bool pooled = evaluation_.pooled;
  const Index length = 1 + d + triangle_size();
  const auto whitens = [&](Index c) { return evaluation_.whitens[static_cast<std::size_t>(c)]; };
  const Vector& origin = evaluation_.about_data ? location_ : evaluation_.center;
  Matrix between = Matrix::Zero(d, d);
  if (pooled) between = unpacked(sum.tail(triangle_size()), d);
  // Whitened by the present factors where the statistics are.
  std::vector<Matrix> scatter(static_cast<std::size_t>(k));
  Vector mass(k);
  Matrix rows_mean(d, k);
  for_each_component(k, d, [&](Index c) {
    const double p = std::max(pooled ? sum[c] : sum[c * length], 0.0);
    Vector moment = Vector::Zero(d);
    if (p > 0) {
      moment = pooled ? Vector(Eigen::Map<const Matrix>(sum.data() + k, k, d).row(c))
                      : Vector(sum.segment(c * length + 1, d));
    }
    mass[c] = p + pseudo_.count;
    Matrix& w = scatter[static_cast<std::size_t>(c)];
    w = Matrix::Zero(d, d);
    if (p > 0) {
      if (!pooled) w = unpacked(sum.segment(c * length + 1 + d, triangle_size()), d);
      w.noalias() -= moment * (moment / p).transpose();
      rows_mean.col(c) = pooled ? origin : Vector(means_.row(c).transpose());
      if (whitens(c)) {
        rows_mean.col(c) += factor(c).triangularView<Eigen::Lower>() * (moment / p);
      } else {
        rows_mean.col(c) += moment / p;
      }
    } else {
      rows_mean.col(c) = means_.row(c).transpose();
    }
    if (mass[c] > 0) {
      w += whitens(c) ? pseudo_scatter(c, p, rows_mean.col(c))
                      : imaginary_scatter(p, rows_mean.col(c));
    }
  });
  for (Index c = 0; c < k; ++c) set_mean(c, mass[c] - pseudo_.count, rows_mean.col(c));

  std::vector<Matrix> factors = factors_;
  const Matrix identity = Matrix::Identity(d, d);
  if (shared()) {
    for (const Matrix& w : scatter) between += w;
    const double total = mass.sum();
    if (total > 0) {
      const Matrix& base = whitens(0) ? factors_.front() : identity;
      const Matrix common = refactored(base, between / total, repairs_);
      std::fill(factors.begin(), factors.end(), common);
    }
  } else if (structure() == Structure::VVV) {
    std::vector<Index> repairs(factors.size(), 0);
    for_each_component(k, d, [&](Index c) {
      const auto i = static_cast<std::size_t>(c);
      const Matrix& base = whitens(c) ? factors_[i] : identity;
      if (mass[c] > 0) factors[i] = refactored(base, scatter[i] / mass[c], repairs[i]);
    });
    for (const Index count : repairs) repairs_ += count;
  } else {
    for (std::size_t i = 0; i < scatter.size(); ++i) {
      if (!evaluation_.whitens[i]) continue;
      const auto lower = factors_[i].triangularView<Eigen::Lower>();
      scatter[i] = lower * Matrix(lower * scatter[i]).transpose();
      scatter[i].triangularView<Eigen::StrictlyUpper>() = scatter[i].transpose();
    }
    Covariances estimated =
        estimate(structure(), scatter, mass, {factors_, std::move(orientation_)}, steps);
    orientation_ = std::move(estimated.orientation);
    repairs_ += estimated.repairs;
    factors = std::move(estimated.factors);
  }
  use_factors(factors);
}

void Gaussians::use_factors(const std::vector<Matrix>& factors) {
  for (std::size_t i = 0; i < factors_.size(); ++i) {
    const Matrix& l = factors[i];
    if (l.allFinite() && l.diagonal().minCoeff() > 0) {
      factors_[i] = l;
    } else {
      ++repairs_;  // no spread at all and no floor: the present covariance is as good as any
    }
  }
}

void Gaussians::start(const AnyRows& x, Shares shares) {
  const Vector weight = shares.rowwise().sum();
  const double total = weight.sum();
  if (!(total > 0)) return;
  // Means first: scatter about far-away centers would lose digits.
  const Eigen::RowVectorXd origin = rows_ > 0 ? Eigen::RowVectorXd(location_.transpose())
                                              : Eigen::RowVectorXd(DenseBlock(x, 0, 1)->row(0));
  const Index d = dimension();
  const Vector sum =
      sum_over_blocks(x.rows(), size() * (1 + d), [&](Index first, Index count, VectorRef into) {
        const auto p = shares.middleRows(first, count);
        Eigen::Map<Matrix> block(into.data(), size(), 1 + d);
        block.col(0) += p.colwise().sum().transpose();
        block.rightCols(d).noalias() +=
            p.transpose() * (DenseBlock(x, first, count)->rowwise() - origin);
      });
  const Eigen::Map<const Matrix> block(sum.data(), size(), 1 + d);
  const Eigen::RowVectorXd center = origin + block.rightCols(d).colwise().sum() / total;
  if (rows_ > 0) {
    place(center, scale_);
  } else {
    place(center, diagonal() ? Matrix(Matrix::Ones(d, 1)) : Matrix(Matrix::Identity(d, d)));
  }
  for (Index k = 0; k < size(); ++k) {
    if (block(k, 0) > 0) means_.row(k) = origin + block.row(k).tail(d) / block(k, 0);
  }
  orientation_.resize(0, 0);
  update();
  const Vector statistics =
      sum_over_blocks(x.rows(), statistics_size(), [&](Index first, Index count, VectorRef into) {
        accumulate(*DenseBlock(x, first, count), shares.middleRows(first, count), into);
      });
  maximize(statistics, Steps::all);
}

}  // namespace mix
