#pragma once

#include <utility>
#include <variant>
#include <vector>

#include "mix/any_rows.h"
#include "mix/sparse_matrix.h"

namespace mix {

/// A copy of some rows, or of some columns of all rows, of the kind that the rows are; of columns
/// of sparse rows a dense one.
class ChosenCells {
 public:
  static ChosenCells of_rows(const AnyRows& x, const std::vector<Index>& rows);
  static ChosenCells of_columns(const AnyRows& x, const std::vector<Index>& columns);
  [[nodiscard]] AnyRows view() const {
    return std::visit([](const auto& cells) { return AnyRows(cells); }, cells_);
  }

 private:
  using Cells = std::variant<Matrix, Eigen::MatrixXf, SparseMatrix>;
  explicit ChosenCells(Cells cells) : cells_(std::move(cells)) {}
  Cells cells_;
};

/// Whether a column is the same in all of `some` rows and not in all of `more`; both ascend.
bool misses_what_varies(const AnyRows& x, const std::vector<Index>& some,
                        const std::vector<Index>& more);

}  // namespace mix
