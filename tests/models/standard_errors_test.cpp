#include "mix/models/standard_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>
#include <stdexcept>

#include "mix/distributions/factor_analyzers.h"
#include "mix/distributions/free_uniform.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/gated.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/imaginary_rows.h"
#include "mix/distributions/laplace.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/shifted_exponential.h"
#include "mix/distributions/skew_normal.h"
#include "mix/distributions/uniform_box.h"
#include "mix/errors.h"
#include "mix/family_list.h"
#include "mix/models/fit.h"
#include "mix/models/model_file.h"
#include "mix/models/parameter_values.h"
#include "support/information_law.h"

namespace {

using namespace mix;
using ::testing::HasSubstr;
using testing_support::expect_information;

const ParameterEstimate& estimate(const StandardErrors& errors, Index component,
                                  const std::string& name) {
  for (const ParameterEstimate& e : errors.parameters) {
    if (e.component == component && e.name == name) return e;
  }
  throw std::runtime_error("no estimate of " + name);
}

Matrix rows(Index n, Index columns, const std::function<double(Rng&)>& cell) {
  Rng rng(11);
  return Matrix::NullaryExpr(n, columns, [&] { return cell(rng); });
}

Matrix two_normals(Index n, double distance = 4, std::uint64_t seed = 5) {
  return mixture({0.4, 0.6}, Normal(0, 1), Normal(distance, 1.5)).sample(n, seed).x;
}

Fit fit_closely(const MixtureModel& model, const Matrix& x, FitOptions options = {}) {
  options.tol = 1e-9;
  options.max_iter = 20000;
  options.seed = 1;
  return fit(model, x, options);
}

TEST(Information, EqualsDifferencesWithWeightsGroupsMissingCellsAndAPrior) {
  Matrix x = rows(80, 2, standard_normal);
  x.topRows(40).array() += 3;
  StandardErrorOptions options;
  options.sample_weight = Vector::LinSpaced(80, 0, 3);
  std::vector<Index> numbers;
  for (Index i = 0; i < 80; ++i) numbers.push_back(i % 40 / 3);
  const Groups groups(numbers);
  for (const char* structure : {"VVV", "EEE", "VVI", "VEI"}) {
    GaussianOptions gaussian;
    gaussian.structure = parse_structure(structure);
    gaussian.prior = parse_gaussian_prior("conjugate");
    FitOptions few;
    few.max_iter = 5;
    few.start = start::Random{};
    Matrix holes = x;
    holes(3, 0) = holes(7, 1) = holes(50, 0) = quiet_nan;
    const Fit found = fit(mixture(Gaussians(2, 2, gaussian)), x, few);
    options.groups = {};
    expect_information(found.model, holes, options, structure);
    options.groups = groups;
    expect_information(found.model, x, options, std::string("grouped ") + structure);
  }
}

TEST(StandardErrors, AreThoseOfTextbooksForOneComponent) {
  const Matrix x = two_normals(500);
  const double n = 500;
  const Fit normal = fit_closely(mixture(Normal()), x);
  const StandardErrors errors = standard_errors(normal.model, x);
  const double sd = std::sqrt((x.array() - x.mean()).square().mean());
  const ParameterEstimate& mean = estimate(errors, 0, "mean");
  EXPECT_NEAR(mean.standard_error, sd / std::sqrt(n), 1e-6 * sd);
  EXPECT_NEAR(mean.upper - mean.value, 1.959963985 * sd / std::sqrt(n), 1e-6 * sd);
  const ParameterEstimate& spread = estimate(errors, 0, "standard_deviation");
  EXPECT_NEAR(spread.standard_error, sd / std::sqrt(2 * n), 1e-6 * sd);
  EXPECT_NEAR(std::log(spread.upper / spread.value), 1.959963985 / std::sqrt(2 * n), 1e-6);
  EXPECT_NEAR(errors.convergence.gain, 0, 1e-6);
  EXPECT_NEAR(errors.convergence.least_information, 1, 1e-4);
  EXPECT_TRUE(errors.warnings.empty());
  // No number that the estimation does not move, not the weight 1 either.
  EXPECT_EQ(errors.parameters.size(), 2U);

  const Matrix counts = rows(300, 1, [](Rng& rng) { return poisson(rng, 3); });
  const StandardErrors rate =
      standard_errors(fit_closely(mixture(Poisson(1)), counts).model, counts, {.confidence = 0.9});
  EXPECT_NEAR(rate.parameters[0].standard_error, std::sqrt(counts.mean() / 300), 1e-6);
  EXPECT_NEAR(rate.parameters[0].lower,
              counts.mean() * std::exp(-1.644853627 / std::sqrt(300 * counts.mean())), 1e-6);
}

TEST(StandardErrors, OfSeparateComponentsAreThoseOfEachAlone) {
  const Matrix x = two_normals(400, 60);
  const StandardErrors errors =
      standard_errors(fit_closely(mixture(Normal(), Normal()), x).model, x);
  const double n = errors.convergence.mass[0];
  const double p = n / 400;
  EXPECT_NEAR(estimate(errors, 0, "weight").standard_error, std::sqrt(p * (1 - p) / 400), 1e-7);
  const double logit_error = 1.959963985 / std::sqrt(400 * p * (1 - p));
  const ParameterEstimate& weight = estimate(errors, 0, "weight");
  EXPECT_NEAR(std::log(weight.upper / (1 - weight.upper)) - std::log(p / (1 - p)), logit_error,
              1e-5);
  const double sd = estimate(errors, 0, "standard_deviation").value;
  EXPECT_NEAR(estimate(errors, 0, "mean").standard_error, sd / std::sqrt(n), 1e-6);
  EXPECT_NEAR(errors.covariance(0, 3), -p * (1 - p) / 400, 1e-7);  // the two weights
}

TEST(StandardErrors, CountWeightsAsRepetitionsAndGroupsOfOneAsRows) {
  const Matrix x = two_normals(120, 3);
  Matrix twice(240, 1);
  twice << x, x;
  const MixtureModel model = fit_closely(mixture(Normal(), Normal()), x).model;
  StandardErrorOptions weighted;
  weighted.sample_weight = Vector::Constant(120, 2);
  std::vector<Index> alone;
  for (Index i = 0; i < 240; ++i) alone.push_back(239 - i);
  for (const auto kind :
       {InformationKind::observed, InformationKind::scores, InformationKind::sandwich}) {
    weighted.information = kind;
    StandardErrorOptions repeated;
    repeated.information = kind;
    const Matrix expected = standard_errors(model, twice, repeated).covariance;
    EXPECT_LT((standard_errors(model, x, weighted).covariance - expected).norm(),
              1e-5 * expected.norm());
    repeated.groups = Groups(alone);
    EXPECT_LT((standard_errors(model, twice, repeated).covariance - expected).norm(),
              1e-5 * expected.norm());
  }
}

TEST(StandardErrors, AgreeBetweenTheThreeInformationsWhereTheModelIsTrue) {
  const MixtureModel truth = mixture({0.4, 0.6}, Normal(0, 1), Normal(4, 1.5));
  const Matrix x = truth.sample(20000, 3).x;
  FitOptions options;
  options.start = start::Parameters{};
  const MixtureModel model = fit_closely(truth, x, options).model;
  std::vector<StandardErrors> all;
  for (const auto kind :
       {InformationKind::observed, InformationKind::scores, InformationKind::sandwich}) {
    all.push_back(standard_errors(model, x, {.information = kind}));
  }
  for (std::size_t i = 0; i < all[0].parameters.size(); ++i) {
    const double observed = all[0].parameters[i].standard_error;
    EXPECT_NEAR(all[1].parameters[i].standard_error / observed, 1, 0.05);
    EXPECT_NEAR(all[2].parameters[i].standard_error / observed, 1, 0.05);
  }
}

// Loses a fifth of the cells; every row keeps one.
Matrix with_holes(Matrix x, std::uint64_t seed) {
  Rng rng(seed, Purpose::sample, 1);
  for (Index i = 0; i < x.rows(); ++i) {
    const Index kept = i % x.cols();
    for (Index j = 0; j < x.cols(); ++j) {
      if (j != kept && uniform(rng) < 0.4) x(i, j) = quiet_nan;
    }
  }
  return x;
}

TEST(StandardErrors, MakeIntervalsThatHoldTheTruthAsOftenAsTheySay) {
  // All designs with more rows and replicates: benchmarks/coverage.cpp. Here shares err by 1.5 %.
  Matrix means(2, 2);
  means << 0, 0, 4, 2;
  const std::vector<MixtureModel> truths{
      mixture({0.4, 0.6}, Normal(0, 1), Normal(5, 1.5)),
      mixture({0.4, 0.6}, Poisson(Vector::Constant(1, 2)), Poisson(Vector::Constant(1, 12))),
      mixture({0.4, 0.6}, Gaussians(means, {Matrix::Identity(2, 2), 2 * Matrix::Identity(2, 2)},
                                    {.structure = Structure::VII}))};
  constexpr Index replicates = 200;
  for (const MixtureModel& truth : truths) {
    const std::vector<ParameterValue> numbers = parameter_values(truth);
    std::vector<Index> holds(numbers.size(), 0);
    for (Index i = 0; i < replicates; ++i) {
      const auto seed = static_cast<std::uint64_t>(i);
      Matrix x = truth.sample(500, seed).x;
      if (x.cols() > 1) x = with_holes(std::move(x), seed);
      const MixtureModel model = fit(truth, x, {.start = start::Parameters{}}).model;
      const StandardErrors errors = standard_errors(model, x);
      // The components may have changed places.
      const Index first = errors.convergence.mass[0] < errors.convergence.mass[1] ? 0 : 1;
      for (std::size_t j = 0; j < holds.size(); ++j) {
        const ParameterValue& number = numbers[j];
        if (number.name == "covariance[2,1]") continue;  // always 0
        const ParameterEstimate& e =
            estimate(errors, first == 0 ? number.component : 1 - number.component, number.name);
        if (e.lower <= number.value && number.value <= e.upper) ++holds[j];
      }
    }
    for (std::size_t j = 0; j < holds.size(); ++j) {
      if (numbers[j].name == "covariance[2,1]") continue;
      EXPECT_GT(holds[j], 0.9 * replicates) << numbers[j].name;
      EXPECT_LE(holds[j], 0.99 * replicates) << numbers[j].name;
    }
  }
}

TEST(StandardErrors, HaveTheSameBitsForAnyNumberOfThreads) {
  const Matrix x = two_normals(3000);
  const MixtureModel model = fit(mixture(Normal(), Normal()), x).model;
  EXPECT_EQ(standard_errors(model, x, {.threads = 1}).covariance,
            standard_errors(model, x, {.threads = 2}).covariance);
}

TEST(StandardErrors, AreMissingWhereTheDataDetermineNothing) {
  // Two equal components: any division of the rows has the same likelihood.
  const Matrix x = rows(200, 1, standard_normal);
  const Fit one = fit_closely(mixture(Normal()), x);
  const Normal& normal = one.model.family().as<Untied<Normal>>()->component(0);
  const StandardErrors errors = standard_errors(mixture(normal, normal), x);
  EXPECT_THAT(errors.warnings.at(0),
              ::testing::AnyOf(HasSubstr("weakly identified"), HasSubstr("no maximum")));
  EXPECT_THAT(errors.warnings.at(0), HasSubstr("bootstrap"));
  EXPECT_TRUE(std::isnan(estimate(errors, 0, "weight").standard_error));

  // The rotation of factors moves no density: means and noise are determined all the same.
  const Matrix wide = rows(300, 5, standard_normal) * Matrix::Random(5, 5);
  const StandardErrors factors =
      standard_errors(fit_closely(mixture(FactorAnalyzers(1, 5)), wide).model, wide);
  EXPECT_TRUE(std::isfinite(estimate(factors, 0, "mean[2]").standard_error));
}

// The single row of a component lies at its mean, where its score is 0.
TEST(StandardErrors, OfAComponentOfOneRowComeFromTheCurvature) {
  Matrix x = two_normals(40, 20);
  x.conservativeResize(41, Eigen::NoChange);
  x(40, 0) = 1000;
  const MixtureModel model = mixture(Gaussians(3, 1, {.structure = Structure::EII}));
  const Fit found = fit_closely(model, x);
  const StandardErrors errors = standard_errors(found.model, x);
  EXPECT_EQ(errors.convergence.undetermined, 0);
  const auto& gaussians = *found.model.family().as<Gaussians>();
  const double variance = gaussians.covariance(0)(0, 0);
  for (Index k = 0; k < 3; ++k) {
    const double rows_of_k = 41 * found.model.weights()[k];
    EXPECT_NEAR(estimate(errors, k, "mean").standard_error, std::sqrt(variance / rows_of_k), 1e-4);
    EXPECT_NEAR(estimate(errors, k, "weight").standard_error,
                std::sqrt(rows_of_k * (41 - rows_of_k) / 41) / 41, 1e-5);
  }
}

TEST(StandardErrors, OfFactorAnalyzersNeedNoMoreRowsThanParameters) {
  // 25 rows, 30 parameters: none is lost for want of scores.
  const double n = 25;
  const Matrix wide =
      rows(25, 10, standard_normal) + 2 * rows(25, 1, standard_normal) * Matrix::Ones(1, 10);
  const Fit found = fit_closely(mixture(FactorAnalyzers(1, 10, {.factors = 1})), wide);
  const StandardErrors errors = standard_errors(found.model, wide);
  EXPECT_EQ(errors.convergence.determined, 30);
  EXPECT_EQ(errors.convergence.undetermined, 0);
  for (const ParameterEstimate& e : errors.parameters) {
    EXPECT_TRUE(std::isfinite(e.standard_error)) << e.name;
  }
  const Matrix centered = wide.rowwise() - wide.colwise().mean();
  EXPECT_NEAR(estimate(errors, 0, "mean[3]").standard_error, centered.col(2).norm() / n, 0.01);
}

TEST(StandardErrors, OfAHeywoodCaseLeaveOutTheVarianceThatIsZero) {
  // A column that is the factor itself.
  const Matrix factor = 2 * rows(200, 1, standard_normal);
  Matrix x = two_normals(800).reshaped(200, 4) + factor * Matrix::Ones(1, 4);
  x.col(0) = factor;
  const Fit found = fit_closely(mixture(FactorAnalyzers(1, 4, {.factors = 1})), x);
  const StandardErrors errors = standard_errors(found.model, x);
  Index missing = 0;
  for (const ParameterEstimate& e : errors.parameters) {
    if (std::isfinite(e.standard_error)) continue;
    ++missing;
    EXPECT_THAT(e.name, HasSubstr("noise_variances"));
  }
  EXPECT_EQ(missing, 1);
  EXPECT_EQ(errors.information, InformationKind::observed);
}

TEST(StandardErrors, OfAMixtureWithFreeEdgesAreThoseForKnownEdges) {
  Matrix x = two_normals(400);
  x.topRows(80) = rows(80, 1, [](Rng& rng) { return 20 * uniform(rng) - 8; });
  const Fit found = fit_closely(mixture(Normal(), FreeUniform(1)), x);
  const StandardErrors errors = standard_errors(found.model, x);
  EXPECT_TRUE(std::isnan(estimate(errors, 1, "lower").standard_error));
  EXPECT_TRUE(std::isnan(estimate(errors, 1, "upper").upper));
  EXPECT_THAT(errors.warnings, ::testing::ElementsAre(HasSubstr("rate of n")));

  const auto* list = found.model.family().as<FamilyList>();
  const auto& box = list->families()[1].as<Untied<FreeUniform>>()->component(0);
  const MixtureModel fixed(
      found.model.weights(),
      FamilyList({list->families()[0], AnyFamily(UniformBox(box.lower(), box.upper()))}));
  const StandardErrors known = standard_errors(fixed, x);
  for (const char* name : {"weight", "mean", "standard_deviation"}) {
    EXPECT_DOUBLE_EQ(estimate(errors, 0, name).standard_error,
                     estimate(known, 0, name).standard_error);
  }
}

// Of one box there is nothing else to estimate, with a gate not even a weight.
TEST(StandardErrors, OfEdgesAloneAreMissingAtAMaximum) {
  const Matrix x = rows(50, 2, uniform);
  const AnyFamily box = Untied(FreeUniform(1));
  const auto expect_only_edges = [](const MixtureModel& model, const Matrix& data) {
    const StandardErrors errors = standard_errors(fit(model, data).model, data);
    ASSERT_EQ(errors.parameters.size(), 2U);
    EXPECT_TRUE(std::isnan(errors.parameters[0].standard_error));
    EXPECT_TRUE(errors.convergence.maximum);
    EXPECT_EQ(errors.information, InformationKind::observed);
    EXPECT_THAT(errors.warnings, ::testing::ElementsAre(HasSubstr("rate of n")));
  };
  expect_only_edges(mixture(box), x.leftCols(1));
  expect_only_edges(mixture(Gated(box, {1})), x);
}

TEST(StandardErrors, ListTheEdgesBehindAGateAndWithAPrior) {
  Matrix x(400, 2);
  x << mixture({0.4, 0.6}, ShiftedExponential(1, 2), ShiftedExponential(4, 0.5)).sample(400, 1).x,
      rows(400, 1, standard_normal);
  const AnyFamily delayed = Untied(ShiftedExponential(), 2);
  const Fit gated = fit(mixture(Gated(delayed, {1})), x, {.seed = 1});
  const StandardErrors behind = standard_errors(gated.model, x);
  for (const Index k : {0, 1}) {
    EXPECT_TRUE(std::isnan(estimate(behind, k, "blocks[1].shift").standard_error));
    EXPECT_GT(estimate(behind, k, "blocks[1].rate").standard_error, 0);
  }
  EXPECT_THAT(behind.warnings, ::testing::Contains(HasSubstr("rate of n")));
  const Matrix one = x.leftCols(1);
  const Fit prior = fit(MixtureModel(AnyFamily(WithImaginaryRows(delayed, 1))), one, {.seed = 1});
  EXPECT_TRUE(std::isnan(estimate(standard_errors(prior.model, one), 0, "shift").standard_error));
}

TEST(StandardErrors, OfANestedMixtureAreThoseOfTheFlatOne) {
  const Matrix x =
      mixture({0.3, 0.3, 0.4}, Normal(0, 1), Normal(5, 1.5), Normal(12, 1)).sample(600, 3).x;
  const MixtureModel flat = fit_closely(mixture(Normal(), Normal(), Normal()), x).model;
  const auto part = [&](Index k) { return flat.family().as<FamilyList>()->families()[k]; };
  const Vector w = flat.weights();
  const double both = w[0] + w[1];
  const MixtureModel inner(Vector{{w[0] / both, w[1] / both}}, FamilyList({part(0), part(1)}));
  const MixtureModel nested(Vector{{both, w[2]}}, FamilyList({AnyFamily(inner), part(2)}));
  const StandardErrors expected = standard_errors(flat, x);
  const StandardErrors errors = standard_errors(nested, x);
  EXPECT_EQ(errors.convergence.undetermined, 0);
  EXPECT_EQ(errors.convergence.determined, expected.convergence.determined);
  for (const char* name : {"mean", "standard_deviation"}) {
    for (Index k = 0; k < 2; ++k) {
      const std::string inside =
          "family.families[" + std::to_string(k + 1) + "].family.components[1]." + name;
      EXPECT_NEAR(
          estimate(errors, 0, inside).standard_error / estimate(expected, k, name).standard_error,
          1, 1e-5);
    }
    EXPECT_NEAR(
        estimate(errors, 1, name).standard_error / estimate(expected, 2, name).standard_error, 1,
        1e-5);
  }
  EXPECT_NEAR(estimate(errors, 1, "weight").standard_error,
              estimate(expected, 2, "weight").standard_error, 1e-7);
}

// Distributions with a fit of their own and no coordinates: a normal one in two columns, and one of
// categories.
struct OwnPlane {
  static constexpr std::string_view name = "own_plane";
  Vector mean = Vector::Zero(2);
  Matrix covariance = Matrix::Identity(2, 2);
  Index rows_seen = 0;

