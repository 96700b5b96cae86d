#include "partitions.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "lloyd.h"
#include "mix/models/kmeans.h"
#include "mix/random.h"
#include "seeding.h"

namespace mix {
namespace {

constexpr Index hierarchy_row_limit = 2000;
// Rows squared times columns cubed of a tree that is worth its time.
constexpr double hierarchy_work_limit = 1e9;

}  // namespace

Partitions::Partitions(Matrix points, Vector w, std::uint64_t seed)
    : points_(std::move(points)), w_(std::move(w)), seed_(seed) {}

bool Partitions::made_from(const Matrix& points, Weights w, std::uint64_t seed) const {
  return seed == seed_ && points.rows() == points_.rows() && points.cols() == points_.cols() &&
         points == points_ && w == w_;
}

const Matrix& Partitions::points(Index draw) {
  if (draw % 2 == 0 || points_.cols() < 2) return points_;
  return sphered_.get([&] { return sphered(points_); });
}

bool Partitions::hierarchy_sees_all_rows() const { return points_.rows() <= hierarchy_row_limit; }

Index Partitions::most_hierarchical_groups() const {
  return std::min(points_.rows(), hierarchy_row_limit);
}

bool Partitions::hierarchy_is_cheap() const {
  const auto n = static_cast<double>(most_hierarchical_groups());
  const auto d = static_cast<double>(points_.cols());
  return n * n * d * d * d < hierarchy_work_limit;
}

const std::vector<Index>& Partitions::labels(const Start& start, Index draw, Index groups) {
  Labels* labels = nullptr;
  {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Labels>& place = labels_[{start.index(), draw, groups}];
    if (!place) place = std::make_unique<Labels>();
    labels = place.get();
  }
  return labels->get([&] { return make_labels(start, draw, groups); });
}

std::vector<Index> Partitions::make_labels(const Start& start, Index draw, Index groups) {
  if (std::holds_alternative<start::Hierarchical>(start)) return hierarchical(groups);
  Rng rng(seed_, Purpose::start, static_cast<std::uint64_t>(draw));
  const Matrix& seen = points(draw);
  if (std::holds_alternative<start::Random>(start)) {
    return nearest_rows(seen, random_rows(w_, groups, rng));
  }
  const std::vector<Index> seeds = seed_rows(seen, w_, groups, rng);
  if (!std::holds_alternative<start::KMeans>(start)) return nearest_rows(seen, seeds);
  KMeansOptions lloyd;
  lloyd.sample_weight = w_;
  lloyd.centers = seen(seeds, Eigen::all);
  lloyd.max_iter = 30;
  return kmeans(seen, groups, lloyd).labels;
}

Partitions::Tree Partitions::make_tree() {
  std::vector<Index> rows(static_cast<std::size_t>(points_.rows()));
  std::iota(rows.begin(), rows.end(), Index{0});
  if (points_.rows() > hierarchy_row_limit) {
    Rng rng(seed_, Purpose::start, 1U << 20U);
    rows = sample_without_replacement(rng, points_.rows(), hierarchy_row_limit);
    std::sort(rows.begin(), rows.end());
  }
  Hierarchy hierarchy(half_sphered(points_)(rows, Eigen::all));
  return {std::move(rows), std::move(hierarchy)};
}

std::vector<Index> Partitions::hierarchical(Index groups) {
  const Tree& tree = tree_.get([&] { return make_tree(); });
  std::vector<Index> of_tree = tree.hierarchy.labels(groups);
  const Matrix& all = points(1);
  if (static_cast<Index>(tree.rows.size()) == all.rows()) return of_tree;
  // The rows left out go to the nearest cluster mean.
  Matrix means = Matrix::Zero(groups, all.cols());
  Vector sizes = Vector::Zero(groups);
  for (std::size_t i = 0; i < tree.rows.size(); ++i) {
    means.row(of_tree[i]) += all.row(tree.rows[i]);
    sizes[of_tree[i]] += 1;
  }
  means.array().colwise() /= sizes.array();
  return nearest_centers(all, means);
}

std::shared_ptr<Partitions> PartitionPool::of(Matrix points, Weights w, std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  for (const std::shared_ptr<Partitions>& known : all_) {
    if (known->made_from(points, w, seed)) return known;
  }
  return all_.emplace_back(std::make_shared<Partitions>(std::move(points), w, seed));
}

}  // namespace mix
