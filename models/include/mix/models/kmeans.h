#pragma once

#include <optional>
#include <vector>

#include "mix/em.h"

namespace mix {

/// How `kmeans` begins and ends.
struct KMeansOptions {
  /// One non-negative weight per row; empty means one each.
  Vector sample_weight{};
  /// Centers to begin with, k x columns; then n_init is 1.
  std::optional<Matrix> centers = std::nullopt;
  /// How many k-means++ starts, greedy ones up to 1000 centers; 0 chooses by the size of the
  /// problem: 10 to 100, fewer of more than 1000 centers.
  Index n_init = 0;
  /// The largest number of iterations of a start; each labels the rows and moves the centers.
  Index max_iter = 1000;
  std::uint64_t seed = 0;
  Index threads = 0;
};

/// The clusters, and how they were found.
struct KMeans {
  Matrix centers;             ///< k x columns
  std::vector<Index> labels;  ///< nearest center of each row, ties to the lowest index
  double inertia = 0;         ///< sum of weight times squared distance to the nearest center
  Index n_iter = 0;           ///< Lloyd iterations of the start kept; the last changed no label
  Stop stop = Stop::max_iterations;
  Index starts = 0;
  Index hits = 0;  ///< starts that reached the lowest inertia, within 1e-6 of it
};

/// k-means (Lloyd 1982): the hard-assignment, equal-weight limit of the mixture of Gaussians with
/// one common spherical covariance, which `fit` with assignment Hard gives as well; here by a loop
/// of its own, whose labels are at every iteration those of distances from differences, ties to the
/// lowest index. An emptied cluster takes over the row farthest from its center. The same bits for
/// any number of threads. Throws std::invalid_argument for k outside [1, rows], cells that are not
/// finite, weights or centers that do not fit, and, where no centers are given, columns whose
/// differences have no squares in double precision.
KMeans kmeans(Rows x, Index k, const KMeansOptions& options = {});

}  // namespace mix
