#pragma once

#include <functional>
#include <utility>

#include "mix/types.h"

namespace mix {

/// Where weighted sums over rows of log(1 + q/v) are known as a function of v, q any number of a
/// row: at Chebyshev points of log v in a window about the current v. The nearest singularities,
/// log q +- i pi, leave an interpolation error below 1e-13, whatever q.
inline constexpr Index window_nodes = 16;

struct LogWindow {
  double first;  // of log v
  double last;

  /// e times as far as `value` to either side, within [least, largest].
  static LogWindow around(double value, double least, double largest);
  /// The logarithm of node j.
  [[nodiscard]] double node(Index j) const;
};

/// The polynomial through values at the nodes of a window.
class WindowInterpolation {
 public:
  WindowInterpolation(LogWindow window, ConstVectorRef values);

  /// Value and derivative at s = log v, by the recurrences of T_i and of T_i' = i U_{i-1}.
  [[nodiscard]] std::pair<double, double> operator()(double s) const;
  /// The polynomial's derivative by s, a polynomial in the same window.
  [[nodiscard]] WindowInterpolation derivative() const;
  /// A polynomial whose derivative it is, up to the last term.
  [[nodiscard]] WindowInterpolation integral() const;

 private:
  LogWindow window_;
  Eigen::Matrix<double, window_nodes, 1> coefficients_;  // of T_i
};

/// Where a function in a window is largest, by its values at 25 points and the root of its slope
/// next to the largest of them.
double window_maximizer(LogWindow window, const std::function<double(double)>& value,
                        const std::function<double(double)>& slope);

}  // namespace mix
