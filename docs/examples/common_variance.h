#pragma once

#include <mix/concepts.h>

#include <cmath>
#include <numbers>
#include <vector>

/// k normal distributions on the line that share one variance: a family, because a parameter that
/// belongs to all components has no place in any of them.
class CommonVariance {
 public:
  static constexpr std::string_view name = "common_variance";

  explicit CommonVariance(mix::Index k = 0) : means_(mix::Vector::Zero(k)) {}
  double mean(mix::Index k) const { return means_[k]; }
  double variance() const { return variance_; }

  mix::Index size() const { return means_.size(); }
  mix::Index dimension() const { return 1; }
  mix::Index parameter_count() const { return size() + 1; }  // k means, one variance
  void log_densities(mix::Rows x, mix::MatrixRef out) const {
    const double constant = -0.5 * std::log(2 * std::numbers::pi * variance_);
    for (mix::Index k = 0; k < size(); ++k) {
      out.col(k) = constant - (x.col(0).array() - means_[k]).square() / (2 * variance_);
    }
  }
  void sample(mix::Index k, mix::Rng& rng, mix::VectorRef out) const {
    out[0] = means_[k] + std::sqrt(variance_) * mix::standard_normal(rng);
  }

  // For each component the sums of the shares, and of deviations from the current mean and their
  // squares. Squares of the values themselves would lose digits when the mean is large.
  mix::Index statistics_size() const { return 3 * size(); }
  void accumulate(mix::Rows x, mix::Shares shares, mix::VectorRef statistics) const {
    for (mix::Index k = 0; k < size(); ++k) {
      const mix::Vector r = x.col(0).array() - means_[k];
      statistics[3 * k] += shares.col(k).sum();
      statistics[3 * k + 1] += shares.col(k).dot(r);
      statistics[3 * k + 2] += shares.col(k).dot(r.cwiseAbs2());
    }
  }
  void maximize(mix::ConstVectorRef sum) {
    double rows = 0;
    double squares = 0;
    for (mix::Index k = 0; k < size(); ++k) {
      if (!(sum[3 * k] > 0)) continue;
      const double shift = sum[3 * k + 1] / sum[3 * k];
      means_[k] += shift;
      squares += sum[3 * k + 2] - shift * sum[3 * k + 1];
      rows += sum[3 * k];
    }
    if (squares > 0) variance_ = squares / rows;
  }

  void fields(mix::Fields& visit) {
    visit("means", means_);
    visit("variance", variance_);
  }
  void describe(mix::Index k, mix::Fields& visit) const {
    double mean = means_[k];
    double variance = variance_;
    visit("mean", mean);
    visit("variance", variance);
  }
  void select(const std::vector<mix::Index>& order) { means_ = mix::Vector(means_(order)); }

 private:
  mix::Vector means_;
  double variance_ = 1;
};
