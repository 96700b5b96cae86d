#pragma once

#include <array>
#include <cmath>
#include <compare>
#include <concepts>
#include <numbers>
#include <type_traits>

#include "mix/cells.h"

namespace mix {

/// log G(x) for x > 0; safe in parallel, unlike std::lgamma, which writes a global variable.
double log_gamma(double x);
/// The n-th derivative of the digamma function: 0 is digamma, 1 is trigamma.
double polygamma(int n, double x);

/// log_power(x, y) is y log(x), 0 where x is 0; sign(x) is -1, 0 or 1.
inline double log_power(double x, double y) { return x == 0 ? 0 : std::log(x) * y; }
inline double sign(double x) { return static_cast<double>(x > 0) - static_cast<double>(x < 0); }

/// What has no derivatives beside numbers made of `Plain`.
template <class C, class Plain>
concept Constant = std::same_as<C, double> || std::same_as<C, Plain>;

/// A number with its derivatives in N directions (forward differentiation): arithmetic and
/// functions carry them along by the chain rule. `Dual<N, Dual<N>>` has second derivatives too.
///
/// Our own, because Eigen's AutoDiffScalar returns expressions, so that `auto z = (x - m) / s;` in
/// a formula refers to temporaries that are gone, and Boost's fvar takes many times longer to run
/// and to compile. Here every operation returns a value; nothing refers to anything. Comparisons
/// look at the value alone. `Dual<N, Cells>` is evaluated for a block of rows at a time; it has no
/// comparisons. Dual<0> is a plain number whose functions are found without `std::`; in
/// particular `abs` never means the one of integers.
template <int N, class S = double>
class Dual {
  template <class T>
  struct InnermostOf {
    using type = T;
  };
  template <int M, class T>
  struct InnermostOf<Dual<M, T>> : InnermostOf<T> {};

 public:
  /// The number that has no derivatives: double or Cells.
  using Plain = typename InnermostOf<S>::type;
  static constexpr bool of_cells = !std::same_as<Plain, double>;

  Dual() = default;
  /// A constant: all derivatives are 0.
  constexpr Dual(double value) : value_(value) {}  // NOLINT(google-explicit-constructor)
  Dual(const Plain& value) requires of_cells       // NOLINT(google-explicit-constructor)
      : value_(value) {}
  /// The same number and slopes for every row.
  template <class U>
  requires of_cells && std::constructible_from<S, const U&>
  explicit Dual(const Dual<N, U>& one) : value_(one.value()) {
    for (int i = 0; i < N; ++i) at(i) = S(one.slope(i), Cells::Derivative());
  }
  /// The same of a derivative.
  template <class U>
  requires of_cells && std::constructible_from<S, const U&> Dual(const Dual<N, U>& one,
                                                                 Cells::Derivative tag)
      : value_(one.value(), tag) {
    for (int i = 0; i < N; ++i) at(i) = S(one.slope(i), tag);
  }
  /// The variable of direction `i`: its derivative there is 1.
  static constexpr Dual variable(S value, int i) {
    Dual x;
    x.value_ = value;
    x.slopes_[static_cast<std::size_t>(i)] = S(1.0);
    return x;
  }

  [[nodiscard]] constexpr const S& value() const { return value_; }
  [[nodiscard]] constexpr const S& slope(int i) const {
    return slopes_[static_cast<std::size_t>(i)];
  }

