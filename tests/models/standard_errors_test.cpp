#include "mix/models/standard_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <set>
#include <stdexcept>

#include "mix/distributions/factor_analyzers.h"
#include "mix/distributions/free_uniform.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/laplace.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/errors.h"
#include "mix/models/fit.h"
#include "mix/models/model_file.h"
#include "mix/models/parameter_values.h"
#include "mix/table.h"

namespace {

using namespace mix;
using ::testing::HasSubstr;

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

// H against second differences of the log-likelihood of the whole mixture.
void expect_information(const MixtureModel& model, const Matrix& x,
                        const StandardErrorOptions& options, const std::string& what) {
  const Information found = information(model, x, options);
  if (found.observed.size() == 0) return;
  const Index p = found.coordinates.size();
  const Index k = model.mixing() == MixingWeights::free ? model.n_components() : 0;
  const Vector w =
      options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows());
  const Vector h = 2 * found.step;
  const auto objective = [&](const Vector& change) {
    MixtureState state = model.state();
    if (k > 0) {
      const Vector e = state.weights.array() * change.head(k).array().exp();
      state.weights = e / e.sum();
    }
    state.family.set_coordinates((found.coordinates + change).tail(p - k));
    double sum = 0;
    if (options.groups.empty()) {
      sum = log_likelihood(state, x, w);
    } else {
      const Vector counts = (options.groups.sums(w).array() > 0).cast<double>();
      sum = counts.dot(posterior(state, x, w, options.groups).log_density);
    }
    return sum + state.family.log_prior();
  };
  const Vector unit = found.complete_scores.diagonal().cwiseMax(found.complete.diagonal());
  const auto along = [&](Index i, double sign) -> Vector {
    return sign * h[i] * Vector::Unit(p, i);
  };
  for (Index i = 0; i < p; ++i) {
    const double slope = (objective(along(i, 1)) - objective(along(i, -1))) / (2 * h[i]);
    EXPECT_NEAR(found.score[i], slope, 1e-4 * (1 + std::sqrt(w.sum() * unit[i])))
        << what << ", score " << i;
    for (Index j = 0; j <= i; ++j) {
      const double mixed =
          objective(along(i, 1) + along(j, 1)) - objective(along(i, 1) + along(j, -1)) -
          objective(along(i, -1) + along(j, 1)) + objective(along(i, -1) + along(j, -1));
      EXPECT_NEAR(found.observed(i, j), -mixed / (4 * h[i] * h[j]),
                  1e-3 * std::sqrt(unit[i] * unit[j]) + 1e-4)
          << what << ", " << i << ", " << j;
    }
  }
}

// One table for each kind of data that families describe.
std::vector<Table> tables_of_all_kinds() {
  const auto numbered = [](ColumnKind kind, const Matrix& x) {
    std::vector<Column> columns;
    for (Index j = 0; j < x.cols(); ++j) {
      columns.push_back({"x" + std::to_string(j), kind});
      if (kind == ColumnKind::category) columns.back().levels = {"a", "b", "c"};
    }
    return Table(columns, x);
  };
  const Index n = 90;
  const Matrix amounts = rows(n, 1, [](Rng& rng) { return 2 * standard_gamma(rng, 3); });
  const Matrix counts =
      rows(n, 1, [](Rng& rng) { return poisson(rng, 2.5 * standard_gamma(rng, 1.5)); });
  Matrix shares = rows(n, 3, [](Rng& rng) { return standard_gamma(rng, 2.5); });
  shares.array().colwise() /= shares.rowwise().sum().array();
  Matrix directions = rows(n, 3, [](Rng& rng) { return 0.7 + standard_normal(rng); });
  directions.rowwise().normalize();
  Matrix of_trials = rows(n, 2, [](Rng& rng) { return 12 + poisson(rng, 3); });
  Rng draws(3);
  for (Index i = 0; i < n; ++i) {
    const double a = standard_gamma(draws, 2);
    of_trials(i, 0) = binomial(draws, of_trials(i, 1), a / (a + standard_gamma(draws, 3)));
  }
  return {numbered(ColumnKind::count, of_trials),
          numbered(ColumnKind::real, amounts),
          numbered(ColumnKind::count, counts),
          numbered(ColumnKind::count, counts.array() + 1),
          numbered(ColumnKind::real, shares.col(0)),
          numbered(ColumnKind::real, shares),
          numbered(ColumnKind::real, directions),
          numbered(ColumnKind::count, rows(n, 3, [](Rng& rng) { return poisson(rng, 3); })),
          numbered(ColumnKind::count, rows(n, 3, [](Rng& rng) { return uniform(rng) < 0.4; })),
          numbered(ColumnKind::category,
                   rows(n, 2, [](Rng& rng) { return static_cast<double>(uniform_index(rng, 3)); })),
          numbered(ColumnKind::real, rows(n, 3, standard_normal))};
}

