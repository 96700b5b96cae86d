#pragma once

#include <concepts>
#include <span>

#include "mix/types.h"

namespace mix {

/// An Eigen::SparseMatrix<double, Eigen::RowMajor>, a map of one, or what has the same members.
template <class M>
concept SparseMatrixByRows = requires(const M& m) {
  { m.outerIndexPtr() } -> std::convertible_to<const int*>;
  { m.innerIndexPtr() } -> std::convertible_to<const int*>;
  { m.valuePtr() } -> std::convertible_to<const double*>;
  { m.isCompressed() } -> std::convertible_to<bool>;
  requires static_cast<bool>(M::IsRowMajor);
};

/// Observations of which most cells are 0, one per row: a view of compressed sparse rows (CSR).
///
/// The stored cells of row i are those from offsets[i] up to offsets[i + 1], each with its column
/// (from 0, ascending within a row) and its value, which may be 0. All other cells are 0. What it
/// looks at must outlive it.
class SparseRows {
 public:
  /// The rows of a compressed matrix. Throws std::invalid_argument for one that is not compressed,
  /// and as the other constructor.
  template <SparseMatrixByRows M>
  SparseRows(const M& m)  // NOLINT(google-explicit-constructor): conversion is its purpose
      : SparseRows(m.cols(),
                   {m.isCompressed() ? m.outerIndexPtr() : nullptr,
                    m.isCompressed() ? static_cast<std::size_t>(m.rows()) + 1 : 0},
                   {m.innerIndexPtr(), static_cast<std::size_t>(m.nonZeros())},
                   {m.valuePtr(), static_cast<std::size_t>(m.nonZeros())}) {}
  /// `offsets` holds one number more than there are rows, `column` and `value` one per stored cell.
  /// Throws std::invalid_argument, with the row, for offsets that fall or lie outside, and for
  /// columns that are outside 0 to `columns` - 1, repeated or not ascending.
  SparseRows(Index columns, std::span<const int> offsets, std::span<const int> column,
             std::span<const double> value);

  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index cols() const { return columns_; }
  /// The number of stored cells.
  [[nodiscard]] Index cells() const { return offsets_[rows_] - offsets_[0]; }

  /// The position of row i's first cell among those of this view; for i = rows() that of the end.
  [[nodiscard]] Index begin(Index i) const { return offsets_[i] - offsets_[0]; }
  /// Of each cell of this view, row by row.
  [[nodiscard]] const int* column() const { return column_; }
  [[nodiscard]] const double* value() const { return value_; }

  /// `count` rows from `first` on.
  [[nodiscard]] SparseRows middleRows(Index first, Index count) const;
  /// The same cells with other values, one per stored cell, which must outlive the result.
  [[nodiscard]] SparseRows with_values(const Vector& value) const;

  /// Writes all cells to `out`, rows x columns.
  void write_to(MatrixRef out) const;
  /// A copy as a dense matrix. Throws std::invalid_argument when it would have more than
  /// most_dense_cells cells.
  [[nodiscard]] Matrix dense() const;
  /// 1 GiB.
  static constexpr Index most_dense_cells = Index{1} << 27;

 private:
  SparseRows() = default;

  Index rows_ = 0;
  Index columns_ = 0;
  const int* offsets_ = nullptr;
  const int* column_ = nullptr;
  const double* value_ = nullptr;
};

/// Rows as points of at most `projected_columns` columns whose Euclidean distances are, up to
/// chance errors, those of the rows: as they are where they have no more columns, else projected
/// onto random signs (Achlioptas 2003), which estimate a squared distance with a relative standard
/// error of sqrt(2 / projected_columns) = 18 % at most. The signs depend on the column alone.
Matrix projected(const SparseRows& x);
inline constexpr Index projected_columns = 64;

/// Of each stored cell the value over the standard deviation of its column, 0 where that is 0.
Vector scaled_cells(const SparseRows& x);

}  // namespace mix
