#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mix/distributions/gaussians.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/student_t.h"
#include "mix/models/fit.h"
#include "mix/parallel.h"
#include "support/gaussian_data.h"

namespace mix {
namespace {

using testing::HasSubstr;
using testing_support::three_groups;

// A mixture of overlapping normal columns, from seeds that are far from its optimum.
MixtureState seeded(const AnyFamily& family, const Matrix& x) {
  FitOptions options;
  options.start = start::KMeansPlusPlus{};
  options.n_init = 1;
  options.max_iter = 2;
  return fit(MixtureModel(family), x, options).model.state();
}

struct Runs {
  EmReport plain;
  EmReport extrapolated;
};

Runs run_both(const MixtureState& start, const Matrix& x, EmOptions options) {
  const Vector w = Vector::Ones(x.rows());
  Runs runs;
  MixtureState state = start;
  state.family.prepare(x, w);
  MixtureState other = state;
  options.acceleration = Acceleration::none;
  runs.plain = run_em(state, x, w, options);
  options.acceleration = Acceleration::automatic;
  runs.extrapolated = run_em(other, x, w, options);
  return runs;
}

Matrix overlapping_counts(Index n) {
  Matrix x(n, 1);
  Rng rng(3);
  for (Index i = 0; i < n; ++i) {
    x(i, 0) = static_cast<double>(poisson(rng, i % 3 == 0 ? 4.0 : 7.0));
  }
  return x;
}

TEST(Acceleration, ReachesTheOptimumOfSlowRunsInAThirdOfThePasses) {
  // Overlapping counts, and more components than there are groups.
  const Matrix x = three_groups(600, 3).x;
  const Matrix counts = overlapping_counts(500);
  const std::vector<std::pair<AnyFamily, Matrix>> cases = {
      {Gaussians(6, 3), x},
      {Gaussians(6, 3, {.structure = Structure::VVI}), x},
      {Gaussians(6, 3, {.structure = Structure::EEE}), x},
      {Gaussians(6, 3, {.structure = Structure::VEE}), x},
      {StudentT(4, 3, {.degrees_of_freedom = DegreesOfFreedom::fixed}), x},
      {Untied(Poisson(1), 2), counts}};
  double logarithm = 0;
  for (const auto& [family, rows] : cases) {
    const Runs runs = run_both(seeded(family, rows), rows, {.tol = 1e-6, .max_iter = 100000});
    EXPECT_EQ(runs.plain.stop, Stop::converged) << family.title();
    EXPECT_EQ(runs.extrapolated.stop, Stop::converged) << family.title();
    EXPECT_GT(runs.extrapolated.objective, runs.plain.objective - 1e-4) << family.title();
    EXPECT_LE(runs.extrapolated.n_iter, runs.plain.n_iter) << family.title();
    logarithm += std::log(static_cast<double>(runs.extrapolated.n_iter) /
                          static_cast<double>(runs.plain.n_iter));
  }
  EXPECT_LT(std::exp(logarithm / static_cast<double>(cases.size())), 1.0 / 3);
}

class AccelerationOfStructure : public testing::TestWithParam<Structure> {};

TEST_P(AccelerationOfStructure, KeepsTheStructureAndNeverLowersTheObjective) {
  const Matrix x = three_groups(400, 3).x;
  const Gaussians family(3, 3, {.structure = GetParam()});
  MixtureState state = seeded(family, x);
  const Vector w = Vector::Ones(x.rows());
  state.family.prepare(x, w);
  const EmReport report =
      run_em(state, x, w, {.tol = 1e-6, .max_iter = 100000, .acceleration = Acceleration::squarem});
  EXPECT_EQ(report.stop, Stop::converged);
  EXPECT_EQ(report.falls, 0);
  EXPECT_GT(report.extrapolations, 0);
  const std::vector<double>& history = report.objective_history;
  EXPECT_EQ(report.n_iter, static_cast<Index>(history.size()) + report.rejections);
  for (std::size_t i = 1; i < history.size(); ++i) EXPECT_GE(history[i], history[i - 1] - 1e-8);
  // Its end is one of EM: plain steps gain nothing more.
  const EmReport more = run_em(state, x, w, {.tol = -1, .max_iter = 200});
  EXPECT_LT(more.objective - report.objective, 1e-3);
}

INSTANTIATE_TEST_SUITE_P(All, AccelerationOfStructure, testing::ValuesIn(distinct_structures(3)),
                         [](const auto& structure) { return to_string(structure.param); });

TEST(Acceleration, LeavesAFixedPointWhereItIs) {
  const Matrix x = three_groups(300, 2).x;
  const Vector w = Vector::Ones(x.rows());
  MixtureState state = seeded(Gaussians(3, 2), x);
  state.family.prepare(x, w);
  run_em(state, x, w, {.tol = -1, .max_iter = 5000});
  const Matrix before = responsibilities(state, x);
  run_em(state, x, w, {.tol = -1, .max_iter = 60, .acceleration = Acceleration::squarem});
  EXPECT_LT((responsibilities(state, x) - before).cwiseAbs().maxCoeff(), 1e-5);
}

TEST(Acceleration, HasTheSameBitsForAnyNumberOfThreads) {
  const Matrix x = three_groups(3000, 3).x;
  const Vector w = Vector::Ones(x.rows());
  const MixtureState start = seeded(Gaussians(4, 3), x);
  std::vector<EmReport> reports;
  for (const Index threads : {1, 3}) {
    MixtureState state = start;
    state.family.prepare(x, w);
    with_threads(threads, [&] {
      reports.push_back(
          run_em(state, x, w, {.max_iter = 100, .acceleration = Acceleration::automatic}));
    });
  }
  EXPECT_EQ(reports[0].objective_history, reports[1].objective_history);
}

TEST(Acceleration, StaysWithinTheLargestNumberOfPasses) {
  const Matrix x = three_groups(300, 2).x;
  const Vector w = Vector::Ones(x.rows());
  const MixtureState start = seeded(Gaussians(5, 2), x);
  for (Index most = 1; most < 30; ++most) {
    MixtureState state = start;
    state.family.prepare(x, w);
    const EmReport report =
        run_em(state, x, w, {.tol = -1, .max_iter = most, .acceleration = Acceleration::squarem});
    EXPECT_EQ(report.n_iter, most);
    EXPECT_NEAR(report.objective, log_likelihood(state, x, w) + state.family.log_prior(), 1e-6);
  }
}

// The line of a component's mean, with no coordinates.
class Line {
 public:
  Index dimension() const { return 1; }
  Index parameter_count() const { return 1; }
  void log_density(Rows x, VectorRef out) const {
    out = -0.5 * (x.col(0).array() - mean_).square() - 0.9189385332046727;
  }
  void fit(Rows x, Weights w) {
    if (w.sum() > 0) mean_ = w.dot(x.col(0)) / w.sum();
  }

