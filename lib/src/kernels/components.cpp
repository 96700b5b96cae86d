// Small matrices of all components at once: lanes are components.
#include <cmath>

#include "mix/stacked_matrices.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/components.cpp"
#include <hwy/foreach_target.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

HWY_INLINE V number(double x) { return hn::Set(Lanes(), x); }

// Entries of stacked matrices: `stride` numbers each, one per component.
struct Stack {
  double* data;
  Index stride;
  Index lane;  // the first of those at hand

  HWY_INLINE V get(Index entry) const { return hn::LoadU(Lanes(), data + entry * stride + lane); }
  HWY_INLINE void set(Index entry, V value) const {
    hn::StoreU(value, Lanes(), data + entry * stride + lane);
  }
};

HWY_INLINE Index entry_of(Index i, Index j) {
  return i < j ? lower_entry(j, i) : lower_entry(i, j);
}

// a <- c a + s b and b <- c b - s a.
HWY_INLINE void turn(const Stack& stack, Index a, Index b, V c, V s) {
  const V first = stack.get(a);
  const V second = stack.get(b);
  stack.set(a, hn::MulAdd(c, first, hn::Mul(s, second)));
  stack.set(b, hn::NegMulAdd(s, first, hn::Mul(c, second)));
}

// The root of order d of a positive ratio, mostly close to one.
HWY_INLINE V root_of(V ratio, double order) {
  const V x = hn::Sub(ratio, number(1));
  if (HWY_LIKELY(hn::AllTrue(Lanes(), hn::Lt(hn::Abs(x), number(1e-4))))) {
    V series = hn::MulAdd(number((order - 2) / 3), x, number(1));
    series = hn::MulAdd(hn::Mul(number((order - 1) / 2), x), series, number(1));
    return hn::MulAdd(hn::Mul(number(order), x), series, number(1));
  }
  return exp_of(hn::Mul(number(order), log_of(ratio)));
}

void congruence(double* w, Index stride, const double* g, Index d, double* out, double* work) {
  for (Index lane = 0; lane < stride; lane += lanes()) {
    const Stack from{w, stride, lane};
    const Stack to{out, stride, lane};
    const Stack product{work, stride, lane};
    for (Index j = 0; j < d; ++j) {
      // The product with column j of g, and of this with the columns from j on.
      for (Index l = 0; l < d; ++l) {
        V sum = hn::Zero(Lanes());
        for (Index m = 0; m < d; ++m) {
          sum = hn::MulAdd(from.get(entry_of(l, m)), number(g[j * d + m]), sum);
        }
        product.set(l, sum);
      }
      for (Index i = j; i < d; ++i) {
        V sum = hn::Zero(Lanes());
        for (Index l = 0; l < d; ++l) {
          sum = hn::MulAdd(product.get(l), number(g[i * d + l]), sum);
        }
        to.set(lower_entry(i, j), sum);
      }
    }
  }
}

