// The nearest of many centers, and the sums of the rows that each of them holds.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "kernels/ahead.h"
#include "mix/kernels.h"

#ifndef MIX_KERNELS_NEAREST_TILES
#define MIX_KERNELS_NEAREST_TILES
namespace mix::kernels {

// A tile of rows stays in the first cache while all centers pass: many columns, fewer rows, and
// more centers at a time.
inline constexpr Index wide_tile = 32;
inline constexpr Index narrow_tile = 16;
inline constexpr Index most_wide_columns = 96;
inline constexpr Index line = 8;             // numbers in a line of the cache
inline constexpr Index centers_ahead = 512;  // numbers

constexpr Index tile_rows(Index d) { return d <= most_wide_columns ? wide_tile : narrow_tile; }
constexpr Index panel_height(Index d) { return d <= most_wide_columns ? 4 : 8; }

// Where a block's rows are: the numbers of one column and tile side by side.
struct TileView {
  // Of row i and those behind it in its tile, the first column.
  [[nodiscard]] const double* at(Index i, Index width) const {
    return data + i / width * tile_step + i % width;
  }
  const double* data;
  Index tile_step;
  Index column_step;
};

// Centers as PackedCenters has them: of each panel |c|^2 of each, then -2 c of each for each
// column.
struct Centers {
  const double* data;
  Index panels;
  const double* origin;
  double largest;
};

}  // namespace mix::kernels
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/nearest.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// The rows of a tile side by side, column after column; zero behind the last row.
void pack_tiles(const double* x, Index stride, Index rows, Index d, double* packed) {
  const Index width = tile_rows(d);
  const Index step = lanes();
  for (Index j = 0; j < d; ++j, x += stride) {
    double* to = packed + j * width;
    Index i = 0;
    for (; i + width <= rows; i += width, to += d * width) {
      for (Index r = 0; r < width; r += step) {
        hn::Store(Full().load(x + i + r), Lanes(), to + r);
      }
    }
    if (i == rows) continue;
    for (Index r = 0; r < width; ++r) to[r] = i + r < rows ? x[i + r] : 0.0;
  }
}

// The least two scores, |c|^2 - 2 x'c, of some rows. The low bits of a score are replaced by the
// number of its center.
template <int Vectors>
struct Contest {
  HWY_INLINE Contest() {
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) best[v] = second[v] = hn::Inf(Lanes());
  }
  HWY_INLINE void enter(V score, int v) {
    second[v] = hn::Min(second[v], hn::Max(best[v], score));
    best[v] = hn::Min(best[v], score);
  }
  V best[Vectors];
  V second[Vectors];
};

// What one column adds to the scores of a panel.
template <int Height, int Vectors>
HWY_INLINE void add_column(const double* factors, const double* column,
                           V (&score)[Height][Vectors]) {
  const Lanes tag;
  // Many centers come from a farther cache, and the processor does not look past a page.
  hwy::Prefetch(factors + centers_ahead);
  V row[Vectors];
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) row[v] = hn::Load(tag, column + v * lanes());
  MIX_UNROLL
  for (int r = 0; r < Height; ++r) {
    const V factor = hn::Set(tag, factors[r]);
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) score[r][v] = hn::MulAdd(factor, row[v], score[r][v]);
  }
}

// What a contest says of rows whose squared norms, plus the largest of a center, are `squares`. See
// kernels.h on the bounds. 16 times the sum of squares overflows where a score could.
struct Verdict {
  HWY_INLINE Verdict(V best, V runner_up, V squares, double largest, V units)
      : sixteenfold(hn::Mul(hn::Set(Lanes(), 16.0), squares)),
        error(hn::MulAdd(sixteenfold, units, hn::Set(Lanes(), 0x1p-1022))),
        first(hn::Add(best, hn::Sub(squares, hn::Set(Lanes(), largest)))),
        second(hn::Add(runner_up, hn::Sub(squares, hn::Set(Lanes(), largest)))) {}
  [[nodiscard]] HWY_INLINE auto fits() const { return hn::Lt(sixteenfold, hn::Inf(Lanes())); }

