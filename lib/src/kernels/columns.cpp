// Arithmetic on columns of numbers.
#include "mix/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/columns.cpp"
#include <hwy/foreach_target.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mix::kernels::HWY_NAMESPACE {

struct EachRow {
  const double* numbers;
  template <class Access>
  HWY_INLINE V load(const Access& access, Index i) const {
    return access.load(numbers + i);
  }
};
struct AllRows {
  V value;
  template <class Access>
  HWY_INLINE V load(const Access& /*access*/, Index /*i*/) const {
    return value;
  }
};

template <class X, class Y, class Operation>
HWY_INLINE void write(const X& x, const Y& y, Index rows, double* out, const Operation& operation) {
  const Index step = lanes();
  const auto one = [&](const auto& access, Index i) {
    access.store(operation(x.load(access, i), y.load(access, i)), out + i);
  };
  Index i = 0;
  for (; i + step <= rows; i += step) one(Full(), i);
  if (i < rows) one(Part(rows - i), i);
}

template <class Operation>
HWY_INLINE void combine(Operand x, Operand y, Index rows, double* out, const Operation& operation) {
  const AllRows a{hn::Set(Lanes(), x.value)};
  const AllRows b{hn::Set(Lanes(), y.value)};
  if (x.numbers != nullptr && y.numbers != nullptr) {
    write(EachRow{x.numbers}, EachRow{y.numbers}, rows, out, operation);
  } else if (x.numbers != nullptr) {
    write(EachRow{x.numbers}, b, rows, out, operation);
  } else if (y.numbers != nullptr) {
    write(a, EachRow{y.numbers}, rows, out, operation);
  } else {
    write(a, b, rows, out, operation);
  }
}

void add(Operand x, Operand y, Index rows, double* out) {
  combine(x, y, rows, out, [](V a, V b) { return hn::Add(a, b); });
}
void subtract(Operand x, Operand y, Index rows, double* out) {
  combine(x, y, rows, out, [](V a, V b) { return hn::Sub(a, b); });
}
void multiply(Operand x, Operand y, Index rows, double* out) {
  combine(x, y, rows, out, [](V a, V b) { return hn::Mul(a, b); });
}
void divide(Operand x, Operand y, Index rows, double* out) {
  combine(x, y, rows, out, [](V a, V b) { return hn::Div(a, b); });
}

bool within(const double* x, double low, double high, Index rows) {
  const Lanes d;
  const V least = hn::Set(d, low);
  const V most = hn::Set(d, high);
  const Index step = lanes();
  auto all = hn::Eq(least, least);
  Index i = 0;
  for (; i + step <= rows; i += step) {
    const V v = Full().load(x + i);
    all = hn::And(all, hn::And(hn::Ge(v, least), hn::Le(v, most)));
  }
  bool rest = true;
  for (; i < rows; ++i) rest = rest && x[i] >= low && x[i] <= high;
  return rest && hn::AllTrue(d, all);
}

double total_of(const double* x, const double* w, Index rows) {
  const Lanes d;
  const Index step = lanes();
  V sum[2] = {hn::Zero(d), hn::Zero(d)};
  const auto add_to = [&](V& total, const auto& access, Index i) {
    const V weight = access.load(w + i);
    const V x_or_zero = hn::IfThenZeroElse(hn::Eq(weight, hn::Zero(d)), access.load(x + i));
    total = hn::MulAdd(weight, x_or_zero, total);
  };
  Index i = 0;
  for (; i + 2 * step <= rows; i += 2 * step) {
    add_to(sum[0], Full(), i);
    add_to(sum[1], Full(), i + step);
  }
  for (; i + step <= rows; i += step) add_to(sum[0], Full(), i);
  if (i < rows) add_to(sum[1], Part(rows - i), i);
  return sum_of(hn::Add(sum[0], sum[1]));
}

}  // namespace mix::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mix::kernels {

HWY_EXPORT(add);
HWY_EXPORT(subtract);
HWY_EXPORT(multiply);
HWY_EXPORT(divide);
HWY_EXPORT(within);
HWY_EXPORT(total_of);

void add(Operand x, Operand y, Index rows, double* out) {
  HWY_DYNAMIC_DISPATCH(add)(x, y, rows, out);
}
void subtract(Operand x, Operand y, Index rows, double* out) {
  HWY_DYNAMIC_DISPATCH(subtract)(x, y, rows, out);
}
void multiply(Operand x, Operand y, Index rows, double* out) {
  HWY_DYNAMIC_DISPATCH(multiply)(x, y, rows, out);
}
void divide(Operand x, Operand y, Index rows, double* out) {
  HWY_DYNAMIC_DISPATCH(divide)(x, y, rows, out);
}
bool within(ConstVectorRef x, double low, double high) {
  return HWY_DYNAMIC_DISPATCH(within)(x.data(), low, high, x.size());
}
double total_of(ConstVectorRef x, Weights w) {
  return HWY_DYNAMIC_DISPATCH(total_of)(x.data(), w.data(), x.size());
}

}  // namespace mix::kernels
#endif