TEST(Information, EqualsDifferencesOfTheLikelihoodForEveryFamily) {
  constexpr Index most_coordinates = 40;  // a chain of counts has many states
  const std::vector<Table> tables = tables_of_all_kinds();
  std::set<std::string> without;
  Index checked = 0;
  for (const FamilyEntry& entry : registry().entries()) {
    if (!entry.make) continue;
    bool found = false;
    for (const Table& table : tables) {
      if (&table == &tables.front() && !entry.takes_trials) continue;
      FamilyRequest request{.k = 2, .columns = &table};
      request.has_bounds = entry.takes_bounds;
      request.has_trials = entry.takes_trials && &table == &tables.front();
      request.upper = 100;
      try {
        const Matrix x(table.values());
        const AnyFamily family = entry.make(request);
        if (!family.check_support(x).empty()) continue;
        if (!family.charted()) break;
        FitOptions options;
        options.start = start::Random{};
        options.max_iter = 6;
        options.acceleration = Acceleration::none;
        const MixtureModel model = fit(MixtureModel(family), x, options).model;
        if (model.family().coordinates().size() > most_coordinates) continue;
        expect_information(model, x, {}, entry.name);
        found = true;
        ++checked;
        break;
      } catch (const std::invalid_argument&) {  // not for such columns
      } catch (const DataError&) {
      }
    }
    if (!found) without.insert(entry.name);
  }
  EXPECT_THAT(without, ::testing::UnorderedElementsAre("free_uniform"));
  EXPECT_GT(checked, 35);
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

TEST(StandardErrors, MakeIntervalsThatHoldTheTruthAsOftenAsTheySay) {
  // All designs with more rows and replicates: benchmarks/coverage.cpp. Here shares err by 1.5 %.
  const std::vector<MixtureModel> truths{
      mixture({0.4, 0.6}, Normal(0, 1), Normal(5, 1.5)),
      mixture({0.4, 0.6}, Poisson(Vector::Constant(1, 2)), Poisson(Vector::Constant(1, 12)))};
  constexpr Index replicates = 200;
  for (const MixtureModel& truth : truths) {
    const std::vector<ParameterValue> numbers = parameter_values(truth);
    Vector holds = Vector::Zero(static_cast<Index>(numbers.size()));
    for (Index i = 0; i < replicates; ++i) {
      const Matrix x = truth.sample(500, static_cast<std::uint64_t>(i)).x;
      const MixtureModel model = fit(truth, x, {.start = start::Parameters{}}).model;
      const StandardErrors errors = standard_errors(model, x);
      // The components may have changed places.
      const Index first = errors.convergence.mass[0] < errors.convergence.mass[1] ? 0 : 1;
      for (Index j = 0; j < holds.size(); ++j) {
        const ParameterValue& number = numbers[static_cast<std::size_t>(j)];
        const ParameterEstimate& e =
            estimate(errors, first == 0 ? number.component : 1 - number.component, number.name);
        if (e.lower <= number.value && number.value <= e.upper) ++holds[j];
      }
    }
    EXPECT_GT(holds.minCoeff(), 0.9 * replicates);
    EXPECT_LT(holds.maxCoeff(), 0.99 * replicates);
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
  EXPECT_THAT(complaint(mixture(FreeUniform(1)), x, {}), HasSubstr("use the bootstrap"));
  EXPECT_THROW((void)parse_information("fisher"), std::invalid_argument);
  EXPECT_EQ(parse_information("sandwich"), InformationKind::sandwich);
}

}  // namespace
