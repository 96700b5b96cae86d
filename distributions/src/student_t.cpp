#include "mix/distributions/student_t.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "conditional_normal.h"
#include "data_moments.h"
#include "degrees_of_freedom.h"
#include "factor_coordinates.h"
#include "mix/distributions/covariance_structure.h"
#include "mix/kernels.h"
#include "mix/parallel.h"
#include "mix/scratch.h"
#include "small_matrix.h"
#include "soundness.h"

namespace mix {
namespace {

// The pseudo-scatter of each component, as a share of the rows that it would hold were all equal.
constexpr double floor_share = 1e-10;
// Fixed degrees of freedom may be any up to here.
constexpr double largest_fixed_dof = 1e10;

Index triangle(Index d) { return d * (d + 1) / 2; }

void add_triangle(ConstMatrixRef scatter, VectorRef out) {
  Index next = 0;
  for (Index j = 0; j < scatter.cols(); ++j) {
    const Index length = scatter.rows() - j;
    out.segment(next, length) += scatter.col(j).tail(length);
    next += length;
  }
}

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

// One row of the data per column.
struct Residuals {
  Residuals(Scratch& scratch, Rows x, ConstVectorRef mean, const Matrix& factor)
      : plain(scratch.matrix(x.cols(), x.rows())),
        whitened(scratch.matrix(x.cols(), x.rows())),
        squares(scratch.vector(x.rows())) {
    plain.noalias() = x.transpose();
    plain.colwise() -= mean;
    whitened = plain;
    factor.triangularView<Eigen::Lower>().solveInPlace(whitened);
    squares = whitened.colwise().squaredNorm().transpose();
    // A row that is not finite is infinitely far away.
    squares = squares.array().isNaN().select(infinity, squares);
  }

