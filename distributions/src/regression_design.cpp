#include "mix/distributions/regression_design.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "mix/parallel.h"

namespace mix {
namespace {

constexpr double rounding_unit = std::numeric_limits<double>::epsilon();
// Of the trace: what a Cholesky factorization of rounded sums needs to exist.
constexpr double cholesky_shift = 1e-13;
// What is left of a covariate after those before it, beside its size, is rounding below this.
constexpr double collinear = 8 * rounding_unit;

void load_choice(Fields& visit, std::string_view name, bool& value) {
  std::string text = value ? "column" : "none";
  visit(name, text);
  if (!visit.loading()) return;
  if (text != "column" && text != "none") {
    throw std::invalid_argument(
        fmt::format("{} is \"{}\"; it must be \"none\" or \"column\"", name, text));
  }
  value = text == "column";
}

[[noreturn]] void refuse_cell(std::string_view family, const AnyRows& x, Weights w, Index columns) {
  for (Index j = 0; j < columns; ++j) {
    const Vector column = x.column(j);
    for (Index i = 0; i < column.size(); ++i) {
      if (!(w[i] > 0) || std::isfinite(column[i])) continue;
      throw std::invalid_argument(
          fmt::format("{}: row {}, column {} is {}; all covariates must be finite: drop the row or "
                      "fill the cell",
                      family, i + 1, j + 1, column[i]));
    }
  }
  throw std::invalid_argument(fmt::format(
      "{}: covariates are so large that their squares overflow; use other units", family));
}

}  // namespace

void RegressionColumns::fields(Fields& visit) {
  visit("covariates", covariates);
  load_choice(visit, "offset", offset);
  load_choice(visit, "trials", trials);
  if (visit.loading() && covariates < 0) {
    throw std::invalid_argument(fmt::format("covariates is {}; it is at least 0", covariates));
  }
}

RegressionDesign::RegressionDesign(Index covariates) {
  if (covariates < 0) {
    throw std::invalid_argument(
        fmt::format("RegressionDesign: {} covariates; the number is at least 0", covariates));
  }
  center_ = Vector::Zero(covariates);
  transform_ = Matrix::Identity(covariates, covariates);
}

void RegressionDesign::learn(std::string_view family, const AnyRows& x, Weights w) {
  const Index p = covariates();
  const double mass = w.sum();
  if (!(mass > 0)) return;
  // Sums over the rows with weight of products of (covariates - center) * transform.
  const auto centered = [&](Index first, Index count) -> Matrix {
    const DenseBlock block(x, first, count);
    Matrix rows = block->leftCols(p).rowwise() - center_.transpose();
    for (Index i = 0; i < count; ++i) {
      if (!(w[first + i] > 0)) rows.row(i).setZero();
    }
    return rows;
  };
  // The mean relative to one of the rows: sums of the data themselves lose digits far from zero.
  center_.setZero();
  transform_.setIdentity();
  Index some = 0;
  while (!(w[some] > 0)) ++some;
  center_ = DenseBlock(x, some, 1)->row(0).head(p).transpose();
  for (int pass = 0; pass < 2; ++pass) {
    center_ += sum_over_blocks(x.rows(), p,
                               [&](Index first, Index count, VectorRef total) {
                                 total +=
                                     centered(first, count).transpose() * w.segment(first, count);
                               }) /
               mass;
    if (!center_.allFinite()) refuse_cell(family, x, w, p);
  }
  Vector scale = (sum_over_blocks(x.rows(), p,
                                  [&](Index first, Index count, VectorRef total) {
                                    total += centered(first, count).cwiseAbs2().transpose() *
                                             w.segment(first, count);
                                  }) /
                  mass)
                     .cwiseSqrt();
  if (!scale.allFinite()) refuse_cell(family, x, w, p);
  for (Index j = 0; j < p; ++j) {
    if (scale[j] > 8 * rounding_unit * std::abs(center_[j])) continue;
    throw std::invalid_argument(
        fmt::format("{}: column {} is constant (all values are {}), which the intercept says "
                    "already: drop the covariate",
                    family, j + 1, center_[j]));
  }
  transform_ = scale.cwiseInverse().asDiagonal();
  const auto covariance = [&] {
    const Vector sum =
        sum_over_blocks(x.rows(), p * p, [&](Index first, Index count, VectorRef total) {
          const Matrix z = centered(first, count) * transform_;
          Eigen::Map<Matrix>(total.data(), p, p).noalias() +=
              z.transpose() * (w.segment(first, count) / mass).asDiagonal() * z;
        });
    return Matrix(Eigen::Map<const Matrix>(sum.data(), p, p));
  };
  constexpr int most_rounds = 6;
  for (int round = 0; p > 0 && round < most_rounds; ++round) {
    Matrix c = covariance();
    if ((c - Matrix::Identity(p, p)).cwiseAbs().maxCoeff() < 1e-10) break;
    c.diagonal().array() += cholesky_shift * c.trace();
    const Eigen::LLT<Matrix> factor(c);
    if (factor.info() != Eigen::Success) break;
    const Matrix next = factor.matrixU().solve(Matrix::Identity(p, p));
    transform_ = transform_.triangularView<Eigen::Upper>() * next;
  }
  for (Index j = 0; j < p; ++j) {
    const double left = 1 / transform_(j, j);
    // Rounding of the columns before it counts in its own units.
    double size = std::abs(center_[j]) + scale[j];
    for (Index i = 0; i < j; ++i) {
      size += std::abs(transform_(i, j) * left) * (std::abs(center_[i]) + scale[i]);
    }
    if (left > collinear * size) continue;
    throw std::invalid_argument(
        fmt::format("{}: column {} is a linear combination of the covariates before it (what is "
                    "left of its standard deviation {:.3g} is {:.1g}): drop it",
                    family, j + 1, scale[j], left));
  }
  reach_ = 0;
  for_each_dense_block(x, [&](Index first, Rows block) {
    const Matrix u = basis(block);
    for (Index i = 0; i < u.rows(); ++i) {
      if (w[first + i] > 0) reach_ = std::max(reach_, u.row(i).norm());
    }
  });
}

Matrix RegressionDesign::basis(Rows x) const {
  const Index p = covariates();
  Matrix u(x.rows(), size());
  u.col(0).setOnes();
  u.rightCols(p).noalias() = (x.leftCols(p).rowwise() - center_.transpose()) * transform_;
  for (Index i = 0; i < x.rows(); ++i) {
    if (!u.row(i).allFinite()) u.row(i).setZero();
  }
  return u;
}

Matrix RegressionDesign::predictors(const Matrix& basis, const Matrix& coefficients) {
  Matrix eta = basis * coefficients;
  for (Index i = 0; i < eta.rows(); ++i) {
    if (basis(i, 0) == 0) eta.row(i).setConstant(quiet_nan);
  }
  return eta;
}

Vector RegressionDesign::of_columns(ConstVectorRef of_basis) const {
  Vector out(size());
  out.tail(covariates()) = transform_.triangularView<Eigen::Upper>() * of_basis.tail(covariates());
  out[0] = of_basis[0] - center_.dot(out.tail(covariates()));
  return out;
}

Vector RegressionDesign::of_basis(ConstVectorRef of_columns) const {
  Vector out(size());
  out[0] = of_columns[0] + center_.dot(of_columns.tail(covariates()));
  out.tail(covariates()) =
      transform_.triangularView<Eigen::Upper>().solve(of_columns.tail(covariates()));
  return out;
}

Matrix RegressionDesign::translated(const RegressionDesign& from,
                                    const Matrix& coefficients) const {
  if (center_ == from.center_ && transform_ == from.transform_) return coefficients;
  Matrix out(coefficients.rows(), coefficients.cols());
  for (Index k = 0; k < coefficients.cols(); ++k) {
    Vector columns = from.of_columns(coefficients.col(k));
    // About this center, so that no digits are lost on the way through the intercept at 0.
    const double here =
        coefficients(0, k) + (center_ - from.center_).dot(columns.tail(covariates()));
    out.col(k) = of_basis(columns);
    out(0, k) = here;
  }
  return out;
}

void RegressionDesign::sample(Rng& rng, VectorRef covariates) const {
  Vector z(covariates.size());
  for (double& value : z) value = standard_normal(rng);
  covariates = center_ + transform_.triangularView<Eigen::Upper>().transpose().solve(z);
}

void RegressionDesign::fields(Fields& visit) {
  visit("center", center_);
  visit("transform", transform_);
  visit("reach", reach_);
  if (!visit.loading()) return;
  if (transform_.rows() != center_.size() || transform_.cols() != center_.size() ||
      !center_.allFinite() || !transform_.allFinite() ||
      (center_.size() > 0 && !(transform_.diagonal().minCoeff() > 0)) || !(reach_ >= 0)) {
    throw std::invalid_argument(fmt::format(
        "center has {} values, transform is {} x {}, reach is {}; the transform must be square of "
        "that size with a positive diagonal, all of them finite",
        center_.size(), transform_.rows(), transform_.cols(), reach_));
  }
}

}  // namespace mix
