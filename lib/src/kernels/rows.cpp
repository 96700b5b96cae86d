// Row by row: shares from log densities, weights, packing.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "kernels/ahead.h"
#include "mix/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rows.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>

#include "kernels/sharing-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// What a tile of rows needs besides the densities.
struct Sharing {
  const double* log_weights;  // or null
  const double* w;            // of the block's rows, or null
  double* mass;               // one vector per component, or null
  double* term;               // of the block's rows, or null
  double beta;
  Ahead next;
};

// Vectors of rows; `i` is the first of these, `l` points to their first column. Tempered: beta is
// not one.
template <int Vectors, bool Tempered, class Access>
HWY_INLINE void share_rows(const Access& access, double* l, Index stride, Index k, Index i,
                           const Sharing& to, LogLikelihood& likelihood) {
  const Lanes d;
  const Index step = lanes();
  const V one = hn::Set(d, 1.0);
  const V none = hn::Neg(hn::Inf(d));
  V highest[Vectors];
  V sum_of_all[Vectors];  // NaN where an entry is
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    highest[v] = none;
    sum_of_all[v] = hn::Zero(d);
  }
  for (Index c = 0; c < k; ++c) {
    double* at = l + c * stride;
    if (to.log_weights != nullptr && to.log_weights[c] == -infinity) {
      // Also where the density is infinite.
      MIX_UNROLL
      for (int v = 0; v < Vectors; ++v) access.store(none, at + v * step);
    }
    const V log_weight = hn::Set(d, to.log_weights != nullptr ? to.log_weights[c] : 0.0);
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const V x = hn::Add(access.load(at + v * step), log_weight);
      highest[v] = hn::Max(highest[v], x);
      sum_of_all[v] = hn::Add(sum_of_all[v], x);
    }
  }
  V sum[Vectors];
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    highest[v] = finite_center(highest[v]);
    sum[v] = hn::Zero(d);
  }
  for (Index c = 0; c < k; ++c) {
    // Into the second cache: the first one holds the block.
    for (Index j = c; j < to.next.columns; j += k) {
      const double* ahead = to.next.data + j * to.next.stride + i;
      MIX_UNROLL
      for (int v = 0; v < Vectors; ++v) __builtin_prefetch(ahead + v * step, 0, 2);
    }
    double* at = l + c * stride;
    const V log_weight = hn::Set(d, to.log_weights != nullptr ? to.log_weights[c] : 0.0);
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      V x = hn::Sub(hn::Add(access.load(at + v * step), log_weight), highest[v]);
      if (Tempered) x = hn::Mul(x, hn::Set(d, to.beta));
      const V e = exp_of(x);
      access.store(e, at + v * step);
      sum[v] = hn::Add(sum[v], e);
    }
  }
  V share[Vectors];
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    const auto whole = hn::Eq(sum_of_all[v], sum_of_all[v]);
    const double* w = to.w != nullptr ? to.w + i + v * step : nullptr;
    if (!Tempered && to.term == nullptr && HWY_LIKELY(hn::AllTrue(d, whole))) {
      share[v] = share_of(access, highest[v], sum[v], w, likelihood);
      continue;
    }
    const V weight = w != nullptr ? access.load(w) : one;
    V term = log_of(sum[v]);
    if (Tempered) term = hn::Div(term, hn::Set(d, to.beta));
    term = hn::IfThenElse(whole, hn::Add(highest[v], term), sum_of_all[v]);
    if (to.term != nullptr) access.store(term, to.term + i + v * step);
    likelihood.add(access, weight, term);
    const auto usable = hn::And(hn::Gt(sum[v], hn::Zero(d)), whole);
    share[v] = hn::IfThenElseZero(usable, hn::Div(weight, sum[v]));
    for (Index c = 0; !hn::AllTrue(d, whole) && c < k; ++c) {  // NaN times zero would remain
      double* at = l + c * stride + v * step;
      access.store(hn::IfThenElseZero(whole, access.load(at)), at);
    }
  }
  for (Index c = 0; c < k; ++c) {
    double* at = l + c * stride;
    V mass = hn::Zero(d);
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const V r = hn::Mul(access.load(at + v * step), share[v]);
      access.store(r, at + v * step);
      mass = hn::Add(mass, r);
    }
    if (to.mass == nullptr) continue;
    double* total = to.mass + c * step;
    hn::StoreU(hn::Add(hn::LoadU(d, total), access.kept(mass)), d, total);
  }
}