  [[nodiscard]] Index dimension() const { return 2; }
  [[nodiscard]] Index parameter_count() const { return 5; }
  void log_density(Rows x, VectorRef out) const {
    Matrix l(x.rows(), 1);
    Gaussians(mean.transpose(), {covariance}).log_densities(x, l);
    out = l.col(0);
  }
  void fit(Rows x, Weights w) {
    mean = x.transpose() * w / w.sum();
    const Matrix centered = x.rowwise() - mean.transpose();
    covariance = centered.transpose() * w.asDiagonal() * centered / w.sum();
    covariance = Matrix(0.5 * (covariance + covariance.transpose()));
    rows_seen = x.rows();
  }
  void fields(Fields& visit) {
    visit("mean", mean);
    visit("covariance", covariance);
    visit("rows_seen", rows_seen);
  }
};

struct OwnDice {
  Vector shares = Vector::Constant(3, 1.0 / 3);

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const {
    for (Index i = 0; i < x.rows(); ++i) out[i] = std::log(shares[static_cast<Index>(x(i, 0))]);
  }
  void fit(Rows x, Weights w) {
    shares.setZero();
    for (Index i = 0; i < x.rows(); ++i) shares[static_cast<Index>(x(i, 0))] += w[i];
    shares /= shares.sum();
  }
  void fields(Fields& visit) { visit("shares", shares); }
};

struct Nameless {
  double at = 0;
  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 1; }
  void log_density(Rows x, VectorRef out) const { out = -0.5 * (x.col(0).array() - at).square(); }
  void fit(Rows x, Weights w) { at = w.dot(x.col(0)) / w.sum(); }
};

