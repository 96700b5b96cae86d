#include "mix/family_list.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "mix/distributions/binomial.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/poisson.h"
#include "mix/em.h"
#include "mix/random.h"
#include "support/evaluate.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(StreamingFamily<FamilyList> && RefittableFamily<FamilyList>);
static_assert(StreamingFamily<Frozen>);

Poisson with_rate(double rate) { return Poisson(Vector{{rate}}); }

Matrix counts() {
  Rng rng(2);
  Matrix x(120, 1);
  for (Index i = 0; i < x.rows(); ++i) x(i, 0) = poisson(rng, i % 2 == 0 ? 2 : 7);
  return x;
}

// Only a fit, and a memory of how often it was called.
struct Fitted {
  Poisson inner{1};
  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 1; }
  void log_density(Rows x, VectorRef out) const { inner.log_density(x, out); }
  void fit(Rows x, Weights w) { estimate(inner, x, w); }
};

// Two cycles; it records which one each maximize served.
struct Cycling {
  static constexpr std::string_view name = "cycling";
  Index cycle = 0;
  std::vector<Index> served = {};
  [[nodiscard]] Index size() const { return 1; }
  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 0; }
  void log_densities(Rows /*x*/, MatrixRef out) const { out.setZero(); }
  [[nodiscard]] Index statistics_size() const { return 0; }
  void accumulate(Rows /*x*/, Shares /*shares*/, VectorRef /*statistics*/) const {}
  void maximize(ConstVectorRef /*sum*/) { served.push_back(cycle); }
  [[nodiscard]] Index cycles() const { return 2; }
  void select_cycle(Index c) { cycle = c; }
};
static_assert(Cyclic<Cycling>);

TEST(FamilyList, PutsComponentsSideBySide) {
  const FamilyList list({Untied(std::vector{with_rate(1), with_rate(5)}), Binomial(30, 0.2)});
  EXPECT_EQ(list.size(), 3);
  EXPECT_EQ(list.dimension(), 1);
  EXPECT_EQ(list.parameter_count(), 3);
  EXPECT_EQ(list.title(), "poisson + binomial");
  const Matrix x = counts().replicate(20, 1);  // several blocks
  Matrix l(x.rows(), 3);
  list.log_densities(x, l);
  EXPECT_TRUE(l.col(0).isApprox(log_density(with_rate(1), x), 1e-14));
  EXPECT_TRUE(l.col(1).isApprox(log_density(with_rate(5), x), 1e-14));
  EXPECT_TRUE(l.col(2).isApprox(log_density(Binomial(30, 0.2), x), 1e-14));
  EXPECT_EQ(list.locate(1).second, 1);
  EXPECT_EQ(list.locate(2).first, &list.families()[1]);
  EXPECT_THROW(static_cast<void>(list.locate(3)), std::out_of_range);
}

TEST(FamilyList, RefusesFamiliesOfOtherColumns) {
  try {
    const FamilyList list({Poisson(1), Poisson(2)});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("has 1 and 'poisson' has 2"), std::string::npos);
  }
}

TEST(FamilyList, FitsAsOneFamilyOfAllComponents) {
  const Matrix x = counts();
  const Vector w = Vector::Ones(x.rows());
  MixtureState together{Vector{{0.5, 0.5}}, Untied(std::vector{with_rate(1), with_rate(5)})};
  MixtureState listed{Vector{{0.5, 0.5}}, FamilyList({with_rate(1), with_rate(5)})};
  EXPECT_EQ(run_em(together, x, w).objective_history, run_em(listed, x, w).objective_history);
}

TEST(FamilyList, FitsFamiliesWithoutStatisticsTheSame) {
  const Matrix x = counts();
  const Vector w = Vector::Ones(x.rows());
  MixtureState streaming{Vector{{0.5, 0.5}}, FamilyList({with_rate(1), with_rate(5)})};
  MixtureState fitted{Vector{{0.5, 0.5}}, FamilyList({Fitted{with_rate(1)}, with_rate(5)})};
  EXPECT_TRUE(streaming.family.streams());
  EXPECT_FALSE(fitted.family.streams());
  EXPECT_FALSE(fitted.family.samples());
  const EmReport a = run_em(streaming, x, w);
  const EmReport b = run_em(fitted, x, w);
  ASSERT_EQ(a.n_iter, b.n_iter);
  EXPECT_NEAR(a.log_likelihood, b.log_likelihood, 1e-10);
}

TEST(FamilyList, NeedsOneFamilyThatExplainsTheRows) {
  const FamilyList list({Poisson(1), Exponential(1)});
  EXPECT_EQ(list.check_support(rows(1, {0.5, 2})), "");
  EXPECT_EQ(list.check_support(rows(1, {-2})), "row 1, column 1: -2 is not a count (0, 1, 2, ...)");
}

TEST(FamilyList, SelectsWithinItsFamilies) {
  const Matrix x = counts();
  FamilyList list({Untied(std::vector{with_rate(1), with_rate(5)}), Binomial(30, 0.2)});
  Matrix before(x.rows(), 3);
  list.log_densities(x, before);
  FamilyList reordered = list;
  reordered.select({1, 0, 2});
  Matrix after(x.rows(), 3);
  reordered.log_densities(x, after);
  EXPECT_EQ(after.col(0), before.col(1));
  EXPECT_EQ(after.col(2), before.col(2));
  FamilyList one = list;
  one.select({2});
  EXPECT_EQ(one.size(), 1);
  EXPECT_EQ(one.title(), "binomial");
  EXPECT_THROW(list.select({2, 0}), std::invalid_argument);
}

TEST(FamilyList, RunsAsManyCyclesAsItsLongestFamily) {
  MixtureState state{Vector{{0.5, 0.5}}, FamilyList({with_rate(3), Cycling{}})};
  EXPECT_EQ(state.family.cycles(), 2);
  run_em(state, counts(), Vector::Ones(120), {.tol = -1, .max_iter = 4});
  const auto* list = state.family.as<FamilyList>();
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->families()[1].as<Cycling>()->served, (std::vector<Index>{0, 1, 0, 1, 0, 1}));
}

TEST(Frozen, IsWeightedAndNeverEstimated) {
  const Matrix x = counts();
  MixtureState state{Vector{{0.5, 0.5}}, FamilyList({Frozen(with_rate(2)), with_rate(5)})};
  EXPECT_EQ(state.family.parameter_count(), 1);
  EXPECT_EQ(state.family.title(), "poisson (frozen) + poisson");
  const EmReport report = run_em(state, x, Vector::Ones(x.rows()), to_the_end());
  EXPECT_EQ(report.falls, 0);
  const auto& families = state.family.as<FamilyList>()->families();
  EXPECT_EQ(families[0].as<Frozen>()->family().as<Untied<Poisson>>()->component(0).rate()[0], 2);
  EXPECT_NEAR(families[1].as<Untied<Poisson>>()->component(0).rate()[0], 7, 1);
}

TEST(Frozen, CanBeCopiedAndHeld) {
  static_assert(std::copyable<Frozen>);
  static_assert(std::convertible_to<Frozen, AnyFamily>);
  const Frozen original(with_rate(2));
  const AnyFamily held = original;
  EXPECT_EQ(held.size(), 1);
  EXPECT_EQ(held.name(), "frozen");
}

}  // namespace
