// Covariances whose eigenvalues differ by a limited factor.

#include "eigenvalue_ratio.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "mix/distributions/gaussians.h"
#include "mix/scratch.h"
#include "small_matrix.h"
#include "stacked_scatter.h"

namespace mix {
namespace {

// An eigenvalue and the mass that it counts for.
struct WeightedEigenvalue {
  double value;
  double mass;
};

// What clipping to [m, ratio m] changes. In log m the criterion is convex, for each of its terms
// is: d below m adds log m + d/m, d above ratio m adds log m + d/(ratio m), others add nothing. Its
// derivative is mass - sum/m.
struct Clipped {
  double mass = 0;
  double sum = 0;
};

template <class Below, class Above>
Clipped clipped(const std::vector<WeightedEigenvalue>& values, double ratio, const Below& below,
                const Above& above) {
  Clipped all;
  for (const auto& [value, mass] : values) {
    const double limit = value / ratio;
    if (!below(value) && !above(limit)) continue;
    all.mass += mass;
    all.sum += mass * (below(value) ? value : limit);
  }
  return all;
}

// The lower limit m. The derivative changes its sign between two knots, the values d and d / ratio;
// between them it is known which are clipped, and m follows in closed form.
double best_limit(const std::vector<WeightedEigenvalue>& values, double ratio) {
  std::vector<double> knots;
  for (const WeightedEigenvalue& one : values) {
    knots.push_back(one.value);
    knots.push_back(one.value / ratio);
  }
  std::sort(knots.begin(), knots.end());
  const auto falls_at = [&](double m) {
    const Clipped all = clipped(
        values, ratio, [=](double value) { return value < m; },
        [=](double limit) { return limit > m; });
    return m * all.mass < all.sum;
  };
  const auto high = std::partition_point(knots.begin(), knots.end(), falls_at);
  if (high == knots.begin() || high == knots.end()) return knots.front();
  const double low = *(high - 1);
  const Clipped all = clipped(
      values, ratio, [=](double value) { return value <= low; },
      [=](double limit) { return limit >= *high; });
  return std::clamp(all.sum / all.mass, low, *high);
}

// Beyond the ratio by this factor, less one, is within it: what was clipped once is not again.
constexpr double ratio_rounding = 1e-12;

// Eigenvalues that differ by less than this factor, less one, are at the limit together; where the
// limit is wide, rounding of the largest is more of the smallest.
double at_limit(double ratio) {
  return std::max(1e-9, 100 * std::numeric_limits<double>::epsilon() * ratio);
}

// Smaller pivots of a correlation matrix are rounding.
constexpr double smallest_correlation_pivot = 1e-7;

// The lower factor of the data's covariance; where that is singular, of its diagonal.
Matrix metric_of(const Matrix& covariance) {
  const Vector unit = covariance.diagonal().cwiseSqrt();
  const Matrix correlation =
      unit.cwiseInverse().asDiagonal() * covariance * unit.cwiseInverse().asDiagonal();
  const Eigen::LLT<Matrix> factor(correlation);
  if (factor.info() != Eigen::Success ||
      !(factor.matrixLLT().diagonal().minCoeff() > smallest_correlation_pivot)) {
    return unit.asDiagonal();
  }
  return unit.asDiagonal() * Matrix(factor.matrixL());
}

}  // namespace

bool takes_eigenvalue_ratio(Structure structure, Index d) {
  const StructureParts part = parts(structure);
  if (d == 1 || part.shape == Part::identity) return true;
  // Estimates of one covariance for all, or of one for each: eigenvalues are free of each other.
  return structure == Structure::EEI || structure == Structure::EEE ||
         structure == Structure::VVI || structure == Structure::VVV;
}

std::string ratio_structures() {
  std::string names;
  constexpr Index several = 2;
  for (const Structure structure : all_structures()) {
    if (!takes_eigenvalue_ratio(structure, several)) continue;
    names += (names.empty() ? "" : ", ") + to_string(structure);
  }
  return names;
}

bool limit_ratio(MatrixRef values, ConstVectorRef mass, double ratio) {
  std::vector<WeightedEigenvalue> heavy;
  for (Index k = 0; k < values.cols(); ++k) {
    if (!(mass[k] > 0)) continue;
    for (Index j = 0; j < values.rows(); ++j) {
      heavy.push_back({std::max(values(j, k), 0.0), mass[k]});
    }
  }
  const double largest = values.maxCoeff();
  const double most = (1 + ratio_rounding) * ratio * values.minCoeff();
  if (heavy.empty() || !(largest > 0) || largest <= most) return false;
  const double limit = best_limit(heavy, ratio);
  if (!(limit > 0)) return false;
  values = values.cwiseMax(limit).cwiseMin(ratio * limit);
  return true;
}

// What eigenvalues are measured by: the data's covariance, or the variances; spherical covariances
// are no covariances of standardized columns, and have their own ratio.
void Gaussians::update_metric() {
  metric_ = {};
  inverse_metric_ = {};
  const bool spherical = parts(structure()).shape == Part::identity || dimension() == 1;
  if (!limits_ratio() || !(rows_ > 0) || (diagonal() && spherical)) return;
  if (diagonal()) {
    metric_ = scale_;
    return;
  }
  metric_ = rows_ > static_cast<double>(dimension())
                ? metric_of(scale_)
                : Matrix(scale_.diagonal().cwiseSqrt().asDiagonal());
  inverse_metric_.resize(dimension(), dimension());
  invert_lower(metric_, inverse_metric_);
}

// Clips eigenvalues, or holds them where they are to stay at the limit; false where nothing is to
// do.
bool Gaussians::move_within_limit(MatrixRef values, ConstVectorRef mass) const {
  if (held_.size() > 0) hold(values);
  return limit_ratio(values, mass, options_.eigenvalue_ratio) || held_.size() > 0;
}

void Gaussians::limit_variances(MatrixRef variances, ConstVectorRef mass) const {
  if (!limits_ratio()) return;
  if (metric_.size() == 0) {
    move_within_limit(variances, mass);
    return;
  }
  Scratch scratch;
  MatrixMap relative = scratch.matrix(variances.rows(), variances.cols());
  relative = variances.array().colwise() / metric_.col(0).array();
  if (!move_within_limit(relative, mass)) return;
  variances = relative.array().colwise() * metric_.col(0).array();
}

// The eigenvalues of the covariances, or of the common one, in ascending order.
void Gaussians::decompose(const MatrixStack& vectors, MatrixRef values) const {
  const Index d = dimension();
  Scratch scratch;
  const MatrixStack relative(scratch, d, values.cols());
  MatrixMap root = scratch.matrix(d, d);
  for (Index k = 0; k < values.cols(); ++k) {
    root = factor(k);
    if (metric_.size() > 0) multiply_lower(inverse_metric_, factor(k), root);
    MatrixMap own = relative[k];
    own.setZero();
    add_product_with_transpose(root, own);
  }
  decompose_each(relative, values, vectors);
}

// Of the estimates without the limit these are the best within: they have the same eigenvectors.
void Gaussians::limit_covariances(ConstVectorRef mass) {
  if (!limits_ratio()) return;
  const Index d = dimension();
  const Index count = shared() ? 1 : size();
  Scratch scratch;
  const MatrixStack vectors(scratch, d, count);
  const MatrixStack factors(scratch, d, count);
  MatrixMap values = scratch.matrix(d, count);
  MatrixMap root = scratch.matrix(d, d);
  MatrixMap product = scratch.matrix(d, d);
  decompose(vectors, values);
  VectorMap own_mass = scratch.vector(count);
  own_mass = mass.head(count);
  if (shared()) own_mass.setOnes();
  if (!move_within_limit(values, own_mass)) return;
  for (Index k = 0; k < count; ++k) {
    root = vectors[k] * values.col(k).cwiseSqrt().asDiagonal();
    if (metric_.size() > 0) {
      multiply_lower(metric_, root, product);
      root = product;
    }
    factorize_square(root, factors[k]);
  }
  for (Index k = 0; k < size(); ++k) use_factor(k, factors[shared() ? 0 : k]);
}

bool Gaussians::hold_limits() {
  held_ = {};
  if (!limits_ratio()) return false;
  const Index count = shared() ? 1 : size();
  Matrix values(dimension(), count);
  if (diagonal()) {
    values = variances_;
    if (metric_.size() > 0) values.array().colwise() /= metric_.col(0).array();
  } else {
    Scratch scratch;
    decompose(MatrixStack(scratch, dimension(), count), values);
  }
  const double lower = values.minCoeff();
  const double upper = values.maxCoeff();
  const double rounding = at_limit(options_.eigenvalue_ratio);
  if (upper < (1 - rounding) * options_.eigenvalue_ratio * lower) return false;
  held_ = values.unaryExpr([=](double value) {
    if (value < (1 + rounding) * lower) return -1.0;
    return value > (1 - rounding) * upper ? 1.0 : 0.0;
  });
  return true;
}

// All that are held follow the mean of their logarithms.
void Gaussians::hold(MatrixRef values) const {
  const double ratio = options_.eigenvalue_ratio;
  const auto low = held_.array() < 0;
  const auto high = held_.array() > 0;
  const Eigen::ArrayXXd logs = values.array().log();
  const double sum = low.select(logs, 0).sum() + high.select(logs - std::log(ratio), 0).sum();
  const double lower = std::exp(sum / held_.cwiseAbs().sum());
  values = low.select(lower, high.select(ratio * lower, values.array()));
}

// Moves parameters that somebody else made to where the limit allows them, by a similar rule.
void Gaussians::limit_parameters() {
  if (!limits_ratio()) return;
  const Vector even = Vector::Ones(size());
  if (diagonal()) {
    limit_variances(variances_, even);
  } else {
    limit_covariances(even);
  }
}

}  // namespace mix
