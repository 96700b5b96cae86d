// Gaussians with covariances of their own: whitening and scatter.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "mix/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gaussian.cpp"
#include <hwy/foreach_target.h>

#include "kernels/tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// `triangle` holds, for each panel of 4 rows, the 4 entries of each column up to the diagonal.
template <class Y>
HWY_INLINE void whiten_rows(const double* x, Index stride, const double* triangle,
                            const double* offset, Index d, double constant, const Y& y,
                            double* out) {
  constexpr int height = 4;
  const Lanes tag;
  const Index step = lanes();
  V distance[tile_vectors];
  MIX_UNROLL
  for (int v = 0; v < tile_vectors; ++v) distance[v] = hn::Zero(tag);
  for (Index p = 0; p < d; p += height) {
    V sum[height][tile_vectors];
    MIX_UNROLL
    for (int r = 0; r < height; ++r) {
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v) sum[r][v] = hn::Set(tag, offset[p + r]);
    }
    const double* column = x;
    for (Index j = 0; j < p + height; ++j, triangle += height, column += stride) {
      V row[tile_vectors];
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v) row[v] = hn::Load(tag, column + v * step);
      MIX_UNROLL
      for (int r = 0; r < height; ++r) {
        const V factor = hn::Set(tag, triangle[r]);
        MIX_UNROLL
        for (int v = 0; v < tile_vectors; ++v) sum[r][v] = hn::MulAdd(factor, row[v], sum[r][v]);
      }
    }
    MIX_UNROLL
    for (int r = 0; r < height; ++r) {
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v) {
        y.store(sum[r][v], (p + r) * stride + v * step);
        distance[v] = hn::MulAdd(sum[r][v], sum[r][v], distance[v]);
      }
    }
  }
  MIX_UNROLL
  for (int v = 0; v < tile_vectors; ++v) {
    hn::Store(log_density_of(distance[v], constant), tag, out + v * step);
  }
}

struct Kept {
  HWY_INLINE void store(V v, Index at) const { hn::Store(v, Lanes(), y + at); }
  double* y;
};
struct Dropped {
  HWY_INLINE void store(V /*v*/, Index /*at*/) const {}
};

void whiten(const double* x, Index stride, Index rows, const double* triangle, const double* offset,
            Index d, double constant, double* y, double* out) {
  const Index step = tile_vectors * lanes();
  for (Index i = 0; i < rows; i += step) {
    if (y != nullptr) {
      whiten_rows(x + i, stride, triangle, offset, d, constant, Kept{y + i}, out + i);
    } else {
      whiten_rows(x + i, stride, triangle, offset, d, constant, Dropped{}, out + i);
    }
  }
}

// `r` is padded with zeros to whole vectors. `memory`: rows x d for r y, then 16 vectors a tile.
void add_scatter(const double* y, Index stride, Index padded, Index d, const double* r, Index rows,
                 Index rows_at_once, double* memory, double* first, double* second) {
  const Lanes tag;
  const Index step = lanes();
  const Index tiles_in_row = padded / 4;
  const Index tile_size = 16 * step;
  double* weighted = memory;
  double* tiles = memory + rows_at_once * padded;
  double* sums = tiles + tiles_in_row * (tiles_in_row + 1) / 2 * tile_size;
  std::fill(tiles, sums + padded * step, 0.0);
  for (Index begin = 0; begin < rows; begin += rows_at_once) {
    const Index count = std::min(rows_at_once, (rows - begin + step - 1) / step * step);
    for (Index j = 0; j < d; ++j) {
      V sum = hn::Load(tag, sums + j * step);
      for (Index i = 0; i < count; i += step) {
        const V z =
            hn::Mul(hn::Load(tag, r + begin + i), hn::Load(tag, y + j * stride + begin + i));
        hn::Store(z, tag, weighted + j * rows_at_once + i);
        sum = hn::Add(sum, z);
      }
      hn::Store(sum, tag, sums + j * step);
    }
    for (Index j = d; j < padded; ++j) {
      std::fill_n(weighted + j * rows_at_once, count, 0.0);
    }
    double* at = tiles;
    for (Index i = 0; i < padded; i += 4) {
      const double* left[4];
      for (Index a = 0; a < 4; ++a) left[a] = weighted + (i + a) * rows_at_once;
      for (Index j = 0; j <= i; j += 4, at += tile_size) {
        const double* right[4];
        for (Index b = 0; b < 4; ++b) right[b] = y + (j + b) * stride + begin;
        Tile tile;
        tile.load(at);
        tile.add(left, right, count);
        tile.store(at);
      }
    }
  }
  for (Index j = 0; j < d; ++j) first[j] += sum_of(hn::Load(tag, sums + j * step));
  const double* at = tiles;
  double products[16];
  for (Index i = 0; i < padded; i += 4) {
    for (Index j = 0; j <= i; j += 4, at += tile_size) {
      Tile tile;
      tile.load(at);
      tile.sums(products);
      for (Index b = 0; b < 4 && j + b < d; ++b) {
        // Column j + b of the triangle begins with its diagonal.
        double* column = second + (j + b) * d - (j + b) * (j + b - 1) / 2 - (j + b);
        for (Index a = 0; a < 4 && i + a < d; ++a) {
          if (i + a >= j + b) column[i + a] += products[4 * a + b];
        }
      }
    }
  }
}

