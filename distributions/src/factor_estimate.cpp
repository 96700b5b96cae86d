#include "factor_estimate.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "component_loop.h"
#include "factor_subspaces.h"

namespace mix {
namespace {

// Alternations of loadings and noise inside EM, which iterates anyway, and to convergence.
constexpr int few_profile_alternations = 2;
constexpr int most_profile_alternations = 1000;
// EM steps with common loadings and separate noise likewise; they are cheaper and shorter.
constexpr int few_em_steps = 10;
constexpr int most_em_steps = 20000;
constexpr double alternation_tolerance = 1e-11;

// The inverse of L L' + P by Woodbury's identity.
Matrix precision_matrix(const Matrix& loadings, const Vector& noise) {
  const Matrix scaled = noise.cwiseInverse().asDiagonal() * loadings;
  const Index q = loadings.cols();
  const Eigen::LLT<Matrix> inner(Matrix::Identity(q, q) + loadings.transpose() * scaled);
  const Matrix half = inner.matrixL().solve(scaled.transpose());
  Matrix precision = noise.cwiseInverse().asDiagonal();
  precision.noalias() -= half.transpose() * half;
  return precision;
}

// Components with loadings of their own and noise in common; a single one has its own.
struct NoiseGroup {
  std::vector<const Matrix*> covariances;
  std::vector<Matrix*> loadings;
  Vector share;  // of each in the rows
};

// The loadings that maximize the likelihood given the noise.
void maximize_loadings(const NoiseGroup& group, const Vector& noise) {
  const Vector root = noise.cwiseSqrt();
  const Vector inverse = root.cwiseInverse();
  const auto count = static_cast<Index>(group.loadings.size());
  for_each_component(count, noise.size(), [&](Index g) {
    const auto i = static_cast<std::size_t>(g);
    Matrix& loadings = *group.loadings[i];
    const Spectrum spectrum(inverse.asDiagonal() * *group.covariances[i] * inverse.asDiagonal(),
                            loadings.cols());
    const Vector lengths =
        (spectrum.values.head(loadings.cols()).array() - 1).cwiseMax(0).cwiseSqrt();
    loadings = root.asDiagonal() * spectrum.vectors * lengths.asDiagonal();
  });
}

// Each noise variance given all else: with s = (S^-1)_ii and b = (S^-1 C S^-1)_ii, more of it by t
// changes -2/n times the objective by log(1 + t s) - t b/(1 + t s), least at t = (b - s)/s^2; of
// several components, Fisher's scoring step is halved until it is no rise. Returns the largest
// relative change.
double maximize_noise(const NoiseGroup& group, const Vector& least, Vector& noise) {
  const Index d = noise.size();
  const std::size_t count = group.loadings.size();
  std::vector<Matrix> precisions(count);
  std::vector<Matrix> products(count);
  for_each_component(static_cast<Index>(count), d, [&](Index g) {
    const auto i = static_cast<std::size_t>(g);
    precisions[i] = precision_matrix(*group.loadings[i], noise);
    products[i] = precisions[i] * *group.covariances[i] * precisions[i];
  });
  double largest = 0;
  for (Index i = 0; i < d; ++i) {
    double slope = 0;
    double curvature = 0;
    for (std::size_t g = 0; g < count; ++g) {
      const double share = group.share[static_cast<Index>(g)];
      const double s = precisions[g](i, i);
      slope += share * (products[g](i, i) - s);
      curvature += share * s * s;
    }
    const auto worse = [&](double t) {
      double change = 0;
      for (std::size_t g = 0; g < count; ++g) {
        const double s = precisions[g](i, i);
        change += group.share[static_cast<Index>(g)] *
                  (std::log1p(t * s) - t * products[g](i, i) / (1 + t * s));
      }
      return !(change <= 0);
    };
    double step = std::max(slope / curvature, least[i] - noise[i]);
    constexpr int halvings = 40;
    for (int h = 0; h < halvings && count > 1 && worse(step); ++h) step /= 2;
    if (!std::isfinite(step) || (count > 1 && worse(step))) continue;
    largest = std::max(largest, std::abs(step) / noise[i]);
    noise[i] += step;
    for (std::size_t g = 0; g < count; ++g) {
      const Vector p = precisions[g].col(i);
      const Vector v = products[g].col(i);
      const double b = v[i];
      const double factor = step / (1 + step * p[i]);
      precisions[g].noalias() -= factor * p * p.transpose();
      products[g].noalias() -= factor * (p * v.transpose() + v * p.transpose());
      products[g].noalias() += factor * factor * b * p * p.transpose();
    }
  }
  return largest;
}

// What columns leave to others of their variance, as if these did not vary quite as much: where the
// iteration begins.
Vector first_noise(const NoiseGroup& group, const Vector& least) {
  constexpr double ridge = 0.1;
  Vector noise = Vector::Zero(least.size());
  for (std::size_t g = 0; g < group.covariances.size(); ++g) {
    Matrix covariance = *group.covariances[g];
    covariance.diagonal() += ridge * covariance.diagonal().cwiseMax(least);
    const Eigen::LLT<Matrix> factor(covariance);
    Vector left = covariance.diagonal() / 2;
    if (factor.info() == Eigen::Success) {
      left = factor.solve(Matrix::Identity(least.size(), least.size())).diagonal().cwiseInverse();
    }
    noise += group.share[static_cast<Index>(g)] * left;
  }
  return noise.cwiseMax(least);
}

void estimate_group(const NoiseGroup& group, const Vector& least, Steps steps, Vector& noise) {
  if (steps == Steps::all) {
    noise = first_noise(group, least);
    maximize_loadings(group, noise);
  }
  const int most = steps == Steps::all ? most_profile_alternations : few_profile_alternations;
  for (int i = 0; i < most; ++i) {
    const double change = maximize_noise(group, least, noise);
    maximize_loadings(group, noise);
    if (change < alternation_tolerance) break;
  }
}

// Noise that differs between columns: one group per component, or all in one.
void estimate_profile(FactorProblem& problem, const std::vector<Matrix>& covariances,
                      const Vector& mass, Steps steps) {
  std::vector<NoiseGroup> groups;
  std::vector<Index> columns;
  for (std::size_t g = 0; g < covariances.size(); ++g) {
    const double n = mass[static_cast<Index>(g)];
    if (!(n > 0)) continue;
    if (groups.empty() || problem.noise.cols() > 1) {
      groups.emplace_back();
      columns.push_back(problem.noise.cols() > 1 ? static_cast<Index>(g) : 0);
    }
    NoiseGroup& group = groups.back();
    group.covariances.push_back(&covariances[g]);
    group.loadings.push_back(&problem.loadings[g]);
    group.share.conservativeResize(group.share.size() + 1);
    group.share[group.share.size() - 1] = n;
  }
  for_each_component(static_cast<Index>(groups.size()), covariances.front().rows(),
                     [&](Index index) {
                       NoiseGroup& group = groups[static_cast<std::size_t>(index)];
                       group.share /= group.share.sum();
                       const Index column = columns[static_cast<std::size_t>(index)];
                       Vector noise = problem.noise.col(column);
                       estimate_group(group, problem.least_noise, steps, noise);
                       problem.noise.col(column) = noise;
                     });
}

// Common loadings and separate noise: EM on the covariances, row by row of the loadings (McNicholas
// & Murphy 2008).
void estimate_common_loadings(FactorProblem& problem, const Vector& share, Steps steps) {
  Matrix& loadings = problem.loadings.front();
  const Index d = loadings.rows();
  const Index q = loadings.cols();
  const Index k = share.size();
  const bool equal = has_equal_noise(problem.structure);
  std::vector<Matrix> cross(static_cast<std::size_t>(k));   // C beta'
  std::vector<Matrix> second(static_cast<std::size_t>(k));  // of the factors
  const int most = steps == Steps::all ? most_em_steps : few_em_steps;
  for (int step = 0; step < most; ++step) {
    for_each_component(k, d, [&](Index c) {
      const auto i = static_cast<std::size_t>(c);
      if (!(share[c] > 0)) return;
      const Matrix scaled = problem.noise.col(c).cwiseInverse().asDiagonal() * loadings;
      const Eigen::LLT<Matrix> inner(Matrix::Identity(q, q) + loadings.transpose() * scaled);
      const Matrix beta = inner.solve(scaled.transpose());
      cross[i] = problem.covariances[i] * beta.transpose();
      second[i] = inner.solve(Matrix::Identity(q, q)) + beta * cross[i];
    });
    double change = 0;
    Matrix normal(q, q);
    Vector right(q);
    for (Index j = 0; j < d; ++j) {
      normal.setZero();
      right.setZero();
      for (Index c = 0; c < k; ++c) {
        if (!(share[c] > 0)) continue;
        const auto i = static_cast<std::size_t>(c);
        const double weight = share[c] / problem.noise(j, c);
        normal += weight * second[i];
        right += weight * cross[i].row(j).transpose();
      }
      const Vector row = normal.llt().solve(right);
      change = std::max(change, (row.transpose() - loadings.row(j)).norm() /
                                    (row.norm() + std::sqrt(problem.noise.row(j).minCoeff())));
      loadings.row(j) = row.transpose();
    }
    for (Index c = 0; c < k; ++c) {
      if (!(share[c] > 0)) continue;
      const auto i = static_cast<std::size_t>(c);
      Vector left = problem.covariances[i].diagonal();
      left -= 2 * loadings.cwiseProduct(cross[i]).rowwise().sum();
      left += (loadings * second[i]).cwiseProduct(loadings).rowwise().sum();
      if (equal) left.setConstant(left.mean());
      problem.noise.col(c) = left.cwiseMax(problem.least_noise);
    }
    if (change < alternation_tolerance) break;
  }
}

Matrix pooled_covariance(const FactorProblem& problem, const Vector& share) {
  Matrix pooled =
      Matrix::Zero(problem.covariances.front().rows(), problem.covariances.front().cols());
  for (Index c = 0; c < share.size(); ++c) {
    if (share[c] > 0) pooled += share[c] * problem.covariances[static_cast<std::size_t>(c)];
  }
  return pooled;
}

}  // namespace

void estimate_factors(FactorProblem& problem, Steps steps) {
  const double total = problem.mass.sum();
  if (!(total > 0)) return;
  const Vector share = problem.mass / total;
  const bool common = has_common_loadings(problem.structure);
  const bool separate_noise = problem.noise.cols() > 1;
  if (!common) {
    if (is_spectral(problem.structure)) {
      estimate_spectral(problem, problem.covariances, share, steps);
    } else {
      estimate_profile(problem, problem.covariances, share, steps);
    }
    return;
  }
  // All in one, which is also where common loadings beside separate noise begin.
  if (!separate_noise || steps == Steps::all) {
    const std::vector<Matrix> pooled{pooled_covariance(problem, share)};
    const Matrix noise = problem.noise;
    problem.noise = noise.col(0);
    if (has_equal_noise(problem.structure)) {
      estimate_spectral(problem, pooled, Vector::Ones(1), steps);
    } else {
      estimate_profile(problem, pooled, Vector::Ones(1), steps);
    }
    if (separate_noise) problem.noise = problem.noise.col(0).replicate(1, noise.cols()).eval();
  }
  if (separate_noise) estimate_common_loadings(problem, share, steps);
}

}  // namespace mix
