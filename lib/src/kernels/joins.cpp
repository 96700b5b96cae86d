// What it costs to join clusters of points, for agglomeration.
#include <algorithm>
#include <type_traits>
#include <vector>

#include "mix/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/joins.cpp"
#include <hwy/foreach_target.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

// Of a few columns all numbers of a vector of unions stay in registers, in loops of known length.
constexpr int most_unrolled = 8;

// No target has more in a vector.
constexpr Index most_lanes = 16;

constexpr int triangle_of(int d) { return d * (d + 1) / 2; }

template <int D>
struct Unions {
  explicit Unions(Index /*d*/, double* /*memory*/) {}
  static constexpr int d = D;
  [[nodiscard]] HWY_INLINE V gap(int j) const { return gaps[j]; }
  HWY_INLINE void set_gap(int j, V v) { gaps[j] = v; }
  [[nodiscard]] HWY_INLINE V scatter(int at) const { return scatters[at]; }
  HWY_INLINE void set_scatter(int at, V v) { scatters[at] = v; }

  V gaps[D];
  V scatters[triangle_of(D)];
};
template <>
struct Unions<0> {
  Unions(Index columns, double* memory)
      : d(static_cast<int>(columns)), gaps(memory), scatters(memory + columns * lanes()) {}
  [[nodiscard]] HWY_INLINE V gap(int j) const { return hn::LoadU(Lanes(), gaps + j * lanes()); }
  HWY_INLINE void set_gap(int j, V v) const { hn::StoreU(v, Lanes(), gaps + j * lanes()); }
  [[nodiscard]] HWY_INLINE V scatter(int at) const {
    return hn::LoadU(Lanes(), scatters + at * lanes());
  }
  HWY_INLINE void set_scatter(int at, V v) const {
    hn::StoreU(v, Lanes(), scatters + at * lanes());
  }

  const int d;
  double* gaps;
  double* scatters;
};

// The determinants of the scatters times `inverse`. Gaussian elimination in the packed lower
// triangles, without pivoting, which positive semidefinite matrices do not need.
template <int D>
HWY_INLINE V determinants(Unions<D>& unions, V inverse) {
  V determinant = hn::Set(Lanes(), 1.0);
  int column = 0;
  MIX_UNROLL
  for (int j = 0; j < unions.d; ++j) {
    const int length = unions.d - j;
    const V pivot = hn::Max(unions.scatter(column), hn::Zero(Lanes()));
    determinant = hn::Mul(determinant, hn::Mul(pivot, inverse));
    const V reciprocal =
        hn::IfThenElseZero(hn::Gt(pivot, hn::Zero(Lanes())), hn::Div(hn::Set(Lanes(), 1.0), pivot));
    int at = column + length;
    MIX_UNROLL
    for (int k = 1; k < length; ++k) {
      const V multiple = hn::Mul(unions.scatter(column + k), reciprocal);
      MIX_UNROLL
      for (int i = k; i < length; ++i, ++at) {
        unions.set_scatter(at,
                           hn::NegMulAdd(multiple, unions.scatter(column + i), unions.scatter(at)));
      }
    }
    column += length;
  }
  return determinant;
}

// n log(|W / n| + (tr W + a) / n) of unions whose tr W + a is `trace`.
template <int D>
HWY_INLINE V costs(Unions<D>& unions, V size, V trace) {
  const V inverse = hn::Div(hn::Set(Lanes(), 1.0), size);
  V argument = hn::Mul(trace, inverse);
  const auto many = hn::Gt(size, hn::Set(Lanes(), static_cast<double>(unions.d)));
  if (!hn::AllFalse(Lanes(), many)) {
    argument = hn::Add(argument, hn::IfThenElseZero(many, determinants(unions, inverse)));
  }
  return hn::Mul(size, log_of(argument));
}

// The increase of the criterion when cluster c is joined to each of those from `first` on.
template <int D>
HWY_INLINE V increases(const ClusterColumns& all, Unions<D>& unions, Index c, Index first) {
  const V sizes = hn::LoadU(Lanes(), all.size + first);
  const V own = hn::Set(Lanes(), all.size[c]);
  const V size = hn::Add(sizes, own);
  const V factor = hn::Div(hn::Mul(own, sizes), size);
  V trace =
      hn::Add(hn::LoadU(Lanes(), all.trace + first), hn::Set(Lanes(), all.trace[c] + all.offset));
  MIX_UNROLL
  for (int j = 0; j < unions.d; ++j) {
    const double* mean = all.mean + j * all.stride;
    const V gap = hn::Sub(hn::LoadU(Lanes(), mean + first), hn::Set(Lanes(), mean[c]));
    unions.set_gap(j, gap);
    trace = hn::MulAdd(hn::Mul(factor, gap), gap, trace);
  }
  if (!hn::AllFalse(Lanes(), hn::Gt(size, hn::Set(Lanes(), static_cast<double>(unions.d))))) {
    int at = 0;
    MIX_UNROLL
    for (int j = 0; j < unions.d; ++j) {
      const V scaled = hn::Mul(factor, unions.gap(j));
      MIX_UNROLL
      for (int i = j; i < unions.d; ++i, ++at) {
        const double* scatter = all.scatter + at * all.stride;
        const V sum = hn::Add(hn::LoadU(Lanes(), scatter + first), hn::Set(Lanes(), scatter[c]));
        unions.set_scatter(at, hn::MulAdd(scaled, unions.gap(i), sum));
      }
    }
  }
  const V before = hn::Add(hn::LoadU(Lanes(), all.cost + first), hn::Set(Lanes(), all.cost[c]));
  return hn::Sub(costs(unions, size, trace), before);
}

