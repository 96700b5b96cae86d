// The estimates of Gaussians from their statistics.

#include <algorithm>
#include <atomic>

#include "component_loop.h"
#include "covariance_problem.h"
#include "data_moments.h"
#include "mix/distributions/gaussians.h"
#include "mix/parallel.h"
#include "mix/scratch.h"
#include "small_matrix.h"

namespace mix {
namespace {

// Writes L chol(m), the factor of L m L', by way of a matrix that is close to a multiple of the
// identity when L is nearly right.
void refactorize(ConstMatrixRef lower, ConstMatrixRef m, MatrixRef factor, Index& repairs) {
  Scratch scratch;
  MatrixMap correction = scratch.matrix(m.rows(), m.cols());
  factorize(m, correction, repairs);
  multiply_lower(lower, correction, factor);
}

}  // namespace

void Gaussians::maximize(ConstVectorRef sum) { maximize(sum, Steps::few); }

void Gaussians::maximize(ConstVectorRef sum, Steps steps) {
  held_ = {};
  if (diagonal()) {
    maximize_diagonal(sum, steps);
  } else {
    maximize_full(sum, steps);
  }
  update();
}

// The mean of component k: of its rows, and of the prior's imaginary ones.
void Gaussians::set_mean(Index k, double mass, ConstVectorRef mean_of_rows) {
  const double total = mass + pseudo_.mean_count;
  if (!(total > 0)) return;
  means_.row(k) = mean_of_rows.transpose();
  if (pseudo_.mean_count > 0) {
    means_.row(k) += pseudo_.mean_count / total * (location_ - mean_of_rows).transpose();
  }
}

// The weight of the prior's pull on the mean in the scatter.
double Gaussians::pull(double mass) const {
  return mass > 0 ? pseudo_.mean_count * mass / (pseudo_.mean_count + mass) : 0;
}

// Reads the sum of shares and of rows times shares of component k.
double Gaussians::read_moment(ConstVectorRef sum, Index k, Index length, VectorRef moment) const {
  const bool pooled = evaluation_.pooled;
  if (pooled) {
    moment = Eigen::Map<const Matrix>(sum.data() + size(), size(), dimension()).row(k).transpose();
  } else {
    moment = sum.segment(k * length + 1, dimension());
  }
  return std::max(pooled ? sum[k] : sum[k * length], 0.0);
}

void Gaussians::maximize_diagonal(ConstVectorRef sum, Steps steps) {
  const Index d = dimension();
  const bool spherical = evaluation_.spherical;
  const bool pooled = evaluation_.pooled;
  const Index length = spherical ? 2 + d : 1 + 2 * d;
  Scratch scratch;
  MatrixMap scatter = scratch.matrix(d, size());
  VectorMap mass = scratch.vector(size());
  VectorMap moment = scratch.vector(d);
  VectorMap mean_of_rows = scratch.vector(d);
  scatter.setZero();
  for (Index k = 0; k < size(); ++k) {
    const double p = read_moment(sum, k, length, moment);
    mass[k] = p + pseudo_.count;
    auto w = scatter.col(k);
    mean_of_rows = means_.row(k).transpose();
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
      w += pseudo_.scatter.col(0);
      if (pull(p) > 0) w += pull(p) * (mean_of_rows - location_).cwiseAbs2();
    }
    set_mean(k, p, mean_of_rows);
  }
  if (pooled) {  // only the sum over the components matters
    moment = scatter.rowwise().sum() + sum.tail(d);
    Index heaviest = 0;
    mass.maxCoeff(&heaviest);
    scatter.setZero();
    scatter.col(heaviest) = moment.cwiseMax(0);
  }
  Structure like = structure();
  if (d == 1) like = parts(like).volume == Part::equal ? Structure::EII : Structure::VII;
  MatrixMap estimated = scratch.matrix(d, size());
  estimated = variances_;
  estimate_diagonal_in_place(like, scatter, mass, estimated, true, steps);
  limit_variances(estimated, mass);
  for (Index k = 0; k < size(); ++k) {
    const auto v = estimated.col(k).array();
    if (v.allFinite() && (v > 0).all()) {
      variances_.col(k) = estimated.col(k);
    } else {
      ++repairs_;  // no spread at all and no floor: the present variances are as good as any
    }
  }
}

