// Truncated assignment of many components: the sparse E-step and the search among neighbors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "mix/distributions/gaussians.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/product.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/uniform_box.h"
#include "mix/em.h"
#include "mix/family_list.h"
#include "mix/kernels.h"
#include "mix/parallel.h"
#include "mix/random.h"

namespace {

using namespace mix;

// Rows around `k` centers, `spread` apart in units of their deviation of 1.
Matrix around_centers(Index n, Index d, Index k, double spread, std::uint64_t seed = 3) {
  Rng rng(seed);
  Matrix centers(k, d);
  for (double& value : centers.reshaped()) value = spread * standard_normal(rng);
  Matrix x(n, d);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < d; ++j) x(i, j) = centers(i % k, j) + standard_normal(rng);
  }
  return x;
}

Vector some_weights(Index n) {
  Rng rng(8);
  Vector w(n);
  for (double& value : w) value = uniform(rng) < 0.1 ? 0.0 : 0.5 + uniform(rng);
  return w;
}

// Components at rows of x, unit covariance.
MixtureState at_rows(const Matrix& x, Index k, GaussianOptions options = {}) {
  Rng rng(5);
  const Matrix means = x(sample_without_replacement(rng, x.rows(), k), Eigen::all);
  AnyFamily family = Gaussians(
      means, std::vector<Matrix>(static_cast<std::size_t>(k), Matrix::Identity(x.cols(), x.cols())),
      options);
  family.prepare(x, Vector::Ones(x.rows()));
  return {Vector::Constant(k, 1.0 / static_cast<double>(k)), std::move(family)};
}

MixtureState student_at_rows(const Matrix& x, Index k) {
  Rng rng(5);
  const Matrix means = x(sample_without_replacement(rng, x.rows(), k), Eigen::all);
  AnyFamily family = StudentT(means,
                              std::vector<Matrix>(static_cast<std::size_t>(k),
                                                  Matrix(Matrix::Identity(x.cols(), x.cols()))),
                              Vector::Constant(k, 5.0));
  family.prepare(x, Vector::Ones(x.rows()));
  return {Vector::Constant(k, 1.0 / static_cast<double>(k)), std::move(family)};
}

Matrix poisson_counts(Index n, Index d, Index k) {
  Rng rng(17);
  Matrix rates(k, d);
  for (double& rate : rates.reshaped()) rate = 3 * standard_gamma(rng, 1);
  Matrix x(n, d);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < d; ++j) x(i, j) = poisson(rng, rates(i % k, j));
  }
  return x;
}

MixtureState poissons_at_rows(const Matrix& x, Index k) {
  Rng rng(5);
  std::vector<Poisson> components;
  for (const Index row : sample_without_replacement(rng, x.rows(), k)) {
    components.emplace_back(Vector(x.row(row).transpose().array() + 0.5));
  }
  return {Vector::Constant(k, 1.0 / static_cast<double>(k)), Untied(components)};
}

// Data and start of each kind of family that is evaluated in a way of its own.
struct Case {
  std::string name;
  Matrix x;
  MixtureState start;
  double tolerance = 1e-8;  // of log densities after a few steps
};

std::vector<Case> cases(Index n, Index k) {
  std::vector<Case> all;
  const Matrix plane = around_centers(n, 2, k, 4);
  const Matrix space = around_centers(n, 6, k, 3);
  const Matrix line = around_centers(n, 1, k, 20);
  for (const Structure structure :
       {Structure::EII, Structure::VVI, Structure::EEE, Structure::VVV, Structure::VEV}) {
    all.push_back(
        {"plane " + to_string(structure), plane, at_rows(plane, k, {.structure = structure})});
    all.push_back(
        {"space " + to_string(structure), space, at_rows(space, k, {.structure = structure})});
  }
  all.push_back({"line", line, at_rows(line, k)});
  // Where statistics are of whitened rows, and where rows are measured from a component's own mean.
  Matrix flat = space;
  flat.col(5) = flat.col(4) + 1e-4 * flat.col(5);
  all.push_back({"ill-conditioned", flat, at_rows(flat, k), 1e-5});
  const Matrix distant = around_centers(n, 6, k, 1e5);
  all.push_back({"far", distant, at_rows(distant, k), 1e-5});
  all.push_back({"far EEE", distant, at_rows(distant, k, {.structure = Structure::EEE}), 1e-5});
  all.push_back({"student_t", space, student_at_rows(space, k)});
  const Matrix x = poisson_counts(n, 3, k);
  all.push_back({"poisson", x, poissons_at_rows(x, k)});
  MixtureState noisy = at_rows(plane, k);
  noisy.family =
      FamilyList(std::vector<AnyFamily>{std::move(noisy.family), UniformBox::around(plane)});
  noisy.weights = Vector::Constant(k + 1, 1.0 / static_cast<double>(k + 1));
  all.push_back({"with noise", plane, std::move(noisy)});
  MixtureState both = at_rows(plane, k);
  both.family = Product(std::vector<Product::Block>{{{0, 2}, std::move(both.family)},
                                                    {{1, 3, 4}, poissons_at_rows(x, k).family}});
  Matrix joined(n, 5);
  joined << plane.col(0), x.col(0), plane.col(1), x.rightCols(2);
  all.push_back({"product", std::move(joined), std::move(both)});
  return all;
}

