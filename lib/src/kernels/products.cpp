// Matrix products over the rows of a block, and sums of squares: 4 x 4 tiles of vectors.
#include <algorithm>
#include <array>
#include <cstdint>

#include "mix/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/products.cpp"
#include <hwy/foreach_target.h>

#include "kernels/tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// x(n, j) slope(j, k) for some rows n and components k. `base` may be null.
template <int Components, int Vectors, class Access>
HWY_INLINE void affine_tile(const Access& access, const double* x, Index x_stride, Index d,
                            const double* slope, Index slope_stride, const double* constant,
                            const double* base, double* out, Index out_stride) {
  const Lanes tag;
  const Index step = lanes();
  V sum[Components][Vectors];
  MIX_UNROLL
  for (int k = 0; k < Components; ++k) {
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) sum[k][v] = hn::Set(tag, constant[k]);
  }
  if (base != nullptr) {
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const V own = access.load(base + v * step);
      MIX_UNROLL
      for (int k = 0; k < Components; ++k) sum[k][v] = hn::Add(sum[k][v], own);
    }
  }
  for (Index j = 0; j < d; ++j) {
    V row[Vectors];
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) row[v] = access.load(x + j * x_stride + v * step);
    MIX_UNROLL
    for (int k = 0; k < Components; ++k) {
      const V factor = hn::Set(tag, slope[k * slope_stride + j]);
      MIX_UNROLL
      for (int v = 0; v < Vectors; ++v) sum[k][v] = hn::MulAdd(row[v], factor, sum[k][v]);
    }
  }
  MIX_UNROLL
  for (int k = 0; k < Components; ++k) {
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) access.store(sum[k][v], out + k * out_stride + v * step);
  }
}

// All components, so that the rows stay in the nearest memory.
template <int Vectors, class Access>
HWY_INLINE void affine_rows(const Access& access, const double* x, Index x_stride, Index d,
                            const double* slope, Index slope_stride, Index k,
                            const double* constant, const double* base, double* out,
                            Index out_stride) {
  Index c = 0;
  for (; c + 4 <= k; c += 4) {
    affine_tile<4, Vectors>(access, x, x_stride, d, slope + c * slope_stride, slope_stride,
                            constant + c, base, out + c * out_stride, out_stride);
  }
  for (; c < k; ++c) {
    affine_tile<1, Vectors>(access, x, x_stride, d, slope + c * slope_stride, slope_stride,
                            constant + c, base, out + c * out_stride, out_stride);
  }
}

void affine(const double* x, Index x_stride, Index rows, Index d, const double* slope,
            Index slope_stride, Index k, const double* constant, const double* base, double* out,
            Index out_stride) {
  const Index step = lanes();
  const auto from = [base](Index i) { return base != nullptr ? base + i : nullptr; };
  Index i = 0;
  for (; i + tile_vectors * step <= rows; i += tile_vectors * step) {
    affine_rows<tile_vectors>(Full(), x + i, x_stride, d, slope, slope_stride, k, constant, from(i),
                              out + i, out_stride);
  }
  for (; i + step <= rows; i += step) {
    affine_rows<1>(Full(), x + i, x_stride, d, slope, slope_stride, k, constant, from(i), out + i,
                   out_stride);
  }
  if (i < rows) {
    affine_rows<1>(Part(rows - i), x + i, x_stride, d, slope, slope_stride, k, constant, from(i),
                   out + i, out_stride);
  }
}

// Where `ones` is not null, it is the first column of a, before the others.
void add_products(const double* a, Index a_stride, Index a_columns, const double* ones,
                  const double* b, Index b_stride, Index b_columns, Index rows, double* sum,
                  Index sum_stride) {
  double tile[16];
  const Index before = ones != nullptr ? 1 : 0;
  a_columns += before;
  for (Index j = 0; j < b_columns; j += 4) {
    const double* right[4];
    for (Index c = 0; c < 4; ++c) right[c] = b + std::min(j + c, b_columns - 1) * b_stride;
    for (Index i = 0; i < a_columns; i += 4) {
      const double* left[4];
      for (Index r = 0; r < 4; ++r) {
        const Index column = std::min(i + r, a_columns - 1) - before;
        left[r] = column < 0 ? ones : a + column * a_stride;
      }
      Tile products;
      products.clear();
      products.add(left, right, rows);
      products.sums(tile);
      for (Index c = 0; c < std::min<Index>(4, b_columns - j); ++c) {
        for (Index r = 0; r < std::min<Index>(4, a_columns - i); ++r) {
          sum[(j + c) * sum_stride + i + r] += tile[c * 4 + r];
        }
      }
    }
  }
}

