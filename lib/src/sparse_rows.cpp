#include "mix/sparse_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>

#include "mix/kernels.h"
#include "mix/parallel.h"
#include "mix/random.h"
#include "mix/sparse_matrix.h"

namespace mix {
namespace {

template <class... Args>
[[noreturn]] void refuse_sparse(fmt::format_string<Args...> text, Args&&... args) {
  throw std::invalid_argument("SparseRows: " + fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace

SparseRows::SparseRows(Index columns, std::span<const int> offsets, std::span<const int> column,
                       std::span<const double> value)
    : rows_(std::ssize(offsets) - 1),
      columns_(columns),
      offsets_(offsets.data()),
      column_(column.data()),
      value_(value.data()) {
  if (offsets.empty()) {
    refuse_sparse("there are no offsets; a matrix of Eigen needs makeCompressed() first");
  }
  if (column.size() != value.size()) {
    refuse_sparse("there are {} columns for {} values; each cell has one of both", column.size(),
                  value.size());
  }
  if (offsets.front() != 0 || static_cast<std::size_t>(offsets.back()) != value.size()) {
    refuse_sparse("the offsets go from {} to {}; with {} stored cells they go from 0 to {}",
                  offsets.front(), offsets.back(), value.size(), value.size());
  }
  for (Index i = 0; i < rows_; ++i) {
    if (offsets_[i + 1] < offsets_[i] || offsets_[i + 1] > offsets_[rows_]) {
      refuse_sparse("the cells of row {} go from {} to {}; offsets never fall", i + 1, offsets_[i],
                    offsets_[i + 1]);
    }
    for (Index c = offsets_[i]; c < offsets_[i + 1]; ++c) {
      if (column_[c] < 0 || column_[c] >= columns_) {
        refuse_sparse("row {} has a cell in column {}; there are {} columns, counted from 1", i + 1,
                      Index{column_[c]} + 1, columns_);
      }
      if (c > offsets_[i] && column_[c] <= column_[c - 1]) {
        refuse_sparse(
            "in row {} column {} comes after column {}; sort the cells of a row by "
            "column, and add up those of one column",
            i + 1, column_[c] + 1, column_[c - 1] + 1);
      }
    }
  }
}

SparseRows SparseRows::middleRows(Index first, Index count) const {
  SparseRows part;
  part.rows_ = count;
  part.columns_ = columns_;
  part.offsets_ = offsets_ + first;
  part.column_ = column_ + begin(first);
  part.value_ = value_ + begin(first);
  return part;
}

SparseRows SparseRows::with_values(const Vector& value) const {
  SparseRows other = *this;
  other.value_ = value.data();
  return other;
}

void SparseRows::write_to(MatrixRef out) const {
  out.setZero();
  for (Index i = 0; i < rows_; ++i) {
    for (Index c = begin(i); c < begin(i + 1); ++c) out(i, column_[c]) = value_[c];
  }
}

Matrix SparseRows::dense() const {
  // A product of two numbers below 2^63 might not fit.
  if (columns_ > 0 && rows_ > most_dense_cells / columns_) {
    refuse_sparse(
        "a dense copy of {} rows x {} columns is needed here, but it would have more than {} "
        "cells; take a family that reads sparse rows (multinomial, poisson, exponential, "
        "bernoulli), or fewer columns",
        rows_, columns_, most_dense_cells);
  }
  Matrix copy(rows_, columns_);
  write_to(copy);
  return copy;
}

Matrix projected(const SparseRows& x) {
  if (x.cols() <= projected_columns) return x.dense();
  // One random word per column holds its signs.
  Matrix signs(projected_columns, x.cols());
  const double unit = 1 / std::sqrt(static_cast<double>(projected_columns));
  for (Index j = 0; j < x.cols(); ++j) {
    Rng rng(0, Purpose::projection, 0, static_cast<std::uint64_t>(j));
    std::uint64_t word = rng();
    for (Index q = 0; q < projected_columns; ++q, word >>= 1U) {
      signs(q, j) = (word & 1U) != 0 ? unit : -unit;
    }
  }
  const Vector none = Vector::Zero(std::max(projected_columns, block_rows));
  Matrix out(x.rows(), projected_columns);
  for_each_block(x.rows(), [&](Index first, Index count) {
    kernels::affine(x.middleRows(first, count), signs, none.head(projected_columns),
                    none.head(count), out.middleRows(first, count));
  });
  return out;
}

Vector scaled_cells(const SparseRows& x) {
  const auto n = static_cast<double>(std::max<Index>(x.rows(), 1));
  Vector mean = Vector::Zero(x.cols());
  Vector stored = Vector::Zero(x.cols());
  for (Index c = 0; c < x.cells(); ++c) {
    mean[x.column()[c]] += x.value()[c];
    ++stored[x.column()[c]];
  }
  mean /= n;
  // About the mean, that of the cells that are not stored included.
  Vector variance = (n - stored.array()) / n * mean.array().square();
  for (Index c = 0; c < x.cells(); ++c) {
    const double off = x.value()[c] - mean[x.column()[c]];
    variance[x.column()[c]] += off * off / n;
  }
  Vector scaled(x.cells());
  for (Index c = 0; c < x.cells(); ++c) {
    const double deviation = std::sqrt(variance[x.column()[c]]);
    scaled[c] = deviation > 0 ? x.value()[c] / deviation : 0;
  }
  return scaled;
}

SparseMatrix select_rows(const SparseRows& x, const std::vector<Index>& rows) {
  Index cells = 0;
  for (const Index i : rows) cells += x.begin(i + 1) - x.begin(i);
  if (cells > std::numeric_limits<int>::max()) {
    refuse_sparse("the chosen rows have {} cells; at most {} fit in one matrix", cells,
                  std::numeric_limits<int>::max());
  }
  SparseMatrix out(std::ssize(rows), x.cols());
  out.resizeNonZeros(cells);
  int* offset = out.outerIndexPtr();
  *offset = 0;
  for (const Index i : rows) {
    const auto count = static_cast<int>(x.begin(i + 1) - x.begin(i));
    std::copy_n(x.column() + x.begin(i), count, out.innerIndexPtr() + *offset);
    std::copy_n(x.value() + x.begin(i), count, out.valuePtr() + *offset);
    offset[1] = *offset + count;
    ++offset;
  }
  return out;
}

}  // namespace mix
