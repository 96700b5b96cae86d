#include "log_window.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "root.h"

namespace mix {
namespace {

// T_i at Chebyshev point j is the cosine of i times its angle.
double node_cosine(Index i, Index j) {
  static const Matrix table = Matrix::NullaryExpr(window_nodes, window_nodes, [](Index a, Index b) {
    return std::cos(std::numbers::pi * static_cast<double>(a) * (static_cast<double>(b) + 0.5) /
                    window_nodes);
  });
  return table(i, j);
}

}  // namespace

LogWindow LogWindow::around(double value, double least, double largest) {
  const double low = std::log(least);
  const double high = std::log(largest);
  const double s = std::clamp(std::log(value), low, high);
  return {std::max(s - 1, low), std::min(s + 1, high)};
}

double LogWindow::node(Index j) const {
  return 0.5 * (first + last) + 0.5 * (last - first) * node_cosine(1, j);
}

WindowInterpolation::WindowInterpolation(LogWindow window, ConstVectorRef values)
    : window_(window) {
  for (Index i = 0; i < window_nodes; ++i) {
    double sum = 0;
    for (Index j = 0; j < window_nodes; ++j) {
      sum += values[j] * node_cosine(i, j);
    }
    coefficients_[i] = (i == 0 ? 1.0 : 2.0) * sum / window_nodes;
  }
}

std::pair<double, double> WindowInterpolation::operator()(double s) const {
  const double width = window_.last - window_.first;
  const double t = (2 * s - window_.first - window_.last) / width;
  double value = coefficients_[0] + coefficients_[1] * t;
  double derivative = coefficients_[1];
  double t0 = 1;
  double t1 = t;
  double u0 = 1;
  double u1 = 2 * t;
  for (Index i = 2; i < window_nodes; ++i) {
    t0 = std::exchange(t1, 2 * t * t1 - t0);
    value += coefficients_[i] * t1;
    derivative += coefficients_[i] * static_cast<double>(i) * u1;
    u0 = std::exchange(u1, 2 * t * u1 - u0);
  }
  return {value, 2 / width * derivative};
}

WindowInterpolation WindowInterpolation::derivative() const {
  WindowInterpolation result = *this;
  auto& c = result.coefficients_;
  c.setZero();
  // T_i' = 2 i (T_{i-1} + T_{i-3} + ...), where T_0 counts half.
  for (Index i = window_nodes - 1; i > 0; --i) {
    const double above = i + 1 < window_nodes ? c[i + 1] : 0;
    c[i - 1] = above + 2 * static_cast<double>(i) * coefficients_[i];
  }
  c[0] /= 2;
  c *= 2 / (window_.last - window_.first);
  return result;
}

WindowInterpolation WindowInterpolation::integral() const {
  WindowInterpolation result = *this;
  auto& c = result.coefficients_;
  c.setZero();
  // T_i is the derivative of T_{i+1} / (2 (i + 1)) - T_{i-1} / (2 (i - 1)), T_0 that of T_1.
  for (Index i = 1; i < window_nodes; ++i) {
    const double below = (i == 1 ? 2 : 1) * coefficients_[i - 1];
    const double above = i + 1 < window_nodes ? coefficients_[i + 1] : 0;
    c[i] = (below - above) / (2 * static_cast<double>(i));
  }
  c *= (window_.last - window_.first) / 2;
  return result;
}

double window_maximizer(LogWindow window, const std::function<double(double)>& value,
                        const std::function<double(double)>& slope) {
  constexpr Index steps = 24;
  const double step = (window.last - window.first) / steps;
  Index top = 0;
  double top_value = -infinity;
  for (Index i = 0; i <= steps; ++i) {
    const double v = value(window.first + step * static_cast<double>(i));
    if (v > top_value) {
      top_value = v;
      top = i;
    }
  }
  const double at = window.first + step * static_cast<double>(top);
  const double low = std::max(at - step, window.first);
  const double high = std::min(at + step, window.last);
  const double left = slope(low);
  const double right = slope(high);
  if (!(left > 0 && right < 0)) return at;  // the maximum is at an end of the window
  return root_between(slope, low, high, left, right);
}

}  // namespace mix