double rotate_in_common(double* r, Index stride, const double* floor, double* slope, bool geometric,
                        double* g, Index d) {
  double fall = 0;
  const double order = 1 / static_cast<double>(d);
  for (Index b = 1; b < d; ++b) {
    for (Index a = 0; a < b; ++a) {
      const Index aa = lower_entry(a, a);
      const Index bb = lower_entry(b, b);
      const Index ab = lower_entry(b, a);
      // Coefficients of cos and sin of twice the angle.
      V cosines = hn::Zero(Lanes());
      V sines = hn::Zero(Lanes());
      for (Index lane = 0; lane < stride; lane += lanes()) {
        const Stack stack{r, stride, lane};
        const V least = hn::LoadU(Lanes(), floor + lane);
        const V raa = hn::Max(stack.get(aa), least);
        const V rbb = hn::Max(stack.get(bb), least);
        const V gap = hn::Sub(raa, rbb);
        const V difference =
            hn::Neg(hn::Mul(hn::LoadU(Lanes(), slope + lane), hn::Div(hn::Div(gap, raa), rbb)));
        cosines = hn::MulAdd(hn::Mul(number(0.5), difference), gap, cosines);
        sines = hn::MulAdd(difference, stack.get(ab), sines);
      }
      const double cosine = sum_of(cosines);
      const double sine = sum_of(sines);
      const double length = std::sqrt(cosine * cosine + sine * sine);
      if (!(length > 0)) continue;
      // length + cosine, without cancellation (the cosine's coefficient is never positive).
      const double decrease = sine * sine / (length - cosine);
      if (!(decrease > 0)) continue;
      fall += decrease;
      // Half of the angle whose cosine and sine are -cosine / length (never negative) and
      // -sine / length.
      const double c = std::sqrt(0.5 * (1 - cosine / length));
      const double s = -0.5 * sine / length / c;
      for (Index i = 0; i < d; ++i) {
        const double ga = g[a * d + i];
        const double gb = g[b * d + i];
        g[a * d + i] = c * ga + s * gb;
        g[b * d + i] = c * gb - s * ga;
      }
      for (Index lane = 0; lane < stride; lane += lanes()) {
        const Stack stack{r, stride, lane};
        for (Index j = 0; j < d; ++j) {
          if (j != a && j != b) turn(stack, entry_of(j, a), entry_of(j, b), number(c), number(s));
        }
        const V raa = stack.get(aa);
        const V rbb = stack.get(bb);
        const V rab = stack.get(ab);
        const V mixed = hn::Mul(number(2 * c * s), rab);
        const V new_aa = hn::MulAdd(number(c * c), raa, hn::MulAdd(number(s * s), rbb, mixed));
        const V new_bb = hn::MulAdd(number(s * s), raa, hn::MulSub(number(c * c), rbb, mixed));
        stack.set(aa, new_aa);
        stack.set(bb, new_bb);
        stack.set(ab, hn::MulAdd(number((c - s) * (c + s)), rab,
                                 hn::Mul(number(c * s), hn::Sub(rbb, raa))));
        if (!geometric) continue;
        const V least = hn::LoadU(Lanes(), floor + lane);
        const V ratio = hn::Mul(hn::Div(hn::Max(new_aa, least), hn::Max(raa, least)),
                                hn::Div(hn::Max(new_bb, least), hn::Max(rbb, least)));
        hn::StoreU(hn::Mul(hn::LoadU(Lanes(), slope + lane), root_of(ratio, order)), Lanes(),
                   slope + lane);
      }
    }
  }
  return fall;
}

// Makes a(p, q) zero by rotations; false where it is zero beside the diagonal in all lanes.
HWY_INLINE bool rotate_apart(const Stack& a, const Stack& vectors, Index d, Index p, Index q) {
  constexpr double negligible = 1e-16;
  const V app = a.get(lower_entry(p, p));
  const V aqq = a.get(lower_entry(q, q));
  const V apq = a.get(lower_entry(q, p));
  const V beside = hn::Mul(hn::Sqrt(hn::Abs(app)), hn::Sqrt(hn::Abs(aqq)));
  const auto matters = hn::Gt(hn::Abs(apq), hn::Mul(number(negligible), beside));
  if (hn::AllFalse(Lanes(), matters)) return false;
  const V twice = hn::IfThenElse(matters, hn::Add(apq, apq), number(1));
  const V slope = hn::Div(hn::Sub(aqq, app), twice);
  const V whole = hn::Add(hn::Abs(slope), hn::Sqrt(hn::MulAdd(slope, slope, number(1))));
  const V tangent = hn::IfThenElseZero(matters, hn::CopySign(hn::Div(number(1), whole), slope));
  const V cosine = hn::Div(number(1), hn::Sqrt(hn::MulAdd(tangent, tangent, number(1))));
  const V sine = hn::Neg(hn::Mul(tangent, cosine));
  for (Index i = 0; i < d; ++i) {
    turn(vectors, p * d + i, q * d + i, cosine, sine);
    if (i != p && i != q) turn(a, entry_of(i, p), entry_of(i, q), cosine, sine);
  }
  a.set(lower_entry(p, p), hn::NegMulAdd(tangent, apq, app));
  a.set(lower_entry(q, q), hn::MulAdd(tangent, apq, aqq));
  a.set(lower_entry(q, p), hn::IfThenZeroElse(matters, apq));
  return true;
}

void decompose(double* symmetric, Index stride, Index d, double* vectors) {
  constexpr int most_sweeps = 40;
  for (Index lane = 0; lane < stride; lane += lanes()) {
    const Stack a{symmetric, stride, lane};
    const Stack v{vectors, stride, lane};
    for (Index j = 0; j < d; ++j) {
      for (Index i = 0; i < d; ++i) v.set(j * d + i, number(i == j ? 1 : 0));
    }
    bool turned = true;
    for (int sweep = 0; turned && sweep < most_sweeps; ++sweep) {
      turned = false;
      for (Index p = 0; p < d; ++p) {
        for (Index q = p + 1; q < d; ++q) turned |= rotate_apart(a, v, d, p, q);
      }
    }
  }
}

