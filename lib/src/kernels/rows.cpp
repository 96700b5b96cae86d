// Row by row: shares from log densities, weights, packing.
#include <algorithm>
#include <cstdint>

#include "mix/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rows.cpp"
#include <hwy/foreach_target.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// One vector of rows: `l` points to their first column. Tempered: beta is not one.
template <bool Tempered, class Access>
HWY_INLINE void softmax_rows(const Access& access, double* l, Index stride, Index k, double beta,
                             double* term) {
  const Lanes d;
  V highest = access.load(l);
  V sum_of_all = highest;  // NaN where an entry is
  for (Index c = 1; c < k; ++c) {
    const V x = access.load(l + c * stride);
    highest = hn::Max(highest, x);
    sum_of_all = hn::Add(sum_of_all, x);
  }
  const V center = hn::IfThenElse(hn::Eq(highest, hn::Neg(hn::Inf(d))), hn::Zero(d), highest);
  V sum = hn::Zero(d);
  for (Index c = 0; c < k; ++c) {
    double* at = l + c * stride;
    V x = hn::Sub(access.load(at), center);
    if (Tempered) x = hn::Mul(x, hn::Set(d, beta));
    const V e = exp_of(x);
    access.store(e, at);
    sum = hn::Add(sum, e);
  }
  const auto whole = hn::Eq(sum_of_all, sum_of_all);
  const auto usable = hn::And(hn::Gt(sum, hn::Zero(d)), whole);
  const V share = hn::Div(hn::Set(d, 1.0), sum);
  if (HWY_LIKELY(hn::AllTrue(d, usable))) {
    for (Index c = 0; c < k; ++c) {
      double* at = l + c * stride;
      access.store(hn::Mul(access.load(at), share), at);
    }
  } else {
    for (Index c = 0; c < k; ++c) {
      double* at = l + c * stride;
      access.store(hn::IfThenElseZero(usable, hn::Mul(access.load(at), share)), at);
    }
  }
  V log_sum = log_of(sum);
  if (Tempered) log_sum = hn::Div(log_sum, hn::Set(d, beta));
  access.store(hn::IfThenElse(whole, hn::Add(center, log_sum), sum_of_all), term);
}

template <bool Tempered>
HWY_INLINE void softmax_block(double* l, Index stride, Index rows, Index k, double beta,
                              double* term) {
  const Index step = lanes();
  Index i = 0;
  for (; i + step <= rows; i += step) {
    softmax_rows<Tempered>(Full(), l + i, stride, k, beta, term + i);
  }
  if (i < rows) softmax_rows<Tempered>(Part(rows - i), l + i, stride, k, beta, term + i);
}

void softmax(double* l, Index stride, Index rows, Index k, double beta, double* term) {
  if (beta == 1) {
    softmax_block<false>(l, stride, rows, k, beta, term);
  } else {
    softmax_block<true>(l, stride, rows, k, beta, term);
  }
}

// The sum of a column, multiplied by w where that is not null.
double weighted_sum(double* r, const double* w, Index rows) {
  const Index step = lanes();
  V sum = hn::Zero(Lanes());
  Index i = 0;
  for (; i + step <= rows; i += step) {
    V x = Full().load(r + i);
    if (w != nullptr) {
      x = hn::Mul(x, Full().load(w + i));
      Full().store(x, r + i);
    }
    sum = hn::Add(sum, x);
  }
  if (i < rows) {
    const Part part(rows - i);
    V x = part.load(r + i);
    if (w != nullptr) {
      x = hn::Mul(x, part.load(w + i));
      part.store(x, r + i);
    }
    sum = hn::Add(sum, x);
  }
  return sum_of(sum);
}

void pack(const double* x, double center, Index rows, double* packed, Index packed_size) {
  const Index step = lanes();
  const V c = hn::Set(Lanes(), center);
  Index i = 0;
  for (; i + step <= rows; i += step) Full().store(hn::Sub(Full().load(x + i), c), packed + i);
  for (; i < rows; ++i) packed[i] = x[i] - center;
  for (; i < packed_size; ++i) packed[i] = 0;
}

void exponential(const double* x, Index n, double* out) {
  const Index step = lanes();
  Index i = 0;
  for (; i + step <= n; i += step) Full().store(exp_of(Full().load(x + i)), out + i);
  if (i < n) Part(n - i).store(exp_of(Part(n - i).load(x + i)), out + i);
}

void logarithm(const double* x, Index n, double* out) {
  const Index step = lanes();
  Index i = 0;
  for (; i + step <= n; i += step) Full().store(log_of(Full().load(x + i)), out + i);
  if (i < n) Part(n - i).store(log_of(Part(n - i).load(x + i)), out + i);
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(softmax);
HWY_EXPORT(weighted_sum);
HWY_EXPORT(pack);
HWY_EXPORT(exponential);
HWY_EXPORT(logarithm);

void softmax(MatrixRef l, double beta, VectorRef term) {
  if (l.size() == 0) return;
  HWY_DYNAMIC_DISPATCH(softmax)
  (l.data(), l.outerStride(), l.rows(), l.cols(), beta, term.data());
}

void weigh(MatrixRef r, Weights w, VectorRef mass) {
  for (Index k = 0; k < r.cols(); ++k) {
    mass[k] += HWY_DYNAMIC_DISPATCH(weighted_sum)(r.col(k).data(), w.data(), r.rows());
  }
}

void add_sums(ConstMatrixRef r, VectorRef mass) {
  for (Index k = 0; k < r.cols(); ++k) {
    // Without weights nothing is written.
    auto* column = const_cast<double*>(r.col(k).data());  // NOLINT(*-const-cast)
    mass[k] += HWY_DYNAMIC_DISPATCH(weighted_sum)(column, nullptr, r.rows());
  }
}

void pack(Rows x, ConstVectorRef center, MatrixRef packed) {
  for (Index j = 0; j < x.cols(); ++j) {
    HWY_DYNAMIC_DISPATCH(pack)
    (x.col(j).data(), center[j], x.rows(), packed.col(j).data(), packed.rows());
  }
  packed.rightCols(packed.cols() - x.cols()).setZero();
}

void exponential(ConstVectorRef x, VectorRef out) {
  HWY_DYNAMIC_DISPATCH(exponential)(x.data(), x.size(), out.data());
}

void logarithm(ConstVectorRef x, VectorRef out) {
  HWY_DYNAMIC_DISPATCH(logarithm)(x.data(), x.size(), out.data());
}

}  // namespace mix::kernels
#endif
