#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>

#include "mix/random.h"
#include "mix/types.h"
#include "support/evaluate.h"

namespace mix::test {

/// The largest derivative, along any coordinate, of the weighted log-likelihood (plus the log prior
/// if there is one) at the parameters of `d`, by sixth-order differences, per unit of weight.
template <class D>
double score(const D& d, Rows x, Weights w, double h = 1e-3) {
  const Vector at = d.coordinates();
  const auto value = [&](Index i, double step) {
    D moved = d;
    Vector v = at;
    v[i] += step;
    moved.set_coordinates(v);
    double prior = 0;
    if constexpr (requires { moved.log_prior(); }) prior = moved.log_prior();
    return weighted_log_likelihood(moved, x, w) + prior;
  };
  double largest = 0;
  for (Index i = 0; i < at.size(); ++i) {
    const auto difference = [&](double step) { return value(i, step) - value(i, -step); };
    const double slope =
        (45 * difference(h) - 9 * difference(2 * h) + difference(3 * h)) / (60 * h);
    largest = std::max(largest, std::abs(slope) / w.sum());
  }
  return largest;
}

/// The densities of Boost.Math at these values.
template <class D, class Reference>
void expect_density(const D& distribution, const Reference& reference,
                    std::initializer_list<double> at) {
  for (const double x : at) {
    const double expected = std::log(pdf(reference, x));
    EXPECT_NEAR(log_density_at(distribution, {x}), expected, 1e-12 * (1 + std::abs(expected)))
        << D::name << " at " << x;
  }
}

/// A distribution prepared and estimated from scratch, in as many steps as it takes.
template <class D>
D estimated(D d, Rows x, Weights w, Index steps = 1) {
  d.prepare(x, w);
  if constexpr (requires { d.start(x, w); }) d.start(x, w);
  for (Index i = 0; i < steps; ++i) {
    if constexpr (requires { d.fit(x, w); }) {
      d.fit(x, w);
    } else {
      estimate(d, x, w);
    }
  }
  return d;
}

/// `n` draws, one per row.
template <class D>
Matrix draws(const D& d, Index n, std::uint64_t seed = 1) {
  Matrix x(n, d.dimension());
  Rng rng(seed);
  Vector row(d.dimension());
  for (Index i = 0; i < n; ++i) {
    d.sample(rng, row);
    x.row(i) = row.transpose();
  }
  return x;
}

/// Weights that differ, from 0.25 to 2.
inline Vector uneven_weights(Index n) {
  return Vector::NullaryExpr(n, [](Index i) { return 0.25 * static_cast<double>(1 + i % 8); });
}

}  // namespace mix::test
