#include "mix/distributions/categorical.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "mix/concepts.h"
#include "mix/distributions/bernoulli.h"
#include "mix/distributions/multinomial.h"
#include "mix/em.h"
#include "support/evaluate.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(Streaming<Categorical> && Sampleable<Categorical> && Preparable<Categorical>);
static_assert(check_component<Categorical>());

TEST(Categorical, HasTheDensityOfTheTextbook) {
  const Categorical distribution({Vector{{0.2, 0.8}}, Vector{{0.5, 0.1, 0.4}}});
  EXPECT_EQ(distribution.levels(), (std::vector<Index>{2, 3}));
  EXPECT_EQ(distribution.parameter_count(), 3);
  EXPECT_NEAR(log_density_at(distribution, {1, 2}), std::log(0.8 * 0.4), 1e-14);
  for (const double x : {-1.0, 0.5, 2.0, 1e300}) {
    EXPECT_EQ(log_density_at(distribution, {x, 0}), -infinity) << x;
  }
  EXPECT_NEAR(log_density_at(distribution, {quiet_nan, 2}), std::log(0.4), 1e-14);
}

TEST(Categorical, LearnsTheLevelsOfRowsWithWeight) {
  Categorical distribution(3);
  distribution.prepare(rows(3, {0, 4, 0, 1, 0, 0, 7, 9, 9}), Vector{{1, 2, 0}});
  EXPECT_EQ(distribution.levels(), (std::vector<Index>{2, 5, 1}));
  EXPECT_EQ(distribution.parameter_count(), 5);
  Categorical given(std::vector<Index>{3, 5, 2});
  given.prepare(rows(3, {0, 0, 0}), Vector::Ones(1));
  EXPECT_EQ(given.levels(), (std::vector<Index>{3, 5, 2}));
}

TEST(Categorical, KeepsItsEstimateWhenPreparedWithTheSameLevels) {
  Categorical distribution(1);
  const Matrix x = rows(1, {0, 1, 1, 2});
  distribution.prepare(x, Vector::Ones(4));
  estimate(distribution, x, Vector::Ones(4));
  const Matrix before = distribution.probabilities();
  distribution.prepare(x, Vector::Ones(4));
  EXPECT_EQ(distribution.probabilities(), before);
}

TEST(Categorical, EqualsAMultinomialOfOneTrial) {
  const Categorical categorical({Vector{{0.2, 0.3, 0.5}}});
  const Multinomial multinomial(Vector{{0.2, 0.3, 0.5}});
  EXPECT_EQ(log_density_at(categorical, {1}), log_density_at(multinomial, {0, 1, 0}));
}

TEST(Categorical, EstimatesTheNumericalOptimumWithAndWithoutSmoothing) {
  const Matrix x = rows(2, {0, 1, 2, 0, 1, 0, 2, 1, 2, 1});
  const Vector w{{0.5, 1.0, 2.0, 0.3, 1.7}};
  for (const double pseudo_count : {0.0, 0.7}) {
    Categorical fitted(std::vector<Index>{3, 2}, {.pseudo_count = pseudo_count});
    estimate(fitted, x, w);
    const Vector first = fitted.probabilities().row(0).transpose();
    const Vector second = fitted.probabilities().row(1).head(2).transpose();
    for (Index level = 0; level < 2; ++level) {
      const auto at = [&](double t) {
        Vector p = first;
        p[level] += t;
        p[2] -= t;
        const Categorical moved({p, second}, {.pseudo_count = pseudo_count});
        return weighted_log_likelihood(moved, x, w) + moved.log_prior();
      };
      EXPECT_NEAR(distance_to_maximum(at, 1e-4), 0, 1e-8) << pseudo_count;
    }
  }
}

TEST(Categorical, EmbedsEqualRowsAtTheSamePoint) {
  const Matrix points = Categorical(2).embed(rows(2, {0, 2, 0, 2, 1, 2, 1, 0}));
  EXPECT_EQ((points.row(0) - points.row(1)).squaredNorm(), 0);
  EXPECT_EQ((points.row(0) - points.row(2)).squaredNorm(), 2);
  EXPECT_EQ((points.row(0) - points.row(3)).squaredNorm(), 4);
}

TEST(Categorical, NamesTheFirstCellThatIsNoCode) {
  EXPECT_EQ(Categorical(std::vector<Index>{2, 3}).check_support(rows(2, {0, 1, 2, 2, 1, 3})),
            "row 2, column 1: 2 is not a category code from 0 to 1; 2 rows in all");
  EXPECT_EQ(Categorical(2).check_support(rows(2, {0, 1, 2, 2, 1, 3})), "");
  EXPECT_NE(Categorical(2).check_support(rows(2, {0, -1})), "");
}

TEST(Categorical, RefusesImpossibleParameters) {
  EXPECT_THROW(Categorical(0), std::invalid_argument);
  EXPECT_THROW(Categorical(std::vector<Index>{2, 0}), std::invalid_argument);
  EXPECT_THROW(Categorical({Vector{{0.5, 0.6}}}), std::invalid_argument);
  EXPECT_THROW(Categorical(2, {.pseudo_count = quiet_nan}), std::invalid_argument);
}

// Students who admit to cheating in four ways (poLCA's data "cheating"): all 16 patterns, counted.
TEST(Categorical, LatentClassesReachTheKnownFitOfCheatingStudents) {
  Matrix x(16, 4);
  for (Index i = 0; i < 16; ++i) {
    for (Index j = 0; j < 4; ++j) x(i, j) = static_cast<double>((i >> (3 - j)) & 1);
  }
  const Vector w{{207, 46, 7, 5, 13, 4, 1, 2, 10, 3, 1, 2, 11, 4, 1, 2}};
  const Vector honest{{0.95, 0.05}};
  const Vector cheating{{0.5, 0.5}};
  MixtureState state{Vector{{0.5, 0.5}},
                     Untied(std::vector{Categorical({cheating, cheating, cheating, cheating}),
                                        Categorical({honest, honest, honest, honest})})};
  const EmReport report = run_em(state, x, w, to_the_end());
  EXPECT_EQ(report.falls, 0);
  EXPECT_NEAR(report.log_likelihood, -440.027112412, 1e-7);
  EXPECT_NEAR(state.weights[0], 0.160567, 1e-4);
  EXPECT_NEAR(state.family.as<Untied<Categorical>>()->component(0).probabilities()(0, 1), 0.576934,
              1e-3);

  MixtureState binary{Vector{{0.5, 0.5}},
                      Untied(std::vector{Bernoulli(Vector::Constant(4, 0.5)),
                                         Bernoulli(Vector::Constant(4, 0.05))})};
  const EmReport same = run_em(binary, x, w, to_the_end());
  EXPECT_NEAR(same.log_likelihood, report.log_likelihood, 1e-9);
}

}  // namespace
