#include "mix/models/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "mix/mix.h"
#include "support/data_files.h"

namespace mix {
namespace {

using test::faithful;
using test::iris;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string error_of(const MixtureModel& model, const Matrix& x, const FitOptions& options = {}) {
  try {
    fit(model, x, options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

TEST(Fit, AgreesWithMclustOnIris) {
  // mclust 6.0.0, VVV with three components.
  const Fit best = fit(mixture(Gaussians(3, 4)), iris(), {.seed = 1});
  EXPECT_NEAR(best.report.log_likelihood, -180.1855, 0.01);
  EXPECT_EQ(best.report.parameter_count, 44);
  EXPECT_NEAR(best.report.criteria.bic, 580.8396, 0.02);
  EXPECT_NEAR(best.report.criteria.icl_map, 584.0522, 0.05);
  EXPECT_TRUE(best.report.converged);
  EXPECT_GE(best.report.hits, 1);
}

TEST(Fit, ObjectiveNeverFallsAndEndsAtTheReportedValue) {
  for (const AnyAssignment& assignment :
       {AnyAssignment(Soft{}), AnyAssignment(Hard{}), AnyAssignment(Truncated{2})}) {
    const Report report =
        fit(mixture(Gaussians(4, 2)), faithful(),
            {.assignment = assignment, .acceleration = Acceleration::none, .seed = 3})
            .report;
    const auto& history = report.objective_history;
    ASSERT_GE(history.size(), 2U);
    for (std::size_t i = 1; i < history.size(); ++i) {
      EXPECT_GE(history[i], history[i - 1] - 1e-8);
    }
    EXPECT_EQ(history.back(), report.objective);
    EXPECT_EQ(static_cast<Index>(history.size()), report.n_iter);
  }
}

TEST(Fit, EveryAssignmentFindsTheTwoKindsOfEruptions) {
  const Fit soft = fit(mixture(Gaussians(2, 2)), faithful(), {.seed = 1});
  const std::vector<Index> expected = soft.model.predict(faithful());
  for (const AnyAssignment& assignment : {AnyAssignment(Hard{}), AnyAssignment(Stochastic{}),
                                          AnyAssignment(Annealed{}), AnyAssignment(Truncated{1})}) {
    const Fit other = fit(mixture(Gaussians(2, 2)), faithful(),
                          {.assignment = assignment, .max_iter = 500, .seed = 1});
    const std::vector<Index> labels = other.model.predict(faithful());
    int differing = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) differing += labels[i] != expected[i] ? 1 : 0;
    EXPECT_LE(differing, 3);
    EXPECT_LE(other.report.log_likelihood, soft.report.log_likelihood + 0.01);
    EXPECT_GT(other.report.log_likelihood, soft.report.log_likelihood - 3);
  }
}

TEST(Fit, KnownLabelsStayAndGuideTheOthers) {
  const Matrix x = faithful();
  std::vector<Index> labels(272, -1);
  // Eruptions above 3 minutes are called component 0, against the order of the means.
  for (std::size_t i = 0; i < 40; ++i) labels[i] = x(static_cast<Index>(i), 0) > 3 ? 0 : 1;
  const Fit known = fit(mixture(Gaussians(2, 2)), x, {.assignment = Known{labels}});
  const Gaussians& gaussians = *known.model.family().as<Gaussians>();
  EXPECT_NEAR(gaussians.mean(0)[0], 4.29, 0.02);
  EXPECT_NEAR(gaussians.mean(1)[0], 2.04, 0.02);
}

TEST(Fit, ComponentsWithoutKnownRowsAreSearchedFor) {
  const Matrix x = iris();
  std::vector<Index> labels(150, -1);
  for (std::size_t i = 0; i < 50; ++i) labels[i] = 0;  // setosa alone is known
  const Fit known = fit(mixture(Gaussians(3, 4)), x, {.assignment = Known{labels}, .seed = 1});
  const Fit free = fit(mixture(Gaussians(3, 4)), x, {.seed = 1});
  EXPECT_NEAR(known.report.log_likelihood, free.report.log_likelihood, 0.05);
}

TEST(Fit, EqualAndFixedWeightsStayAndCountNoParameters) {
  const Fit equal = fit(mixture(Gaussians(2, 2)), faithful(), {.mixing = MixingWeights::equal});
  EXPECT_EQ(equal.model.weights(), Vector::Constant(2, 0.5));
  EXPECT_EQ(equal.report.parameter_count, 10);
  const Matrix x = faithful().leftCols(1);
  const Fit fixed = fit(mixture({0.2, 0.8}, Normal(2, 1), Normal(4, 1)), x,
                        {.mixing = MixingWeights::fixed, .start = start::Parameters{}});
  EXPECT_EQ(fixed.model.weights(), (Vector(2) << 0.2, 0.8).finished());
  EXPECT_EQ(fixed.report.parameter_count, 4);
}

TEST(Fit, FrozenComponentsKeepTheirParameters) {
  const Matrix x = faithful().leftCols(1);
  const Fit half = fit(mixture(frozen(Normal(2, 0.3)), Normal(3, 1)), x, {.seed = 1});
  EXPECT_EQ(half.report.parameter_count, 3);
  Json frozen_part = json_component(half.model.family(), 0);
  EXPECT_EQ(frozen_part["mean"], 2);
  EXPECT_NEAR(json_component(half.model.family(), 1)["mean"].get<double>(), 4.27, 0.05);
}

TEST(Fit, WeightTwoEqualsADoubledRow) {
  const Matrix x = faithful();
  Matrix repeated(322, 2);
  repeated << x, x.topRows(50);
  Vector w = Vector::Ones(272);
  w.head(50).setConstant(2);
  std::vector<Index> labels;
  std::vector<Index> repeated_labels;
  for (Index i = 0; i < 322; ++i) repeated_labels.push_back(repeated(i, 0) > 3 ? 1 : 0);
  labels.assign(repeated_labels.begin(), repeated_labels.begin() + 272);
  const Fit weighted =
      fit(mixture(Gaussians(2, 2)), x, {.sample_weight = w, .start = start::Labels{labels}});
  const Fit doubled =
      fit(mixture(Gaussians(2, 2)), repeated, {.start = start::Labels{repeated_labels}});
  EXPECT_NEAR(weighted.report.log_likelihood, doubled.report.log_likelihood, 1e-8);
  EXPECT_EQ(weighted.report.n, 322);
  EXPECT_NEAR(weighted.report.criteria.bic, doubled.report.criteria.bic, 1e-8);
  EXPECT_NEAR(weighted.report.criteria.icl, doubled.report.criteria.icl, 1e-6);
}

TEST(Fit, RowsOfWeightZeroChangeNothing) {
  const Matrix x = faithful();
  Matrix more(273, 2);
  more << x, Eigen::RowVector2d(1e6, -1e6);
  Vector w = Vector::Ones(273);
  w[272] = 0;
  std::vector<Index> labels;
  for (Index i = 0; i < 273; ++i) labels.push_back(more(i, 0) > 3 ? 1 : 0);
  const Fit with =
      fit(mixture(Gaussians(2, 2)), more, {.sample_weight = w, .start = start::Labels{labels}});
  labels.pop_back();
  const Fit without = fit(mixture(Gaussians(2, 2)), x, {.start = start::Labels{labels}});
  EXPECT_NEAR(with.report.log_likelihood, without.report.log_likelihood, 1e-7);
}

TEST(Fit, SameBitsForAnyNumberOfThreads) {
  const MixtureModel truth = mixture({0.3, 0.7}, Gaussians(1, 2), mixture(Gaussians(1, 2)));
  const Matrix x = truth.sample(3000, 2).x;
  const Fit one = fit(mixture(Gaussians(3, 2)), x, {.n_init = 4, .seed = 1, .threads = 1});
  for (const Index threads : {2, 7}) {
    const Fit many = fit(mixture(Gaussians(3, 2)), x, {.n_init = 4, .seed = 1, .threads = threads});
    EXPECT_EQ(many.report.objective_history, one.report.objective_history);
    EXPECT_EQ(many.model.responsibilities(x), one.model.responsibilities(x));
  }
}

TEST(Fit, TheSameSeedRepeatsAndStochasticAssignmentDependsOnIt) {
  const FitOptions options{.assignment = Stochastic{}, .n_init = 1, .max_iter = 150, .seed = 5};
  const auto history = [&](std::uint64_t seed) {
    FitOptions other = options;
    other.seed = seed;
    return fit(mixture(Gaussians(3, 2)), faithful(), other).report.objective_history;
  };
  EXPECT_EQ(history(5), history(5));
  EXPECT_NE(history(5), history(6));
}

TEST(Fit, EveryNamedStartReachesTheObviousOptimum) {
  const double best = fit(mixture(Gaussians(2, 2)), faithful(), {.seed = 1}).report.log_likelihood;
  for (const char* name :
       {"auto", "k-means++", "kmeans", "random", "hierarchical", "growing", "short-runs"}) {
    const Fit one =
        fit(mixture(Gaussians(2, 2)), faithful(), {.start = parse_start(name), .seed = 2});
    EXPECT_NEAR(one.report.log_likelihood, best, 0.01) << name;
  }
  EXPECT_THROW(parse_start("magic"), std::invalid_argument);
}

TEST(Fit, MoreEffortTriesMoreStarts) {
  std::vector<Report> reports;
  for (const char* name : {"fast", "default", "thorough"}) {
    EXPECT_EQ(to_string(parse_effort(name)), name);
    reports.push_back(fit(mixture(Gaussians(3, 2)), faithful(),
                          {.effort = parse_effort(name), .max_iter = 60, .seed = 1})
                          .report);
  }
  EXPECT_EQ(reports[0].starts, 3);
  EXPECT_EQ(reports[2].starts, 4 * reports[1].starts);
  EXPECT_LE(reports[0].completed, 3);
  EXPECT_THROW(parse_effort("standard"), std::invalid_argument);
}

TEST(Fit, WithFastEffortStopsWhereLittlePerRowIsToGain) {
  const auto fitted = [](Effort effort, double tol) {
    return fit(mixture(Gaussians(4, 2)), faithful(),
               {.start = start::Hierarchical{}, .effort = effort, .tol = tol})
        .report;
  };
  const Report quick = fitted(Effort::fast, 1e-7);
  const Report exact = fitted(Effort::standard, 1e-7);
  EXPECT_LT(quick.n_iter, exact.n_iter);
  EXPECT_NEAR(quick.log_likelihood, exact.log_likelihood, 272 * 5e-6 * 5);
  EXPECT_EQ(fitted(Effort::fast, 1).n_iter, fitted(Effort::standard, 1).n_iter);
}

TEST(Fit, RefusesNumbersThatCannotBeByName) {
  const MixtureModel guess = mixture(Untied<Normal>({Normal(-2, 2), Normal(1, 2)}));
  const Matrix x = guess.sample(50, 1).x;
  const auto complaint = [&](const FitOptions& options) -> std::string {
    try {
      (void)fit(guess, x, options);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_EQ(complaint({.max_iter = -5}), "fit: max_iter is -5; it must be at least 1");
  EXPECT_EQ(complaint({.max_iter = 0}), "fit: max_iter is 0; it must be at least 1");
  EXPECT_EQ(complaint({.n_init = -5}), "fit: n_init is -5; it must be at least 0");
  EXPECT_EQ(complaint({.threads = -2}), "fit: threads is -2; it must be at least 0");
  EXPECT_NE(complaint({.tol = quiet_nan}).find("tol is NaN"), std::string::npos);
  // A negative tolerance is met by no gain.
  const Report report =
      fit(guess, x, {.start = start::Parameters{}, .tol = -1, .max_iter = 40}).report;
  EXPECT_EQ(report.stop, Stop::max_iterations);
  EXPECT_EQ(report.n_iter, 40);
  EXPECT_THROW((void)guess.sample(-1, 1), std::invalid_argument);
}

TEST(Fit, StartsFromGivenResponsibilitiesAndParameters) {
  const Matrix x = faithful();
  const Fit first = fit(mixture(Gaussians(2, 2)), x, {.seed = 1});
  const Fit again = fit(mixture(Gaussians(2, 2)), x,
                        {.start = start::Responsibilities{first.model.responsibilities(x)}});
  EXPECT_NEAR(again.report.log_likelihood, first.report.log_likelihood, 1e-3);
  const Fit warm = fit(first.model, x, {.start = start::Parameters{}});
  EXPECT_GE(warm.report.log_likelihood, first.report.log_likelihood - 1e-9);
  EXPECT_LE(warm.report.n_iter, 5);
}

TEST(Fit, FromParametersMadeInCodeLearnsTheScaleOfTheDataAndKeepsThem) {
  const Matrix x = faithful();
  const Matrix means{{2, 54}, {4.3, 80}};
  const std::vector<Matrix> covariances(2, Matrix{{0.1, 0}, {0, 36}});
  const MixtureModel given{AnyFamily(Gaussians(means, covariances))};
  const Fit warm = fit(given, x, {.start = start::Parameters{}});
  EXPECT_NEAR(warm.report.objective_history.front(), given.log_likelihood(x), 1e-6);
  EXPECT_NEAR(warm.report.log_likelihood, fit(given, x, {.seed = 1}).report.log_likelihood, 0.01);

  // Without the data's scale a component on rows that are all the same has no variance at all.
  Matrix tied(12, 1);
  tied << 1, 1, 1, 1, 5, 6, 7, 8, 9, 10, 11, 12;
  const MixtureModel narrow = mixture({0.5, 0.5}, Normal(1, 0.01), Normal(8, 3));
  const Fit flagged = fit(narrow, tied, {.start = start::Parameters{}});
  EXPECT_EQ(flagged.report.falls, 0);
  EXPECT_TRUE(std::isfinite(flagged.report.log_likelihood));
  EXPECT_TRUE(flagged.report.flagged);
}

TEST(Fit, ShiftAndScaleOfTheDataLeaveResponsibilitiesAsTheyAre) {
  const Matrix x = faithful();
  const Matrix expected = fit(mixture(Gaussians(3, 2)), x, {.seed = 1}).model.responsibilities(x);
  const auto expect_close = [&](const Matrix& y, double tolerance, const char* what) {
    const Matrix r = fit(mixture(Gaussians(3, 2)), y, {.seed = 1}).model.responsibilities(y);
    EXPECT_LT((r - expected).cwiseAbs().maxCoeff(), tolerance) << what;
  };
  // Shifted by 1e8, the data themselves keep eight digits of their spread.
  expect_close((x.array() + 1e8).matrix(), 1e-5, "shift by 1e8");
  expect_close(x * 1e8, 1e-7, "scale by 1e8");
  expect_close(x * 1e-8, 1e-9, "scale by 1e-8");
}

TEST(Fit, PrefersAnOptimumWithoutSpuriousComponents) {
  // Three rows tied at one value: a component on them alone has unbounded likelihood.
  Matrix x = mixture({0.5, 0.5}, Normal(-3, 1), Normal(3, 1)).sample(60, 11).x;
  x.topRows(3).setConstant(0.123);
  const Fit best = fit(mixture(Gaussians(2, 1)), x, {.seed = 1});
  EXPECT_FALSE(best.report.flagged);
  const Gaussians& gaussians = *best.model.family().as<Gaussians>();
  EXPECT_GT(gaussians.covariance(0)(0, 0), 0.1);
  EXPECT_GT(gaussians.covariance(1)(0, 0), 0.1);
}

// Matrices without orientation need no scatter in all directions.
bool is_oriented(Structure structure) { return parts(structure).orientation != Part::identity; }

// Normal rows; the last column is the sum of the others.
Matrix collinear(Index rows, Index columns) {
  Matrix x = mixture(Gaussians(1, columns)).sample(rows, 5).x;
  x.col(columns - 1) = x.leftCols(columns - 1).rowwise().sum();
  return x;
}

TEST(Fit, FlagsLikelihoodsThatTheFloorMakes) {
  const std::map<std::string, Matrix> singular{{"of 3", collinear(60, 3)},
                                               {"of 12", mixture(Gaussians(1, 12)).sample(6, 1).x}};
  for (const auto& [directions, x] : singular) {
    const Index d = x.cols();
    for (const Structure structure : all_structures()) {
      const Fit one = fit(mixture(Gaussians(1, d, {.structure = structure})), x, {.seed = 1});
      EXPECT_EQ(one.report.flagged, is_oriented(structure)) << to_string(structure);
      if (!is_oriented(structure)) continue;
      EXPECT_THAT(one.report.warnings, Contains(HasSubstr("span only"))) << to_string(structure);
      EXPECT_THAT(one.report.warnings, Contains(HasSubstr(directions)));
      EXPECT_TRUE(
          fit(mixture(Gaussians(3, d, {.structure = structure})), x, {.seed = 1}).report.flagged);
    }
    for (const Scale scale : {Scale::common, Scale::per_component}) {
      const Fit one = fit(mixture(StudentT(1, d, {.scale = scale})), x, {.seed = 1});
      EXPECT_THAT(one.report.warnings, Contains(HasSubstr("span only")));
      EXPECT_TRUE(one.report.flagged);
    }
  }
  // Nearly collinear rows have a likelihood of their own.
  Matrix x = collinear(60, 3);
  x.col(2) += 1e-3 * mixture(Normal(0, 1)).sample(60, 3).x.col(0);
  EXPECT_FALSE(fit(mixture(Gaussians(1, 3)), x, {.seed = 1}).report.flagged);
}

// Passes of all starts together.
Index passes_of_a_fit(const MixtureModel& model, const Matrix& x, Report& report) {
  std::atomic<Index> passes = 0;
  report =
      fit(model, x, {.seed = 1, .progress = [&](const Progress&) { return ++passes > 0; }}).report;
  return passes;
}

// The floor alone gives these rows a width; rounding of it must not keep EM busy.
TEST(Fit, OfADoubledColumnEndsSoon) {
  Matrix x = mixture(Gaussians(1, 2)).sample(50, 2).x;
  x.col(1) = x.col(0);
  for (const Structure structure : all_structures()) {
    const Fit one = fit(mixture(Gaussians(1, 2, {.structure = structure})), x, {.seed = 1});
    EXPECT_EQ(one.report.stop, Stop::converged) << to_string(structure);
    EXPECT_LT(one.report.n_iter, 50) << to_string(structure);
    EXPECT_EQ(one.report.flagged, is_oriented(structure)) << to_string(structure);
  }
}

TEST(Fit, OfFewerRowsThanColumnsEndsSoon) {
  const Matrix x = mixture(Gaussians(1, 12)).sample(6, 1).x;
  for (const Structure structure : all_structures()) {
    for (const Index k : {1, 2, 3}) {
      Report report;
      const MixtureModel model = mixture(Gaussians(k, 12, {.structure = structure}));
      const Index passes = passes_of_a_fit(model, x, report);
      EXPECT_TRUE(report.converged) << to_string(structure) << k;
      EXPECT_LE(passes, 5000) << to_string(structure) << k;
      EXPECT_LE(report.starts, is_oriented(structure) ? 4 : 200) << to_string(structure) << k;
    }
  }
}

TEST(Fit, UglyDataGiveADefinedResult) {
  Matrix tied(40, 2);
  for (Index i = 0; i < 40; ++i)
    tied.row(i) << static_cast<double>(i % 4), static_cast<double>((i % 4) * (i % 3));
  for (const Index k : {1, 2, 4, 7}) {
    const Fit result = fit(mixture(Gaussians(k, 2)), tied, {.seed = 1});
    EXPECT_TRUE(std::isfinite(result.report.log_likelihood)) << k;
    EXPECT_TRUE(result.model.weights().allFinite());
  }
  const Matrix wide = mixture(Gaussians(1, 8)).sample(5, 1).x;  // fewer rows than columns
  EXPECT_TRUE(std::isfinite(fit(mixture(Gaussians(2, 8)), wide).report.log_likelihood));
  const Matrix one = Matrix::Constant(1, 1, 3.0);
  EXPECT_EQ(fit(mixture(Poisson(1)), one).report.stop, Stop::converged);
}

TEST(Fit, WrongArgumentsSayWhatValueLimitAndRemedy) {
  const Matrix x = faithful();
  EXPECT_THAT(error_of(mixture(Gaussians(2, 3)), x), HasSubstr("3 columns, but the data have 2"));
  EXPECT_THAT(error_of(mixture(Gaussians(5, 2)), x.topRows(4)),
              HasSubstr("5 components for 4 rows"));
  Matrix hole = x;
  hole(7, 1) = quiet_nan;
  EXPECT_THAT(error_of(mixture(Untied(Multinomial(2), 2)), hole),
              HasSubstr("row 8, column 2: the value is missing"));
  Matrix constant = x;
  constant.col(1).setConstant(4);
  EXPECT_THAT(error_of(mixture(Gaussians(2, 2)), constant), HasSubstr("column 2"));
  EXPECT_THAT(error_of(mixture(Untied(Poisson(2), 2)), x), HasSubstr("column 1"));
  EXPECT_THAT(error_of(mixture(Gaussians(2, 2)), x, {.sample_weight = Vector::Ones(3)}),
              HasSubstr("3 sample weights for 272 rows"));
  EXPECT_THAT(error_of(mixture(Gaussians(2, 2)), x, {.sample_weight = Vector::Constant(272, -1.0)}),
              HasSubstr("non-negative"));
  EXPECT_THAT(error_of(mixture(Gaussians(2, 2)), x, {.start = start::Labels{{0, 1}}}),
              HasSubstr("2 start labels for 272 rows"));
  EXPECT_THAT(
      error_of(mixture(Gaussians(2, 2)), x, {.sample_weight = Vector::Constant(272, 1e307)}),
      HasSubstr("sum of the sample weights"));
  const auto from = [&](double share) {
    return error_of(mixture(Gaussians(2, 2)), x,
                    {.start = start::Responsibilities{Matrix::Constant(272, 2, share)}});
  };
  EXPECT_THAT(from(0), HasSubstr("all start responsibilities are 0"));
  EXPECT_THAT(from(-1), HasSubstr("must be non-negative"));
  EXPECT_THAT(from(infinity), HasSubstr("row 1 for component 1 is inf"));
  EXPECT_THAT(from(quiet_nan), HasSubstr("row 1 for component 1 is nan"));
}

TEST(Fit, HasMoreComponentsThanDifferentRows) {
  Matrix x(40, 2);
  for (Index i = 0; i < 40; ++i) x.row(i) << static_cast<double>(i % 4), static_cast<double>(i % 2);
  const auto components = [](Index k) {
    return std::vector<MixtureModel>{mixture(Gaussians(k, 2, {.structure = Structure::EII})),
                                     mixture(Untied(Poisson(2), k))};
  };
  for (std::size_t family = 0; family < 2; ++family) {
    const double four = fit(components(4)[family], x, {.seed = 1}).report.log_likelihood;
    const Fit five = fit(components(5)[family], x, {.seed = 1});
    EXPECT_EQ(five.model.n_components(), 5);
    EXPECT_TRUE(std::isfinite(five.report.log_likelihood));
    // Gaussians collapse on four points, not on five.
    if (family == 1) {
      EXPECT_GE(five.report.log_likelihood, four - 1e-3);
    }
  }
  EXPECT_THAT(error_of(mixture(Untied(Poisson(2), 41)), x), HasSubstr("41 components for 40 rows"));
}

TEST(Fit, CallsForProgressOneAtATime) {
  std::atomic<int> inside = 0;
  int together = 0;
  const FitOptions options{.n_init = 12, .threads = 4, .progress = [&](const Progress&) {
                             if (++inside > 1) ++together;
                             --inside;
                             return true;
                           }};
  (void)fit(mixture(Gaussians(3, 2)), faithful(), options);
  EXPECT_EQ(together, 0);
}

TEST(Fit, TheProgressCallbackEndsTheFitWithTheBestSoFar) {
  Index calls = 0;
  const Fit stopped = fit(mixture(Gaussians(3, 2)), faithful(),
                          {.progress = [&](const Progress&) { return ++calls < 10; }});
  EXPECT_EQ(stopped.report.stop, Stop::interrupted);
  EXPECT_FALSE(stopped.report.converged);
  EXPECT_TRUE(std::isfinite(stopped.report.log_likelihood));
  EXPECT_LE(calls, 12);
}

TEST(Fit, SearchesLargeDataOnAPartOfTheRows) {
  const MixtureModel truth = mixture({0.2, 0.3, 0.5}, Normal(-6, 1), Normal(0, 1), Normal(6, 1));
  const Matrix x = truth.sample(60000, 3).x;
  const Fit large = fit(mixture(Untied(Normal(), 3)), x, {.seed = 1});
  EXPECT_GT(large.report.starts, 1);
  EXPECT_GT(large.report.log_likelihood, truth.log_likelihood(x));
  EXPECT_NEAR(large.model.weights()[0], 0.2, 0.01);
}

TEST(Fit, EvaluateJudgesAModelWithoutChangingIt) {
  const Matrix x = faithful();
  const Fit best = fit(mixture(Gaussians(2, 2)), x, {.seed = 1});
  const Report report = evaluate(best.model, x);
  EXPECT_EQ(report.log_likelihood, best.report.log_likelihood);
  EXPECT_EQ(report.criteria.bic, best.report.criteria.bic);
}

TEST(Fit, ANewPolicyOfAnnealedOrStochasticKindIsReallyUsed) {
  // Two well separated groups: plain EM would have converged long before.
  const Matrix x = mixture({0.5, 0.5}, Normal(0, 1), Normal(20, 1)).sample(300, 3).x;
  const Fit annealed = fit(mixture(Untied(Normal(), 2)), x,
                           {.assignment = Annealed{.first = 0.5, .steps = 10}, .seed = 1});
  EXPECT_GE(annealed.report.n_iter, 50);  // 10 stages of 5 passes
  const Fit stochastic =
      fit(mixture(Untied(Normal(), 2)), x, {.assignment = Stochastic{}, .seed = 1});
  EXPECT_EQ(stochastic.report.stop, Stop::no_improvement);
}

TEST(Fit, HardAssignmentOfStudentTGoesOnUntilItsParametersRest) {
  const Matrix x = faithful();
  const Fit hard = fit(mixture(StudentT(2, 2)), x, {.assignment = Hard{}, .seed = 1});
  EXPECT_EQ(hard.report.stop, Stop::labels_repeat);
  const Fit further = fit(hard.model, x, {.assignment = Hard{}, .start = start::Parameters{}});
  EXPECT_LT(further.report.objective - hard.report.objective, 0.01);
}

TEST(Fit, MaxIterBoundsThePassesOfARun) {
  for (const Index most : {1, 7, 30}) {
    const Fit short_fit = fit(mixture(Gaussians(5, 4)), iris(), {.max_iter = most, .seed = 1});
    EXPECT_LE(short_fit.report.n_iter, most);
  }
}

TEST(Fit, ARunWhoseDensitiesBecomeNaNLosesToAnyOther) {
  // Broken where the mean passes 3.
  struct Fragile : Normal {
    void log_density(Rows x, VectorRef out) const {
      Normal::log_density(x, out);
      if (mean() > 3) out.setConstant(quiet_nan);
    }
  };
  const Matrix x = mixture({0.5, 0.5}, Normal(0, 1), Normal(2, 1)).sample(60, 3).x;
  FitOptions options{.start = start::Responsibilities{Matrix::Constant(60, 1, 1)}};
  Matrix shifted = Matrix::Zero(60, 1);
  Index top = 0;
  x.col(0).maxCoeff(&top);
  shifted(top, 0) = 1;  // a first mean beyond 3
  ASSERT_GT(x(top, 0), 3);
  options.more_starts = {options.start};
  options.start = start::Responsibilities{shifted};
  const Fit best = fit(mixture(Untied(Fragile{}, 1)), x, options);
  EXPECT_TRUE(std::isfinite(best.report.log_likelihood));
}

TEST(Fit, EqualWeightsAreEqualFromGivenParametersToo) {
  const MixtureModel given = mixture({0.25, 0.75}, Normal(2, 0.3), Normal(4.3, 0.4));
  const Fit equal =
      fit(given, faithful().col(0), {.mixing = MixingWeights::equal, .start = start::Parameters{}});
  EXPECT_EQ(equal.model.weights(), Vector::Constant(2, 0.5));
}

TEST(Fit, KnownLabelsSurviveEveryStartAndPolicyForEmptyComponents) {
  const Matrix x = iris();
  std::vector<Index> labels;
  for (Index i = 0; i < x.rows(); ++i) labels.push_back(i < 50 ? 0 : 2);
  for (const Start& start : {Start(start::Growing{}), Start(start::Auto{})}) {
    FitOptions options{.assignment = Known{labels}, .start = start, .seed = 1};
    options.empty = EmptyComponent::drop;
    const Fit best = fit(mixture(Gaussians(3, 4, {.structure = Structure::EEE})), x, options);
    EXPECT_EQ(best.model.n_components(), 3);
    EXPECT_TRUE(std::isfinite(best.report.log_likelihood));
  }
}

TEST(Fit, EqualPointsOfDifferentRowsAreNoTrouble) {
  // Different rows with the same proportions: seeds and trees see one point.
  Matrix x(4, 2);
  x << 1, 1, 2, 2, 3, 3, 4, 4;
  const Fit best = fit(mixture(Untied(Multinomial(2), 2)), x, {.seed = 1});
  EXPECT_TRUE(std::isfinite(best.report.log_likelihood));
}

TEST(KMeans, ValuesOfAnySizeWithSquaresAreNoTrouble) {
  const std::vector<Index> labels = kmeans(faithful(), 2).labels;
  // Powers of two change no digit.
  for (const double unit : {std::exp2(-470), std::exp2(480)}) {
    EXPECT_EQ(kmeans(faithful() * unit, 2).labels, labels) << unit;
  }
  EXPECT_THROW(kmeans(faithful() * 1e160, 2), std::invalid_argument);
}

// Says of each row where it stands, and insists on seeing all of them.
struct ByRow {
  Index rows = 0;
  void assign(const BlockContext& context, MatrixRef l, VectorRef term) const {
    if (context.first_row + l.rows() > rows) throw std::logic_error("a row that is not there");
    if (context.first_row + l.rows() == rows) *seen = true;
    Soft{}.assign(context, l, term);
  }
  std::shared_ptr<bool> seen = std::make_shared<bool>(false);
};

TEST(Fit, APolicyOfOnesOwnSeesAllRowsInTheirPlaces) {
  const Matrix x = faithful().col(1);  // whole minutes, most of them several times
  const ByRow policy{.rows = x.rows()};
  fit(mixture(Untied(Normal(), 2)), x, {.assignment = policy, .seed = 1});
  EXPECT_TRUE(*policy.seen);
}

TEST(Fit, NamesASpuriousComponentByTheNumberItHasInTheResult) {
  // One component on two rows that are all but equal, above the others.
  Matrix x(22, 1);
  for (Index i = 0; i < 20; ++i) x(i, 0) = 0.1 * static_cast<double>(i * i);
  x(20, 0) = 100;
  x(21, 0) = 100 + 1e-7;
  std::vector<Index> labels(22, 1);
  labels[20] = labels[21] = 0;
  const Fit flagged =
      fit(mixture(Gaussians(2, 1)), x, {.start = start::Responsibilities{[&] {
                                          Matrix r = Matrix::Zero(22, 2);
                                          for (Index i = 0; i < 22; ++i) {
                                            r(i, labels[static_cast<std::size_t>(i)]) = 1;
                                          }
                                          return r;
                                        }()}});
  ASSERT_TRUE(flagged.report.flagged);
  EXPECT_THAT(flagged.report.warnings.back(),
              HasSubstr("spurious: component 1: it holds 2.0 rows"));
}

TEST(Fit, ReportsWhatEvaluateIsGivenWrong) {
  const Fit best = fit(mixture(Gaussians(2, 2)), faithful(), {.seed = 1});
  EXPECT_THROW(evaluate(best.model, iris()), std::invalid_argument);
  EXPECT_THROW(evaluate(best.model, faithful(), {.sample_weight = Vector::Ones(3)}),
               std::invalid_argument);
  EXPECT_NEAR(evaluate(best.model, faithful()).log_likelihood, best.report.log_likelihood, 1e-8);
  FitOptions more;
  more.more_starts = {start::Labels{{0, 1}}};
  EXPECT_THAT(error_of(mixture(Gaussians(2, 2)), faithful(), more), HasSubstr("2 start labels"));
}

TEST(Fit, ASearchOnPartOfTheRowsMissesNothingThatVaries) {
  // Only 3 of 60000 rows differ in the second column.
  Matrix x = mixture(Gaussians(1, 2)).sample(60000, 5).x;
  x.col(1).setZero();
  for (Index i = 0; i < 3; ++i) x(20000 * i, 1) = static_cast<double>(1 + i);
  const Fit best = fit(mixture(Gaussians(1, 2, {.structure = Structure::VVI})), x, {.seed = 1});
  EXPECT_TRUE(std::isfinite(best.report.log_likelihood));
  // All the weight on few rows.
  Vector w = Vector::Zero(60000);
  w.head(100).setOnes();
  const Matrix y = mixture(Gaussians(1, 2)).sample(60000, 5).x;
  const Fit weighted = fit(mixture(Gaussians(2, 2)), y, {.sample_weight = w, .seed = 1});
  EXPECT_NEAR(weighted.report.log_likelihood,
              fit(mixture(Gaussians(2, 2)), y.topRows(100), {.seed = 1}).report.log_likelihood,
              0.01);
}

Matrix normal_rows(Index n, Index d) {
  Rng rng(11);
  Matrix x(n, d);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = standard_normal(rng);
  return x;
}

TEST(Fit, WarnsOfDegreesOfFreedomThatEndAtTheUpperBound) {
  Matrix x = normal_rows(200, 2);
  for (Index i = 0; i < 200; ++i) {
    // No tails at all: the less normal the better for large degrees of freedom.
    x.row(i) /= x.row(i).norm();
    if (i % 2 == 1) x(i, 0) += 50;
  }
  const std::string ended = "degrees of freedom ended at the upper bound of their search, 10000";
  const Fit own = fit(mixture(StudentT(2, 2)), x, {.seed = 1});
  EXPECT_THAT(own.report.warnings,
              Contains(AllOf(StartsWith("component 1, 2: its "), HasSubstr(ended))));
  EXPECT_FALSE(own.report.flagged);
  EXPECT_EQ(own.report.parameter_count, 2 * (2 + 3 + 1) + 1);  // still counted

  const Fit shared = fit(mixture(StudentT(2, 2, {.degrees_of_freedom = DegreesOfFreedom::shared})),
                         x, {.seed = 1});
  EXPECT_THAT(shared.report.warnings, Contains(HasSubstr("the shared " + ended)));

  const Fit fixed =
      fit(mixture(StudentT(2, 2, {.degrees_of_freedom = DegreesOfFreedom::fixed, .dof = 1e4})), x,
          {.seed = 1});
  EXPECT_THAT(fixed.report.warnings, Not(Contains(HasSubstr("degrees of freedom"))));
}

TEST(Fit, NamesOnlyTheComponentWhoseDegreesOfFreedomEndAtTheLowerBound) {
  Matrix x(300, 1);
  for (Index i = 0; i < 150; ++i) {
    const double sign = i % 2 == 0 ? 1 : -1;
    const double tail = (static_cast<double>(i) + 0.5) / 150;
    x(i, 0) = 10 + sign * (std::pow(tail, -2.8) - 1) / 6;     // P(|x - 10| > q) falls as q^-0.36
    x(i + 150, 0) = -10 + sign * (std::pow(tail, -0.5) - 1);  // as q^-2
  }
  std::vector<Index> labels(300, 0);
  std::fill(labels.begin() + 150, labels.end(), 1);
  const Fit result = fit(mixture(StudentT(2, 1)), x, {.assignment = Known{labels}});
  EXPECT_THAT(result.report.warnings,
              Contains("component 1: its degrees of freedom ended at the lower bound of their "
                       "search, 0.5, as when many rows are equal or far away"));
  EXPECT_THAT(result.report.warnings, Not(Contains(StartsWith("component 2"))));
}

TEST(Fit, PassesOnTheCautionsOfBlocksAndOfFamiliesBesideEachOther) {
  const Matrix x = normal_rows(100, 2).rowwise().normalized();
  const Fit blocks =
      fit(mixture(Product({{{0}, Gaussians(1, 1)}, {{1}, StudentT(1, 1)}})), x, {.seed = 1});
  EXPECT_THAT(blocks.report.warnings, Contains(HasSubstr("upper bound")));
  const Fit beside = fit(mixture(StudentT(1, 2), UniformBox::around(x)), x, {.seed = 1});
  EXPECT_THAT(beside.report.warnings, Contains(StartsWith("component 1: its degrees of freedom")));
}

// Without the gate, with it and with a prior: noise stays last, whatever its numbers.
TEST(Fit, OrdersComponentsWithinTheirFamiliesBehindAGateAndWithAPriorToo) {
  Matrix x(330, 2);
  x << mixture({0.5, 0.5}, Normal(-5, 1), Normal(5, 1)).sample(300, 1).x,
      Vector::LinSpaced(30, -60, 60), normal_rows(330, 1);
  const AnyFamily family =
      FamilyList({AnyFamily(Untied(Normal(), 2)),
                  AnyFamily(Untied(UniformBox(Vector{{-60.0}}, Vector{{60.0}}), 1))});
  const auto expect_order = [](const AnyFamily& fitted) {
    const auto* list = fitted.as<FamilyList>();
    ASSERT_NE(list, nullptr);
    const auto* normals = list->families()[0].as<Untied<Normal>>();
    EXPECT_LT(normals->component(0).mean(), -3);
    EXPECT_GT(normals->component(1).mean(), 3);
  };
  for (const std::uint64_t seed : {1, 2, 3}) {
    const FitOptions options{.seed = seed};
    const Fit gated = fit(mixture(Gated(family, {1})), x, options);
    expect_order(gated.model.family().as<Gated>()->family());
    const Matrix own = x.leftCols(1);
    expect_order(fit(MixtureModel(family), own, options).model.family());
    const Fit prior = fit(MixtureModel(AnyFamily(WithImaginaryRows(family, 1))), own, options);
    expect_order(prior.model.family().as<WithImaginaryRows>()->family());
  }
}

}  // namespace
}  // namespace mix
