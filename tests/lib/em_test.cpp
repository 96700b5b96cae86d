#include "mix/em.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "mix/distributions/bernoulli.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/uniform_box.h"
#include "mix/family_list.h"
#include "mix/parallel.h"
#include "mix/random.h"
#include "support/evaluate.h"

namespace {

using namespace mix;
using namespace mix::test;

// Two groups of counts, mean 2 and 9, mixed 1 : 2.
Matrix two_groups(Index n) {
  Rng rng(21);
  Matrix x(n, 1);
  for (Index i = 0; i < n; ++i) x(i, 0) = poisson(rng, i % 3 == 0 ? 2 : 9);
  return x;
}

AnyFamily poissons(std::initializer_list<double> rates) {
  std::vector<Poisson> components;
  for (const double rate : rates) components.emplace_back(Vector{{rate}});
  return Untied(components);
}

MixtureState two_poissons() { return {Vector{{0.5, 0.5}}, poissons({1, 4})}; }

double rate(const MixtureState& state, Index k) {
  return state.family.as<Untied<Poisson>>()->component(k).rate()[0];
}

bool has_warning(const EmReport& report, const std::string& text) {
  return std::any_of(report.warnings.begin(), report.warnings.end(),
                     [&](const std::string& w) { return w.find(text) != std::string::npos; });
}

TEST(Em, FindsTwoGroupsAndItsObjectiveNeverFalls) {
  const Matrix x = two_groups(900);
  MixtureState state = two_poissons();
  const EmReport report = run_em(state, x, Vector::Ones(900), to_the_end());
  EXPECT_EQ(report.stop, Stop::converged);
  EXPECT_EQ(report.falls, 0);
  EXPECT_TRUE(report.warnings.empty());
  EXPECT_NEAR(rate(state, 0), 2, 0.4);  // about four standard errors
  EXPECT_NEAR(rate(state, 1), 9, 0.6);
  for (std::size_t i = 1; i < report.objective_history.size(); ++i) {
    EXPECT_GE(report.objective_history[i], report.objective_history[i - 1] - 1e-9);
  }
}

TEST(Em, ReportsTheFinalParameters) {
  const Matrix x = two_groups(300);
  const Vector w = Vector::LinSpaced(300, 0.5, 1.5);
  MixtureState state = two_poissons();
  const EmReport report = run_em(state, x, w);
  EXPECT_EQ(report.n_iter, static_cast<Index>(report.objective_history.size()));
  EXPECT_EQ(report.objective, report.objective_history.back());
  EXPECT_NEAR(report.log_likelihood, log_likelihood(state, x, w), 1e-9);
  EXPECT_NEAR(report.mass.sum(), w.sum(), 1e-9);
  EXPECT_NEAR((responsibilities(state, x).transpose() * w - report.mass).norm(), 0, 1e-9);
}

TEST(Em, StopsWhenTheRemainingGainIsBelowTol) {
  const Matrix x = two_groups(900);
  const Vector w = Vector::Ones(900);
  MixtureState state = two_poissons();
  const double top = run_em(state, x, w, to_the_end()).log_likelihood;
  for (const double tol : {1.0, 1e-3, 1e-6}) {
    state = two_poissons();
    const EmReport report = run_em(state, x, w, {.tol = tol});
    EXPECT_EQ(report.stop, Stop::converged);
    EXPECT_NEAR(report.log_likelihood, top, 2 * tol);
  }
}

TEST(Em, StopsAfterMaxIterPasses) {
  const Matrix x = two_groups(300);
  MixtureState state = two_poissons();
  const EmReport report = run_em(state, x, Vector::Ones(300), {.tol = 1e-12, .max_iter = 4});
  EXPECT_EQ(report.stop, Stop::max_iterations);
  EXPECT_EQ(report.n_iter, 4);
  MixtureState untouched = two_poissons();
  run_em(untouched, x, Vector::Ones(300), {.max_iter = 1});
  EXPECT_EQ(rate(untouched, 0), 1);  // one pass evaluates, and estimates nothing
}

TEST(Em, StopsWhenTheCallbackSaysSo) {
  const Matrix x = two_groups(300);
  MixtureState state = two_poissons();
  std::vector<double> seen;
  EmOptions options;
  options.progress = [&](const Progress& progress) {
    seen.push_back(progress.objective);
    EXPECT_EQ(progress.iteration, static_cast<Index>(seen.size()));
    return progress.iteration < 3;
  };
  const EmReport report = run_em(state, x, Vector::Ones(300), options);
  EXPECT_EQ(report.stop, Stop::interrupted);
  EXPECT_EQ(report.n_iter, 3);
  EXPECT_EQ(seen, report.objective_history);
}

TEST(Em, HasTheSameBitsForAnyNumberOfThreads) {
  const Matrix x = two_groups(5003);
  const Vector w = Vector::LinSpaced(5003, 0.1, 2);
  for (const AnyAssignment& policy : {AnyAssignment(Soft{}), AnyAssignment(Stochastic{})}) {
    std::vector<EmReport> reports;
    std::vector<MixtureState> states;
    for (const Index threads : {1, 2, 3, 7, 16}) {
      MixtureState state = two_poissons();
      with_threads(threads, [&] {
        reports.push_back(run_em(state, x, w, {.assignment = policy, .max_iter = 40, .seed = 3}));
      });
      states.push_back(state);
      EXPECT_EQ(reports.back().objective_history, reports.front().objective_history) << threads;
      EXPECT_EQ(state.weights, states.front().weights) << threads;
      EXPECT_EQ(rate(state, 1), rate(states.front(), 1)) << threads;
    }
  }
}

TEST(Em, WeightTwoEqualsDoubledRows) {
  const Matrix x = two_groups(200);
  MixtureState weighted = two_poissons();
  MixtureState doubled = two_poissons();
  const EmReport a = run_em(weighted, x, Vector::Constant(200, 2), {.tol = -1, .max_iter = 20});
  const EmReport b =
      run_em(doubled, x.replicate(2, 1), Vector::Ones(400), {.tol = -1, .max_iter = 20});
  EXPECT_NEAR(a.log_likelihood, b.log_likelihood, 1e-9);
  EXPECT_NEAR(rate(weighted, 0), rate(doubled, 0), 1e-12);
  EXPECT_NEAR(rate(weighted, 1), rate(doubled, 1), 1e-12);
}

TEST(Em, RowsOfWeightZeroDoNotMatterWhateverTheyHold) {
  Matrix x = two_groups(200);
  Vector w = Vector::Ones(200);
  w.tail(50).setZero();
  x.bottomRows(50).setConstant(-1);  // no Poisson explains this
  MixtureState all = two_poissons();
  MixtureState part = two_poissons();
  const EmReport a = run_em(all, x, w);
  const EmReport b = run_em(part, x.topRows(150), w.head(150));
  EXPECT_TRUE(a.warnings.empty());
  EXPECT_EQ(a.n_iter, b.n_iter);
  EXPECT_NEAR(a.log_likelihood, b.log_likelihood, 1e-10);
  EXPECT_NEAR(rate(all, 0), rate(part, 0), 1e-12);
}

TEST(Em, WithoutAnyWeightLeavesTheParametersAlone) {
  MixtureState state = two_poissons();
  const EmReport report = run_em(state, two_groups(20), Vector::Zero(20));
  EXPECT_EQ(report.log_likelihood, 0);
  EXPECT_EQ(state.weights, (Vector{{0.5, 0.5}}));
  EXPECT_EQ(rate(state, 0), 1);
}

TEST(Em, KeepsMixingWeightsThatAreEqualOrFixed) {
  const Matrix x = two_groups(300);
  for (const MixingWeights mixing : {MixingWeights::equal, MixingWeights::fixed}) {
    MixtureState state = two_poissons();
    if (mixing == MixingWeights::fixed) state.weights = Vector{{0.2, 0.8}};
    const Vector before = state.weights;
    const EmReport report = run_em(state, x, Vector::Ones(300), {.mixing = mixing});
    EXPECT_EQ(state.weights, before);
    EXPECT_EQ(report.falls, 0);
  }
}

// A component of rate 0 explains no row that is positive: it is empty at once.
MixtureState with_empty_component() { return {Vector{{0.5, 0.5}}, poissons({4, 0})}; }
Matrix positive_rows() { return two_groups(300).cwiseMax(1); }

TEST(Em, KeepsAnEmptyComponentAsItIs) {
  MixtureState state = with_empty_component();
  const EmReport report = run_em(state, positive_rows(), Vector::Ones(300), {});
  EXPECT_EQ(report.stop, Stop::converged);
  EXPECT_EQ(state.weights, (Vector{{1, 0}}));
  EXPECT_EQ(rate(state, 1), 0);
}

TEST(Em, MovesAnEmptyComponentWithAPriorToThePriorMode) {
  const Smoothing smoothing{.pseudo_count = 1};
  MixtureState state{Vector{{0.5, 0.5}}, Untied(std::vector{Bernoulli(Vector{{0.7}}, smoothing),
                                                            Bernoulli(Vector{{0.0}}, smoothing)})};
  run_em(state, Matrix::Ones(30, 1), Vector::Ones(30), {.max_iter = 2});
  EXPECT_EQ(state.weights[1], 0);
  EXPECT_EQ(state.family.as<Untied<Bernoulli>>()->component(1).probability()[0], 0.5);
}

TEST(Em, ReseedsAnEmptyComponentAtTheWorstExplainedRows) {
  Matrix x = positive_rows();
  x(17, 0) = 60;
  x(80, 0) = 55;
  MixtureState state = with_empty_component();
  const EmReport report = run_em(state, x, Vector::Ones(300), {.empty = EmptyComponent::reseed});
  EXPECT_TRUE(has_warning(report, "component 2 held no rows and took over"));
  EXPECT_NEAR(rate(state, 1), 57.5, 1e-6);
  EXPECT_NEAR(report.mass[1], 2, 1e-6);
  EXPECT_EQ(report.falls, 0);
}

TEST(Em, DropsAnEmptyComponent) {
  MixtureState state = with_empty_component();
  const EmReport report =
      run_em(state, positive_rows(), Vector::Ones(300), {.empty = EmptyComponent::drop});
  EXPECT_TRUE(has_warning(report, "component 2 held no rows and was dropped"));
  EXPECT_EQ(state.family.size(), 1);
  EXPECT_EQ(state.weights, Vector::Ones(1));
  EXPECT_EQ(report.mass.size(), 1);
  EXPECT_NEAR(rate(state, 0), positive_rows().mean(), 1e-12);
}

TEST(Em, StopsAtAnEmptyComponentWhenToldTo) {
  MixtureState state = with_empty_component();
  const EmReport report =
      run_em(state, positive_rows(), Vector::Ones(300), {.empty = EmptyComponent::stop});
  EXPECT_EQ(report.stop, Stop::empty_component);
  EXPECT_EQ(report.n_iter, 1);
  EXPECT_TRUE(has_warning(report, "component 2 holds no rows"));
}

TEST(Em, NamesRowsThatNoComponentExplains) {
  Matrix x = positive_rows();
  x(4, 0) = 0.5;
  x(9, 0) = -3;
  MixtureState state = two_poissons();
  const EmReport report = run_em(state, x, Vector::Ones(300), {.max_iter = 30});
  EXPECT_EQ(report.log_likelihood, -infinity);
  EXPECT_TRUE(has_warning(report, "2 rows have density zero under every component"));
  EXPECT_TRUE(has_warning(report, "row 5"));
  EXPECT_TRUE(std::isfinite(rate(state, 0)));
  EXPECT_NEAR(report.mass.sum(), 298, 1e-9);
}

TEST(Em, SurvivesDataThatNoComponentExplains) {
  for (const EmptyComponent empty :
       {EmptyComponent::keep, EmptyComponent::reseed, EmptyComponent::drop, EmptyComponent::stop}) {
    MixtureState state = two_poissons();
    const EmReport report =
        run_em(state, Matrix::Constant(5, 1, -1), Vector::Ones(5), {.empty = empty, .max_iter = 5});
    EXPECT_EQ(report.log_likelihood, -infinity);
    EXPECT_NE(report.stop, Stop::converged);
    EXPECT_FALSE(state.weights.array().isNaN().any());
  }
}

TEST(Em, OfHardAssignmentEndsWhenTheLabelsRepeat) {
  const Matrix x = two_groups(300);
  MixtureState state = two_poissons();
  const EmReport report = run_em(state, x, Vector::Ones(300), {.assignment = Hard{}});
  EXPECT_EQ(report.stop, Stop::labels_repeat);
  EXPECT_EQ(report.falls, 0);
  EXPECT_EQ(report.mass, report.mass.array().round().matrix());
  EXPECT_LT(report.objective, report.log_likelihood);
}

TEST(Em, OfTruncatedAssignmentToAllEqualsSoft) {
  const Matrix x = two_groups(300);
  MixtureState soft{Vector::Constant(3, 1.0 / 3), poissons({1, 4, 8})};
  MixtureState truncated = soft;
  MixtureState two = soft;
  const EmReport a = run_em(soft, x, Vector::Ones(300), {});
  const EmReport b = run_em(truncated, x, Vector::Ones(300), {.assignment = Truncated{3}});
  ASSERT_EQ(a.objective_history.size(), b.objective_history.size());
  for (std::size_t i = 0; i < a.objective_history.size(); ++i) {
    EXPECT_NEAR(a.objective_history[i], b.objective_history[i], 1e-9);
  }
  EXPECT_LT((soft.weights - truncated.weights).cwiseAbs().maxCoeff(), 1e-12);
  const EmReport c = run_em(two, x, Vector::Ones(300), {.assignment = Truncated{2}});
  EXPECT_EQ(c.falls, 0);
  EXPECT_LE(c.objective, c.log_likelihood);
}

TEST(Em, OfKnownLabelsIsOneWeightedEstimate) {
  const Matrix x = two_groups(300);
  Known known{std::vector<Index>(300)};
  Matrix shares = Matrix::Zero(300, 2);
  for (Index i = 0; i < 300; ++i) {
    known.labels[static_cast<std::size_t>(i)] = i % 3 == 0 ? 0 : 1;
    shares(i, i % 3 == 0 ? 0 : 1) = 1;
  }
  MixtureState state = two_poissons();
  const EmReport report = run_em(state, x, Vector::Ones(300), {.assignment = known});
  EXPECT_EQ(report.stop, Stop::converged);
  EXPECT_NEAR(state.weights[0], 1.0 / 3, 1e-15);
  EXPECT_NEAR(rate(state, 0), shares.col(0).dot(x.col(0)) / 100, 1e-12);
}

TEST(Em, OfSomeKnownLabelsDecidesWhichComponentIsWhich) {
  const Matrix x = two_groups(300);
  Known known{std::vector<Index>(300, -1)};
  for (std::size_t i = 0; i < 30; ++i) known.labels[i] = i % 3 == 0 ? 1 : 0;
  MixtureState state{Vector{{0.5, 0.5}}, poissons({5, 5})};
  const EmReport report = run_em(state, x, Vector::Ones(300), {.assignment = known});
  EXPECT_EQ(report.falls, 0);
  EXPECT_GT(rate(state, 0), rate(state, 1));
}

TEST(Em, OfAnnealedAssignmentEndsAsPlainEm) {
  const Matrix x = two_groups(300);
  MixtureState soft = two_poissons();
  MixtureState annealed = two_poissons();
  EmOptions options = to_the_end();
  const EmReport a = run_em(soft, x, Vector::Ones(300), options);
  options.assignment = Annealed{.first = 0.3, .steps = 5, .iterations_per_step = 4};
  const EmReport b = run_em(annealed, x, Vector::Ones(300), options);
  EXPECT_EQ(b.stop, Stop::converged);
  EXPECT_EQ(b.falls, 0);
  EXPECT_GT(b.n_iter, 20);
  EXPECT_NEAR(a.log_likelihood, b.log_likelihood, 1e-8);
}

TEST(Em, OfStochasticAssignmentKeepsTheBestParameters) {
  const Matrix x = two_groups(300);
  MixtureState state = two_poissons();
  const EmReport report =
      run_em(state, x, Vector::Ones(300), {.assignment = Stochastic{}, .seed = 5});
  EXPECT_EQ(report.stop, Stop::no_improvement);
  EXPECT_EQ(report.falls, 0);
  EXPECT_EQ(report.objective,
            *std::max_element(report.objective_history.begin(), report.objective_history.end()));
  EXPECT_NEAR(report.log_likelihood, report.objective, 1e-9);
  MixtureState soft = two_poissons();
  EXPECT_NEAR(report.log_likelihood, run_em(soft, x, Vector::Ones(300), {}).log_likelihood, 1);
}

TEST(Em, IncludesTheLogPriorInItsObjective) {
  const Matrix x = rows(1, {0, 1, 1, 1});
  MixtureState state{Vector::Ones(1), Bernoulli(1, {.pseudo_count = 2})};
  const EmReport report = run_em(state, x, Vector::Ones(4), to_the_end());
  const double p = 5.0 / 8;
  EXPECT_NEAR(report.log_likelihood, 3 * std::log(p) + std::log(1 - p), 1e-12);
  EXPECT_NEAR(report.objective, 5 * std::log(p) + 3 * std::log(1 - p), 1e-12);
}

TEST(Em, EndsWhenADensityIsNaN) {
  struct Broken : Poisson {
    Broken() : Poisson(1) {}
    void log_density(Rows /*x*/, VectorRef out) const { out.setConstant(quiet_nan); }
  };
  MixtureState state{Vector::Ones(1), Broken{}};
  const EmReport report = run_em(state, two_groups(10), Vector::Ones(10));
  EXPECT_EQ(report.stop, Stop::not_finite);
  EXPECT_TRUE(has_warning(report, "NaN"));
}

TEST(Em, GivesUpOnRowsThatNoComponentExplains) {
  struct Bounded : Poisson {
    Bounded() : Poisson(1) {}
    void log_density(Rows x, VectorRef out) const {
      Poisson::log_density(x, out);
      out = (x.col(0).array() > 4).select(-infinity, out);
    }
  };
  MixtureState state{Vector::Ones(1), Bounded{}};
  const EmReport report = run_em(state, rows(1, {1, 2, 3, 7}), Vector::Ones(4));
  EXPECT_EQ(report.stop, Stop::not_finite);
  EXPECT_LT(report.n_iter, 20);
  EXPECT_TRUE(has_warning(report, "1 rows have density zero under every component"));
  EXPECT_TRUE(has_warning(report, "the first is row 4"));
}

TEST(Em, ReportsAnObjectiveThatFalls) {
  struct Broken : Poisson {
    Broken() : Poisson(1) {}
    void maximize(ConstVectorRef sum) {
      static_cast<Poisson&>(*this) = Poisson(rate() + sum.tail(1) / sum[0]);
    }
  };
  MixtureState state{Vector::Ones(1), Broken{}};
  const EmReport report = run_em(state, two_groups(100), Vector::Ones(100), {.max_iter = 10});
  EXPECT_GT(report.falls, 0);
  EXPECT_TRUE(has_warning(report, "a component's maximize does not maximize"));
  EXPECT_TRUE(has_warning(report, "by at most"));
}

// Objectives that are given, one for each pass.
struct Scripted {
  std::function<double(Index)> objective;
  Index pass = 0;
  [[nodiscard]] Index size() const { return 1; }
  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 1; }
  void log_densities(Rows x, MatrixRef out) const {
    out.setConstant(objective(pass) / static_cast<double>(x.rows()));
  }
  [[nodiscard]] Index statistics_size() const { return 1; }
  void accumulate(Rows /*x*/, Shares /*shares*/, VectorRef /*statistics*/) const {}
  void maximize(ConstVectorRef /*sum*/) { ++pass; }
};