// Normal around 0, of a width that is checked when it is loaded.
struct OwnWidth {
  double width = 1;

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 1; }
  void log_density(Rows x, VectorRef out) const {
    const double constant = std::log(width) + 0.5 * std::log(2 * std::numbers::pi);
    out = -0.5 * (x.col(0).array() / width).square() - constant;
  }
  void fit(Rows x, Weights w) { width = std::sqrt(w.dot(x.col(0).cwiseAbs2()) / w.sum()); }
  void fields(Fields& visit) {
    visit("width", width);
    if (visit.loading() && !(width > 0)) throw std::invalid_argument("width must be positive");
  }
};

TEST(StandardErrors, OfDistributionsWithoutCoordinatesComeFromTheirFields) {
  Matrix x = rows(300, 2, standard_normal);
  x.topRows(120).array() += 4;
  x.col(1) *= 1e4;  // units of which the chart knows nothing
  const MixtureModel own = fit_closely(mixture(Untied(OwnPlane(), 2)), x).model;
  const StandardErrors errors = standard_errors(own, x);
  Matrix means(2, 2);
  std::vector<Matrix> covariances;
  for (Index k = 0; k < 2; ++k) {
    const OwnPlane& plane = own.family().as<Untied<OwnPlane>>()->component(k);
    means.row(k) = plane.mean;
    covariances.push_back(plane.covariance);
  }
  const StandardErrors expected =
      standard_errors(MixtureModel(own.weights(), Gaussians(means, covariances)), x);
  ASSERT_EQ(errors.parameters.size(), expected.parameters.size());
  for (std::size_t i = 0; i < errors.parameters.size(); ++i) {
    EXPECT_EQ(errors.parameters[i].name, expected.parameters[i].name);
    EXPECT_NEAR(errors.parameters[i].standard_error / expected.parameters[i].standard_error, 1,
                1e-3)
        << errors.parameters[i].name;
  }
  expect_information(own, x, {}, "own plane");

  const Matrix thrown =
      rows(500, 1, [](Rng& rng) { return static_cast<double>(uniform_index(rng, 3)); });
  const MixtureModel dice = fit_closely(mixture(OwnDice()), thrown).model;
  const double p = dice.family().as<Untied<OwnDice>>()->component(0).shares[1];
  EXPECT_NEAR(estimate(standard_errors(dice, thrown), 0, "shares[2]").standard_error,
              std::sqrt(p * (1 - p) / 500), 1e-7);

  try {
    (void)standard_errors(mixture(Nameless()), x.col(0));
    FAIL() << "no error";
  } catch (const NotAvailable& error) {
    EXPECT_THAT(error.what(), ::testing::AllOf(HasSubstr("fields(visit)"),
                                               HasSubstr("coordinates()"), HasSubstr("bootstrap")));
  }
}

