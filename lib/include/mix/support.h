#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <string_view>

#include "mix/sparse_rows.h"
#include "mix/types.h"

/// What the `check_support` of distributions have in common.
namespace mix {

/// Whether `value` is a count: 0, 1, 2, ... up to 2^53, the last before doubles skip integers.
inline bool is_count(double value) {
  return value >= 0 && value <= 0x1p53 && value == std::floor(value);
}

/// Empty when `complaint(row, column)` is empty for every cell of `x`. Otherwise the first
/// complaint with its place, counted from 1, and the number of rows that have one: "row 7, column
/// 2: -1 is not a count (0, 1, 2, ...); 3 rows in all".
/// Missing cells (NaN) are complaints, except where `missing` says that the distribution reads
/// them.
enum class MissingCells { refused, read };
std::string check_cells(Rows x,
                        const std::function<std::string(Index row, Index column)>& complaint,
                        MissingCells missing = MissingCells::refused);

/// `check_cells` for a support that is the same in all cells; `expected` completes the sentence "-1
/// is not ...".
std::string check_cells(Rows x, const std::function<bool(double)>& valid, std::string_view expected,
                        MissingCells missing = MissingCells::refused);
/// The same of sparse rows, for a support that holds 0.
std::string check_cells(const SparseRows& x, const std::function<bool(double)>& valid,
                        std::string_view expected);

/// Empty, or that squares of differences between the values of a column, counted from 1, from `low`
/// to `high`, or their floor, leave the range of doubles, and what to do about it.
std::string check_range(Index column, double low, double high);

}  // namespace mix
