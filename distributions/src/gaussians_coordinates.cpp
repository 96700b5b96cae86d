// Gaussians as points of a space without bounds.

#include <Eigen/Core>
#include <cmath>

#include "covariance_problem.h"
#include "factor_coordinates.h"
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

// Logarithms of variances, columns x components. Those of a diagonal structure are a linear space;
// this is its nearest point, which leaves out what the structure does not tell apart.
void take_nearest(const StructureParts& part, Matrix& log_variances) {
  Eigen::RowVectorXd volume = log_variances.colwise().mean();
  log_variances.rowwise() -= volume;
  if (part.volume == Part::equal) volume.setConstant(volume.mean());
  if (part.shape == Part::identity) log_variances.setZero();
  if (part.shape == Part::equal) {
    const Vector shape = log_variances.rowwise().mean();
    log_variances.colwise() = shape;
  }
  log_variances.rowwise() += volume;
}

// The same for coordinates of factors, one column each, in structures closed under their sums.
void take_nearest_factors(Structure structure, Index d, Matrix& all) {
  const StructureParts part = parts(structure);
  if (structure == Structure::VVV) return;
  Matrix log_diagonals = all.topRows(d);
  take_nearest(part, log_diagonals);
  all.topRows(d) = log_diagonals;
  if (part.orientation == Part::variable) return;
  const Vector below = all.bottomRows(all.rows() - d).rowwise().mean();
  all.bottomRows(all.rows() - d).colwise() = below;
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
    const StructureParts part = parts(structure());
    if (part.volume == Part::variable && part.shape == Part::variable) {
      for (Index k = 0; k < size(); ++k) {
        variances_.col(k) = (own(k).array().exp() * deviations.array()).square();
      }
    } else {
      Matrix log_variances(d, size());
      for (Index k = 0; k < size(); ++k) {
        log_variances.col(k) = 2 * (own(k).array() + deviations.array().log());
      }
      take_nearest(part, log_variances);
      variances_ = log_variances.array().exp();
    }
  } else {
    const Index different = shared() ? 1 : size();
    Matrix all = v.tail(different * each).reshaped(each, different);
    if (closed_under_sums(structure()) && different > 1) take_nearest_factors(structure(), d, all);
    Scratch scratch;
    const MatrixStack factors(scratch, d, size());
    for (Index k = 0; k < size(); ++k) {
      read_factor(all.col(shared() ? 0 : k), deviations, factors[k]);
    }
    if (!closed_under_sums(structure())) move_into_structure(factors);
    for (Index k = 0; k < size(); ++k) use_factor(k, factors[k]);
  }
  limit_parameters();
  update();
}

// Replaces factors by those of the maximizer under the structure for rows with these covariances.
void Gaussians::move_into_structure(const MatrixStack& factors) {
  Scratch scratch;
  const MatrixStack scatter(scratch, dimension(), size());
  VectorMap mass = scratch.vector(size());
  mass.setOnes();
  for (Index k = 0; k < size(); ++k) {
    MatrixMap own = scatter[k];
    own.setZero();
    add_product_with_transpose(factors[k], own);
    factors[k] = factor(k);
  }
  CovarianceProblem problem{scatter, mass, factors, true, orientation_};
  estimate_in_place(structure(), problem, Steps::few);
}

}  // namespace mix
