// From sums of exponentials to shares and to the log-likelihood. Included once per target.
#if defined(MIX_KERNELS_SHARING_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MIX_KERNELS_SHARING_INL_H
#undef MIX_KERNELS_SHARING_INL_H
#else
#define MIX_KERNELS_SHARING_INL_H
#endif

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// The log-likelihood of the rows so far, in three sums.
struct LogLikelihood {
  V highest;  // of the largest terms
  V product;  // of sums between 1 and k, whose logarithm is still to come
  V logs;     // of other logarithms

  HWY_INLINE void clear() {
    highest = hn::Zero(Lanes());
    product = hn::Set(Lanes(), 1.0);
    logs = hn::Zero(Lanes());
  }
  // To be called before the product of such sums could overflow.
  HWY_INLINE void take_logarithm() {
    logs = hn::Add(logs, log_of(product));
    product = hn::Set(Lanes(), 1.0);
  }
  HWY_INLINE double value() {
    take_logarithm();
    return sum_of(hn::Add(highest, logs));
  }

  // Adds weight times term; a row of weight zero counts for nothing even where its term is
  // infinite.
  template <class Access>
  HWY_INLINE void add(const Access& access, V weight, V term) {
    const V part = hn::IfThenElseZero(hn::Gt(weight, hn::Zero(Lanes())), hn::Mul(weight, term));
    logs = hn::Add(logs, access.kept(part));
  }
};

// As many sums may be multiplied before take_logarithm, each of up to 2^30 terms between 0 and 1,
// of which one is 1.
constexpr int most_factors = 32;

// What the exponentials of terms less the highest one, which add up to `sum`, are to be multiplied
// by, so that they become shares of the rows' weights (`w` points to these, or is null). Rows whose
// terms are all minus infinity get shares 0.
template <class Access>
HWY_INLINE V share_of(const Access& access, V highest, V sum, const double* w,
                      LogLikelihood& likelihood) {
  const Lanes d;
  const V one = hn::Set(d, 1.0);
  const auto possible = hn::Gt(sum, hn::Zero(d));
  if (Access::whole && w == nullptr && HWY_LIKELY(hn::AllTrue(d, possible))) {
    likelihood.highest = hn::Add(likelihood.highest, highest);
    likelihood.product = hn::Mul(likelihood.product, sum);
    return hn::Div(one, sum);
  }
  const V weight = w != nullptr ? access.load(w) : one;
  likelihood.add(access, weight, hn::Add(highest, log_of(sum)));
  return hn::IfThenElseZero(possible, hn::Div(weight, sum));
}

// Minus infinity, which cannot be subtracted from itself, as zero.
HWY_INLINE V finite_center(V highest) {
  const Lanes d;
  return hn::IfThenElse(hn::Eq(highest, hn::Neg(hn::Inf(d))), hn::Zero(d), highest);
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
