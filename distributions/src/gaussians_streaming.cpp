// The inner loops of Gaussians: densities, statistics, and the estimate from them.

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "mix/distributions/gaussians.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// Up to here products of a matrix with single columns beat blocked triangular routines.
constexpr Index few_columns = 48;

// Memory of one thread, kept between blocks: fresh memory would cost more than the arithmetic.
struct Workspace {
  Matrix centered;
  Matrix weighted;
  Matrix scatter;
  Vector distance;
  Vector share;
  std::vector<Index> rows;
};

Workspace& workspace() {
  thread_local Workspace memory;
  return memory;
}

template <class Body>
void for_each_chunk(Index rows, const Body& body) {
  for (Index first = 0; first < rows; first += block_rows) {
    body(first, std::min(block_rows, rows - first));
  }
}

// y <- L^-1 (x - mean), one row per observation.
void whiten(Rows x, const Eigen::Ref<const Eigen::RowVectorXd, 0, Eigen::InnerStride<>>& mean,
            const Matrix& lower, Matrix& y) {
  y = x.rowwise() - mean;
  if (x.cols() > few_columns) {
    lower.triangularView<Eigen::Lower>().transpose().solveInPlace<Eigen::OnTheRight>(y);
    return;
  }
  for (Index j = 0; j < x.cols(); ++j) {
    if (j > 0) y.col(j).noalias() -= y.leftCols(j) * lower.row(j).head(j).transpose();
    y.col(j) /= lower(j, j);
  }
}

// -1/2 (constant + distance), also where the distance overflowed.
template <class Out>
void finish(const Vector& distance, double constant, Out&& out) {
  out = -0.5 * (distance.array() + constant);
  for (Index i = 0; i < distance.size(); ++i) {
    if (std::isnan(out[i])) out[i] = -infinity;
  }
}

void unpack_triangle(ConstVectorRef packed, Matrix& full) {
  Index position = 0;
  for (Index j = 0; j < full.cols(); ++j) {
    const Index length = full.rows() - j;
    full.col(j).tail(length) = packed.segment(position, length);
    position += length;
  }
  full.triangularView<Eigen::StrictlyUpper>() = full.transpose();
}

}  // namespace

void Gaussians::log_densities(Rows x, MatrixRef out) const {
  const double constant = static_cast<double>(dimension()) * std::log(2 * std::numbers::pi);
  Workspace& memory = workspace();
  Vector& distance = memory.distance;
  const auto add_squares = [&](auto&& y) {
    distance.setZero(y.rows());
    for (Index j = 0; j < y.cols(); ++j) distance += y.col(j).cwiseAbs2();
  };
  // Equal covariances: all rows whitened once, about a point amid the means.
  const Eigen::RowVectorXd center = means_.colwise().mean();
  Matrix whitened_means;
  if (shared()) whiten(means_, center, factor(0), whitened_means);

  for_each_chunk(x.rows(), [&](Index first, Index count) {
    const Rows rows = x.middleRows(first, count);
    if (shared()) whiten(rows, center, factor(0), memory.centered);
    for (Index k = 0; k < size(); ++k) {
      if (diagonal()) {
        distance.setZero(count);
        for (Index j = 0; j < dimension(); ++j) {
          distance.array() +=
              ((rows.col(j).array() - means_(k, j)) * inverse_deviations_(j, k)).square();
        }
      } else if (shared()) {
        add_squares(memory.centered.rowwise() - whitened_means.row(k));
      } else {
        whiten(rows, means_.row(k), factor(k), memory.centered);
        add_squares(memory.centered);
      }
      finish(distance, constant + log_determinants_[k], out.col(k).segment(first, count));
    }
  });
}

Index Gaussians::statistics_size() const { return size() * (1 + dimension() + triangle_size()); }

void Gaussians::accumulate(Rows x, Shares shares, VectorRef statistics) const {
  const Index d = dimension();
  const Index length = 1 + d + triangle_size();
  Workspace& memory = workspace();
  Matrix& centered = memory.centered;
  Matrix& weighted = memory.weighted;
  for_each_chunk(x.rows(), [&](Index first, Index count) {
    for (Index k = 0; k < size(); ++k) {
      const auto column = shares.col(k).segment(first, count);
      memory.rows.clear();
      for (Index i = 0; i < count; ++i) {
        if (column[i] != 0) memory.rows.push_back(i);
      }
      const auto used = static_cast<Index>(memory.rows.size());
      if (used == 0) continue;
      if (2 * used > count) {
        centered = x.middleRows(first, count).rowwise() - means_.row(k);
        memory.share = column;
      } else {
        centered.resize(used, d);
        memory.share.resize(used);
        for (Index i = 0; i < used; ++i) {
          const Index row = memory.rows[static_cast<std::size_t>(i)];
          centered.row(i) = x.row(first + row) - means_.row(k);
          memory.share[i] = column[row];
        }
      }
      auto block = statistics.segment(k * length, length);
      block[0] += memory.share.sum();
      block.segment(1, d).noalias() += centered.transpose() * memory.share;
      if (diagonal()) {
        block.tail(d).noalias() += centered.cwiseAbs2().transpose() * memory.share;
        continue;
      }
      weighted = memory.share.asDiagonal() * centered;
      Index position = 1 + d;
      if (d <= few_columns) {
        for (Index j = 0; j < d; ++j) {
          block.segment(position, d - j).noalias() +=
              centered.rightCols(d - j).transpose() * weighted.col(j);
          position += d - j;
        }
      } else {
        memory.scatter.setZero(d, d);
        memory.scatter.triangularView<Eigen::Lower>() += centered.transpose() * weighted;
        for (Index j = 0; j < d; ++j) {
          block.segment(position, d - j) += memory.scatter.col(j).tail(d - j);
          position += d - j;
        }
      }
    }
  });
}