// Log weight plus log density, for comparisons.
Matrix joint(const MixtureState& state, const Matrix& x) {
  Matrix l(x.rows(), state.weights.size());
  log_joint(state, x, l);
  return l;
}

void expect_close(const MixtureState& a, const MixtureState& b, const Matrix& x,
                  const std::string& name, double tolerance = 1e-8) {
  const Matrix l = joint(a, x);
  const Matrix m = joint(b, x);
  const auto comparable = (l.array() > -1e4) || (m.array() > -1e4);
  const double gap =
      comparable.select((l - m).array() / (1 + l.array().abs()), 0.0).abs().maxCoeff();
  EXPECT_LT(gap, tolerance) << name;
}

void expect_ascent(const EmReport& report, const std::string& name) {
  EXPECT_EQ(report.falls, 0) << name;
  const std::vector<double>& f = report.objective_history;
  for (std::size_t i = 1; i < f.size(); ++i) {
    EXPECT_GE(f[i], f[i - 1] - 1e-9 * std::abs(f[i])) << name << ", pass " << i;
  }
}

TEST(TruncatedToNeighbors, WithAllNeighborsAndAllKeptIsExact) {
  const Index k = 7;
  const Vector w = some_weights(1100);
  for (const Case& each : cases(1100, k)) {
    MixtureState soft = each.start;
    MixtureState truncated = each.start;
    const EmReport a = run_em(soft, each.x, w, {.tol = -1, .max_iter = 12});
    const EmReport b = run_em(truncated, each.x, w,
                              {.assignment = Truncated{.keep = 10, .neighbors = 10, .extra = 0},
                               .tol = -1,
                               .max_iter = 12});
    ASSERT_EQ(a.n_iter, b.n_iter) << each.name;
    for (std::size_t i = 0; i < a.objective_history.size(); ++i) {
      EXPECT_NEAR(a.objective_history[i], b.objective_history[i],
                  1e-9 * std::abs(a.objective_history[i]))
          << each.name << ", pass " << i;
    }
    EXPECT_NEAR(b.truncation_gap.value(), 0, 1e-9 * std::abs(b.objective)) << each.name;
    EXPECT_TRUE(b.mass.isApprox(a.mass, 1e-6)) << each.name;
    expect_close(soft, truncated, each.x, each.name, each.tolerance);
  }
}

TEST(TruncatedToNeighbors, WithOneKeptAndAllNeighborsIsHard) {
  const Index k = 9;
  for (const Case& each : cases(900, k)) {
    MixtureState hard = each.start;
    MixtureState truncated = each.start;
    const Vector w = Vector::Ones(900);
    const EmReport a = run_em(hard, each.x, w, {.assignment = Hard{}, .tol = -1, .max_iter = 8});
    const EmReport b = run_em(
        truncated, each.x, w,
        {.assignment = Truncated{.keep = 1, .neighbors = k + 1}, .tol = -1, .max_iter = a.n_iter});
    for (std::size_t i = 0; i < a.objective_history.size(); ++i) {
      EXPECT_NEAR(a.objective_history[i], b.objective_history[i],
                  1e-9 * std::abs(a.objective_history[i]))
          << each.name << ", pass " << i;
    }
    EXPECT_EQ(a.mass, b.mass) << each.name;
    expect_close(hard, truncated, each.x, each.name, each.tolerance);
  }
}

