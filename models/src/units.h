#pragma once

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "chosen_cells.h"
#include "mix/any_rows.h"
#include "mix/groups.h"
#include "mix/parallel.h"

namespace mix {

/// Rows in an order in which those of a unit (a row, or a group) are neighbors, and pieces of them
/// that consist of whole units.
class Units {
 public:
  struct Piece {
    Index first_row;
    Index rows;
    Index first;
    Index count;
  };

  Units(const AnyRows& x, const Vector& w, const Groups& groups)
      : order_(order_of(groups)),
        ordered_(groups.empty() ? std::nullopt : std::optional(ChosenCells::of_rows(x, order_))),
        x_(ordered_ ? ordered_->view() : x),
        w_(w) {
    if (groups.empty()) {
      for (Index first = 0; first < x.rows(); first += block_rows) {
        const Index count = std::min(block_rows, x.rows() - first);
        pieces_.push_back({first, count, first, count});
      }
      weight_ = w;
      return;
    }
    w_ = Vector(w(order_));
    weight_ = (groups.sums(w).array() > 0).cast<double>();
    Piece piece{0, 0, 0, 0};
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const bool begins = i == 0 || groups[order_[i]] != groups[order_[i - 1]];
      if (begins && piece.rows >= block_rows) {
        pieces_.push_back(piece);
        piece = {piece.first_row + piece.rows, 0, piece.first + piece.count, 0};
      }
      ++piece.rows;
      if (begins) ++piece.count;
      of_row_.push_back(groups[order_[i]]);
    }
    pieces_.push_back(piece);
  }

  [[nodiscard]] Index rows() const { return x_.rows(); }
  [[nodiscard]] AnyRows rows_of(const Piece& piece) const {
    return x_.middleRows(piece.first_row, piece.rows);
  }
  /// How often each unit counts.
  [[nodiscard]] const Vector& weight() const { return weight_; }

  // The sums over the rows of each unit of the piece.
  [[nodiscard]] Matrix sums(const Piece& piece, Matrix of_rows) const {
    if (of_row_.empty()) return of_rows;
    Matrix sum = Matrix::Zero(piece.count, of_rows.cols());
    for (Index i = 0; i < piece.rows; ++i) {
      const Index unit = of_row_[static_cast<std::size_t>(piece.first_row + i)] - piece.first;
      sum.row(unit) += w_[piece.first_row + i] * of_rows.row(i);
    }
    return sum;
  }

  // Adds up over all pieces; the same bits for any number of threads.
  template <class Body>
  [[nodiscard]] Vector sum(Index size, const Body& body) const {
    const auto count = static_cast<Index>(pieces_.size());
    return sum_over_blocks(count * block_rows, size, [&](Index first, Index rows, VectorRef total) {
      for (Index i = first / block_rows; i < (first + rows) / block_rows; ++i) {
        body(pieces_[static_cast<std::size_t>(i)], total);
      }
    });
  }

 private:
  static std::vector<Index> order_of(const Groups& groups) {
    std::vector<Index> order(static_cast<std::size_t>(groups.rows()));
    std::iota(order.begin(), order.end(), Index{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](Index a, Index b) { return groups[a] < groups[b]; });
    return order;
  }

  std::vector<Index> order_;  // of the rows in groups
  std::optional<ChosenCells> ordered_;
  AnyRows x_;
  Vector w_;
  Vector weight_;
  std::vector<Piece> pieces_;
  std::vector<Index> of_row_;  // empty where every row is a unit
};

}  // namespace mix