template <bool Tempered>
HWY_INLINE double share_block(double* l, Index stride, Index rows, Index k, const Sharing& to) {
  const Index step = lanes();
  LogLikelihood likelihood;
  likelihood.clear();
  Index i = 0;
  for (int tile = 1; i + tile_vectors * step <= rows; i += tile_vectors * step, ++tile) {
    share_rows<tile_vectors, Tempered>(Full(), l + i, stride, k, i, to, likelihood);
    if (tile * tile_vectors % most_factors == 0) likelihood.take_logarithm();
  }
  for (; i + step <= rows; i += step) {
    share_rows<1, Tempered>(Full(), l + i, stride, k, i, to, likelihood);
    likelihood.take_logarithm();
  }
  if (i < rows) share_rows<1, Tempered>(Part(rows - i), l + i, stride, k, i, to, likelihood);
  return likelihood.value();
}

double share_out(double* l, Index stride, Index rows, Index k, const double* log_weights,
                 const double* w, double beta, double* mass, double* term, const Ahead& next) {
  const Lanes d;
  const Index step = lanes();
  for (Index c = 0; mass != nullptr && c < k; ++c) hn::StoreU(hn::Zero(d), d, mass + c * step);
  const Sharing to{log_weights, w, mass, term, beta, next};
  const double sum = beta == 1 ? share_block<false>(l, stride, rows, k, to)
                               : share_block<true>(l, stride, rows, k, to);
  for (Index c = 0; mass != nullptr && c < k; ++c) mass[c] = sum_of(hn::LoadU(d, mass + c * step));
  return sum;
}

// Of rows' terms the highest, the sum of exponentials less that, and the plain sum, which is NaN
// where an entry is. Weights of zero make a component impossible, whatever its density is.
template <int Vectors, class Access>
HWY_INLINE void sum_terms(const Access& access, const double* l, Index stride, Index k,
                          const double* log_weights, V* highest, V* sum, V* sum_of_all) {
  const Lanes d;
  const Index step = lanes();
  const V none = hn::Neg(hn::Inf(d));
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    highest[v] = none;
    sum_of_all[v] = sum[v] = hn::Zero(d);
  }
  for (Index c = 0; c < k; ++c) {
    const bool impossible = log_weights[c] == -infinity;
    const V log_weight = hn::Set(d, log_weights[c]);
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const V x = impossible ? none : hn::Add(access.load(l + c * stride + v * step), log_weight);
      highest[v] = hn::Max(highest[v], x);
      sum_of_all[v] = hn::Add(sum_of_all[v], x);
    }
  }
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) highest[v] = finite_center(highest[v]);
  for (Index c = 0; c < k; ++c) {
    if (log_weights[c] == -infinity) continue;
    const V log_weight = hn::Set(d, log_weights[c]);
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const V x = hn::Add(access.load(l + c * stride + v * step), log_weight);
      sum[v] = hn::Add(sum[v], exp_of(hn::Sub(x, highest[v])));
    }
  }
}

template <int Vectors, class Access>
HWY_INLINE void log_sum_rows(const Access& access, const double* l, Index stride, Index k,
                             const double* log_weights, double* term) {
  V highest[Vectors];
  V sum[Vectors];
  V sum_of_all[Vectors];
  sum_terms<Vectors>(access, l, stride, k, log_weights, highest, sum, sum_of_all);
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    const auto whole = hn::Eq(sum_of_all[v], sum_of_all[v]);
    const V value = hn::IfThenElse(whole, hn::Add(highest[v], log_of(sum[v])), sum_of_all[v]);
    access.store(value, term + v * lanes());
  }
}

void log_sums(const double* l, Index stride, Index rows, Index k, const double* log_weights,
              double* term) {
  const Index step = lanes();
  Index i = 0;
  for (; i + tile_vectors * step <= rows; i += tile_vectors * step) {
    log_sum_rows<tile_vectors>(Full(), l + i, stride, k, log_weights, term + i);
  }
  for (; i + step <= rows; i += step) {
    log_sum_rows<1>(Full(), l + i, stride, k, log_weights, term + i);
  }
  if (i < rows) log_sum_rows<1>(Part(rows - i), l + i, stride, k, log_weights, term + i);
}