TEST(ConvergenceReport, TellsHowFarTheRunnerUpIs) {
  Report report;
  report.objective = -100;
  report.hits = 7;
  report.completed = 12;
  EXPECT_FALSE(runner_up(report));
  report.optima = {{-100, 7, ""}, {-103.5, 2, ""}, {-104, 1, ""}, {-90, 2, "flat"}};
  EXPECT_NEAR(runner_up(report)->distance, 3.5, 1e-12);
  EXPECT_EQ(runner_up(report)->hits, 2);
  // Artifacts compete among themselves.
  report.flagged = true;
  report.objective = -90;
  EXPECT_FALSE(runner_up(report));

  const Matrix x = two_normals(200);
  const Fit found = fit(mixture(Normal(), Normal(), Normal()), x, {.seed = 1});
  const auto search = standard_errors(found, x).convergence.search;
  ASSERT_TRUE(search);
  EXPECT_EQ(search->hits, found.report.hits);
  EXPECT_EQ(search->runner_up.has_value(), runner_up(found.report).has_value());
  EXPECT_FALSE(standard_errors(found.model, x).convergence.search);
}

TEST(StandardErrors, SayWhenTheEstimateIsNoMaximum) {
  const Matrix x = two_normals(300);
  const StandardErrors errors =
      standard_errors(mixture({0.4, 0.6}, Normal(0.3, 1), Normal(4, 1.5)), x);
  EXPECT_GT(errors.convergence.gain, 0.5);
  EXPECT_THAT(errors.warnings.at(0), HasSubstr("still to gain"));
}

