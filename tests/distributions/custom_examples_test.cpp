// The distributions that the documentation writes, tested as any other.
#include <gtest/gtest.h>

#include <cmath>

#include "../../docs/examples/common_variance.h"
#include "../../docs/examples/gumbel.h"
#include "../../docs/examples/rayleigh.h"
#include "mix/any_family.h"
#include "mix/em.h"

namespace mix {
namespace {

using CustomGumbel = ::NamedGumbel;

static_assert(check_component<Autodiff<CustomGumbel>>());
static_assert(check_component<::Rayleigh>());
static_assert(Streaming<::Rayleigh> && Sampleable<::Rayleigh> && Visitable<::Rayleigh>);
static_assert(StreamingFamily<CommonVariance> && SampleableFamily<CommonVariance>);
static_assert(Selectable<CommonVariance> && Describable<CommonVariance>);

template <class D>
Matrix drawn(const D& d, Index n) {
  Matrix x(n, 1);
  Rng rng(1);
  Vector row(1);
  for (double& value : x.reshaped()) {
    d.sample(rng, row);
    value = row[0];
  }
  return x;
}

// The integral of the density over a fine grid of [0, 100].
template <class D>
double total_probability(const D& d) {
  constexpr double step = 1e-3;
  const Matrix x = Vector::LinSpaced(100000, step / 2, 100 - step / 2);
  Vector l(x.rows());
  d.log_density(x, l);
  return l.array().exp().sum() * step;
}

TEST(CustomExamples, AreDensities) {
  EXPECT_NEAR(total_probability(Autodiff<CustomGumbel>({30.0, 2.0})), 1, 1e-6);
  EXPECT_NEAR(total_probability(::Rayleigh(4)), 1, 1e-6);
}

TEST(CustomExamples, RayleighFindsItsScale) {
  const Matrix x = drawn(::Rayleigh(3), 20000);
  Vector sum = Vector::Zero(2);
  ::Rayleigh d;
  d.accumulate(x, Vector::Ones(x.rows()), sum);
  d.maximize(sum);
  EXPECT_NEAR(d.scale(), 3, 4 * 3 / (2 * std::sqrt(20000.0)));  // 4 standard errors
  EXPECT_NEAR(d.scale(), std::sqrt(x.squaredNorm() / (2 * 20000)), 1e-12);
  d.maximize(Vector::Zero(2));
  EXPECT_GT(d.scale(), 2.9);
}

TEST(CustomExamples, RayleighHasNoDensityBelowZero) {
  Vector l(1);
  ::Rayleigh().log_density(Matrix::Constant(1, 1, -1), l);
  EXPECT_EQ(l[0], -infinity);
}

TEST(CustomExamples, GumbelDrawsWhatItDescribes) {
  const Matrix x = drawn(Autodiff<CustomGumbel>({5.0, 2.0}), 20000);
  Autodiff<CustomGumbel> d;
  d.fit(x, Vector::Ones(x.rows()));
  EXPECT_NEAR(d.parameter(0), 5, 0.07);
  EXPECT_NEAR(d.parameter(1), 2, 0.06);
}

TEST(CustomExamples, CommonVarianceNeverFalls) {
  Matrix x(300, 1);
  Rng rng(2);
  for (Index i = 0; i < 300; ++i) x(i, 0) = 1e6 + standard_normal(rng) + (i % 3 == 0 ? 4 : 0);
  Matrix shares(300, 2);
  for (Index i = 0; i < 300; ++i) shares.row(i) << (x(i, 0) < 1e6 + 3), (x(i, 0) >= 1e6 + 3);
  MixtureState state{Vector::Constant(2, 0.5), CommonVariance(2)};
  state.family.start(x, shares);
  state.family.start(x, shares);
  const EmReport report = run_em(state, x, Vector::Ones(300));
  EXPECT_EQ(report.falls, 0);
  EXPECT_EQ(report.stop, Stop::converged);
  const auto& family = *state.family.as<CommonVariance>();
  EXPECT_NEAR(std::min(family.mean(0), family.mean(1)), 1e6, 0.4);
  EXPECT_NEAR(std::max(family.mean(0), family.mean(1)), 1e6 + 4, 0.4);
  EXPECT_NEAR(family.variance(), 1, 0.3);
}

TEST(CustomExamples, CommonVarianceOfOneComponentIsTheNormalEstimate) {
  const Matrix x = drawn(::Rayleigh(3), 500);
  AnyFamily family = CommonVariance(1);
  family.start(x, Matrix::Ones(500, 1));
  EXPECT_NEAR(family.as<CommonVariance>()->mean(0), x.mean(), 1e-12);
  EXPECT_NEAR(family.as<CommonVariance>()->variance(), (x.array() - x.mean()).square().mean(),
              1e-12);
  EXPECT_EQ(CommonVariance(3).parameter_count(), 4);
}

}  // namespace
}  // namespace mix