// Writes a root of the pseudo-scatter, whitened by component k.
void Gaussians::whitened_pseudo_root(Index k, MatrixRef root) const {
  if (pseudo_.root.cols() == 1) {
    const auto own = entries(inverse(k));
    const auto to = entries(root);
    const double* deviation = pseudo_.root.data();
    with_size(dimension(), [&](auto d) {
      for_range(zero, d, [&](auto j) {
        for_range(zero, d, [&](auto i) { to(i, j) = own(i, j) * deviation[j]; });
      });
    });
  } else {
    multiply_lower(inverse(k), pseudo_.root, root);
  }
}

// Adds the scatter of the prior's and the floor's imaginary rows to that of component k.
void Gaussians::add_pseudo_scatter(Index k, double mass, ConstVectorRef mean_of_rows, bool whitened,
                                   MatrixRef scatter) const {
  if (pseudo_.scatter.size() == 0) return;
  const Index d = dimension();
  Scratch scratch;
  if (whitened) {
    MatrixMap root = scratch.matrix(d, d);
    whitened_pseudo_root(k, root);
    add_product_with_transpose(root, scatter);
  } else {
    add(pseudo_.scatter, scatter);
  }
  if (!(pull(mass) > 0)) return;
  VectorMap off = scratch.vector(d);
  off = mean_of_rows - location_;
  if (whitened) {
    VectorMap plain = scratch.vector(d);
    plain = off;
    multiply_lower(inverse(k), plain, off);
  }
  for (Index j = 0; j < d; ++j) scatter.col(j) += pull(mass) * off[j] * off;
  mirror(scatter);
}

// Reads mass and mean of the rows of component k, and their scatter, and adds the imaginary rows;
// the scatter is whitened by the present factor where the statistics are, and `whitened` wants it.
void Gaussians::read_scatter(ConstVectorRef sum, Index k, bool whitened, MatrixRef scatter,
                             double& mass, VectorRef mean_of_rows) const {
  const Index d = dimension();
  const bool pooled = evaluation_.pooled;
  const bool whitens = evaluation_.whitens[static_cast<std::size_t>(k)];
  const Index length = 1 + d + triangle_size();
  Scratch scratch;
  VectorMap moment = scratch.vector(d);
  VectorMap shift = scratch.vector(d);
  const double p = read_moment(sum, k, length, moment);
  mass = p + pseudo_.count;
  if (p > 0) {
    if (pooled) {
      scatter.setZero();
      mean_of_rows = evaluation_.about_data ? location_ : evaluation_.center;
    } else {
      unpack(sum.segment(k * length + 1 + d, triangle_size()), scatter);
      mean_of_rows = means_.row(k).transpose();
    }
    moment /= p;
    subtract_square(p, moment, scatter);
    if (whitens) {
      multiply_lower(factor(k), moment, shift);
      mean_of_rows += shift;
    } else {
      mean_of_rows += moment;
    }
  } else {
    scatter.setZero();
    mean_of_rows = means_.row(k).transpose();
  }
  if (whitens && !whitened) multiply_both_sides(factor(k), scatter);
  if (mass > 0) add_pseudo_scatter(k, p, mean_of_rows, whitens && whitened, scatter);
}