  V sixteenfold;
  V error;
  V first;  // squared distances
  V second;
};

HWY_INLINE double share_of_rounding(Index d) { return static_cast<double>(d + 8) * 0x1p-52; }

// The numbers of centers, negative where they are not settled.
struct SettledLabels {
  HWY_INLINE void put(Index i, const Verdict& verdict, hn::Vec<hn::RebindToSigned<Lanes>> number,
                      Index d) const {
    const Lanes tag;
    const hn::RebindToSigned<Lanes> int_tag;
    const double share = 2 * share_of_rounding(d);  // of a square
    const V above = hn::MulAdd(hn::Add(verdict.first, verdict.error), hn::Set(tag, 1 + share),
                               hn::Set(tag, 0x1p-1020));
    const V below = hn::Mul(hn::Sub(verdict.second, verdict.error), hn::Set(tag, 1 - share));
    const auto settled = hn::And(verdict.fits(), hn::Lt(above, below));
    hn::StoreU(hn::IfThenElse(hn::RebindMask(int_tag, settled), number, hn::Set(int_tag, -1)),
               int_tag, label + i);
  }
  std::int64_t* label;
};

struct BoundedLabels {
  HWY_INLINE void put(Index i, const Verdict& verdict, hn::Vec<hn::RebindToSigned<Lanes>> number,
                      Index d) const {
    const Lanes tag;
    const V zero = hn::Zero(tag);
    const V wider = hn::Set(tag, 1 + share_of_rounding(d));
    const V closer = hn::Set(tag, 1 - share_of_rounding(d));
    const auto below = [&](V square) {
      return hn::Mul(hn::Sqrt(hn::Max(hn::Sub(square, verdict.error), zero)), closer);
    };
    const V above = hn::MulAdd(hn::Sqrt(hn::Max(hn::Add(verdict.first, verdict.error), zero)),
                               wider, hn::Set(tag, 0x1p-510));
    const auto fits = verdict.fits();
    hn::Store(number, hn::RebindToSigned<Lanes>(), label + i);
    hn::Store(hn::IfThenElseZero(fits, below(verdict.first)), tag, least + i);
    hn::Store(hn::IfThenElse(fits, above, hn::Inf(tag)), tag, within + i);
    hn::Store(hn::IfThenElseZero(fits, below(verdict.second)), tag, beyond + i);
  }
  std::int64_t* label;
  double* least;
  double* within;
  double* beyond;
};

// Those of the rows ahead that are fetched while some rows of a block are computed.
struct Fetching {
  HWY_INLINE Fetching(const Ahead& all, Index begin, Index end, Index rows)
      : ahead(all), first(begin * all.rows / rows), last(std::min(end, rows) * all.rows / rows) {}
  HWY_INLINE void fetch(Index j) const {
    const double* column = ahead.data + j * ahead.stride;
    for (Index i = first; i < last; i += line) hwy::Prefetch(column + i);
  }
  const Ahead& ahead;
  Index first;
  Index last;
};

