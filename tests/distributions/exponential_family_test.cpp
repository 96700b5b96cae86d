// What Untied does with distributions that name their natural parameters.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "mix/block_memory.h"
#include "mix/distributions/bernoulli.h"
#include "mix/distributions/binomial.h"
#include "mix/distributions/categorical.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/product.h"
#include "mix/random.h"
#include "mix/untied.h"

namespace {

using namespace mix;

static_assert(ExponentialFamily<Poisson> && ExponentialFamily<Multinomial>);
static_assert(ExponentialFamily<Bernoulli> && ExponentialFamily<Binomial>);
static_assert(ExponentialFamily<Categorical> && ExponentialFamily<Exponential>);
static_assert(!ExponentialFamily<Normal>);
static_assert(Remembering<Untied<Poisson>> && !Remembering<Untied<Normal>>);
static_assert(Remembering<Product>);

// Natural parameters do not describe a log density that replaces the one they belong to.
struct OtherDensity : Poisson {
  void log_density(Rows x, VectorRef out) const;
};
static_assert(Streaming<OtherDensity> && !ExponentialFamily<OtherDensity>);

// Cells 0, 1, ..., levels - 1.
Matrix codes(Index rows, Index columns, Index levels) {
  Rng rng(7);
  Matrix x(rows, columns);
  for (double& v : x.reshaped()) v = static_cast<double>(uniform_index(rng, levels));
  return x;
}

Matrix shares_of(Index rows, Index components) {
  Rng rng(8);
  Matrix shares(rows, components);
  for (double& v : shares.reshaped()) v = uniform(rng);
  return shares;
}

// Densities and statistics of a family equal those of its components, infinities included.
template <class D>
void expect_one_by_one(const std::vector<D>& components, const Matrix& x) {
  const Untied<D> family(components);
  const Index k = family.size();
  const Matrix shares = shares_of(x.rows(), k);
  Matrix l(x.rows(), k);
  family.log_densities(x, l);
  Vector sum = Vector::Zero(family.statistics_size());
  family.accumulate(x, shares, sum);
  const Index length = family.statistics_size() / k;
  for (Index c = 0; c < k; ++c) {
    Vector alone(x.rows());
    family.component(c).log_density(x, alone);
    for (Index i = 0; i < x.rows(); ++i) {
      if (alone[i] == -infinity) {
        EXPECT_EQ(l(i, c), -infinity) << "row " << i << ", component " << c;
      } else {
        EXPECT_NEAR(l(i, c), alone[i], 1e-13 * (1 + std::abs(alone[i])));
      }
    }
    Vector of_one = Vector::Zero(length);
    family.component(c).accumulate(x, shares.col(c), of_one);
    for (Index j = 0; j < length; ++j) {
      EXPECT_NEAR(sum[c * length + j], of_one[j], 1e-12 * (1 + of_one[j]));
    }
  }
}

TEST(ExponentialFamily, OfPoissonsEqualsEachPoisson) {
  const std::vector<Poisson> components = {Poisson(Vector{{1.0, 5.0}}), Poisson(Vector{{0.0, 2.0}}),
                                           Poisson(Vector{{0.0, 0.0}})};
  Matrix x = codes(1100, 2, 9);
  expect_one_by_one(components, x);
  x(3, 0) = 5000;  // more than the table of log-factorials holds
  x(600, 1) = quiet_nan;
  x(1099, 0) = 0.5;
  expect_one_by_one(components, x);
}

TEST(ExponentialFamily, OfExponentialsEqualsEachExponential) {
  const std::vector<Exponential> components = {Exponential(Vector{{1.0, 5.0}}),
                                               Exponential(Vector{{1e250, 2.0}})};
  Matrix x = codes(700, 2, 9) / 3;
  expect_one_by_one(components, x);
  for (const double odd : {-1.0, infinity, quiet_nan}) {
    x(600, 1) = odd;
    expect_one_by_one(components, x);
  }
}

TEST(ExponentialFamily, OfMultinomialsEqualsEachMultinomial) {
  const std::vector<Multinomial> components = {Multinomial(Vector{{0.2, 0.3, 0.5}}),
                                               Multinomial(Vector{{0.0, 1.0, 0.0}})};
  Matrix x = codes(700, 3, 9);
  x.row(1).setZero();
  x.row(2) << 0, 4, 0;
  x(4, 0) = 5000;
  expect_one_by_one(components, x);
  x(600, 1) = -1;
  expect_one_by_one(components, x);
}

TEST(ExponentialFamily, OfBernoullisEqualsEachBernoulli) {
  const std::vector<Bernoulli> components = {Bernoulli(Vector{{0.2, 0.3}}),
                                             Bernoulli(Vector{{0.0, 1.0}})};
  Matrix x = codes(700, 2, 2);
  expect_one_by_one(components, x);
  x(600, 1) = 2;
  expect_one_by_one(components, x);
}

TEST(ExponentialFamily, OfBinomialsEqualsEachBinomial) {
  const std::vector<Binomial> components = {Binomial(8, 0.3), Binomial(8, 0.0), Binomial(8, 1.0)};
  Matrix x = codes(700, 1, 9);
  expect_one_by_one(components, x);
  x(600, 0) = 9;
  expect_one_by_one(components, x);
  Matrix with_trials(700, 2);
  with_trials << codes(700, 1, 9), Vector::Constant(700, 8);
  with_trials.row(5) << 3000, 6000;
  expect_one_by_one<Binomial>(
      {Binomial::with_trials_column(0.3), Binomial::with_trials_column(0.7)}, with_trials);
}

TEST(ExponentialFamily, OfBinomialsMayDifferInTrials) {
  expect_one_by_one<Binomial>({Binomial(5, 0.3), Binomial(20, 0.6)}, codes(700, 1, 9));
}

TEST(ExponentialFamily, OfCategoricalsEqualsEachCategorical) {
  const std::vector<Vector> some = {Vector{{0.2, 0.8}}, Vector{{0.1, 0.2, 0.3, 0.4}}};
  const std::vector<Vector> sharp = {Vector{{1.0, 0.0}}, Vector{{0.5, 0.0, 0.5, 0.0}}};
  Matrix x(700, 2);
  x << codes(700, 1, 2), codes(700, 1, 4);
  expect_one_by_one<Categorical>({Categorical(some), Categorical(sharp)}, x);
  x(600, 0) = 2;
  expect_one_by_one<Categorical>({Categorical(some), Categorical(sharp)}, x);
}

TEST(ExponentialFamily, OfManyLevelsIsLookedUp) {
  const std::vector<Vector> uniform = {Vector::Constant(300, 1.0 / 300)};
  expect_one_by_one<Categorical>({Categorical(uniform), Categorical(uniform)}, codes(700, 1, 300));
}

TEST(ExponentialFamily, KeepsItsFeaturesFromDensitiesToStatistics) {
  const Matrix x = codes(300, 2, 3);
  const Matrix shares = shares_of(300, 2);
  const AnyFamily family = Untied(Categorical(std::vector<Index>{3, 3}), 2);
  BlockMemory memory;
  Matrix l(300, 2);
  Vector sum = Vector::Zero(family.statistics_size());
  // Blocks with and without the form take turns in one memory.
  Matrix odd = x;
  odd(7, 1) = 5;
  for (const Matrix* block : std::vector<const Matrix*>{&x, &odd, &x}) {
    Vector expected = Vector::Zero(family.statistics_size());
    family.accumulate(*block, shares, expected);
    sum.setZero();
    family.log_densities(*block, l, memory);
    family.accumulate(*block, shares, sum, memory);
    EXPECT_EQ(sum, expected);
  }
}

TEST(ExponentialFamily, FollowsItsParameters) {
  const Matrix x = codes(100, 1, 9);
  Untied<Poisson> family(Poisson(1), 2);
  Vector sum = Vector::Zero(family.statistics_size());
  family.accumulate(x, shares_of(100, 2), sum);
  family.maximize(sum);
  Matrix l(100, 2);
  family.log_densities(x, l);
  Vector alone(100);
  family.component(1).log_density(x, alone);
  EXPECT_LT((l.col(1) - alone).cwiseAbs().maxCoeff(), 1e-13);
  family.select({1});
  Matrix selected(100, 1);
  family.log_densities(x, selected);
  EXPECT_LT((selected.col(0) - alone).cwiseAbs().maxCoeff(), 1e-13);
}

TEST(Product, RemembersWhatItsBlocksRemember) {
  Matrix x(300, 4);
  x << codes(300, 3, 3), Vector::LinSpaced(300, -2, 2);
  const AnyFamily family =
      Product({{{2, 0}, Untied(Categorical(std::vector<Index>{3, 3}), 2)},
               {{3}, Untied(Normal(0, 1), 2)},
               {{1}, Untied(std::vector{Poisson(Vector{{1.0}}), Poisson(Vector{{2.0}})})}});
  const Matrix shares = shares_of(300, 2);
  BlockMemory memory;
  Matrix l(300, 2);
  Matrix expected_l(300, 2);
  Vector sum = Vector::Zero(family.statistics_size());
  Vector expected = sum;
  family.log_densities(x, expected_l);
  family.accumulate(x, shares, expected);
  family.log_densities(x, l, memory);
  family.accumulate(x, shares, sum, memory);
  EXPECT_EQ(l, expected_l);
  EXPECT_EQ(sum, expected);
}

}  // namespace
