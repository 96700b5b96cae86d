#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

#include "hierarchy.h"
#include "mix/models/start.h"
#include "mix/parallel.h"
#include "mix/types.h"

namespace mix {

/// A value made when it is first asked for. Others who ask meanwhile wait for it.
template <class T>
class Lazy {
 public:
  template <class Make>
  const T& get(const Make& make) {
    const std::lock_guard lock(mutex_);
    // Not another task under the lock: that could ask for this value itself.
    if (!value_) run_isolated([&] { value_.emplace(make()); });
    return *value_;
  }

 private:
  std::mutex mutex_;
  std::optional<T> value_;
};

/// Partitions of the same rows into any number of groups, as starts of EM. Each is made when first
/// asked for and then kept, so that the fits of a comparison share them: one tree, and one set of
/// seeds for each number of groups. What it answers depends on what it was made from and never on
/// who asks when; several threads may ask at once.
class Partitions {
 public:
  /// `points`: the embedded rows; `w`: their weights.
  Partitions(Matrix points, Vector w, std::uint64_t seed);

  /// Whether it was made from these.
  [[nodiscard]] bool made_from(const Matrix& points, Weights w, std::uint64_t seed) const;
  /// The rows as points; odd draws see them sphered.
  const Matrix& points(Index draw);
  /// The group, from 0 to `groups` - 1, of each row. `start` is one of those that need nothing but
  /// points: Hierarchical, KMeans, KMeansPlusPlus, Random; `draw` numbers the random ones.
  const std::vector<Index>& labels(const Start& start, Index draw, Index groups);

  /// Whether a tree is worth its time, and whether it is one of all rows or of a random part.
  [[nodiscard]] bool hierarchy_is_cheap() const;
  [[nodiscard]] bool hierarchy_sees_all_rows() const;
  /// The groups that it can make at most: as many as rows that it sees.
  [[nodiscard]] Index most_hierarchical_groups() const;

 private:
  using Labels = Lazy<std::vector<Index>>;
  // The rows that the tree is made from.
  struct Tree {
    std::vector<Index> rows;
    Hierarchy hierarchy;
  };

  [[nodiscard]] Tree make_tree();
  [[nodiscard]] std::vector<Index> make_labels(const Start& start, Index draw, Index groups);
  [[nodiscard]] std::vector<Index> hierarchical(Index groups);

  Matrix points_;
  Vector w_;
  std::uint64_t seed_;
  Lazy<Matrix> sphered_;
  Lazy<Tree> tree_;
  std::mutex mutex_;  // of the map, not of what it holds
  std::map<std::tuple<std::size_t, Index, Index>, std::unique_ptr<Labels>> labels_;
};

/// The partitions that several fits share, one for each different embedding of the rows.
class PartitionPool {
 public:
  std::shared_ptr<Partitions> of(Matrix points, Weights w, std::uint64_t seed);

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<Partitions>> all_;
};

}  // namespace mix