// The E-step on kept components alone does what the one on all components of a block does.
TEST(Truncated, IsTheSameForManyComponentsAsForFew) {
  const Index k = 24;  // enough that only statistics of the kept ones are computed
  const Vector w = some_weights(1500);
  for (const Case& each : cases(1500, k)) {
    MixtureState state = each.start;
    const EmReport report =
        run_em(state, each.x, w, {.assignment = Truncated{.keep = 3}, .tol = -1, .max_iter = 2});
    // By the policy on matrices of all components.
    MixtureState dense = each.start;
    double objective = 0;
    for (Index cycle = 0;; ++cycle) {
      dense.family.select_cycle(cycle);
      Matrix r = joint(dense, each.x);
      Vector term(each.x.rows());
      Truncated{.keep = 3}.assign({}, r, term);
      if (cycle == 0) {
        objective =
            (w.array() > 0).select(w.array() * term.array(), 0.0).sum() + dense.family.log_prior();
      }
      r.array().colwise() *= w.array();
      dense.weights = r.colwise().sum().transpose() / r.sum();
      Vector sum = Vector::Zero(dense.family.statistics_size());
      for (Index first = 0; first < r.rows(); first += block_rows) {
        const Index count = std::min(block_rows, r.rows() - first);
        dense.family.accumulate(each.x.middleRows(first, count), r.middleRows(first, count), sum);
      }
      dense.family.maximize(sum);
      if (cycle + 1 >= dense.family.cycles()) break;
    }
    EXPECT_NEAR(report.objective_history[0], objective, 1e-10 * std::abs(objective)) << each.name;
    EXPECT_TRUE(state.weights.isApprox(dense.weights, 1e-9)) << each.name;
    expect_close(state, dense, each.x, each.name, each.tolerance);
  }
}

TEST(TruncatedToNeighbors, NeverLetsTheObjectiveFall) {
  for (const Case& each : cases(2000, 60)) {
    for (const Index extra : {0, 1, 3}) {
      MixtureState state = each.start;
      const EmReport report =
          run_em(state, each.x, some_weights(2000),
                 {.assignment = Truncated{.keep = 3, .neighbors = 4, .extra = extra},
                  .tol = -1,
                  .max_iter = 12});
      EXPECT_EQ(report.n_iter, 12) << each.name;
      expect_ascent(report, each.name);
      EXPECT_GE(report.truncation_gap.value(), -1e-9 * std::abs(report.objective)) << each.name;
    }
  }
}

TEST(TruncatedToNeighbors, HasTheSameBitsForAnyNumberOfThreads) {
  // More rows than a group has: K = 40 makes groups of 16384.
  std::vector<Case> some = cases(20000, 40);
  for (std::size_t i : {3U, 5U, 15U}) {
    const Case& each = some[i];
    std::vector<EmReport> reports;
    std::vector<MixtureState> states;
    for (const Index threads : {1, 2, 7}) {
      states.push_back(each.start);
      with_threads(threads, [&] {
        reports.push_back(run_em(states.back(), each.x, Vector::Ones(each.x.rows()),
                                 {.assignment = Truncated{.keep = 3, .neighbors = 4, .extra = 1},
                                  .tol = -1,
                                  .max_iter = 6,
                                  .seed = 4}));
      });
    }
    for (std::size_t run = 1; run < states.size(); ++run) {
      EXPECT_EQ(reports[0].objective_history, reports[run].objective_history) << each.name;
      EXPECT_EQ(reports[0].log_likelihood, reports[run].log_likelihood) << each.name;
      EXPECT_EQ(reports[0].mass, reports[run].mass) << each.name;
      EXPECT_EQ(states[0].weights, states[run].weights) << each.name;
      EXPECT_EQ(joint(states[0], each.x.topRows(300)), joint(states[run], each.x.topRows(300)))
          << each.name;
    }
  }
}

TEST(TruncatedToNeighbors, DrawsTheExtraComponentsByTheSeed) {
  const Matrix x = around_centers(3000, 2, 60, 4);
  const auto run = [&](std::uint64_t seed, Index extra) {
    MixtureState state = at_rows(x, 60, {.structure = Structure::VII});
    return run_em(state, x, Vector::Ones(3000),
                  {.assignment = Truncated{.keep = 2, .neighbors = 2, .extra = extra},
                   .tol = -1,
                   .max_iter = 10,
                   .seed = seed})
        .objective_history;
  };
  EXPECT_EQ(run(1, 2), run(1, 2));
  EXPECT_NE(run(1, 2), run(2, 2));
  EXPECT_EQ(run(1, 0), run(2, 0));
}

