#include "mix/models/edges.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "mix/distributions/free_uniform.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/product.h"
#include "mix/distributions/shifted.h"
#include "mix/distributions/shifted_exponential.h"
#include "mix/distributions/weibull.h"
#include "mix/models/fit.h"

namespace mix {
namespace {

// Whether no other pair of edges at rows, all else as it is, makes the rows more likely.
void expect_best_edges(const MixtureModel& model, Rows x) {
  const auto& family = *model.family().as<Untied<FreeUniform>>();
  const double found = model.log_likelihood(x);
  for (Index k = 0; k < family.size(); ++k) {
    for (Index e = 0; e < 2; ++e) {
      for (Index i = 0; i < x.rows(); ++i) {
        std::vector<FreeUniform> moved{family.component(0), family.component(1)};
        FreeUniform& one = moved[static_cast<std::size_t>(k)];
        one = one.with_edge(e, x(i, 0));
        const MixtureModel other({model.weights(), AnyFamily(Untied<FreeUniform>(moved))});
        EXPECT_LE(other.log_likelihood(x), found + 1e-3);
      }
    }
  }
}

TEST(Edges, OfUniformComponentsAreFoundWhereTheLikelihoodIsHighest) {
  const MixtureModel recipe = mixture({0.4, 0.6}, FreeUniform(Vector{{0.0}}, Vector{{3.0}}),
                                      FreeUniform(Vector{{2.0}}, Vector{{7.0}}));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(FreeUniform(1), 2)), x, {.seed = 1});
  const auto& family = *best.model.family().as<Untied<FreeUniform>>();
  EXPECT_EQ(best.report.parameter_count, 5);
  EXPECT_GE(best.report.log_likelihood, recipe.log_likelihood(x));
  EXPECT_EQ(best.report.falls, 0);
  EXPECT_NEAR(family.component(0).lower()[0], 0, 0.05);
  EXPECT_NEAR(family.component(0).upper()[0], 3, 0.05);
  EXPECT_NEAR(family.component(1).lower()[0], 2, 0.15);
  EXPECT_NEAR(family.component(1).upper()[0], 7, 0.05);
  expect_best_edges(best.model, x);
}

TEST(Edges, OfABoxBesideOtherFamiliesMove) {
  const MixtureModel recipe =
      mixture({0.7, 0.3}, Normal(0, 1), FreeUniform(Vector{{6.0}}, Vector{{9.0}}));
  const Matrix x = recipe.sample(600, 2).x;
  const FamilyList families({Untied(Normal(), 1), Untied(FreeUniform(1), 1)});
  const Fit best = fit(mixture(families), x, {.seed = 1});
  const auto& box = best.model.family().as<FamilyList>()->families()[1];
  const FreeUniform& found = box.as<Untied<FreeUniform>>()->component(0);
  EXPECT_NEAR(found.lower()[0], 6, 0.1);
  EXPECT_NEAR(found.upper()[0], 9, 0.1);
  EXPECT_NEAR(best.model.weights()[1], 0.3, 0.06);
}

TEST(Edges, OfShiftedExponentialsMove) {
  const MixtureModel recipe =
      mixture({0.4, 0.6}, ShiftedExponential(1, 2), ShiftedExponential(4, 0.5));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(ShiftedExponential(), 2)), x, {.seed = 1});
  const auto& family = *best.model.family().as<Untied<ShiftedExponential>>();
  EXPECT_GE(best.report.log_likelihood, recipe.log_likelihood(x));
  EXPECT_NEAR(family.component(0).shift(), 1, 0.01);
  EXPECT_NEAR(family.component(1).shift(), 4, 0.02);
  EXPECT_NEAR(family.component(0).rate(), 2, 0.3);
  EXPECT_NEAR(family.component(1).rate(), 0.5, 0.05);
}

TEST(Edges, OfShiftedWeibullsMove) {
  const MixtureModel recipe = mixture({0.4, 0.6}, Shifted<Weibull>(Weibull(1.5, 1), 1),
                                      Shifted<Weibull>(Weibull(2.5, 3), 3));
  const Matrix x = recipe.sample(1000, 1).x;
  const Fit best = fit(mixture(Untied(Shifted<Weibull>(), 2)), x, {.seed = 1});
  const auto& family = *best.model.family().as<Untied<Shifted<Weibull>>>();
  EXPECT_EQ(best.report.parameter_count, 7);
  EXPECT_GE(best.report.log_likelihood, recipe.log_likelihood(x));
  EXPECT_NEAR(family.component(0).shift(), 1, 0.1);
  EXPECT_NEAR(family.component(1).shift(), 3, 0.7);
  EXPECT_NEAR(family.component(0).base().shape(), 1.5, 0.4);
}

