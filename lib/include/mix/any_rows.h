#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <type_traits>
#include <variant>

#include "mix/block_memory.h"
#include "mix/sparse_rows.h"
#include "mix/types.h"

namespace mix {

/// What a view of dense rows can be made of. Eigen's views claim to convert to those of any scalar.
template <class X, class View>
concept DenseRowsOf = std::convertible_to<const X&, View> && !requires {
  requires !std::same_as<typename X::Scalar, typename View::Scalar>;
};

/// Observations, one per row: dense ones of doubles or of floats, or sparse ones; a view of either.
/// Whatever converts to Rows, to FloatRows or to SparseRows converts to it. Floats mean the doubles
/// that they equal: results have the same bits as with all of them converted, but only one block of
/// rows is converted at a time.
class AnyRows {
 public:
  template <class X>
  requires(!std::same_as<X, AnyRows> && DenseRowsOf<X, Rows>)
      AnyRows(const X& x)  // NOLINT(google-explicit-constructor): conversion is its purpose
      : rows_(std::in_place_type<Rows>, x) {}
  template <class X>
  requires(!std::same_as<X, AnyRows> && DenseRowsOf<X, FloatRows>)
      AnyRows(const X& x)  // NOLINT(google-explicit-constructor): conversion is its purpose
      : rows_(std::in_place_type<FloatRows>, x) {}
  template <class X>
  requires(!std::same_as<X, AnyRows> && std::convertible_to<const X&, SparseRows>)
      AnyRows(const X& x)  // NOLINT(google-explicit-constructor): conversion is its purpose
      : rows_(std::in_place_type<SparseRows>, x) {}

  [[nodiscard]] Index rows() const {
    return std::visit([](const auto& x) { return x.rows(); }, rows_);
  }
  [[nodiscard]] Index cols() const {
    return std::visit([](const auto& x) { return x.cols(); }, rows_);
  }
  /// `count` rows from `first` on.
  [[nodiscard]] AnyRows middleRows(Index first, Index count) const {
    return std::visit([&](const auto& x) { return AnyRows(x.middleRows(first, count)); }, rows_);
  }

  /// The rows when they are dense ones of doubles, otherwise null.
  [[nodiscard]] const Rows* dense() const { return std::get_if<Rows>(&rows_); }
  /// The rows when they are dense ones of floats, otherwise null.
  [[nodiscard]] const FloatRows* floats() const { return std::get_if<FloatRows>(&rows_); }
  /// The rows when they are sparse, otherwise null.
  [[nodiscard]] const SparseRows* sparse() const { return std::get_if<SparseRows>(&rows_); }
  /// Returns body(rows) of the view inside: Rows, FloatRows or SparseRows.
  template <class Body>
  decltype(auto) visit(Body&& body) const {
    return std::visit(std::forward<Body>(body), rows_);
  }

  /// Writes all cells to `out`, rows x columns.
  void write_to(MatrixRef out) const;
  /// The cells of a column.
  [[nodiscard]] Vector column(Index j) const;
  /// Whether no cell is infinite or NaN.
  [[nodiscard]] bool all_finite() const;

 private:
  std::variant<Rows, FloatRows, SparseRows> rows_;
};

/// Rows as a dense matrix of doubles: those given, or a copy, which of sparse rows is refused as
/// SparseRows::dense says.
class DenseRows {
 public:
  explicit DenseRows(const AnyRows& x);
  DenseRows(const DenseRows&) = delete;
  DenseRows& operator=(const DenseRows&) = delete;
  ~DenseRows() = default;
  const Rows& operator*() const { return rows_; }

 private:
  Matrix copy_;
  Rows rows_;
};

/// The `count` rows of `x` from `first` on, at most kernels::packed_rows, as a dense matrix of
/// doubles: those given, or a copy in memory that this thread lends until the end of the scope. How
/// a family reads all rows without a copy of all.
class DenseBlock {
 public:
  DenseBlock(const AnyRows& x, Index first, Index count);
  DenseBlock(const DenseBlock&) = delete;
  DenseBlock& operator=(const DenseBlock&) = delete;
  ~DenseBlock() = default;
  const Rows& operator*() const { return rows_; }
  const Rows* operator->() const { return &rows_; }

  /// The rows of `x` as a dense matrix of doubles in `memory`, which no one else may use meanwhile.
  static Rows in(Matrix& memory, const AnyRows& x);

 private:
  std::optional<BorrowedMemory> memory_;
  Rows rows_;
};

/// Calls body(first, block) for all blocks of block_rows rows, one after the other, each as a dense
/// matrix of doubles.
void for_each_dense_block(const AnyRows& x,
                          const std::function<void(Index first, Rows block)>& body);

}  // namespace mix