// From the same start the search among neighbors ends where the search of all components does, up
// to the tolerance that docs/reference/assignments.md states.
TEST(TruncatedToNeighbors, ComesCloseToTheSearchOfAll) {
  const Index n = 4000;
  const Matrix x = around_centers(n, 4, 80, 3);
  const auto run = [&](const Truncated& policy) {
    MixtureState state = at_rows(x, 80, {.structure = Structure::VII});
    return run_em(state, x, Vector::Ones(n), {.assignment = policy, .tol = 1});
  };
  const EmReport all = run({.keep = 5});
  const EmReport near = run({.keep = 5, .neighbors = 5, .extra = 1});
  EXPECT_EQ(all.stop, Stop::converged);
  EXPECT_EQ(near.stop, Stop::converged);
  EXPECT_NEAR(near.objective, all.objective, 0.01 * static_cast<double>(n));
  EXPECT_NEAR(near.log_likelihood, all.log_likelihood, 0.01 * static_cast<double>(n));
}

TEST(TruncatedToNeighbors, ReportsTheGapToTheTrueLogLikelihood) {
  const Matrix x = around_centers(700, 2, 30, 2);
  const Vector w = some_weights(700);
  for (const Truncated policy : {Truncated{.keep = 2}, Truncated{.keep = 2, .neighbors = 3}}) {
    MixtureState state = at_rows(
        x, 30, {.structure = Structure::VII, .prior = {.kind = GaussianPrior::Kind::conjugate}});
    const EmReport report = run_em(state, x, w, {.assignment = policy, .tol = -1, .max_iter = 9});
    const Matrix l = joint(state, x);
    double log_likelihood = 0;
    for (Index i = 0; i < 700; ++i) log_likelihood += w[i] * std::log(l.row(i).array().exp().sum());
    EXPECT_NEAR(report.log_likelihood, log_likelihood, 1e-8 * std::abs(log_likelihood));
    EXPECT_NEAR(report.truncation_gap.value(),
                log_likelihood - (report.objective - state.family.log_prior()),
                1e-8 * std::abs(log_likelihood));
    EXPECT_GT(report.truncation_gap.value(), 1);  // these components overlap
  }
  MixtureState state = at_rows(x, 30);
  EXPECT_FALSE(run_em(state, x, w, {.max_iter = 2}).truncation_gap.has_value());
}

TEST(TruncatedToNeighbors, CountsAWeightOfTwoAsTwoRows) {
  const Matrix x = around_centers(500, 2, 25, 4);
  Matrix twice(1000, 2);
  twice << x, x;
  MixtureState weighted = at_rows(x, 25, {.structure = Structure::VVI});
  MixtureState doubled = weighted;
  const EmOptions options{
      .assignment = Truncated{.keep = 3, .neighbors = 4, .extra = 0}, .tol = -1, .max_iter = 10};
  const EmReport a = run_em(weighted, x, Vector::Constant(500, 2), options);
  const EmReport b = run_em(doubled, twice, Vector::Ones(1000), options);
  for (std::size_t i = 0; i < a.objective_history.size(); ++i) {
    EXPECT_NEAR(a.objective_history[i], b.objective_history[i],
                1e-9 * std::abs(a.objective_history[i]));
  }
  expect_close(weighted, doubled, x, "weights");
}

// The last component is far from all rows.
MixtureState with_an_empty_one(const Matrix& x, Index k) {
  MixtureState state = at_rows(x, k, {.structure = Structure::VVI});
  Matrix means = state.family.as<Gaussians>()->means();
  means.row(k - 1).setConstant(200);
  state.family =
      Gaussians(means, std::vector<Matrix>(static_cast<std::size_t>(k), Matrix::Identity(2, 2)),
                {.structure = Structure::VVI});
  state.family.prepare(x, Vector::Ones(x.rows()));
  return state;
}

TEST(TruncatedToNeighbors, TreatsEmptiedComponentsAsAsked) {
  const Matrix x = around_centers(2000, 2, 40, 4);
  const Vector w = Vector::Ones(2000);
  const auto run = [&](MixtureState& state, EmptyComponent empty) {
    return run_em(state, x, w,
                  {.assignment = Truncated{.keep = 3, .neighbors = 4},
                   .empty = empty,
                   .tol = -1,
                   .max_iter = 20});
  };
  MixtureState kept = with_an_empty_one(x, 40);
  expect_ascent(run(kept, EmptyComponent::keep), "keep");
  EXPECT_EQ(kept.weights[39], 0);

  MixtureState dropped = with_an_empty_one(x, 40);
  EXPECT_EQ(run(dropped, EmptyComponent::drop).falls, 0);
  EXPECT_EQ(dropped.family.size(), 39);

  MixtureState reseeded = with_an_empty_one(x, 40);
  const EmReport report = run(reseeded, EmptyComponent::reseed);
  EXPECT_EQ(report.falls, 0);
  EXPECT_GT(report.mass[39], 0.5);
  EXPECT_LT(reseeded.family.as<Gaussians>()->means().row(39).norm(), 100);

  MixtureState stopped = with_an_empty_one(x, 40);
  EXPECT_EQ(run(stopped, EmptyComponent::stop).stop, Stop::empty_component);
}

