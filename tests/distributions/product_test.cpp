#include "mix/distributions/product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "mix/distributions/binomial.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/poisson.h"
#include "mix/em.h"
#include "mix/random.h"
#include "mix/testing/check_distribution.h"
#include "support/evaluate.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(StreamingFamily<Product> && RefittableFamily<Product>);

// A distribution that has a fit and no statistics.
struct FittedPoisson {
  Poisson inner{1};
  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 1; }
  void log_density(Rows x, VectorRef out) const { inner.log_density(x, out); }
  void fit(Rows x, Weights w) { estimate(inner, x, w); }
};
static_assert(Refittable<FittedPoisson> && !Streaming<FittedPoisson>);

// Counts, times, counts: two groups.
Matrix mixed_rows() {
  Rng rng(11);
  Matrix x(200, 3);
  for (Index i = 0; i < x.rows(); ++i) {
    const double scale = i % 2 == 0 ? 1 : 6;
    x.row(i) << poisson(rng, scale), scale * standard_exponential(rng), poisson(rng, 2 * scale);
  }
  return x;
}

MixtureState mixed_state() {
  return {
      Vector{{0.5, 0.5}},
      Product(
          {{{0, 2}, Untied(std::vector{Poisson(Vector{{1.0, 2.0}}), Poisson(Vector{{5.0, 9.0}})})},
           {{1}, Untied(std::vector{Exponential(Vector{{1.0}}), Exponential(Vector{{0.2}})})}})};
}

TEST(Product, AddsTheLogDensitiesOfItsBlocks) {
  const MixtureState state = mixed_state();
  Matrix l(1, 2);
  state.family.log_densities(rows(3, {3, 0.5, 4}), l);
  EXPECT_NEAR(l(0, 0),
              log_density_at(Poisson(Vector{{1.0, 2.0}}), {3, 4}) +
                  log_density_at(Exponential(Vector{{1.0}}), {0.5}),
              1e-14);
  state.family.log_densities(rows(3, {3, -0.5, 4}), l);
  EXPECT_EQ(l(0, 0), -infinity);
}

TEST(Product, OfColumnsEqualsOneDistributionOfAllColumns) {
  const Matrix x = mixed_rows()(Eigen::all, std::vector<Index>{0, 2});
  const Vector w = Vector::Ones(x.rows());
  MixtureState together{Vector{{0.5, 0.5}}, Untied(std::vector{Poisson(Vector{{1.0, 2.0}}),
                                                               Poisson(Vector{{5.0, 9.0}})})};
  const auto column = [](double a, double b) {
    return Untied(std::vector{Poisson(Vector{{a}}), Poisson(Vector{{b}})});
  };
  MixtureState apart{Vector{{0.5, 0.5}}, Product({{{0}, column(1, 5)}, {{1}, column(2, 9)}})};
  const EmReport a = run_em(together, x, w, to_the_end());
  const EmReport b = run_em(apart, x, w, to_the_end());
  EXPECT_NEAR(a.log_likelihood, b.log_likelihood, 1e-9);
  EXPECT_EQ(together.family.parameter_count(), apart.family.parameter_count());
}

TEST(Product, WorksWithBlocksThatOnlyHaveAFit) {
  const Matrix x = mixed_rows();
  const Vector w = Vector::Ones(x.rows());
  const auto fitted = [](double rate) { return FittedPoisson{Poisson(Vector{{rate}})}; };
  MixtureState some{Vector{{0.5, 0.5}},
                    Product({{{0}, Untied(std::vector{fitted(1), fitted(5)})},
                             {{1, 2},
                              Product({{{1}, Untied(std::vector{fitted(2), fitted(9)})},
                                       {{0},
                                        Untied(std::vector{Exponential(Vector{{1.0}}),
                                                           Exponential(Vector{{0.2}})})}})}})};
  EXPECT_FALSE(some.family.streams());
  EXPECT_FALSE(some.family.samples());
  MixtureState all = mixed_state();
  EXPECT_TRUE(all.family.streams());
  EXPECT_TRUE(all.family.samples());
  const EmReport a = run_em(some, x, w, to_the_end());
  const EmReport b = run_em(all, x, w, to_the_end());
  EXPECT_EQ(a.falls, 0);
  EXPECT_NEAR(a.log_likelihood, b.log_likelihood, 1e-9);
}

