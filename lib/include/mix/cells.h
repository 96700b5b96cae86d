#pragma once

#include <functional>
#include <utility>

#include "mix/types.h"

namespace mix {

namespace kernels {
struct Operand;
}  // namespace kernels

/// A number for every row of a block, or one for all of them: with it in place of `double` a
/// formula is evaluated for a whole block at a time, by vector instructions. Arithmetic and
/// functions are those of numbers, element by element, but that nothing, a derivative by what a
/// formula does not contain, is 0 in every product and costs no time. Copies share their memory
/// until one is changed. Belongs to the thread that made it. Operands must have equally many rows;
/// that is not looked at.
class Cells {
 public:
  /// Rows of a block at most.
  static constexpr Index most_rows = 512;
  struct Derivative {};

  /// Nothing.
  Cells() = default;
  /// One number for all rows.
  Cells(double value) : nothing_(false), value_(value) {}  // NOLINT(google-explicit-constructor)
  /// The same of a derivative: 0 is nothing.
  Cells(double value, Derivative /*tag*/) : nothing_(value == 0), value_(value) {}
  /// One number per row, at most most_rows.
  explicit Cells(ConstVectorRef numbers);
  Cells(const Cells& other);
  Cells(Cells&& other) noexcept
      : numbers_(std::exchange(other.numbers_, nullptr)),
        nothing_(other.nothing_),
        value_(other.value_) {}
  Cells& operator=(Cells other) noexcept {
    std::swap(numbers_, other.numbers_);
    nothing_ = other.nothing_;
    value_ = other.value_;
    return *this;
  }
  ~Cells();

  [[nodiscard]] bool nothing() const { return nothing_; }
  /// Whether one number stands for all rows.
  [[nodiscard]] bool uniform() const { return numbers_ == nullptr; }
  /// That number.
  [[nodiscard]] double value() const { return value_; }
  [[nodiscard]] double operator[](Index row) const;
  /// The numbers of the first rows.
  void copy_to(VectorRef out) const;
  /// The sum over rows of w(n) times the number of row n; rows of weight zero count for nothing.
  [[nodiscard]] double weighted_sum(Weights w) const;
  /// f of every number.
  [[nodiscard]] Cells transformed(const std::function<double(double)>& f) const;

  Cells& operator+=(const Cells& b);
  Cells& operator-=(const Cells& b);
  Cells& operator*=(const Cells& b);
  Cells& operator/=(const Cells& b);
  friend Cells operator+(Cells a, const Cells& b) { return std::move(a += b); }
  friend Cells operator-(Cells a, const Cells& b) { return std::move(a -= b); }
  friend Cells operator*(Cells a, const Cells& b) { return std::move(a *= b); }
  friend Cells operator/(Cells a, const Cells& b) { return std::move(a /= b); }
  friend Cells operator+(const Cells& a) { return a; }
  friend Cells operator-(Cells a) { return std::move(a *= -1.0); }

  friend Cells exp(const Cells& x);
  friend Cells log(const Cells& x);
  friend Cells expm1(const Cells& x);
  friend Cells log1p(const Cells& x);
  friend Cells sqrt(const Cells& x);
  friend Cells abs(const Cells& x);
  friend Cells fabs(const Cells& x) { return abs(x); }
  /// -1, 0 or 1.
  friend Cells sign(const Cells& x);
  friend Cells sin(const Cells& x);
  friend Cells cos(const Cells& x);
  friend Cells tan(const Cells& x);
  friend Cells asin(const Cells& x);
  friend Cells acos(const Cells& x);
  friend Cells atan(const Cells& x);
  friend Cells sinh(const Cells& x);
  friend Cells cosh(const Cells& x);
  friend Cells tanh(const Cells& x);
  friend Cells erf(const Cells& x);
  friend Cells erfc(const Cells& x);
  friend Cells log_gamma(const Cells& x);
  friend Cells lgamma(const Cells& x) { return log_gamma(x); }
  friend Cells polygamma(int n, const Cells& x);
  friend Cells digamma(const Cells& x) { return polygamma(0, x); }
  friend Cells pow(const Cells& x, const Cells& y);
  /// y log(x), 0 where x is 0.
  friend Cells log_power(const Cells& x, const Cells& y);

 private:
  using Kernel = void (*)(kernels::Operand x, kernels::Operand y, Index rows, double* out);
  struct Numbers;
  class Kept;

  Cells& combine(Kernel kernel, const Cells& b);
  template <class Function>
  [[nodiscard]] Cells mapped(const Function& f) const;
  template <class Function>
  [[nodiscard]] Cells mapped_by(void (*kernel)(ConstVectorRef x, VectorRef out), double low,
                                double high, const Function& f) const;
  template <class Function>
  static Cells mapped(const Cells& x, const Cells& y, const Function& f);
  // Memory for as many rows, not initialized.
  static Cells of_rows(Index rows);
  [[nodiscard]] const double* data() const;
  [[nodiscard]] double* data();
  [[nodiscard]] Index rows() const;

  Numbers* numbers_ = nullptr;
  bool nothing_ = true;
  double value_ = 0;  // where `numbers_` is null
};

}  // namespace mix
