#include "mix/distributions/gaussian_regression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "mix/distributions/normal.h"
#include "mix/parallel.h"
#include "mix/support.h"
#include "mix/untied.h"
#include "regression_step.h"
#include "soundness.h"
#include "univariate.h"

namespace mix {
namespace {

// Of the scatter of a single regression, added to each estimate: as little as Normal adds.
constexpr double scatter_share = 1e-10;
// Steps from scratch: one finds the coefficients, the others what rounding took from them.
constexpr int start_steps = 3;

}  // namespace

GaussianRegression::GaussianRegression(Index k, RegressionColumns columns, ErrorVariance variance)
    : Regressions(name, k, columns), variance_(variance), standard_deviations_(Vector::Ones(k)) {
  if (columns.trials) {
    throw std::invalid_argument("gaussian_regression: a normal response has no trials");
  }
}

std::string GaussianRegression::title() const {
  return fmt::format("{} {}", name, variance_ == ErrorVariance::common ? "E" : "V");
}

void GaussianRegression::set_standard_deviation(Index k, double value) {
  check_positive("GaussianRegression", "the standard deviation", value);
  if (variance_ == ErrorVariance::common) {
    standard_deviations_.setConstant(value);
  } else {
    standard_deviations_[k] = value;
  }
}

Index GaussianRegression::parameter_count() const {
  return coefficients_.size() + (variance_ == ErrorVariance::common ? 1 : size());
}

void GaussianRegression::log_densities(Rows x, MatrixRef out) const {
  const Matrix eta = predictors(x, design_.basis(x));
  for (Index k = 0; k < size(); ++k) {
    const double s = standard_deviations_[k];
    const double constant = -0.5 * std::log(2 * std::numbers::pi) - std::log(s);
    const auto z =
        (x.col(columns_.response_column()).array() - response_center_ - eta.col(k).array()) / s;
    out.col(k) = constant - 0.5 * z.square();
    // Where terms of a predictor overflow they may not have a sum.
    out.col(k) = (out.col(k).array() == out.col(k).array()).select(out.col(k), -infinity);
  }
}

void GaussianRegression::sample(Index k, Rng& rng, VectorRef out) const {
  sample_conditions(rng, out);
  out[columns_.response_column()] = 0;
  const double eta = predictors(out.transpose(), design_.basis(out.transpose()))(0, k);
  out[columns_.response_column()] =
      response_center_ + eta + standard_deviations_[k] * standard_normal(rng);
}

AnyFamily GaussianRegression::conditional(const std::vector<Index>& columns,
                                          ConstVectorRef values) const {
  const Matrix row = row_of_conditions(columns, values);
  const Matrix eta = predictors(row, design_.basis(row));
  std::vector<Normal> responses;
  for (Index k = 0; k < size(); ++k) {
    responses.emplace_back(response_center_ + eta(0, k), standard_deviations_[k]);
  }
  return Untied(std::move(responses));
}

Index GaussianRegression::own_statistics() const {
  return NormalEquations::statistics_size(design_.size()) + 1;
}

Index GaussianRegression::statistics_size() const { return size() * own_statistics(); }

void GaussianRegression::accumulate(Rows x, Shares shares, VectorRef statistics) const {
  const Matrix u = design_.basis(x);
  const Matrix eta = predictors(x, u);
  const Vector ones = Vector::Ones(x.rows());
  const Index length = own_statistics();
  for (Index k = 0; k < size(); ++k) {
    Vector residual =
        x.col(columns_.response_column()).array() - response_center_ - eta.col(k).array();
    Vector w = shares.col(k);
    for (Index i = 0; i < x.rows(); ++i) {
      if (w[i] > 0 && std::isfinite(residual[i])) continue;
      w[i] = 0;
      residual[i] = 0;
    }
    VectorRef own = statistics.segment(k * length, length);
    NormalEquations::add(u, w, residual, ones, own.head(length - 1));
    own[length - 1] += w.dot(residual.cwiseAbs2());
  }
}

void GaussianRegression::maximize(ConstVectorRef sum) {
  const Index length = own_statistics();
  double all_mass = 0;
  double all_scatter = 0;
  const auto deviation = [&](double scatter, double mass) {
    const double value = std::sqrt((scatter + pseudo_scatter()) / mass);
    return std::isfinite(value) ? std::max(value, least_real_scale) : 0;
  };
  for (Index k = 0; k < size(); ++k) {
    const auto own = sum.segment(k * length, length);
    const NormalEquations equations(own.head(length - 1), design_.size());
    const double mass = equations.mass();
    if (!(mass > 0)) continue;
    add(k, equations.step());
    const double scatter = std::max(own[length - 1] - mass * equations.gain(), 0.0);
    all_mass += mass;
    all_scatter += scatter;
    const double value = deviation(scatter, mass);
    if (variance_ == ErrorVariance::per_component && value > 0) standard_deviations_[k] = value;
  }
  if (variance_ != ErrorVariance::common || !(all_mass > 0)) return;
  const double value = deviation(all_scatter, all_mass);
  if (value > 0) standard_deviations_.setConstant(value);
}

void GaussianRegression::start(const AnyRows& x, Shares shares) {
  coefficients_.setZero();
  standard_deviations_.setConstant(data_.unit());
  for (int i = 0; i < start_steps; ++i) {
    maximize(sum_over_blocks(
        x.rows(), statistics_size(), [&](Index first, Index count, VectorRef total) {
          accumulate(*DenseBlock(x, first, count), shares.middleRows(first, count), total);
        }));
  }
}

Vector GaussianRegression::coordinates() const {
  const Index m = design_.size();
  const Index deviations = variance_ == ErrorVariance::common ? std::min<Index>(size(), 1) : size();
  Vector v(m * size() + deviations);
  for (Index k = 0; k < size(); ++k) {
    v.segment(m * k, m) = coefficients_.col(k) / data_.unit();
  }
  v.tail(deviations) = (standard_deviations_.head(deviations) / data_.unit()).array().log();
  return v;
}

void GaussianRegression::set_coordinates(ConstVectorRef v) {
  const Index m = design_.size();
  for (Index k = 0; k < size(); ++k) {
    Vector own = data_.unit() * v.segment(m * k, m);
    if (own.allFinite()) coefficients_.col(k) = own;
    const Index at = m * size() + (variance_ == ErrorVariance::common ? 0 : k);
    set_positive(standard_deviations_[k], v[at] + std::log(data_.unit()));
  }
}

void GaussianRegression::prepare(const AnyRows& x, Weights w) {
  learn(name, x, w);
  const double mass = w.sum();
  if (!(mass > 0)) return;
  // A single regression, by the steps that any component takes.
  GaussianRegression single(1, columns_);
  single.design_ = design_;
  const Index response = columns_.response_column();
  const auto total = [&](Index power) {
    return sum_over_blocks(x.rows(), 1,
                           [&](Index first, Index count, VectorRef sum) {
                             const DenseBlock block(x, first, count);
                             for (Index i = 0; i < count; ++i) {
                               if (!(w[first + i] > 0)) continue;
                               const double offset =
                                   columns_.offset ? (*block)(i, columns_.offset_column()) : 0;
                               const double away = (*block)(i, response) - offset - data_.mean;
                               sum[0] += w[first + i] * (power == 1 ? away : away * away);
                             }
                           })[0] /
           mass;
  };
  data_.mean = 0;
  for (int pass = 0; pass < 2; ++pass) data_.mean += total(1);
  data_.rows = mass;
  data_.variance = total(2);
  constexpr double epsilon = std::numeric_limits<double>::epsilon();
  if (!std::isfinite(data_.variance)) {
    throw std::invalid_argument(
        fmt::format("{}: column {}, the response, holds a value that is not finite: drop the row "
                    "or fill the cell",
                    name, response + 1));
  }
  const double rounding = 8 * epsilon * std::abs(data_.mean);
  if (!(data_.variance > rounding * rounding)) {
    throw std::invalid_argument(
        fmt::format("{}: column {}, the response, is constant (all values are {}, less the "
                    "offset), so its errors have no variance",
                    name, response + 1, data_.mean));
  }
  coefficients_.row(0).array() += response_center_ - data_.mean;
  response_center_ = data_.mean;
  single.response_center_ = response_center_;
  single.data_ = data_;
  single.start(x, w);
  // Residuals of rows on a plane are rounding.
  const double least = std::max(1e-20 * data_.variance, rounding * rounding);
  const double left = single.standard_deviations_[0];
  data_.variance = std::max(left * left, least);
}

double GaussianRegression::pseudo_scatter() const {
  return scatter_share * data_.rows * data_.variance;
}

double GaussianRegression::log_prior() const {
  const Index count = variance_ == ErrorVariance::common ? std::min<Index>(size(), 1) : size();
  return -0.5 * pseudo_scatter() *
         standard_deviations_.head(count).array().square().inverse().sum();
}

std::string GaussianRegression::flaw(Index k, double mass) const {
  if (variance_ == ErrorVariance::common || !(data_.rows > 0)) return {};
  const auto beyond = static_cast<double>(columns_.covariates);
  if (mass - beyond < 3 && mass < (1 - 1e-9) * data_.rows) {
    return fmt::format("it holds {:.1f} rows, fewer than {}", mass, 3 + columns_.covariates);
  }
  const double ratio = standard_deviations_[k] * standard_deviations_[k] / data_.variance;
  const std::string complaint = narrow_flaw(data_.rows - beyond, mass - beyond, ratio);
  return complaint.empty() ? complaint
                           : fmt::format(
                                 "its residuals have {:.1e} of the variance that those of "
                                 "a single regression have ({:.1f} rows)",
                                 ratio, mass);
}

std::string GaussianRegression::check_support(Rows x) const {
  std::string complaint = check_covariates(x);
  if (!complaint.empty()) return complaint;
  return check_cells(
      x, [](double value) { return std::isfinite(value); }, "a finite number");
}

Matrix GaussianRegression::embed(Rows x) const {
  Vector response = x.col(columns_.response_column());
  if (columns_.offset) response -= x.col(columns_.offset_column());
  return embed_residuals(x, response);
}

void GaussianRegression::select(const std::vector<Index>& order) {
  Regressions::select(order);
  standard_deviations_ = Vector(standard_deviations_(order));
}

void GaussianRegression::check() const {
  if (standard_deviations_.size() == size() && standard_deviations_.allFinite() &&
      (size() == 0 || standard_deviations_.minCoeff() > 0)) {
    return;
  }
  throw std::invalid_argument(
      fmt::format("there are {} standard deviations for {} components; there is a positive one for "
                  "each",
                  standard_deviations_.size(), size()));
}

void GaussianRegression::fields(Fields& visit) {
  common_fields(visit);
  std::string variance = variance_ == ErrorVariance::common ? "common" : "per_component";
  visit("variance", variance);
  visit("standard_deviations", standard_deviations_);
  data_.fields(visit);
  if (!visit.loading()) return;
  if (variance != "common" && variance != "per_component") {
    throw std::invalid_argument(
        fmt::format("variance is \"{}\"; it must be per_component or common", variance));
  }
  response_center_ = data_.mean;
  variance_ = variance == "common" ? ErrorVariance::common : ErrorVariance::per_component;
  check();
}

void GaussianRegression::describe(Index k, Fields& visit) const {
  describe_coefficients(k, visit);
  double deviation = standard_deviations_[k];
  visit("standard_deviation", deviation);
}

}  // namespace mix
