#include "mix/natural_form.h"

#include <cmath>

#include "mix/kernels.h"

namespace mix {
namespace {

// Stands for minus infinity, whose product with a feature of 0 would be NaN. What a sum that
// contains it adds up to is below half of it, and no other sum is.
constexpr double impossible = -1e300;

}  // namespace

void NaturalForm::resize(Index features, Index components) {
  eta_.resize(features, components);
  constant_.resize(components);
  holds_ = true;
  has_impossible_ = false;
}

void NaturalForm::set(Index k, double log_partition) {
  constant_[k] = -log_partition;
  if (!std::isfinite(log_partition)) holds_ = false;
  for (double& eta : eta_.col(k)) {
    if (eta == -infinity) {
      eta = impossible;
      has_impossible_ = true;
    } else if (!(std::abs(eta) < 1e200)) {
      holds_ = false;
    }
  }
}

void NaturalForm::mark_impossible(MatrixRef out) const {
  if (has_impossible_) out = (out.array() < impossible / 2).select(-infinity, out);
}

void NaturalForm::serve_sparse_rows() {
  by_feature_.setZero(kernels::padded_components(eta_.cols()), eta_.rows());
  by_feature_.topRows(eta_.cols()) = eta_.transpose();
}

void NaturalForm::log_densities(Rows features, ConstVectorRef log_base, MatrixRef out) const {
  kernels::affine(features, eta_, constant_, log_base, out);
  mark_impossible(out);
}

void NaturalForm::log_densities(const SparseRows& x, ConstVectorRef log_base, MatrixRef out) const {
  kernels::affine(x, by_feature_, constant_, log_base, out);
  mark_impossible(out);
}

void NaturalForm::accumulate(Rows features, Shares shares, VectorRef statistics) const {
  const Index k = shares.cols();
  const Index length = statistics.size() / k;
  const Index first = length - features.cols();  // 1 where the sum of the shares comes first
  Eigen::Map<Matrix> sum(statistics.data(), length, k);
  if (first == 1) {
    kernels::add_sums_and_products(features, shares, sum);
  } else {
    kernels::add_products(features, shares, sum);
  }
}

void NaturalForm::accumulate(const SparseRows& x, Shares shares, VectorRef statistics) const {
  const Index k = shares.cols();
  const Index length = statistics.size() / k;
  const Index first = length - x.cols();  // 1 where the sum of the shares comes first
  Eigen::Map<Matrix> sum(statistics.data(), length, k);
  for (Index c = 0; first == 1 && c < k; ++c) kernels::add_sums(shares.col(c), sum.col(c).head(1));
  kernels::add_products(x, shares, sum.bottomRows(x.cols()));
}

}  // namespace mix
