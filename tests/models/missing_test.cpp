#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "mix/distributions/bernoulli.h"
#include "mix/distributions/categorical.h"
#include "mix/distributions/covariance_structure.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/inverse_gamma.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/pareto.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/product.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/uniform_box.h"
#include "mix/em.h"
#include "mix/models/fit.h"
#include "mix/models/impute.h"
#include "mix/models/mixture_model.h"
#include "support/gaussian_data.h"

namespace mix {
namespace {

using testing_support::Data;
using testing_support::perturbed_labels;
using testing_support::three_groups;

// Cells that are missing completely at random; no row loses all.
Matrix with_holes(Matrix x, double share, std::uint64_t seed = 5) {
  Rng rng(seed);
  for (Index i = 0; i < x.rows(); ++i) {
    const Index kept = i % x.cols();
    for (Index j = 0; j < x.cols(); ++j) {
      if (j != kept && uniform(rng) < share) x(i, j) = quiet_nan;
    }
  }
  return x;
}

double log_normal(const Vector& x, const Vector& mean, const Matrix& covariance) {
  const Eigen::LLT<Matrix> factor(covariance);
  const Matrix lower = factor.matrixL();
  const Vector z = factor.matrixL().solve(x - mean);
  return -0.5 * (z.squaredNorm() + static_cast<double>(x.size()) * std::log(2 * std::numbers::pi)) -
         lower.diagonal().array().log().sum();
}

std::vector<Index> observed_of(const Matrix& x, Index i) {
  std::vector<Index> observed;
  for (Index j = 0; j < x.cols(); ++j) {
    if (!std::isnan(x(i, j))) observed.push_back(j);
  }
  return observed;
}

std::vector<Index> missing_of(const Matrix& x, Index i) {
  std::vector<Index> missing;
  for (Index j = 0; j < x.cols(); ++j) {
    if (std::isnan(x(i, j))) missing.push_back(j);
  }
  return missing;
}

// The largest derivative of log-likelihood plus log prior along a coordinate, or one of the first
// few, per row.
double slope_of(MixtureState state, const Matrix& x,
                Index coordinates = std::numeric_limits<Index>::max()) {
  const Vector w = Vector::Ones(x.rows());
  const Vector at = state.family.coordinates();
  double largest = 0;
  for (Index i = 0; i < std::min(coordinates, at.size()); ++i) {
    const auto value = [&](double step) {
      Vector v = at;
      v[i] += step;
      state.family.set_coordinates(v);
      return log_likelihood(state, x, w) + state.family.log_prior();
    };
    constexpr double h = 1e-3;
    const double slope = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h);
    largest = std::max(largest, std::abs(slope) / static_cast<double>(x.rows()));
  }
  return largest;
}

// The same along changes of covariances that keep their structure, where coordinates leave it: B S
// B' for all S, and for single ones what changes the part of them that is free.
double slope_of_covariances(const MixtureState& state, const std::string& structure,
                            const Matrix& x) {
  const auto& gaussians = *state.family.as<Gaussians>();
  const Index size = x.cols();
  double largest = 0;
  const auto try_change = [&](Index component, const Matrix& generator) {
    const auto value = [&](double step) {
      const Matrix b = Matrix::Identity(size, size) + step * generator;
      std::vector<Matrix> covariances;
      for (Index i = 0; i < gaussians.size(); ++i) {
        const Matrix s = gaussians.covariance(i);
        covariances.emplace_back(component < 0 || component == i ? Matrix(b * s * b.transpose())
                                                                 : s);
      }
      return log_likelihood({state.weights, Gaussians(gaussians.means(), covariances)}, x,
                            Vector::Ones(x.rows()));
    };
    constexpr double h = 1e-4;
    largest =
        std::max(largest, std::abs(value(h) - value(-h)) / (2 * h * static_cast<double>(x.rows())));
  };
  const auto entry = [&](Index i, Index j) {
    Matrix m = Matrix::Zero(size, size);
    m(i, j) = 1;
    return m;
  };
  const bool axes = structure[2] == 'I';
  try_change(-1, Matrix::Identity(size, size));
  for (Index i = 0; i < size && structure[1] != 'I'; ++i) {
    for (Index j = 0; j < size; ++j) {
      if (i == j || !axes) try_change(-1, entry(i, j));
    }
  }
  for (Index component = 0; component < gaussians.size(); ++component) {
    if (structure[0] == 'V') try_change(component, Matrix::Identity(size, size));
    for (Index j = 1; j < size && structure[1] == 'V'; ++j) {
      try_change(component, entry(0, 0) - entry(j, j));
      if (structure[2] == 'V') try_change(component, entry(0, j));
    }
  }
  return largest;
}

void expect_monotone(const EmReport& report) {
  EXPECT_EQ(report.falls, 0);
  for (std::size_t i = 1; i < report.objective_history.size(); ++i) {
    EXPECT_GE(report.objective_history[i], report.objective_history[i - 1] - 1e-8) << i;
  }
}

MixtureState started(AnyFamily family, const Data& data, const Matrix& x) {
  family.prepare(x, data.w);
  family.start(x, perturbed_labels(data));
  return {Vector::Constant(3, 1.0 / 3), std::move(family)};
}

class MissingCellsOfStructures : public testing::TestWithParam<std::tuple<std::string, Index>> {};

std::string name_of(const testing::TestParamInfo<std::tuple<std::string, Index>>& info) {
  return std::get<0>(info.param) + "_in_" + std::to_string(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Structures, MissingCellsOfStructures,
                         testing::Combine(testing::Values("EII", "VII", "EEI", "VEI", "EVI", "VVI",
                                                          "EEE", "VEE", "EVE", "VVE", "EEV", "VEV",
                                                          "EVV", "VVV"),
                                          testing::Values(Index{3}, Index{7})),
                         name_of);

TEST_P(MissingCellsOfStructures, GaussianDensityIsThatOfTheObservedCells) {
  const auto [structure, columns] = GetParam();
  const Data data = three_groups(90, columns);
  const MixtureState state =
      testing_support::fitted(data, {.structure = parse_structure(structure)}, 3);
  const auto& gaussians = *state.family.as<Gaussians>();
  const Matrix x = with_holes(data.x, 0.4);
  Matrix l(x.rows(), 3);
  state.family.log_densities(x, l);
  for (Index i = 0; i < x.rows(); ++i) {
    const std::vector<Index> observed = observed_of(x, i);
    for (Index component = 0; component < 3; ++component) {
      const Vector mean = gaussians.mean(component)(observed);
      const Matrix covariance = gaussians.covariance(component)(observed, observed);
      const Vector cells = x.row(i).transpose()(observed);
      EXPECT_NEAR(l(i, component), log_normal(cells, mean, covariance), 1e-9)
          << i << ' ' << component;
    }
  }
}

TEST_P(MissingCellsOfStructures, GaussianEmRisesToAStationaryPoint) {
  const auto [structure, columns] = GetParam();
  const Data data = three_groups(columns == 3 ? 150 : 300, columns);
  const Matrix x = with_holes(data.x, 0.2);
  MixtureState state =
      started(Gaussians(3, columns, {.structure = parse_structure(structure)}), data, x);
  const EmReport plain = run_em(state, x, data.w, {.tol = -1, .max_iter = 20});
  expect_monotone(plain);
  const EmReport report = run_em(
      state, x, data.w, {.tol = 1e-10, .max_iter = 5000, .acceleration = Acceleration::automatic});
  EXPECT_EQ(report.falls, 0);
  const std::vector<std::string> leaving{"EII", "VII", "EEI", "VEI", "EVI", "VEE", "EVV"};
  if (std::find(leaving.begin(), leaving.end(), structure) == leaving.end()) {
    EXPECT_LT(slope_of(state, x), 1e-5);
  } else {
    EXPECT_LT(slope_of(state, x, 3 * columns), 1e-5);
    EXPECT_LT(slope_of_covariances(state, structure, x), 1e-5);
  }
}

TEST(MissingCellsOfGaussians, ImputeByConditionalMeans) {
  const Data data = three_groups(120, 4);
  const MixtureState state = testing_support::fitted(data, {}, 5);
  const auto& gaussians = *state.family.as<Gaussians>();
  const Matrix x = with_holes(data.x, 0.5);
  for (Index component = 0; component < 3; ++component) {
    Matrix filled = x;
    state.family.impute(component, filled);
    for (Index i = 0; i < x.rows(); ++i) {
      const std::vector<Index> o = observed_of(x, i);
      const std::vector<Index> m = missing_of(x, i);
      const Matrix s = gaussians.covariance(component);
      const Vector mean = gaussians.mean(component);
      const Vector off = Vector(x.row(i).transpose()(o)) - Vector(mean(o));
      const Vector expected = Vector(mean(m)) + Matrix(s(m, o)) * Matrix(s(o, o)).ldlt().solve(off);
      EXPECT_LT((Vector(filled.row(i).transpose()(m)) - expected).cwiseAbs().sum(), 1e-9);
      EXPECT_EQ(Vector(filled.row(i).transpose()(o)), Vector(x.row(i).transpose()(o)));
    }
  }
}

TEST(MissingCellsOfGaussians, DrawsHaveConditionalMomentsInEachCell) {
  const Data data = three_groups(120, 3);
  const MixtureState state = testing_support::fitted(data, {}, 5);
  const auto& gaussians = *state.family.as<Gaussians>();
  Matrix x(20000, 3);
  x.rowwise() = Eigen::RowVector3d(1, quiet_nan, quiet_nan);
  Matrix mean = x.topRows(1);
  state.family.impute(0, mean);
  Rng rng(3);
  state.family.impute(0, x, &rng);
  const Matrix s = gaussians.covariance(0);
  const Matrix expected =
      s.bottomRightCorner(2, 2) - s.bottomLeftCorner(2, 1) * s.topRightCorner(1, 2) / s(0, 0);
  const Matrix off = x.rightCols(2).rowwise() - mean.rightCols(2).row(0);
  const Matrix found = off.transpose() * off / 20000.0;
  EXPECT_LT((found - expected).cwiseAbs().maxCoeff(), 0.06 * expected.diagonal().maxCoeff());
}

// With one component and cells that are missing in the last columns only, the maximum is closed:
// regressions of each column on those before it (Anderson 1957).
TEST(MissingCellsOfGaussians, MonotonePatternEqualsAnderson) {
  const Data data = three_groups(200, 2);
  Matrix x = data.x;
  for (Index i = 0; i < 80; ++i) x(i, 1) = quiet_nan;
  const Fit fitted = fit(MixtureModel(AnyFamily(Gaussians(1, 2, {.floor = 0}))), x,
                         {.tol = 1e-13, .max_iter = 5000});
  const Vector first = x.col(0);
  const double mean = first.mean();
  const double variance = (first.array() - mean).square().mean();
  const Matrix pairs = x.bottomRows(120);
  const Eigen::RowVector2d middle = pairs.colwise().mean();
  const Matrix off = pairs.rowwise() - middle;
  const Matrix s = off.transpose() * off / 120.0;
  const double slope = s(0, 1) / s(0, 0);
  const auto& gaussians = *fitted.model.family().as<Gaussians>();
  EXPECT_NEAR(gaussians.mean(0)[0], mean, 1e-6);
  EXPECT_NEAR(gaussians.mean(0)[1], middle[1] + slope * (mean - middle[0]), 1e-6);
  EXPECT_NEAR(gaussians.covariance(0)(0, 0), variance, 1e-5);
  EXPECT_NEAR(gaussians.covariance(0)(0, 1), slope * variance, 1e-5);
  EXPECT_NEAR(gaussians.covariance(0)(1, 1), s(1, 1) - slope * s(0, 1) + slope * slope * variance,
              1e-5);
}

TEST(MissingCellsOfGaussians, ParametersAreRecoveredWhereCellsAreMissingAtRandom) {
  const MixtureModel truth = mixture(
      {0.4, 0.6}, Gaussians(Matrix{{0, 0, 0}}, {Matrix{{{1, .5, 0}, {.5, 1, 0}, {0, 0, 1}}}}),
      Gaussians(Matrix{{4, 3, -3}}, {Matrix{{{2, 0, .7}, {0, 1, 0}, {.7, 0, 1}}}}));
  const Matrix x = with_holes(truth.sample(4000, 3).x, 0.3);
  const Fit fitted = fit(MixtureModel(AnyFamily(Gaussians(2, 3))), x);
  const auto& gaussians = *fitted.model.family().as<Gaussians>();
  EXPECT_NEAR(fitted.model.weights()[0], 0.4, 0.04);
  EXPECT_LT((gaussians.mean(0) - Vector::Zero(3)).cwiseAbs().maxCoeff(), 0.12);
  EXPECT_LT((gaussians.mean(1) - Vector{{4, 3, -3}}).cwiseAbs().maxCoeff(), 0.15);
  EXPECT_NEAR(gaussians.covariance(0)(0, 1), 0.5, 0.12);
  EXPECT_NEAR(gaussians.covariance(1)(0, 2), 0.7, 0.15);
}

TEST(MissingCellsOfGaussians, RowsWithoutAnyCellHaveTheWeightsAsResponsibilities) {
  const Data data = three_groups(150, 3);
  Matrix x(153, 3);
  x << data.x, Matrix::Constant(3, 3, quiet_nan);
  const MixtureState state = testing_support::fitted(data, {}, 5);
  const Matrix r = responsibilities(state, x);
  EXPECT_LT((r.bottomRows(3).rowwise() - state.weights.transpose()).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_EQ(log_density(state, x).tail(3).cwiseAbs().maxCoeff() < 1e-12, true);
  EXPECT_EQ(responsibilities(state, data.x), r.topRows(150));
}

// Rows without missing cells keep their bits beside rows with some.
TEST(MissingCellsOfGaussians, CompleteRowsKeepTheirBits) {
  for (const Index columns : {2, 3, 7}) {
    for (const char* structure : {"VVV", "EEE", "VII", "EEI", "VVI"}) {
      const Data data = three_groups(1500, columns);
      Matrix x = data.x;
      x(700, 1) = quiet_nan;
      const MixtureState state =
          testing_support::fitted(data, {.structure = parse_structure(structure)}, 5);
      Matrix whole = log_density(state, data.x);
      Matrix some = log_density(state, x);
      whole(700, 0) = some(700, 0) = 0;
      EXPECT_EQ(whole, some) << structure << columns;
    }
  }
}

TEST(MissingCellsOfGaussians, TheBitsAreTheSameForAnyNumberOfThreads) {
  const Matrix x = with_holes(three_groups(3000, 4).x, 0.2);
  const MixtureModel model(AnyFamily(Gaussians(3, 4)));
  const Fit one = fit(model, x, {.threads = 1});
  const Fit three = fit(model, x, {.threads = 3});
  EXPECT_EQ(one.report.log_likelihood, three.report.log_likelihood);
  EXPECT_EQ(one.model.family().as<Gaussians>()->means(),
            three.model.family().as<Gaussians>()->means());
}

TEST(MissingCellsOfGaussians, FloatsEqualTheirDoubles) {
  const Matrix x = with_holes(three_groups(1200, 3).x, 0.2).cast<float>().cast<double>();
  const Eigen::MatrixXf floats = x.cast<float>();
  const MixtureModel model(AnyFamily(Gaussians(3, 3)));
  EXPECT_EQ(fit(model, x).report.log_likelihood, fit(model, floats).report.log_likelihood);
}

TEST(MissingCellsOfGaussians, AColumnWithoutCellsIsNamed) {
  Matrix x = three_groups(60, 3).x;
  x.col(1).setConstant(quiet_nan);
  try {
    fit(MixtureModel(AnyFamily(Gaussians(2, 3))), x);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("column 2 has no observed cell"), std::string::npos)
        << error.what();
  }
}

TEST(MissingCellsOfStudentT, DensityIntegratesOverTheMissingCell) {
  const StudentT t(Matrix{{1, 2}}, {Matrix{{2, 0.8}, {0.8, 1}}}, Vector::Constant(1, 4.0));
  const AnyFamily family(t);
  Matrix line(40001, 2);
  line.col(0).setConstant(2.5);
  line.col(1) = Vector::LinSpaced(40001, -400, 400);
  Matrix joint(line.rows(), 1);
  family.log_densities(line, joint);
  const double integral = joint.array().exp().sum() * 0.02;
  Matrix marginal(1, 1);
  family.log_densities(Matrix{{2.5, quiet_nan}}, marginal);
  EXPECT_NEAR(std::exp(marginal(0, 0)), integral, 1e-8);
}

TEST(MissingCellsOfStudentT, EmRisesToAStationaryPoint) {
  const Data data = three_groups(300, 3);
  const Matrix x = with_holes(data.x, 0.2);
  for (const auto dof : {DegreesOfFreedom::fixed, DegreesOfFreedom::shared}) {
    MixtureState state = started(StudentT(3, 3, {.degrees_of_freedom = dof, .dof = 5}), data, x);
    const EmReport plain = run_em(state, x, data.w, {.tol = -1, .max_iter = 30});
    expect_monotone(plain);
    run_em(state, x, data.w,
           {.tol = 1e-10, .max_iter = 5000, .acceleration = Acceleration::automatic});
    if (dof == DegreesOfFreedom::shared && state.family.as<StudentT>()->dof(0) > 5000) continue;
    EXPECT_LT(slope_of(state, x), 1e-5);
  }
}

AnyFamily mixed_blocks() {
  std::vector<Product::Block> blocks;
  blocks.push_back({{0, 1}, AnyFamily(Gaussians(2, 2))});
  blocks.push_back({{2}, AnyFamily(Untied(Poisson(Vector{{3.0}}), 2))});
  blocks.push_back({{3}, AnyFamily(Untied(Categorical(1), 2))});
  blocks.push_back({{4, 5}, AnyFamily(Untied(Bernoulli(2), 2))});
  return AnyFamily(Product(std::move(blocks)));
}

Matrix mixed_rows(Index rows) {
  Matrix x(rows, 6);
  Rng rng(4);
  for (Index i = 0; i < rows; ++i) {
    const bool second = i % 2 == 1;
    x(i, 0) = standard_normal(rng) + (second ? 4 : 0);
    x(i, 1) = 0.5 * x(i, 0) + standard_normal(rng);
    x(i, 2) = poisson(rng, second ? 9 : 3);
    x(i, 3) = static_cast<double>(
        categorical(rng, second ? Vector{{0.1, 0.2, 0.7}} : Vector{{0.6, 0.3, 0.1}}));
    x(i, 4) = uniform(rng) < (second ? 0.8 : 0.3) ? 1 : 0;
    x(i, 5) = uniform(rng) < (second ? 0.2 : 0.6) ? 1 : 0;
  }
  return x;
}

TEST(MissingCellsOfProducts, EmRisesToAStationaryPoint) {
  const Matrix x = with_holes(mixed_rows(800), 0.3);
  const Fit fitted = fit(MixtureModel(mixed_blocks()), x, {.tol = 1e-10, .max_iter = 10000});
  EXPECT_EQ(fitted.report.falls, 0);
  EXPECT_LT(slope_of(fitted.model.state(), x), 1e-5);
}

TEST(MissingCellsOfProducts, AMissingBlockDropsOut) {
  const Matrix x = mixed_rows(300);
  const Fit fitted = fit(MixtureModel(mixed_blocks()), x);
  Matrix holes = x;
  holes.col(2).setConstant(quiet_nan);
  const auto& blocks = fitted.model.family().as<Product>()->blocks();
  Matrix expected = Matrix::Zero(300, 2);
  for (const Product::Block& block : blocks) {
    if (block.columns.front() == 2) continue;
    Matrix l(300, 2);
    block.family.log_densities(Matrix(x(Eigen::all, block.columns)), l);
    expected += l;
  }
  Matrix found(300, 2);
  fitted.model.family().log_densities(holes, found);
  EXPECT_LT((found - expected).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(MissingCellsOfCategories, AreEstimatedFromTheOthers) {
  Matrix x(6, 2);
  x << 0, 0, 1, quiet_nan, 0, 1, quiet_nan, 1, 1, 1, 0, quiet_nan;
  const Fit fitted = fit(MixtureModel(AnyFamily(Categorical(2))), x);
  const Categorical& c = fitted.model.family().as<Untied<Categorical>>()->component(0);
  EXPECT_NEAR(c.probabilities()(0, 0), 0.6, 1e-12);
  EXPECT_NEAR(c.probabilities()(1, 1), 0.75, 1e-12);
}

TEST(MissingCellsOfFamilies, FamiliesOfWholeRowsNameThePlace) {
  Matrix x(3, 2);
  x << 1, 2, 3, quiet_nan, 4, 5;
  try {
    fit(MixtureModel(AnyFamily(Multinomial(2))), x);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("row 2, column 2"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("multinomial"), std::string::npos) << error.what();
  }
}

// One component has the mean of the observed cells as its rate, and several the same in their part.
TEST(MissingCellsOfCounts, AreThoseOfTheObservedCells) {
  Matrix x(5, 2);
  x << 1, 2, 3, quiet_nan, 4, 5, quiet_nan, 7, quiet_nan, quiet_nan;
  const Fit one = fit(MixtureModel(AnyFamily(Poisson(2))), x, {.tol = 1e-12});
  const auto& poisson = one.model.family().as<Untied<Poisson>>()->component(0);
  EXPECT_NEAR(poisson.rate()[0], 8.0 / 3, 1e-6);
  EXPECT_NEAR(poisson.rate()[1], 14.0 / 3, 1e-6);
  const Fit times = fit(MixtureModel(AnyFamily(Exponential(2))), x, {.tol = 1e-12});
  EXPECT_NEAR(times.model.family().as<Untied<Exponential>>()->component(0).rate()[0], 3.0 / 8,
              1e-6);
  Matrix filled = x;
  one.model.family().impute(0, filled);
  EXPECT_NEAR(filled(1, 1), poisson.rate()[1], 1e-15);
  EXPECT_NEAR(filled(4, 0), poisson.rate()[0], 1e-15);
}

// What a family does of itself equals one family per column, whose missing cells drop out.
TEST(MissingCellsOfCounts, EqualAProductOfColumns) {
  Matrix x(600, 2);
  Rng rng(8);
  for (Index i = 0; i < 600; ++i) {
    for (Index j = 0; j < 2; ++j) x(i, j) = poisson(rng, i % 2 == 0 ? 2 : 12);
  }
  x = with_holes(x, 0.4);
  const FitOptions options{.tol = 1e-10, .max_iter = 10000, .seed = 1};
  const Fit joint = fit(MixtureModel(AnyFamily(Untied(Poisson(2), 2))), x, options);
  const Fit blocks =
      fit(MixtureModel(
              AnyFamily(Product({{{0}, Untied(Poisson(1), 2)}, {{1}, Untied(Poisson(1), 2)}}))),
          x, options);
  EXPECT_NEAR(joint.report.log_likelihood, blocks.report.log_likelihood, 1e-5);
}

TEST(MissingCellsOfFamilies, OfAFamilyOfWholeRowsDropOutWithTheRow) {
  const Vector values{{1.0, 2.0, 4.0, 9.0}};
  Matrix x(6, 1);
  x << 1, quiet_nan, 2, 4, quiet_nan, 9;
  const Fit with = fit(MixtureModel(AnyFamily(Normal())), x);
  const Fit without = fit(MixtureModel(AnyFamily(Normal())), values);
  EXPECT_NEAR(with.report.log_likelihood, without.report.log_likelihood, 1e-9);
}

TEST(MissingCellsOfFamilies, ANestedMixtureTakesThem) {
  const Matrix x = with_holes(three_groups(400, 3).x, 0.2);
  const MixtureModel inner(AnyFamily(Gaussians(2, 3)));
  const Fit fitted = fit(mixture(inner, Gaussians(1, 3)), x, {.max_iter = 200});
  EXPECT_EQ(fitted.report.falls, 0);
  EXPECT_TRUE(std::isfinite(fitted.report.log_likelihood));
}

TEST(MissingCellsOfFamilies, NoiseIsUniformOverTheObservedCells) {
  const UniformBox box(Vector{{0.0, 0.0}}, Vector{{2.0, 4.0}});
  Matrix l(2, 1);
  AnyFamily(box).log_densities(Matrix{{1, quiet_nan}, {quiet_nan, 5}}, l);
  EXPECT_NEAR(l(0, 0), -std::log(2), 1e-14);
  EXPECT_EQ(l(1, 0), -infinity);
}

// The mean of the mixture, as its conditional distribution has it, and draws around it.
TEST(Impute, OfAMixtureIsTheConditionalMean) {
  const Matrix unit = Matrix::Identity(2, 2);
  const Matrix tilted{{1, 0.8}, {0.8, 1}};
  const MixtureModel model =
      mixture({0.3, 0.7}, Gaussians(Matrix{{0, 0}, {1, 3}}, std::vector<Matrix>{unit, tilted}));
  const Matrix x{{0.6, quiet_nan}, {1, 2}, {quiet_nan, quiet_nan}};
  const Matrix filled = impute(model, x);
  const double expected = model.conditional({0}, Vector{{0.6}}).moments().mean[0];
  EXPECT_NEAR(filled(0, 1), expected, 1e-12);
  EXPECT_EQ(filled.row(1), x.row(1));
  EXPECT_NEAR(filled(2, 1), 0.7 * 3, 1e-12);
  Matrix many(20000, 2);
  many.rowwise() = x.row(0);
  const Matrix drawn = impute_draws(model, many, 3);
  EXPECT_NEAR(drawn.col(1).mean(), expected, 0.05);
  EXPECT_EQ(impute_draws(model, many.bottomRows(5), 3, 19995), drawn.bottomRows(5));
}

TEST(Impute, OfCategoriesIsTheMostProbableGivenTheOthers) {
  const auto family = [](const Vector& p, const Vector& q) {
    return Categorical(std::vector<Vector>{p, q});
  };
  const MixtureModel model = mixture({0.5, 0.5}, family(Vector{{0.9, 0.1}}, Vector{{0.2, 0.8}}),
                                     family(Vector{{0.1, 0.9}}, Vector{{0.7, 0.3}}));
  const Matrix filled = impute(model, Matrix{{0, quiet_nan}, {1, quiet_nan}});
  EXPECT_EQ(filled(0, 1), 1);
  EXPECT_EQ(filled(1, 1), 0);
}

// Where a family has no function of its own, its conditional distributions serve.
TEST(Impute, OfANestedMixtureIsItsConditionalMean) {
  const MixtureModel inner =
      mixture({0.5, 0.5},
              Gaussians(Matrix{{0, 0}, {2, 5}}, std::vector<Matrix>(2, Matrix{{1, .5}, {.5, 1}})));
  const MixtureModel outer = mixture(inner);
  Matrix filled{{1.5, quiet_nan}};
  outer.family().impute(0, filled);
  EXPECT_NEAR(filled(0, 1), inner.conditional({0}, Vector{{1.5}}).moments().mean[0], 1e-12);
}

TEST(Impute, LeavesCellsWhoseMeanIsInfiniteOrDoesNotExist) {
  const Matrix missing{{quiet_nan}};
  for (const AnyFamily& heavy :
       {AnyFamily(Untied(Pareto(0.9, 1))), AnyFamily(Untied(InverseGamma(1, 1))),
        AnyFamily(StudentT(Matrix{{0.0}}, {Matrix{{1.0}}}, Vector{{0.5}}))}) {
    const MixtureModel model = mixture({0.01, 0.99}, heavy, Exponential(1));
    EXPECT_TRUE(std::isnan(impute(model, missing)(0, 0)));
    EXPECT_TRUE(std::isfinite(impute_draws(model, missing, 1)(0, 0)));
  }
  EXPECT_NEAR(impute(mixture({1}, Pareto(3, 1)), missing)(0, 0), 1.5, 1e-12);
}

}  // namespace
}  // namespace mix
