// Gaussians with covariances of their own: whitening and scatter.
#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include "mix/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gaussian.cpp"
#include <hwy/foreach_target.h>

#include "kernels/tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// `x` are panels of columns; `triangle` holds, for each panel of 4 rows, the 4 entries of each
// column up to the diagonal.
template <class T, class Y>
HWY_INLINE void whiten_rows(const T* x, Index stride, const T* triangle, const T* offset, Index d,
                            const Y& y, VectorOf<T>* distance) {
  using Vec = VectorOf<T>;
  constexpr int height = 4;
  const LanesOf<T> tag;
  const Index step = lanes_of<T>();
  MIX_UNROLL
  for (int v = 0; v < tile_vectors; ++v) distance[v] = hn::Zero(tag);
  for (Index p = 0; p < d; p += height) {
    Vec sum[height][tile_vectors];
    MIX_UNROLL
    for (int r = 0; r < height; ++r) {
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v) sum[r][v] = hn::Set(tag, offset[p + r]);
    }
    const T* panel = x;
    // Adds the products with 4 columns; of those on the diagonal only what is not above it.
    const auto add_columns = [&](auto on_diagonal) {
      MIX_UNROLL
      for (int c = 0; c < height; ++c) {
        Vec row[tile_vectors];
        MIX_UNROLL
        for (int v = 0; v < tile_vectors; ++v) {
          row[v] = hn::Load(tag, panel + (height * v + c) * step);
        }
        MIX_UNROLL
        for (int r = on_diagonal ? c : 0; r < height; ++r) {
          const Vec factor = hn::Set(tag, triangle[height * c + r]);
          MIX_UNROLL
          for (int v = 0; v < tile_vectors; ++v) sum[r][v] = hn::MulAdd(factor, row[v], sum[r][v]);
        }
      }
      triangle += height * height;
      panel += height * stride;
    };
    for (Index j = 0; j < p; j += height) add_columns(std::false_type());
    add_columns(std::true_type());
    MIX_UNROLL
    for (int r = 0; r < height; ++r) {
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v) {
        y.store(sum[r][v], p, r, v);
        distance[v] = hn::MulAdd(sum[r][v], sum[r][v], distance[v]);
      }
    }
  }
}

// Where whitened rows go: vector v of row r of the panel at p.
template <class T>
struct Panels {
  HWY_INLINE void store(VectorOf<T> value, Index p, int r, int v) const {
    hn::Store(value, LanesOf<T>(), panels + p * stride + (4 * v + r) * lanes_of<T>());
  }
  T* panels;
  Index stride;
};
struct PanelsAndColumns {
  HWY_INLINE void store(V value, Index p, int r, int v) const {
    panels.store(value, p, r, v);
    hn::Store(value, Lanes(), columns + (p + r) * panels.stride + v * lanes());
  }
  Panels<double> panels;
  double* columns;
};
template <class T>
struct Nowhere {
  HWY_INLINE void store(VectorOf<T> /*value*/, Index /*p*/, int /*r*/, int /*v*/) const {}
};

void whiten(const double* x, Index stride, Index rows, const double* triangle, const double* offset,
            Index d, double constant, double* panels, double* columns, double* out) {
  const Index step = tile_vectors * lanes();
  for (Index i = 0; i < rows; i += step) {
    const Panels<double> place{panels + 4 * i, stride};
    V distance[tile_vectors];
    if (columns != nullptr) {
      whiten_rows(x + 4 * i, stride, triangle, offset, d, PanelsAndColumns{place, columns + i},
                  distance);
    } else if (panels != nullptr) {
      whiten_rows(x + 4 * i, stride, triangle, offset, d, place, distance);
    } else {
      whiten_rows(x + 4 * i, stride, triangle, offset, d, Nowhere<double>{}, distance);
    }
    MIX_UNROLL
    for (int v = 0; v < tile_vectors; ++v) {
      hn::Store(log_density_of(distance[v], constant), Lanes(), out + i + v * lanes());
    }
  }
}

using HalfOfFloats = hn::Rebind<float, Lanes>;

// As floats, with zeros up to a whole vector of these.
template <class Function>
HWY_INLINE void narrow(const double* x, Index i, Index rows, const Function& of, float* out) {
  for (Index k = 0; k < lanes_of<float>(); k += lanes()) {
    const Index left = rows - i - k;
    V value = hn::Zero(Lanes());
    if (left >= lanes()) {
      value = of(Full().load(x + i + k));
    } else if (left > 0) {
      const Part part(left);
      value = part.kept(of(part.load(x + i + k)));
    }
    hn::StoreU(hn::DemoteTo(HalfOfFloats(), value), HalfOfFloats(), out + k);
  }
}

