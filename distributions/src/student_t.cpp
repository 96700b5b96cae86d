#include "mix/distributions/student_t.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "data_moments.h"
#include "degrees_of_freedom.h"
#include "mix/distributions/covariance_structure.h"
#include "mix/scratch.h"
#include "mix/stacked_matrices.h"
#include "small_matrix.h"
#include "soundness.h"

namespace mix {
namespace {

// The pseudo-scatter of each component, as a share of the rows that it would hold were all equal.
constexpr double floor_share = 1e-10;
// Fixed degrees of freedom may be any up to here.
constexpr double largest_fixed_dof = 1e10;

// The standard deviation of a normal distribution with the quartiles of these values, of those that
// are not missing.
double normal_spread(ConstVectorRef values, Weights w) {
  std::vector<Index> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), Index{0});
  order.erase(
      std::remove_if(order.begin(), order.end(), [&](Index i) { return std::isnan(values[i]); }),
      order.end());
  const double total =
      static_cast<Index>(order.size()) == w.size() ? w.sum() : Vector(w(order)).sum();
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return values[a] < values[b]; });
  const auto quantile = [&](double share) {
    double left = share * total;
    for (const Index i : order) {
      left -= w[i];
      if (left < 0) return values[i];
    }
    return values[order.back()];
  };
  constexpr double quartiles_apart = 1.3489795003921634;  // of the standard normal distribution
  return (quantile(0.75) - quantile(0.25)) / quartiles_apart;
}

void check_options(const StudentTOptions& options) {
  const bool fixed = options.degrees_of_freedom == DegreesOfFreedom::fixed;
  const double least = fixed ? 0 : StudentT::least_dof;
  const double largest = fixed ? largest_fixed_dof : StudentT::largest_dof;
  if (options.dof > 0 && options.dof >= least && options.dof <= largest) return;
  throw std::invalid_argument(fmt::format(
      "StudentT: degrees of freedom {}; {} ones are from {} to {}", options.dof,
      fixed ? "fixed" : "estimated", fixed ? "above 0" : fmt::format("{}", least), largest));
}

}  // namespace

StudentT::StudentT(Index k, Index dimension, StudentTOptions options) : options_(options) {
  if (k < 1 || dimension < 1) {
    throw std::invalid_argument(fmt::format(
        "StudentT: {} components in {} columns; both must be at least 1", k, dimension));
  }
  check_options(options_);
  means_ = Matrix::Zero(dimension, k);
  scales_.assign(options_.scale == Scale::common ? 1 : static_cast<std::size_t>(k),
                 Matrix::Identity(dimension, dimension));
  dof_ = Vector::Constant(k, options_.dof);
  factorize();
}

StudentT::StudentT(const Matrix& means, std::vector<Matrix> scales, Vector dof,
                   StudentTOptions options)
    : options_(options),
      means_(means.transpose()),
      scales_(std::move(scales)),
      dof_(std::move(dof)) {
  check_options(options_);
  factorize();
}

std::string StudentT::title() const {
  std::string title = options_.scale == Scale::common ? "student_t EEE" : "student_t VVV";
  if (options_.degrees_of_freedom == DegreesOfFreedom::shared) title += ", shared dof";
  if (options_.degrees_of_freedom == DegreesOfFreedom::fixed) {
    title += fmt::format(", {} dof", options_.dof);
  }
  return title;
}

Index StudentT::parameter_count() const {
  return means_.size() + static_cast<Index>(scales_.size()) * kernels::lower_entries(dimension()) +
         estimated_dofs();
}

