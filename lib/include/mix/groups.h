#pragma once

#include <memory>
#include <vector>

#include "mix/types.h"

namespace mix {

/// Which rows share a component, whatever it is ("must-link"): the visits of a patient, the pixels
/// of a segment. A sample weight counts its row so many times within its group; a group itself
/// always counts once, so that doubling a group means its rows once more under another number.
/// Copies share memory.
class Groups {
 public:
  /// No groups: every row for itself.
  Groups() = default;
  /// Equal numbers, whatever they are, mean the same group. Groups are counted from 0 in the order
  /// in which they first occur.
  explicit Groups(const std::vector<Index>& numbers);

  [[nodiscard]] bool empty() const { return of_row_ == nullptr; }
  [[nodiscard]] Index rows() const { return empty() ? 0 : static_cast<Index>(of_row_->size()); }
  /// The number of groups.
  [[nodiscard]] Index count() const { return count_; }
  /// The group of a row.
  [[nodiscard]] Index operator[](Index row) const {
    return (*of_row_)[static_cast<std::size_t>(row)];
  }
  /// The groups of some rows, in this order; none of none.
  [[nodiscard]] Groups of_rows(const std::vector<Index>& rows) const;
  /// The first row of each group.
  [[nodiscard]] std::vector<Index> first_rows() const;
  /// The sum of the weights of each group's rows.
  [[nodiscard]] Vector sums(Weights w) const;

 private:
  std::shared_ptr<const std::vector<Index>> of_row_;
  Index count_ = 0;
};

}  // namespace mix