// `parameters` has room for triangle and offset, each with a vector more.
void whiten_single(const float* x, Index stride, Index rows, const double* wide_triangle,
                   Index triangle_size, const double* wide_offset, Index d, double constant,
                   float* parameters, float* panels, double* out) {
  const auto same = [](V value) { return value; };
  for (Index i = 0; i < triangle_size; i += lanes_of<float>()) {
    narrow(wide_triangle, i, triangle_size, same, parameters + i);
  }
  const float* triangle = parameters;
  float* offset = parameters + triangle_size + lanes_of<float>();
  for (Index i = 0; i < d; i += lanes_of<float>()) narrow(wide_offset, i, d, same, offset + i);
  const Index step = tile_vectors * lanes_of<float>();
  HWY_ALIGN float distances[tile_vectors * hn::MaxLanes(LanesOf<float>())];
  for (Index i = 0; i < rows; i += step) {
    VectorOf<float> distance[tile_vectors];
    if (panels != nullptr) {
      whiten_rows(x + 4 * i, stride, triangle, offset, d, Panels<float>{panels + 4 * i, stride},
                  distance);
    } else {
      whiten_rows(x + 4 * i, stride, triangle, offset, d, Nowhere<float>{}, distance);
    }
    MIX_UNROLL
    for (int v = 0; v < tile_vectors; ++v) {
      hn::Store(distance[v], LanesOf<float>(), distances + v * lanes_of<float>());
    }
    for (Index k = 0; k < step; k += lanes()) {
      const V wide = hn::PromoteTo(Lanes(), hn::Load(HalfOfFloats(), distances + k));
      hn::Store(log_density_of(wide, constant), Lanes(), out + i + k);
    }
  }
}

// Adds the sums of a tile that begins at row i and column j to a packed lower triangle.
template <class T>
HWY_INLINE void add_tile(TileOf<T>& tile, Index i, Index j, Index d, double* triangle) {
  T products[16];
  tile.sums(products);
  const bool inside = j + 4 <= i && i + 4 <= d;
  for (Index c = 0; c < 4 && j + c < d; ++c) {
    // Column j + c begins with its diagonal; here it points to what would be its row 0.
    double* column = triangle + (j + c) * d - (j + c) * (j + c - 1) / 2 - (j + c);
    if (inside) {
      for (Index r = 0; r < 4; ++r) column[i + r] += products[4 * c + r];
    } else {
      for (Index r = std::max<Index>(0, j + c - i); r < 4 && i + r < d; ++r) {
        column[i + r] += products[4 * c + r];
      }
    }
  }
}

// Tiles one below the other share what is read of the right columns.
constexpr Index tiles_together = 2;
// Few columns go through their tiles a part of the rows at a time, which stays in the first cache
// meanwhile: reading them from the second one takes longer than multiplying.
constexpr Index most_columns_in_parts = 16;
constexpr Index bytes_of_a_part = 16384;

