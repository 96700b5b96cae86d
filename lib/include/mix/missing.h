#pragma once

#include <span>
#include <string>
#include <vector>

#include "mix/any_rows.h"
#include "mix/function_view.h"
#include "mix/types.h"

/// Cells that are missing: NaN. Which families take them, and how, is in docs/design/contract.md.
namespace mix {

/// The columns of rows that lack the same cells, in ascending order.
struct MissingColumns {
  std::span<const Index> observed;
  std::span<const Index> missing;
};

/// Whether a cell is NaN.
bool has_missing(Rows x);
/// The same; sparse rows have no missing cells.
bool has_missing(const AnyRows& x);

using EvaluateRows = FunctionView<void(Rows, MatrixRef)>;
using EvaluateObserved = FunctionView<void(Rows, const MissingColumns&, MatrixRef)>;
using AccumulateRows = FunctionView<void(Rows, Shares)>;
using AccumulateObserved = FunctionView<void(Rows, const MissingColumns&, Shares)>;

/// Log densities of rows some of which lack cells: those without missing cells by `complete`, those
/// without any cell are 0, and the others, all of one pattern at a time, are what `observed`
/// writes, or minus infinity where it is null.
void evaluate_incomplete(Rows x, MatrixRef out, EvaluateRows complete,
                         const EvaluateObserved* observed);
/// Gives the same groups of rows to `complete` and to `observed`; rows without any cell, and those
/// for which there is no function, to none.
void accumulate_incomplete(Rows x, Shares shares, AccumulateRows complete,
                           const AccumulateObserved* observed);
/// Adds the statistics of rows that may lack cells to those of a Marginalizing family.
template <class F>
void accumulate_any(const F& family, Rows x, Shares shares, VectorRef statistics) {
  if (!has_missing(x)) return family.accumulate(x, shares, statistics);
  const auto expected = [&](Rows rows, const MissingColumns& columns, Shares p) {
    family.accumulate_expected(rows, columns, p, statistics);
  };
  const AccumulateObserved view(expected);
  accumulate_incomplete(
      x, shares, [&](Rows rows, Shares p) { family.accumulate(rows, p, statistics); }, &view);
}
/// Calls body(rows, columns) for each group of rows that lack the same cells, some at least; `rows`
/// are copies with NaN in the missing cells, whose new values are written back to `x`.
void replace_missing(MatrixRef x, FunctionView<void(MatrixRef, const MissingColumns&)> body);

/// The rows without missing cells, as a copy, for families that read whole rows only.
class WholeRows {
 public:
  explicit WholeRows(const AnyRows& x);
  [[nodiscard]] const Matrix& x() const { return x_; }
  /// The same rows of a matrix or vector.
  [[nodiscard]] Matrix of(ConstMatrixRef m) const { return m(rows_, Eigen::all); }
  [[nodiscard]] Vector of(ConstVectorRef v) const { return v(rows_); }
  /// As many rows as there were, the others replaced by the first of these: each in its place.
  [[nodiscard]] Matrix in_all_places(Index rows) const;
  /// Points of all rows: those of the complete rows, the others at their mean.
  [[nodiscard]] Matrix spread_out(const Matrix& points, Index rows) const;

 private:
  std::vector<Index> rows_;
  Matrix x_;
};

/// Replaces NaN by the mean of the other entries of the column; 0 where there are none.
void fill_with_means(Matrix& points);
/// Empty, or which row lacks some cells and not all, for a family of whole rows.
std::string partly_missing_complaint(const AnyRows& x, const std::string& family);
/// Throws std::invalid_argument in the name of `family` when a column that is `needed` has no
/// observed cell in a row with weight.
void check_observed(const std::string& family, const AnyRows& x, ConstVectorRef w,
                    FunctionView<bool(Index)> needed);

}  // namespace mix
