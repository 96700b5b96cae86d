#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "mix/distributions/gaussians.h"
#include "mix/distributions/laplace.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/student_t.h"
#include "mix/em.h"
#include "mix/models/fit.h"
#include "mix/parallel.h"
#include "mix/untied.h"

namespace mix {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

struct SaemCase {
  std::string name;
  MixtureModel truth;
};

void PrintTo(const SaemCase& c, std::ostream* out) { *out << c.name; }

MixtureModel two_gaussians(Structure structure) {
  const std::vector<Matrix> round(2, Matrix::Identity(2, 2));
  return mixture(Gaussians(Matrix{{0, 0}, {3, 1}}, round, {.structure = structure}));
}

std::vector<SaemCase> saem_cases() {
  return {{"normal", mixture({0.3, 0.7}, Normal(-1, 1), Normal(2, 0.7))},
          {"poisson", mixture({0.4, 0.6}, Poisson(Vector{{3.0}}), Poisson(Vector{{9.0}}))},
          {"gaussian_VVV", two_gaussians(Structure::VVV)},
          {"gaussian_EEE", two_gaussians(Structure::EEE)}};
}

// The largest derivative of the log-likelihood along a coordinate of the components, per row.
double score_norm(const MixtureState& state, Rows x, Weights w) {
  constexpr double h = 1e-4;
  const Vector at = state.family.coordinates();
  double largest = 0;
  for (Index i = 0; i < at.size(); ++i) {
    const auto moved = [&](double step) {
      MixtureState next = state;
      Vector v = at;
      v[i] += step;
      next.family.set_coordinates(v);
      return log_likelihood(next, x, w);
    };
    largest = std::max(largest, std::abs(moved(h) - moved(-h)) / (2 * h * w.sum()));
  }
  return largest;
}

class SaemOf : public ::testing::TestWithParam<SaemCase> {};

INSTANTIATE_TEST_SUITE_P(Families, SaemOf, ::testing::ValuesIn(saem_cases()),
                         [](const auto& test) { return test.param.name; });

TEST_P(SaemOf, ConvergesToTheStationaryPointOfSoftAssignment) {
  const Matrix x = GetParam().truth.sample(1500, 1).x;
  const Vector w = Vector::LinSpaced(x.rows(), 0.5, 1.5);
  MixtureState soft = GetParam().truth.state();
  const EmReport best = run_em(soft, x, w, {.tol = 1e-9, .max_iter = 20000});
  MixtureState drawn = GetParam().truth.state();
  const EmReport rough = run_em(drawn, x, w, {.assignment = Stochastic{}, .seed = 3});
  MixtureState state = GetParam().truth.state();
  const EmReport report = run_em(state, x, w, {.assignment = Saem{}, .seed = 3});
  EXPECT_EQ(report.stop, Stop::no_improvement);
  EXPECT_EQ(report.falls, 0);
  EXPECT_NEAR(report.log_likelihood, best.log_likelihood, 0.01);
  EXPECT_NEAR(report.log_likelihood, log_likelihood(state, x, w), 1e-9);
  EXPECT_LT(score_norm(state, x, w), 3e-3);
  // Draws alone do not come to rest.
  const auto last = static_cast<std::size_t>(20);
  const auto spread = [&](const EmReport& r) {
    double sum = 0;
    for (std::size_t i = r.objective_history.size() - last; i < r.objective_history.size(); ++i) {
      sum += best.log_likelihood - r.objective_history[i];
    }
    return sum / static_cast<double>(last);
  };
  EXPECT_GT(spread(rough), 5 * spread(report));
}

TEST(Saem, ItsBurnInIsStochasticEm) {
  const Matrix x = saem_cases().front().truth.sample(400, 2).x;
  MixtureState a = saem_cases().front().truth.state();
  MixtureState b = a;
  const Vector w = Vector::Ones(400);
  const auto drawn = run_em(a, x, w, {.assignment = Stochastic{}, .max_iter = 40, .seed = 3});
  const auto saem = run_em(b, x, w, {.assignment = Saem{.burn_in = 20}, .max_iter = 40, .seed = 3});
  for (std::size_t i = 0; i < 40; ++i) {
    // The first running mean is that of one pass.
    EXPECT_EQ(saem.objective_history[i] == drawn.objective_history[i], i < 22) << i;
  }
}

TEST(Saem, OfGroupsComesToTheirOptimumToo) {
  const MixtureModel truth = saem_cases()[1].truth;
  const Matrix x = truth.sample(900, 4).x;
  std::vector<Index> group(900);
  for (std::size_t i = 0; i < group.size(); ++i) group[i] = static_cast<Index>(i / 3);
  const Vector w = Vector::Ones(900);
  EmOptions options{.groups = Groups(group), .tol = 1e-9, .max_iter = 5000, .seed = 1};
  MixtureState soft = truth.state();
  const EmReport best = run_em(soft, x, w, options);
  options.assignment = Saem{};
  MixtureState state = truth.state();
  EXPECT_NEAR(run_em(state, x, w, options).log_likelihood, best.log_likelihood, 0.01);
}

TEST(Saem, DependsOnTheSeedButNotOnThreads) {
  const Matrix x = saem_cases()[2].truth.sample(3000, 3).x;
  const auto run = [&](Index threads, std::uint64_t seed) {
    return fit(mixture(Gaussians(2, 2)), x,
               {.assignment = Saem{.burn_in = 10},
                .max_iter = 60,
                .seed = seed,
                .threads = threads})
        .report.objective_history;
  };
  const std::vector<double> one = run(1, 5);
  EXPECT_EQ(one, run(3, 5));
  EXPECT_NE(one, run(1, 6));
}

TEST(Saem, RefusesFamiliesWhoseStatisticsDoNotAddUpAndSettingsOutOfBounds) {
  const Matrix x = saem_cases().front().truth.sample(60, 3).x;
  const auto refused = [&](const AnyFamily& family, const Saem& policy, const char* why) {
    MixtureState state = MixtureModel(family).state();
    EXPECT_THAT(
        [&] { (void)run_em(state, x, Vector::Ones(60), {.assignment = policy, .max_iter = 60}); },
        ThrowsMessage<std::invalid_argument>(HasSubstr(why)));
  };
  refused(StudentT(2, 1), {}, "student_t");
  refused(Untied(Laplace(), 2), {}, "laplace");
  refused(StudentT(2, 1), {}, "choose another assignment, such as stochastic or soft");
  refused(Untied(Laplace(), 2), {}, "choose another assignment, such as stochastic or soft");
  const AnyFamily normals = saem_cases().front().truth.family();
  refused(normals, {.decay = 0.5}, "decay must be above 0.5 and at most 1");
  refused(normals, {.burn_in = -1}, "burn_in must not be negative");
}

}  // namespace
}  // namespace mix