TEST(StandardErrors, UseTheScoresWhereThereIsNoSecondDerivative) {
  const Matrix x = rows(401, 1, standard_normal);
  const StandardErrors errors = standard_errors(fit(mixture(Laplace()), x).model, x);
  EXPECT_EQ(errors.information, InformationKind::scores);
  EXPECT_THAT(errors.warnings.at(0), HasSubstr("no second derivatives"));
  const double scale = estimate(errors, 0, "scale").value;
  EXPECT_NEAR(estimate(errors, 0, "median").standard_error, scale / std::sqrt(401), 0.01 * scale);
}

// Half a bell, as high as it goes: its edge lies at the outermost row, where the likelihood is no
// parabola, with and without second derivatives. Nor is it at the kink of a Laplace distribution.
TEST(StandardErrors, ClaimNoGainThatIsNotThere) {
  const Matrix x = rows(300, 1, standard_normal).cwiseAbs();
  const double best = fit_closely(mixture(SkewNormal()), x).report.log_likelihood;
  for (const double shape : {1e3, 1e4, 3e4, 1e5, 1e6}) {
    for (const double before_edge : {1.0, 2.0, 3.0, 5.0, 10.0}) {
      const double edge = x.minCoeff() - before_edge / shape;
      const double scale = std::sqrt((x.array() - edge).square().mean());
      const MixtureModel half = mixture({1}, SkewNormal(edge, scale, shape));
      const ConvergenceReport report = standard_errors(half, x).convergence;
      EXPECT_LE(report.gain, std::max(0.05, best - half.log_likelihood(x) + 0.05))
          << shape << " " << before_edge;
      EXPECT_GE(report.gain, 0);
    }
  }
  const Matrix few = x.topRows(7);
  const StandardErrors kink = standard_errors(fit(mixture(Laplace()), few).model, few);
  ASSERT_EQ(kink.information, InformationKind::scores);
  EXPECT_LT(kink.convergence.gain, 1e-6);
}

