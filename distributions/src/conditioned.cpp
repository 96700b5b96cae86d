#include "conditioned.h"

#include <Eigen/Cholesky>
#include <stdexcept>

#include "mix/moments.h"

namespace mix {

Conditioned::Conditioned(const Vector& mean_of_all, const Matrix& scatter_of_all,
                         const std::vector<Index>& columns, ConstVectorRef values) {
  const std::vector<Index> others = other_columns(mean_of_all.size(), columns);
  std::vector<Index> order = columns;
  order.insert(order.end(), others.begin(), others.end());
  const Eigen::LLT<Matrix> factor(Matrix(scatter_of_all(order, order)));
  if (factor.info() != Eigen::Success) {
    throw std::invalid_argument(
        "a covariance is singular to working precision: condition on fewer columns");
  }
  const Matrix l = factor.matrixL();
  const auto given = static_cast<Index>(columns.size());
  const auto rest = static_cast<Index>(others.size());
  const Vector z = l.topLeftCorner(given, given)
                       .triangularView<Eigen::Lower>()
                       .solve(values - mean_of_all(columns));
  distance = z.squaredNorm();
  mean = mean_of_all(others) + l.bottomLeftCorner(rest, given) * z;
  const Matrix corner = l.bottomRightCorner(rest, rest);
  scatter = Matrix::Zero(rest, rest);
  scatter.selfadjointView<Eigen::Lower>().rankUpdate(corner);
  scatter.triangularView<Eigen::StrictlyUpper>() = scatter.transpose();
}

}  // namespace mix
