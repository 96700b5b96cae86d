#include "mix/distributions/gaussians.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "conditional_normal.h"
#include "data_moments.h"
#include "eigenvalue_ratio.h"
#include "mix/any_family.h"
#include "mix/parallel.h"
#include "mix/scratch.h"
#include "small_matrix.h"
#include "soundness.h"
#include "univariate.h"

namespace mix {
namespace {

void check_shape(bool fits, const std::string& message) {
  if (!fits) throw std::invalid_argument("Gaussians: " + message);
}

bool positive_definite(const Eigen::LLT<Matrix>& factor) {
  // NaN passes the factorization's own test.
  return factor.info() == Eigen::Success && factor.matrixLLT().diagonal().minCoeff() > 0 &&
         factor.matrixLLT().diagonal().allFinite();
}

// A matrix G with GG' = m, for a positive semidefinite m whose columns may have very different
// units.
Matrix square_root(const Matrix& m) {
  const Vector unit = m.diagonal().cwiseMax(1e-300).cwiseSqrt();
  const Matrix scaled = unit.cwiseInverse().asDiagonal() * m * unit.cwiseInverse().asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(scaled);
  return unit.asDiagonal() *
         (eigen.eigenvectors() * eigen.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal());
}

}  // namespace

std::string to_string(GaussianPrior::Kind kind) {
  switch (kind) {
    case GaussianPrior::Kind::none:
      return "none";
    case GaussianPrior::Kind::conjugate:
      return "conjugate";
    case GaussianPrior::Kind::chen_tan:
      return "chen-tan";
  }
  return "unknown";
}

GaussianPrior parse_gaussian_prior(std::string_view name) {
  using enum GaussianPrior::Kind;
  for (const GaussianPrior::Kind kind : {none, conjugate, chen_tan}) {
    if (name == to_string(kind)) return {.kind = kind};
  }
  throw std::invalid_argument(
      fmt::format("unknown prior '{}': use one of none, conjugate, chen-tan", name));
}

Gaussians::Gaussians(Index k, Index d, GaussianOptions options) : options_(options) {
  check_shape(k >= 1, fmt::format("{} components asked for, at least 1 needed", k));
  check_shape(d >= 1, fmt::format("{} columns given, at least 1 needed", d));
  means_ = Matrix::Zero(k, d);
  check_options();
  if (diagonal()) {
    variances_ = Matrix::Ones(d, k);
  } else {
    factors_.assign(static_cast<std::size_t>(k), Matrix::Identity(d, d));
  }
  update();
}

Gaussians::Gaussians(Matrix means, const std::vector<Matrix>& covariances, GaussianOptions options)
    : options_(options), means_(std::move(means)) {
  check_shape(size() >= 1 && dimension() >= 1, "means must have at least one row and one column");
  check_options();
  set_covariances(covariances);
}

void Gaussians::check_options() const {
  check_shape(
      options_.floor >= 0 && options_.floor < 1,
      fmt::format("floor is {}; it must be in [0, 1), the default is 1e-10", options_.floor));
  check_shape(options_.prior.mean_shrinkage >= 0 && std::isfinite(options_.prior.mean_shrinkage),
              fmt::format("mean_shrinkage is {}; it counts rows and must be at least 0",
                          options_.prior.mean_shrinkage));
  const double ratio = options_.eigenvalue_ratio;
  check_shape(
      ratio == 0 || (ratio >= 1 && std::isfinite(ratio)),
      fmt::format("eigenvalue_ratio is {}; it must be at least 1, or 0 for no limit", ratio));
  check_shape(ratio == 0 || takes_eigenvalue_ratio(structure(), dimension()),
              fmt::format("structure {} has no exact estimate with a limited eigenvalue_ratio; use "
                          "one of {}, or leave the limit out",
                          to_string(structure()), ratio_structures()));
}

// Checks and takes over covariances that somebody else computed.
void Gaussians::set_covariances(const std::vector<Matrix>& covariances) {
  const Index d = dimension();
  check_shape(means_.allFinite(), "every mean must be finite");
  check_shape(static_cast<Index>(covariances.size()) == size(),
              fmt::format("{} covariances for {} means; give one per component", covariances.size(),
                          size()));
  for (std::size_t k = 0; k < covariances.size(); ++k) {
    const Matrix& c = covariances[k];
    check_shape(c.rows() == d && c.cols() == d,
                fmt::format("covariance {} is {} x {}; {} columns need {} x {}", k + 1, c.rows(),
                            c.cols(), d, d, d));
    check_shape(c.allFinite() &&
                    (c - c.transpose()).cwiseAbs().maxCoeff() <= 1e-12 * c.cwiseAbs().maxCoeff(),
                fmt::format("covariance {} must be finite and symmetric", k + 1));
    check_shape(positive_definite(Eigen::LLT<Matrix>(c)),
                fmt::format("covariance {} must be positive definite", k + 1));
    check_shape(!diagonal() || c.isDiagonal(0.0),
                fmt::format("covariance {} must be diagonal in structure {}", k + 1,
                            to_string(structure())));
    check_shape(structure() != Structure::EEE || c == covariances.front(),
                fmt::format("covariance {} must equal the first in structure EEE", k + 1));
  }
  if (diagonal()) {
    variances_.resize(d, size());
    for (Index k = 0; k < size(); ++k) {
      variances_.col(k) = covariances[static_cast<std::size_t>(k)].diagonal();
    }
    check_variances();
  } else {
    for (const Matrix& c : covariances) factors_.emplace_back(Eigen::LLT<Matrix>(c).matrixL());
    const StructureParts part = parts(structure());
    if (part.orientation == Part::equal && part.shape == Part::variable) {
      orientation_ = estimate(Structure::VVE, covariances, Vector::Ones(size())).orientation;
    }
  }
  update();
}

// Checks that the variances obey a diagonal structure, up to rounding.
void Gaussians::check_variances() const {
  const StructureParts part = parts(structure());
  const Vector volume = variances_.array().log().colwise().mean().exp().transpose();
  for (Index k = 0; k < size(); ++k) {
    const Vector shape = variances_.col(k) / volume[k];
    const Vector expected = part.shape == Part::identity ? Vector(Vector::Ones(dimension()))
                            : part.shape == Part::equal  ? Vector(variances_.col(0) / volume[0])
                                                         : shape;
    const bool same_volume =
        part.volume == Part::variable || std::abs(volume[k] / volume[0] - 1) < 1e-9;
    check_shape(same_volume && ((shape - expected).array().abs() < 1e-9 * expected.array()).all(),
                fmt::format("the variances of component {} do not obey structure {}", k + 1,
                            to_string(structure())));
  }
}

bool Gaussians::diagonal() const { return is_diagonal(structure(), dimension()); }

Index Gaussians::triangle_size() const {
  return diagonal() ? dimension() : dimension() * (dimension() + 1) / 2;
}

const Matrix& Gaussians::factor(Index k) const { return factors_[static_cast<std::size_t>(k)]; }

Matrix Gaussians::covariance(Index k) const {
  if (diagonal()) return variances_.col(k).asDiagonal();
  return product_with_transpose(factor(k));
}

std::string Gaussians::title() const {
  if (dimension() > 1) return "gaussian " + to_string(structure());
  return parts(structure()).volume == Part::equal ? "gaussian E" : "gaussian V";
}

Index Gaussians::parameter_count() const {
  return size() * dimension() + covariance_parameter_count(structure(), size(), dimension());
}

void Gaussians::sample(Index k, Rng& rng, VectorRef out) const {
  for (Index j = 0; j < dimension(); ++j) out[j] = standard_normal(rng);
  if (diagonal()) {
    out.array() *= variances_.col(k).array().sqrt();
  } else {
    out = Vector(factor(k).triangularView<Eigen::Lower>() * out);
  }
  out += means_.row(k).transpose();
}

void Gaussians::prepare(const AnyRows& x, Weights w) {
  check_shape(x.cols() == dimension(),
              fmt::format("the data have {} columns, the family {}", x.cols(), dimension()));
  DataMoments moments =
      data_moments("gaussian", x, w, diagonal() ? Spread::variances : Spread::covariance);
  if (!(moments.rows > 0)) return;
  rows_ = moments.rows;
  location_ = std::move(moments.mean);
  scale_ = std::move(moments.covariance);
  update_pseudo_data();
  if (!limits_ratio()) return;
  limit_parameters();
  update();
}

// All components at the same mean, with the covariance that a single one would have; `update` is
// left to the caller.
void Gaussians::place(const Vector& center, const Matrix& scatter) {
  means_ = center.transpose().replicate(size(), 1);
  const Vector one = Vector::Ones(1);
  orientation_.resize(0, 0);
  if (diagonal()) {
    const Structure like = dimension() > 1 ? structure() : Structure::EII;
    variances_ = estimate_diagonal(like, scatter, one).replicate(1, size());
  } else {
    // A single covariance has every structure that is not diagonal.
    Covariances start = estimate(Structure::VVV, {scatter}, one);
    factors_.assign(static_cast<std::size_t>(size()), start.factors.front());
  }
}

void Gaussians::update_pseudo_data() {
  update_metric();
  pseudo_ = {};
  if (!(rows_ > 0)) return;
  const auto d = static_cast<double>(dimension());
  const auto k = static_cast<double>(size());
  const StructureParts part = parts(structure());
  // The data's covariance, regular also with few rows.
  Matrix regular = scale_;
  if (!diagonal() && rows_ <= d) regular = scale_.diagonal().asDiagonal();

  Matrix& scatter = pseudo_.scatter;
  scatter =
      options_.floor * rows_ / k * (diagonal() ? scale_ : Matrix(scale_.diagonal().asDiagonal()));
  switch (options_.prior.kind) {
    case GaussianPrior::Kind::none:
      break;
    case GaussianPrior::Kind::conjugate: {
      // One inverse Wishart (gamma, where the matrix is diagonal) density per different matrix.
      const bool shared = is_common(structure(), dimension());
      const double each = shared ? 1 / k : 1;
      const double degrees = d + 2;
      const double shrink = std::pow(k, -2 / d);
      if (part.shape == Part::identity || dimension() == 1) {
        scatter.array() += each * shrink * regular.mean() / d;
        pseudo_.count = each * (degrees + 2) / d;
      } else {
        scatter += each * shrink * regular;
        pseudo_.count = each * (degrees + (diagonal() ? 2 : d + 1));
      }
      pseudo_.count += 1;  // of the mean's normal density
      pseudo_.mean_count = options_.prior.mean_shrinkage;
      break;
    }
    case GaussianPrior::Kind::chen_tan: {
      const double a = 1 / std::sqrt(rows_);
      scatter += 2 * a * regular;
      pseudo_.count = 2 * a;
      break;
    }
  }
  if (diagonal()) {
    pseudo_.root = scatter.cwiseSqrt();
  } else if (scatter.isDiagonal(0.0)) {
    pseudo_.root = scatter.diagonal().cwiseSqrt();
  } else {
    pseudo_.root = square_root(scatter);
  }
}

double Gaussians::log_prior() const {
  if (pseudo_.scatter.size() == 0) return 0;
  const Index d = dimension();
  double sum = 0;
  Scratch scratch;
  VectorMap shift = scratch.vector(d);
  VectorMap whitened = scratch.vector(d);
  const bool axis_parallel = diagonal();
  MatrixMap root = scratch.matrix(axis_parallel ? 0 : d, d);
  for (Index k = 0; k < size(); ++k) {
    if (pseudo_.mean_count > 0) shift = means_.row(k).transpose() - location_;
    sum += pseudo_.count * log_determinants_[k];
    if (axis_parallel) {
      const auto inverse = inverse_deviations_.col(k);
      sum += pseudo_.root.col(0).cwiseProduct(inverse).squaredNorm();
      if (pseudo_.mean_count > 0) {
        sum += pseudo_.mean_count * shift.cwiseProduct(inverse).squaredNorm();
      }
    } else {
      const Matrix& own = inverse(k);
      if (pseudo_.root.cols() == 1) {
        const auto entry = entries(own);
        const auto scatter = entries(pseudo_.scatter);
        with_size(d, [&](auto columns) {
          for_range(zero, columns, [&](auto j) {
            double column = 0;
            for_range(j, columns, [&](auto i) { column += entry(i, j) * entry(i, j); });
            sum += scatter(j, j) * column;
          });
        });
      } else {
        whitened_pseudo_root(k, root);
        sum += root.squaredNorm();
      }
      if (!(pseudo_.mean_count > 0)) continue;
      multiply_lower(own, shift, whitened);
      sum += pseudo_.mean_count * whitened.squaredNorm();
    }
  }
  return -0.5 * sum;
}

// A root of the floor's part of a covariance that rests on so many rows, whitened by the
// covariance; of a diagonal one the diagonal.
Matrix Gaussians::whitened_floor(Index k, double rows) const {
  // Without a floor rounding is one.
  const double floor = std::max(options_.floor, 1e-14);
  const double share = floor * rows_ / static_cast<double>(size()) / rows;
  if (diagonal()) {
    return (share * scale_.array()).sqrt() * inverse_deviations_.col(k).array();
  }
  return inverse(k) * Vector((share * scale_.diagonal()).cwiseSqrt()).asDiagonal();
}

std::string Gaussians::flaw(Index k, double mass) const {
  const StructureParts part = parts(structure());
  const bool common = is_common(structure(), dimension());
  const auto d = static_cast<double>(dimension());
  // The parameters that no other component shares, or those of the common covariance.
  const double own =
      common
          ? static_cast<double>(covariance_parameter_count(structure(), 1, dimension()))
          : (part.volume == Part::variable ? 1 : 0) + (part.shape == Part::variable ? d - 1 : 0) +
                (part.orientation == Part::variable ? d * (d - 1) / 2 : 0);
  const bool pooled = common && size() > 1;
  const Evidence evidence{dimension(), pooled ? rows_ : mass, pooled ? size() : 1, own};
  // A component of all rows has nothing to be an artifact beside; a prior bounds the density, and
  // so does a limit on eigenvalues that lets no component become flat.
  const bool alone = rows_ > 0 ? mass > (1 - 1e-9) * rows_ : size() == 1 || pooled;
  const bool bounded = options_.prior.kind != GaussianPrior::Kind::none ||
                       (limits_ratio() && options_.eigenvalue_ratio <= largest_sound_ratio);
  const bool suspect = !alone && !bounded;
  std::string flaw;
  if (suspect) flaw = few_rows_flaw(evidence);
  if (!flaw.empty() || !(rows_ > 0) || !(mass > 0)) return flaw;
  flaw =
      floor_flaw(evidence, whitened_floor(k, pooled ? rows_ / static_cast<double>(size()) : mass));
  if (!flaw.empty() || !suspect) return flaw;
  if (diagonal()) {
    return flat_flaw(evidence, (variances_.col(k).array() / scale_.array()).minCoeff());
  }
  // The trace of the inverse ratio bounds the smallest variance from below, and mostly settles it.
  Scratch scratch;
  MatrixMap half = scratch.matrix(dimension(), dimension());
  multiply_lower(inverse(k), scale_, half);
  const double at_least = 1 / half.cwiseProduct(inverse(k)).sum();
  if (flat_flaw(evidence, at_least).empty()) return {};
  return flat_flaw(evidence, smallest_variance_ratio(covariance(k), scale_));
}

Matrix Gaussians::embed(const AnyRows& x) const {
  if (!(rows_ > 0)) return standardized(x);
  const Vector variances = diagonal() ? Vector(scale_.col(0)) : Vector(scale_.diagonal());
  Matrix points(x.rows(), x.cols());
  for_each_block(x.rows(), [&](Index first, Index count) {
    points.middleRows(first, count) =
        (DenseBlock(x, first, count)->rowwise() - location_.transpose()) *
        variances.cwiseSqrt().cwiseInverse().asDiagonal();
  });
  return points;
}

void Gaussians::select(const std::vector<Index>& order) {
  held_ = {};
  means_ = Matrix(means_(order, Eigen::all));
  if (diagonal()) {
    variances_ = Matrix(variances_(Eigen::all, order));
  } else {
    std::vector<Matrix> kept;
    for (const Index k : order) kept.push_back(factor(k));
    factors_ = std::move(kept);
  }
  update();
  update_pseudo_data();
}

double Gaussians::cdf(Index k, double x) const {
  return normal_cdf((x - means_(k, 0)) / std::sqrt(covariance(k)(0, 0)));
}

// Parts of covariances of a structure with common volumes, say, have different ones.
Structure Gaussians::unconstrained() const { return diagonal() ? Structure::VVI : Structure::VVV; }

Gaussians Gaussians::marginal(const std::vector<Index>& columns) const {
  std::vector<Matrix> covariances;
  for (Index k = 0; k < size(); ++k) covariances.emplace_back(covariance(k)(columns, columns));
  return {means_(Eigen::all, columns), covariances, {.structure = unconstrained()}};
}

Gaussians Gaussians::conditional(const std::vector<Index>& columns, ConstVectorRef values) const {
  const std::vector<Index> others = other_columns(dimension(), columns);
  Matrix means(size(), static_cast<Index>(others.size()));
  std::vector<Matrix> covariances;
  for (Index k = 0; k < size(); ++k) {
    const Conditioned part(whitening_of(k), mean(k), columns, values);
    means.row(k) = part.mean.transpose();
    covariances.push_back(part.scatter);
  }
  return {means, covariances, {.structure = unconstrained()}};
}

void Gaussians::fields(Fields& visit) {
  std::string structure_name = to_string(structure());
  std::string prior = to_string(options_.prior.kind);
  visit("structure", structure_name);
  visit("prior", prior);
  visit("mean_shrinkage", options_.prior.mean_shrinkage);
  visit("floor", options_.floor);
  visit.optional("eigenvalue_ratio", options_.eigenvalue_ratio, 0.0);
  if (visit.loading()) {
    options_.structure = parse_structure(structure_name);
    options_.prior.kind = parse_gaussian_prior(prior).kind;
  }
  visit("means", means_);
  if (visit.loading()) check_options();
  if (diagonal()) {
    visit("variances", variances_);
  } else {
    visit.list(
        "covariances", static_cast<Index>(factors_.size()),
        [&](Index count) { factors_.resize(static_cast<std::size_t>(count)); },
        [&](Index k, Fields& element) {
          element("cholesky_factor", factors_[static_cast<std::size_t>(k)]);
        });
  }
  // What prepare and the last estimate learned, so that a loaded model can be estimated further.
  const Index d = dimension();
  Vector location = rows_ > 0 ? location_ : Vector(Vector::Zero(d));
  Matrix scale = rows_ > 0 ? scale_ : Matrix(Matrix::Zero(d, diagonal() ? 1 : d));
  Matrix orientation = orientation_.size() > 0 ? orientation_ : Matrix(Matrix::Zero(1, 1));
  visit("data_rows", rows_);
  visit("data_mean", location);
  visit("data_covariance", scale);
  visit("orientation", orientation);
  if (!visit.loading()) return;

  location_ = std::move(location);
  scale_ = std::move(scale);
  orientation_ = d > 1 && orientation.rows() == d ? std::move(orientation) : Matrix();
  check_parameters();
  evaluation_ = {};  // of other columns, or another structure
  update();
  update_pseudo_data();
}

// Checks parameters that come from a file.
void Gaussians::check_parameters() const {
  const Index d = dimension();
  check_shape(size() >= 1 && d >= 1, "means must have at least one row and one column");
  check_shape(means_.allFinite(), "every mean must be finite");
  if (diagonal()) {
    check_shape(variances_.rows() == d && variances_.cols() == size() && variances_.allFinite() &&
                    (variances_.array() > 0).all(),
                fmt::format("variances must be {} x {}, positive and finite", d, size()));
    check_variances();
  } else {
    check_shape(static_cast<Index>(factors_.size()) == size(),
                fmt::format("{} covariances for {} means; give one per component", factors_.size(),
                            size()));
    for (const Matrix& l : factors_) {
      check_shape(l.rows() == d && l.cols() == d && l.allFinite() && l.isLowerTriangular(0.0) &&
                      (l.diagonal().array() > 0).all(),
                  fmt::format("a cholesky_factor must be {} x {} and lower triangular, with a "
                              "positive diagonal",
                              d, d));
      check_shape(structure() != Structure::EEE || l == factors_.front(),
                  "the cholesky_factor of all components must be the same in structure EEE");
    }
  }
  check_shape(rows_ >= 0 && location_.size() == d && scale_.rows() == d &&
                  scale_.cols() == (diagonal() ? 1 : d),
              "data_rows, data_mean and data_covariance must fit the means");
  check_shape(orientation_.size() == 0 || orientation_.cols() == d,
              "orientation must have as many rows and columns as the data have columns");
}

void Gaussians::describe(Index k, Fields& visit) const {
  Vector center = mean(k);
  Matrix spread = covariance(k);
  visit("mean", center);
  visit("covariance", spread);
}

}  // namespace mix
