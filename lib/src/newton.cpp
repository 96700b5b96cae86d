#include "mix/newton.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <utility>

namespace mix {
namespace {

// Values closer than this, relatively, are equal but for rounding.
constexpr double rounding = 1e-13;
// Directions with less than this share of the largest curvature are treated as if they had it.
constexpr double least_curvature = 1e-10;
// A promised rise of less than this, relatively, is the last part of the way.
constexpr double near = 1e-8;
// After a step that promises less than this the next promise, which goes with its square, is lost
// in rounding.
constexpr double last_step = 1e-12;
constexpr int max_halvings = 60;
// Of the two differences: errors of the order h^6 in slopes and h^4 in curvatures.
constexpr double slope_step = 1e-3;
constexpr double curvature_step = 1e-2;

struct Direction {
  Vector step;
  double promise;  // twice the rise
  bool newton;     // whether the step is Newton's: the function is concave, and not flat
};

// The ascent direction. Coordinates may have units that differ by many powers of ten, so each is
// measured by its own curvature first.
Direction direction(const Expansion& at) {
  const Vector unit = at.hessian.diagonal().unaryExpr(
      [](double curvature) { return curvature != 0 ? 1 / std::sqrt(std::abs(curvature)) : 1; });
  const Matrix hessian = unit.asDiagonal() * at.hessian * unit.asDiagonal();
  const Vector gradient = unit.cwiseProduct(at.gradient);
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(hessian);
  const Vector curvature = eigen.eigenvalues().cwiseAbs();
  const double least = std::max(least_curvature * curvature.maxCoeff(), 1e-300);
  const Vector along = eigen.eigenvectors().transpose() * gradient;
  const Vector scaled = along.cwiseQuotient(curvature.cwiseMax(least));
  return {unit.cwiseProduct(eigen.eigenvectors() * scaled), along.dot(scaled),
          eigen.eigenvalues().maxCoeff() < -least};
}

}  // namespace

Expansion expand_by_differences(const Vector& at,
                                const std::function<double(const Vector&)>& objective) {
  const Index n = at.size();
  const auto moved = [&](Index i, double a, Index j, double b) {
    Vector v = at;
    v[i] += a;
    v[j] += b;
    return objective(v);
  };
  Expansion e{objective(at), Vector(n), Matrix(n, n)};
  for (Index i = 0; i < n; ++i) {
    const auto odd = [&](double step) { return moved(i, step, i, 0) - moved(i, -step, i, 0); };
    const double h = slope_step;
    e.gradient[i] = (45 * odd(h) - 9 * odd(2 * h) + odd(3 * h)) / (60 * h);
    const double s = curvature_step;
    const auto even = [&](double step) { return moved(i, step, i, 0) + moved(i, -step, i, 0); };
    e.hessian(i, i) = (16 * even(s) - even(2 * s) - 30 * e.value) / (12 * s * s);
    for (Index j = 0; j < i; ++j) {
      e.hessian(i, j) = e.hessian(j, i) =
          (moved(i, s, j, s) - moved(i, s, j, -s) - moved(i, -s, j, s) + moved(i, -s, j, -s)) /
          (4 * s * s);
    }
  }
  return e;
}

Expansion expand_by_few_differences(const Vector& at,
                                    const std::function<double(const Vector&)>& objective) {
  constexpr double h = slope_step;
  const Index n = at.size();
  Expansion e{objective(at), Vector(n), Matrix(n, n)};
  if (!std::isfinite(e.value)) return e;
  Vector up(n);
  for (Index i = 0; i < n; ++i) {
    Vector v = at;
    v[i] = at[i] + h;
    up[i] = objective(v);
    v[i] = at[i] - h;
    const double down = objective(v);
    e.gradient[i] = (up[i] - down) / (2 * h);
    e.hessian(i, i) = (up[i] - e.value + (down - e.value)) / (h * h);
  }
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < i; ++j) {
      Vector v = at;
      v[i] += h;
      v[j] += h;
      e.hessian(i, j) = e.hessian(j, i) = (objective(v) - up[i] - (up[j] - e.value)) / (h * h);
    }
  }
  return e;
}

bool promises_little(const Expansion& at) {
  constexpr double little = 1e-11;
  return at.usable() && direction(at).promise < little * (1 + std::abs(at.value));
}

NewtonResult maximize_by_newton(const Vector& start,
                                const std::function<Expansion(const Vector&)>& expand,
                                const std::function<double(const Vector&)>& value,
                                Index max_iterations) {
  NewtonResult best{.point = start};
  Expansion here = expand(start);
  best.value = here.value;
  if (!here.usable()) return best;
  while (best.iterations < max_iterations) {
    ++best.iterations;
    const auto [step, promise, newton] = direction(here);
    const double size = 1 + std::abs(here.value);
    best.converged = promise < near * size;
    if (!(promise > 1e-24 * size)) break;

    if (newton && promise < last_step * size) {
      best.point += step;
      best.value += promise / 2;
      break;
    }

    // Most full steps are good, so their derivatives are computed at once, unless none will follow.
    const bool last = best.iterations == max_iterations;
    const auto look_at = [&](const Vector& v) {
      return last ? Expansion{value(v), here.gradient, here.hessian} : expand(v);
    };
    Vector next = best.point + step;
    Expansion there = look_at(next);
    bool accepted = there.usable() && there.value > here.value;
    if (!last && !accepted && there.usable() && promise < near * size &&
        there.value >= here.value - rounding * size) {
      // Too close to the top for values to tell: the promise that is left does.
      accepted = direction(there).promise < 0.25 * promise;
      if (!accepted) break;
    }
    for (int halving = 0; !accepted && halving < max_halvings; ++halving) {
      next = best.point + std::ldexp(1.0, -1 - halving) * step;
      if (next == best.point) break;
      if (!(value(next) > here.value)) continue;
      there = look_at(next);
      accepted = there.usable() && there.value > here.value;
    }
    if (!accepted) break;
    best.point = std::move(next);
    here = std::move(there);
    best.value = here.value;
  }
  return best;
}

Vector climb_by_differences(const Vector& start,
                            const std::function<double(const Vector&)>& objective,
                            const std::function<bool(const Vector&)>& allowed, Index most_steps) {
  return maximize_by_newton(
             start,
             [&](const Vector& v) {
               if (!allowed(v)) return Expansion{.value = quiet_nan, .gradient = {}, .hessian = {}};
               Expansion few = expand_by_few_differences(v, objective);
               return promises_little(few) ? expand_by_differences(v, objective) : few;
             },
             [&](const Vector& v) { return allowed(v) ? objective(v) : quiet_nan; }, most_steps)
      .point;
}

}  // namespace mix
