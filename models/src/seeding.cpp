#include "seeding.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "lloyd.h"
#include "mix/family_list.h"
#include "mix/kernels.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// Share of every row that components without parameters take at the start.
constexpr double noise_share = 0.1;

// Rows per seed that many seeds are chosen from.
constexpr Index rows_per_seed = 10;

// Of each row the weight times the squared distance to the nearest seed.
class Potential {
 public:
  Potential(const Matrix& points, Weights w)
      : points_(points),
        w_(w),
        nearest_(Vector::Constant(points.rows(), infinity)),
        potential_(points.rows()),
        block_sums_((points.rows() + block_rows - 1) / block_rows) {}

  // Squared distances to the nearest seed if a row became one, a column for each of `rows`; returns
  // the potential that each would leave.
  Vector reach(const std::vector<Index>& rows, Matrix& distances) const {
    const Matrix chosen = points_(rows, Eigen::all).transpose();
    return sum_over_blocks(
        points_.rows(), chosen.cols(), [&](Index first, Index count, VectorRef left) {
          thread_local kernels::Tiles tiles;
          tiles.read(points_.middleRows(first, count));
          auto reached = distances.block(first, 0, count, chosen.cols());
          kernels::squared_distances(tiles, chosen, reached);
          for (Index c = 0; c < chosen.cols(); ++c) {
            reached.col(c) = reached.col(c).cwiseMin(nearest_.segment(first, count));
            left[c] += reached.col(c).dot(w_.segment(first, count));
          }
        });
  }

  void accept(ConstVectorRef distances) {
    for_each_block(points_.rows(), [&](Index first, Index count) {
      nearest_.segment(first, count) = distances.segment(first, count);
      auto block = potential_.segment(first, count);
      block = nearest_.segment(first, count).cwiseProduct(w_.segment(first, count));
      block_sums_[first / block_rows] = block.sum();
    });
    total_ = block_sums_.sum();
  }

  [[nodiscard]] double total() const { return total_; }

  // A row with probability proportional to its potential, which is positive in all.
  [[nodiscard]] Index draw(Rng& rng) const {
    double target = uniform(rng) * total_;
    const Index block = find(block_sums_, target);
    const Index first = block * block_rows;
    const Index count = std::min(block_rows, points_.rows() - first);
    return first + find(potential_.segment(first, count), target);
  }

 private:
  // Where the running sum of the values passes the target, which is reduced by what came before;
  // the last positive one where rounding leaves none.
  static Index find(ConstVectorRef values, double& target) {
    Index last = 0;
    for (Index i = 0; i < values.size(); ++i) {
      if (!(values[i] > 0)) continue;
      last = i;
      if (target < values[i]) return i;
      target -= values[i];
    }
    target = infinity;
    return last;
  }

  const Matrix& points_;
  Weights w_;
  Vector nearest_;
  Vector potential_;
  Vector block_sums_;
  double total_ = 0;
};

}  // namespace

Index affordable_starts(Index usual, Index k) {
  return k > many_components ? std::max<Index>(usual * many_components / k, 1) : usual;
}

