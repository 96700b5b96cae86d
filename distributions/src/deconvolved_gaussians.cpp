#include "mix/distributions/deconvolved_gaussians.h"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "mix/distributions/given_columns.h"
#include "mix/errors.h"
#include "mix/support.h"
#include "small_matrix.h"

namespace mix {
namespace {

bool is_error(double value) { return std::isfinite(value) && value >= 0; }

// What a row says of the values v behind it under one component: of y = L^-1 (v - mean), with L L'
// the covariance, so that nothing is lost where columns are nearly collinear.
class LatentValues {
 public:
  LatentValues(const Gaussians& latent, Index k)
      : mean_(latent.mean(k)),
        covariance_(latent.covariance(k)),
        lower_(covariance_.rows(), covariance_.cols()),
        sum_(covariance_.rows(), covariance_.cols()),
        total_(covariance_.rows(), covariance_.cols()),
        half_(covariance_.rows(), covariance_.cols()),
        excess_(mean_.size()),
        residual_(mean_.size()),
        seen_(static_cast<std::size_t>(mean_.size())) {
    Index repairs = 0;
    factorize(covariance_, lower_, repairs);
  }

  [[nodiscard]] const Vector& mean() const { return mean_; }
  [[nodiscard]] const Matrix& lower() const { return lower_; }

  // Takes up row i of values and errors; its cells that are not missing. Returns whether there are
  // errors of all these.
  bool see(const Rows& x, Index i) {
    const Index d = mean_.size();
    count_ = 0;
    for (Index j = 0; j < d; ++j) {
      if (std::isnan(x(i, j))) continue;
      if (!is_error(x(i, d + j))) return false;
      seen_[static_cast<std::size_t>(count_)] = j;
      residual_[count_++] = x(i, j) - mean_[j];
    }
    auto sum = sum_.topLeftCorner(count_, count_);
    for (Index a = 0; a < count_; ++a) {
      const Index row = seen_[static_cast<std::size_t>(a)];
      for (Index b = 0; b < count_; ++b) {
        sum(a, b) = covariance_(row, seen_[static_cast<std::size_t>(b)]);
      }
      sum(a, a) += x(i, d + row) * x(i, d + row);
    }
    Index repairs = 0;
    factorize(sum, total_.topLeftCorner(count_, count_), repairs);
    solve_lower(total_.topLeftCorner(count_, count_), residual_.head(count_));
    return true;
  }
  [[nodiscard]] bool sees_something() const { return count_ > 0; }
  [[nodiscard]] double log_density() const {
    const double log_root = total_.diagonal().head(count_).array().log().sum();
    return -0.5 * (residual_.head(count_).squaredNorm() +
                   static_cast<double>(count_) * std::log(2 * std::numbers::pi)) -
           log_root;
  }
  // Adds, times p, the expectations of y and of y y', less the identity.
  void add_moments(double p, VectorRef sum, MatrixRef products) {
    auto half = half_.topRows(count_);
    for (Index a = 0; a < count_; ++a) half.row(a) = lower_.row(seen_[static_cast<std::size_t>(a)]);
    solve_lower(total_.topLeftCorner(count_, count_), half);
    excess_.noalias() = half.transpose() * residual_.head(count_);
    sum += p * excess_;
    for (Index j = 0; j < excess_.size(); ++j) {
      for (Index l = 0; l <= j; ++l) {
        products(j, l) += p * (excess_[j] * excess_[l] - half.col(j).dot(half.col(l)));
      }
    }
  }

 private:
  Vector mean_;
  Matrix covariance_;
  Matrix lower_;
  Matrix sum_;    // the covariance of the values that were seen, with their errors
  Matrix total_;  // its factor
  Matrix half_;
  Vector excess_;
  Vector residual_;          // whitened
  std::vector<Index> seen_;  // columns of the row that are there, so many:
  Index count_ = 0;
};

// 2 d rows of equal weight with this mean and covariance.
Matrix rows_with_moments(const Vector& mean, const Matrix& covariance) {
  const Index d = mean.size();
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(covariance);
  const Matrix root =
      eigen.eigenvectors() *
      (static_cast<double>(d) * eigen.eigenvalues().cwiseMax(0)).cwiseSqrt().asDiagonal();
  Matrix rows(2 * d, d);
  rows.topRows(d) = root.transpose();
  rows.bottomRows(d) = -root.transpose();
  rows.rowwise() += mean.transpose();
  return rows;
}

}  // namespace

DeconvolvedGaussians::DeconvolvedGaussians(Index k, Index d, GaussianOptions options)
    : latent_(k, d, options) {}

DeconvolvedGaussians::DeconvolvedGaussians(Gaussians latent) : latent_(std::move(latent)) {}

std::string DeconvolvedGaussians::title() const { return "deconvolved_" + latent_.title(); }

void DeconvolvedGaussians::log_densities(Rows x, MatrixRef out) const {
  for (Index k = 0; k < size(); ++k) {
    LatentValues values(latent_, k);
    for (Index i = 0; i < x.rows(); ++i) {
      const double value = values.see(x, i) ? values.log_density() : -infinity;
      // Distances and covariances that overflow may have no quotient.
      out(i, k) = std::isnan(value) ? -infinity : value;
    }
  }
}

void DeconvolvedGaussians::sample(Index k, Rng& rng, VectorRef out) const {
  latent_.sample(k, rng, out.head(latent_.dimension()));
  out.tail(latent_.dimension()).setZero();
}

Moments DeconvolvedGaussians::moments(Index k) const {
  const Index d = latent_.dimension();
  Moments result{Vector::Zero(2 * d), Matrix::Zero(2 * d, 2 * d)};
  result.mean.head(d) = latent_.mean(k);
  result.covariance.topLeftCorner(d, d) = latent_.covariance(k);
  return result;
}

AnyFamily DeconvolvedGaussians::marginal(const std::vector<Index>& columns) const {
  const Index d = latent_.dimension();
  std::vector<Index> own;
  std::vector<Index> places;
  std::vector<Index> error_places;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] >= d) continue;
    const auto error = std::find(columns.begin(), columns.end(), columns[i] + d);
    if (error == columns.end()) {
      throw NotAvailable(fmt::format(
          "{}: what is measured has a distribution where its error is known: choose column {} "
          "beside column {}",
          name, columns[i] + d + 1, columns[i] + 1));
    }
    own.push_back(columns[i]);
    places.push_back(static_cast<Index>(i));
    error_places.push_back(error - columns.begin());
  }
  const auto chosen = static_cast<Index>(columns.size());
  if (own.empty()) return GivenColumns(size(), chosen);
  places.insert(places.end(), error_places.begin(), error_places.end());
  return beside_given_columns(DeconvolvedGaussians(latent_.marginal(own)), places, chosen);
}

