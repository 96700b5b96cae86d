// Densities of Student's t, draws, and what follows from the parameters: moments, marginals and
// conditionals.

#include <Eigen/Cholesky>
#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <utility>

#include "conditional_normal.h"
#include "degrees_of_freedom.h"
#include "mix/distributions/student_t.h"
#include "mix/kernels.h"
#include "mix/scratch.h"
#include "small_matrix.h"
#include "student_t_residuals.h"

namespace mix {

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

}  // namespace mix