// Too far from the median, there is something to gain, with groups and weights too.
TEST(StandardErrors, MeasureTheGainWhereThereIsNoSecondDerivative) {
  const Matrix x = rows(400, 1, standard_normal);
  StandardErrorOptions options;
  const MixtureModel aside = mixture({1}, Laplace(0.5, 1));
  const double gain = standard_errors(aside, x, options).convergence.gain;
  EXPECT_GT(gain, 1);
  EXPECT_LE(gain, fit(mixture(Laplace()), x).report.log_likelihood - aside.log_likelihood(x));
  options.sample_weight = Vector::Constant(400, 2);
  EXPECT_NEAR(standard_errors(aside, x, options).convergence.gain, 2 * gain, 1e-6 * gain);
  std::vector<Index> alone(400);
  std::iota(alone.begin(), alone.end(), Index{0});
  options.groups = Groups(alone);
  const StandardErrors grouped = standard_errors(aside, x, options);
  EXPECT_GT(grouped.convergence.gain, 1);
  EXPECT_THAT(grouped.warnings, ::testing::Contains(HasSubstr("at least")));
}

TEST(StandardErrors, OfNumbersThatAreCheckedWhenLoadedHaveLimitsWithinWhatTheyCanBe) {
  const Matrix x = rows(6, 1, standard_normal);
  const ParameterEstimate width =
      estimate(standard_errors(fit(mixture(OwnWidth()), x).model, x), 0, "width");
  EXPECT_NEAR(width.standard_error, width.value / std::sqrt(12), 1e-6);
  EXPECT_NEAR(width.lower * width.upper, width.value * width.value, 1e-9);
}