template <int D, class Access>
HWY_INLINE void small_whiten(const Access& access, const double* x, Index stride, const V* center,
                             const V* inverse, V* y) {
  V off[D];
  MIX_UNROLL
  for (int j = 0; j < D; ++j) off[j] = hn::Sub(access.load(x + j * stride), center[j]);
  int at = 0;
  MIX_UNROLL
  for (int i = 0; i < D; ++i) {
    y[i] = hn::Mul(inverse[at++], off[0]);
    MIX_UNROLL
    for (int j = 1; j <= i; ++j) y[i] = hn::MulAdd(inverse[at++], off[j], y[i]);
  }
}

template <int D>
struct SmallParameters {
  HWY_INLINE SmallParameters(const double* center, const double* lower) {
    MIX_UNROLL
    for (int j = 0; j < D; ++j) middle[j] = hn::Set(Lanes(), center[j]);
    int at = 0;
    MIX_UNROLL
    for (int i = 0; i < D; ++i) {
      MIX_UNROLL
      for (int j = 0; j <= i; ++j) inverse[at++] = hn::Set(Lanes(), lower[j * D + i]);
    }
  }
  V middle[D];
  V inverse[D * (D + 1) / 2];
};

template <int D, class Access>
HWY_INLINE void small_density_step(const Access& access, const SmallParameters<D>& p,
                                   const double* x, Index stride, double constant, double* out) {
  V y[D];
  small_whiten<D>(access, x, stride, p.middle, p.inverse, y);
  V distance = hn::Mul(y[0], y[0]);
  MIX_UNROLL
  for (int j = 1; j < D; ++j) distance = hn::MulAdd(y[j], y[j], distance);
  access.store(log_density_of(distance, constant), out);
}

template <int D>
HWY_INLINE void small_density_of(const double* x, Index stride, Index rows, const double* center,
                                 const double* inverse, double constant, double* out) {
  const SmallParameters<D> p(center, inverse);
  const Index step = lanes();
  Index i = 0;
  for (; i + step <= rows; i += step) {
    small_density_step<D>(Full(), p, x + i, stride, constant, out + i);
  }
  if (i < rows) small_density_step<D>(Part(rows - i), p, x + i, stride, constant, out + i);
}

template <int D, class Access>
HWY_INLINE void small_scatter_step(const Access& access, const SmallParameters<D>& p,
                                   const double* x, Index stride, const double* r, V* sums) {
  V y[D];
  small_whiten<D>(access, x, stride, p.middle, p.inverse, y);
  const V share = access.load(r);
  sums[0] = hn::Add(sums[0], share);
  V weighted[D];
  MIX_UNROLL
  for (int j = 0; j < D; ++j) {
    weighted[j] = hn::Mul(share, y[j]);
    sums[1 + j] = hn::Add(sums[1 + j], weighted[j]);
  }
  int at = 1 + D;
  MIX_UNROLL
  for (int j = 0; j < D; ++j) {
    MIX_UNROLL
    for (int i = j; i < D; ++i, ++at) sums[at] = hn::MulAdd(weighted[j], y[i], sums[at]);
  }
}

template <int D>
HWY_INLINE void small_scatter_of(const double* x, Index stride, Index rows, const double* center,
                                 const double* inverse, const double* r, double* sum) {
  constexpr int size = 1 + D + D * (D + 1) / 2;
  const SmallParameters<D> p(center, inverse);
  V sums[size];
  MIX_UNROLL
  for (V& v : sums) v = hn::Zero(Lanes());
  const Index step = lanes();
  Index i = 0;
  for (; i + step <= rows; i += step) {
    small_scatter_step<D>(Full(), p, x + i, stride, r + i, sums);
  }
  if (i < rows) small_scatter_step<D>(Part(rows - i), p, x + i, stride, r + i, sums);
  MIX_UNROLL
  for (int s = 0; s < size; ++s) sum[s] += sum_of(sums[s]);
}