// Of the rows from `begin` on.
template <int Height, int Vectors, int Width, class Labels>
HWY_INLINE void nearest_of(const TileView& x, Index begin, Index rows, Index d,
                           const Centers& centers, const Ahead& ahead, double* centered,
                           const Labels& labels) {
  static_assert(Vectors * hn::MaxLanes(Lanes()) <= Width);
  const Lanes tag;
  const hn::RebindToSigned<Lanes> int_tag;
  const Index step = lanes();
  Index numbers = 1;
  while (numbers < centers.panels * Height) numbers *= 2;
  const V score_bits = hn::BitCast(tag, hn::Set(int_tag, -static_cast<std::int64_t>(numbers)));
  const V units = hn::Set(tag, static_cast<double>(d + 3 + numbers) * 0x1p-54);
  for (Index i = begin; i < rows; i += Vectors * step) {
    const double* column_of_x = x.at(i, Width);
    Contest<Vectors> contest;
    V squares[Vectors];
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) squares[v] = hn::Set(tag, centers.largest);
    for (Index j = 0; j < d; ++j, column_of_x += x.column_step) {
      const V middle = hn::Set(tag, centers.origin[j]);
      MIX_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        const V row = hn::Sub(hn::LoadU(tag, column_of_x + v * step), middle);
        hn::Store(row, tag, centered + (j * Vectors + v) * step);
        squares[v] = hn::MulAdd(row, row, squares[v]);
      }
    }
    const double* factors = centers.data;
    const Fetching fetching(ahead, i, i + Vectors * step, rows);
    Index fetched = 0;
    for (Index panel = 0; panel < centers.panels; ++panel) {
      for (const Index end = (panel + 1) * d / centers.panels; fetched < end; ++fetched) {
        fetching.fetch(fetched);
      }
      V score[Height][Vectors];
      MIX_UNROLL
      for (int r = 0; r < Height; ++r) {
        MIX_UNROLL
        for (int v = 0; v < Vectors; ++v) score[r][v] = hn::Set(tag, factors[r]);
      }
      factors += Height;
      const double* column = centered;
      for (Index j = 0; j < d; ++j, factors += Height, column += Vectors * step) {
        add_column<Height, Vectors>(factors, column, score);
      }
      MIX_UNROLL
      for (int r = 0; r < Height; ++r) {
        const V number =
            hn::BitCast(tag, hn::Set(int_tag, static_cast<std::int64_t>(panel * Height + r)));
        MIX_UNROLL
        for (int v = 0; v < Vectors; ++v) {
          contest.enter(hn::OrAnd(number, score[r][v], score_bits), v);
        }
      }
    }
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const auto number =
          hn::AndNot(hn::BitCast(int_tag, score_bits), hn::BitCast(int_tag, contest.best[v]));
      labels.put(i + v * step,
                 Verdict(contest.best[v], contest.second[v], squares[v], centers.largest, units),
                 number, d);
    }
  }
}

// Half as many vectors at a time for the last rows if that is enough.
template <int Height, int Vectors, int Width, class... Arguments>
HWY_INLINE void nearest_by_tiles(const TileView& x, Index rows, const Arguments&... arguments) {
  constexpr int half = std::max(Vectors / 2, 1);
  const Index left = rows % (Vectors * lanes());
  const Index whole = left <= Vectors / 2 * lanes() ? rows - left : rows;
  nearest_of<Height, Vectors, Width>(x, 0, whole, arguments...);
  if (whole < rows) nearest_of<Height, half, Width>(x, whole, rows, arguments...);
}

template <class Labels>
HWY_INLINE void nearest_to(const TileView& x, Index rows, Index d, const Centers& centers,
                           const Ahead& ahead, double* centered, const Labels& labels) {
  if (tile_rows(d) == wide_tile) {
    nearest_by_tiles<4, tile_vectors, wide_tile>(x, rows, d, centers, ahead, centered, labels);
  } else {
    nearest_by_tiles<8, tile_vectors / 2, narrow_tile>(x, rows, d, centers, ahead, centered,
                                                       labels);
  }
}

void nearest_labels(const TileView& x, Index rows, Index d, const Centers& centers,
                    const Ahead& ahead, double* centered, std::int64_t* label) {
  nearest_to(x, rows, d, centers, ahead, centered, SettledLabels{label});
}

void nearest_bounds(const TileView& x, Index rows, Index d, const Centers& centers,
                    const Ahead& ahead, double* centered, std::int64_t* label, double* least,
                    double* within, double* beyond) {
  nearest_to(x, rows, d, centers, ahead, centered, BoundedLabels{label, least, within, beyond});
}

