#pragma once

#include <functional>
#include <initializer_list>

#include "mix/em.h"
#include "mix/types.h"

/// Short names for what most tests of distributions do.
namespace mix::test {

/// The rows of a table that has `columns` columns, written row by row.
inline Matrix rows(Index columns, std::initializer_list<double> cells) {
  const Index n = static_cast<Index>(cells.size()) / columns;
  Matrix x(n, columns);
  Index i = 0;
  for (const double cell : cells) {
    x(i / columns, i % columns) = cell;
    ++i;
  }
  return x;
}

template <class D>
Vector log_density(const D& distribution, Rows x) {
  Vector out(x.rows());
  distribution.log_density(x, out);
  return out;
}

/// The log density of one row.
template <class D>
double log_density_at(const D& distribution, std::initializer_list<double> row) {
  return log_density(distribution, rows(static_cast<Index>(row.size()), row))[0];
}

/// One weighted estimate from the statistics of all rows.
template <class D>
void estimate(D& distribution, Rows x, Weights w) {
  Vector sum = Vector::Zero(distribution.statistics_size());
  distribution.accumulate(x, w, sum);
  distribution.maximize(sum);
}

template <class D>
double weighted_log_likelihood(const D& distribution, Rows x, Weights w) {
  return w.dot(log_density(distribution, x));
}

/// How far from t = 0 the maximum of f is, by one Newton step on fourth-order differences of width
/// h.
inline double distance_to_maximum(const std::function<double(double)>& f, double h) {
  const double near = f(h) - f(-h);
  const double far = f(2 * h) - f(-2 * h);
  const double slope = (8 * near - far) / (12 * h);
  const double curvature =
      (16 * (f(h) + f(-h)) - (f(2 * h) + f(-2 * h)) - 30 * f(0)) / (12 * h * h);
  return curvature < 0 ? -slope / curvature : infinity;
}

/// Options under which EM runs until nothing moves.
inline EmOptions to_the_end() { return {.tol = 1e-11, .max_iter = 100000}; }

}  // namespace mix::test
