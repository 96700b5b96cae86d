#pragma once

#include <vector>

#include "mix/types.h"

namespace mix {

/// Whether rows keep their labels without distances where bounds of these prove them: where that
/// pays, never, or wherever it is possible. No result depends on it.
enum class Bounds { adaptive, never, always };

/// Bounds of the distances of rows from centers: from above of each row's from its own center, from
/// below of those from all others. They are carried along as the centers move, with rounding in
/// their disfavor (Hamerly 2010). A row whose upper bound stays below the lower one keeps its
/// label. If it does not only because of a few centers that moved far, the movers, then distances
/// from these are enough; so late in a run, when most centers rest, little has to be computed.
class DistanceBounds {
 public:
  /// Whether distances from so many centers take long enough, beside reading the row, that bounds
  /// may save time.
  static bool may_pay(Index centers, Index columns);

  /// Of `rows` rows, perhaps none, of which nothing is known.
  DistanceBounds(Index rows, Index columns);

  [[nodiscard]] bool exist() const { return within_.size() > 0; }
  void set(Index row, double within, double beyond) {
    within_[row] = within;
    beyond_[row] = beyond;
  }

  /// Takes note of how far centers moved, one per row of the matrices, and chooses the movers with
  /// which the next pass should take the least time. Returns this time as a share of that of all
  /// distances. Times are by a fixed model and from a sample of the rows, so that they depend on
  /// the rows only.
  double move(const Matrix& before, const Matrix& after, const std::vector<Index>& label);

  /// Centers that moved farther than all others; may be none.
  [[nodiscard]] const std::vector<Index>& movers() const { return movers_; }
  [[nodiscard]] bool moves(Index center) const { return ways_[center] > rest_; }

  /// The bounds after the move: from above for the row's own center, from below for all others, and
  /// for those others that are no movers.
  [[nodiscard]] double within(Index row, Index label) const {
    return (within_[row] + ways_[label]) * (1 + 0x1p-52);
  }
  [[nodiscard]] double beyond(Index row, Index label) const {
    return (beyond_[row] - longest_of_others_[label]) * (1 - 0x1p-52);
  }
  [[nodiscard]] double beyond_rest(Index row) const {
    return (beyond_[row] - rest_) * (1 - 0x1p-52);
  }

 private:
  void measure(const Matrix& before, const Matrix& after);
  static double cost_without(Index centers, Index columns);
  // Of a row, if `movers` centers moved farther than `rest`.
  [[nodiscard]] double cost(double rest, double movers, const std::vector<Index>& label) const;

  Index columns_;
  Vector within_, beyond_;
  Vector ways_;               // of the centers, rounded up
  Vector longest_of_others_;  // of the ways of all other centers
  double rest_ = 0;           // no less than the way of any center that is no mover
  std::vector<Index> movers_;
};

}  // namespace mix