// `r` is padded with zeros to whole vectors, `shift` to whole panels. `weighted`: tiles_together
// panels.
template <class T>
HWY_INLINE void scatter_of(const T* panels, Index stride, const T* shift, Index padded, Index d,
                           const T* r, Index rows, T* weighted, double* first, double* second) {
  constexpr Index most_panels = most_columns_in_parts / 4;
  constexpr Index most_lanes = static_cast<Index>(hn::MaxLanes(LanesOf<T>()));
  const Index step = lanes_of<T>();
  const Index count = (rows + step - 1) / step * step;
  Index part = count;
  if (padded <= most_columns_in_parts) {
    part = bytes_of_a_part / (static_cast<Index>(sizeof(T)) * padded) / step * step;
  }
  // Tiles and sums between parts.
  alignas(64) T tiles[most_panels * (most_panels + 1) / 2 * 16 * most_lanes];
  for (Index begin = 0; begin < count; begin += part) {
    const Index size = std::min(part, count - begin);
    T* kept = tiles;
    for (Index group = 0; group < padded; group += 4 * tiles_together) {
      const Index end = std::min(padded, group + 4 * tiles_together);
      for (Index j = 0; j < end; j += 4) {
        for (Index i = std::max(group, j); i < end; i += 4) {
          const bool last = begin + size == count;
          if (last) {
            for (Index c = 0; c < 4 && j + c < d; ++c) {
              hwy::Prefetch(second + (j + c) * d - (j + c) * (j + c - 1) / 2 - (j + c) + i);
            }
          }
          TileOf<T> tile;
          if (begin == 0) {
            tile.clear();
          } else {
            tile.load(kept);
          }
          alignas(64) T totals[4 * most_lanes] = {};
          T* left = weighted + (i - group) * stride;
          const T* right = panels + j * stride + 4 * begin;
          const auto add_rows = [&](auto on_diagonal) {
            constexpr bool diagonal = decltype(on_diagonal)::value;
            if (j > 0) {
              tile.template add_panels<diagonal>(left, right, shift + j, size);
              return;
            }
            tile.template add_weighted_panels<diagonal>(panels + i * stride + 4 * begin, shift + i,
                                                        r + begin, right, shift, size, left,
                                                        totals);
            for (Index k = 0; k < 4 && i + k < d; ++k) {
              first[i + k] += sum_of(hn::LoadU(LanesOf<T>(), totals + k * step));
            }
          };
          if (i == j) {
            add_rows(std::true_type());
          } else {
            add_rows(std::false_type());
          }
          if (last) {
            add_tile(tile, i, j, d, second);
          } else {
            tile.store(kept);
          }
          if (part < count) kept += 16 * step;
        }
      }
    }
  }
}

void add_scatter(const double* panels, Index stride, const double* shift, Index padded, Index d,
                 const double* r, Index rows, double* weighted, double* first, double* second) {
  scatter_of(panels, stride, shift, padded, d, r, rows, weighted, first, second);
}

void add_scatter_single(const float* panels, Index stride, const float* shift, Index padded,
                        Index d, const double* r, Index rows, float* weighted, double* first,
                        double* second) {
  HWY_ALIGN float shares[packed_rows];
  for (Index i = 0; i < rows; i += lanes_of<float>()) {
    narrow(
        r, i, rows, [](V share) { return share; }, shares + i);
  }
  scatter_of(panels, stride, shift, padded, d, shares, rows, weighted, first, second);
}

// One column less its center; the rows beyond become zero. `ahead` is asked for meanwhile.
void pack_column(const double* x, double center, Index rows, const double* ahead, double* panel) {
  const Index step = lanes();
  const V c = hn::Set(Lanes(), center);
  Index i = 0;
  for (; i + step <= rows; i += step) {
    hwy::Prefetch(ahead + i);
    hn::Store(hn::Sub(Full().load(x + i), c), Lanes(), panel + 4 * i);
  }
  if (i < rows) {
    const Part part(rows - i);
    hn::Store(hn::Zero(Lanes()), Lanes(), panel + 4 * i);
    part.store(hn::Sub(part.load(x + i), c), panel + 4 * i);
    i += step;
  }
  for (; i < packed_rows; i += step) hn::Store(hn::Zero(Lanes()), Lanes(), panel + 4 * i);
}

// The same in single precision; the difference is taken before.
void pack_column_single(const double* x, double center, Index rows, const double* ahead,
                        float* panel) {
  const Index step = lanes_of<float>();
  const V c = hn::Set(Lanes(), center);
  Index i = 0;
  for (; i < rows; i += step) {
    hwy::Prefetch(ahead + i);
    hwy::Prefetch(ahead + i + 8);
    narrow(
        x, i, rows, [&](V value) { return hn::Sub(value, c); }, panel + 4 * i);
  }
  for (; i < packed_rows; i += step)
    hn::Store(hn::Zero(LanesOf<float>()), LanesOf<float>(), panel + 4 * i);
}

Index vector_size() { return lanes(); }
Index vector_size_single() { return lanes_of<float>(); }

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

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(whiten);
HWY_EXPORT(whiten_single);
HWY_EXPORT(add_scatter);
HWY_EXPORT(add_scatter_single);
HWY_EXPORT(small_density);
HWY_EXPORT(add_small_scatter);
HWY_EXPORT(pack_column);
HWY_EXPORT(pack_column_single);
HWY_EXPORT(vector_size);
HWY_EXPORT(vector_size_single);

void PackedTriangle::assign(ConstMatrixRef lower) {
  padded_dimension_ = padded(lower.rows());
  values_.clear();
  values_.reserve(static_cast<std::size_t>(padded_dimension_ * (padded_dimension_ + panel) / 2));
  for (Index p = 0; p < padded_dimension_; p += panel) {
    for (Index j = 0; j < p + panel; ++j) {
      for (Index r = p; r < p + panel; ++r) {
        values_.push_back(j <= r && r < lower.rows() ? lower(r, j) : 0.0);
      }
    }
  }
}

