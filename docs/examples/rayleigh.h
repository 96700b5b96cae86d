#pragma once

#include <mix/concepts.h>

#include <cmath>

/// Lengths of vectors with two normal coordinates, such as wind speeds: a distribution with
/// additive statistics, so that data need not fit into memory.
class Rayleigh {
 public:
  static constexpr std::string_view name = "my_rayleigh";

  explicit Rayleigh(double scale = 1) : scale_(scale) {}
  double scale() const { return scale_; }

  mix::Index dimension() const { return 1; }
  mix::Index parameter_count() const { return 1; }
  void log_density(mix::Rows x, mix::VectorRef out) const {
    for (mix::Index i = 0; i < x.rows(); ++i) {
      const double z = x(i, 0) / scale_;
      out[i] = z > 0 ? std::log(z / scale_) - z * z / 2 : -mix::infinity;
    }
  }
  void sample(mix::Rng& rng, mix::VectorRef out) const {
    out[0] = scale_ * std::sqrt(2 * mix::standard_exponential(rng));
  }

  // The sum of the weights, and of the squares times the weights.
  mix::Index statistics_size() const { return 2; }
  void accumulate(mix::Rows x, mix::Weights w, mix::VectorRef statistics) const {
    statistics[0] += w.sum();
    statistics[1] += w.dot(x.col(0).cwiseAbs2());
  }
  void maximize(mix::ConstVectorRef sum) {
    if (sum[1] > 0) scale_ = std::sqrt(sum[1] / (2 * sum[0]));
  }

  void fields(mix::Fields& visit) { visit("scale", scale_); }

 private:
  double scale_;
};
