// Densities of factor analyzers, draws, and what follows from the parameters: marginals and
// conditionals.

#include <Eigen/Cholesky>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "mix/distributions/factor_analyzers.h"
#include "mix/scratch.h"
#include "small_matrix.h"
#include "univariate.h"

namespace mix {
namespace {

// Matrices of as many columns as the widest of them, with zeros behind.
void widen(std::vector<Matrix>& loadings) {
  Index most = 0;
  for (const Matrix& l : loadings) most = std::max(most, l.cols());
  for (Matrix& l : loadings) {
    const Index own = l.cols();
    l.conservativeResize(Eigen::NoChange, most);
    l.rightCols(most - own).setZero();
  }
}

}  // namespace

void FactorAnalyzers::log_densities(Rows x, MatrixRef out) const {
  for (Index k = 0; k < size(); ++k) log_density_of(k, x, out.col(k));
}

// The squared Mahalanobis distance is |P^-1/2 (y - L z)|^2 + |z|^2 at the expected factors z of
// y = x - mean: a sum of squares, in which nothing cancels.
void FactorAnalyzers::log_density_of(Index k, Rows x, VectorRef out) const {
  const Evaluation& e = evaluations_[static_cast<std::size_t>(k)];
  Scratch scratch;
  MatrixMap y = scratch.matrix(x.cols(), x.rows());
  MatrixMap z = scratch.matrix(e.gain.rows(), x.rows());
  y.noalias() = x.transpose();
  y.colwise() -= means_.col(k);
  z.noalias() = e.gain * y;
  y.noalias() -= loadings(k) * z;
  out = e.constant - 0.5 * ((e.precision.transpose() * y.cwiseAbs2()).transpose().array() +
                            z.colwise().squaredNorm().transpose().array());
  // A row that is not finite is infinitely far away.
  out = out.array().isNaN().select(-infinity, out);
}

void FactorAnalyzers::sample(Index k, Rng& rng, VectorRef out) const {
  Vector z(factors(k));
  for (double& value : z) value = standard_normal(rng);
  out = means_.col(k) + loadings(k) * z;
  for (Index j = 0; j < dimension(); ++j) out[j] += std::sqrt(noise(k)[j]) * standard_normal(rng);
}

double FactorAnalyzers::cdf(Index k, double x) const {
  if (std::isnan(x)) return x;
  return normal_cdf((x - means_(0, k)) / std::sqrt(covariance(k)(0, 0)));
}

FactorAnalyzers FactorAnalyzers::marginal(const std::vector<Index>& columns) const {
  const auto d = static_cast<Index>(columns.size());
  std::vector<Matrix> chosen;
  Matrix variances(d, size());
  for (Index k = 0; k < size(); ++k) {
    Matrix l = loadings(k)(columns, Eigen::all);
    // More factors than columns are as many turned ones.
    if (l.cols() > d) {
      const Eigen::JacobiSVD<Matrix> svd(l, Eigen::ComputeThinU);
      l = svd.matrixU() * svd.singularValues().asDiagonal();
    }
    chosen.push_back(std::move(l));
    variances.col(k) = noise(k)(columns);
  }
  widen(chosen);
  return {Matrix(means_(columns, Eigen::all).transpose()), std::move(chosen), variances};
}

// Given some columns, the factors are normal again, with a covariance (I + L' P^-1 L)^-1 of these
// columns, and the others still independent given the factors.
FactorAnalyzers FactorAnalyzers::conditional(const std::vector<Index>& columns,
                                             ConstVectorRef values) const {
  const std::vector<Index> others = other_columns(dimension(), columns);
  Matrix means(size(), static_cast<Index>(others.size()));
  std::vector<Matrix> rest;
  Matrix variances(static_cast<Index>(others.size()), size());
  for (Index k = 0; k < size(); ++k) {
    const Matrix own = loadings(k)(columns, Eigen::all);
    const Vector precision = noise(k)(columns).cwiseInverse();
    const Index q = own.cols();
    const Eigen::LLT<Matrix> inner(Matrix::Identity(q, q) +
                                   own.transpose() * precision.asDiagonal() * own);
    const Vector y = values - mean(k)(columns);
    const Vector z = inner.solve(own.transpose() * precision.cwiseProduct(y));
    const Matrix left = loadings(k)(others, Eigen::all);
    means.row(k) = (mean(k)(others) + left * z).transpose();
    rest.push_back(inner.matrixL().solve(left.transpose()).transpose());
    variances.col(k) = noise(k)(others);
  }
  widen(rest);
  FactorAnalyzers conditional(means, std::move(rest), variances);
  std::vector<Index> all(others.size());
  for (std::size_t j = 0; j < all.size(); ++j) all[j] = static_cast<Index>(j);
  return conditional.marginal(all);
}

void FactorAnalyzers::derive() {
  const auto d = static_cast<double>(dimension());
  evaluations_.resize(static_cast<std::size_t>(size()));
  for (Index k = 0; k < size(); ++k) {
    Evaluation& e = evaluations_[static_cast<std::size_t>(k)];
    const Matrix& l = loadings(k);
    e.precision = noise(k).cwiseInverse();
    const Matrix scaled = e.precision.asDiagonal() * l;
    const Eigen::LLT<Matrix> inner(Matrix::Identity(l.cols(), l.cols()) + l.transpose() * scaled);
    e.gain = inner.solve(scaled.transpose());
    e.constant = -0.5 * (d * std::log(2 * std::numbers::pi) + noise(k).array().log().sum()) -
                 Matrix(inner.matrixL()).diagonal().array().log().sum();
  }
}

}  // namespace mix