  friend constexpr Dual operator+(Dual a, const Dual& b) { return a += b; }
  friend constexpr Dual operator-(Dual a, const Dual& b) { return a -= b; }
  [[gnu::always_inline]] friend constexpr Dual operator*(const Dual& a, const Dual& b) {
    Dual c;
    c.value_ = a.value_ * b.value_;
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) c.at(i) = a.value_ * b.slope(i) + b.value_ * a.slope(i);
    return c;
  }
  friend constexpr Dual operator/(const Dual& a, const Dual& b) {
    Dual c;
    c.value_ = a.value_ / b.value_;
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) c.at(i) = (a.slope(i) - c.value_ * b.slope(i)) / b.value_;
    return c;
  }
  friend constexpr Dual operator+(Dual a, double b) { return a += b; }
  friend constexpr Dual operator+(double a, const Dual& b) { return b + a; }
  friend constexpr Dual operator-(Dual a, double b) { return a -= b; }
  friend constexpr Dual operator-(double a, const Dual& b) { return -b + a; }
  friend constexpr Dual operator*(Dual a, double b) { return a *= b; }
  friend constexpr Dual operator*(double a, const Dual& b) { return b * a; }
  friend constexpr Dual operator/(Dual a, double b) { return a /= b; }
  friend constexpr Dual operator/(double a, const Dual& b) { return Dual(a) / b; }
  friend Dual operator+(Dual a, const Plain& b) requires of_cells { return a += b; }
  friend Dual operator+(const Plain& a, const Dual& b) requires of_cells { return b + a; }
  friend Dual operator-(Dual a, const Plain& b) requires of_cells { return a -= b; }
  friend Dual operator-(const Plain& a, const Dual& b) requires of_cells { return -b + a; }
  friend Dual operator*(Dual a, const Plain& b) requires of_cells { return a *= b; }
  friend Dual operator*(const Plain& a, const Dual& b) requires of_cells { return b * a; }
  friend Dual operator/(Dual a, const Plain& b) requires of_cells { return a /= b; }
  friend Dual operator/(const Plain& a, const Dual& b) requires of_cells { return Dual(a) / b; }
  friend constexpr Dual operator+(const Dual& a) { return a; }
  friend constexpr Dual operator-(Dual a) {
    a.value_ = -a.value_;
#pragma GCC unroll 16
    for (S& slope : a.slopes_) slope = -slope;
    return a;
  }
  // A constant by itself is cheaper than one with slopes of 0, which no compiler may leave out.
  template <Constant<Plain> C>
  constexpr Dual& operator+=(const C& b) {
    value_ += b;
    return *this;
  }
  template <Constant<Plain> C>
  constexpr Dual& operator-=(const C& b) {
    value_ -= b;
    return *this;
  }
  template <Constant<Plain> C>
  constexpr Dual& operator*=(const C& b) {
    value_ *= b;
#pragma GCC unroll 16
    for (S& slope : slopes_) slope *= b;
    return *this;
  }
  template <Constant<Plain> C>
  constexpr Dual& operator/=(const C& b) {
    value_ /= b;
#pragma GCC unroll 16
    for (S& slope : slopes_) slope /= b;
    return *this;
  }
  constexpr Dual& operator+=(const Dual& b) {
    value_ += b.value_;
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) at(i) += b.slope(i);
    return *this;
  }
  constexpr Dual& operator-=(const Dual& b) {
    value_ -= b.value_;
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) at(i) -= b.slope(i);
    return *this;
  }
  constexpr Dual& operator*=(const Dual& b) { return *this = *this * b; }
  constexpr Dual& operator/=(const Dual& b) { return *this = *this / b; }

  friend constexpr bool operator==(const Dual& a, const Dual& b) { return a.value_ == b.value_; }
  friend constexpr std::partial_ordering operator<=>(const Dual& a, const Dual& b) {
    return a.value_ <=> b.value_;
  }
  friend constexpr bool operator==(const Dual& a, double b) { return a.value_ == b; }
  friend constexpr std::partial_ordering operator<=>(const Dual& a, double b) {
    return a.value_ <=> b;
  }

  /// f(a), from f and its derivative at the value of `a`: for functions of one's own.
  static constexpr Dual chain(const Dual& a, const S& f, const S& derivative) {
    Dual c;
    c.value_ = f;
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) c.at(i) = derivative * a.slope(i);
    return c;
  }

  friend bool isfinite(const Dual& a) {
    using std::isfinite;
    return isfinite(a.value_);
  }
  friend bool isnan(const Dual& a) {
    using std::isnan;
    return isnan(a.value_);
  }

  friend Dual exp(const Dual& a) {
    using std::exp;
    const S e = exp(a.value_);
    return chain(a, e, e);
  }
  friend Dual expm1(const Dual& a) {
    using std::exp;
    using std::expm1;
    return chain(a, expm1(a.value_), exp(a.value_));
  }
  friend Dual log(const Dual& a) {
    using std::log;
    return chain(a, log(a.value_), 1.0 / a.value_);
  }
  friend Dual log1p(const Dual& a) {
    using std::log1p;
    return chain(a, log1p(a.value_), 1.0 / (1.0 + a.value_));
  }
  friend Dual sqrt(const Dual& a) {
    using std::sqrt;
    const S root = sqrt(a.value_);
    return chain(a, root, 0.5 / root);
  }
  friend Dual pow(const Dual& a, double b) {
    using std::pow;
    if (b == 0) return Dual(1.0);
    return chain(a, pow(a.value_, b), b * pow(a.value_, b - 1));
  }
  friend Dual pow(double a, const Dual& b) {
    using std::log;
    using std::pow;
    const S power = pow(a, b.value_);
    // 0^b is 0 for all b > 0, and so is its derivative, where the formula says 0 times infinity.
    return chain(b, power, a == 0 ? S(0.0) : log(a) * power);
  }
  friend Dual pow(const Dual& a, const Dual& b) {
    using std::log;
    using std::pow;
    const S power = pow(a.value_, b.value_);
    const S by_base = b.value_ * pow(a.value_, b.value_ - 1.0);
    const S by_exponent = log_power(a.value_, power);
    Dual c;
    c.value_ = power;
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) c.at(i) = by_base * a.slope(i) + by_exponent * b.slope(i);
    return c;
  }
  friend Dual pow(const Plain& a, const Dual& b) requires of_cells {
    const S power = pow(a, b.value_);
    return chain(b, power, log_power(S(a), power));
  }
  friend Dual log_power(const Dual& a, const Dual& b) {
    if constexpr (!of_cells) {
      if (a == 0) return Dual(0.0);
    }
    Dual c;
    c.value_ = log_power(a.value_, b.value_);
    for (int i = 0; i < N; ++i) {
      c.at(i) = log_power(a.value_, b.slope(i)) + b.value_ / a.value_ * a.slope(i);
    }
    return c;
  }
  friend Plain sign(const Dual& a) { return sign(a.value_); }
  /// The derivative of abs at 0 is taken as 0.
  friend Dual abs(const Dual& a) { return a * sign(a); }
  friend Dual fabs(const Dual& a) { return abs(a); }

  friend Dual sin(const Dual& a) {
    using std::cos;
    using std::sin;
    return chain(a, sin(a.value_), cos(a.value_));
  }
  friend Dual cos(const Dual& a) {
    using std::cos;
    using std::sin;
    return chain(a, cos(a.value_), -sin(a.value_));
  }
  friend Dual tan(const Dual& a) {
    using std::tan;
    const S t = tan(a.value_);
    return chain(a, t, 1.0 + t * t);
  }
  friend Dual asin(const Dual& a) {
    using std::asin;
    using std::sqrt;
    return chain(a, asin(a.value_), 1.0 / sqrt(1.0 - a.value_ * a.value_));
  }
  friend Dual acos(const Dual& a) {
    using std::acos;
    using std::sqrt;
    return chain(a, acos(a.value_), -1.0 / sqrt(1.0 - a.value_ * a.value_));
  }
  friend Dual atan(const Dual& a) {
    using std::atan;
    return chain(a, atan(a.value_), 1.0 / (1.0 + a.value_ * a.value_));
  }
  friend Dual tanh(const Dual& a) {
    using std::tanh;
    const S t = tanh(a.value_);
    return chain(a, t, 1.0 - t * t);
  }
  friend Dual cosh(const Dual& a) {
    using std::cosh;
    using std::sinh;
    return chain(a, cosh(a.value_), sinh(a.value_));
  }
  friend Dual sinh(const Dual& a) {
    using std::cosh;
    using std::sinh;
    return chain(a, sinh(a.value_), cosh(a.value_));
  }
  friend Dual erf(const Dual& a) {
    using std::erf;
    return chain(a, erf(a.value_), gauss_curve(a.value_));
  }
  friend Dual erfc(const Dual& a) {
    using std::erfc;
    return chain(a, erfc(a.value_), -gauss_curve(a.value_));
  }
  friend Dual log_gamma(const Dual& a) {
    return chain(a, log_gamma(a.value_), polygamma(0, a.value_));
  }
  friend Dual lgamma(const Dual& a) { return log_gamma(a); }
  friend Dual polygamma(int n, const Dual& a) {
    return chain(a, polygamma(n, a.value_), polygamma(n + 1, a.value_));
  }
  friend Dual digamma(const Dual& a) { return polygamma(0, a); }

 private:
  constexpr S& at(int i) { return slopes_[static_cast<std::size_t>(i)]; }

  static S gauss_curve(const S& x) {
    using std::exp;
    return 2 * std::numbers::inv_sqrtpi * exp(-(x * x));
  }

  S value_{};
  std::array<S, N> slopes_{};
};

/// The value without derivatives, of any depth.
constexpr double plain_value(double x) { return x; }
template <int N, class S>
constexpr double plain_value(const Dual<N, S>& x) {
  return plain_value(x.value());
}

/// log I_v(x) of the modified Bessel function of the first kind, v >= 0 and x > 0, also where I
/// itself would overflow or vanish.
double log_bessel_i(double v, double x);
Cells log_bessel_i(double v, const Cells& x);
/// I_{v+1}(x) / I_v(x).
double bessel_i_ratio(double v, double x);
Cells bessel_i_ratio(double v, const Cells& x);

template <int N, class S>
Dual<N, S> bessel_i_ratio(double v, const Dual<N, S>& x) {
  const S ratio = bessel_i_ratio(v, x.value());
  return Dual<N, S>::chain(x, ratio, 1.0 - ratio * (ratio + (2 * v + 1) / x.value()));
}
template <int N, class S>
Dual<N, S> log_bessel_i(double v, const Dual<N, S>& x) {
  return Dual<N, S>::chain(x, log_bessel_i(v, x.value()),
                           bessel_i_ratio(v, x.value()) + v / x.value());
}

}  // namespace mix
