#include "seeding.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "mix/family_list.h"

namespace mix {
namespace {

// Share of every row that components without parameters take at the start.
constexpr double noise_share = 0.1;

Vector squared_distances(const Matrix& points, Index row) {
  return (points.rowwise() - points.row(row)).rowwise().squaredNorm();
}

}  // namespace

std::vector<Index> seed_rows(const Matrix& points, Weights w, Index k, Rng& rng) {
  std::vector<Index> seeds{categorical(rng, w)};
  Vector nearest = squared_distances(points, seeds[0]);
  const Index candidates = 2 + static_cast<Index>(std::log(static_cast<double>(k)));
  while (static_cast<Index>(seeds.size()) < k) {
    const Vector potential = nearest.cwiseProduct(w);
    // Fewer distinct rows than seeds: the remaining seeds repeat rows.
    const bool exhausted = !(potential.sum() > 0);
    Index best = -1;
    double least = infinity;
    Vector best_distances;
    for (Index c = 0; c < (exhausted ? 1 : candidates); ++c) {
      const Index row = exhausted ? categorical(rng, w) : categorical(rng, potential);
      Vector distances = nearest.cwiseMin(squared_distances(points, row));
      const double left = distances.dot(w);
      if (best < 0 || left < least) {
        least = left;
        best = row;
        best_distances = std::move(distances);
      }
    }
    seeds.push_back(best);
    nearest = std::move(best_distances);
  }
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
  std::vector<Index> labels(static_cast<std::size_t>(points.rows()), 0);
  Vector nearest = Vector::Constant(points.rows(), infinity);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const Vector distances = squared_distances(points, rows[k]);
    for (Index i = 0; i < points.rows(); ++i) {
      if (distances[i] < nearest[i]) {
        nearest[i] = distances[i];
        labels[static_cast<std::size_t>(i)] = static_cast<Index>(k);
      }
    }
  }
  return labels;
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

Matrix shares_from_labels(const std::vector<Index>& labels, Weights w, const AnyFamily& family) {
  const std::vector<Index> learnable = learnable_components(family);
  const auto rest = family.size() - static_cast<Index>(learnable.size());
  const double taken = rest > 0 ? noise_share : 0.0;
  Matrix shares =
      Matrix::Constant(w.size(), family.size(), rest > 0 ? taken / static_cast<double>(rest) : 0.0);
  for (const Index k : learnable) shares.col(k).setZero();
  for (Index i = 0; i < w.size(); ++i) {
    const Index label = labels[static_cast<std::size_t>(i)];
    shares(i, learnable[static_cast<std::size_t>(label)]) += 1 - taken;
  }
  shares.array().colwise() *= w.array();
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