// What a component may be given at first: the rows that it explains worst, as in the other E-step.
TEST(TruncatedToNeighbors, ReseedsAsTheOtherAssignmentsDo) {
  const Matrix x = around_centers(2000, 2, 40, 4);
  MixtureState sparse = with_an_empty_one(x, 40);
  MixtureState dense = sparse;
  EmOptions options{.assignment = Truncated{.keep = 40, .neighbors = 40},
                    .empty = EmptyComponent::reseed,
                    .tol = -1,
                    .max_iter = 2};
  run_em(sparse, x, Vector::Ones(2000), options);
  options.assignment = Soft{};
  run_em(dense, x, Vector::Ones(2000), options);
  expect_close(sparse, dense, x, "reseed");
}

TEST(TruncatedToNeighbors, FindsRowsAgainThatNoKeptComponentExplained) {
  // Counts of zero rates: most rows are impossible under most components.
  Matrix x = Matrix::Zero(1200, 3);
  for (Index i = 0; i < 1200; ++i) x(i, i % 3) = static_cast<double>(1 + i % 5);
  std::vector<Poisson> components;
  for (Index c = 0; c < 12; ++c) {
    Vector rate = Vector::Zero(3);
    rate[c % 3] = 1 + static_cast<double>(c);
    components.emplace_back(rate);
  }
  MixtureState state{Vector::Constant(12, 1.0 / 12), Untied(components)};
  MixtureState soft = state;
  const EmReport report = run_em(
      state, x, Vector::Ones(1200),
      {.assignment = Truncated{.keep = 4, .neighbors = 4, .extra = 0}, .tol = -1, .max_iter = 6});
  const EmReport exact = run_em(soft, x, Vector::Ones(1200), {.tol = -1, .max_iter = 6});
  EXPECT_NEAR(report.objective, exact.objective, 1e-9 * std::abs(exact.objective));
}

TEST(TruncatedToNeighbors, ReportsRowsOfNoDensityAndNaN) {
  Matrix x = Matrix::Zero(600, 1);
  x(7, 0) = 1;  // impossible under rates of 0
  std::vector<Poisson> components(20, Poisson(Vector::Zero(1)));
  MixtureState state{Vector::Constant(20, 0.05), Untied(components)};
  const Truncated policy{.keep = 2, .neighbors = 3};
  const EmReport report =
      run_em(state, x, Vector::Ones(600), {.assignment = policy, .max_iter = 3});
  EXPECT_EQ(report.objective_history[0], -infinity);

  Matrix y = around_centers(600, 2, 20, 4);
  MixtureState other = at_rows(y, 20, {.structure = Structure::VVI});
  y(5, 1) = infinity;
  other.weights = Vector::Constant(20, 0.05);
  const EmReport broken = run_em(other, y, Vector::Ones(600), {.assignment = policy});
  EXPECT_EQ(broken.stop, Stop::not_finite);
}

// A family that does not evaluate single components.
class Together {
 public:
  explicit Together(Untied<Normal> inner) : inner_(std::move(inner)) {}
  static constexpr std::string_view name = "together";
  [[nodiscard]] Index size() const { return inner_.size(); }
  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return inner_.parameter_count(); }
  void log_densities(Rows x, MatrixRef out) const { inner_.log_densities(x, out); }
  [[nodiscard]] Index statistics_size() const { return inner_.statistics_size(); }
  void accumulate(Rows x, Shares shares, VectorRef statistics) const {
    inner_.accumulate(x, shares, statistics);
  }
  void maximize(ConstVectorRef sum) { inner_.maximize(sum); }

 private:
  Untied<Normal> inner_;
};

