// Gaussians of few columns: densities, shares and statistics of a row without leaving the
// registers and the nearest memory.
#include <vector>

#include "mix/kernels.h"
#include "mix/stacked_matrices.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/soft_pass.cpp"
#include <hwy/foreach_target.h>

#include "kernels/sharing-inl.h"
#include "kernels/tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

struct SmallMixture {
  Index k;
  const double* gaussians;
  const double* log_weights;
  const double* w;  // of the block's rows, or null
};

template <int D>
constexpr int small_triangle = D*(D + 1) / 2;
template <int D>
constexpr int small_length = D + small_triangle<D> + 1;
// Of inverses that are diagonal only the squares of y are wanted besides.
template <int D, bool Diagonal>
constexpr int small_statistics = 1 + D + (Diagonal ? D : small_triangle<D>);

// y = inverse (x - center) of one vector of rows; `p` points to the center.
template <int D, bool Diagonal>
HWY_INLINE void whiten_small(const V* x, const double* p, V* y) {
  const Lanes tag;
  V off[D];
  MIX_UNROLL
  for (int j = 0; j < D; ++j) off[j] = hn::Sub(x[j], hn::Set(tag, p[j]));
  const double* inverse = p + D;
  if constexpr (Diagonal) {
    MIX_UNROLL
    for (int i = 0; i < D; ++i) {
      y[i] = hn::Mul(hn::Set(tag, inverse[lower_entry(i, i)]), off[i]);
    }
    return;
  }
  MIX_UNROLL
  for (int i = 0; i < D; ++i) {
    y[i] = hn::Mul(hn::Set(tag, *inverse++), off[0]);
    MIX_UNROLL
    for (int j = 1; j <= i; ++j) y[i] = hn::MulAdd(hn::Set(tag, *inverse++), off[j], y[i]);
  }
}

// Some vectors of rows, of which `i` is the first row. `terms`: as many vectors for each component;
// `sums`: one vector for each statistic.
template <int D, bool Diagonal, int Vectors, class Access>
HWY_INLINE void soft_pass_rows(const Access& access, const double* x, Index stride, Index i,
                               const SmallMixture& m, double* terms, double* sums,
                               LogLikelihood& likelihood) {
  const Lanes tag;
  const Index step = lanes();
  V row[Vectors][D];
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    MIX_UNROLL
    for (int j = 0; j < D; ++j) row[v][j] = access.load(x + j * stride + i + v * step);
  }
  V highest[Vectors];
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) highest[v] = hn::Neg(hn::Inf(tag));
  const double* p = m.gaussians;
  for (Index c = 0; c < m.k; ++c, p += small_length<D>) {
    const double constant = p[D + small_triangle<D>] + m.log_weights[c];
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      V y[D];
      whiten_small<D, Diagonal>(row[v], p, y);
      V distance = hn::Mul(y[0], y[0]);
      MIX_UNROLL
      for (int j = 1; j < D; ++j) distance = hn::MulAdd(y[j], y[j], distance);
      const V term = log_density_of(distance, constant);
      highest[v] = hn::Max(highest[v], term);
      hn::StoreU(term, tag, terms + (c * Vectors + v) * step);
    }
  }
  V sum[Vectors];
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    highest[v] = finite_center(highest[v]);
    sum[v] = hn::Zero(tag);
  }
  for (Index c = 0; c < m.k; ++c) {
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      double* at = terms + (c * Vectors + v) * step;
      const V e = exp_of(hn::Sub(hn::LoadU(tag, at), highest[v]));
      hn::StoreU(e, tag, at);
      sum[v] = hn::Add(sum[v], e);
    }
  }
  V share[Vectors];
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    const double* w = m.w != nullptr ? m.w + i + v * step : nullptr;
    share[v] = access.kept(share_of(access, highest[v], sum[v], w, likelihood));
  }
  constexpr int statistics = small_statistics<D, Diagonal>;
  p = m.gaussians;
  for (Index c = 0; c < m.k; ++c, p += small_length<D>, sums += statistics * step) {
    V total[statistics];
    MIX_UNROLL
    for (int s = 0; s < statistics; ++s) total[s] = hn::LoadU(tag, sums + s * step);
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const V r = hn::Mul(hn::LoadU(tag, terms + (c * Vectors + v) * step), share[v]);
      V y[D];
      whiten_small<D, Diagonal>(row[v], p, y);
      total[0] = hn::Add(total[0], r);
      V weighted[D];
      MIX_UNROLL
      for (int j = 0; j < D; ++j) {
        weighted[j] = hn::Mul(r, y[j]);
        total[1 + j] = hn::Add(total[1 + j], weighted[j]);
      }
      int at = 1 + D;
      MIX_UNROLL
      for (int j = 0; j < D; ++j) {
        MIX_UNROLL
        for (int l = j; l < (Diagonal ? j + 1 : D); ++l, ++at)
          total[at] = hn::MulAdd(weighted[j], y[l], total[at]);
      }
    }
    MIX_UNROLL
    for (int s = 0; s < statistics; ++s) hn::StoreU(total[s], tag, sums + s * step);
  }
}