void small_density(const double* x, Index stride, Index rows, Index d, const double* center,
                   const double* inverse, double constant, double* out) {
  switch (d) {
    case 1:
      return small_density_of<1>(x, stride, rows, center, inverse, constant, out);
    case 2:
      return small_density_of<2>(x, stride, rows, center, inverse, constant, out);
    case 3:
      return small_density_of<3>(x, stride, rows, center, inverse, constant, out);
    default:
      return small_density_of<4>(x, stride, rows, center, inverse, constant, out);
  }
}

void add_small_scatter(const double* x, Index stride, Index rows, Index d, const double* center,
                       const double* inverse, const double* r, double* sum) {
  switch (d) {
    case 1:
      return small_scatter_of<1>(x, stride, rows, center, inverse, r, sum);
    case 2:
      return small_scatter_of<2>(x, stride, rows, center, inverse, r, sum);
    case 3:
      return small_scatter_of<3>(x, stride, rows, center, inverse, r, sum);
    default:
      return small_scatter_of<4>(x, stride, rows, center, inverse, r, sum);
  }
}

Index vector_size() { return lanes(); }

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(whiten);
HWY_EXPORT(add_scatter);
HWY_EXPORT(small_density);
HWY_EXPORT(add_small_scatter);
HWY_EXPORT(vector_size);

PackedTriangle::PackedTriangle(const Matrix& lower) : padded_dimension_(padded(lower.rows())) {
  values_.reserve(static_cast<std::size_t>(padded_dimension_ * (padded_dimension_ + panel) / 2));
  for (Index p = 0; p < padded_dimension_; p += panel) {
    for (Index j = 0; j < p + panel; ++j) {
      for (Index r = p; r < p + panel; ++r) {
        values_.push_back(j <= r && r < lower.rows() ? lower(r, j) : 0.0);
      }
    }
  }
}

void whiten(const Matrix& x, const Whitening& whitening, double* y, VectorRef out) {
  alignas(64) std::array<double, packed_rows> values;
  HWY_DYNAMIC_DISPATCH(whiten)
  (x.data(), x.rows(), out.size(), whitening.triangle.data(), whitening.offset.data(),
   whitening.triangle.padded_dimension(), whitening.constant, y, values.data());
  std::copy_n(values.data(), out.size(), out.data());
}

void add_scatter(const double* y, Index d, Weights r, VectorRef sum) {
  alignas(64) std::array<double, packed_rows> shares;
  std::copy_n(r.data(), r.size(), shares.data());
  std::fill(shares.begin() + r.size(), shares.end(), 0.0);
  Vector mass = Vector::Zero(1);
  add_sums(r, mass);
  sum[0] += mass[0];

  const Index padded = PackedTriangle::padded(d);
  const Index tiles = padded / 4 * (padded / 4 + 1) / 2;
  // Few columns: what is multiplied with each other fits the nearest cache.
  const Index rows_at_once = padded < 32 ? 128 : 256;
  const Index vector = HWY_DYNAMIC_DISPATCH(vector_size)();
  thread_local Vector memory;
  const Index size = rows_at_once * padded + tiles * 16 * vector + padded * vector;
  if (memory.size() < size) memory.resize(size);
  HWY_DYNAMIC_DISPATCH(add_scatter)
  (y, packed_rows, padded, d, shares.data(), r.size(), rows_at_once, memory.data(), sum.data() + 1,
   sum.data() + 1 + d);
}

void small_density(Rows x, ConstVectorRef center, const Matrix& inverse, double constant,
                   VectorRef out) {
  HWY_DYNAMIC_DISPATCH(small_density)
  (x.data(), x.outerStride(), x.rows(), x.cols(), center.data(), inverse.data(), constant,
   out.data());
}

void add_small_scatter(Rows x, ConstVectorRef center, const Matrix& inverse, Weights r,
                       VectorRef sum) {
  HWY_DYNAMIC_DISPATCH(add_small_scatter)
  (x.data(), x.outerStride(), x.rows(), x.cols(), center.data(), inverse.data(), r.data(),
   sum.data());
}

}  // namespace mix::kernels
#endif
