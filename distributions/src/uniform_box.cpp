#include "mix/distributions/uniform_box.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "mix/support.h"
#include "univariate.h"

namespace mix {
namespace {

void check(const Vector& lower, const Vector& upper) {
  if (lower.size() != upper.size() || lower.size() == 0) {
    throw std::invalid_argument(
        fmt::format("UniformBox: {} lower and {} upper limits; one of each per column is needed",
                    lower.size(), upper.size()));
  }
  for (Index j = 0; j < lower.size(); ++j) {
    if (lower[j] < upper[j] && std::isfinite(upper[j] - lower[j])) continue;
    throw std::invalid_argument(fmt::format(
        "UniformBox: column {} reaches from {} to {}; the lower limit must be below the upper one, "
        "both finite (leave out a constant column, or give the limits yourself)",
        j + 1, lower[j], upper[j]));
  }
}

}  // namespace

UniformBox::UniformBox(Vector lower, Vector upper)
    : lower_(std::move(lower)), upper_(std::move(upper)) {
  check(lower_, upper_);
}

UniformBox UniformBox::around(const AnyRows& x) {
  Vector lower = Vector::Constant(x.cols(), infinity);
  Vector upper = Vector::Constant(x.cols(), -infinity);
  for_each_dense_block(x, [&](Index /*first*/, Rows block) {
    for (Index j = 0; j < block.cols(); ++j) {
      for (Index i = 0; i < block.rows(); ++i) {
        if (std::isnan(block(i, j))) continue;
        lower[j] = std::min(lower[j], block(i, j));
        upper[j] = std::max(upper[j], block(i, j));
      }
    }
  });
  return {std::move(lower), std::move(upper)};
}

void UniformBox::log_density(Rows x, VectorRef out) const {
  const double inside = -(upper_ - lower_).array().log().sum();
  for (Index i = 0; i < x.rows(); ++i) {
    const auto row = x.row(i).transpose().array();
    // Comparisons with NaN are false, so a missing value is on neither side.
    out[i] = (row < lower_.array() || row > upper_.array()).any() ? -infinity : inside;
    if (!row.isNaN().any()) continue;
    out[i] += row.isNaN().select((upper_ - lower_).array().log(), 0.0).sum();
  }
}

void UniformBox::sample(Rng& rng, VectorRef out) const {
  for (Index j = 0; j < dimension(); ++j) {
    out[j] = std::min(upper_[j], lower_[j] + (upper_[j] - lower_[j]) * uniform(rng));
  }
}

std::string UniformBox::check_support(Rows x) const {
  const auto complaint = [&](Index row, Index j) -> std::string {
    if (x(row, j) >= lower_[j] && x(row, j) <= upper_[j]) return {};
    return fmt::format("{} lies outside [{}, {}]", x(row, j), lower_[j], upper_[j]);
  };
  return check_cells(x, complaint, MissingCells::read);
}

Matrix UniformBox::embed(Rows x) const {
  return (x.rowwise() - lower_.transpose()).array().rowwise() /
         (upper_ - lower_).transpose().array();
}

double UniformBox::cdf(double x) const {
  return cdf_between(lower_[0], upper_[0], x,
                     [&](double at) { return (at - lower_[0]) / (upper_[0] - lower_[0]); });
}

Moments UniformBox::moments() const {
  return Moments::independent(lower_ + (upper_ - lower_) / 2, (upper_ - lower_).cwiseAbs2() / 12);
}

UniformBox UniformBox::marginal(const std::vector<Index>& columns) const {
  return {lower_(columns), upper_(columns)};
}

void UniformBox::fields(Fields& visit) {
  visit("lower", lower_);
  visit("upper", upper_);
  if (visit.loading()) check(lower_, upper_);
}

}  // namespace mix
