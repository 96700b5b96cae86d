#include "mix/distributions/regressions.h"

#include <fmt/format.h>

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "mix/distributions/given_columns.h"
#include "mix/errors.h"
#include "mix/moments.h"
#include "mix/parallel.h"
#include "mix/support.h"

namespace mix {

Regressions::Regressions(std::string_view family, Index k, RegressionColumns columns)
    : columns_(columns), design_(columns.covariates) {
  if (k < 1) {
    throw std::invalid_argument(
        fmt::format("{}: {} components; the number is at least 1", family, k));
  }
  coefficients_ = Matrix::Zero(design_.size(), k);
}

double Regressions::intercept(Index k) const {
  return response_center_ + design_.of_columns(coefficients_.col(k))[0];
}

Vector Regressions::coefficients(Index k) const {
  return design_.of_columns(coefficients_.col(k)).tail(columns_.covariates);
}

void Regressions::set_coefficients(Index k, double intercept, ConstVectorRef coefficients) {
  if (coefficients.size() != columns_.covariates || !std::isfinite(intercept) ||
      !coefficients.allFinite()) {
    throw std::invalid_argument(
        fmt::format("set_coefficients: {} coefficients for {} covariates; one finite number each, "
                    "besides the intercept {}",
                    coefficients.size(), columns_.covariates, intercept));
  }
  Vector all(design_.size());
  all << intercept - response_center_, coefficients;
  coefficients_.col(k) = design_.of_basis(all);
}

void Regressions::select(const std::vector<Index>& order) {
  coefficients_ = Matrix(coefficients_(Eigen::all, order));
}

Matrix Regressions::predictors(Rows x, const Matrix& basis) const {
  Matrix eta = RegressionDesign::predictors(basis, coefficients_);
  if (columns_.offset) eta.colwise() += x.col(columns_.offset_column());
  return eta;
}

void Regressions::add(Index k, ConstVectorRef step) {
  const Vector moved = coefficients_.col(k) + step;
  if (moved.allFinite()) coefficients_.col(k) = moved;
}

void Regressions::learn(std::string_view family, const AnyRows& x, Weights w) {
  const double mass = w.sum();
  if (!(mass > 0)) return;
  const RegressionDesign before = design_;
  design_.learn(family, x, w);
  coefficients_ = design_.translated(before, coefficients_);
  const Vector sum = sum_over_blocks(x.rows(), 2, [&](Index first, Index count, VectorRef total) {
    const DenseBlock block(x, first, count);
    for (Index i = 0; i < count; ++i) {
      const double weight = w[first + i];
      if (!(weight > 0)) continue;
      if (columns_.offset) total[0] += weight * (*block)(i, columns_.offset_column());
      if (columns_.trials) total[1] += weight * (*block)(i, columns_.trials_column());
    }
  });
  if (columns_.offset) mean_offset_ = sum[0] / mass;
  if (columns_.trials) mean_trials_ = static_cast<Index>(std::lround(sum[1] / mass));
  if (!std::isfinite(mean_offset_)) {
    throw std::invalid_argument(
        fmt::format("{}: column {}, the offset, holds a value that is not finite: drop the row",
                    family, columns_.offset_column() + 1));
  }
}

bool Regressions::has_offset(Rows x, Index row) const {
  return !columns_.offset || std::isfinite(x(row, columns_.offset_column()));
}

std::string Regressions::check_covariates(Rows x) const {
  return check_cells(
      x.leftCols(columns_.response_column()), [](double value) { return std::isfinite(value); },
      "a finite number, which covariates and offsets are");
}

Matrix Regressions::embed_residuals(Rows x, const Vector& response) const {
  const Matrix u = design_.basis(x);
  Matrix out(x.rows(), u.cols());
  out.leftCols(u.cols() - 1) = u.rightCols(u.cols() - 1);
  const Vector left = response - u * u.colPivHouseholderQr().solve(response);
  const double deviation = left.norm() / std::sqrt(static_cast<double>(x.rows()));
  out.col(u.cols() - 1) = deviation > 0 ? Vector(left / deviation) : left;
  return out;
}

AnyFamily Regressions::marginal_of(const AnyFamily& whole,
                                   const std::vector<Index>& columns) const {
  const auto chosen = static_cast<Index>(columns.size());
  if (std::find(columns.begin(), columns.end(), columns_.response_column()) == columns.end()) {
    return GivenColumns(size(), chosen);
  }
  if (chosen != dimension()) {
    throw NotAvailable(
        fmt::format("{}: a response has a distribution given all other columns only; choose all of "
                    "the {} columns, or leave the response out",
                    whole.name(), dimension()));
  }
  std::vector<Index> places(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    places[static_cast<std::size_t>(columns[i])] = static_cast<Index>(i);
  }
  return beside_given_columns(whole, places, chosen);
}

Matrix Regressions::row_of_conditions(const std::vector<Index>& columns,
                                      ConstVectorRef values) const {
  if (other_columns(dimension(), columns) != std::vector<Index>{columns_.response_column()}) {
    throw NotAvailable(
        fmt::format("a regression predicts column {}, the response, from all others: give these {}",
                    columns_.response_column() + 1, dimension() - 1));
  }
  Matrix row = Matrix::Zero(1, dimension());
  row(0, columns) = values.transpose();
  return row;
}

void Regressions::sample_conditions(Rng& rng, VectorRef row) const {
  design_.sample(rng, row.head(columns_.covariates));
  if (columns_.offset) row[columns_.offset_column()] = mean_offset_;
  if (columns_.trials) row[columns_.trials_column()] = static_cast<double>(mean_trials_);
}

void Regressions::common_fields(Fields& visit) {
  columns_.fields(visit);
  design_.fields(visit);
  visit("mean_offset", mean_offset_);
  visit("mean_trials", mean_trials_);
  visit("basis_coefficients", coefficients_);
  if (!visit.loading()) return;
  if (design_.covariates() == columns_.covariates && coefficients_.rows() == design_.size() &&
      coefficients_.allFinite() && std::isfinite(mean_offset_) && mean_trials_ >= 0) {
    return;
  }
  throw std::invalid_argument(fmt::format(
      "coefficients are {} x {} and the center has {} values for {} covariates; there "
      "is one center per covariate, and a finite coefficient for the intercept and for "
      "each of them",
      coefficients_.rows(), coefficients_.cols(), design_.covariates(), columns_.covariates));
}

void Regressions::describe_coefficients(Index k, Fields& visit) const {
  double constant = intercept(k);
  Vector slopes = coefficients(k);
  visit("intercept", constant);
  if (slopes.size() > 0) visit("coefficients", slopes);
}

}  // namespace mix
