// The nearest of many centers, and the sums of the rows that each of them holds.
#include <algorithm>
#include <array>
#include <cstdint>

#include "mix/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/nearest.cpp"
#include <hwy/foreach_target.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

static_assert(tile_vectors * hn::MaxLanes(Lanes()) <= PackedTiles::rows_in_tile);

// tile(j, n) = x(n, j) - origin(j), with the rows of a tile side by side.
void pack_tiles(const double* x, Index stride, Index rows, Index d, const double* origin,
                double* packed) {
  constexpr Index width = PackedTiles::rows_in_tile;
  const Index step = lanes();
  for (Index j = 0; j < d; ++j, x += stride) {
    const V middle = hn::Set(Lanes(), origin[j]);
    double* to = packed + j * width;
    Index i = 0;
    for (; i + width <= rows; i += width, to += d * width) {
      for (Index r = 0; r < width; r += step) {
        hn::Store(hn::Sub(Full().load(x + i + r), middle), Lanes(), to + r);
      }
    }
    if (i == rows) continue;
    for (Index r = 0; r < width; ++r) to[r] = i + r < rows ? x[i + r] - origin[j] : 0.0;
  }
}

// How far the scores of one tile of rows, |c|^2 - 2 x'c, have come.
struct Contest {
  HWY_INLINE Contest() {
    MIX_UNROLL
    for (int v = 0; v < tile_vectors; ++v) {
      best[v] = closest[v] = hn::Inf(Lanes());
      label[v] = hn::Zero(Lanes());
    }
  }
  // The least score is within a distance of every other one only if it was, or became, the least of
  // those before at that distance: comparing with the least so far misses no close call.
  HWY_INLINE void enter(V score, V index, int v) {
    const V gap = hn::Sub(best[v], score);
    label[v] = hn::IfThenElse(hn::Gt(gap, hn::Zero(Lanes())), index, label[v]);
    closest[v] = hn::Min(closest[v], hn::Abs(gap));
    best[v] = hn::Min(best[v], score);
  }
  V best[tile_vectors];
  V closest[tile_vectors];
  V label[tile_vectors];
};

// `panels` of 4 centers each: |c|^2 of the 4, then -2 c of the 4 for each column.
void nearest(const double* x, Index rows, Index d, const double* centers, Index panels,
             double largest, double* label, double* margin) {
  constexpr int height = 4;
  constexpr Index width = PackedTiles::rows_in_tile;
  const Lanes tag;
  const Index step = lanes();
  // See PackedCenters on the bound. 4 times the sum of squares overflows where a score could.
  const V units = hn::Set(tag, (static_cast<double>(d) + 3) * 0x1p-51);
  const V smallest = hn::Set(tag, 0x1p-1022);
  for (Index i = 0; i < rows; i += tile_vectors * step) {
    const double* tile = x + i / width * width * d + i % width;
    Contest contest;
    const double* factors = centers;
    for (Index panel = 0; panel < panels; ++panel) {
      V score[height][tile_vectors];
      MIX_UNROLL
      for (int r = 0; r < height; ++r) {
        MIX_UNROLL
        for (int v = 0; v < tile_vectors; ++v) score[r][v] = hn::Set(tag, factors[r]);
      }
      factors += height;
      const double* column = tile;
      for (Index j = 0; j < d; ++j, factors += height, column += width) {
        V row[tile_vectors];
        MIX_UNROLL
        for (int v = 0; v < tile_vectors; ++v) row[v] = hn::Load(tag, column + v * step);
        MIX_UNROLL
        for (int r = 0; r < height; ++r) {
          const V factor = hn::Set(tag, factors[r]);
          MIX_UNROLL
          for (int v = 0; v < tile_vectors; ++v) {
            score[r][v] = hn::MulAdd(factor, row[v], score[r][v]);
          }
        }
      }
      MIX_UNROLL
      for (int r = 0; r < height; ++r) {
        const V index = hn::Set(tag, static_cast<double>(panel * height + r));
        MIX_UNROLL
        for (int v = 0; v < tile_vectors; ++v) contest.enter(score[r][v], index, v);
      }
    }
    V norm[tile_vectors];
    MIX_UNROLL
    for (int v = 0; v < tile_vectors; ++v) norm[v] = hn::Set(tag, largest);
    for (Index j = 0; j < d; ++j) {
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v) {
        const V row = hn::Load(tag, tile + j * width + v * step);
        norm[v] = hn::MulAdd(row, row, norm[v]);
      }
    }
    MIX_UNROLL
    for (int v = 0; v < tile_vectors; ++v) {
      const V bound = hn::MulAdd(hn::Mul(hn::Set(tag, 4.0), norm[v]), units, smallest);
      hn::Store(contest.label[v], tag, label + i + v * step);
      hn::Store(hn::Sub(contest.closest[v], bound), tag, margin + i + v * step);
    }
  }
}

// Four columns as rows of four; columns that are not there are zero.
HWY_INLINE void turn(const double* x, Index stride, Index rows, Index columns, double* turned) {
  Index i = 0;
  if (columns == 4) {
    for (const Index step = lanes(); i + step <= rows; i += step) {
      hn::StoreInterleaved4(Full().load(x + i), Full().load(x + stride + i),
                            Full().load(x + 2 * stride + i), Full().load(x + 3 * stride + i),
                            Lanes(), turned + 4 * i);
    }
  }
  for (; i < rows; ++i) {
    for (Index c = 0; c < 4; ++c) turned[4 * i + c] = c < columns ? x[c * stride + i] : 0.0;
  }
}

