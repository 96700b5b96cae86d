#pragma once

#include <vector>

#include "mix/any_rows.h"
#include "mix/sparse_matrix.h"

namespace mix {

/// A copy of some rows, dense or sparse as the rows are.
class ChosenRows {
 public:
  ChosenRows(const AnyRows& x, const std::vector<Index>& rows);
  [[nodiscard]] AnyRows view() const {
    return sparse_.cols() > 0 ? AnyRows(sparse_) : AnyRows(dense_);
  }

 private:
  Matrix dense_;
  SparseMatrix sparse_;
};

/// Whether a column is the same in all of `some` rows and not in all of `more`; both ascend.
bool misses_what_varies(const AnyRows& x, const std::vector<Index>& some,
                        const std::vector<Index>& more);

}  // namespace mix
