#include "mix/distributions/normal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "mix/concepts.h"
#include "mix/em.h"
#include "mix/json_fields.h"

namespace mix {
namespace {

static_assert(check_component<Normal>());
static_assert(Streaming<Normal> && Sampleable<Normal> && Preparable<Normal> && Visitable<Normal> &&
              WithPrior<Normal> && Named<Normal>);

Matrix two_groups(Index n, double offset, double scale) {
  Rng rng(1);
  Matrix x(n, 1);
  for (Index i = 0; i < n; ++i) {
    x(i, 0) = offset + scale * (standard_normal(rng) + (i % 3 == 0 ? 4.0 : 0.0));
  }
  return x;
}

Normal refitted(Normal d, const Matrix& x, const Vector& w) {
  Vector sum = Vector::Zero(3);
  d.accumulate(x, w, sum);
  d.maximize(sum);
  return d;
}

TEST(Normal, HasTheTextbookDensity) {
  Matrix x(3, 1);
  x << 2, 5, 1e200;
  Vector out(3);
  Normal(2, 3).log_density(x, out);
  EXPECT_NEAR(out[0], -0.5 * std::log(2 * M_PI) - std::log(3.0), 1e-15);
  EXPECT_NEAR(out[1], out[0] - 0.5, 1e-15);
  EXPECT_EQ(out[2], -infinity);
}

TEST(Normal, IsEstimatedByMeanAndVariance) {
  Matrix x(4, 1);
  x << 1, 2, 3, 10;
  Vector w(4);
  w << 1, 2, 1, 0;
  const Normal d = refitted(Normal(), x, w);
  EXPECT_DOUBLE_EQ(d.mean(), 2);
  EXPECT_DOUBLE_EQ(d.standard_deviation(), std::sqrt(0.5));
}

TEST(Normal, KeepsItsDigitsFarFromZero) {
  const Matrix x = two_groups(500, 0, 1);
  Normal near;
  near.start(x, Vector::Ones(500));
  const Matrix shifted = x.array() + 1e8;
  Normal far;
  far.start(shifted, Vector::Ones(500));
  // The shifted data themselves are rounded to 1.5e-8.
  EXPECT_NEAR(far.standard_deviation(), near.standard_deviation(), 1e-8);
  EXPECT_NEAR(far.mean() - 1e8, near.mean(), 1e-7);
}

TEST(Normal, KeepsItsParametersWithoutWeight) {
  const Normal d = refitted(Normal(2, 3), Matrix::Ones(2, 1), Vector::Zero(2));
  EXPECT_EQ(d.mean(), 2);
  EXPECT_EQ(d.standard_deviation(), 3);
}

TEST(Normal, StaysFiniteOnRepeatedValues) {
  Matrix x(40, 1);
  for (Index i = 0; i < 40; ++i) x(i, 0) = static_cast<double>(i / 10);
  Untied<Normal> family(Normal(), 4);
  family.prepare(x, Vector::Ones(40));
  Matrix shares = Matrix::Zero(40, 4);
  for (Index i = 0; i < 40; ++i) shares(i, i / 10) = 1;
  family.start(x, shares);
  MixtureState state{Vector::Constant(4, 0.25), family};
  const EmReport report = run_em(state, x, Vector::Ones(40));
  EXPECT_EQ(report.falls, 0);
  EXPECT_TRUE(std::isfinite(report.objective));
  EXPECT_GT(state.family.as<Untied<Normal>>()->component(2).standard_deviation(), 0);
  // Also when nothing was learned about the data.
  const Normal d = refitted(Normal(), Matrix::Ones(3, 1), Vector::Ones(3));
  Vector out(3);
  d.log_density(Matrix::Ones(3, 1), out);
  EXPECT_TRUE(out.allFinite());
}

TEST(Normal, RisesInEveryStepOfEm) {
  const Matrix x = two_groups(600, 3, 2);
  Untied<Normal> family({Normal(3, 1), Normal(9, 4)});
  MixtureState state{Vector::Constant(2, 0.5), family};
  const EmReport report = run_em(state, x, Vector::Ones(600), {.tol = 1e-8});
  EXPECT_EQ(report.falls, 0);
  EXPECT_EQ(report.stop, Stop::converged);
}

TEST(Normal, MovesNoRegularEstimateByItsFloor) {
  const Matrix x = two_groups(300, 0, 1);
  Normal prepared;
  prepared.prepare(x, Vector::Ones(300));
  const Normal with = refitted(prepared, x, Vector::Ones(300));
  const Normal without = refitted(Normal(), x, Vector::Ones(300));
  EXPECT_NEAR(with.standard_deviation(), without.standard_deviation(),
              1e-9 * without.standard_deviation());
  EXPECT_NE(with.log_prior(), 0);
  EXPECT_EQ(without.log_prior(), 0);
}

TEST(Normal, PointsOutSpuriousComponents) {
  const Matrix x = two_groups(300, 0, 1);
  Normal d;
  d.prepare(x, Vector::Ones(300));
  EXPECT_EQ(d.flaw(300), "");
  EXPECT_EQ(d.flaw(30), "");
  EXPECT_NE(d.flaw(2), "");
  EXPECT_EQ(Normal().flaw(2), "");  // nothing is known about the data
  const Matrix tied = Matrix::Ones(10, 1);
  d.start(tied, Vector::Ones(10));
  EXPECT_NE(d.flaw(10), "");
}

TEST(Normal, CountsAWeightOfTwoAsTwoRows) {
  const Matrix x = two_groups(30, 5, 1);
  Matrix twice(60, 1);
  twice << x, x;
  const Normal weighted = refitted(Normal(), x, Vector::Constant(30, 2.0));
  const Normal repeated = refitted(Normal(), twice, Vector::Ones(60));
  EXPECT_NEAR(weighted.mean(), repeated.mean(), 1e-14);
  EXPECT_NEAR(weighted.standard_deviation(), repeated.standard_deviation(), 1e-13);
}

TEST(Normal, SamplesItsMoments) {
  Rng rng(3);
  const Index n = 100000;
  double sum = 0;
  double squares = 0;
  Vector row(1);
  for (Index i = 0; i < n; ++i) {
    Normal(2, 3).sample(rng, row);
    sum += row[0] - 2;
    squares += (row[0] - 2) * (row[0] - 2);
  }
  // Five standard errors: wrong once in a million seeds.
  EXPECT_NEAR(sum / n, 0, 5 * 3 / std::sqrt(1e5));
  EXPECT_NEAR(squares / n, 9, 5 * 9 * std::sqrt(2 / 1e5));
}

TEST(Normal, RefusesWhatHasNoSpread) {
  EXPECT_THROW(Normal(0, 0), std::invalid_argument);
  EXPECT_THROW(Normal(0, -1), std::invalid_argument);
  EXPECT_THROW(Normal(quiet_nan, 1), std::invalid_argument);
  Normal d;
  EXPECT_THROW(d.prepare(Matrix::Ones(5, 1), Vector::Ones(5)), std::invalid_argument);
  EXPECT_THROW(d.prepare(Matrix::Random(5, 2), Vector::Ones(5)), std::invalid_argument);
}

TEST(Normal, SurvivesBeingSavedAndLoaded) {
  Normal saved(1.0 / 3, 1e-7 / 7);
  JsonWriter writer;
  saved.fields(writer);
  const Json text = Json::parse(writer.json().dump());
  const Registry registry;
  JsonReader reader(text, registry);
  Normal loaded;
  loaded.fields(reader);
  EXPECT_EQ(loaded.mean(), saved.mean());
  EXPECT_EQ(loaded.standard_deviation(), saved.standard_deviation());
}

}  // namespace
}  // namespace mix