// Four columns of a tile as rows of four; columns that are not there are zero.
HWY_INLINE void turn(const double* x, Index step, Index width, Index columns, double* turned) {
  const V zero = hn::Zero(Lanes());
  for (Index i = 0; i < width; i += lanes()) {
    const V second = columns > 1 ? hn::LoadU(Lanes(), x + step + i) : zero;
    const V third = columns > 2 ? hn::LoadU(Lanes(), x + 2 * step + i) : zero;
    const V fourth = columns > 3 ? hn::LoadU(Lanes(), x + 3 * step + i) : zero;
    hn::StoreInterleaved4(hn::LoadU(Lanes(), x + i), second, third, fourth, Lanes(),
                          turned + 4 * i);
  }
}

// One row, from which every `turned_step`-th four numbers are. Behind the last column this adds
// zero.
template <bool weighted>
HWY_INLINE void add_member(const double* turned, Index turned_step, Index padded,
                           const double* center, double w, double* sum) {
  const hn::CappedTag<double, 4> part;
  const auto step = static_cast<Index>(hn::Lanes(part));
  const auto factor = hn::Set(part, w);
  for (Index j = 0; j < padded; j += 4, turned += turned_step) {
    for (Index c = 0; c < 4; c += step) {
      auto off = hn::Sub(hn::Load(part, turned + c), hn::LoadU(part, center + j + c));
      if constexpr (weighted) off = hn::Mul(factor, off);
      hn::StoreU(hn::Add(hn::LoadU(part, sum + j + c), off), part, sum + j + c);
    }
  }
}

// Products and sums apart, in the order of the rows: the same bits on every target. `turned` has
// room for a tile of the padded dimension.
void add_members(const TileView& x, Index rows, Index d, const double* centers, Index padded,
                 const Index* label, const double* w, double* turned, double* sum, double* mass) {
  const Index width = tile_rows(d);
  for (Index begin = 0; begin < rows; begin += width) {
    const Index count = std::min(width, rows - begin);
    const double* tile = x.at(begin, width);
    for (Index j = 0; j < d; j += 4, tile += 4 * x.column_step) {
      turn(tile, x.column_step, width, std::min<Index>(4, d - j), turned + j * width);
    }
    for (Index i = 0; i < count; ++i) {
      const Index c = label[begin + i];
      if (c < 0) continue;
      const double* center = centers + c * padded;
      double* to = sum + c * padded;
      if (w != nullptr) {
        add_member<true>(turned + 4 * i, 4 * width, padded, center, w[begin + i], to);
        mass[c] += w[begin + i];
      } else {
        add_member<false>(turned + 4 * i, 4 * width, padded, center, 1, to);
        mass[c] += 1;
      }
    }
  }
}

// Squared distances of rows from 4 points, from differences.
void distances_to_points(const TileView& x, Index rows, Index d, const double* points, double* out,
                         Index out_stride, Index count) {
  const Index width = tile_rows(d);
  const Lanes tag;
  const Index step = lanes();
  static_assert(tile_vectors * hn::MaxLanes(Lanes()) <= wide_tile);
  for (Index i = 0; i < rows; i += tile_vectors * step) {
    const double* columns[tile_vectors];
    for (Index v = 0; v < tile_vectors; ++v) columns[v] = x.at(i + v * step, width);
    V sum[4][tile_vectors];
    MIX_UNROLL
    for (int r = 0; r < 4; ++r) {
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v) sum[r][v] = hn::Zero(tag);
    }
    for (Index j = 0; j < d; ++j) {
      V row[tile_vectors];
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v)
        row[v] = hn::LoadU(tag, columns[v] + j * x.column_step);
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
HWY_EXPORT(nearest_labels);
HWY_EXPORT(nearest_bounds);
HWY_EXPORT(add_members);
HWY_EXPORT(distances_to_points);

void PackedCenters::pack(const Matrix& centers, ConstVectorRef origin) {
  const Index k = centers.rows();
  const Index d = centers.cols();
  const Index panel = panel_height(d);
  origin_ = origin;
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
      at[r] = c < k ? norm : std::numeric_limits<double>::max();  // never the least
      largest_ = std::max(largest_, norm);
    }
  }
  if (!centers.allFinite()) largest_ = infinity;
}

