#include "identified_directions.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <cmath>

namespace mix {
namespace {

// Eigenvalues from the least, and vectors, of the symmetric part of a matrix, which may be empty.
class Spectrum {
 public:
  explicit Spectrum(const Matrix& m) : vectors_(m.rows(), m.rows()) {
    if (m.size() == 0) return;
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(0.5 * (m + m.transpose()));
    values_ = eigen.eigenvalues();
    vectors_ = eigen.eigenvectors();
  }
  [[nodiscard]] const Vector& eigenvalues() const { return values_; }
  [[nodiscard]] const Matrix& eigenvectors() const { return vectors_; }

 private:
  Vector values_;
  Matrix vectors_;
};

// Directions along which the complete data's scores, in units of the diagonal, are smaller than
// this share of the largest move no density, unless the curvature there is more than the second.
constexpr double no_score = 1e-9;
constexpr double no_curvature = 1e-4;
// Relative to the complete data's, information below this is none.
constexpr double no_information = 1e-6;

// Without the directions in which it is negative.
Matrix positive_part(const Matrix& m) {
  const Spectrum eigen(m);
  return eigen.eigenvectors() * eigen.eigenvalues().cwiseMax(0).asDiagonal() *
         eigen.eigenvectors().transpose();
}

// Units of the coordinates: the information by scores, or by curvature where the only row that
// tells anything lies where its score is 0.
Vector units_of(const Matrix& by_scores, const Matrix& by_curvature) {
  Vector information = by_scores.diagonal();
  if (by_curvature.size() > 0) {
    const Vector curved = by_curvature.diagonal();
    for (Index j = 0; j < curved.size(); ++j) {
      const bool no_scores = information[j] <= no_score * curved[j];
      if (no_scores && curved[j] > no_score * curved.maxCoeff()) information[j] = curved[j];
    }
  }
  return information.unaryExpr([](double value) { return value > 0 ? 1 / std::sqrt(value) : 0; });
}

// Those of the space of `directions` along which numbers move that have these derivatives.
Matrix moving_directions(const Matrix& derivatives, const Matrix& directions) {
  Matrix moves = derivatives * directions;
  for (Index i = 0; i < moves.rows(); ++i) {
    const double norm = derivatives.row(i).norm();
    moves.row(i) *= std::isfinite(norm) && norm > 0 ? 1 / norm : 0;
  }
  const Spectrum eigen(moves.transpose() * moves);
  const double least = undetermined_share * undetermined_share;
  const auto still = (eigen.eigenvalues().array() <= least).count();
  return directions * eigen.eigenvectors().rightCols(directions.cols() - still);
}

// The directions at right angles to these, which are orthonormal.
Matrix complement(const Matrix& directions) {
  const Index p = directions.rows();
  const Spectrum eigen(directions * directions.transpose());
  return eigen.eigenvectors().leftCols(p - directions.cols());
}

// The ratio of the largest eigenvalue to the n-th largest.
double condition_of(const Matrix& scaled, Index n) {
  const Vector values = Spectrum(scaled).eigenvalues();
  return values[values.size() - 1] / values[values.size() - n];
}

}  // namespace

IdentifiedDirections::IdentifiedDirections(const Matrix& by_scores, const Matrix& by_curvature,
                                           const Matrix& numbers) {
  const Index p = by_scores.rows();
  scale_ = units_of(by_scores, by_curvature);
  const Matrix scores = scale_.asDiagonal() * by_scores * scale_.asDiagonal();
  const Spectrum eigen(scores);
  const Vector& values = eigen.eigenvalues();
  const double largest = p > 0 ? values[p - 1] : 0;
  const auto open = (values.array() <= no_score * largest).count();
  null_ = eigen.eigenvectors().leftCols(open);
  Matrix known = eigen.eigenvectors().rightCols(p - open);
  Matrix information = scores;
  if (by_curvature.size() > 0) {
    const Matrix curved = positive_part(scale_.asDiagonal() * by_curvature * scale_.asDiagonal());
    information += curved;
    const Matrix moving = numbers.size() == 0
                              ? Matrix(p, 0)
                              : moving_directions(numbers * scale_.asDiagonal(), null_);
    const Spectrum beyond(moving.transpose() * curved * moving);
    const auto flat = (beyond.eigenvalues().array() <= no_curvature * largest).count();
    const Index found = moving.cols() - flat;
    known.conservativeResize(Eigen::NoChange, p - open + found);
    known.rightCols(found) = moving * beyond.eigenvectors().rightCols(found);
    null_ = complement(known);
  }
  const Spectrum inner(known.transpose() * information * known);
  basis_ = scale_.asDiagonal() * known * inner.eigenvectors() *
           inner.eigenvalues().cwiseMax(no_score * largest).cwiseSqrt().cwiseInverse().asDiagonal();
}

bool IdentifiedDirections::is_lost(const Vector& derivative) const {
  for (Index j = 0; j < scale_.size(); ++j) {
    if (scale_[j] == 0 && derivative[j] != 0) return true;
  }
  const Vector scaled = scale_.cwiseProduct(derivative);
  return (null_.transpose() * scaled).norm() > undetermined_share * scaled.norm();
}

Matrix IdentifiedDirections::reduced(const Matrix& full) const {
  const Matrix product = basis_.transpose() * full * basis_;
  return 0.5 * (product + product.transpose());
}

InverseInformation IdentifiedDirections::inverse(const Matrix& information) const {
  const Spectrum eigen(reduced(information));
  InverseInformation found;
  found.covariance = Matrix::Zero(basis_.rows(), basis_.rows());
  found.eigenvalues = eigen.eigenvalues();
  const Index n = count();
  if (n == 0) return found;
  const double largest = found.eigenvalues[n - 1];
  const auto unknown = (found.eigenvalues.array() <= no_information * largest).count();
  const Matrix known = basis_ * eigen.eigenvectors().rightCols(n - unknown);
  found.covariance =
      known * found.eigenvalues.tail(n - unknown).cwiseInverse().asDiagonal() * known.transpose();
  found.unknown = eigen.eigenvectors().leftCols(unknown);
  if (unknown == 0) {
    const Vector unit = information.diagonal().unaryExpr(
        [](double value) { return value > 0 ? 1 / std::sqrt(value) : 0; });
    found.condition = condition_of(unit.asDiagonal() * information * unit.asDiagonal(), n);
  }
  return found;
}

double IdentifiedDirections::least_share(const Matrix& information, const Matrix& complete) const {
  const Matrix whole = reduced(complete);
  if (Eigen::LLT<Matrix>(whole).info() != Eigen::Success) return quiet_nan;
  return Eigen::GeneralizedSelfAdjointEigenSolver<Matrix>(reduced(information), whole,
                                                          Eigen::EigenvaluesOnly)
      .eigenvalues()[0];
}

}  // namespace mix