void StudentT::prepare(const AnyRows& x, Weights w) {
  if (x.cols() != dimension()) {
    throw std::invalid_argument(fmt::format(
        "StudentT: the data have {} columns, but the family describes {}", x.cols(), dimension()));
  }
  const DataMoments moments = data_moments(name, x, w, Spread::covariance);
  if (!(moments.rows > 0)) return;
  rows_ = moments.rows;
  spread_ = moments.covariance;
  // Heavy tails are what this family is for, so the middle half of the rows is its measure.
  shrinkage_ = Vector::Ones(dimension());
  for (Index j = 0; j < dimension(); ++j) {
    const double middle = normal_spread(x.column(j), w);
    const double deviation = std::sqrt(spread_(j, j));
    if (middle > 0 && middle < deviation) shrinkage_[j] = middle / deviation;
  }
}

void StudentT::write_floor(VectorRef diagonal) const {
  if (spread_.size() == 0) {
    diagonal.setZero();
  } else {
    diagonal = floor_share * rows_ / static_cast<double>(size()) *
               spread_.diagonal().cwiseProduct(shrinkage_.cwiseAbs2());
  }
}

double StudentT::log_prior() const {
  if (spread_.size() == 0) return 0;
  const Index d = dimension();
  Scratch scratch;
  VectorMap root = scratch.vector(d);
  write_floor(root);
  root = root.cwiseSqrt();
  MatrixMap half = scratch.matrix(d, d);
  double sum = 0;
  for (Index k = 0; k < size(); ++k) {
    half.setZero();
    half.diagonal() = root;
    solve_lower(factors_[scale_index(k)], half);
    sum -= 0.5 * half.squaredNorm();
  }
  return sum;
}

std::string StudentT::flaw(Index k, double mass) const {
  const Index d = dimension();
  const bool common = size() > 1 && options_.scale == Scale::common;
  const Evidence evidence{d, common ? rows_ : mass, common ? size() : 1,
                          static_cast<double>(kernels::lower_entries(d)),
                          dof_.size() > 0 && dof_.minCoeff() < 2};  // where there is no variance
  // A component of all rows has nothing to be an artifact beside.
  const bool alone = rows_ > 0 ? mass > (1 - 1e-9) * rows_ : size() == 1 || common;
  std::string flaw;
  if (!alone) flaw = few_rows_flaw(evidence);
  if (!flaw.empty() || spread_.size() == 0 || !(mass > 0)) return flaw;
  const double rows = common ? rows_ / static_cast<double>(size()) : mass;
  Vector floor(d);
  write_floor(floor);
  Matrix root = (floor / rows).cwiseSqrt().asDiagonal();
  solve_lower(factors_[scale_index(k)], root);
  flaw = floor_flaw(evidence, root);
  if (!flaw.empty() || alone) return flaw;
  return flat_flaw(evidence, smallest_variance_ratio(scale(k), shrinkage_.asDiagonal() * spread_ *
                                                                   shrinkage_.asDiagonal()));
}

std::string StudentT::caution(Index k) const {
  if (options_.degrees_of_freedom == DegreesOfFreedom::fixed) return {};
  const bool shared = options_.degrees_of_freedom == DegreesOfFreedom::shared;
  const std::string_view whose =
      shared && size() > 1 ? "the shared degrees of freedom" : "its degrees of freedom";
  return dof_caution(dof_[k], whose);
}

void StudentT::select(const std::vector<Index>& order) {
  means_ = Matrix(means_(Eigen::all, order));
  dof_ = Vector(dof_(order));
  if (options_.scale == Scale::common) return;
  std::vector<Matrix> scales;
  scales.reserve(order.size());
  for (const Index k : order) scales.push_back(scale(k));
  scales_ = std::move(scales);
  factorize();
}