// Products and sums apart, in the order of the rows: the same bits on every target.
void add_members(const double* x, Index stride, Index rows, Index d, const double* centers,
                 Index padded, const Index* label, const double* w, double* sum) {
  const hn::CappedTag<double, 4> part;
  const auto step = static_cast<Index>(hn::Lanes(part));
  HWY_ALIGN double turned[4 * packed_rows];
  for (Index j = 0; j < d; j += 4) {
    turn(x + j * stride, stride, rows, std::min<Index>(4, d - j), turned);
    for (Index i = 0; i < rows; ++i) {
      if (label[i] < 0) continue;
      const double* center = centers + label[i] * padded + j;
      // Behind the last column these reach into what follows it, and add zero.
      double* at = sum + label[i] * (d + 1) + j;
      for (Index c = 0; c < 4; c += step) {
        auto off = hn::Sub(hn::Load(part, turned + 4 * i + c), hn::LoadU(part, center + c));
        if (w != nullptr) off = hn::Mul(hn::Set(part, w[i]), off);
        hn::StoreU(hn::Add(hn::LoadU(part, at + c), off), part, at + c);
      }
    }
  }
  for (Index i = 0; i < rows; ++i) {
    if (label[i] >= 0) sum[label[i] * (d + 1) + d] += w != nullptr ? w[i] : 1.0;
  }
}

// Squared distances of packed rows from 4 points, from differences.
void distances_to_points(const double* x, Index rows, Index d, const double* points, double* out,
                         Index out_stride, Index count) {
  constexpr Index width = PackedTiles::rows_in_tile;
  const Lanes tag;
  const Index step = lanes();
  for (Index i = 0; i < rows; i += tile_vectors * step) {
    const double* column = x + i / width * width * d + i % width;
    V sum[4][tile_vectors];
    MIX_UNROLL
    for (int r = 0; r < 4; ++r) {
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v) sum[r][v] = hn::Zero(tag);
    }
    for (Index j = 0; j < d; ++j, column += width) {
      V row[tile_vectors];
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v) row[v] = hn::Load(tag, column + v * step);
      MIX_UNROLL
      for (int r = 0; r < 4; ++r) {
        const V point = hn::Set(tag, points[4 * j + r]);
        MIX_UNROLL
        for (int v = 0; v < tile_vectors; ++v) {
          const V off = hn::Sub(row[v], point);
          sum[r][v] = hn::MulAdd(off, off, sum[r][v]);
        }
      }
    }
    MIX_UNROLL
    for (int r = 0; r < 4; ++r) {
      if (r >= count) break;
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v) {
        hn::StoreU(sum[r][v], tag, out + r * out_stride + i + v * step);
      }
    }
  }
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(pack_tiles);
HWY_EXPORT(nearest);
HWY_EXPORT(add_members);
HWY_EXPORT(distances_to_points);

void PackedCenters::pack(const Matrix& centers, ConstVectorRef origin) {
  const Index k = centers.rows();
  const Index d = centers.cols();
  panels_ = (k + panel - 1) / panel;
  values_.resize(panels_ * panel * (d + 1));
  largest_ = 0;
  double* at = values_.data();
  for (Index first = 0; first < panels_ * panel; first += panel, at += panel * (d + 1)) {
    for (Index r = 0; r < panel; ++r) {
      const Index c = first + r;
      double norm = 0;
      for (Index j = 0; j < d; ++j) {
        const double value = c < k ? centers(c, j) - origin[j] : 0.0;
        norm += value * value;
        at[panel * (j + 1) + r] = -2 * value;
      }
      at[r] = c < k ? norm : infinity;
      largest_ = std::max(largest_, norm);
    }
  }
  if (!centers.allFinite()) largest_ = quiet_nan;
}

void PackedTiles::pack(Rows x, ConstVectorRef origin) {
  rows_ = x.rows();
  dimension_ = x.cols();
  const Index tiles = (rows_ + rows_in_tile - 1) / rows_in_tile;
  if (values_.size() < tiles * rows_in_tile * dimension_) {
    values_.resize(packed_rows * dimension_);
  }
  HWY_DYNAMIC_DISPATCH(pack_tiles)
  (x.data(), x.outerStride(), rows_, dimension_, origin.data(), values_.data());
}

void nearest(const PackedTiles& x, const PackedCenters& centers, Nearest& out) {
  HWY_DYNAMIC_DISPATCH(nearest)
  (x.data(), x.rows(), x.dimension(), centers.data(), centers.panels(), centers.largest(),
   out.label.data(), out.margin.data());
}

void add_members(Rows x, const Matrix& centers, const Index* label, const double* w,
                 VectorRef sum) {
  HWY_DYNAMIC_DISPATCH(add_members)
  (x.data(), x.outerStride(), x.rows(), x.cols(), centers.data(), centers.rows(), label, w,
   sum.data());
}

void squared_distances(const PackedTiles& x, ConstMatrixRef points, MatrixRef out) {
  const Index d = x.dimension();
  alignas(64) std::array<double, 4 * packed_rows> block;
  Matrix four(4, d);
  for (Index c = 0; c < points.cols(); c += 4) {
    const Index count = std::min<Index>(4, points.cols() - c);
    for (Index r = 0; r < 4; ++r) four.row(r) = points.col(c + std::min(r, count - 1)).transpose();
    HWY_DYNAMIC_DISPATCH(distances_to_points)
    (x.data(), x.rows(), d, four.data(), block.data(), packed_rows, count);
    for (Index r = 0; r < count; ++r) {
      std::copy_n(block.data() + r * packed_rows, x.rows(), out.col(c + r).data());
    }
  }
}

}  // namespace mix::kernels
#endif
