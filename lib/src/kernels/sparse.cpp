// Products with rows of which most cells are 0. Lanes are components: of each stored cell all
// components are served at once, from a matrix that holds them side by side.
//
// Sums stay in registers, row by row for densities and column by column for statistics. To add to
// sums in memory would cost several times more: every load would wait for the stores before it.
#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "mix/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sparse.cpp"
#include <hwy/foreach_target.h>

#include "kernels/math-inl.h"

#ifndef MIX_KERNELS_SPARSE_ONCE
#define MIX_KERNELS_SPARSE_ONCE
namespace mix::kernels {
namespace {

// A stored cell without its column.
struct CellOfRow {
  double value;
  Index row;
};

// The cells of a block column by column, of those columns that have any.
class CellsByColumn {
 public:
  void sort(const SparseRows& x) {
    if (std::ssize(next_) < x.cols()) next_.resize(static_cast<std::size_t>(x.cols()), 0);
    // Columns that few blocks have cells in are not looked at one by one.
    column_.clear();
    int* next = next_.data();
    const int* column = x.column();
    const Index count = x.cells();
    if (x.cols() < 4 * count) {
      for (Index c = 0; c < count; ++c) ++next[column[c]];
      for (Index j = 0; j < x.cols(); ++j) {
        if (next[j] > 0) column_.push_back(static_cast<int>(j));
      }
    } else {
      for (Index c = 0; c < count; ++c) {
        if (next[column[c]]++ == 0) column_.push_back(column[c]);
      }
    }
    begin_.resize(column_.size() + 1);
    int begin = 0;
    for (std::size_t i = 0; i < column_.size(); ++i) {
      begin_[i] = begin;
      begin += std::exchange(next[column_[i]], begin);
    }
    begin_.back() = begin;
    cells_.resize(static_cast<std::size_t>(count));
    CellOfRow* cells = cells_.data();
    for (Index i = 0; i < x.rows(); ++i) {
      const Index end = x.begin(i + 1);
      for (Index c = x.begin(i); c < end; ++c) cells[next[column[c]]++] = {x.value()[c], i};
    }
    for (const int j : column_) next[j] = 0;
  }

  [[nodiscard]] Index size() const { return std::ssize(column_); }
  [[nodiscard]] Index column(Index i) const { return column_[static_cast<std::size_t>(i)]; }
  // The cells of the column at place i.
  [[nodiscard]] std::span<const CellOfRow> cells(Index i) const {
    const auto at = static_cast<std::size_t>(i);
    return {cells_.data() + begin_[at], static_cast<std::size_t>(begin_[at + 1] - begin_[at])};
  }

 private:
  std::vector<int> column_;
  std::vector<int> begin_;
  std::vector<int> next_;  // of each column of x; zeros between two calls
  std::vector<CellOfRow> cells_;
};

// How a row, or a column, hands out its cells: value and the index of the other.
struct RowCells {
  const int* column;
  const double* value_of;
  Index count;
  [[nodiscard]] double value(Index c) const { return value_of[c]; }
  [[nodiscard]] Index index(Index c) const { return column[c]; }
};
struct ColumnCells {
  const CellOfRow* cells;
  Index count;
  [[nodiscard]] double value(Index c) const { return cells[c].value; }
  [[nodiscard]] Index index(Index c) const { return cells[c].row; }
};

}  // namespace
}  // namespace mix::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// Components that are served together: their sums stay in registers, twice, because the next
// product would wait for the one before in the same sum.
constexpr Index chunk_vectors = 4;

// out = start + sum over cells of value times what `from` holds for their index, for some vectors.
template <int Vectors, class Cells>
HWY_INLINE void add_up(const Cells& cells, const double* from, Index stride, const V* start,
                       double* out) {
  const Lanes d;
  const Index step = lanes();
  V even[Vectors];
  V odd[Vectors];
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    even[v] = start[v];
    odd[v] = hn::Zero(d);
  }
  Index c = 0;
  for (; c + 2 <= cells.count; c += 2) {
    const V first = hn::Set(d, cells.value(c));
    const V second = hn::Set(d, cells.value(c + 1));
    const double* first_from = from + cells.index(c) * stride;
    const double* second_from = from + cells.index(c + 1) * stride;
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      even[v] = hn::MulAdd(first, hn::LoadU(d, first_from + v * step), even[v]);
      odd[v] = hn::MulAdd(second, hn::LoadU(d, second_from + v * step), odd[v]);
    }
  }
  if (c < cells.count) {
    const V last = hn::Set(d, cells.value(c));
    const double* last_from = from + cells.index(c) * stride;
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      even[v] = hn::MulAdd(last, hn::LoadU(d, last_from + v * step), even[v]);
    }
  }
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) hn::StoreU(hn::Add(even[v], odd[v]), d, out + v * step);
}

