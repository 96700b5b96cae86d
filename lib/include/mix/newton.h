#pragma once

#include <cmath>
#include <functional>

#include "mix/types.h"

namespace mix {

/// A function's value, gradient and matrix of second derivatives at a point.
struct Expansion {
  double value = 0;
  Vector gradient;
  Matrix hessian;

  [[nodiscard]] bool usable() const {
    return std::isfinite(value) && gradient.allFinite() && hessian.allFinite();
  }
};

/// A function's value and derivatives by central differences, whose errors are of the order h^6 in
/// slopes (h = 1e-3) and h^4 in curvatures (h = 1e-2): for points in units of their own, such as
/// coordinates.
Expansion expand_by_differences(const Vector& at,
                                const std::function<double(const Vector&)>& objective);

/// The same at a quarter of the evaluations (6 instead of 25 in two dimensions): errors of the
/// order h^2 in slopes and h in mixed curvatures, h = 1e-3. For functions that are dear and steps
/// that are repeated.
Expansion expand_by_few_differences(const Vector& at,
                                    const std::function<double(const Vector&)>& objective);
/// Whether the derivatives promise a rise of less than 1e-11 of the value: then a few differences
/// are too rough.
bool promises_little(const Expansion& at);

/// More of Newton's steps than a maximum takes.
inline constexpr Index enough_steps = 50;

struct NewtonResult {
  Vector point{};
  double value = 0;
  Index iterations = 0;
  bool converged = false;  ///< whether the derivatives promise no rise that matters
};

/// Climbs from `start` to a maximum by Newton's method, along |hessian|^-1 gradient and no farther
/// than the value rises, so that the value never falls by more than rounding and saddles repel
/// (Dauphin et al. 2014). `expand` evaluates value and derivatives, `value` the value alone; both
/// may return anything but throw. Where `expand` is not finite the result is `start`.
NewtonResult maximize_by_newton(const Vector& start,
                                const std::function<Expansion(const Vector&)>& expand,
                                const std::function<double(const Vector&)>& value,
                                Index max_iterations = enough_steps);

/// At most `most_steps` of these steps with derivatives by differences, within the points that are
/// allowed, as `start` is: for generalized EM, whose next step goes on from the result.
Vector climb_by_differences(const Vector& start,
                            const std::function<double(const Vector&)>& objective,
                            const std::function<bool(const Vector&)>& allowed, Index most_steps);

}  // namespace mix