TEST(Product, NamesColumnsOfTheWholeRow) {
  const AnyFamily family = mixed_state().family;
  EXPECT_EQ(family.check_support(mixed_rows()), "");
  EXPECT_EQ(family.check_support(rows(3, {1, 2, 3, 1, 2, -4})),
            "row 2, column 3: -4 is not a count (0, 1, 2, ...)");
  EXPECT_EQ(family.check_support(rows(3, {1, -2, 3})),
            "row 1, column 2: -2 is not a waiting time (finite, at least 0)");
}

TEST(Product, KeepsComponentsTogetherWhenTheyAreReordered) {
  AnyFamily family = mixed_state().family;
  const Matrix x = mixed_rows();
  Matrix before(x.rows(), 2);
  Matrix after(x.rows(), 2);
  family.log_densities(x, before);
  family.select({1, 0});
  family.log_densities(x, after);
  EXPECT_EQ(before.col(0), after.col(1));
  EXPECT_EQ(before.col(1), after.col(0));
}

TEST(Product, EmbedsBlocksWithComparableSpread) {
  Matrix x = mixed_rows();
  x.col(1) *= 1e6;
  const Matrix points = mixed_state().family.embed(x);
  const Matrix centered = points.rowwise() - points.colwise().mean();
  const Vector variance = centered.colwise().squaredNorm() / static_cast<double>(x.rows());
  EXPECT_NEAR(variance.head(2).sum(), 2, 1e-9);
  EXPECT_NEAR(variance[2], 1, 1e-9);
}

TEST(Product, FindsTwoGroupsInMixedColumns) {
  const Matrix x = mixed_rows();
  MixtureState state = mixed_state();
  const EmReport report = run_em(state, x, Vector::Ones(x.rows()), {});
  EXPECT_EQ(report.falls, 0);
  const Matrix r = responsibilities(state, x);
  Index right = 0;
  for (Index i = 0; i < x.rows(); ++i) right += r(i, i % 2) > 0.5 ? 1 : 0;
  EXPECT_GT(right, 190);
}

TEST(Product, RefusesBlocksThatDoNotMakeARow) {
  const AnyFamily one = Untied(Poisson(1), 2);
  EXPECT_THROW(Product(std::vector<Product::Block>{}), std::invalid_argument);
  EXPECT_THROW(Product({{{0}, one}, {{0}, one}}), std::invalid_argument);     // twice
  EXPECT_THROW(Product({{{0}, one}, {{2}, one}}), std::invalid_argument);     // a gap
  EXPECT_THROW(Product({{{0}, one}, {{-1}, one}}), std::invalid_argument);    // before the first
  EXPECT_THROW(Product({{{0, 1}, one}, {{2}, one}}), std::invalid_argument);  // dimension
  EXPECT_THROW(Product({{{0}, one}, {{1}, Poisson(1)}}), std::invalid_argument);  // size
}

TEST(Product, NamesTheColumnOfTheWholeRowThatABlockRefuses) {
  Matrix x(20, 2);
  for (Index i = 0; i < 20; ++i) x.row(i) << static_cast<double>(i % 5), 4;
  AnyFamily family = Product({{{0}, Untied(Poisson(1), 2)}, {{1}, Gaussians(2, 1)}});
  try {
    family.prepare(x, Vector::Ones(20));
    FAIL() << "a constant column was accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("column 2"), std::string::npos) << error.what();
  }
}

}  // namespace
