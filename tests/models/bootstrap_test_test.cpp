#include "mix/models/bootstrap_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mix/distributions/gaussians.h"
#include "mix/distributions/interval_censored.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/errors.h"
#include "mix/untied.h"

namespace mix {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Candidate normals() {
  return {"normal", [](Index k) { return AnyFamily(Untied(Normal(), k)); }};
}

Matrix normal_rows(Index n, double distance, std::uint64_t seed) {
  return mixture({0.5, 0.5}, Normal(-distance / 2, 1), Normal(distance / 2, 1)).sample(n, seed).x;
}

BootstrapTestOptions quick(Index replicates, Index exceedances) {
  BootstrapTestOptions options;
  options.fit.effort = Effort::fast;
  options.replicates = replicates;
  options.exceedances = exceedances;
  return options;
}

Index at_least(const std::vector<double>& samples, double t) {
  return std::count_if(samples.begin(), samples.end(), [&](double s) { return s >= t; });
}

TEST(BootstrapTest, RejectsOneComponentOfTwoThatAreApart) {
  const Matrix x = normal_rows(60, 5, 1);
  const BootstrapTest test = bootstrap_test(normals(), 1, x, quick(19, 20));
  EXPECT_EQ(test.samples.size(), 19U);
  EXPECT_FALSE(test.early);
  EXPECT_EQ(test.exceeding, 0);
  EXPECT_EQ(test.p_value, 1.0 / 20);
  EXPECT_EQ(test.null.model.n_components(), 1);
  EXPECT_EQ(test.alternative.model.n_components(), 2);
  EXPECT_NEAR(test.statistic,
              2 * (test.alternative.report.log_likelihood - test.null.report.log_likelihood), 1e-9);
}

TEST(BootstrapTest, CountsSamplesAsItSays) {
  const Matrix x = normal_rows(60, 0, 2);
  const BootstrapTest all = bootstrap_test(normals(), 1, x, quick(39, 0));
  EXPECT_EQ(all.samples.size(), 39U);
  EXPECT_EQ(all.exceeding, at_least(all.samples, all.statistic));
  EXPECT_EQ(all.p_value, (1.0 + static_cast<double>(all.exceeding)) / 40);
  ASSERT_GE(all.exceeding, 4);
  // The same samples, up to the fourth that is as large (Besag & Clifford 1991).
  const BootstrapTest early = bootstrap_test(normals(), 1, x, quick(39, 4));
  EXPECT_TRUE(early.early);
  EXPECT_EQ(early.exceeding, 4);
  EXPECT_EQ(early.p_value, 4.0 / static_cast<double>(early.samples.size()));
  EXPECT_GE(early.samples.back(), early.statistic);
  EXPECT_TRUE(std::equal(early.samples.begin(), early.samples.end(), all.samples.begin()));
}

TEST(BootstrapTest, HasTheSameBitsForAnyNumberOfThreads) {
  const Matrix x = normal_rows(40, 2, 3);
  BootstrapTestOptions options = quick(20, 3);
  options.fit.threads = 1;
  const BootstrapTest one = bootstrap_test(normals(), 1, x, options);
  options.fit.threads = 3;
  const BootstrapTest three = bootstrap_test(normals(), 1, x, options);
  EXPECT_EQ(one.statistic, three.statistic);
  EXPECT_EQ(one.samples, three.samples);
  EXPECT_EQ(one.p_value, three.p_value);
}

TEST(BootstrapTest, WeightsAreRepeatedRows) {
  const Matrix x = mixture(Poisson(Vector{{4.0}})).sample(50, 4).x;
  const Candidate poissons{"poisson",
                           [](Index k) { return AnyFamily(Untied(Poisson(Vector{{1.0}}), k)); }};
  Matrix repeated(2 * x.rows(), 1);
  for (Index i = 0; i < x.rows(); ++i) repeated.middleRows(2 * i, 2).setConstant(x(i, 0));
  BootstrapTestOptions options = quick(9, 0);
  const BootstrapTest twice = bootstrap_test(poissons, 1, repeated, options);
  options.fit.sample_weight = Vector::Constant(x.rows(), 2);
  const BootstrapTest weighted = bootstrap_test(poissons, 1, x, options);
  EXPECT_NEAR(weighted.statistic, twice.statistic, 1e-6);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(weighted.samples[i], twice.samples[i], 1e-6);
}

TEST(BootstrapTest, SamplesLackTheCellsThatTheDataLack) {
  // With almost everything missing samples say little more than the data do.
  Matrix x = mixture(Gaussians(1, 2)).sample(60, 5).x;
  for (Index i = 4; i < 60; ++i) x(i, i % 2) = quiet_nan;
  const Candidate gaussians{"gaussian", [](Index k) {
                              return AnyFamily(Gaussians(k, 2, {.structure = Structure::EEI}));
                            }};
  const BootstrapTest test = bootstrap_test(gaussians, 1, x, quick(9, 0));
  EXPECT_EQ(test.failed, 0);
  EXPECT_TRUE(std::isfinite(test.statistic));
}

TEST(BootstrapTest, DrawsGroupsAsGroups) {
  // Pairs of rows from one of two components: without groups they look like pairs by chance.
  Matrix x(60, 1);
  std::vector<Index> groups;
  Rng rng(6);
  for (Index i = 0; i < 60; ++i) {
    x(i, 0) = (i / 6 % 2 == 0 ? -1.0 : 1.0) + standard_normal(rng);
    groups.push_back(i / 6);
  }
  BootstrapTestOptions options = quick(19, 0);
  options.fit.groups = Groups(groups);
  const BootstrapTest test = bootstrap_test(normals(), 1, x, options);
  EXPECT_EQ(test.failed, 0);
  EXPECT_EQ(test.p_value, 1.0 / 20);
}

TEST(BootstrapTest, EndsWhenProgressSaysSo) {
  BootstrapTestOptions options = quick(200, 0);
  options.progress = [](Index, Index) { return false; };
  const BootstrapTest test = bootstrap_test(normals(), 1, normal_rows(30, 0, 7), options);
  EXPECT_LT(test.samples.size(), 200U);
  EXPECT_FALSE(test.early);
  EXPECT_EQ(test.p_value, (1.0 + static_cast<double>(test.exceeding)) /
                              (1.0 + static_cast<double>(test.samples.size())));
}

// Under the null hypothesis P(p <= i/20) = i/20. Of 60 tests about 6 have p <= 0.1: more than 14
// happen with probability 7e-4.
TEST(BootstrapTest, HasUniformPValuesUnderTheNullHypothesis) {
  Index small = 0;
  Index large = 0;
  constexpr Index tests = 60;
  for (Index i = 0; i < tests; ++i) {
    const Matrix x = normal_rows(30, 0, 100 + static_cast<std::uint64_t>(i));
    BootstrapTestOptions options = quick(19, 0);
    options.fit.seed = static_cast<std::uint64_t>(i);
    const double p = bootstrap_test(normals(), 1, x, options).p_value;
    if (p <= 0.1) ++small;
    if (p > 0.5) ++large;
  }
  EXPECT_LE(small, 14);
  EXPECT_GE(large, 15);  // expected 30; fewer, or more than 45, with probability 6e-5
  EXPECT_LE(large, 45);
}

TEST(SuccessiveTests, EndWithTheFirstThatIsNotRejected) {
  const Matrix x = normal_rows(80, 6, 8);
  const std::vector<BootstrapTest> tests =
      successive_tests(normals(), {1, 4}, 0.05, x, quick(39, 5));
  ASSERT_GE(tests.size(), 2U);
  EXPECT_LE(tests[0].p_value, 0.05);
  EXPECT_EQ(tests[1].n_components, 2);
  EXPECT_GT(tests.back().p_value, 0.05);
}

TEST(BootstrapTest, RefusesWhatCannotBeTested) {
  const Matrix x = normal_rows(20, 0, 9);
  EXPECT_THROW((void)bootstrap_test(normals(), 0, x), std::invalid_argument);
  EXPECT_THROW((void)bootstrap_test(normals(), 1, x, {.replicates = 0}), std::invalid_argument);
  BootstrapTestOptions options;
  options.fit.sample_weight = Vector::Constant(20, 0.5);
  EXPECT_THAT([&] { (void)bootstrap_test(normals(), 1, x, options); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("row 1 has the weight 0.5")));
  BootstrapTestOptions labelled;
  labelled.fit.assignment = Known{std::vector<Index>(20, 0)};
  EXPECT_THROW((void)bootstrap_test(normals(), 1, x, labelled), std::invalid_argument);
  const Candidate intervals{
      "intervals", [](Index k) { return AnyFamily(IntervalCensored(Untied(Normal(), k))); }};
  EXPECT_THAT([&] { (void)bootstrap_test(intervals, 1, Matrix::Zero(20, 2)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("censored")));
  EXPECT_THROW((void)bootstrap_test(normals(), 30, x), std::invalid_argument);
  EXPECT_THROW((void)successive_tests(normals(), {2, 2}, 0.05, x), std::invalid_argument);
  EXPECT_THROW((void)successive_tests(normals(), {1, 2}, 1, x), std::invalid_argument);
}

}  // namespace
}  // namespace mix