EmReport run_scripted(std::function<double(Index)> objective, double tol) {
  MixtureState state{Vector::Ones(1), Scripted{std::move(objective)}};
  return run_em(state, Matrix::Ones(1, 1), Vector::Ones(1), {.tol = tol, .max_iter = 3000});
}

TEST(Em, StopsWhereOnlyRoundingMovesTheObjective) {
  for (const double noise : {1e-13, 5e-12, 1e-9}) {
    const EmReport report = run_scripted(
        [=](Index pass) {
          const std::vector<double> wobble{0, 1, -1, 0.5, -0.3};
          return 419 - std::exp(-static_cast<double>(pass)) +
                 noise * wobble[static_cast<std::size_t>(pass) % wobble.size()];
        },
        1e-12);
    EXPECT_EQ(report.stop, Stop::converged) << noise;
    EXPECT_LT(report.n_iter, 100) << noise;
    EXPECT_EQ(report.falls, 0) << noise;
  }
}

TEST(Em, DoesNotTakeSlowGainsForRounding) {
  // A gain of 1e-7 a pass, which lasts, among rounding of a tenth of it.
  const EmReport report = run_scripted(
      [](Index pass) {
        return 419 + 1e-7 * static_cast<double>(pass) + 1e-8 * static_cast<double>(pass % 2);
      },
      1e-3);
  EXPECT_EQ(report.stop, Stop::max_iterations);
}

