// Vector exp and log. Included once per target.
#if defined(MIX_KERNELS_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MIX_KERNELS_MATH_INL_H
#undef MIX_KERNELS_MATH_INL_H
#else
#define MIX_KERNELS_MATH_INL_H
#endif

#include <hwy/highway.h>

#include "mix/types.h"

// Tiles stay in registers only where the loops over their vectors are gone.
#undef MIX_UNROLL
#define MIX_UNROLL _Pragma("GCC unroll 16")

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using LanesOf = hn::ScalableTag<T>;
template <class T>
using VectorOf = hn::Vec<LanesOf<T>>;
using Lanes = LanesOf<double>;
using V = VectorOf<double>;

// How many vectors a tile is wide: 32 registers hold 4 x 4 accumulators and what feeds them, 16
// hold 4 x 2.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM
inline constexpr int tile_vectors = 4;
#else
inline constexpr int tile_vectors = 2;
#endif

// How to read and write a full vector, and the first rows of one.
struct Full {
  static constexpr bool whole = true;
  HWY_INLINE V kept(V v) const { return v; }
  HWY_INLINE V load(const double* p) const { return hn::LoadU(Lanes(), p); }
  HWY_INLINE void store(V v, double* p) const { hn::StoreU(v, Lanes(), p); }
};
class Part {
 public:
  static constexpr bool whole = false;
  explicit HWY_INLINE Part(Index rows)
      : rows_(rows), mask_(hn::FirstN(Lanes(), static_cast<size_t>(rows))) {}
  // Zero in the lanes beyond the rows.
  HWY_INLINE V kept(V v) const { return hn::IfThenElseZero(mask_, v); }
  HWY_INLINE V load(const double* p) const {
#if HWY_TARGET <= HWY_AVX2
    return hn::MaskedLoad(mask_, Lanes(), p);
#else  // may read what is masked
    HWY_ALIGN double copy[16] = {};
    for (Index i = 0; i < rows_; ++i) copy[i] = p[i];
    return hn::Load(Lanes(), copy);
#endif
  }
  HWY_INLINE void store(V v, double* p) const {
#if HWY_TARGET <= HWY_AVX2
    hn::BlendedStore(v, mask_, Lanes(), p);
#else
    HWY_ALIGN double copy[16];
    hn::Store(v, Lanes(), copy);
    for (Index i = 0; i < rows_; ++i) p[i] = copy[i];
#endif
  }

 private:
  [[maybe_unused]] Index rows_;
  hn::Mask<Lanes> mask_;
};

template <class T>
HWY_INLINE Index lanes_of() {
  return static_cast<Index>(hn::Lanes(LanesOf<T>()));
}
HWY_INLINE Index lanes() { return lanes_of<double>(); }

template <class Any>
HWY_INLINE auto sum_of(Any v) {
  return hn::GetLane(hn::SumOfLanes(hn::DFromV<Any>(), v));
}

// exp(x) for x up to 709; 0 below -708, where results would not be normal numbers. With
// n = round(x / log 2) and r = x - n log 2: 2^n times 1 + r + r^2 q(r), where q makes this the
// polynomial of degree 11 with the least relative error for |r| <= 0.347, 4e-18 (by Remez'
// algorithm).
HWY_INLINE V exp_of(V x) {
  const Lanes d;
  const hn::RebindToSigned<Lanes> di;
  // Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits.
  const V magic = hn::Set(d, 6755399441055744.0);
  const V t = hn::MulAdd(x, hn::Set(d, 1.44269504088896340736), magic);
  const V n = hn::Sub(t, magic);
  V r = hn::NegMulAdd(n, hn::Set(d, 6.93147180369123816490e-01), x);
  r = hn::NegMulAdd(n, hn::Set(d, 1.90821492927058770002e-10), r);
  const V r2 = hn::Mul(r, r);
  const V r4 = hn::Mul(r2, r2);
  const V r8 = hn::Mul(r4, r4);
  const V p01 = hn::Add(r, hn::Set(d, 1.0));
  const V p23 = hn::MulAdd(r, hn::Set(d, 0x1.55555555554f9p-3), hn::Set(d, 0x1.000000000000ap-1));
  const V p45 = hn::MulAdd(r, hn::Set(d, 0x1.1111111127e83p-7), hn::Set(d, 0x1.55555555507f1p-5));
  const V p67 = hn::MulAdd(r, hn::Set(d, 0x1.a01a0129b4612p-13), hn::Set(d, 0x1.6c16c1844b01cp-10));
  const V p89 = hn::MulAdd(r, hn::Set(d, 0x1.71df262c451e1p-19), hn::Set(d, 0x1.a01999adcb23bp-16));
  const V pab = hn::MulAdd(r, hn::Set(d, 0x1.ad7f02ab63935p-26), hn::Set(d, 0x1.28adce7339679p-22));
  const V low = hn::MulAdd(hn::MulAdd(p67, r2, p45), r4, hn::MulAdd(p23, r2, p01));
  const V p = hn::MulAdd(hn::MulAdd(pab, r2, p89), r8, low);
  const V scaled =
      hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<52>(hn::BitCast(di, t))));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -708.0)), scaled);
}

// log(x) for positive normal x, minus infinity for 0. With x = 2^k m, sqrt(1/2) <= m < sqrt(2), and
// s = (m - 1) / (m + 1): log m = 2 atanh(s) by the minimax polynomial of fdlibm.
HWY_INLINE V log_of(V x) {
  const Lanes d;
  const hn::RebindToSigned<Lanes> di;
  const auto bits = hn::BitCast(di, x);
  const auto shifted = hn::Sub(bits, hn::Set(di, 0x3fe6a09e667f3bcdLL));
  const V k = hn::ConvertTo(d, hn::ShiftRight<52>(shifted));
  const auto exponent = hn::And(shifted, hn::Set(di, static_cast<int64_t>(0xfff0000000000000ULL)));
  const V m = hn::BitCast(d, hn::Sub(bits, exponent));
  const V f = hn::Sub(m, hn::Set(d, 1.0));
  const V s = hn::Div(f, hn::Add(f, hn::Set(d, 2.0)));
  const V z = hn::Mul(s, s);
  V r = hn::MulAdd(z, hn::Set(d, 1.479819860511658591e-01), hn::Set(d, 1.531383769920937332e-01));
  r = hn::MulAdd(z, r, hn::Set(d, 1.818357216161805012e-01));
  r = hn::MulAdd(z, r, hn::Set(d, 2.222219843214978396e-01));
  r = hn::MulAdd(z, r, hn::Set(d, 2.857142874366239149e-01));
  r = hn::MulAdd(z, r, hn::Set(d, 3.999999999940941908e-01));
  r = hn::MulAdd(z, r, hn::Set(d, 6.666666666666735130e-01));
  r = hn::Mul(r, z);
  const V half = hn::Mul(hn::Mul(f, f), hn::Set(d, 0.5));
  const V tail =
      hn::MulAdd(k, hn::Set(d, 1.90821492927058770002e-10), hn::Mul(s, hn::Add(half, r)));
  const V low = hn::Sub(hn::Sub(half, tail), f);
  const V result = hn::MulSub(k, hn::Set(d, 6.93147180369123816490e-01), low);
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(hn::Inf(d)), result);
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
