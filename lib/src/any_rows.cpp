#include "mix/any_rows.h"

#include <algorithm>

#include "mix/kernels.h"
#include "mix/parallel.h"

namespace mix {
namespace {

void copy_cells(const Rows& x, MatrixRef out) { out = x; }
void copy_cells(const FloatRows& x, MatrixRef out) { kernels::widen(x, out); }
void copy_cells(const SparseRows& x, MatrixRef out) { x.write_to(out); }

Vector column_of(const SparseRows& x, Index j) {
  Vector out = Vector::Zero(x.rows());
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index c = x.begin(i); c < x.begin(i + 1); ++c) {
      if (x.column()[c] == j) out[i] = x.value()[c];
    }
  }
  return out;
}
template <class X>
Vector column_of(const X& x, Index j) {
  return x.col(j).template cast<double>();
}

bool is_finite(const SparseRows& x) {
  return Eigen::Map<const Vector>(x.value(), x.cells()).allFinite();
}
template <class X>
bool is_finite(const X& x) {
  return x.allFinite();
}

Matrix copy_unless_dense(const AnyRows& x) {
  if (x.dense() != nullptr) return {};
  if (const SparseRows* sparse = x.sparse()) return sparse->dense();
  return x.floats()->cast<double>();
}

}  // namespace

void AnyRows::write_to(MatrixRef out) const {
  visit([&](const auto& x) { copy_cells(x, out); });
}

Vector AnyRows::column(Index j) const {
  return visit([j](const auto& x) { return column_of(x, j); });
}

bool AnyRows::all_finite() const {
  return visit([](const auto& x) { return is_finite(x); });
}

DenseRows::DenseRows(const AnyRows& x)
    : copy_(copy_unless_dense(x)), rows_(x.dense() != nullptr ? *x.dense() : Rows(copy_)) {}

DenseBlock::DenseBlock(const AnyRows& x, Index first, Index count)
    : rows_(x.dense() != nullptr ? Rows(x.dense()->middleRows(first, count))
                                 : in(memory_.emplace()->matrix(0), x.middleRows(first, count))) {}

Rows DenseBlock::in(Matrix& memory, const AnyRows& x) {
  if (memory.rows() != kernels::packed_stride || memory.cols() < x.cols()) {
    memory.resize(kernels::packed_stride, x.cols());
  }
  MatrixRef block = memory.topLeftCorner(x.rows(), x.cols());
  x.write_to(block);
  return block;
}

void for_each_dense_block(const AnyRows& x,
                          const std::function<void(Index first, Rows block)>& body) {
  for (Index first = 0; first < x.rows(); first += block_rows) {
    body(first, *DenseBlock(x, first, std::min(block_rows, x.rows() - first)));
  }
}

}  // namespace mix
