// One component at a time: its densities, and which components are the best of a row.
#include <array>
#include <cmath>

#include "mix/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/best.cpp"
#include <hwy/foreach_target.h>

#include "kernels/tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// Some vectors of rows, so that the additions of one need not wait for each other.
template <int Vectors, class Access>
HWY_INLINE void distance_rows(const Access& access, const double* x, Index stride, Index d,
                              const double* center, const double* scale, double constant,
                              double* out) {
  const Index step = lanes();
  V sum[Vectors];
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) sum[v] = hn::Zero(Lanes());
  for (Index j = 0; j < d; ++j) {
    const V middle = hn::Set(Lanes(), center[j]);
    const V factor = hn::Set(Lanes(), scale[j]);
    MIX_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const V t = hn::Mul(hn::Sub(access.load(x + j * stride + v * step), middle), factor);
      sum[v] = hn::MulAdd(t, t, sum[v]);
    }
  }
  MIX_UNROLL
  for (int v = 0; v < Vectors; ++v) access.store(log_density_of(sum[v], constant), out + v * step);
}

void scaled_distance(const double* x, Index stride, Index rows, Index d, const double* center,
                     const double* scale, double constant, double* out) {
  const Index step = lanes();
  Index i = 0;
  for (; i + 4 * step <= rows; i += 4 * step) {
    distance_rows<4>(Full(), x + i, stride, d, center, scale, constant, out + i);
  }
  for (; i + step <= rows; i += step) {
    distance_rows<1>(Full(), x + i, stride, d, center, scale, constant, out + i);
  }
  if (i < rows) {
    distance_rows<1>(Part(rows - i), x + i, stride, d, center, scale, constant, out + i);
  }
}

// The entries that a row keeps, and the least of them, which the next one must exceed.
struct Ranking {
  Index keep;
  double* best;
  int* which;
  double* least;

  void enter(Index row, double value, int column) const {
    if (value <= least[row]) return;
    double* values = best + row * keep;
    int* columns = which + row * keep;
    if (std::isnan(value)) {
      values[0] = value;
      columns[0] = column;
      least[row] = infinity;  // nothing else matters
      return;
    }
    Index at = keep - 1;
    for (; at > 0 && values[at - 1] < value; --at) {
      values[at] = values[at - 1];
      columns[at] = columns[at - 1];
    }
    values[at] = value;
    columns[at] = column;
    least[row] = values[keep - 1];
  }
};

void keep_best(const double* l, Index stride, Index rows, Index k, Index keep, double* best,
               int* which) {
  HWY_ALIGN double least[packed_rows];
  for (Index i = 0; i < rows; ++i) least[i] = -infinity;
  for (Index i = 0; i < rows * keep; ++i) {
    best[i] = -infinity;
    which[i] = -1;
  }
  const Ranking ranking{keep, best, which, least};
  const Index step = lanes();
  for (Index c = 0; c < k; ++c, l += stride) {
    Index i = 0;
    for (; i + step <= rows; i += step) {
      // Not "exceeds": NaN does not, and must enter.
      const auto below = hn::Le(hn::LoadU(Lanes(), l + i), hn::Load(Lanes(), least + i));
      if (hn::AllTrue(Lanes(), below)) continue;
      for (Index r = i; r < i + step; ++r) ranking.enter(r, l[r], static_cast<int>(c));
    }
    for (; i < rows; ++i) ranking.enter(i, l[i], static_cast<int>(c));
  }
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(scaled_distance);
HWY_EXPORT(keep_best);

void scaled_distance(Rows x, ConstVectorRef center, ConstVectorRef scale, double constant,
                     VectorRef out) {
  HWY_DYNAMIC_DISPATCH(scaled_distance)
  (x.data(), x.outerStride(), x.rows(), x.cols(), center.data(), scale.data(), constant,
   out.data());
}

void keep_best(ConstMatrixRef l, MatrixRef best, Eigen::Ref<Eigen::MatrixXi> which) {
  HWY_DYNAMIC_DISPATCH(keep_best)
  (l.data(), l.outerStride(), l.rows(), l.cols(), best.rows(), best.data(), which.data());
}

}  // namespace mix::kernels
#endif
