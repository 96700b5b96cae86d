#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "mix/distributions/categorical.h"
#include "mix/distributions/gated.h"
#include "mix/distributions/gaussian_regression.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/generalized_linear.h"
#include "mix/distributions/geometric.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/pareto.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/product.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/uniform_box.h"
#include "mix/errors.h"
#include "mix/models/mixture_model.h"
#include "mix/parallel.h"

namespace mix {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Two components in two columns, of correlations 0.8 and -0.5.
MixtureModel two_planes() {
  const Matrix means{{0, 0}, {4, 2}};
  const Matrix first{{1, 0.8}, {0.8, 1}};
  const Matrix second{{4, -1}, {-1, 1}};
  return MixtureModel(Vector{{0.25, 0.75}}, Gaussians(means, {first, second}));
}

UniformBox segment(double from, double to) {
  return {Vector::Constant(1, from), Vector::Constant(1, to)};
}

double normal_of_variance(double x, double mean, double variance) {
  return std::exp(-(x - mean) * (x - mean) / (2 * variance)) /
         std::sqrt(2 * std::numbers::pi * variance);
}

TEST(Outputs, CdfOfAMixtureIsTheWeightedSum) {
  const MixtureModel model = mixture({0.25, 0.75}, Normal(-1, 1), Normal(2, 3));
  EXPECT_NEAR(model.cdf(-1), 0.25 * 0.5 + 0.75 * 0.15865525393145707, 1e-15);
  EXPECT_EQ(model.cdf(-infinity), 0);
  EXPECT_EQ(model.cdf(infinity), 1);
}

TEST(Outputs, QuantileOfANormalDistributionIsThatOfTables) {
  EXPECT_NEAR(mixture(Normal(0, 1)).quantile(0.975), 1.959963984540054, 1e-14);
  // Far out nothing of the tail is lost.
  EXPECT_NEAR(mixture(Normal(0, 1)).quantile(1e-20), -9.262340089798409, 1e-12);
  const double x = mixture({0.3, 0.7}, Normal(-2, 1), Normal(2, 0.1)).quantile(0.3);
  EXPECT_NEAR(mixture({0.3, 0.7}, Normal(-2, 1), Normal(2, 0.1)).cdf(x), 0.3, 1e-14);
}

TEST(Outputs, QuantileOfCountsIsACount) {
  const MixtureModel model = mixture({0.5, 0.5}, Poisson(Vector{{1.0}}), Poisson(Vector{{10.0}}));
  for (const double p : {0.01, 0.2, 0.5, 0.77, 0.999}) {
    const double x = model.quantile(p);
    EXPECT_EQ(x, std::floor(x)) << p;
    EXPECT_GE(model.cdf(x), p);
    EXPECT_LT(model.cdf(x - 1), p);
  }
  EXPECT_EQ(std::signbit(model.quantile(0.01)), false);
}

TEST(Outputs, QuantileWhereTheCdfIsFlatIsTheLeast) {
  const MixtureModel model = mixture({0.5, 0.5}, segment(0, 1), segment(2, 3));
  EXPECT_EQ(model.quantile(0.5), 1);
  EXPECT_EQ(model.quantile(0.75), 2.5);
}

TEST(Outputs, QuantileOfAnImpossibleProbabilityIsRefused) {
  const MixtureModel model = mixture(Normal(0, 1));
  for (const double p : {0.0, 1.0, -0.1, quiet_nan}) {
    EXPECT_THROW((void)model.quantile(p), std::invalid_argument) << p;
  }
}

TEST(Outputs, MomentsAreThoseWithinPlusThoseBetweenComponents) {
  const MixtureModel model = two_planes();
  EXPECT_TRUE(model.mean().isApprox(Vector{{3, 1.5}}, 1e-15));
  const Matrix expected{{0.25 * 1 + 0.75 * 4 + 0.1875 * 16, 0.25 * 0.8 - 0.75 + 0.1875 * 8},
                        {0.25 * 0.8 - 0.75 + 0.1875 * 8, 0.25 * 1 + 0.75 * 1 + 0.1875 * 4}};
  EXPECT_TRUE(model.covariance().isApprox(expected, 1e-14));
}

TEST(Outputs, MomentsThatDoNotExistSaySo) {
  const auto student = [](double dof) {
    return mixture(StudentT(Matrix{{3.0}}, {Matrix{{2.0}}}, Vector{{dof}}));
  };
  EXPECT_TRUE(std::isnan(student(1).mean()[0]));
  EXPECT_TRUE(std::isnan(student(1).covariance()(0, 0)));
  EXPECT_EQ(student(1.5).mean()[0], 3);
  EXPECT_EQ(student(2).covariance()(0, 0), infinity);
  EXPECT_DOUBLE_EQ(student(4).covariance()(0, 0), 4);
  EXPECT_EQ(mixture(Pareto(0.9, 1)).mean()[0], infinity);
  EXPECT_TRUE(std::isnan(mixture(Pareto(0.9, 1)).covariance()(0, 0)));
  EXPECT_EQ(mixture(Pareto(1.5, 1)).covariance()(0, 0), infinity);
  // A component without weight does not spoil those of the others.
  EXPECT_EQ(mixture({1.0, 0.0}, Normal(2, 1), Pareto(0.9, 1)).mean()[0], 2);
}

TEST(Outputs, MarginalOfAPlaneIsTheMixtureOfOneColumn) {
  const MixtureModel model = two_planes().marginal({1});
  ASSERT_EQ(model.dimension(), 1);
  const double expected =
      0.25 * normal_of_variance(0.7, 0, 1) + 0.75 * normal_of_variance(0.7, 2, 1);
  EXPECT_NEAR(std::exp(model.log_density(Matrix{{0.7}})[0]), expected, 1e-15);
}

TEST(Outputs, ConditionalOfAPlaneIsTheOneOfTextbooks) {
  const MixtureModel model = two_planes().conditional({0}, Vector{{2.0}});
  // The responsibilities for x = 2.
  const double first = 0.25 * normal_of_variance(2, 0, 1);
  const double second = 0.75 * normal_of_variance(2, 4, 4);
  EXPECT_NEAR(model.weights()[0], first / (first + second), 1e-14);
  const Moments one = model.family().moments(0);
  const Moments two = model.family().moments(1);
  EXPECT_NEAR(one.mean[0], 0.8 * 2, 1e-14);
  EXPECT_NEAR(one.covariance(0, 0), 1 - 0.64, 1e-14);
  EXPECT_NEAR(two.mean[0], 2 - 0.25 * (2 - 4), 1e-14);
  EXPECT_NEAR(two.covariance(0, 0), 1 - 0.25, 1e-14);
}

TEST(Outputs, ConditionalOfATDistributionGainsDegreesOfFreedom) {
  const Matrix scale{{1, 0.8}, {0.8, 1}};
  const AnyFamily family = StudentT(Matrix{{0.0, 0.0}}, {scale}, Vector{{3.0}});
  const AnyFamily given = family.conditional({0}, Vector{{2.0}});
  const auto* t = given.as<StudentT>();
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(t->dof(0), 4);
  EXPECT_NEAR(t->mean(0)[0], 1.6, 1e-14);
  EXPECT_NEAR(t->scale(0)(0, 0), (3.0 + 4) / (3 + 1) * 0.36, 1e-14);
}

TEST(Outputs, BlocksOfAProductAreConditionedEachOnItsOwn) {
  // Columns: x, count, y; the count tells the components apart.
  const MixtureModel model(
      Vector{{0.25, 0.75}},
      Product({Product::Block{{2, 0}, two_planes().family()},
               Product::Block{
                   {1}, Untied(std::vector{Poisson(Vector{{1.0}}), Poisson(Vector{{5.0}})})}}));
  const MixtureModel given = model.conditional({1}, Vector{{2.0}});
  const double first = 0.25 * std::exp(-1.0) / 2;
  const double second = 0.75 * std::exp(-5.0) * 25 / 2;
  EXPECT_NEAR(given.weights()[0], first / (first + second), 1e-14);
  // What is left is x, y in the order of the columns: the planes' second column, then the first.
  EXPECT_TRUE(given.family().moments(1).mean.isApprox(Vector{{2, 4}}));
  EXPECT_TRUE(model.marginal({2, 1}).family().moments(1).mean.isApprox(Vector{{4, 5}}));
  const MixtureModel both = model.conditional({0, 1}, Vector{{1.0, 2.0}});
  EXPECT_NEAR(both.family().moments(1).mean[0], 4 - 1 * (1.0 - 2), 1e-14);
}

TEST(Outputs, NestedMixturesAreConditionedInside) {
  const MixtureModel model = two_planes();
  const MixtureModel nested = mixture(model);
  EXPECT_NEAR(nested.conditional({0}, Vector{{2.0}}).mean()[0],
              model.conditional({0}, Vector{{2.0}}).mean()[0], 1e-14);
  EXPECT_NEAR(nested.marginal({1}).cdf(1.3), model.marginal({1}).cdf(1.3), 1e-15);
}

TEST(Outputs, RegressionIsTheConditionalMeanOfEachRow) {
  const MixtureModel model = two_planes();
  const Matrix x{{0.0}, {2.0}, {quiet_nan}, {7.0}};
  const Regression predicted = model.regression({0}, x);
  for (const Index i : {0, 1, 3}) {
    const Moments moments = model.conditional({0}, x.row(i).transpose()).moments();
    EXPECT_EQ(predicted.mean(i, 0), moments.mean[0]);
    EXPECT_EQ(predicted.standard_deviation(i, 0), std::sqrt(moments.covariance(0, 0)));
  }
  EXPECT_TRUE(std::isnan(predicted.mean(2, 0)));
  // Of one component it is the straight line of least squares.
  const MixtureModel line = mixture(Gaussians(Matrix{{1.0, 2.0}}, {Matrix{{4, 2}, {2, 3}}}));
  EXPECT_NEAR(line.regression({0}, Matrix{{5.0}}).mean(0, 0), 2 + 0.5 * (5 - 1), 1e-14);
}

TEST(Outputs, RegressionFromImpossibleValuesIsNotANumber) {
  const MixtureModel model = mixture(UniformBox(Vector{{0, 0}}, Vector{{1, 2}}));
  const Regression predicted = model.regression({0}, Matrix{{0.5}, {3.0}});
  EXPECT_EQ(predicted.mean(0, 0), 1);
  EXPECT_TRUE(std::isnan(predicted.mean(1, 0)));
}

TEST(Outputs, RegressionHasTheSameBitsForAnyNumberOfThreads) {
  const Matrix x = Vector::LinSpaced(1500, -3, 8);
  Regression predicted[2];
  for (const int run : {0, 1}) {
    with_threads(run == 0 ? 1 : 3, [&] { predicted[run] = two_planes().regression({0}, x); });
  }
  EXPECT_EQ(predicted[0].mean, predicted[1].mean);
  EXPECT_EQ(predicted[0].standard_deviation, predicted[1].standard_deviation);
}

TEST(Outputs, ConditionalDensityTimesMarginalDensityIsTheDensity) {
  const MixtureModel model = two_planes();
  const Matrix x = model.sample(700, 3).x;
  const Vector sum =
      model.marginal({1}).log_density(Matrix(x.col(1))) + model.conditional_log_density({1}, x);
  EXPECT_TRUE(sum.isApprox(model.log_density(x), 1e-14));
  const double direct =
      model.conditional({1}, x.row(5).tail(1).transpose()).log_density(Matrix{{x(5, 0)}})[0];
  EXPECT_NEAR(model.conditional_log_density({1}, x)[5], direct, 1e-12);
}

TEST(Outputs, EntropyOfSeparateUniformPartsIsKnown) {
  // -sum w log(w / length), and a density that is constant on each part.
  const MixtureModel model = mixture({0.25, 0.75}, segment(0, 1), segment(2, 4));
  const double expected = -0.25 * std::log(0.25) - 0.75 * std::log(0.375);
  const MonteCarlo entropy = model.entropy(20000, 4);
  EXPECT_NEAR(entropy.value, expected, 4 * entropy.standard_error);
  EXPECT_GT(entropy.standard_error, 0);
  EXPECT_LT(entropy.standard_error, 0.01);
  EXPECT_EQ(entropy.value, model.entropy(20000, 4).value);
  EXPECT_NE(entropy.value, model.entropy(20000, 5).value);
}

TEST(Outputs, EntropyOfANormalDistributionIsKnown) {
  const MonteCarlo entropy = mixture(Normal(3, 2)).entropy();
  EXPECT_NEAR(entropy.value, 0.5 * std::log(2 * std::numbers::pi * std::numbers::e * 4),
              4 * entropy.standard_error);
  // The variance of (x - m)^2 / (2 s^2) is 1/2.
  EXPECT_NEAR(entropy.standard_error, std::sqrt(0.5 / 100000), 1e-4);
}

TEST(Outputs, DivergenceOfNormalDistributionsIsKnown) {
  const MixtureModel p = mixture(Normal(1, 2));
  const MixtureModel q = mixture(Normal(0, 3));
  const MonteCarlo found = p.divergence(q);
  EXPECT_NEAR(found.value, std::log(1.5) + (4.0 + 1) / 18 - 0.5, 4 * found.standard_error);
  EXPECT_LT(found.standard_error, 0.005);
  EXPECT_EQ(p.divergence(p).value, 0);
}

TEST(Outputs, DivergenceToWhatDoesNotCoverTheRowsIsInfinite) {
  const MixtureModel wide = mixture(Normal(0, 1));
  const MixtureModel narrow = mixture(segment(-1, 1));
  EXPECT_EQ(wide.divergence(narrow, 1000).value, infinity);
  EXPECT_TRUE(std::isfinite(narrow.divergence(wide, 1000).value));
  EXPECT_THROW((void)wide.divergence(two_planes()), std::invalid_argument);
  EXPECT_THROW((void)wide.entropy(1), std::invalid_argument);
}

TEST(Outputs, EntropiesOfWeightsAndLabelsReachTheLogarithmOfTheirNumber) {
  const MixtureModel model = mixture({0.5, 0.5}, Normal(-3, 1), Normal(3, 1));
  EXPECT_NEAR(model.weight_entropy(), std::numbers::ln2, 1e-15);
  const Vector entropy = model.label_entropy(Matrix{{0.0}, {30.0}});
  EXPECT_NEAR(entropy[0], std::numbers::ln2, 1e-15);
  EXPECT_NEAR(entropy[1], 0, 1e-15);
  EXPECT_TRUE(std::isnan(mixture(segment(0, 1)).label_entropy(Matrix{{2.0}})[0]));
}

TEST(Outputs, WhatAFamilyDoesNotOfferIsNamed) {
  const MixtureModel categories = mixture(Categorical(std::vector<Index>{3}));
  EXPECT_THAT([&] { (void)categories.moments(); },
              ThrowsMessage<NotAvailable>(HasSubstr("'categorical' has no moments")));
  EXPECT_THAT([] { (void)two_planes().cdf(0); },
              ThrowsMessage<NotAvailable>(HasSubstr("of several columns has no cdf")));
}

TEST(Outputs, ColumnsThatCannotBeChosenAreRefused) {
  const MixtureModel model = two_planes();
  EXPECT_THROW((void)model.marginal({}), std::invalid_argument);
  EXPECT_THROW((void)model.marginal({0, 0}), std::invalid_argument);
  EXPECT_THROW((void)model.marginal({2}), std::invalid_argument);
  EXPECT_THROW((void)model.conditional({0, 1}, Vector{{1.0, 2.0}}), std::invalid_argument);
  EXPECT_THROW((void)model.conditional({0}, Vector{{quiet_nan}}), std::invalid_argument);
  EXPECT_THROW((void)model.conditional({0}, Vector{{1.0, 2.0}}), std::invalid_argument);
}

// Covariates have no distribution: they leave the weights as they are, and where they are given the
// response has the components' own.
TEST(Outputs, OfRegressionsAreThoseOfTheResponseGivenTheRest) {
  GaussianRegression lines(2, {.covariates = 1});
  lines.set_coefficients(0, 1, Vector{{2.0}});
  lines.set_coefficients(1, -3, Vector{{0.5}});
  lines.set_standard_deviation(0, 0.5);
  lines.set_standard_deviation(1, 2);
  const MixtureModel model(Vector{{0.3, 0.7}}, lines);
  const Regression predicted = model.regression({0}, Matrix{{4.0}, {quiet_nan}});
  const double mean = 0.3 * 9 + 0.7 * -1;
  EXPECT_NEAR(predicted.mean(0, 0), mean, 1e-14);
  EXPECT_NEAR(predicted.standard_deviation(0, 0),
              std::sqrt(0.3 * (0.25 + 81) + 0.7 * (4 + 1) - mean * mean), 1e-13);
  EXPECT_TRUE(std::isnan(predicted.mean(1, 0)));
  const MixtureModel response = model.conditional({0}, Vector{{4.0}});
  EXPECT_NEAR(response.log_density(Matrix{{2.5}})[0], model.log_density(Matrix{{4, 2.5}})[0],
              1e-14);
  EXPECT_NEAR(response.cdf(response.quantile(0.9)), 0.9, 1e-12);
  EXPECT_NEAR(model.conditional_log_density({0}, Matrix{{4, 2.5}})[0],
              model.log_density(Matrix{{4, 2.5}})[0], 1e-14);
  EXPECT_THAT([&] { (void)model.conditional({1}, Vector{{4.0}}); },
              ThrowsMessage<NotAvailable>(HasSubstr("from all others")));
  EXPECT_THAT([&] { (void)model.marginal({1}); },
              ThrowsMessage<NotAvailable>(HasSubstr("given all other columns")));
}

TEST(Outputs, OfGeneralizedLinearModelsHaveOffsetsAndTrials) {
  BinomialRegression shares(1, {.covariates = 1, .offset = true, .trials = true});
  shares.set_coefficients(0, 0.5, Vector{{1.0}});
  const MixtureModel model = mixture(shares);
  const double p = 1 / (1 + std::exp(-(0.5 + 2 - 1)));
  const Regression predicted = model.regression({0, 1, 3}, Matrix{{2, -1, 12}});
  EXPECT_NEAR(predicted.mean(0, 0), 12 * p, 1e-13);
  EXPECT_NEAR(predicted.standard_deviation(0, 0), std::sqrt(12 * p * (1 - p)), 1e-13);
  EXPECT_THAT(
      [&] {
        (void)model.conditional({0, 1, 3}, Vector{{2, -1, 2.5}});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("2.5 trials")));
  NegativeBinomialRegression counts(1, {.covariates = 1});
  counts.set_coefficients(0, 1, Vector{{0.5}});
  counts.set_size(0, 3);
  const Moments moments = mixture(counts).conditional({0}, Vector{{2.0}}).moments();
  const double mean = std::exp(2.0);
  EXPECT_NEAR(moments.mean[0], mean, 1e-12);
  EXPECT_NEAR(moments.covariance(0, 0), mean + mean * mean / 3, 1e-11);
  // The order of the columns is that of the choice.
  EXPECT_NEAR(mixture(counts).marginal({1, 0}).log_density(Matrix{{5, 2}})[0],
              mixture(counts).log_density(Matrix{{2, 5}})[0], 1e-14);
}

// The weights of a gate are those of its columns, which need not be the family's.
TEST(Outputs, OfGatedFamiliesHaveTheWeightsThatTheGateGives) {
  PoissonRegression counts(2, {.covariates = 1});
  counts.set_coefficients(0, 0, Vector{{0.1}});
  counts.set_coefficients(1, 2, Vector{{0.0}});
  Gated gated(counts, {2, 0});
  // The coefficients of the gate come first.
  Vector v = gated.coordinates();
  v.head(3) << 0.5, 1.5, -0.4;
  gated.set_coordinates(v);
  const MixtureModel model = mixture(gated);
  const Matrix row{{3, 6, -0.5}};
  const Matrix weights = gated.weights(row);
  const MixtureModel response = model.conditional({2, 0}, Vector{{-0.5, 3}});
  EXPECT_NEAR(response.weights()[1], weights(0, 1), 1e-14);
  EXPECT_NEAR(response.log_density(Matrix{{6.0}})[0], model.log_density(row)[0], 1e-13);
  EXPECT_NEAR(model.regression({0, 2}, Matrix{{3, -0.5}}).mean(0, 0),
              weights(0, 0) * std::exp(0.3) + weights(0, 1) * std::exp(2.0), 1e-12);
  EXPECT_THAT([&] { (void)model.conditional({0}, Vector{{3.0}}); },
              ThrowsMessage<NotAvailable>(HasSubstr("depend on column 3")));
  // Rows are drawn with the gate's weights, each by itself.
  const Matrix given = Matrix{{3, -0.5}}.replicate(5000, 1);
  const Sample drawn = model.sample_given({0, 2}, given, 7);
  EXPECT_EQ(drawn.x.col(2), given.col(1));
  const auto second =
      static_cast<double>(std::count(drawn.labels.begin(), drawn.labels.end(), Index{1}));
  const double p = weights(0, 1);
  EXPECT_NEAR(second / 5000, p, 5 * std::sqrt(p * (1 - p) / 5000));
  EXPECT_NEAR(
      drawn.x.col(1).mean(), model.regression({0, 2}, given).mean(0, 0),
      5 * std::sqrt(model.conditional({0, 2}, Vector{{3, -0.5}}).covariance()(0, 0) / 5000));
  const Sample first = model.sample_given({0, 2}, Matrix(given.topRows(3)), 7);
  EXPECT_EQ(first.x, drawn.x.topRows(3));
}

// Any model draws what is not given; a row of which something given is missing stays empty.
TEST(Outputs, RowsAreDrawnGivenSomeOfTheirColumns) {
  Matrix given = Matrix::Constant(3000, 1, 4);
  given(1, 0) = quiet_nan;
  const Sample drawn = two_planes().sample_given({0}, given, 1);
  EXPECT_EQ(drawn.labels[1], -1);
  EXPECT_TRUE(drawn.x.row(1).array().isNaN().all());
  const Vector second = drawn.x.bottomRows(2998).col(1);
  const Regression predicted = two_planes().regression({0}, Matrix{{4.0}});
  EXPECT_NEAR(second.mean(), predicted.mean(0, 0),
              5 * predicted.standard_deviation(0, 0) / std::sqrt(2998.0));
  Matrix again;
  with_threads(3, [&] { again = two_planes().sample_given({0}, given, 1).x; });
  EXPECT_EQ(again.bottomRows(2998), drawn.x.bottomRows(2998));
}

}  // namespace
}  // namespace mix
