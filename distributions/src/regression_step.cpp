#include "regression_step.h"

#include <Eigen/Eigenvalues>
#include <cmath>

namespace mix {
namespace {

// Directions with a smaller share of the information are those that the rows say nothing about.
constexpr double no_information = 1e-13;

}  // namespace

void NormalEquations::add(const Matrix& basis, Weights w, ConstVectorRef slope,
                          ConstVectorRef curvature, VectorRef statistics) {
  const Index m = basis.cols();
  const Vector weighted_slope = (w.array() > 0).select(w.cwiseProduct(slope), 0);
  const Vector weighted_curvature = (w.array() > 0).select(w.cwiseProduct(curvature), 0);
  statistics.head(m).noalias() += basis.transpose() * weighted_slope;
  Eigen::Map<Matrix>(statistics.data() + m, m, m).noalias() +=
      basis.transpose() * (weighted_curvature.asDiagonal() * basis);
  statistics[m * (m + 1)] += w.sum();
}

NormalEquations::NormalEquations(ConstVectorRef statistics, Index coefficients)
    : mass_(statistics[coefficients * (coefficients + 1)]), step_(Vector::Zero(coefficients)) {
  if (!(mass_ > 0)) return;
  const Index m = coefficients;
  // Weights may be so small that products of them vanish.
  const Vector gradient = statistics.head(m) / mass_;
  const Matrix information = Eigen::Map<const Matrix>(statistics.data() + m, m, m) / mass_;
  if (!gradient.allFinite() || !information.allFinite()) return;
  const Vector scale = information.diagonal().unaryExpr(
      [](double value) { return value > 0 ? 1 / std::sqrt(value) : 0; });
  if (!scale.allFinite()) return;
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(scale.asDiagonal() * information *
                                                    scale.asDiagonal());
  Vector along = eigen.eigenvectors().transpose() * scale.cwiseProduct(gradient);
  const double least = no_information * eigen.eigenvalues()[m - 1];
  for (Index i = 0; i < m; ++i) {
    const double value = eigen.eigenvalues()[i];
    along[i] = value > least ? along[i] / value : 0;
  }
  step_ = scale.cwiseProduct(eigen.eigenvectors() * along);
  gain_ = gradient.dot(step_);
}

double NormalEquations::safe_share(double change) {
  return change > 0 ? std::log1p(change) / change : 1;
}

}  // namespace mix