// One Householder reflection of columns i and on, which leaves of row i its first entry only.
HWY_INLINE void reflect(const Stack& a, const Stack& lower, Index d, Index i) {
  V squares = hn::Zero(Lanes());
  for (Index j = i; j < d; ++j) squares = hn::MulAdd(a.get(j * d + i), a.get(j * d + i), squares);
  const V length = hn::Sqrt(squares);
  lower.set(lower_entry(i, i), length);
  const V first = a.get(i * d + i);
  const V sign = hn::CopySign(number(1), first);
  const V head = hn::MulAdd(sign, length, first);
  const V half = hn::Mul(length, hn::Abs(head));  // |v|^2 / 2
  const auto turns = hn::Gt(half, hn::Zero(Lanes()));
  const V scale = hn::IfThenElseZero(turns, hn::Div(number(1), hn::IfThenElse(turns, half, head)));
  // Where the first entry was positive, the reflection turns its sign.
  const V back = hn::IfThenElse(turns, hn::Neg(sign), number(1));
  for (Index row = i + 1; row < d; ++row) {
    V along = hn::Mul(a.get(i * d + row), head);
    for (Index j = i + 1; j < d; ++j) {
      along = hn::MulAdd(a.get(j * d + row), a.get(j * d + i), along);
    }
    along = hn::Mul(along, scale);
    const V leading = hn::NegMulAdd(head, along, a.get(i * d + row));
    lower.set(lower_entry(row, i), hn::Mul(back, leading));
    for (Index j = i + 1; j < d; ++j) {
      a.set(j * d + row, hn::NegMulAdd(a.get(j * d + i), along, a.get(j * d + row)));
    }
  }
}

void factorize_squares(double* squares, Index stride, Index d, double* lower) {
  for (Index lane = 0; lane < stride; lane += lanes()) {
    for (Index i = 0; i < d; ++i) reflect({squares, stride, lane}, {lower, stride, lane}, d, i);
  }
}

void whitened_traces(double* w, Index stride, const double* inverse, Index d, double* out) {
  for (Index lane = 0; lane < stride; lane += lanes()) {
    const Stack from{w, stride, lane};
    V trace = hn::Zero(Lanes());
    for (Index i = 0; i < d; ++i) {
      // Row i of the inverse factor on both sides.
      for (Index j = 0; j <= i; ++j) {
        V sum = hn::Mul(from.get(lower_entry(j, j)), number(0.5 * inverse[j * d + i]));
        for (Index l = 0; l < j; ++l) {
          sum = hn::MulAdd(from.get(lower_entry(j, l)), number(inverse[l * d + i]), sum);
        }
        trace = hn::MulAdd(sum, number(2 * inverse[j * d + i]), trace);
      }
    }
    hn::StoreU(trace, Lanes(), out + lane);
  }
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(congruence);
HWY_EXPORT(rotate_in_common);
HWY_EXPORT(decompose);
HWY_EXPORT(factorize_squares);
HWY_EXPORT(whitened_traces);

void congruence(ConstMatrixRef w, ConstMatrixRef g, MatrixRef out, MatrixRef work) {
  // A stack reads and writes; this one is only read.
  auto* entries = const_cast<double*>(w.data());  // NOLINT(*-const-cast)
  HWY_DYNAMIC_DISPATCH(congruence)
  (entries, w.rows(), g.data(), g.rows(), out.data(), work.data());
}

double rotate_in_common(MatrixRef r, ConstVectorRef floor, VectorRef slope, bool geometric,
                        MatrixRef g) {
  return HWY_DYNAMIC_DISPATCH(rotate_in_common)(r.data(), r.rows(), floor.data(), slope.data(),
                                                geometric, g.data(), g.rows());
}

void decompose(MatrixRef symmetric, Index d, MatrixRef vectors) {
  HWY_DYNAMIC_DISPATCH(decompose)(symmetric.data(), symmetric.rows(), d, vectors.data());
}

void factorize_squares(MatrixRef a, Index d, MatrixRef lower) {
  HWY_DYNAMIC_DISPATCH(factorize_squares)(a.data(), a.rows(), d, lower.data());
}

void whitened_traces(ConstMatrixRef w, ConstMatrixRef inverse, VectorRef out) {
  auto* entries = const_cast<double*>(w.data());  // NOLINT(*-const-cast)
  HWY_DYNAMIC_DISPATCH(whitened_traces)
  (entries, w.rows(), inverse.data(), inverse.rows(), out.data());
}

}  // namespace mix::kernels
#endif
