#pragma once

#include <mix/concepts.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

/// The double exponential distribution. Its estimate is a weighted median, which no sum over rows
/// yields: a distribution with a `fit` of its own.
class Laplace {
 public:
  static constexpr std::string_view name = "my_laplace";

  explicit Laplace(double median = 0, double scale = 1) : median_(median), scale_(scale) {}
  double median() const { return median_; }
  double scale() const { return scale_; }

  mix::Index dimension() const { return 1; }
  mix::Index parameter_count() const { return 2; }
  void log_density(mix::Rows x, mix::VectorRef out) const {
    out = -(x.col(0).array() - median_).abs() / scale_ - std::log(2 * scale_);
  }

  void fit(mix::Rows x, mix::Weights w) {
    if (!(w.sum() > 0)) return;
    std::vector<mix::Index> order(static_cast<std::size_t>(x.rows()));
    std::iota(order.begin(), order.end(), mix::Index{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return x(a, 0) < x(b, 0); });
    double below = 0;
    for (const mix::Index i : order) {
      median_ = x(i, 0);
      below += w[i];
      if (below >= w.sum() / 2) break;
    }
    const double spread = w.dot((x.col(0).array() - median_).abs().matrix()) / w.sum();
    if (spread > 0) scale_ = spread;
  }

  // The likelihood is unbounded: a component on rows that are all the same has no scale.
  void prepare(mix::Rows x, mix::Weights w) {
    Laplace all;
    all.fit(x, w);
    scale_of_all_ = all.scale_;
  }
  std::string flaw(double mass) const {
    if (mass >= 3 && scale_ > 1e-2 * scale_of_all_) return {};
    return "it stands on a few rows that are nearly the same";
  }

  void fields(mix::Fields& visit) {
    visit("median", median_);
    visit("scale", scale_);
    visit("scale_of_all", scale_of_all_);
  }

 private:
  double median_;
  double scale_;
  double scale_of_all_ = 0;  // what prepare learned
};
