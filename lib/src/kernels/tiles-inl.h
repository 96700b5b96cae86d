// Inner products of 4 columns with 4 columns. Included once per target.
#if defined(MIX_KERNELS_TILES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MIX_KERNELS_TILES_INL_H
#undef MIX_KERNELS_TILES_INL_H
#else
#define MIX_KERNELS_TILES_INL_H
#endif

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
HWY_INLINE V add_neighbors(V low, [[maybe_unused]] V high) {
#if HWY_TARGET == HWY_SCALAR
  return low;  // never called: a vector of one lane is its own sum
#else
  const Lanes d;
  return hn::Add(hn::ConcatEven(d, high, low), hn::ConcatOdd(d, high, low));
#endif
}

// sums[i] = the sum of the lanes of v[i], for 16 vectors.
HWY_INLINE void sums_of_16(V* v, double* sums) {
  const Lanes d;
  size_t count = 16;
  for (size_t width = hn::Lanes(d); width > 1; width /= 2) {
    count /= 2;
    for (size_t i = 0; i < count; ++i) v[i] = add_neighbors(v[2 * i], v[2 * i + 1]);
  }
  for (size_t i = 0; i < count; ++i) hn::StoreU(v[i], d, sums + i * hn::Lanes(d));
}

// 4 x 4 vector accumulators of products of columns, row by column: (r, c) at 4 r + c. Where the
// registers are few, half of them at a time.
class Tile {
 public:
  HWY_INLINE void clear() {
    MIX_UNROLL
    for (V& v : v_) v = hn::Zero(Lanes());
  }
  HWY_INLINE void load(const double* from) {
    MIX_UNROLL
    for (int i = 0; i < 16; ++i) v_[i] = hn::LoadU(Lanes(), from + i * lanes());
  }
  HWY_INLINE void store(double* to) const {
    MIX_UNROLL
    for (int i = 0; i < 16; ++i) hn::StoreU(v_[i], Lanes(), to + i * lanes());
  }
  HWY_INLINE void sums(double* sums) { sums_of_16(v_, sums); }

  HWY_INLINE void add(const double* const* left, const double* const* right, Index rows) {
    MIX_UNROLL
    for (int c = 0; c < 4; c += tile_vectors) add_columns(left, right + c, rows, v_ + c);
  }

 private:
  template <class Access>
  static HWY_INLINE void step(const Access& access, const double* const* left,
                              const double* const* right, Index i, V (&sum)[4][tile_vectors]) {
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
  static HWY_INLINE void add_columns(const double* const* left, const double* const* right,
                                     Index rows, V* total) {
    V sum[4][tile_vectors];
    MIX_UNROLL
    for (int r = 0; r < 4; ++r) {
      MIX_UNROLL
      for (int c = 0; c < tile_vectors; ++c) sum[r][c] = total[4 * r + c];
    }
    const double* a[4] = {left[0], left[1], left[2], left[3]};
    const double* b[tile_vectors];
    MIX_UNROLL
    for (int c = 0; c < tile_vectors; ++c) b[c] = right[c];
    Index i = 0;
    for (const Index width = lanes(); i + width <= rows; i += width) step(Full(), a, b, i, sum);
    if (i < rows) step(Part(rows - i), a, b, i, sum);
    MIX_UNROLL
    for (int r = 0; r < 4; ++r) {
      MIX_UNROLL
      for (int c = 0; c < tile_vectors; ++c) total[4 * r + c] = sum[r][c];
    }
  }

  V v_[16];
};

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