// Newton's step ends at a negative width here, and a part of it gains.
TEST(StandardErrors, MeasureTheGainWithinWhatParametersCanBe) {
  const Matrix x = rows(400, 1, standard_normal);
  const MixtureModel wide = mixture({1}, OwnWidth{1.6 * std::sqrt(x.squaredNorm() / 400)});
  const ConvergenceReport report = standard_errors(wide, x).convergence;
  EXPECT_GT(report.gain, 50);
  EXPECT_LE(report.gain,
            fit(mixture(OwnWidth()), x).report.log_likelihood - wide.log_likelihood(x));
}

// A ratio of 1 leaves one variance, in a chart of many.
TEST(StandardErrors, WhereALimitOfEigenvaluesBindsAreThoseAlongIt) {
  const auto compare = [](const Matrix& x, const char* free, const char* common) {
    const Index d = x.cols();
    const Fit limited = fit_closely(
        mixture(Gaussians(2, d, {.structure = parse_structure(free), .eigenvalue_ratio = 1})), x);
    const Fit tied =
        fit_closely(mixture(Gaussians(2, d, {.structure = parse_structure(common)})), x);
    const StandardErrors found = standard_errors(limited, x);
    const StandardErrors expected = standard_errors(tied, x);
    for (const ParameterEstimate& e : expected.parameters) {
      EXPECT_NEAR(estimate(found, e.component, e.name).standard_error, e.standard_error,
                  1e-4 * e.standard_error)
          << free << " " << e.name << " of component " << e.component;
    }
    EXPECT_EQ(found.information, InformationKind::observed);
    EXPECT_LT(found.convergence.gain, 1e-3);
    EXPECT_EQ(found.convergence.determined, expected.convergence.determined);
    ASSERT_FALSE(found.warnings.empty());
    EXPECT_THAT(found.warnings[0], HasSubstr("eigenvalue_ratio"));
  };
  compare(two_normals(400), "V", "E");
  Matrix plane = rows(300, 2, standard_normal);
  plane.topRows(100).array() += 3;
  compare(plane, "VII", "EII");
}

