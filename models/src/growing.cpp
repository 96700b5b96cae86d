#include "growing.h"

#include <algorithm>
#include <numeric>

namespace mix {
namespace {

// Share of the rows that an inserted component starts from: those of lowest density, or the
// neighbors of the single worst one.
constexpr double inserted_share = 0.1;
constexpr double inserted_neighbors = 0.02;
constexpr int power_steps = 30;

Matrix with_column(const Matrix& r, Index position) {
  Matrix grown(r.rows(), r.cols() + 1);
  grown.leftCols(position) = r.leftCols(position);
  grown.col(position).setZero();
  grown.rightCols(r.cols() - position) = r.rightCols(r.cols() - position);
  return grown;
}

}  // namespace

Matrix split(const Matrix& r, Weights w, const Matrix& points, Index j, Index position) {
  Matrix grown = with_column(r, position);
  const Vector share = r.col(j).cwiseProduct(w);
  const double mass = share.sum();
  if (!(mass > 0)) return grown;
  const Eigen::RowVectorXd center = share.transpose() * points / mass;
  const Matrix centered = points.rowwise() - center;
  // The leading direction by power iteration on the weighted scatter, which is made where that is
  // less work; a cut needs no more digits.
  Matrix scatter;
  if (points.cols() <= 2 * power_steps) {
    scatter.noalias() = centered.transpose() * (share.asDiagonal() * centered);
  }
  Vector direction = (centered.cwiseAbs2().transpose() * share).cwiseSqrt();
  Vector next(points.cols());
  for (int step = 0; step < power_steps; ++step) {
    if (scatter.size() > 0) {
      next.noalias() = scatter * direction;
    } else {
      next.noalias() = centered.transpose() * (centered * direction).cwiseProduct(share);
    }
    const double length = next.norm();
    if (!(length > 0)) break;
    direction = next / length;
  }
  const Vector side = centered * direction;
  const Index column = j < position ? j : j + 1;
  for (Index i = 0; i < r.rows(); ++i) {
    if (side[i] > 0) std::swap(grown(i, column), grown(i, position));
  }
  return grown;
}

Matrix insert(const Matrix& r, Weights w, const Vector& rank, double share, Index position) {
  Matrix grown = with_column(r, position);
  std::vector<Index> order(static_cast<std::size_t>(r.rows()));
  std::iota(order.begin(), order.end(), Index{0});
  // Few rows are wanted of many: a heap, the first one on top.
  const auto later = [&](Index a, Index b) {
    return rank[a] != rank[b] ? rank[a] > rank[b] : a > b;
  };
  std::make_heap(order.begin(), order.end(), later);
  double left = w.sum() * share;
  while (left > 0 && !order.empty()) {
    const Index i = order.front();
    std::pop_heap(order.begin(), order.end(), later);
    order.pop_back();
    grown.row(i).setZero();
    grown(i, position) = 1;
    left -= w[i];
  }
  return grown;
}

std::vector<Matrix> grow(const MixtureState& state, const AnyRows& x, Weights w,
                         const Matrix& points, const std::vector<Index>& splittable,
                         Index position) {
  Matrix r(x.rows(), state.family.size());
  Vector log_density(x.rows());
  log_joint(state, x, r);
  Soft{}.assign({}, r, log_density);
  std::vector<Matrix> grown;
  for (const Index j : splittable) grown.push_back(split(r, w, points, j, position));
  grown.push_back(insert(r, w, log_density, inserted_share, position));
  Index worst = 0;
  (w.array() > 0).select(log_density, infinity).minCoeff(&worst);
  const Vector distance = (points.rowwise() - points.row(worst)).rowwise().squaredNorm();
  grown.push_back(insert(r, w, distance, inserted_neighbors, position));
  return grown;
}

Matrix doubled(const Matrix& r, Index j, Index position) {
  Matrix grown = with_column(r, position);
  const Index column = j < position ? j : j + 1;
  grown.col(column) *= 0.5;
  grown.col(position) = grown.col(column);
  return grown;
}

}  // namespace mix