void Gaussians::maximize(ConstVectorRef sum) {
  if (diagonal()) {
    maximize_diagonal(sum);
  } else {
    maximize_full(sum);
  }
  update();
}

// The mean of component k: of its rows, and of the prior's imaginary ones.
void Gaussians::move_mean(Index k, double mass, ConstVectorRef first_moment) {
  const double total = mass + pseudo_.mean_count;
  if (!(total > 0)) return;
  if (pseudo_.mean_count > 0) {
    const Vector to_prior = location_ - means_.row(k).transpose();
    means_.row(k) += (first_moment + pseudo_.mean_count * to_prior).transpose() / total;
  } else {
    means_.row(k) += first_moment.transpose() / mass;
  }
}

void Gaussians::maximize_diagonal(ConstVectorRef sum) {
  const Index d = dimension();
  const Index length = 1 + 2 * d;
  Matrix scatter = Matrix::Zero(d, size());
  Vector mass(size());
  for (Index k = 0; k < size(); ++k) {
    const auto block = sum.segment(k * length, length);
    const double p = std::max(block[0], 0.0);
    const auto moment = block.segment(1, d);
    mass[k] = p + pseudo_.count;
    auto w = scatter.col(k);
    if (p > 0) w = (block.tail(d) - moment.cwiseAbs2() / p).cwiseMax(0);
    if (mass[k] > 0 && pseudo_.scatter.size() > 0) {
      w += pseudo_.scatter;
      if (p > 0 && pseudo_.mean_count > 0) {
        const Vector off = means_.row(k).transpose() + moment / p - location_;
        w += pseudo_.mean_count * p / (pseudo_.mean_count + p) * off.cwiseAbs2();
      }
    }
    move_mean(k, p, moment);
  }
  Structure like = structure();
  if (d == 1) like = parts(like).volume == Part::equal ? Structure::EII : Structure::VII;
  const Matrix estimated = estimate_diagonal(like, scatter, mass, variances_);
  for (Index k = 0; k < size(); ++k) {
    const auto v = estimated.col(k).array();
    if (v.allFinite() && (v > 0).all()) {
      variances_.col(k) = estimated.col(k);
    } else {
      ++repairs_;  // no spread at all and no floor: the present variances are as good as any
    }
  }
}

void Gaussians::maximize_full(ConstVectorRef sum) {
  const Index d = dimension();
  const Index length = 1 + d + triangle_size();
  std::vector<Matrix> scatter;
  Vector mass(size());
  for (Index k = 0; k < size(); ++k) {
    const auto block = sum.segment(k * length, length);
    const double p = std::max(block[0], 0.0);
    const auto moment = block.segment(1, d);
    mass[k] = p + pseudo_.count;
    Matrix& w = scatter.emplace_back(Matrix::Zero(d, d));
    if (p > 0) {
      unpack_triangle(block.tail(triangle_size()), w);
      w.noalias() -= moment * (moment / p).transpose();
    }
    if (mass[k] > 0 && pseudo_.scatter.size() > 0) {
      w += pseudo_.scatter;
      if (p > 0 && pseudo_.mean_count > 0) {
        const Vector off = means_.row(k).transpose() + moment / p - location_;
        w += pseudo_.mean_count * p / (pseudo_.mean_count + p) * off * off.transpose();
      }
    }
    w.triangularView<Eigen::StrictlyUpper>() = w.transpose();
    move_mean(k, p, moment);
  }
  Covariances estimated = estimate(structure(), scatter, mass, {factors_, std::move(orientation_)});
  orientation_ = std::move(estimated.orientation);
  repairs_ += estimated.repairs;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const Matrix& l = estimated.factors[k];
    if (l.allFinite() && l.diagonal().minCoeff() > 0) {
      factors_[k] = l;
    } else {
      ++repairs_;  // no spread at all and no floor: the present covariance is as good as any
    }
  }
}

void Gaussians::start(Rows x, Shares shares) {
  const Vector weight = shares.rowwise().sum();
  const double total = weight.sum();
  if (!(total > 0)) return;
  // Means first: scatter about far-away centers would lose digits.
  const Eigen::RowVectorXd origin =
      rows_ > 0 ? Eigen::RowVectorXd(location_.transpose()) : Eigen::RowVectorXd(x.row(0));
  const Index d = dimension();
  const Vector sum =
      sum_over_blocks(x.rows(), size() * (1 + d), [&](Index first, Index count, VectorRef into) {
        const auto p = shares.middleRows(first, count);
        Eigen::Map<Matrix> block(into.data(), size(), 1 + d);
        block.col(0) += p.colwise().sum().transpose();
        block.rightCols(d).noalias() +=
            p.transpose() * (x.middleRows(first, count).rowwise() - origin);
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
  const Vector statistics =
      sum_over_blocks(x.rows(), statistics_size(), [&](Index first, Index count, VectorRef into) {
        accumulate(x.middleRows(first, count), shares.middleRows(first, count), into);
      });
  maximize(statistics);
}

}  // namespace mix
