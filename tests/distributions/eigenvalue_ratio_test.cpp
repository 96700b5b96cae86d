#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "mix/distributions/gaussians.h"
#include "mix/parallel.h"
#include "support/gaussian_data.h"
#include "support/numerical_maximum.h"

namespace mix {
namespace {

using testing_support::Data;
using testing_support::fitted;
using testing_support::numerical_maximum;
using testing_support::perturbed_labels;
using testing_support::random_vector;
using testing_support::three_groups;

constexpr Index ratio_columns = 2;
constexpr Index ratio_components = 3;
constexpr double eigenvalue_limit = 4;

// What eigenvalues are measured by: a lower factor.
Matrix data_metric(const Matrix& x, Structure structure) {
  const Matrix off = x.rowwise() - x.colwise().mean();
  const Matrix covariance = off.transpose() * off / static_cast<double>(x.rows());
  const StructureParts part = parts(structure);
  if (part.shape == Part::identity) return Matrix::Identity(x.cols(), x.cols());
  if (part.orientation == Part::identity) {
    return covariance.diagonal().cwiseSqrt().asDiagonal();
  }
  return Eigen::LLT<Matrix>(covariance).matrixL();
}

double ratio_of(const Gaussians& family, const Matrix& unit) {
  double least = infinity;
  double largest = 0;
  const Matrix inverse = unit.inverse();
  for (Index k = 0; k < family.size(); ++k) {
    const Matrix relative = inverse * family.covariance(k) * inverse.transpose();
    const Vector values =
        Eigen::SelfAdjointEigenSolver<Matrix>(relative, Eigen::EigenvaluesOnly).eigenvalues();
    least = std::min(least, values.minCoeff());
    largest = std::max(largest, values.maxCoeff());
  }
  return largest / least;
}

std::vector<Matrix> covariances_of(const Gaussians& family) {
  std::vector<Matrix> all;
  for (Index k = 0; k < family.size(); ++k) all.push_back(family.covariance(k));
  return all;
}

// Covariances within the limit as a smooth function of free numbers: the least
// eigenvalue, waves between the limits for the others, and angles.
std::vector<Matrix> covariances_within(const Vector& theta, Structure structure,
                                       const Matrix& unit) {
  const StructureParts part = parts(structure);
  std::vector<Matrix> all;
  for (Index k = 0; k < ratio_components; ++k) {
    const Index own = part.volume == Part::equal ? 0 : k;
    Vector e(ratio_columns);
    for (Index j = 0; j < ratio_columns; ++j) {
      const Index axis = part.shape == Part::identity ? 0 : j;
      const double wave = (1 + std::sin(theta[1 + own * ratio_columns + axis])) / 2;
      e[j] = std::exp(theta[0] + std::log(eigenvalue_limit) * wave);
    }
    Matrix turn = Matrix::Identity(ratio_columns, ratio_columns);
    if (part.orientation != Part::identity) {
      const double angle = theta[1 + ratio_components * ratio_columns + own];
      turn << std::cos(angle), -std::sin(angle), std::sin(angle), std::cos(angle);
    }
    all.emplace_back(unit * turn * e.asDiagonal() * turn.transpose() * unit.transpose());
  }
  return all;
}

class EigenvalueRatio : public testing::TestWithParam<Structure> {};
INSTANTIATE_TEST_SUITE_P(All, EigenvalueRatio,
                         testing::Values(Structure::EII, Structure::VII, Structure::EEI,
                                         Structure::VVI, Structure::EEE, Structure::VVV),
                         [](const auto& each) { return to_string(each.param); });

TEST_P(EigenvalueRatio, IsObeyedByTheBestCovariancesWithinIt) {
  const Structure structure = GetParam();
  const Data data = three_groups(60, ratio_columns);
  const Matrix shares = perturbed_labels(data);
  Gaussians family(ratio_components, ratio_columns,
                   {.structure = structure, .floor = 0, .eigenvalue_ratio = eigenvalue_limit});
  family.prepare(data.x, data.w);
  family.start(data.x, shares);
  const Matrix unit = data_metric(data.x, structure);
  EXPECT_LE(ratio_of(family, unit), eigenvalue_limit * (1 + 1e-9));

  std::vector<Matrix> scatter;
  const Vector mass = shares.colwise().sum();
  for (Index k = 0; k < ratio_components; ++k) {
    const Matrix off = data.x.rowwise() - family.mean(k).transpose();
    scatter.emplace_back(off.transpose() * shares.col(k).asDiagonal() * off);
  }
  const double ours = covariance_objective(covariances_of(family), scatter, mass);
  const auto f = [&](const Vector& theta) {
    return covariance_objective(covariances_within(theta, structure, unit), scatter, mass);
  };
  Rng rng(5);
  double best = -infinity;
  for (int start = 0; start < 12; ++start) {
    best = std::max(best, f(numerical_maximum(f, random_vector(rng, 1 + 3 * ratio_components))));
  }
  EXPECT_NEAR(best, ours, 1e-8 * std::abs(ours));
}

TEST_P(EigenvalueRatio, HoldsAllAlongWithoutAFallAndWithTheSameBitsOnThreads) {
  const Structure structure = GetParam();
  const Data data = three_groups(600, 3);
  const Matrix unit = data_metric(data.x, structure);
  const auto run = [&](Index threads, Acceleration acceleration) {
    MixtureState state = fitted(data, {.structure = structure, .eigenvalue_ratio = 1.5}, 1);
    EmReport report;
    with_threads(threads, [&] {
      report = run_em(state, data.x, data.w,
                      {.tol = 1e-8, .max_iter = 400, .acceleration = acceleration});
    });
    EXPECT_EQ(report.falls, 0);
    EXPECT_LE(ratio_of(*state.family.as<Gaussians>(), unit), 1.5 * (1 + 1e-9));
    return report;
  };
  const EmReport plain = run(1, Acceleration::none);
  EXPECT_EQ(plain.objective_history, run(2, Acceleration::none).objective_history);
  for (const auto acceleration : {Acceleration::squarem, Acceleration::anderson}) {
    EXPECT_GT(run(2, acceleration).objective, plain.objective - 1e-4);
  }
}

TEST_P(EigenvalueRatio, OfAnyHeightIsTheFreeFitToTheLastBit) {
  const Data data = three_groups(300, 3);
  const MixtureState free = fitted(data, {.structure = GetParam()}, 30);
  const MixtureState held = fitted(data, {.structure = GetParam(), .eigenvalue_ratio = 1e6}, 30);
  EXPECT_EQ(free.family.as<Gaussians>()->means(), held.family.as<Gaussians>()->means());
  EXPECT_EQ(covariances_of(*free.family.as<Gaussians>()),
            covariances_of(*held.family.as<Gaussians>()));
  EXPECT_EQ(free.family.parameter_count(), held.family.parameter_count());
}

// Of rows whose covariance is the unit matrix.
TEST_P(EigenvalueRatio, OfOneIsTheSphericalFit) {
  Data data = three_groups(300, 3);
  const Matrix off = data.x.rowwise() - data.x.colwise().mean();
  data.x = (data_metric(data.x, Structure::VVV).inverse() * off.transpose()).transpose();
  const MixtureState held = fitted(data, {.structure = GetParam(), .eigenvalue_ratio = 1}, 30);
  const MixtureState spherical = fitted(data, {.structure = Structure::EII}, 30);
  const auto& a = *held.family.as<Gaussians>();
  const auto& b = *spherical.family.as<Gaussians>();
  EXPECT_LT((a.means() - b.means()).norm(), 1e-9);
  for (Index k = 0; k < ratio_components; ++k) {
    EXPECT_LT((a.covariance(k) - b.covariance(k)).norm(), 1e-9);
  }
}

// Full covariances: any affine map. Diagonal ones: other units.
TEST_P(EigenvalueRatio, IsMeasuredInUnitsOfTheData) {
  const Structure structure = GetParam();
  const Data data = three_groups(300, ratio_columns);
  Matrix map(ratio_columns, ratio_columns);
  map << 3e3, 40, -2e3, 1e-1;
  if (is_diagonal(structure, ratio_columns)) map = Vector{{3e3, 1e-1}}.asDiagonal();
  if (parts(structure).shape == Part::identity)
    map = 70 * Matrix::Identity(ratio_columns, ratio_columns);
  Data mapped = data;
  mapped.x = (data.x * map.transpose()).rowwise() + Eigen::RowVector2d(5, -7);
  // The floor follows the units of the columns alone.
  const GaussianOptions options{.structure = structure, .floor = 0, .eigenvalue_ratio = 2};
  const MixtureState a = fitted(data, options, 30);
  const MixtureState b = fitted(mapped, options, 30);
  EXPECT_LT((responsibilities(a, data.x) - responsibilities(b, mapped.x)).norm(), 1e-6);
  EXPECT_NEAR(log_likelihood(a, data.x, data.w) - log_likelihood(b, mapped.x, data.w),
              300 * std::log(std::abs(map.determinant())), 1e-5);
}

TEST(EigenvalueRatioLimit, KeepsAComponentFromShrinkingOntoOneRow) {
  const Data data = three_groups(60, 2);
  Matrix shares = Matrix::Ones(60, 2);
  shares.col(0).setConstant(1e-9);
  shares(7, 0) = 1;
  shares(7, 1) = 0;
  const auto climb = [&](double ratio) {
    Gaussians family(2, 2, {.eigenvalue_ratio = ratio});
    family.prepare(data.x, data.w);
    family.start(data.x, shares);
    MixtureState state{Vector{{1.0 / 60, 59.0 / 60}}, family};
    const EmReport report = run_em(state, data.x, data.w, {.tol = 1e-6});
    return std::pair(report.objective, state.family.flaw(0, report.mass[0]));
  };
  const auto free = climb(0);
  const auto held = climb(50);
  const auto barely = climb(1e8);
  EXPECT_FALSE(free.second.empty());
  EXPECT_FALSE(barely.second.empty());  // no such limit keeps components from being artifacts
  EXPECT_TRUE(held.second.empty()) << held.second;
  EXPECT_LT(held.first, free.first - 1);
}

TEST(EigenvalueRatioLimit, RefusesWhatItCannotBe) {
  const auto message = [](const GaussianOptions& options) -> std::string {
    try {
      (void)Gaussians(2, 2, options);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return {};
  };
  for (const double ratio : {0.5, -1.0, infinity, quiet_nan}) {
    EXPECT_NE(message({.eigenvalue_ratio = ratio}).find("must be at least 1"), std::string::npos)
        << ratio;
  }
  const std::string vev = message({.structure = Structure::VEV, .eigenvalue_ratio = 10});
  EXPECT_NE(vev.find("VEV"), std::string::npos);
  EXPECT_NE(vev.find("EII, VII, EEI, VVI, EEE, VVV"), std::string::npos) << vev;
  // One column has all structures.
  EXPECT_NO_THROW((void)Gaussians(2, 1, {.structure = Structure::VEV, .eigenvalue_ratio = 10}));
}

}  // namespace
}  // namespace mix