 private:
  double mean_ = 0;
};

TEST(Acceleration, OfAFamilyWithoutCoordinatesIsNone) {
  const Matrix x = three_groups(300, 1).x;
  const MixtureState start = seeded(Untied(Line(), 2), x);
  const Runs runs = run_both(start, x, {.tol = 1e-6, .max_iter = 1000});
  EXPECT_EQ(runs.plain.objective_history, runs.extrapolated.objective_history);
  EXPECT_EQ(runs.extrapolated.extrapolations, 0);
}

TEST(Acceleration, OfAComponentWithoutRowsKeepsItEmpty) {
  const Matrix x = three_groups(300, 1).x;
  const Vector w = Vector::Ones(x.rows());
  Matrix far(3, 1);
  far << 0, 5, 1e6;
  MixtureState state{Vector::Constant(3, 1.0 / 3),
                     Gaussians(far, {Matrix::Ones(1, 1), Matrix::Ones(1, 1), Matrix::Ones(1, 1)})};
  state.family.prepare(x, w);
  const EmReport report =
      run_em(state, x, w, {.max_iter = 1000, .acceleration = Acceleration::squarem});
  EXPECT_EQ(state.weights[2], 0);
  EXPECT_TRUE(std::isfinite(report.objective));
}

TEST(Acceleration, HasNames) {
  for (const Acceleration a : {Acceleration::none, Acceleration::automatic, Acceleration::squarem,
                               Acceleration::anderson}) {
    EXPECT_EQ(parse_acceleration(to_string(a)), a);
  }
  try {
    parse_acceleration("fast");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("\"fast\"; the known ones are auto, none, squarem, anderson"));
  }
}

}  // namespace
}  // namespace mix