template <int Vectors>
HWY_INLINE void affine_chunk(const SparseRows& x, const double* slope, Index stride, Index k,
                             const double* constant, const double* base, double* out,
                             Index out_stride) {
  const Lanes d;
  const Index step = lanes();
  HWY_ALIGN double row[chunk_vectors * 16] = {};
  std::copy_n(constant, k, row);
  V constants[Vectors];
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) constants[v] = hn::LoadU(d, row + v * step);
  for (Index i = 0; i < x.rows(); ++i) {
    V start[Vectors];
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) start[v] = hn::Add(constants[v], hn::Set(d, base[i]));
    const Index first = x.begin(i);
    const RowCells cells{x.column() + first, x.value() + first, x.begin(i + 1) - first};
    add_up<Vectors>(cells, slope, stride, start, row);
    for (Index c = 0; c < k; ++c) out[c * out_stride + i] = row[c];
  }
}

template <int Vectors>
HWY_INLINE void products_chunk(const CellsByColumn& cells, const double* r, Index r_stride,
                               Index rows, Index k, double* sum, Index sum_stride) {
  // Sums of so many columns go together to where columns lie side by side.
  constexpr Index group = 64;
  const Index padded = Vectors * lanes();
  thread_local Matrix memory;
  if (memory.rows() != padded || memory.cols() < rows + group) {
    memory.setZero(padded, rows + group);
  }
  double* shares = memory.data();
  double* sums = memory.data() + rows * padded;
  for (Index c = 0; c < k; ++c) {
    for (Index i = 0; i < rows; ++i) shares[i * padded + c] = r[c * r_stride + i];
  }
  V zero[Vectors];
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) zero[v] = hn::Zero(Lanes());
  for (Index begin = 0; begin < cells.size(); begin += group) {
    const Index end = std::min(begin + group, cells.size());
    for (Index j = begin; j < end; ++j) {
      const std::span<const CellOfRow> own = cells.cells(j);
      add_up<Vectors>(ColumnCells{own.data(), std::ssize(own)}, shares, padded, zero,
                      sums + (j - begin) * padded);
    }
    for (Index c = 0; c < k; ++c) {
      double* to = sum + c * sum_stride;
      for (Index j = begin; j < end; ++j) to[cells.column(j)] += sums[(j - begin) * padded + c];
    }
  }
}

// Calls body<Vectors>(first component, number of components) for all components.
template <class Body>
HWY_INLINE void for_chunks(Index k, const Body& body) {
  const Index step = lanes();
  Index first = 0;
  while (first < k) {
    const Index vectors = std::min((k - first + step - 1) / step, chunk_vectors);
    const Index count = std::min(k - first, vectors * step);
    switch (vectors) {
      case 1:
        body.template operator()<1>(first, count);
        break;
      case 2:
        body.template operator()<2>(first, count);
        break;
      case 3:
        body.template operator()<3>(first, count);
        break;
      default:
        body.template operator()<4>(first, count);
        break;
    }
    first += count;
  }
}

void sparse_affine(const SparseRows& x, const double* slope, Index stride, Index k,
                   const double* constant, const double* base, double* out, Index out_stride) {
  for_chunks(k, [&]<int Vectors>(Index first, Index count) {
    affine_chunk<Vectors>(x, slope + first, stride, count, constant + first, base,
                          out + first * out_stride, out_stride);
  });
}

void add_sparse_products(const CellsByColumn& cells, const double* r, Index r_stride, Index rows,
                         Index k, double* sum, Index sum_stride) {
  for_chunks(k, [&]<int Vectors>(Index first, Index count) {
    products_chunk<Vectors>(cells, r + first * r_stride, r_stride, rows, count,
                            sum + first * sum_stride, sum_stride);
  });
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(sparse_affine);
HWY_EXPORT(add_sparse_products);

Index padded_components(Index k) {
  constexpr Index widest = 8;
  return (k + widest - 1) / widest * widest;
}

void affine(const SparseRows& x, const Matrix& slope, ConstVectorRef constant, ConstVectorRef base,
            MatrixRef out) {
  HWY_DYNAMIC_DISPATCH(sparse_affine)
  (x, slope.data(), slope.rows(), out.cols(), constant.data(), base.data(), out.data(),
   out.outerStride());
}

void add_products(const SparseRows& x, ConstMatrixRef r, MatrixRef sum) {
  thread_local CellsByColumn cells;
  cells.sort(x);
  HWY_DYNAMIC_DISPATCH(add_sparse_products)
  (cells, r.data(), r.outerStride(), r.rows(), r.cols(), sum.data(), sum.outerStride());
}

}  // namespace mix::kernels
#endif