template <int D>
void cheapest_of(const ClusterColumns& all, double* memory, Index c, double& least,
                 Index& partner) {
  Unions<D> unions(all.d, memory);
  const Index step = lanes();
  HWY_ALIGN double found[most_lanes];
  for (Index first = (c + 1) / step * step; first < all.count; first += step) {
    const V increase = increases(all, unions, c, first);
    if (hn::AllFalse(Lanes(), hn::Lt(increase, hn::Set(Lanes(), least)))) continue;
    hn::Store(increase, Lanes(), found);
    for (Index i = std::max<Index>(c + 1 - first, 0); i < step; ++i) {
      if (!(found[i] < least)) continue;
      least = found[i];
      partner = first + i;
    }
  }
}

template <int D>
void offer_to(const ClusterColumns& all, double* memory, Index c, double* least, Index* partner) {
  Unions<D> unions(all.d, memory);
  const Index step = lanes();
  HWY_ALIGN double found[most_lanes];
  for (Index first = 0; first < c; first += step) {
    const V increase = increases(all, unions, c, first);
    const auto cheaper = hn::Lt(increase, hn::LoadU(Lanes(), least + first));
    if (hn::AllFalse(Lanes(), cheaper)) continue;
    hn::Store(increase, Lanes(), found);
    const Index end = std::min(step, c - first);
    for (Index i = 0; i < end; ++i) {
      if (!(found[i] < least[first + i])) continue;
      least[first + i] = found[i];
      partner[first + i] = c;
    }
  }
}

template <int D>
double cost_of(const ClusterColumns& all, double* memory, Index c) {
  Unions<D> unions(all.d, memory);
  const V size = hn::Set(Lanes(), all.size[c]);
  for (int at = 0; at < triangle_of(unions.d); ++at) {
    unions.set_scatter(at, hn::Set(Lanes(), all.scatter[at * all.stride + c]));
  }
  return hn::GetLane(costs(unions, size, hn::Set(Lanes(), all.trace[c] + all.offset)));
}

// Calls `body` with the number of columns as a constant where it is small, and 0 elsewhere.
template <int D = 1, class Body>
HWY_INLINE auto with_columns(Index d, const Body& body) {
  if constexpr (D > most_unrolled) {
    return body(std::integral_constant<int, 0>());
  } else {
    if (d == D) return body(std::integral_constant<int, D>());
    return with_columns<D + 1>(d, body);
  }
}

void cheapest_join(const ClusterColumns& all, double* memory, Index c, double& least,
                   Index& partner) {
  with_columns(all.d, [&](auto d) { cheapest_of<d()>(all, memory, c, least, partner); });
}
void offer_join(const ClusterColumns& all, double* memory, Index c, double* least, Index* partner) {
  with_columns(all.d, [&](auto d) { offer_to<d()>(all, memory, c, least, partner); });
}
double cluster_cost(const ClusterColumns& all, double* memory, Index c) {
  return with_columns(all.d, [&](auto d) { return cost_of<d()>(all, memory, c); });
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {
namespace {

// Numbers of a vector of unions, where they do not fit into registers.
double* memory_of_unions(Index d) {
  thread_local std::vector<double> memory;
  const auto size = static_cast<std::size_t>(HWY_NAMESPACE::most_lanes * (d + d * (d + 1) / 2));
  if (memory.size() < size) memory.resize(size);
  return memory.data();
}

}  // namespace

HWY_EXPORT(cheapest_join);
HWY_EXPORT(offer_join);
HWY_EXPORT(cluster_cost);

void cheapest_join(const ClusterColumns& all, Index c, double& least, Index& partner) {
  HWY_DYNAMIC_DISPATCH(cheapest_join)(all, memory_of_unions(all.d), c, least, partner);
}

void offer_join(const ClusterColumns& all, Index c, double* least, Index* partner) {
  HWY_DYNAMIC_DISPATCH(offer_join)(all, memory_of_unions(all.d), c, least, partner);
}

double cluster_cost(const ClusterColumns& all, Index c) {
  return HWY_DYNAMIC_DISPATCH(cluster_cost)(all, memory_of_unions(all.d), c);
}

}  // namespace mix::kernels
#endif