template <int Vectors, class Access>
HWY_INLINE void add_log_sums(const Access& access, const double* l, Index stride, Index k,
                             const double* log_weights, const double* w,
                             LogLikelihood& likelihood) {
  const Lanes d;
  V highest[Vectors];
  V sum[Vectors];
  V sum_of_all[Vectors];
  sum_terms<Vectors>(access, l, stride, k, log_weights, highest, sum, sum_of_all);
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    const double* own = w != nullptr ? w + v * lanes() : nullptr;
    const auto whole = hn::Eq(sum_of_all[v], sum_of_all[v]);
    if (HWY_LIKELY(hn::AllTrue(d, whole))) {
      share_of(access, highest[v], sum[v], own, likelihood);
    } else {
      const V term = hn::IfThenElse(whole, hn::Add(highest[v], log_of(sum[v])), sum_of_all[v]);
      likelihood.add(access, own != nullptr ? access.load(own) : hn::Set(d, 1.0), term);
    }
  }
}

double total_log_sum(const double* l, Index stride, Index rows, Index k, const double* log_weights,
                     const double* w) {
  const Index step = lanes();
  const auto weights = [&](Index i) { return w != nullptr ? w + i : nullptr; };
  LogLikelihood likelihood;
  likelihood.clear();
  Index i = 0;
  for (int tile = 1; i + tile_vectors * step <= rows; i += tile_vectors * step, ++tile) {
    add_log_sums<tile_vectors>(Full(), l + i, stride, k, log_weights, weights(i), likelihood);
    if (tile * tile_vectors % most_factors == 0) likelihood.take_logarithm();
  }
  for (; i + step <= rows; i += step) {
    add_log_sums<1>(Full(), l + i, stride, k, log_weights, weights(i), likelihood);
    likelihood.take_logarithm();
  }
  if (i < rows) {
    add_log_sums<1>(Part(rows - i), l + i, stride, k, log_weights, weights(i), likelihood);
  }
  return likelihood.value();
}

template <int Vectors, class Access>
HWY_INLINE void best_rows(const Access& access, const double* l, Index stride, Index k,
                          const double* log_weights, double* label) {
  const Lanes d;
  const Index step = lanes();
  V highest[Vectors];
  V which[Vectors];
  V nan[Vectors];  // where an entry is
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    highest[v] = hn::Neg(hn::Inf(d));
    which[v] = hn::Set(d, -1.0);
    nan[v] = hn::Zero(d);
  }
  for (Index c = 0; c < k; ++c) {
    if (log_weights[c] == -infinity) continue;
    const V log_weight = hn::Set(d, log_weights[c]);
    const V own = hn::Set(d, static_cast<double>(c));
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const V x = hn::Add(access.load(l + c * stride + v * step), log_weight);
      which[v] = hn::IfThenElse(hn::Gt(x, highest[v]), own, which[v]);
      highest[v] = hn::Max(highest[v], x);
      nan[v] = hn::IfThenElse(hn::Eq(x, x), nan[v], x);
    }
  }
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    const auto whole = hn::Eq(nan[v], nan[v]);
    access.store(hn::IfThenElse(whole, which[v], hn::Set(d, -1.0)), label + v * step);
  }
}