template <int D, bool Diagonal>
HWY_INLINE double soft_pass_of(const double* x, Index stride, Index rows, const SmallMixture& m,
                               double* memory, double* sum) {
  constexpr int vectors = tile_vectors;
  const Index step = lanes();
  const Index count = m.k * small_statistics<D, Diagonal>;
  double* sums = memory;
  double* terms = memory + count * step;
  std::fill(sums, terms, 0.0);
  LogLikelihood likelihood;
  likelihood.clear();
  Index i = 0;
  for (int tile = 1; i + vectors * step <= rows; i += vectors * step, ++tile) {
    soft_pass_rows<D, Diagonal, vectors>(Full(), x, stride, i, m, terms, sums, likelihood);
    if (tile * vectors % most_factors == 0) likelihood.take_logarithm();
  }
  // The rest as one tile: alone, a vector takes nearly as long as several.
  const Index rest = (rows - i) / step;
  if (rest == 3) soft_pass_rows<D, Diagonal, 3>(Full(), x, stride, i, m, terms, sums, likelihood);
  if (rest == 2) soft_pass_rows<D, Diagonal, 2>(Full(), x, stride, i, m, terms, sums, likelihood);
  if (rest == 1) soft_pass_rows<D, Diagonal, 1>(Full(), x, stride, i, m, terms, sums, likelihood);
  likelihood.take_logarithm();
  i += rest * step;
  if (i < rows) {
    soft_pass_rows<D, Diagonal, 1>(Part(rows - i), x, stride, i, m, terms, sums, likelihood);
  }
  for (Index s = 0; s < count; ++s) sum[s] += sum_of(hn::LoadU(Lanes(), sums + s * step));
  return likelihood.value();
}

double small_soft_pass(const double* x, Index stride, Index rows, Index d, Index k,
                       const double* gaussians, const double* log_weights, const double* w,
                       double* memory, double* sum) {
  const SmallMixture m{k, gaussians, log_weights, w};
  switch (d) {
    case 1:
      return soft_pass_of<1, false>(x, stride, rows, m, memory, sum);
    case 2:
      return soft_pass_of<2, false>(x, stride, rows, m, memory, sum);
    case 3:
      return soft_pass_of<3, false>(x, stride, rows, m, memory, sum);
    default:
      return soft_pass_of<4, false>(x, stride, rows, m, memory, sum);
  }
}

double diagonal_soft_pass(const double* x, Index stride, Index rows, Index d, Index k,
                          const double* gaussians, const double* log_weights, const double* w,
                          double* memory, double* sum) {
  const SmallMixture m{k, gaussians, log_weights, w};
  switch (d) {
    case 2:
      return soft_pass_of<2, true>(x, stride, rows, m, memory, sum);
    case 3:
      return soft_pass_of<3, true>(x, stride, rows, m, memory, sum);
    default:
      return soft_pass_of<4, true>(x, stride, rows, m, memory, sum);
  }
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(small_soft_pass);
HWY_EXPORT(diagonal_soft_pass);

void SmallGaussians::resize(Index dimension, Index components) {
  dimension_ = dimension;
  components_ = components;
  values_.resize(static_cast<std::size_t>(components * length()));
}

void SmallGaussians::set(Index k, ConstVectorRef center, ConstMatrixRef inverse, double constant) {
  double* value = values_.data() + k * length();
  const double* c = center.data();
  const double* entry = inverse.data();
  const Index stride = inverse.outerStride();
  for (Index i = 0; i < dimension_; ++i) *value++ = c[i];
  for (Index i = 0; i < dimension_; ++i) {
    for (Index j = 0; j <= i; ++j) *value++ = entry[i + j * stride];
  }
  *value = constant;
}

double small_soft_pass(Rows x, const SmallGaussians& gaussians, ConstVectorRef log_weights,
                       const double* w, VectorRef sum) {
  constexpr Index most_lanes = 64;
  thread_local std::vector<double> memory;
  const Index d = gaussians.dimension();
  const Index k = gaussians.components();
  const Index per_component = 1 + d + d * (d + 1) / 2 + 4;  // statistics and a tile's terms
  memory.resize(std::max(memory.size(), static_cast<std::size_t>(most_lanes * k * per_component)));
  if (d > 1 && sum.size() == k * (1 + 2 * d)) {
    return HWY_DYNAMIC_DISPATCH(diagonal_soft_pass)(x.data(), x.outerStride(), x.rows(), d, k,
                                                    gaussians.data(), log_weights.data(), w,
                                                    memory.data(), sum.data());
  }
  return HWY_DYNAMIC_DISPATCH(small_soft_pass)(x.data(), x.outerStride(), x.rows(), d, k,
                                               gaussians.data(), log_weights.data(), w,
                                               memory.data(), sum.data());
}

}  // namespace mix::kernels
#endif
