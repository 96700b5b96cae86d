// Products with rows of which most cells are 0. Lanes are components: of each stored cell all
// components are served at once, from a matrix that holds them side by side.
#include <algorithm>
#include <vector>

#include "mix/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sparse.cpp"
#include <hwy/foreach_target.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// Components that are served together: as many vectors as registers hold twice.
constexpr Index chunk_vectors = 4;

// out[k] = start + constant[k] + sum over cells of value times slope, for the components of some
// vectors. Two sums take turns, because the next product waits for the one before in its sum.
template <int Vectors>
HWY_INLINE void affine_row(const int* column, const double* value, Index cells, const double* slope,
                           Index stride, const double* constant, double start, double* out) {
  const Lanes d;
  const Index step = lanes();
  V even[Vectors];
  V odd[Vectors];
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    even[v] = hn::Add(hn::Set(d, start), hn::LoadU(d, constant + v * step));
    odd[v] = hn::Zero(d);
  }
  Index c = 0;
  for (; c + 2 <= cells; c += 2) {
    const V first = hn::Set(d, value[c]);
    const V second = hn::Set(d, value[c + 1]);
    const double* first_slope = slope + column[c] * stride;
    const double* second_slope = slope + column[c + 1] * stride;
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      even[v] = hn::MulAdd(first, hn::LoadU(d, first_slope + v * step), even[v]);
      odd[v] = hn::MulAdd(second, hn::LoadU(d, second_slope + v * step), odd[v]);
    }
  }
  if (c < cells) {
    const V last = hn::Set(d, value[c]);
    const double* last_slope = slope + column[c] * stride;
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      even[v] = hn::MulAdd(last, hn::LoadU(d, last_slope + v * step), even[v]);
    }
  }
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) hn::StoreU(hn::Add(even[v], odd[v]), d, out + v * step);
}

template <int Vectors>
HWY_INLINE void affine_rows(const SparseRows& x, const double* slope, Index stride, Index k,
                            const double* constant, const double* base, double* out,
                            Index out_stride) {
  HWY_ALIGN double row[chunk_vectors * 16];
  for (Index i = 0; i < x.rows(); ++i) {
    const Index first = x.begin(i);
    affine_row<Vectors>(x.column() + first, x.value() + first, x.begin(i + 1) - first, slope,
                        stride, constant, base[i], row);
    for (Index c = 0; c < k; ++c) out[c * out_stride + i] = row[c];
  }
}

template <int Vectors>
HWY_INLINE void add_rows(const SparseRows& x, const double* r, Index r_stride, Index k, double* sum,
                         Index stride) {
  const Lanes d;
  const Index step = lanes();
  HWY_ALIGN double row[chunk_vectors * 16] = {};
  for (Index i = 0; i < x.rows(); ++i) {
    double any = 0;
    for (Index c = 0; c < k; ++c) {
      row[c] = r[c * r_stride + i];
      any += row[c];
    }
    if (any == 0) continue;
    V share[Vectors];
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) share[v] = hn::LoadU(d, row + v * step);
    const Index end = x.begin(i + 1);
    for (Index c = x.begin(i); c < end; ++c) {
      const V value = hn::Set(d, x.value()[c]);
      double* to = sum + x.column()[c] * stride;
      MIX_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        hn::StoreU(hn::MulAdd(value, share[v], hn::LoadU(d, to + v * step)), d, to + v * step);
      }
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
    affine_rows<Vectors>(x, slope + first, stride, count, constant + first, base,
                         out + first * out_stride, out_stride);
  });
}

void add_sparse_products(const SparseRows& x, const double* r, Index r_stride, Index k, double* sum,
                         Index stride) {
  for_chunks(k, [&]<int Vectors>(Index first, Index count) {
    add_rows<Vectors>(x, r + first * r_stride, r_stride, count, sum + first, stride);
  });
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(sparse_affine);
HWY_EXPORT(add_sparse_products);

namespace {

// The components of each column side by side, all zero between two calls, and the columns that a
// block has cells in.
struct ColumnSums {
  Vector sum;
  std::vector<char> seen;
  std::vector<int> columns;

  void find_columns(const SparseRows& x) {
    if (std::ssize(seen) < x.cols()) seen.resize(static_cast<std::size_t>(x.cols()), 0);
    columns.clear();
    for (Index c = 0; c < x.cells(); ++c) {
      char& mark = seen[static_cast<std::size_t>(x.column()[c])];
      if (mark != 0) continue;
      mark = 1;
      columns.push_back(x.column()[c]);
    }
    for (const int j : columns) seen[static_cast<std::size_t>(j)] = 0;
  }
};

}  // namespace

Index padded_components(Index k) {
  constexpr Index widest = 8;
  return (k + widest - 1) / widest * widest;
}

void affine(const SparseRows& x, const Matrix& slope, ConstVectorRef constant, ConstVectorRef base,
            MatrixRef out) {
  thread_local Vector padded;
  padded.setZero(slope.rows());
  padded.head(constant.size()) = constant;
  HWY_DYNAMIC_DISPATCH(sparse_affine)
  (x, slope.data(), slope.rows(), out.cols(), padded.data(), base.data(), out.data(),
   out.outerStride());
}

void add_products(const SparseRows& x, ConstMatrixRef r, MatrixRef sum) {
  thread_local ColumnSums sums;
  const Index k = r.cols();
  const Index stride = padded_components(k);
  if (sums.sum.size() < stride * x.cols()) sums.sum.setZero(stride * x.cols());
  sums.find_columns(x);
  HWY_DYNAMIC_DISPATCH(add_sparse_products)
  (x, r.data(), r.outerStride(), k, sums.sum.data(), stride);
  for (const int j : sums.columns) {
    auto of_column = sums.sum.segment(j * stride, stride);
    sum.row(j) += of_column.head(k).transpose();
    of_column.setZero();
  }
}

}  // namespace mix::kernels
#endif
