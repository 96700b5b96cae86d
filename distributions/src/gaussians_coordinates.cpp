// Gaussians as points of a space without bounds.

#include <Eigen/Core>
#include <cmath>

#include "factor_coordinates.h"
#include "mix/distributions/covariance_structure.h"
#include "mix/distributions/gaussians.h"
#include "small_matrix.h"

namespace mix {
namespace {

// Whether sums of the coordinates of factors stay within the structure. Not where orientations or
// shapes must agree while something else of the same covariance differs.
bool closed_under_sums(Structure structure) {
  const StructureParts part = parts(structure);
  if (part.orientation == Part::variable) return part.shape == Part::variable;
  return part.shape == Part::equal;
}

}  // namespace

// Standard deviations of the data: the units in which coordinates are measured.
Vector Gaussians::unit() const {
  if (!(rows_ > 0)) return Vector::Ones(dimension());
  return scale_.cols() == dimension() ? Vector(scale_.diagonal().cwiseSqrt())
                                      : Vector(scale_.col(0).cwiseSqrt());
}

Vector Gaussians::coordinates() const {
  const Index d = dimension();
  const Vector deviations = unit();
  const Vector origin = rows_ > 0 ? location_ : Vector::Zero(d);
  const Index each = diagonal() ? d : factor_coordinates(d);
  const Index different = shared() ? 1 : size();
  Vector v(size() * d + different * each);
  for (Index k = 0; k < size(); ++k) {
    v.segment(k * d, d) = (means_.row(k).transpose() - origin).cwiseQuotient(deviations);
  }
  for (Index k = 0; k < different; ++k) {
    auto own = v.segment(size() * d + k * each, each);
    if (diagonal()) {
      own = 0.5 * variances_.col(k).array().log() - deviations.array().log();
    } else {
      write_factor(factor(k), deviations, own);
    }
  }
  return v;
}

void Gaussians::set_coordinates(ConstVectorRef v) {
  const Index d = dimension();
  const Vector deviations = unit();
  const Vector origin = rows_ > 0 ? location_ : Vector::Zero(d);
  const Index each = diagonal() ? d : factor_coordinates(d);
  for (Index k = 0; k < size(); ++k) {
    means_.row(k) = (origin + v.segment(k * d, d).cwiseProduct(deviations)).transpose();
  }
  const auto own = [&](Index k) { return v.segment(size() * d + k * each, each); };
  if (diagonal()) {
    for (Index k = 0; k < size(); ++k) {
      variances_.col(k) = (own(k).array().exp() * deviations.array()).square();
    }
  } else {
    std::vector<Matrix> factors;
    for (Index k = 0; k < size(); ++k) {
      factors.push_back(read_factor(own(shared() ? 0 : k), deviations));
    }
    use_factors(closed_under_sums(structure()) ? factors : nearest_in_structure(factors));
  }
  update();
}

// The maximizer under the structure for rows that have these covariances.
std::vector<Matrix> Gaussians::nearest_in_structure(const std::vector<Matrix>& factors) {
  std::vector<Matrix> scatter;
  for (const Matrix& factor : factors) scatter.push_back(product_with_transpose(factor));
  Covariances nearest = estimate(structure(), scatter, Vector::Ones(size()),
                                 {factors_, std::move(orientation_)}, Steps::few);
  orientation_ = std::move(nearest.orientation);
  return std::move(nearest.factors);
}

}  // namespace mix
