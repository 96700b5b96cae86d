#pragma once

#include <concepts>
#include <type_traits>
#include <variant>

#include "mix/sparse_rows.h"
#include "mix/types.h"

namespace mix {

/// Observations, one per row, dense or sparse: a view of either. Whatever converts to Rows or to
/// SparseRows converts to it.
class AnyRows {
 public:
  template <class X>
  requires(!std::same_as<X, AnyRows> && std::convertible_to<const X&, Rows>)
      AnyRows(const X& x)  // NOLINT(google-explicit-constructor): conversion is its purpose
      : rows_(std::in_place_type<Rows>, x) {}
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

  /// The rows when they are sparse, otherwise null.
  [[nodiscard]] const SparseRows* sparse() const { return std::get_if<SparseRows>(&rows_); }
  /// The rows when they are dense, otherwise null.
  [[nodiscard]] const Rows* dense() const { return std::get_if<Rows>(&rows_); }

 private:
  std::variant<Rows, SparseRows> rows_;
};

/// Rows as a dense matrix: those given, or a copy of sparse ones, which is refused as
/// SparseRows::dense says.
class DenseRows {
 public:
  explicit DenseRows(const AnyRows& x)
      : copy_(x.sparse() != nullptr ? x.sparse()->dense() : Matrix()),
        rows_(x.sparse() != nullptr ? Rows(copy_) : *x.dense()) {}
  DenseRows(const DenseRows&) = delete;
  DenseRows& operator=(const DenseRows&) = delete;
  ~DenseRows() = default;
  const Rows& operator*() const { return rows_; }

 private:
  Matrix copy_;
  Rows rows_;
};

}  // namespace mix