AnyFamily DeconvolvedGaussians::conditional(const std::vector<Index>& columns,
                                            ConstVectorRef values) const {
  const Index d = latent_.dimension();
  Vector errors = Vector::Constant(d, quiet_nan);
  std::vector<Index> own;
  std::vector<Index> places;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto place = static_cast<Index>(i);
    if (columns[i] >= d) {
      errors[columns[i] - d] = values[place];
    } else {
      own.push_back(columns[i]);
      places.push_back(place);
    }
  }
  std::vector<Matrix> covariances;
  for (Index j = 0; j < d; ++j) {
    if (std::isnan(errors[j])) {
      throw NotAvailable(
          fmt::format("{}: errors have no distribution; give column {}, the error of column {}",
                      name, j + d + 1, j + 1));
    }
    if (!is_error(errors[j])) {
      throw std::invalid_argument(fmt::format(
          "{}: the standard error of column {} is {}, but must be finite and not negative", name,
          j + 1, errors[j]));
    }
  }
  for (Index k = 0; k < size(); ++k) {
    covariances.push_back(latent_.covariance(k));
    covariances.back().diagonal() += errors.cwiseAbs2();
  }
  const Gaussians measured(latent_.means(), covariances);
  if (own.empty()) return measured;
  return measured.conditional(own, values(places));
}

// A few rows with the expected moments of all of the block have the expected statistics.
void DeconvolvedGaussians::accumulate(Rows x, Shares shares, VectorRef statistics) const {
  const Index d = latent_.dimension();
  for (Index k = 0; k < size(); ++k) {
    LatentValues values(latent_, k);
    double mass = 0;
    Vector sum = Vector::Zero(d);
    Matrix products = Matrix::Zero(d, d);
    for (Index i = 0; i < x.rows(); ++i) {
      const double p = shares(i, k);
      if (!(p > 0) || !values.see(x, i) || !values.sees_something()) continue;
      mass += p;
      values.add_moments(p, sum, products);
    }
    if (!(mass > 0)) continue;
    mirror(products);
    const Vector mean = sum / mass;
    products = Matrix::Identity(d, d) + products / mass - mean * mean.transpose();
    Matrix rows = rows_with_moments(mean, products) * values.lower().transpose();
    rows.rowwise() += values.mean().transpose();
    const Vector weight = Vector::Constant(2 * d, mass / static_cast<double>(2 * d));
    latent_.accumulate_of(k, rows, weight, statistics);
    latent_.accumulate_common(rows, weight, statistics);
  }
}

void DeconvolvedGaussians::prepare(Rows x, Weights w) {
  const Index d = latent_.dimension();
  latent_.prepare(Rows(x.leftCols(d)), w);
  least_error_ = x.leftCols(d).array().isNaN().select(infinity, x.rightCols(d)).minCoeff();
}

void DeconvolvedGaussians::start(Rows x, Shares shares) {
  latent_.start(Rows(x.leftCols(latent_.dimension())), shares);
}

std::string DeconvolvedGaussians::flaw(Index k, double mass) const {
  return least_error_ > 0 ? std::string() : latent_.flaw(k, mass);
}

std::string DeconvolvedGaussians::check_support(Rows x) const {
  const Index d = latent_.dimension();
  return check_cells(
      x,
      [&](Index i, Index j) -> std::string {
        if (j >= d || is_error(x(i, j + d))) return {};
        return fmt::format(
            "its standard error is {}, but must be finite and not negative; leave the value out "
            "where it is unknown",
            x(i, j + d));
      },
      MissingCells::read);
}

Matrix DeconvolvedGaussians::embed(Rows x) const {
  return latent_.embed(Rows(x.leftCols(latent_.dimension())));
}

void DeconvolvedGaussians::fields(Fields& visit) {
  latent_.fields(visit);
  visit("least_error", least_error_);
}

void DeconvolvedGaussians::describe(Index k, Fields& visit) const {
  visit.list(
      "blocks", 1, [](Index) {},
      [&](Index /*i*/, Fields& element) {
        std::string distribution(Gaussians::name);
        std::vector<Index> columns(static_cast<std::size_t>(latent_.dimension()));
        std::iota(columns.begin(), columns.end(), Index{0});
        element("distribution", distribution);
        element("columns", columns);
        latent_.describe(k, element);
      });
}

}  // namespace mix
