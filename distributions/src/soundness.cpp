#include "soundness.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

namespace mix {
namespace {

// The share of the floor in the variance of a direction above which no rows make that up.
constexpr double most_of_floor = 0.01;
// A component is suspect when its smallest variance is below this, relative to the data's.
constexpr double smallest_sound = 1e-4;
constexpr double smallest_sound_of_few_rows = 1e-3;
// K clusters of equally spread rows have K^(-2/d) of the data's variance. Few rows that have less
// than this share of it are near each other by chance or by rounding.
constexpr double smallest_sound_share = 0.01;
constexpr double few_rows_per_column = 5;

double beyond_means(const Evidence& evidence) {
  return evidence.rows - static_cast<double>(evidence.components);
}

}  // namespace

std::string few_rows_flaw(const Evidence& evidence) {
  const auto d = static_cast<double>(evidence.dimension);
  double enough = std::min(d + 1, 1.5 + 1.5 * evidence.parameters / d);
  // Means that take up more than half of the rows leave too little beside them.
  if (evidence.components > 1) enough = std::max(enough, static_cast<double>(evidence.components));
  if (!(beyond_means(evidence) < enough)) return {};
  if (evidence.components == 1) {
    return fmt::format("it holds {:.1f} rows, fewer than {:.1f}", evidence.rows, enough + 1);
  }
  return fmt::format(
      "the common covariance rests on {:.1f} rows besides one per component, fewer than {:.1f}",
      std::max(beyond_means(evidence), 0.0), enough);
}

std::string floor_flaw(const Evidence& evidence, const Matrix& floor_root) {
  if (!(floor_root.squaredNorm() > most_of_floor)) return {};
  const Vector shares = floor_root.cols() == 1
                            ? Vector(floor_root.cwiseAbs2())
                            : Eigen::SelfAdjointEigenSolver<Matrix>(
                                  floor_root * floor_root.transpose(), Eigen::EigenvaluesOnly)
                                  .eigenvalues();
  const Index directions = (shares.array() <= most_of_floor).count();
  if (directions == evidence.dimension) return {};
  return fmt::format(
      "about {} rows span only {} of {} directions, so the log-likelihood depends on the floor of "
      "the variances",
      evidence.components == 1 ? "its mean its" : "their means the", directions,
      evidence.dimension);
}

std::string flat_flaw(const Evidence& evidence, double flattest) {
  const auto d = static_cast<double>(evidence.dimension);
  double limit = smallest_sound;
  if (evidence.components > 1) {
    const bool few = beyond_means(evidence) < few_rows_per_column * d;
    if (!few && !evidence.heavy_tails) return {};
    limit = smallest_sound_share * std::pow(static_cast<double>(evidence.components), -2 / d);
    if (!few) limit = std::min(limit, smallest_sound);
  } else if (evidence.rows < few_rows_per_column * d) {
    limit = smallest_sound_of_few_rows;
  }
  if (!(flattest < limit)) return {};
  return fmt::format(
      "{} is nearly flat: its smallest variance is {:.1e} of the data's ({:.1f} rows)",
      evidence.components == 1 ? "it" : "the common covariance", std::max(flattest, 0.0),
      evidence.rows);
}

std::string narrow_flaw(double all_rows, double mass, double ratio) {
  // All rows in one component: nothing to be an artifact of.
  if (!(all_rows > 0) || mass > (1 - 1e-9) * all_rows) return {};
  if (mass < 3) return fmt::format("it holds {:.1f} rows, fewer than 3", mass);
  if (ratio < smallest_sound || (ratio < smallest_sound_of_few_rows && mass < 5)) {
    return fmt::format("it has {:.1e} of the data's variance ({:.1f} rows)", ratio, mass);
  }
  return {};
}

double smallest_variance_ratio(const Matrix& covariance, const Matrix& all) {
  Eigen::LLT<Matrix> data(all);
  if (data.info() != Eigen::Success || !(data.matrixLLT().diagonal().minCoeff() > 0)) {
    data.compute(Matrix(all.diagonal().asDiagonal()));
  }
  const Matrix half = data.matrixL().solve(covariance);
  const Matrix whitened = data.matrixL().solve(half.transpose());
  return Eigen::SelfAdjointEigenSolver<Matrix>(whitened, Eigen::EigenvaluesOnly).eigenvalues()[0];
}

}  // namespace mix
