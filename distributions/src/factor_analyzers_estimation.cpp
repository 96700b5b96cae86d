// How factor analyzers are estimated, from starts to M-steps, and their unconstrained coordinates.

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <utility>

#include "data_moments.h"
#include "factor_estimate.h"
#include "mix/distributions/factor_analyzers.h"
#include "mix/parallel.h"
#include "mix/scratch.h"
#include "mix/stacked_matrices.h"
#include "small_matrix.h"

namespace mix {
namespace {

// The least equal noise variance, as a share of the mean of the columns' variances.
constexpr double least_equal_noise_share = 1e-10;
// The same where nothing was learned about the data.
constexpr double least_noise_variance = 1e-100;

// Turns the factors so that the loadings are as near as can be to those of before.
void turn_towards(const Matrix& before, Matrix& loadings) {
  if (before.cols() != loadings.cols()) return;
  const Eigen::JacobiSVD<Matrix> svd(loadings.transpose() * before,
                                     Eigen::ComputeFullU | Eigen::ComputeFullV);
  loadings = loadings * svd.matrixU() * svd.matrixV().transpose();
}

}  // namespace

Index FactorAnalyzers::statistics_size() const {
  return size() * (1 + dimension() + kernels::lower_entries(dimension()));
}

void FactorAnalyzers::accumulate(Rows x, Shares shares, VectorRef statistics) const {
  for (Index k = 0; k < size(); ++k) accumulate_of(k, x, shares.col(k), statistics);
}

void FactorAnalyzers::accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const {
  const Index d = dimension();
  const Index length = statistics_size() / size();
  auto sums = statistics.segment(k * length, length);
  Scratch scratch;
  // Rows without a share may hold anything; of many components most have none.
  MatrixMap rooted = scratch.matrix(d, x.rows());
  Index count = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    if (!(w[i] > 0)) continue;
    auto row = rooted.col(count);
    row = x.row(i).transpose() - means_.col(k);
    sums[0] += w[i];
    sums.segment(1, d) += w[i] * row;
    row *= std::sqrt(w[i]);
    ++count;
  }
  if (count == 0) return;
  MatrixMap scatter = scratch.matrix(d, d);
  scatter.setZero();
  scatter.selfadjointView<Eigen::Lower>().rankUpdate(rooted.leftCols(count));
  add_packed(scatter, sums.tail(kernels::lower_entries(d)));
}

// Moves the means of components with weight, and gives the covariances of their rows.
void FactorAnalyzers::read_covariances(ConstVectorRef sum, std::vector<Matrix>& covariances,
                                       Vector& mass) {
  const Index d = dimension();
  const Index length = statistics_size() / size();
  mass.resize(size());
  covariances.resize(static_cast<std::size_t>(size()));
  for (Index k = 0; k < size(); ++k) {
    const auto sums = sum.segment(k * length, length);
    mass[k] = sums[0];
    Matrix& own = covariances[static_cast<std::size_t>(k)];
    own.resize(d, d);
    if (!(mass[k] > 0)) continue;
    const Vector shift = sums.segment(1, d) / mass[k];
    unpack(sums.tail(kernels::lower_entries(d)) / mass[k], own);
    own.noalias() -= shift * shift.transpose();
    mirror(own);
    means_.col(k) += shift;
  }
}

FactorProblem FactorAnalyzers::problem() const {
  return {.structure = options_.structure,
          .factors = options_.factors,
          .least_noise = least_noise(),
          .parameter_penalty = parameter_penalty(),
          .scree = options_.scree,
          .loadings = loadings_,
          .noise = noise_};
}

void FactorAnalyzers::maximize(ConstVectorRef sum) {
  FactorProblem problem = this->problem();
  read_covariances(sum, problem.covariances, problem.mass);
  estimate_factors(problem, Steps::few);
  for (std::size_t i = 0; i < loadings_.size(); ++i) {
    turn_towards(loadings_[i], problem.loadings[i]);
  }
  loadings_ = std::move(problem.loadings);
  noise_ = std::move(problem.noise);
  scree_numbers_ = std::move(problem.proposed);
  derive();
}