void best_components(const double* l, Index stride, Index rows, Index k, const double* log_weights,
                     double* label) {
  const Index step = lanes();
  Index i = 0;
  for (; i + tile_vectors * step <= rows; i += tile_vectors * step) {
    best_rows<tile_vectors>(Full(), l + i, stride, k, log_weights, label + i);
  }
  for (; i + step <= rows; i += step) {
    best_rows<1>(Full(), l + i, stride, k, log_weights, label + i);
  }
  if (i < rows) best_rows<1>(Part(rows - i), l + i, stride, k, log_weights, label + i);
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

// `ahead` is a column that is asked for from memory meanwhile, because columns are far apart there
// and each begins as a surprise to the processor.
void pack(const double* x, double center, Index rows, const double* ahead, double* packed,
          Index packed_size) {
  const Index step = lanes();
  const V c = hn::Set(Lanes(), center);
  Index i = 0;
  for (; i + step <= rows; i += step) {
    hwy::Prefetch(ahead + i);
    Full().store(hn::Sub(Full().load(x + i), c), packed + i);
  }
  for (; i < rows; ++i) packed[i] = x[i] - center;
  for (; i < packed_size; ++i) packed[i] = 0;
}

// As `pack`, from floats and without a center.
void widen(const float* x, Index rows, const float* ahead, double* out) {
  const Lanes d;
  const hn::Rebind<float, Lanes> half;
  const Index step = lanes();
  Index i = 0;
  for (; i + step <= rows; i += step) {
    hwy::Prefetch(ahead + i);
    hn::StoreU(hn::PromoteTo(d, hn::LoadU(half, x + i)), d, out + i);
  }
  for (; i < rows; ++i) out[i] = static_cast<double>(x[i]);
}

void write_through(const double* x, Index rows, double* out) {
  const Lanes d;
  const auto width = static_cast<std::uintptr_t>(lanes()) * sizeof(double);
  Index i = 0;
  for (; i < rows && reinterpret_cast<std::uintptr_t>(out + i) % width != 0; ++i) out[i] = x[i];
  for (; i + lanes() <= rows; i += lanes()) hn::Stream(hn::LoadU(d, x + i), d, out + i);
  for (; i < rows; ++i) out[i] = x[i];
}

// out = the squared norms of rows of d columns.
void squared_norms(const double* x, Index stride, Index rows, Index d, double* out) {
  const auto step_of = [&](const auto& access, Index i) {
    V sum = hn::Zero(Lanes());
    for (Index j = 0; j < d; ++j) {
      const V value = access.load(x + j * stride + i);
      sum = hn::MulAdd(value, value, sum);
    }
    access.store(sum, out + i);
  };
  Index i = 0;
  for (; i + lanes() <= rows; i += lanes()) step_of(Full(), i);
  if (i < rows) step_of(Part(rows - i), i);
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

// log(1 + y) for y >= 0: the logarithm of the rounded sum, and what rounding took off it.
HWY_INLINE V log1p_of(V y) {
  const Lanes d;
  const V one = hn::Set(d, 1.0);
  const V u = hn::Add(one, y);
  const V lost = hn::Sub(y, hn::Sub(u, one));
  // What is infinite, or no number, stays so.
  return hn::IfThenElse(hn::Lt(u, hn::Inf(d)), hn::Add(log_of(u), hn::Div(lost, u)), u);
}

// out = log(1 + rate x).
void log1p_scaled(const double* x, double rate, Index n, double* out) {
  const V scale = hn::Set(Lanes(), rate);
  const auto step_of = [&](const auto& access, Index i) {
    access.store(log1p_of(hn::Mul(scale, access.load(x + i))), out + i);
  };
  Index i = 0;
  for (; i + lanes() <= n; i += lanes()) step_of(Full(), i);
  if (i < n) step_of(Part(n - i), i);
}

// The sum of w log(1 + rate x).
double log1p_sum(const double* x, double rate, const double* w, Index n) {
  const Lanes d;
  const V scale = hn::Set(d, rate);
  V sum[2] = {hn::Zero(d), hn::Zero(d)};
  const auto add = [&](const auto& access, Index i, V& total) {
    total = hn::MulAdd(access.load(w + i), log1p_of(hn::Mul(scale, access.load(x + i))), total);
  };
  const Index step = lanes();
  Index i = 0;
  for (; i + 2 * step <= n; i += 2 * step) {
    add(Full(), i, sum[0]);
    add(Full(), i + step, sum[1]);
  }
  for (; i + step <= n; i += step) add(Full(), i, sum[0]);
  if (i < n) add(Part(n - i), i, sum[1]);
  return sum_of(hn::Add(sum[0], sum[1]));
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(share_out);
HWY_EXPORT(log_sums);
HWY_EXPORT(total_log_sum);
HWY_EXPORT(best_components);
HWY_EXPORT(widen);
HWY_EXPORT(write_through);
HWY_EXPORT(weighted_sum);
HWY_EXPORT(pack);
HWY_EXPORT(squared_norms);
HWY_EXPORT(exponential);
HWY_EXPORT(logarithm);
HWY_EXPORT(log1p_scaled);
HWY_EXPORT(log1p_sum);

void softmax(MatrixRef l, double beta, VectorRef term) {
  if (l.size() == 0) return;
  HWY_DYNAMIC_DISPATCH(share_out)
  (l.data(), l.outerStride(), l.rows(), l.cols(), nullptr, nullptr, beta, nullptr, term.data(),
   Ahead());
}

void softmax(MatrixRef l, ConstVectorRef log_weights, VectorRef term) {
  if (l.size() == 0) return;
  HWY_DYNAMIC_DISPATCH(share_out)
  (l.data(), l.outerStride(), l.rows(), l.cols(), log_weights.data(), nullptr, 1.0, nullptr,
   term.data(), Ahead());
}

void log_sums(ConstMatrixRef l, ConstVectorRef log_weights, VectorRef term) {
  if (l.size() == 0) return;
  HWY_DYNAMIC_DISPATCH(log_sums)
  (l.data(), l.outerStride(), l.rows(), l.cols(), log_weights.data(), term.data());
}

double total_log_sum(ConstMatrixRef l, ConstVectorRef log_weights, const double* w) {
  if (l.size() == 0) return 0;
  return HWY_DYNAMIC_DISPATCH(total_log_sum)(l.data(), l.outerStride(), l.rows(), l.cols(),
                                             log_weights.data(), w);
}

void best_components(ConstMatrixRef l, ConstVectorRef log_weights, Index* label) {
  std::array<double, packed_rows> found;
  for (Index first = 0; first < l.rows(); first += packed_rows) {
    const Index count = std::min(packed_rows, l.rows() - first);
    HWY_DYNAMIC_DISPATCH(best_components)
    (l.data() + first, l.outerStride(), count, l.cols(), log_weights.data(), found.data());
    std::transform(found.begin(), found.begin() + count, label + first,
                   [](double k) { return static_cast<Index>(k); });
  }
}

double share_out(MatrixRef l, ConstVectorRef log_weights, const double* w, VectorRef mass) {
  return share_out(l, log_weights, w, mass, Matrix(0, 0));
}

double share_out(MatrixRef l, ConstVectorRef log_weights, const double* w, VectorRef mass,
                 Rows next) {
  constexpr Index most_lanes = 64;
  thread_local std::vector<double> sums;
  if (l.size() == 0) return 0;
  if (static_cast<Index>(sums.size()) < most_lanes * l.cols()) {
    sums.resize(static_cast<std::size_t>(most_lanes * l.cols()));
  }
  const double sum = HWY_DYNAMIC_DISPATCH(share_out)(l.data(), l.outerStride(), l.rows(), l.cols(),
                                                     log_weights.data(), w, 1.0, sums.data(),
                                                     nullptr, Ahead(next));
  mass += Eigen::Map<const Vector>(sums.data(), l.cols());
  return sum;
}

void weigh(MatrixRef r, Weights w, VectorRef mass) {
  for (Index k = 0; k < r.cols(); ++k) {
    mass[k] += HWY_DYNAMIC_DISPATCH(weighted_sum)(r.col(k).data(), w.data(), r.rows());
  }
}

void log1p_scaled(ConstVectorRef x, double rate, VectorRef out) {
  HWY_DYNAMIC_DISPATCH(log1p_scaled)(x.data(), rate, x.size(), out.data());
}

double log1p_sum(ConstVectorRef x, double rate, Weights w) {
  return HWY_DYNAMIC_DISPATCH(log1p_sum)(x.data(), rate, w.data(), x.size());
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
    (x.col(j).data(), center[j], x.rows(), x.col(std::min(j + columns_ahead, x.cols() - 1)).data(),
     packed.col(j).data(), packed.rows());
  }
  packed.rightCols(packed.cols() - x.cols()).setZero();
}

void widen(FloatRows x, MatrixRef out) {
  for (Index j = 0; j < x.cols(); ++j) {
    HWY_DYNAMIC_DISPATCH(widen)
    (x.col(j).data(), x.rows(), x.col(std::min(j + columns_ahead, x.cols() - 1)).data(),
     out.col(j).data());
  }
}

void write_through(ConstMatrixRef x, MatrixRef out) {
  for (Index j = 0; j < x.cols(); ++j) {
    HWY_DYNAMIC_DISPATCH(write_through)(x.col(j).data(), x.rows(), out.col(j).data());
  }
  hwy::FlushStream();
}

void squared_norms(Rows x, VectorRef out) {
  HWY_DYNAMIC_DISPATCH(squared_norms)
  (x.data(), x.outerStride(), x.rows(), x.cols(), out.data());
}

void exponential(ConstVectorRef x, VectorRef out) {
  HWY_DYNAMIC_DISPATCH(exponential)(x.data(), x.size(), out.data());
}

void logarithm(ConstVectorRef x, VectorRef out) {
  HWY_DYNAMIC_DISPATCH(logarithm)(x.data(), x.size(), out.data());
}

}  // namespace mix::kernels
#endif