TEST(Em, SeparatesNoiseFromAGroup) {
  Rng rng(4);
  Matrix x(400, 1);
  for (Index i = 0; i < 400; ++i) {
    x(i, 0) = i < 300 ? standard_exponential(rng) : 100 * uniform(rng);
  }
  MixtureState state{Vector{{0.5, 0.5}}, FamilyList({Exponential(1), UniformBox::around(x)})};
  const EmReport report = run_em(state, x, Vector::Ones(400));
  EXPECT_EQ(report.falls, 0);
  EXPECT_NEAR(state.weights[1], 0.25, 0.1);
}

TEST(LogJoint, OfAComponentOfWeightZeroIsMinusInfinity) {
  MixtureState state = two_poissons();
  state.weights = Vector{{0, 1}};
  Matrix l(1, 2);
  log_joint(state, rows(1, {3}), l);
  EXPECT_EQ(l(0, 0), -infinity);
  EXPECT_NEAR(l(0, 1), log_density_at(Poisson(Vector{{4.0}}), {3}), 1e-15);
}

TEST(Responsibilities, SumToOneOrZero) {
  const Matrix r = responsibilities(two_poissons(), rows(1, {3, 0.5, 0}));
  EXPECT_NEAR(r.row(0).sum(), 1, 1e-15);
  EXPECT_EQ(r.row(1).sum(), 0);
  EXPECT_NEAR(r.row(2).sum(), 1, 1e-15);
}

TEST(Stop, HasNames) {
  EXPECT_EQ(to_string(Stop::converged), "converged");
  EXPECT_EQ(to_string(Stop::labels_repeat), "labels_repeat");
  EXPECT_EQ(to_string(Stop::empty_component), "empty_component");
}

}  // namespace
