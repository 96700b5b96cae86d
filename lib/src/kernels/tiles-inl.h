// Inner products of 4 columns with 4 columns. Included once per target.
#if defined(MIX_KERNELS_TILES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MIX_KERNELS_TILES_INL_H
#undef MIX_KERNELS_TILES_INL_H
#else
#define MIX_KERNELS_TILES_INL_H
#endif

#include <hwy/cache_control.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// constant - distance / 2, and minus infinity where the distance overflowed to NaN.
HWY_INLINE V log_density_of(V distance, double constant) {
  const Lanes d;
  const V value = hn::NegMulAdd(hn::Set(d, 0.5), distance, hn::Set(d, constant));
  return hn::IfThenElse(hn::IsNaN(value), hn::Neg(hn::Inf(d)), value);
}

// Two vectors as one of sums of neighbors: those of `low`, then those of `high`.
template <class Any>
HWY_INLINE Any add_neighbors(Any low, [[maybe_unused]] Any high) {
#if HWY_TARGET == HWY_SCALAR
  return low;  // never called: a vector of one lane is its own sum
#else
  const hn::DFromV<Any> d;
  return hn::Add(hn::ConcatEven(d, high, low), hn::ConcatOdd(d, high, low));
#endif
}

// sums[i] = the sum of the lanes of v[i], for 16 vectors.
template <class T>
HWY_INLINE void sums_of_16(VectorOf<T>* v, T* sums) {
  constexpr int width = static_cast<int>(hn::MaxLanes(LanesOf<T>()));
  if constexpr (width > 1) {
    MIX_UNROLL
    for (int i = 0; i < 8; ++i) v[i] = add_neighbors(v[2 * i], v[2 * i + 1]);
  }
  if constexpr (width > 2) {
    MIX_UNROLL
    for (int i = 0; i < 4; ++i) v[i] = add_neighbors(v[2 * i], v[2 * i + 1]);
  }
  if constexpr (width > 4) {
    MIX_UNROLL
    for (int i = 0; i < 2; ++i) v[i] = add_neighbors(v[2 * i], v[2 * i + 1]);
  }
  if constexpr (width > 8) v[0] = add_neighbors(v[0], v[1]);
  MIX_UNROLL
  for (int i = 0; i < 16 / width; ++i) hn::StoreU(v[i], LanesOf<T>(), sums + i * width);
}

// 4 x 4 vector accumulators of products of left columns r with right columns c, at 4 c + r. Where
// the registers are few, half of them at a time.
template <class T>
class TileOf {
  using Lanes = LanesOf<T>;
  using V = VectorOf<T>;
  static HWY_INLINE Index lanes() { return lanes_of<T>(); }

 public:
  HWY_INLINE void clear() {
    MIX_UNROLL
    for (V& v : v_) v = hn::Zero(Lanes());
  }
  HWY_INLINE void load(const T* from) {
    MIX_UNROLL
    for (int i = 0; i < 16; ++i) v_[i] = hn::LoadU(Lanes(), from + i * lanes());
  }
  HWY_INLINE void store(T* to) const {
    MIX_UNROLL
    for (int i = 0; i < 16; ++i) hn::StoreU(v_[i], Lanes(), to + i * lanes());
  }
  HWY_INLINE void sums(T* sums) { sums_of_16(v_, sums); }

  HWY_INLINE void add(const T* const* left, const T* const* right, Index rows) {
    MIX_UNROLL
    for (int c = 0; c < 4; c += tile_vectors) add_columns(left, right + c, rows, c);
  }

  // The same for panels (for each vector of rows, those of 4 columns one after the other), of which
  // the right one is taken less `shift`. The adders have time for that while the multipliers work.
  // Of a tile on the diagonal only what is not above it.
  template <bool OnDiagonal>
  HWY_INLINE void add_panels(const T* left, const T* right, const T* shift, Index rows) {
    MIX_UNROLL
    for (int c = 0; c < 4; c += tile_vectors) {
      V sum[4][tile_vectors];
      get(sum, c);
      V center[tile_vectors];
      MIX_UNROLL
      for (int v = 0; v < tile_vectors; ++v) center[v] = hn::Set(Lanes(), shift[c + v]);
      const T* a = left;
      const T* b = right + c * lanes();
      for (Index i = 0; i < rows; i += lanes(), a += 4 * lanes(), b += 4 * lanes()) {
        V columns[tile_vectors];
        MIX_UNROLL
        for (int v = 0; v < tile_vectors; ++v) {
          columns[v] = hn::Sub(hn::Load(Lanes(), b + v * lanes()), center[v]);
        }
        MIX_UNROLL
        for (int r = 0; r < 4; ++r) {
          const V x = hn::Load(Lanes(), a + r * lanes());
          MIX_UNROLL
          for (int v = 0; v < tile_vectors; ++v) {
            if (OnDiagonal && r < c + v) continue;
            sum[r][v] = hn::MulAdd(x, columns[v], sum[r][v]);
          }
        }
      }
      put(sum, c);
    }
  }

