#include "chosen_cells.h"

#include <algorithm>

namespace mix {
namespace {

// Of each column whether its cells in the given rows differ.
std::vector<char> varying_columns(const SparseRows& x, const std::vector<Index>& rows) {
  const auto columns = static_cast<std::size_t>(x.cols());
  std::vector<char> varies(columns, 0);
  std::vector<double> value(columns, 0);
  std::vector<Index> cells(columns, 0);  // that are not 0
  for (const Index i : rows) {
    for (Index c = x.begin(i); c < x.begin(i + 1); ++c) {
      if (x.value()[c] == 0) continue;
      const auto j = static_cast<std::size_t>(x.column()[c]);
      if (cells[j]++ > 0 && x.value()[c] != value[j]) varies[j] = 1;
      value[j] = x.value()[c];
    }
  }
  for (std::size_t j = 0; j < columns; ++j) {
    if (cells[j] > 0 && cells[j] < std::ssize(rows)) varies[j] = 1;
  }
  return varies;
}

bool misses_columns(const SparseRows& x, const std::vector<Index>& some,
                    const std::vector<Index>& more) {
  const std::vector<char> seen = varying_columns(x, some);
  const std::vector<char> all = varying_columns(x, more);
  return seen != all;  // what varies in some varies in more
}
template <class X>
bool misses_columns(const X& x, const std::vector<Index>& some, const std::vector<Index>& more) {
  for (Index d = 0; d < x.cols(); ++d) {
    const auto column = x.col(d);
    const auto same = [&](Index i) { return column[i] == column[some.front()]; };
    if (std::all_of(some.begin(), some.end(), same) &&
        !std::all_of(more.begin(), more.end(), same)) {
      return true;
    }
  }
  return false;
}

}  // namespace

ChosenCells ChosenCells::of_rows(const AnyRows& x, const std::vector<Index>& rows) {
  if (const SparseRows* sparse = x.sparse()) return ChosenCells(select_rows(*sparse, rows));
  if (const FloatRows* floats = x.floats()) {
    return ChosenCells(Eigen::MatrixXf((*floats)(rows, Eigen::all)));
  }
  return ChosenCells(Matrix((*x.dense())(rows, Eigen::all)));
}

ChosenCells ChosenCells::of_columns(const AnyRows& x, const std::vector<Index>& columns) {
  if (const FloatRows* floats = x.floats()) {
    return ChosenCells(Eigen::MatrixXf((*floats)(Eigen::all, columns)));
  }
  return ChosenCells(Matrix((*DenseRows(x))(Eigen::all, columns)));
}

bool misses_what_varies(const AnyRows& x, const std::vector<Index>& some,
                        const std::vector<Index>& more) {
  return x.visit([&](const auto& rows) { return misses_columns(rows, some, more); });
}

}  // namespace mix