namespace {

// In their order.
std::vector<Index> part_of_rows_with_weight(Weights w, Index count, Rng& rng) {
  std::vector<Index> weighted;
  for (Index i = 0; i < w.size(); ++i) {
    if (w[i] > 0) weighted.push_back(i);
  }
  if (std::ssize(weighted) <= count) return weighted;
  std::vector<Index> rows = sample_without_replacement(rng, std::ssize(weighted), count);
  for (Index& row : rows) row = weighted[static_cast<std::size_t>(row)];
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::vector<Index> seeds_among(const Matrix& points, Weights w, Index k, Index candidates,
                               Rng& rng) {
  std::vector<Index> seeds{categorical(rng, w)};
  Matrix distances(points.rows(), candidates);
  Potential potential(points, w);
  potential.reach(seeds, distances);
  potential.accept(distances.col(0));
  while (static_cast<Index>(seeds.size()) < k) {
    std::vector<Index> rows;
    if (potential.total() > 0) {
      while (std::ssize(rows) < candidates) rows.push_back(potential.draw(rng));
    } else {  // fewer distinct rows than seeds: the remaining seeds repeat rows
      rows.push_back(categorical(rng, w));
    }
    Index best = 0;
    potential.reach(rows, distances).minCoeff(&best);
    seeds.push_back(rows[static_cast<std::size_t>(best)]);
    potential.accept(distances.col(best));
  }
  return seeds;
}

}  // namespace

std::vector<Index> seed_rows(const Matrix& points, Weights w, Index k, Rng& rng) {
  if (k <= many_components) {
    const auto logarithm = static_cast<Index>(std::log(static_cast<double>(k)));
    return seeds_among(points, w, k, 2 + logarithm, rng);
  }
  if (points.rows() <= rows_per_seed * k) return seeds_among(points, w, k, 1, rng);
  const std::vector<Index> part = part_of_rows_with_weight(w, rows_per_seed * k, rng);
  std::vector<Index> seeds = seeds_among(points(part, Eigen::all), w(part), k, 1, rng);
  for (Index& seed : seeds) seed = part[static_cast<std::size_t>(seed)];
  return seeds;
}

std::vector<Index> random_rows(Weights w, Index k, Rng& rng) {
  std::vector<Index> seeds;
  Vector left = w;
  while (static_cast<Index>(seeds.size()) < k) {
    if (!(left.sum() > 0)) left = w;
    seeds.push_back(categorical(rng, left));
    left[seeds.back()] = 0;
  }
  return seeds;
}

std::vector<Index> nearest_rows(const Matrix& points, const std::vector<Index>& rows) {
  return nearest_centers(points, points(rows, Eigen::all));
}

std::vector<Index> learnable_components(const AnyFamily& family) {
  std::vector<Index> learnable;
  const auto* list = family.as<FamilyList>();
  if (list == nullptr) {
    for (Index k = 0; k < family.size(); ++k) learnable.push_back(k);
    return learnable;
  }
  Index first = 0;
  for (const AnyFamily& part : list->families()) {
    for (Index k = 0; k < part.size(); ++k) {
      if (part.parameter_count() > 0) learnable.push_back(first + k);
    }
    first += part.size();
  }
  if (learnable.empty()) {
    for (Index k = 0; k < family.size(); ++k) learnable.push_back(k);
  }
  return learnable;
}

ShareBlocks share_blocks(std::vector<Index> labels, Weights w, const AnyFamily& family) {
  std::vector<Index> learnable = learnable_components(family);
  const auto rest = family.size() - static_cast<Index>(learnable.size());
  const double taken = rest > 0 ? noise_share : 0.0;
  const double each = rest > 0 ? taken / static_cast<double>(rest) : 0.0;
  return [labels = std::move(labels), learnable = std::move(learnable), w, taken, each](
             Index first, MatrixRef shares) {
    shares.setConstant(each);
    for (const Index k : learnable) shares.col(k).setZero();
    for (Index i = 0; i < shares.rows(); ++i) {
      const Index label = labels[static_cast<std::size_t>(first + i)];
      shares(i, learnable[static_cast<std::size_t>(label)]) += 1 - taken;
    }
    shares.array().colwise() *= w.segment(first, shares.rows()).array();
  };
}

Matrix shares_from_labels(const std::vector<Index>& labels, Weights w, const AnyFamily& family) {
  Matrix shares(w.size(), family.size());
  share_blocks(labels, w, family)(0, shares);
  return shares;
}

namespace {

// Centered and rotated to uncorrelated columns, each divided by a power of its standard deviation.
Matrix rotated(const Matrix& points, double power) {
  Matrix centered = points.rowwise() - points.colwise().mean();
  const Matrix covariance =
      centered.transpose() * centered / static_cast<double>(std::max<Index>(points.rows(), 1));
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(covariance);
  const double largest = eigen.eigenvalues().maxCoeff();
  Index kept = 0;
  for (Index d = 0; d < points.cols(); ++d) {
    if (eigen.eigenvalues()[d] > 1e-10 * largest) ++kept;
  }
  if (kept == 0) return centered;
  return centered * eigen.eigenvectors().rightCols(kept) *
         eigen.eigenvalues().tail(kept).array().pow(-0.5 * power).matrix().asDiagonal();
}

}  // namespace

Matrix sphered(const Matrix& points) { return rotated(points, 1); }

Matrix half_sphered(const Matrix& points) {
  const auto n = static_cast<double>(std::max<Index>(points.rows(), 2));
  return rotated(points, 0.5) * (std::pow(n - 1, 0.25) / std::sqrt(n));
}

}  // namespace mix