namespace {

// Columns at distances of half a page or so keep driving each other out of the cache.
bool columns_collide(Rows x) {
  constexpr Index half_page = 256;  // numbers
  return x.cols() > 1 && x.outerStride() % half_page == 0;
}

}  // namespace

void Tiles::hold(Index rows, Index dimension) {
  rows_ = rows;
  dimension_ = dimension;
  if (values_.size() < packed_rows * dimension_) values_.resize(packed_rows * dimension_);
  data_ = values_.data();
  column_step_ = tile_rows(dimension_);
  tile_step_ = column_step_ * dimension_;
}

void Tiles::read(Rows x) {
  const Index width = tile_rows(x.cols());
  if (x.rows() % width == 0 && !columns_collide(x)) {
    rows_ = x.rows();
    dimension_ = x.cols();
    data_ = x.data();
    column_step_ = x.outerStride();
    tile_step_ = width;
    return;
  }
  hold(x.rows(), x.cols());
  HWY_DYNAMIC_DISPATCH(pack_tiles)
  (x.data(), x.outerStride(), rows_, dimension_, values_.data());
}

void Tiles::gather(Rows x, const Index* which, Index count) {
  hold(count, x.cols());
  const Index width = tile_rows(dimension_);
  for (Index j = 0; j < dimension_; ++j) {
    const double* column = x.data() + j * x.outerStride();
    double* to = values_.data() + j * width;
    for (Index i = 0; i < count; i += width, to += dimension_ * width) {
      for (Index r = 0; r < width; ++r) to[r] = i + r < count ? column[which[i + r]] : 0.0;
    }
  }
}

namespace {

TileView view(const Tiles& x) { return {x.data(), x.tile_step(), x.column_step()}; }

Centers view(const PackedCenters& centers) {
  return {centers.data(), centers.panels(), centers.origin().data(), centers.largest()};
}

// Where `nearest` puts a tile whose origin is that of the centers.
double* room_for_tile(Index d) {
  thread_local Vector centered;
  if (centered.size() < wide_tile * d) centered.resize(wide_tile * d);
  return centered.data();
}

}  // namespace

void nearest(const Tiles& x, const PackedCenters& centers, Rows next, Nearest& out) {
  HWY_DYNAMIC_DISPATCH(nearest_bounds)
  (view(x), x.rows(), x.dimension(), view(centers), Ahead(next), room_for_tile(x.dimension()),
   out.label.data(), out.least.data(), out.within.data(), out.beyond.data());
}

void nearest(const Tiles& x, const PackedCenters& centers, Rows next, Labels& label) {
  HWY_DYNAMIC_DISPATCH(nearest_labels)
  (view(x), x.rows(), x.dimension(), view(centers), Ahead(next), room_for_tile(x.dimension()),
   label.data());
}

void add_members(const Tiles& x, const Matrix& centers, const Index* label, const double* w,
                 VectorRef sum) {
  thread_local Vector turned;
  if (turned.size() < wide_tile * centers.rows()) turned.resize(wide_tile * centers.rows());
  HWY_DYNAMIC_DISPATCH(add_members)
  (view(x), x.rows(), x.dimension(), centers.data(), centers.rows(), label, w, turned.data(),
   sum.data(), sum.data() + centers.size());
}

void squared_distances(const Tiles& x, ConstMatrixRef points, MatrixRef out) {
  const Index d = x.dimension();
  alignas(64) std::array<double, 4 * packed_rows> block;
  Matrix four(4, d);
  for (Index c = 0; c < points.cols(); c += 4) {
    const Index count = std::min<Index>(4, points.cols() - c);
    for (Index r = 0; r < 4; ++r) four.row(r) = points.col(c + std::min(r, count - 1)).transpose();
    HWY_DYNAMIC_DISPATCH(distances_to_points)
    (view(x), x.rows(), d, four.data(), block.data(), packed_rows, count);
    for (Index r = 0; r < count; ++r) {
      std::copy_n(block.data() + r * packed_rows, x.rows(), out.col(c + r).data());
    }
  }
}

}  // namespace mix::kernels
#endif