  MatrixMap plain;     // x - mean
  MatrixMap whitened;  // the same in coordinates where the scale matrix is the identity
  VectorMap squares;   // squared lengths of the whitened ones
};

// The weighted mean of each component's rows; `otherwise` where no row has a weight.
Matrix weighted_means(const AnyRows& x, Shares shares, const Matrix& otherwise) {
  if (has_missing(x)) return observed_means(x, shares, otherwise);
  const Index d = x.cols();
  const Index k = shares.cols();
  // About a row, so that data far from zero lose no digits.
  const Vector origin =
      x.rows() > 0 ? Vector(DenseBlock(x, 0, 1)->row(0).transpose()) : Vector(Vector::Zero(d));
  const Vector sum =
      sum_over_blocks(x.rows(), k * (d + 1), [&](Index first, Index count, VectorRef total) {
        const Matrix centered = DenseBlock(x, first, count)->rowwise() - origin.transpose();
        const auto r = shares.middleRows(first, count);
        for (Index c = 0; c < k; ++c) {
          total[c * (d + 1)] += r.col(c).sum();
          total.segment(c * (d + 1) + 1, d) += centered.transpose() * r.col(c);
        }
      });
  Matrix means = otherwise;
  for (Index c = 0; c < k; ++c) {
    const double mass = sum[c * (d + 1)];
    if (mass > 0) means.col(c) = origin + sum.segment(c * (d + 1) + 1, d) / mass;
  }
  return means;
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
  return means_.size() + static_cast<Index>(scales_.size()) * triangle(dimension()) +
         estimated_dofs();
}

void StudentT::log_densities(Rows x, MatrixRef out) const {
  for (Index k = 0; k < size(); ++k) log_density_of(k, x, out.col(k));
}

void StudentT::log_density_of(Index k, Rows x, VectorRef out) const {
  const auto d = static_cast<double>(dimension());
  const Matrix& factor = factors_[scale_index(k)];
  Scratch scratch;
  const Residuals r(scratch, x, means_.col(k), factor);
  const double constant = t_log_normalizer(dof_[k], d) - factor.diagonal().array().log().sum();
  kernels::log1p_scaled(r.squares, 1 / dof_[k], out);
  out = constant - 0.5 * (dof_[k] + d) * out.array();
}

void StudentT::sample(Index k, Rng& rng, VectorRef out) const {
  Vector z(dimension());
  for (double& value : z) value = standard_normal(rng);
  // The ratio of v to a chi-squared variable.
  const double stretch = dof_[k] / (2 * standard_gamma(rng, dof_[k] / 2));
  z *= std::sqrt(stretch);
  out = means_.col(k) + factors_[scale_index(k)].triangularView<Eigen::Lower>() * z;
}

Index StudentT::cycles() const {
  return options_.degrees_of_freedom == DegreesOfFreedom::fixed ? 1 : 2;
}

Index StudentT::statistics_size() const {
  const Index d = dimension();
  return size() * (cycle_ == 0 ? 2 + d + triangle(d) : 2 + window_nodes);
}

void StudentT::accumulate(Rows x, Shares shares, VectorRef statistics) const {
  for (Index k = 0; k < size(); ++k) accumulate_of(k, x, shares.col(k), statistics);
}

void StudentT::accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const {
  const Index d = dimension();
  const Index length = statistics_size() / size();
  auto sums = statistics.segment(k * length, length);
  const auto p = w.array();
  Scratch scratch;
  Residuals r(scratch, x, means_.col(k), factors_[scale_index(k)]);
  // Rows without a share may hold anything, infinities too.
  for (Index i = 0; i < x.rows(); ++i) {
    if (p[i] > 0) continue;
    r.plain.col(i).setZero();
    r.squares[i] = 0;
  }
  sums[0] += p.sum();
  if (cycle_ == 0) {
    VectorMap pu = scratch.vector(x.rows());
    pu = p * (dof_[k] + static_cast<double>(d)) / (dof_[k] + r.squares.array());
    sums[1] += pu.sum();
    sums.segment(2, d).noalias() += r.plain * pu;
    r.whitened.noalias() = r.plain * pu.cwiseSqrt().asDiagonal();
    MatrixMap scatter = scratch.matrix(d, d);
    scatter.setZero();
    scatter.selfadjointView<Eigen::Lower>().rankUpdate(r.whitened);
    add_triangle(scatter, sums.tail(triangle(d)));
  } else {
    const LogWindow window = dof_window(dof_[k]);
    sums[1] += kernels::log1p_sum(r.squares, 1 / dof_[k], w);
    for (Index j = 0; j < window_nodes; ++j) {
      sums[2 + j] += kernels::log1p_sum(r.squares, std::exp(-window.node(j)), w);
    }
  }
}

void StudentT::maximize(ConstVectorRef sum) {
  if (cycle_ == 0) {
    maximize_location_and_scale(sum);
  } else {
    maximize_dof(sum);
  }
}

// With S = c V, the logarithm in the density bounded by its tangent, and the pseudo-scatter F, the
// bound to maximize over mean, V and c is
//   -N/2 log|V| + c-terms: A/2 log c - B/2 c - tr((W + F/c) V^-1)/2,  A = sum v P, B = sum v P_u,
// W the scatter weighted by u. First V at c = 1, then c at that V: both raise the bound and with it
// the objective. Without F this is c = A/B, for one component the step of Kent, Tyler & Vardi, and
// the argument carries over to components that share V and c.
void StudentT::maximize_location_and_scale(ConstVectorRef sum) {
  const Index d = dimension();
  const Index length = 2 + d + triangle(d);
  Scratch scratch;
  VectorMap floor_of_one = scratch.vector(d);
  write_floor(floor_of_one);
  MatrixMap scatter = scratch.matrix(d, d);
  MatrixMap factor = scratch.matrix(d, d);
  MatrixMap own = scratch.matrix(d, d);
  VectorMap shift = scratch.vector(d);
  for (std::size_t index = 0; index < scales_.size(); ++index) {
    const bool common = options_.scale == Scale::common;
    const Index first = common ? 0 : static_cast<Index>(index);
    const Index last = common ? size() : first + 1;
    const auto sharing = static_cast<double>(last - first);
    scatter.setZero();
    scatter.diagonal() = sharing * floor_of_one;
    double mass = 0;
    double a = 0;
    double b = 0;
    for (Index k = first; k < last; ++k) {
      const auto sums = sum.segment(k * length, length);
      if (!(sums[0] > 0) || !(sums[1] > 0)) continue;
      shift = sums.segment(2, d) / sums[1];
      means_.col(k) += shift;
      unpack(sums.tail(triangle(d)), own);
      scatter += own;
      for (Index j = 0; j < d; ++j) scatter.col(j) -= sums[1] * shift[j] * shift;
      mass += sums[0];
      a += dof_[k] * sums[0];
      b += dof_[k] * sums[1];
    }
    if (!(mass > 0)) continue;
    factor = scatter;
    // Where this fails, the old scale with the new mean is no worse.
    if (Eigen::LLT<MatrixRef>(factor).info() != Eigen::Success) continue;
    own.setZero();
    own.diagonal() = (sharing * floor_of_one).cwiseSqrt();
    factor.triangularView<Eigen::Lower>().solveInPlace(own);
    const double f = own.squaredNorm();
    a /= mass;
    b /= mass;
    const double c = (a + std::sqrt(a * a + 4 * b * f)) / (2 * b);
    scatter *= c / mass;
    mirror(scatter);
    set_scale(index, scatter);
  }
}

void StudentT::maximize_dof(ConstVectorRef sum) {
  const Index length = 2 + window_nodes;
  const auto d = static_cast<double>(dimension());
  if (options_.degrees_of_freedom == DegreesOfFreedom::shared) {
    Scratch scratch;
    VectorMap total = scratch.vector(length);
    total.setZero();
    for (Index k = 0; k < size(); ++k) total += sum.segment(k * length, length);
    if (total[0] > 0) dof_.setConstant(best_dof(dof_[0], d, total));
    return;
  }
  for (Index k = 0; k < size(); ++k) {
    const auto sums = sum.segment(k * length, length);
    if (sums[0] > 0) dof_[k] = best_dof(dof_[k], d, sums);
  }
}

void StudentT::start(const AnyRows& x, Shares shares) {
  const Index d = dimension();
  Vector center = Vector::Zero(d);
  Matrix spread = Matrix::Identity(d, d);
  if (spread_.size() > 0) spread = spread_.diagonal().asDiagonal();
  const Vector all = shares.rowwise().sum();
  center = weighted_means(x, all, center);
  means_ = weighted_means(x, shares, center.replicate(1, size()));
  scales_.assign(scales_.size(), spread);
  dof_.setConstant(options_.dof);
  factorize();
  // With infinitely many degrees of freedom every u is 1 and cycle 0 is the step of Gaussians.
  dof_.setConstant(largest_fixed_dof * largest_fixed_dof);
  cycle_ = 0;
  maximize_location_and_scale(sum_over_blocks(
      x.rows(), statistics_size(), [&](Index first, Index count, VectorRef statistics) {
        accumulate_any(*this, *DenseBlock(x, first, count), shares.middleRows(first, count),
                       statistics);
      }));
  dof_.setConstant(options_.dof);
}

// Standard deviations of the data: the units in which coordinates are measured.
Vector StudentT::unit() const {
  return spread_.size() > 0 ? Vector(spread_.diagonal().cwiseSqrt()) : Vector::Ones(dimension());
}

// How many different degrees of freedom are estimated.
Index StudentT::estimated_dofs() const {
  switch (options_.degrees_of_freedom) {
    case DegreesOfFreedom::per_component:
      return size();
    case DegreesOfFreedom::shared:
      return 1;
    case DegreesOfFreedom::fixed:
      break;
  }
  return 0;
}

Vector StudentT::coordinates() const {
  const Index d = dimension();
  const Index each = factor_coordinates(d);
  const auto scales = static_cast<Index>(factors_.size());
  const Vector deviations = unit();
  Vector v(size() * d + scales * each + estimated_dofs());
  for (Index k = 0; k < size(); ++k) {
    v.segment(k * d, d) = means_.col(k).cwiseQuotient(deviations);
  }
  for (Index i = 0; i < scales; ++i) {
    write_factor(factors_[static_cast<std::size_t>(i)], deviations,
                 v.segment(size() * d + i * each, each));
  }
  v.tail(estimated_dofs()) = dof_.head(estimated_dofs()).array().log();
  return v;
}

void StudentT::set_coordinates(ConstVectorRef v) {
  const Index d = dimension();
  const Index each = factor_coordinates(d);
  const Vector deviations = unit();
  for (Index k = 0; k < size(); ++k) {
    means_.col(k) = v.segment(k * d, d).cwiseProduct(deviations);
  }
  for (std::size_t i = 0; i < scales_.size(); ++i) {
    Matrix lower(d, d);
    read_factor(v.segment(size() * d + static_cast<Index>(i) * each, each), deviations, lower);
    set_scale(i, product_with_transpose(lower));
  }
  if (estimated_dofs() == 0) return;
  const Vector dof = v.tail(estimated_dofs()).array().exp().max(least_dof).min(largest_dof);
  if (dof.allFinite()) dof_ = dof.size() == size() ? dof : Vector::Constant(size(), dof[0]);
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
                          static_cast<double>(triangle(d)),
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

double StudentT::cdf(Index k, double x) const {
  if (std::isnan(x)) return x;
  const double z = (x - means_(0, k)) / std::sqrt(scale(k)(0, 0));
  // Boost's takes no infinite argument.
  if (std::isinf(z)) return z > 0 ? 1 : 0;
  return boost::math::cdf(boost::math::students_t(dof_[k]), z);
}

Moments StudentT::moments(Index k) const {
  const Index d = dimension();
  if (!(dof_[k] > 1)) {
    return {Vector::Constant(d, quiet_nan), Matrix::Constant(d, d, quiet_nan)};
  }
  if (!(dof_[k] > 2)) return {mean(k), Matrix::Constant(d, d, infinity)};
  return {mean(k), dof_[k] / (dof_[k] - 2) * scale(k)};
}

StudentT StudentT::marginal(const std::vector<Index>& columns) const {
  std::vector<Matrix> scales;
  for (Index k = 0; k < size(); ++k) scales.emplace_back(scale(k)(columns, columns));
  StudentTOptions options = options_;
  options.scale = Scale::per_component;
  return {Matrix(means_(columns, Eigen::all).transpose()), std::move(scales), dof_, options};
}

// Roth (2013), On the multivariate t distribution, section 4.
StudentT StudentT::conditional(const std::vector<Index>& columns, ConstVectorRef values) const {
  const auto given = static_cast<double>(columns.size());
  const std::vector<Index> others = other_columns(dimension(), columns);
  Matrix means(size(), static_cast<Index>(others.size()));
  std::vector<Matrix> scales;
  for (Index k = 0; k < size(); ++k) {
    Matrix inverse(dimension(), dimension());
    invert_lower(factors_[scale_index(k)], inverse);
    const Conditioned part(inverse, mean(k), columns, values);
    means.row(k) = part.mean.transpose();
    scales.emplace_back((dof_[k] + part.distance) / (dof_[k] + given) * part.scatter);
  }
  StudentTOptions options = options_;
  options.scale = Scale::per_component;
  return {means, std::move(scales), dof_.array() + given, options};
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