// A block of a product, with a missing cell; the other block tells the components apart.
TEST(Edges, OfABlockMove) {
  const MixtureModel recipe = mixture({0.4, 0.6}, FreeUniform(Vector{{0.0}}, Vector{{3.0}}),
                                      FreeUniform(Vector{{2.0}}, Vector{{7.0}}));
  const Sample drawn = recipe.sample(600, 3);
  Matrix x(600, 2);
  x << drawn.x, Vector::LinSpaced(600, 0, 1);
  for (Index i = 0; i < 600; ++i) {
    x(i, 1) += drawn.labels[static_cast<std::size_t>(i)] == 0 ? -4 : 4;
  }
  x(7, 0) = quiet_nan;
  const AnyFamily both = Product({{{0}, Untied(FreeUniform(1), 2)}, {{1}, Untied(Normal(), 2)}});
  EXPECT_TRUE(has_edges(both));
  const Fit best = fit(MixtureModel(both), x, {.seed = 1});
  const auto& boxes =
      *best.model.family().as<Product>()->blocks()[0].family.as<Untied<FreeUniform>>();
  const Index first = boxes.component(0).lower()[0] < boxes.component(1).lower()[0] ? 0 : 1;
  EXPECT_NEAR(boxes.component(first).upper()[0], 3, 0.05);
  EXPECT_NEAR(boxes.component(1 - first).lower()[0], 2, 0.05);
  // From edges that explain too little, with shares that keep them there.
  MixtureState state{
      Vector{{0.4, 0.6}},
      Product({{{0},
                Untied(std::vector<FreeUniform>{FreeUniform(Vector{{0.0}}, Vector{{2.5}}),
                                                FreeUniform(Vector{{2.5}}, Vector{{7.0}})})},
               {{1}, Untied(std::vector<Normal>{Normal(-3.5, 0.3), Normal(4.5, 0.3)})}})};
  EXPECT_TRUE(move_edges(state, x, Vector::Ones(600)));
  const auto& moved = *state.family.as<Product>()->blocks()[0].family.as<Untied<FreeUniform>>();
  EXPECT_EQ(moved.component(0).upper(), boxes.component(first).upper());
  EXPECT_EQ(moved.component(1).lower(), boxes.component(1 - first).lower());
}

TEST(Edges, AreLeftAloneWhereTheyAreBestAndWhereThereAreNone) {
  Matrix x(4, 1);
  x << 1, 2, 3, 4;
  const Vector w = Vector::Ones(4);
  MixtureState normal{Vector::Ones(1), AnyFamily(Untied(Normal(2, 1)))};
  EXPECT_FALSE(has_edges(normal.family));
  EXPECT_FALSE(move_edges(normal, x, w));
  MixtureState box{Vector::Ones(1), AnyFamily(Untied(FreeUniform(Vector{{1.0}}, Vector{{4.0}})))};
  EXPECT_TRUE(has_edges(box.family));
  EXPECT_FALSE(move_edges(box, x, w));
  // Too wide, and too narrow to explain all: one move each way.
  box.family = AnyFamily(Untied(FreeUniform(Vector{{-5.0}}, Vector{{3.5}})));
  EXPECT_TRUE(move_edges(box, x, w));
  const FreeUniform& moved = box.family.as<Untied<FreeUniform>>()->component(0);
  EXPECT_EQ(moved.lower()[0], 1);
  EXPECT_EQ(moved.upper()[0], 4);
}

// One row or equal rows: a box of the least width.
TEST(Edges, KeepABoxWideEnoughToHaveADensity) {
  Matrix x(3, 1);
  x << 1, 5, 5;
  FreeUniform box(1);
  box.prepare(x, Vector::Ones(3));
  box.start(x, Vector{{0.0, 1.0, 1.0}});
  EXPECT_LT(box.lower()[0], 5);
  EXPECT_GT(box.upper()[0], 5);
  EXPECT_NE(box.flaw(2), "");
  Vector out(1);
  box.log_density(Matrix::Constant(1, 1, 5.0), out);
  EXPECT_TRUE(std::isfinite(out[0]));
}

}  // namespace
}  // namespace mix
