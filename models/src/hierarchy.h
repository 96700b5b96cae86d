#pragma once

#include <vector>

#include "mix/types.h"

namespace mix {

/// A tree of clusters, grown by joining at each step the two whose union costs least in the
/// model-based criterion sum n_c log(|W_c/n_c| + (tr W_c + a)/n_c) (Fraley 1998, as regularized by
/// Scrucca & Raftery 2015), the determinant taken as zero while n_c <= columns. One tree gives the
/// partition for every number of clusters. O(rows^2) time for few columns.
class Hierarchy {
 public:
  explicit Hierarchy(const Matrix& points);

  /// The cluster of each row, from 0, when `k` clusters are left.
  [[nodiscard]] std::vector<Index> labels(Index k) const;

 private:
  struct Join {
    Index kept;
    Index absorbed;
  };
  Index rows_ = 0;
  std::vector<Join> joins_;
};

}  // namespace mix