// Squares of x(n, j) scale(j, k) + offset(j, k).
template <int Components>
HWY_INLINE void distances_tile(const double* x, Index stride, Index d, const double* scale,
                               const double* offset, Index k_stride, const double* constant,
                               double* out, Index out_stride) {
  const Lanes tag;
  const Index step = lanes();
  V sum[Components][tile_vectors];
  MIX_UNROLL
  for (int k = 0; k < Components; ++k) {
    MIX_UNROLL
    for (int v = 0; v < tile_vectors; ++v) sum[k][v] = hn::Zero(tag);
  }
  for (Index j = 0; j < d; ++j) {
    V row[tile_vectors];
    MIX_UNROLL
    for (int v = 0; v < tile_vectors; ++v) row[v] = Full().load(x + j * stride + v * step);
    MIX_UNROLL
    for (int k = 0; k < Components; ++k) {
      const V factor = hn::Set(tag, scale[k * k_stride + j]);
      const V shift = hn::Set(tag, offset[k * k_stride + j]);
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v) {
        const V t = hn::MulAdd(row[v], factor, shift);
        sum[k][v] = hn::MulAdd(t, t, sum[k][v]);
      }
    }
  }
  MIX_UNROLL
  for (int k = 0; k < Components; ++k) {
    MIX_UNROLL
    for (int v = 0; v < tile_vectors; ++v) {
      Full().store(log_density_of(sum[k][v], constant[k]), out + k * out_stride + v * step);
    }
  }
}

// `out` has room for packed_rows rows.
void scaled_distances(const double* x, Index stride, Index rows, Index d, const double* scale,
                      const double* offset, Index k_stride, Index k, const double* constant,
                      double* out, Index out_stride) {
  const Index step = tile_vectors * lanes();
  for (Index i = 0; i < rows; i += step) {
    Index c = 0;
    for (; c + 4 <= k; c += 4) {
      distances_tile<4>(x + i, stride, d, scale + c * k_stride, offset + c * k_stride, k_stride,
                        constant + c, out + c * out_stride + i, out_stride);
    }
    for (; c < k; ++c) {
      distances_tile<1>(x + i, stride, d, scale + c * k_stride, offset + c * k_stride, k_stride,
                        constant + c, out + c * out_stride + i, out_stride);
    }
  }
}

// One vector of rows, four columns.
template <int Columns, class Access>
HWY_INLINE void moments_step(const Access& access, const double* x, Index stride, const V* center,
                             V share, V* first, V* second) {
  MIX_UNROLL
  for (int j = 0; j < Columns; ++j) {
    const V off = hn::Sub(access.load(x + j * stride), center[j]);
    const V weighted = hn::Mul(share, off);
    first[j] = hn::Add(first[j], weighted);
    second[j] = hn::MulAdd(weighted, off, second[j]);
  }
}

template <int Columns>
HWY_INLINE void moments_columns(const double* x, Index stride, Index rows, const double* center,
                                const double* r, double* first_sum, double* second_sum) {
  const Lanes tag;
  const Index step = lanes();
  V middle[Columns];
  V first[Columns];
  V second[Columns];
  MIX_UNROLL
  for (int j = 0; j < Columns; ++j) {
    middle[j] = hn::Set(tag, center[j]);
    first[j] = second[j] = hn::Zero(tag);
  }
  Index i = 0;
  for (; i + step <= rows; i += step) {
    moments_step<Columns>(Full(), x + i, stride, middle, Full().load(r + i), first, second);
  }
  if (i < rows) {
    const Part part(rows - i);
    moments_step<Columns>(part, x + i, stride, middle, part.load(r + i), first, second);
  }
  MIX_UNROLL
  for (int j = 0; j < Columns; ++j) {
    first_sum[j] += sum_of(first[j]);
    second_sum[j] += sum_of(second[j]);
  }
}

