#pragma once

#include <algorithm>
#include <cmath>
#include <functional>

#include "mix/random.h"
#include "mix/types.h"

namespace mix::testing_support {

using Function = std::function<double(const Vector&)>;

inline Vector random_vector(Rng& rng, Index n) {
  Vector v(n);
  for (double& value : v) value = standard_normal(rng);
  return v;
}

inline Vector gradient(const Function& f, const Vector& at) {
  Vector g(at.size());
  for (Index i = 0; i < at.size(); ++i) {
    const auto along = [&](double step) {
      Vector moved = at;
      moved[i] += step;
      return f(moved);
    };
    const double h = 1e-3;  // six-point rule, error of the order h^6
    g[i] = (45 * (along(h) - along(-h)) - 9 * (along(2 * h) - along(-2 * h)) + along(3 * h) -
            along(-3 * h)) /
           (60 * h);
  }
  return g;
}

/// BFGS with backtracking; knows nothing of Gaussian distributions.
inline Vector numerical_maximum(const Function& f, Vector at) {
  const Index n = at.size();
  Matrix inverse = Matrix::Identity(n, n);
  double value = f(at);
  Vector g = gradient(f, at);
  for (int iteration = 0; iteration < 400 && g.norm() > 1e-9 * std::abs(value); ++iteration) {
    Vector direction = inverse * g;
    if (!(direction.dot(g) > 0)) {
      inverse.setIdentity();
      direction = g;
    }
    double step = std::min(1.0, 1.0 / direction.norm());
    Vector next = at + step * direction;
    double moved = f(next);
    while (!(moved >= value + 1e-4 * step * direction.dot(g)) && step > 1e-14) {
      step /= 2;
      next = at + step * direction;
      moved = f(next);
    }
    if (!(moved > value)) break;
    const Vector next_g = gradient(f, next);
    const Vector s = next - at;
    const Vector y = g - next_g;
    if (s.dot(y) > 1e-14 * s.norm() * y.norm()) {
      const double rho = 1 / s.dot(y);
      const Matrix left = Matrix::Identity(n, n) - rho * s * y.transpose();
      inverse = left * inverse * left.transpose() + rho * s * s.transpose();
    }
    at = next;
    g = next_g;
    value = moved;
  }
  return at;
}

}  // namespace mix::testing_support