TEST(TruncatedToNeighbors, SearchesAllAndSaysSoWhereComponentsAreNotEvaluatedSingly) {
  const Matrix x = around_centers(500, 1, 10, 20);
  std::vector<Normal> components;
  for (Index c = 0; c < 10; ++c) components.emplace_back(x(c, 0), 2.0);
  const auto run = [&](AnyFamily family, Index neighbors) {
    MixtureState state{Vector::Constant(10, 0.1), std::move(family)};
    return run_em(
        state, x, Vector::Ones(500),
        {.assignment = Truncated{.keep = 2, .neighbors = neighbors}, .tol = -1, .max_iter = 5});
  };
  const AnyFamily together = Together(Untied(components));
  EXPECT_FALSE(together.separable());
  const EmReport report = run(together, 3);
  EXPECT_EQ(report.objective_history, run(together, 0).objective_history);
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_NE(report.warnings[0].find("together"), std::string::npos);
  EXPECT_TRUE(run(Untied(components), 3).warnings.empty());
  Vector sum(together.statistics_size());
  EXPECT_THROW(together.accumulate_of(0, x, Vector::Ones(500), sum), std::logic_error);
  EXPECT_THROW(together.log_density_of(0, x, sum), std::logic_error);
}

TEST(TruncatedToNeighbors, RefusesNumbersThatCannotBe) {
  const Matrix x = around_centers(50, 1, 3, 20);
  for (const Truncated& policy : {Truncated{.keep = 0}, Truncated{.keep = 2, .neighbors = -1},
                                  Truncated{.keep = 2, .neighbors = 2, .extra = -1}}) {
    MixtureState state = at_rows(x, 3);
    EXPECT_THROW(run_em(state, x, Vector::Ones(50), {.assignment = policy}), std::invalid_argument);
  }
}

class KeepBest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { kernels::use_target(GetParam()); }
  void TearDown() override { kernels::use_target(""); }
};

// By sorting each row.
TEST_P(KeepBest, EqualsSorting) {
  Rng rng(6);
  for (const Index rows : {1, 7, 64, 511, 512}) {
    for (const Index k : {1, 3, 40}) {
      Matrix l(rows, k);
      for (double& value : l.reshaped()) {
        value = static_cast<double>(uniform_index(rng, 9));  // many are equal
        if (value == 0) value = -infinity;
        if (value == 8) value = infinity;
      }
      for (Index keep : {1, 2, 5, 40}) {
        keep = std::min(keep, k);
        Matrix best(keep, rows);
        Eigen::MatrixXi which(keep, rows);
        kernels::keep_best(l, best, which);
        for (Index i = 0; i < rows; ++i) {
          std::vector<int> order;
          for (int c = 0; c < k; ++c) {
            if (l(i, c) > -infinity) order.push_back(c);
          }
          std::stable_sort(order.begin(), order.end(),
                           [&](int a, int b) { return l(i, a) > l(i, b); });
          order.resize(static_cast<std::size_t>(keep), -1);
          for (Index at = 0; at < keep; ++at) {
            const int c = order[static_cast<std::size_t>(at)];
            EXPECT_EQ(which(at, i), c);
            EXPECT_EQ(best(at, i), c < 0 ? -infinity : l(i, c));
          }
        }
      }
    }
  }
}

TEST_P(KeepBest, PutsNaNFirst) {
  Matrix l = Matrix::Constant(20, 6, 1.0);
  l(3, 5) = quiet_nan;
  l(19, 0) = quiet_nan;
  l.row(19).tail(5).setConstant(infinity);
  Matrix best(2, 20);
  Eigen::MatrixXi which(2, 20);
  kernels::keep_best(l, best, which);
  EXPECT_TRUE(std::isnan(best(0, 3)));
  EXPECT_EQ(which(0, 3), 5);
  EXPECT_TRUE(std::isnan(best(0, 19)));
  EXPECT_EQ(best(0, 4), 1);
}

// The distance of one component is that of all.
TEST_P(KeepBest, ScaledDistanceEqualsItsDefinition) {
  Rng rng(6);
  for (const Index rows : {1, 5, 70}) {
    const Matrix x = around_centers(rows, 5, 3, 2);
    const Vector center{{1, -2, 0.5, 3, 0}};
    const Vector scale{{1, 2, 0.1, 0.7, 3}};
    Vector out(rows);
    kernels::scaled_distance(x, center, scale, 2.5, out);
    for (Index i = 0; i < rows; ++i) {
      const double square = (x.row(i).transpose() - center).cwiseProduct(scale).squaredNorm();
      EXPECT_NEAR(out[i], 2.5 - square / 2, 1e-13 * (1 + square));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, KeepBest, testing::ValuesIn(kernels::targets()),
                         [](const auto& target) { return target.param; });

}  // namespace
