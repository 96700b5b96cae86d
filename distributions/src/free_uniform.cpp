#include "mix/distributions/free_uniform.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "data_moments.h"
#include "soundness.h"
#include "univariate.h"

namespace mix {
namespace {

// Of the standard deviation of the data.
constexpr double least_width_share = 1e-5;

}  // namespace

FreeUniform::FreeUniform(Index dimension) {
  if (dimension < 1) {
    throw std::invalid_argument(
        fmt::format("FreeUniform: {} columns; at least 1 is needed", dimension));
  }
  box_ = UniformBox(Vector::Zero(dimension), Vector::Ones(dimension));
}

FreeUniform::FreeUniform(Vector lower, Vector upper) : box_(std::move(lower), std::move(upper)) {}

FreeUniform FreeUniform::marginal(const std::vector<Index>& columns) const {
  FreeUniform chosen;
  chosen.box_ = box_.marginal(columns);
  chosen.rows_ = rows_;
  if (variances_.size() > 0) chosen.variances_ = variances_(columns);
  return chosen;
}

void FreeUniform::start(const AnyRows& x, Weights w) {
  Vector low = Vector::Constant(dimension(), infinity);
  Vector high = Vector::Constant(dimension(), -infinity);
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index i = 0; i < block.rows(); ++i) {
      if (!(w[first + i] > 0) || !block.row(i).allFinite()) continue;
      low = low.cwiseMin(block.row(i).transpose());
      high = high.cwiseMax(block.row(i).transpose());
    }
  });
  for (Index j = 0; j < dimension(); ++j) {
    if (!(low[j] <= high[j])) return;
    const double width =
        variances_.size() > 0 ? least_width_share * std::sqrt(variances_[j]) : least_real_scale;
    const double middle = 0.5 * (low[j] + high[j]);
    if (high[j] - low[j] >= width && low[j] < high[j]) continue;
    // At least the next numbers.
    low[j] = std::min(middle - 0.5 * width, std::nextafter(low[j], -infinity));
    high[j] = std::max(middle + 0.5 * width, std::nextafter(high[j], infinity));
  }
  box_ = UniformBox(std::move(low), std::move(high));
}

FreeUniform FreeUniform::with_edge(Index edge, double value) const {
  const Index j = edge_column(edge);
  Vector low = lower();
  Vector high = upper();
  (edge % 2 == 0 ? low : high)[j] = value;
  const double width = variances_.size() > 0 ? least_width_share * std::sqrt(variances_[j]) : 0;
  FreeUniform moved = *this;
  if (std::isfinite(value) && low[j] < high[j] && high[j] - low[j] >= width) {
    moved.box_ = UniformBox(std::move(low), std::move(high));
  }
  return moved;
}

void FreeUniform::prepare(const AnyRows& x, Weights w) {
  const DataMoments moments = data_moments(name, x, w, Spread::variances);
  if (!(moments.rows > 0)) return;
  rows_ = moments.rows;
  variances_ = moments.covariance.col(0);
}

std::string FreeUniform::check_support(Rows x) const {
  return check_cells(x, is_finite, expected_finite);
}

std::string FreeUniform::flaw(double mass) const {
  if (variances_.size() == 0) return {};
  const Vector own = moments().covariance.diagonal();
  return narrow_flaw(rows_, mass, own.cwiseQuotient(variances_).minCoeff());
}

void FreeUniform::fields(Fields& visit) {
  box_.fields(visit);
  visit("rows_of_all", rows_);
  visit("variances_of_all", variances_);
  if (!visit.loading() || variances_.size() == 0) return;
  if (variances_.size() == dimension() && (variances_.array() > 0).all()) return;
  throw std::invalid_argument(
      "FreeUniform: variances_of_all needs one positive value per column, or none");
}

void FreeUniform::describe(Fields& visit) const {
  UniformBox copy = box_;
  copy.fields(visit);
}

}  // namespace mix