void Gaussians::maximize_full(ConstVectorRef sum, Steps steps) {
  const Index d = dimension();
  const Index count = size();
  Scratch scratch;
  const MatrixStack scatter(scratch, d, count);
  const MatrixStack factors(scratch, d, count);
  VectorMap mass = scratch.vector(count);
  MatrixMap rows_mean = scratch.matrix(d, count);
  const bool refactorizes = shared() || structure() == Structure::VVV;
  for_each_component(count, d, [&](Index k) {
    read_scatter(sum, k, refactorizes, scatter[k], mass[k], rows_mean.col(k));
  });
  for (Index k = 0; k < count; ++k) set_mean(k, mass[k] - pseudo_.count, rows_mean.col(k));

  if (shared()) {
    const double total = mass.sum();
    if (!(total > 0)) return;
    MatrixMap pooled = scratch.matrix(d, d);
    pooled.setZero();
    if (evaluation_.pooled) unpack(sum.tail(triangle_size()), pooled);
    for (Index k = 0; k < count; ++k) pooled += scatter[k];
    pooled /= total;
    refactorize_component(0, pooled, factors[0], repairs_);
    for (Index k = 0; k < count; ++k) use_factor(k, factors[0]);
    limit_covariances(mass);
    return;
  }
  if (structure() == Structure::VVV) {
    std::atomic<Index> repairs = 0;
    for_each_component(count, d, [&](Index k) {
      if (!(mass[k] > 0)) return;
      Index own = 0;
      scatter[k] /= mass[k];
      refactorize_component(k, scatter[k], factors[k], own);
      repairs += own;
    });
    repairs_ += repairs;
    for (Index k = 0; k < count; ++k) {
      if (mass[k] > 0) use_factor(k, factors[k]);
    }
    limit_covariances(mass);
    return;
  }
  for (Index k = 0; k < count; ++k) factors[k] = factor(k);
  CovarianceProblem problem{scatter, mass, factors, true, orientation_};
  estimate_in_place(structure(), problem, steps);
  repairs_ += problem.repairs;
  for (Index k = 0; k < count; ++k) use_factor(k, factors[k]);
}

// The factor of component k from its average scatter, which is whitened where the statistics are.
void Gaussians::refactorize_component(Index k, ConstMatrixRef average, MatrixRef lower,
                                      Index& repairs) const {
  if (evaluation_.whitens[static_cast<std::size_t>(k)]) {
    refactorize(factor(k), average, lower, repairs);
  } else {
    factorize(average, lower, repairs);
  }
}

void Gaussians::use_factor(Index k, ConstMatrixRef lower) {
  if (is_factor(lower)) {
    copy_square(lower, factors_[static_cast<std::size_t>(k)]);
  } else {
    ++repairs_;  // no spread at all and no floor: the present covariance is as good as any
  }
}

// All components with the covariance of the data, each at the mean of its rows.
void Gaussians::place_means(const AnyRows& x, Shares shares) {
  const Index d = dimension();
  const Matrix unit = diagonal() ? Matrix(Matrix::Ones(d, 1)) : Matrix(Matrix::Identity(d, d));
  const Matrix spread = rows_ > 0 ? scale_ : unit;
  const Vector weight = shares.rowwise().sum();
  if (has_missing(x)) {
    const Vector center =
        observed_means(x, weight, rows_ > 0 ? location_ : Vector(Vector::Zero(d)));
    place(center, spread);
    means_ = observed_means(x, shares, center.replicate(1, size())).transpose();
  } else {
    // Means first: scatter about far-away centers would lose digits.
    const Eigen::RowVectorXd origin = rows_ > 0 ? Eigen::RowVectorXd(location_.transpose())
                                                : Eigen::RowVectorXd(DenseBlock(x, 0, 1)->row(0));
    const Vector sum =
        sum_over_blocks(x.rows(), size() * (1 + d), [&](Index first, Index count, VectorRef into) {
          const auto p = shares.middleRows(first, count);
          Eigen::Map<Matrix> block(into.data(), size(), 1 + d);
          block.col(0) += p.colwise().sum().transpose();
          block.rightCols(d).noalias() +=
              p.transpose() * (DenseBlock(x, first, count)->rowwise() - origin);
        });
    const Eigen::Map<const Matrix> block(sum.data(), size(), 1 + d);
    const Eigen::RowVectorXd center = origin + block.rightCols(d).colwise().sum() / weight.sum();
    place(center, spread);
    for (Index k = 0; k < size(); ++k) {
      if (block(k, 0) > 0) means_.row(k) = origin + block.row(k).tail(d) / block(k, 0);
    }
  }
  orientation_.resize(0, 0);
  update();
}

void Gaussians::start(const AnyRows& x, Shares shares) {
  if (!(shares.rowwise().sum().sum() > 0)) return;
  place_means(x, shares);
  const Vector statistics =
      sum_over_blocks(x.rows(), statistics_size(), [&](Index first, Index count, VectorRef into) {
        accumulate_any(*this, *DenseBlock(x, first, count), shares.middleRows(first, count), into);
      });
  maximize(statistics, Steps::all);
}

}  // namespace mix