void StudentT::fields(Fields& visit) {
  std::string scale = options_.scale == Scale::common ? "common" : "per_component";
  std::string estimated = "per_component";
  if (options_.degrees_of_freedom == DegreesOfFreedom::shared) estimated = "shared";
  if (options_.degrees_of_freedom == DegreesOfFreedom::fixed) estimated = "fixed";
  visit("scale_matrices", scale);
  visit("estimated_degrees_of_freedom", estimated);
  visit("first_degrees_of_freedom", options_.dof);
  Matrix by_component = means_.transpose();
  visit("means", by_component);
  means_ = by_component.transpose();
  visit.list(
      "scales", static_cast<Index>(scales_.size()),
      [&](Index count) { scales_.resize(static_cast<std::size_t>(count)); },
      [&](Index i, Fields& element) { element("scale", scales_[static_cast<std::size_t>(i)]); });
  visit("degrees_of_freedom", dof_);
  visit("spread_of_all", spread_);
  visit("rows_of_all", rows_);
  visit("middle_of_all", shrinkage_);
  if (!visit.loading()) return;
  if (scale != "common" && scale != "per_component") {
    throw std::invalid_argument(
        fmt::format("StudentT: scale_matrices is '{}'; known: per_component, common", scale));
  }
  options_.scale = scale == "common" ? Scale::common : Scale::per_component;
  if (estimated == "per_component") {
    options_.degrees_of_freedom = DegreesOfFreedom::per_component;
  } else if (estimated == "shared") {
    options_.degrees_of_freedom = DegreesOfFreedom::shared;
  } else if (estimated == "fixed") {
    options_.degrees_of_freedom = DegreesOfFreedom::fixed;
  } else {
    throw std::invalid_argument(fmt::format(
        "StudentT: estimated_degrees_of_freedom is '{}'; known: per_component, shared, fixed",
        estimated));
  }
  check_options(options_);
  cycle_ = 0;
  factorize();
}

void StudentT::describe(Index k, Fields& visit) const {
  Vector mean = means_.col(k);
  Matrix matrix = scale(k);
  double dof = dof_[k];
  visit("mean", mean);
  visit("scale", matrix);
  visit("degrees_of_freedom", dof);
}

void StudentT::set_scale(std::size_t index, ConstMatrixRef scale) {
  Scratch scratch;
  MatrixMap factor = scratch.matrix(scale.rows(), scale.cols());
  factor = scale;
  if (Eigen::LLT<MatrixRef>(factor).info() != Eigen::Success || !scale.allFinite()) return;
  factor.triangularView<Eigen::StrictlyUpper>().setZero();
  scales_[index] = scale;
  factors_[index] = factor;
}

// Checks all parameters, because they may come from a file, and derives the factors.
void StudentT::factorize() {
  const Index d = dimension();
  const std::size_t count = options_.scale == Scale::common && size() > 0
                                ? std::size_t{1}
                                : static_cast<std::size_t>(size());
  if (scales_.size() != count || dof_.size() != size() ||
      (spread_.size() > 0 &&
       (spread_.rows() != d || spread_.cols() != d || shrinkage_.size() != d))) {
    throw std::invalid_argument(fmt::format(
        "StudentT: {} means, {} scale matrices, {} degrees of freedom; the numbers must agree",
        size(), scales_.size(), dof_.size()));
  }
  if (!means_.allFinite() || !dof_.allFinite() || (dof_.array() <= 0).any()) {
    throw std::invalid_argument(
        "StudentT: means must be finite, degrees of freedom finite and positive");
  }
  if (options_.degrees_of_freedom == DegreesOfFreedom::shared &&
      dof_.minCoeff() < dof_.maxCoeff()) {
    throw std::invalid_argument("StudentT: shared degrees of freedom must be equal");
  }
  factors_.resize(scales_.size());
  for (std::size_t i = 0; i < scales_.size(); ++i) {
    const bool square = scales_[i].rows() == d && scales_[i].cols() == d;
    const Eigen::LLT<Matrix> factor(square ? scales_[i] : Matrix());
    if (!square || !scales_[i].allFinite() || factor.info() != Eigen::Success) {
      throw std::invalid_argument(fmt::format(
          "StudentT: scale matrix {} must be {} x {} and positive definite", i + 1, d, d));
    }
    factors_[i] = factor.matrixL();
  }
}

}  // namespace mix
