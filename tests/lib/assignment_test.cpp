#include "mix/assignment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "mix/random.h"

namespace {

using namespace mix;

struct Assigned {
  Matrix r;
  Vector term;
};

Assigned assign(const AnyAssignment& policy, const Matrix& l, const BlockContext& context = {}) {
  Assigned out{l, Vector(l.rows())};
  policy.assign(context, out.r, out.term);
  return out;
}

Matrix random_logs(Index n, Index k) {
  Rng rng(9);
  Matrix l(n, k);
  for (Index i = 0; i < l.size(); ++i) l.data()[i] = 3 * standard_normal(rng) - 700;
  return l;
}

TEST(Assignment, SoftIsBayesTheorem) {
  const Matrix l = Matrix{{std::log(0.1), std::log(0.3), -infinity}};
  const Assigned soft = assign(Soft{}, l);
  EXPECT_NEAR(soft.r(0, 0), 0.25, 1e-15);
  EXPECT_NEAR(soft.r(0, 1), 0.75, 1e-15);
  EXPECT_EQ(soft.r(0, 2), 0);
  EXPECT_NEAR(soft.term[0], std::log(0.4), 1e-15);
}

TEST(Assignment, SoftSurvivesDensitiesBeyondTheExponent) {
  const Assigned soft = assign(Soft{}, Matrix{{-5000, -5001}, {4000, 4000}});
  EXPECT_NEAR(soft.r(0, 0), 1 / (1 + std::exp(-1)), 1e-15);
  EXPECT_NEAR(soft.term[0], -5000 + std::log1p(std::exp(-1)), 1e-9);
  EXPECT_EQ(soft.r(1, 0), 0.5);
}

TEST(Assignment, ANanDensityIsNotAnImpossibleRow) {
  const Assigned soft = assign(Soft{}, Matrix{{quiet_nan, quiet_nan}, {1, quiet_nan}});
  EXPECT_TRUE(std::isnan(soft.term[0]));
  EXPECT_TRUE(std::isnan(soft.term[1]));
}

TEST(Assignment, EveryPolicySharesARowOrLeavesAnImpossibleOneOut) {
  Matrix l = random_logs(40, 4);
  l.row(3).setConstant(-infinity);
  l(5, 0) = -infinity;
  const AnyAssignment policies[] = {Soft{},     Hard{},       Stochastic{},
                                    Annealed{}, Truncated{2}, Known{std::vector<Index>(40, -1)}};
  for (const AnyAssignment& policy : policies) {
    const Assigned out = assign(policy, l);
    for (Index i = 0; i < 40; ++i) {
      EXPECT_NEAR(out.r.row(i).sum(), i == 3 ? 0 : 1, 1e-14);
      EXPECT_GE(out.r.row(i).minCoeff(), 0);
      EXPECT_EQ(out.term[i] == -infinity, i == 3);
    }
    EXPECT_EQ(out.r(5, 0), 0);
  }
}

TEST(Assignment, HardTakesTheBestAndTiesGoToTheLowestIndex) {
  const Assigned hard = assign(Hard{}, Matrix{{1, 3, 2}, {2, 5, 5}});
  EXPECT_EQ(hard.r, (Matrix{{0, 1, 0}, {0, 1, 0}}));
  EXPECT_EQ(hard.term, (Vector{{3, 5}}));
}

TEST(Assignment, TruncatedToAllEqualsSoft) {
  const Matrix l = random_logs(100, 5);
  const Assigned soft = assign(Soft{}, l);
  for (const Index keep : {5, 50}) {
    const Assigned truncated = assign(Truncated{keep}, l);
    EXPECT_EQ(truncated.r, soft.r);
    EXPECT_EQ(truncated.term, soft.term);
  }
}

TEST(Assignment, TruncatedToOneEqualsHard) {
  Matrix l = random_logs(100, 5);
  l.row(7).setConstant(-2);  // a tie
  const Assigned hard = assign(Hard{}, l);
  const Assigned truncated = assign(Truncated{1}, l);
  EXPECT_EQ(truncated.r, hard.r);
  EXPECT_EQ(truncated.term, hard.term);
}

TEST(Assignment, TruncatedIsALowerBoundThatGrowsWithTheKept) {
  const Matrix l = random_logs(100, 5);
  double before = -infinity;
  for (Index keep = 1; keep <= 5; ++keep) {
    const Assigned truncated = assign(Truncated{keep}, l);
    EXPECT_GE(truncated.term.sum(), before);
    before = truncated.term.sum();
    for (Index i = 0; i < l.rows(); ++i) {
      EXPECT_EQ((truncated.r.row(i).array() > 0).count(), keep);
    }
  }
}

TEST(Assignment, KnownLabelsAreKeptAndOthersShared) {
  const Matrix l = random_logs(6, 3);
  const Known known{{-1, 2, 0, -1, 1, 1}};
  const Assigned soft = assign(Soft{}, l);
  const Assigned out = assign(known, l);
  for (Index i = 0; i < 6; ++i) {
    const Index label = known.labels[static_cast<std::size_t>(i)];
    if (label < 0) {
      EXPECT_EQ(out.r.row(i), soft.r.row(i));
      EXPECT_EQ(out.term[i], soft.term[i]);
    } else {
      EXPECT_EQ(out.r(i, label), 1);
      EXPECT_EQ(out.r.row(i).sum(), 1);
      EXPECT_EQ(out.term[i], l(i, label));
    }
  }
}

TEST(Assignment, KnownLabelsBelongToTheRowsOfAllData) {
  const Matrix l = random_logs(2, 3);
  const Assigned out = assign(Known{{0, 0, 0, 2, 1}}, l, {.first_row = 3});
  EXPECT_EQ(out.r, (Matrix{{0, 0, 1}, {0, 1, 0}}));
}

// Of more components only the rows that say nothing may be.
TEST(Assignment, ALabelPriorIsOfMoreComponentsOrOfSomeOfThem) {
  const LabelPrior two(Matrix{{0.8, 0.2}, {3, 3}, {0, 1}});
  const LabelPrior four = two.extended(4);
  EXPECT_EQ(four.components(), 4);
  EXPECT_EQ(four.log_probability(0, 0), std::log(0.8));
  EXPECT_FALSE(four.allows(0, 3));
  EXPECT_TRUE(four.says_nothing(1));
  EXPECT_EQ(four.log_probability(1, 3), std::log(3.0));
  EXPECT_THROW((void)four.extended(3), std::invalid_argument);
  const LabelPrior last = four.of_components({1, 3});
  EXPECT_EQ(last.components(), 2);
  EXPECT_EQ(last.log_probability(0, 0), std::log(0.2));
  EXPECT_TRUE(last.allows(2, 0));
  EXPECT_FALSE(last.allows(2, 1));
}

// 0.8 of two is 0.6 beyond even shares, however many components there are besides.
TEST(Assignment, WhatALabelPriorSaysDoesNotDependOnComponentsItDoesNotName) {
  const LabelPrior two(Matrix{{0.8, 0.2}, {3, 3}, {0, 1}});
  const Matrix expected{{0.6, 0}, {0, 0}, {0, 1}};
  for (const Index components : {2, 3, 20}) {
    const LabelPrior prior = two.extended(components);
    Vector evidence(components);
    for (Index i = 0; i < 3; ++i) {
      prior.evidence(i, evidence);
      EXPECT_TRUE(evidence.head(2).isApprox(expected.row(i).transpose(), 1e-15)) << i;
      EXPECT_EQ(evidence.tail(components - 2).sum(), 0);
    }
  }
}

TEST(Assignment, AnnealedEndsAsSoft) {
  const Annealed annealed{.first = 0.2, .steps = 4, .iterations_per_step = 3};
  EXPECT_DOUBLE_EQ(annealed.beta(0), 0.2);
  EXPECT_DOUBLE_EQ(annealed.beta(6), std::sqrt(0.2));
  EXPECT_EQ(annealed.beta(12), 1);
  EXPECT_EQ(annealed.stage(11), 3);
  EXPECT_EQ(annealed.stage(1000), annealed.last_stage());
  const Matrix l = random_logs(50, 4);
  const Assigned soft = assign(Soft{}, l);
  const Assigned last = assign(annealed, l, {.iteration = 12});
  EXPECT_EQ(last.r, soft.r);
  EXPECT_EQ(last.term, soft.term);
}

TEST(Assignment, AnnealedSharesByThePowerOfTheDensity) {
  const Assigned out = assign(Annealed{.first = 0.5}, Matrix{{std::log(4.0), std::log(9.0)}});
  EXPECT_NEAR(out.r(0, 0), 2.0 / 5, 1e-15);
  EXPECT_NEAR(out.term[0], 2 * std::log(5.0), 1e-14);
}

TEST(Assignment, StochasticDrawsInProportionToResponsibilities) {
  // The count of component 1 is binomial; five standard errors fail by chance with 6e-7.
  const Index n = 20000;
  Matrix l(n, 2);
  l.col(0).setConstant(std::log(0.3));
  l.col(1).setConstant(std::log(0.7));
  const Assigned out = assign(Stochastic{}, l, {.iteration = 4, .seed = 8});
  const double count = out.r.col(1).sum();
  EXPECT_NEAR(count, 0.7 * n, 5 * std::sqrt(0.21 * n));
  EXPECT_TRUE(((out.r.array() == 0) || (out.r.array() == 1)).all());
  EXPECT_EQ(assign(Stochastic{}, l, {.iteration = 4, .seed = 8}).r, out.r);
  EXPECT_NE(assign(Stochastic{}, l, {.iteration = 5, .seed = 8}).r, out.r);
  EXPECT_NE(assign(Stochastic{}, l, {.iteration = 4, .seed = 9}).r, out.r);
}

TEST(Assignment, StochasticDrawsOfARowDoNotDependOnItsBlock) {
  const Matrix l = random_logs(10, 3);
  const Assigned all = assign(Stochastic{}, l, {.seed = 1});
  const Assigned tail = assign(Stochastic{}, l.bottomRows(4), {.first_row = 6, .seed = 1});
  EXPECT_EQ(all.r.bottomRows(4), tail.r);
}

TEST(Assignment, PoliciesTellWhatTheyAre) {
  EXPECT_TRUE(AnyAssignment(Soft{}).ascends());
  EXPECT_FALSE(AnyAssignment(Soft{}).hard());
  EXPECT_TRUE(AnyAssignment(Hard{}).hard());
  EXPECT_FALSE(AnyAssignment(Stochastic{}).ascends());
  EXPECT_EQ(AnyAssignment(Annealed{.steps = 7}).last_stage(), 7);
  EXPECT_EQ(AnyAssignment().as<Hard>(), nullptr);
  ASSERT_NE(AnyAssignment(Truncated{3}).as<Truncated>(), nullptr);
  EXPECT_EQ(AnyAssignment(Truncated{3}).as<Truncated>()->keep, 3);
}

}  // namespace