void whiten(const double* panels, const Whitening& whitening, WhitenedRows rows, VectorRef out) {
  alignas(64) std::array<double, packed_rows> values;
  HWY_DYNAMIC_DISPATCH(whiten)
  (panels, packed_stride, out.size(), whitening.triangle.data(), whitening.offset.data(),
   whitening.triangle.padded_dimension(), whitening.constant, rows.panels, rows.columns,
   values.data());
  std::copy_n(values.data(), out.size(), out.data());
}

void pack_panels(Rows x, ConstVectorRef center, double* panels) {
  const Index step = HWY_DYNAMIC_DISPATCH(vector_size)();
  const Index padded = PackedTriangle::padded(x.cols());
  std::array<double, packed_rows> nothing{};
  for (Index j = 0; j < padded; ++j) {
    double* panel = panels + j / 4 * 4 * packed_stride + j % 4 * step;
    if (j < x.cols()) {
      const Index ahead = std::min(j + columns_ahead, x.cols() - 1);
      HWY_DYNAMIC_DISPATCH(pack_column)
      (x.col(j).data(), center[j], x.rows(), x.col(ahead).data(), panel);
    } else {
      HWY_DYNAMIC_DISPATCH(pack_column)(nothing.data(), 0, 0, nothing.data(), panel);
    }
  }
}

void add_scatter(const double* panels, ConstVectorRef shift, Index d, Weights r, VectorRef sum) {
  alignas(64) std::array<double, packed_rows> shares;
  std::copy_n(r.data(), r.size(), shares.data());
  std::fill(shares.begin() + r.size(), shares.end(), 0.0);
  VectorRef mass = sum.head(1);
  add_sums(r, mass);
  thread_local Matrix weighted(packed_stride, 8);
  HWY_DYNAMIC_DISPATCH(add_scatter)
  (panels, packed_stride, shift.data(), shift.size(), d, shares.data(), r.size(), weighted.data(),
   sum.data() + 1, sum.data() + 1 + d);
}

void whiten(const float* panels, const Whitening& whitening, float* whitened, VectorRef out) {
  alignas(64) std::array<double, packed_rows> values;
  constexpr Index most_lanes = 128;
  thread_local std::vector<float> parameters;
  const PackedTriangle& triangle = whitening.triangle;
  const Index size = triangle.size() + whitening.offset.size() + 2 * most_lanes;
  parameters.resize(std::max(parameters.size(), static_cast<std::size_t>(size)));
  HWY_DYNAMIC_DISPATCH(whiten_single)
  (panels, packed_stride, out.size(), triangle.data(), triangle.size(), whitening.offset.data(),
   triangle.padded_dimension(), whitening.constant, parameters.data(), whitened, values.data());
  std::copy_n(values.data(), out.size(), out.data());
}

void pack_panels(Rows x, ConstVectorRef center, float* panels) {
  const Index step = HWY_DYNAMIC_DISPATCH(vector_size_single)();
  const Index padded = PackedTriangle::padded(x.cols());
  for (Index j = 0; j < padded; ++j) {
    float* panel = panels + j / 4 * 4 * packed_stride + j % 4 * step;
    const Index column = std::min(j, x.cols() - 1);
    const Index ahead = std::min(j + columns_ahead, x.cols() - 1);
    HWY_DYNAMIC_DISPATCH(pack_column_single)
    (x.col(column).data(), center[column], j < x.cols() ? x.rows() : 0, x.col(ahead).data(), panel);
  }
}

void add_scatter(const float* panels, ConstVectorRef shift, Index d, Weights r, VectorRef sum) {
  VectorRef mass = sum.head(1);
  add_sums(r, mass);
  thread_local std::vector<float> centers;
  centers.assign(static_cast<std::size_t>(shift.size()), 0);
  std::transform(shift.begin(), shift.end(), centers.begin(),
                 [](double value) { return static_cast<float>(value); });
  thread_local Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic> weighted(packed_stride, 8);
  HWY_DYNAMIC_DISPATCH(add_scatter_single)
  (panels, packed_stride, centers.data(), shift.size(), d, r.data(), r.size(), weighted.data(),
   sum.data() + 1, sum.data() + 1 + d);
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
