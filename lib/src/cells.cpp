#include "mix/cells.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "mix/dual.h"
#include "mix/kernels.h"

namespace mix {

struct Cells::Numbers {
  alignas(64) std::array<double, most_rows> of_row;
  Index rows;
  Index owners;
};

// What is given up is used again, by the same thread.
class Cells::Kept {
 public:
  static Numbers* take() {
    std::vector<std::unique_ptr<Numbers>>& free = memory();
    if (free.empty()) return std::make_unique<Numbers>().release();
    Numbers* numbers = free.back().release();
    free.pop_back();
    return numbers;
  }
  static void give(Numbers* numbers) { memory().emplace_back(numbers); }

 private:
  static std::vector<std::unique_ptr<Numbers>>& memory() {
    thread_local std::vector<std::unique_ptr<Numbers>> free;
    return free;
  }
};

Cells Cells::of_rows(Index rows) {
  Cells made;
  made.numbers_ = Kept::take();
  made.numbers_->rows = rows;
  made.numbers_->owners = 1;
  made.nothing_ = false;
  return made;
}

Cells::Cells(ConstVectorRef numbers) : Cells(of_rows(numbers.size())) {
  std::copy(numbers.begin(), numbers.end(), data());
}
Cells::Cells(const Cells& other)
    : numbers_(other.numbers_), nothing_(other.nothing_), value_(other.value_) {
  if (numbers_ != nullptr) ++numbers_->owners;
}
Cells::~Cells() {
  if (numbers_ != nullptr && --numbers_->owners == 0) Kept::give(numbers_);
}

const double* Cells::data() const { return numbers_->of_row.data(); }
double* Cells::data() { return numbers_->of_row.data(); }
Index Cells::rows() const { return numbers_->rows; }

double Cells::operator[](Index row) const { return uniform() ? value_ : data()[row]; }

void Cells::copy_to(VectorRef out) const {
  if (uniform()) {
    out.setConstant(value_);
  } else {
    std::copy(data(), data() + out.size(), out.begin());
  }
}

double Cells::weighted_sum(Weights w) const {
  if (uniform()) {
    const double total = w.sum();
    return nothing_ || total == 0 ? 0 : value_ * total;
  }
  return kernels::total_of(Eigen::Map<const Vector>(data(), w.size()), w);
}

// Writes what `kernel` makes of this and b over this.
Cells& Cells::combine(Kernel kernel, const Cells& b) {
  const auto operand = [](const Cells& of) {
    return kernels::Operand{of.uniform() ? nullptr : of.data(), of.value_};
  };
  const kernels::Operand x = operand(*this);
  const kernels::Operand y = operand(b);
  if (uniform() && b.uniform()) {
    kernel(x, y, 1, &value_);
  } else if (!uniform() && numbers_->owners == 1) {
    kernel(x, y, rows(), data());
  } else {
    Cells result = of_rows(uniform() ? b.rows() : rows());
    kernel(x, y, result.rows(), result.data());
    *this = std::move(result);
  }
  return *this;
}

Cells& Cells::operator+=(const Cells& b) {
  if (b.nothing_) return *this;
  if (nothing_) return *this = b;
  return combine(kernels::add, b);
}
Cells& Cells::operator-=(const Cells& b) {
  if (b.nothing_) return *this;
  if (nothing_) return *this = -b;
  return combine(kernels::subtract, b);
}
Cells& Cells::operator*=(const Cells& b) {
  if (nothing_ || b.nothing_) return *this = Cells();
  return combine(kernels::multiply, b);
}
Cells& Cells::operator/=(const Cells& b) {
  if (nothing_) return *this;
  return combine(kernels::divide, b);
}

template <class Function>
Cells Cells::mapped(const Function& f) const {
  if (uniform()) return {f(value_)};
  Cells result = of_rows(rows());
  std::transform(data(), data() + rows(), result.data(), f);
  return result;
}

// By a kernel that serves numbers from `low` to `high`.
template <class Function>
Cells Cells::mapped_by(void (*kernel)(ConstVectorRef x, VectorRef out), double low, double high,
                       const Function& f) const {
  if (uniform()) return {f(value_)};
  const Eigen::Map<const Vector> numbers(data(), rows());
  Cells result = of_rows(rows());
  kernel(numbers, Eigen::Map<Vector>(result.data(), rows()));
  if (kernels::within(numbers, low, high)) return result;
  // Number by number, so that none depends on those beside it.
  for (Index i = 0; i < rows(); ++i) {
    if (!(numbers[i] >= low && numbers[i] <= high)) result.data()[i] = f(numbers[i]);
  }
  return result;
}

template <class Function>
Cells Cells::mapped(const Cells& x, const Cells& y, const Function& f) {
  if (x.uniform() && y.uniform()) return {f(x.value_, y.value_)};
  Cells result = of_rows(x.uniform() ? y.rows() : x.rows());
  for (Index i = 0; i < result.rows(); ++i) result.data()[i] = f(x[i], y[i]);
  return result;
}

Cells exp(const Cells& x) {
  // Beyond, results are no normal numbers: the kernel is not for them.
  constexpr double most = 708;
  return x.mapped_by(kernels::exponential, -most, most, [](double v) { return std::exp(v); });
}

Cells log(const Cells& x) {
  using Limits = std::numeric_limits<double>;
  return x.mapped_by(kernels::logarithm, Limits::min(), Limits::max(),
                     [](double v) { return std::log(v); });
}

#define MIX_MAPPED(name, f)                      \
  Cells name(const Cells& x) {                   \
    return x.mapped([](double v) { return f; }); \
  }
MIX_MAPPED(expm1, std::expm1(v))
MIX_MAPPED(log1p, std::log1p(v))
MIX_MAPPED(sqrt, std::sqrt(v))
MIX_MAPPED(abs, std::abs(v))
MIX_MAPPED(sign, static_cast<double>(v > 0) - static_cast<double>(v < 0))
MIX_MAPPED(sin, std::sin(v))
MIX_MAPPED(cos, std::cos(v))
MIX_MAPPED(tan, std::tan(v))
MIX_MAPPED(asin, std::asin(v))
MIX_MAPPED(acos, std::acos(v))
MIX_MAPPED(atan, std::atan(v))
MIX_MAPPED(sinh, std::sinh(v))
MIX_MAPPED(cosh, std::cosh(v))
MIX_MAPPED(tanh, std::tanh(v))
MIX_MAPPED(erf, std::erf(v))
MIX_MAPPED(erfc, std::erfc(v))
MIX_MAPPED(log_gamma, mix::log_gamma(v))
#undef MIX_MAPPED

Cells Cells::transformed(const std::function<double(double)>& f) const { return mapped(f); }

Cells polygamma(int n, const Cells& x) {
  return x.mapped([n](double v) { return mix::polygamma(n, v); });
}
Cells pow(const Cells& x, const Cells& y) {
  return Cells::mapped(x, y, [](double a, double b) { return std::pow(a, b); });
}
Cells log_power(const Cells& x, const Cells& y) {
  return Cells::mapped(x, y, [](double a, double b) { return a == 0 ? 0 : std::log(a) * b; });
}

}  // namespace mix