  // As add_panels with the left panel less `left_shift` and times r, which is stored as `weighted`
  // and added to `totals`, one vector per column.
  template <bool OnDiagonal>
  HWY_INLINE void add_weighted_panels(const T* left, const T* left_shift, const T* r,
                                      const T* right, const T* right_shift, Index rows, T* weighted,
                                      T* totals) {
    const Lanes d;
    const Index step = lanes();
    V left_center[4];
    V right_center[4];
    V first[4];
    MIX_UNROLL
    for (int k = 0; k < 4; ++k) {
      left_center[k] = hn::Set(d, left_shift[k]);
      right_center[k] = hn::Set(d, right_shift[k]);
      first[k] = hn::LoadU(d, totals + k * step);
    }
    for (Index i = 0; i < rows; i += step) {
      const V share = hn::Load(d, r + i);
      V b[4];
      MIX_UNROLL
      for (int c = 0; c < 4; ++c) {
        b[c] = hn::Sub(hn::Load(d, right + 4 * i + c * step), right_center[c]);
      }
      MIX_UNROLL
      for (int k = 0; k < 4; ++k) {
        const V off =
            OnDiagonal ? b[k] : hn::Sub(hn::Load(d, left + 4 * i + k * step), left_center[k]);
        const V a = hn::Mul(share, off);
        hn::Store(a, d, weighted + 4 * i + k * step);
        first[k] = hn::Add(first[k], a);
        MIX_UNROLL
        for (int c = 0; c < 4; ++c) {
          if (OnDiagonal && k < c) continue;
          v_[4 * c + k] = hn::MulAdd(a, b[c], v_[4 * c + k]);
        }
      }
    }
    MIX_UNROLL
    for (int k = 0; k < 4; ++k) hn::StoreU(first[k], d, totals + k * step);
  }

 private:
  template <class Access>
  static HWY_INLINE void step(const Access& access, const T* const* left, const T* const* right,
                              Index i, V (&sum)[4][tile_vectors]) {
    V b[tile_vectors];
    MIX_UNROLL
    for (int c = 0; c < tile_vectors; ++c) b[c] = access.load(right[c] + i);
    MIX_UNROLL
    for (int r = 0; r < 4; ++r) {
      const V a = access.load(left[r] + i);
      MIX_UNROLL
      for (int c = 0; c < tile_vectors; ++c) sum[r][c] = hn::MulAdd(a, b[c], sum[r][c]);
    }
  }

  // The sums stay in registers over the rows.
  HWY_INLINE void add_columns(const T* const* left, const T* const* right, Index rows, int first) {
    V sum[4][tile_vectors];
    get(sum, first);
    const T* a[4] = {left[0], left[1], left[2], left[3]};
    const T* b[tile_vectors];
    MIX_UNROLL
    for (int c = 0; c < tile_vectors; ++c) b[c] = right[c];
    Index i = 0;
    for (const Index width = lanes(); i + width <= rows; i += width) step(Full(), a, b, i, sum);
    if (i < rows) step(Part(rows - i), a, b, i, sum);
    put(sum, first);
  }

  // Some columns of the tile, as local variables that become registers.
  HWY_INLINE void get(V (&sum)[4][tile_vectors], int first) const {
    MIX_UNROLL
    for (int r = 0; r < 4; ++r) {
      MIX_UNROLL
      for (int c = 0; c < tile_vectors; ++c) sum[r][c] = v_[4 * (first + c) + r];
    }
  }
  HWY_INLINE void put(const V (&sum)[4][tile_vectors], int first) {
    MIX_UNROLL
    for (int r = 0; r < 4; ++r) {
      MIX_UNROLL
      for (int c = 0; c < tile_vectors; ++c) v_[4 * (first + c) + r] = sum[r][c];
    }
  }

  V v_[16];
};
using Tile = TileOf<double>;

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