void add_moments(const double* x, Index stride, Index rows, Index d, const double* center,
                 const double* r, double* first, double* second) {
  Index j = 0;
  for (; j + 4 <= d; j += 4) {
    moments_columns<4>(x + j * stride, stride, rows, center + j, r, first + j, second + j);
  }
  for (; j < d; ++j) {
    moments_columns<1>(x + j * stride, stride, rows, center + j, r, first + j, second + j);
  }
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(affine);
HWY_EXPORT(add_products);
HWY_EXPORT(scaled_distances);
HWY_EXPORT(add_moments);

void affine(Rows x, ConstMatrixRef slope, ConstVectorRef constant, MatrixRef out) {
  HWY_DYNAMIC_DISPATCH(affine)
  (x.data(), x.outerStride(), x.rows(), x.cols(), slope.data(), slope.outerStride(), slope.cols(),
   constant.data(), nullptr, out.data(), out.outerStride());
}

void affine(Rows x, ConstMatrixRef slope, ConstVectorRef constant, ConstVectorRef base,
            MatrixRef out) {
  HWY_DYNAMIC_DISPATCH(affine)
  (x.data(), x.outerStride(), x.rows(), x.cols(), slope.data(), slope.outerStride(), slope.cols(),
   constant.data(), base.data(), out.data(), out.outerStride());
}

void add_products(ConstMatrixRef a, ConstMatrixRef b, MatrixRef sum) {
  if (a.size() == 0 || b.size() == 0) return;
  HWY_DYNAMIC_DISPATCH(add_products)
  (a.data(), a.outerStride(), a.cols(), nullptr, b.data(), b.outerStride(), b.cols(), a.rows(),
   sum.data(), sum.outerStride());
}

void add_sums_and_products(ConstMatrixRef a, ConstMatrixRef b, MatrixRef sum) {
  static const Vector ones = Vector::Ones(packed_rows);
  if (b.size() == 0) return;
  if (a.cols() % 4 == 0) {  // one more column would be one more tile
    for (Index k = 0; k < b.cols(); ++k) add_sums(b.col(k), sum.col(k).head(1));
    add_products(a, b, sum.bottomRows(a.cols()));
    return;
  }
  HWY_DYNAMIC_DISPATCH(add_products)
  (a.data(), a.outerStride(), a.cols(), ones.data(), b.data(), b.outerStride(), b.cols(), b.rows(),
   sum.data(), sum.outerStride());
}

void scaled_distances(const Matrix& x, ConstMatrixRef scale, ConstMatrixRef offset,
                      ConstVectorRef constant, MatrixRef out) {
  // Whole vectors are written, so a short block goes through memory of its own.
  const bool whole = out.rows() == packed_rows;
  thread_local Matrix padded;
  if (!whole && padded.cols() < out.cols()) padded.resize(packed_stride, out.cols());
  double* target = whole ? out.data() : padded.data();
  HWY_DYNAMIC_DISPATCH(scaled_distances)
  (x.data(), x.rows(), out.rows(), scale.rows(), scale.data(), offset.data(), scale.outerStride(),
   scale.cols(), constant.data(), target, whole ? out.outerStride() : packed_stride);
  if (!whole) out = padded.topLeftCorner(out.rows(), out.cols());
}

void add_moments(Rows x, ConstVectorRef center, Weights r, VectorRef sum) {
  const Index d = x.cols();
  VectorRef mass = sum.head(1);
  add_sums(r, mass);
  HWY_DYNAMIC_DISPATCH(add_moments)
  (x.data(), x.outerStride(), x.rows(), d, center.data(), r.data(), sum.data() + 1,
   sum.data() + 1 + d);
}

}  // namespace mix::kernels
#endif