void FactorAnalyzers::start(const AnyRows& x, Shares shares) {
  const Index d = dimension();
  const Vector spread = variances_.size() > 0 ? variances_ : Vector::Ones(d);
  for (Matrix& l : loadings_) l.setZero(d, options_.factors);
  noise_ = has_equal_noise(options_.structure) ? Matrix::Constant(d, noise_.cols(), spread.mean())
                                               : Matrix(spread.replicate(1, noise_.cols()));
  // The means first: about them the scatter keeps its digits.
  means_ = weighted_means(x, shares);
  FactorProblem problem = this->problem();
  read_covariances(sum_over_blocks(x.rows(), statistics_size(),
                                   [&](Index first, Index count, VectorRef statistics) {
                                     accumulate(*DenseBlock(x, first, count),
                                                shares.middleRows(first, count), statistics);
                                   }),
                   problem.covariances, problem.mass);
  estimate_factors(problem, Steps::all);
  loadings_ = std::move(problem.loadings);
  noise_ = std::move(problem.noise);
  scree_numbers_ = std::move(problem.proposed);
  derive();
}

// Standard deviations of the data: the units in which coordinates are measured.
Vector FactorAnalyzers::unit() const {
  return variances_.size() > 0 ? Vector(variances_.cwiseSqrt()) : Vector::Ones(dimension());
}

Vector FactorAnalyzers::least_noise() const {
  const Index d = dimension();
  if (variances_.size() == 0) return Vector::Constant(d, least_noise_variance);
  if (has_equal_noise(options_.structure)) {
    return Vector::Constant(d, least_equal_noise_share * variances_.mean());
  }
  return least_noise_share * variances_;
}

Vector FactorAnalyzers::coordinates() const {
  const Index d = dimension();
  const Vector deviations = unit();
  const bool equal = has_equal_noise(options_.structure);
  const Index each = equal ? 1 : d;
  Index cells = 0;
  for (const Matrix& l : loadings_) cells += l.size();
  Vector v(means_.size() + cells + noise_.cols() * each);
  for (Index k = 0; k < size(); ++k) {
    v.segment(k * d, d) = means_.col(k).cwiseQuotient(deviations);
  }
  Index place = means_.size();
  for (const Matrix& l : loadings_) {
    v.segment(place, l.size()).reshaped(d, l.cols()) = deviations.cwiseInverse().asDiagonal() * l;
    place += l.size();
  }
  for (Index k = 0; k < noise_.cols(); ++k) {
    if (equal) {
      v[place] = std::log(noise_(0, k) / deviations.cwiseAbs2().mean());
    } else {
      v.segment(place, d) = (noise_.col(k).array() / deviations.array().square()).log();
    }
    place += each;
  }
  return v;
}

void FactorAnalyzers::set_coordinates(ConstVectorRef v) {
  const Index d = dimension();
  const Vector deviations = unit();
  const bool equal = has_equal_noise(options_.structure);
  const Index each = equal ? 1 : d;
  for (Index k = 0; k < size(); ++k) {
    means_.col(k) = v.segment(k * d, d).cwiseProduct(deviations);
  }
  Index place = means_.size();
  for (Matrix& l : loadings_) {
    l = deviations.asDiagonal() * v.segment(place, l.size()).reshaped(d, l.cols()).eval();
    place += l.size();
  }
  constexpr double most_noise = 1e150;
  const Vector least = least_noise();
  for (Index k = 0; k < noise_.cols(); ++k) {
    if (equal) {
      noise_.col(k).setConstant(std::exp(v[place]) * deviations.cwiseAbs2().mean());
    } else {
      noise_.col(k) = v.segment(place, d).array().exp() * deviations.array().square();
    }
    noise_.col(k) = noise_.col(k).cwiseMax(least).cwiseMin(most_noise);
    place += each;
  }
  // The closed form, of the covariances that these loadings and noise make, moves into the
  // structure.
  if (is_spectral(options_.structure)) {
    const auto count = has_common_loadings(options_.structure) ? Index{1} : size();
    FactorProblem problem = this->problem();
    problem.mass = Vector::Ones(count);
    problem.structure = with_equal_numbers(options_.structure);  // the numbers of factors stay
    for (Index k = 0; k < count; ++k) problem.covariances.push_back(covariance(k));
    estimate_factors(problem, Steps::few);
    for (std::size_t i = 0; i < loadings_.size(); ++i) {
      turn_towards(loadings_[i], problem.loadings[i]);
    }
    loadings_ = std::move(problem.loadings);
    noise_ = std::move(problem.noise);
  }
  derive();
}

}  // namespace mix