// Where some eigenvalues are at the limit and others are not.
TEST(Information, EqualsDifferencesAlongALimitOfEigenvalues) {
  Matrix x = rows(300, 2, standard_normal);
  x.topRows(100).array() += 4;
  x.topRows(100).col(0) *= 3;
  for (const char* structure : {"VVI", "VVV", "VII"}) {
    const Fit found = fit_closely(
        mixture(Gaussians(2, 2, {.structure = parse_structure(structure), .eigenvalue_ratio = 4})),
        x);
    const Information here = information(found.model, x);
    EXPECT_TRUE(here.at_ratio_limit) << structure;
    expect_information(found.model, x, {}, structure);
    EXPECT_LT(standard_errors(found, x).convergence.gain, 1e-3) << structure;
  }
}

TEST(Information, HoldsALimitOfEigenvaluesInsideAPriorAndBehindAGate) {
  Matrix x = rows(300, 3, standard_normal);
  x.topRows(100).col(0) = 3 * x.topRows(100).col(0).array() + 4;
  const AnyFamily limited = Gaussians(2, 2, {.eigenvalue_ratio = 4});
  const Matrix plane = x.leftCols(2);
  const Fit with_rows = fit_closely(MixtureModel(AnyFamily(with_prior(limited))), plane);
  EXPECT_TRUE(information(with_rows.model, plane).at_ratio_limit);
  EXPECT_LT(standard_errors(with_rows, plane).convergence.gain, 1e-3);
  const Fit gated = fit_closely(MixtureModel(AnyFamily(Gated(limited, {2}))), x);
  EXPECT_TRUE(information(gated.model, x).at_ratio_limit);
  EXPECT_LT(standard_errors(gated, x).convergence.gain, 1e-3);
}

TEST(StandardErrors, RefuseBadInput) {
  const Matrix x = two_normals(50);
  const MixtureModel model = mixture(Normal(0, 1), Normal(4, 1));
  const auto complaint = [&](const MixtureModel& m, const Matrix& data,
                             const StandardErrorOptions& options) -> std::string {
    try {
      (void)standard_errors(m, data, options);
    } catch (const std::logic_error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(complaint(model, x, {.confidence = 1}), HasSubstr("confidence is 1"));
  EXPECT_THAT(complaint(model, Matrix::Zero(5, 2), {}), HasSubstr("1 columns"));
  EXPECT_THAT(complaint(model, x, {.sample_weight = Vector::Ones(3)}), HasSubstr("3 sample"));
  EXPECT_THAT(complaint(mixture(Gamma(2, 1)), Matrix::Constant(3, 1, -1), {}),
              HasSubstr("row 1 has density 0"));
  EXPECT_THROW((void)parse_information("fisher"), std::invalid_argument);
  EXPECT_EQ(parse_information("sandwich"), InformationKind::sandwich);
}

}  // namespace
