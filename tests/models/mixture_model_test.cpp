#include "mix/models/mixture_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "mix/distributions/gaussians.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/uniform_box.h"
#include "mix/models/fit.h"
#include "mix/parallel.h"

namespace mix {
namespace {

double normal_density(double x, double mean, double deviation) {
  const double z = (x - mean) / deviation;
  return std::exp(-0.5 * z * z) / (deviation * std::sqrt(2 * std::numbers::pi));
}

MixtureModel recipe() { return mixture({0.25, 0.75}, Normal(-2, 1), Normal(2, 1)); }

TEST(MixtureModel, DensityIsTheWeightedSumOfItsComponents) {
  Matrix x(5, 1);
  x << -3, -1, 0, 2, 8;
  const Vector log_density = recipe().log_density(x);
  for (Index i = 0; i < x.rows(); ++i) {
    const double expected =
        0.25 * normal_density(x(i, 0), -2, 1) + 0.75 * normal_density(x(i, 0), 2, 1);
    EXPECT_NEAR(log_density[i], std::log(expected), 1e-13);
  }
  EXPECT_NEAR(recipe().log_likelihood(x), log_density.sum(), 1e-12);
  EXPECT_NEAR(recipe().score(x), log_density.mean(), 1e-12);
}

TEST(MixtureModel, ResponsibilitiesAreBayesTheorem) {
  Matrix x(3, 1);
  x << -1, 0, 1;
  const Matrix r = recipe().responsibilities(x);
  for (Index i = 0; i < 3; ++i) {
    const double a = 0.25 * normal_density(x(i, 0), -2, 1);
    const double b = 0.75 * normal_density(x(i, 0), 2, 1);
    EXPECT_NEAR(r(i, 0), a / (a + b), 1e-14);
    EXPECT_NEAR(r.row(i).sum(), 1, 4e-16);
  }
  EXPECT_EQ(recipe().predict(x), (std::vector<Index>{0, 1, 1}));
}

// Block by block, whatever the number of threads, and all functions say the same of a row.
TEST(MixtureModel, PredictionsOfManyRowsAgreeWithEachOther) {
  const MixtureModel model =
      mixture({0.2, 0.5, 0.3}, Gaussians(Matrix{{0.0, 0.0}, {3.0, 1.0}, {0.0, 4.0}},
                                         std::vector<Matrix>(3, Matrix::Identity(2, 2))));
  Matrix x = model.sample(2000, 6).x;
  x(1500, 1) = infinity;
  const Matrix r = model.responsibilities(x);
  const Posterior both = model.posterior(x);
  const std::vector<Index> labels = model.predict(x);
  EXPECT_EQ(both.responsibilities, r);
  Vector in_one_call(x.rows());
  model.log_density(x, in_one_call);
  for (Index i = 0; i < x.rows(); ++i) {
    Index best = -1;
    if (i == 1500) {
      EXPECT_EQ(r.row(i).sum(), 0);
      EXPECT_TRUE(std::isnan(both.log_density[i]) || both.log_density[i] == -infinity);
      EXPECT_EQ(labels[1500], -1);
      continue;
    }
    EXPECT_NEAR(r.row(i).sum(), 1, 1e-15);
    r.row(i).maxCoeff(&best);
    EXPECT_EQ(labels[static_cast<std::size_t>(i)], best);
    EXPECT_EQ(both.log_density[i], in_one_call[i]);
  }
  x.row(1500).setZero();
  for (const Index threads : {1, 3}) {
    with_threads(threads, [&] {
      EXPECT_EQ(model.log_density(x).head(1500), both.log_density.head(1500));
      EXPECT_EQ(model.responsibilities(x).topRows(1500), r.topRows(1500));
    });
  }
}

TEST(MixtureModel, ANestedMixtureEqualsItsFlattening) {
  const MixtureModel nested = mixture({0.4, 0.6}, recipe(), Normal(5, 0.5));
  const MixtureModel flat =
      mixture({0.4 * 0.25, 0.4 * 0.75, 0.6}, Normal(-2, 1), Normal(2, 1), Normal(5, 0.5));
  EXPECT_EQ(nested.n_components(), 2);
  EXPECT_EQ(nested.parameter_count(), flat.parameter_count());
  const Matrix x = Vector::LinSpaced(101, -6, 8);
  EXPECT_LT((nested.log_density(x) - flat.log_density(x)).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(MixtureModel, FittingANestedMixtureReachesTheFlatLikelihood) {
  const MixtureModel flat = mixture({0.3, 0.3, 0.4}, Normal(-4, 1), Normal(0, 1), Normal(6, 1));
  const Matrix x = flat.sample(600, 4).x;
  const MixtureModel nested = mixture(mixture(Normal(-1, 1), Normal(1, 1)), Normal(5, 1));
  const Fit nested_fit = fit(nested, x, {.seed = 1});
  const Fit flat_fit = fit(mixture(Untied(Normal(), 3)), x, {.seed = 1});
  EXPECT_EQ(nested_fit.report.falls, 0);
  EXPECT_NEAR(nested_fit.report.log_likelihood, flat_fit.report.log_likelihood, 0.01);
}

TEST(MixtureModel, SamplesHaveTheMixturesProportionsAndMoments) {
  const Sample drawn = recipe().sample(20000, 9);
  double second = 0;
  for (const Index label : drawn.labels) second += static_cast<double>(label);
  // Four standard errors: a correct sampler fails with probability 6e-5.
  EXPECT_NEAR(second / 20000, 0.75, 4 * std::sqrt(0.75 * 0.25 / 20000));
  EXPECT_NEAR(drawn.x.mean(), 1.0, 4 * std::sqrt(4.0 / 20000));
}

TEST(MixtureModel, ARowOfASampleDependsOnTheSeedAndItsNumberAlone) {
  const Sample few = recipe().sample(100, 5);
  const Sample many = recipe().sample(2000, 5);
  EXPECT_EQ(many.x.topRows(100), few.x);
  EXPECT_NE(recipe().sample(100, 6).x, few.x);
  EXPECT_EQ(recipe().sample(1900, 5, 100).x, many.x.bottomRows(1900));
}

TEST(MixtureModel, RefusesWeightsThatAreNoDistribution) {
  EXPECT_THROW(mixture({0.5, 0.6}, Normal(0, 1), Normal(1, 1)), std::invalid_argument);
  EXPECT_THROW(mixture({-0.5, 1.5}, Normal(0, 1), Normal(1, 1)), std::invalid_argument);
  EXPECT_THROW(mixture({1.0}, Normal(0, 1), Normal(1, 1)), std::invalid_argument);
  EXPECT_THROW(mixture(Normal(0, 1), Poisson(2)), std::invalid_argument);
}

TEST(MixtureModel, RefusesRowsOfAnotherDimension) {
  EXPECT_THROW((void)recipe().log_density(Matrix::Zero(3, 2)), std::invalid_argument);
  EXPECT_THROW((void)recipe().responsibilities(Matrix::Zero(3, 2)), std::invalid_argument);
}

TEST(MixtureModel, ARowThatNoComponentExplainsHasDensityZeroAndNoShares) {
  const Matrix box = (Matrix(2, 1) << 0, 1).finished();
  const MixtureModel model =
      mixture({0.5, 0.5}, UniformBox::around(box), UniformBox::around(2 * box));
  const Matrix outside = Matrix::Constant(1, 1, 7.0);
  EXPECT_EQ(model.log_density(outside)[0], -infinity);
  EXPECT_EQ(model.responsibilities(outside).sum(), 0);
}

TEST(MixtureModel, CopiesAreIndependentValues) {
  MixtureModel model = recipe();
  const MixtureModel copy = model;
  const Matrix x = Matrix::Zero(1, 1);
  const double before = copy.log_density(x)[0];
  model = mixture(Normal(100, 1));
  EXPECT_EQ(copy.log_density(x)[0], before);
}

TEST(MixtureModel, ANestedStudentTEstimatesItsDegreesOfFreedom) {
  // Heavy tails: 3 degrees of freedom, not the 10 that estimation begins with.
  const MixtureModel truth =
      mixture(StudentT(Matrix::Zero(1, 1), {Matrix::Ones(1, 1)}, Vector::Constant(1, 3.0)));
  const Matrix x = truth.sample(4000, 7).x;
  const MixtureModel flat = fit(mixture(StudentT(1, 1)), x, {.seed = 1}).model;
  const Fit nested = fit(mixture(mixture(StudentT(1, 1))), x, {.tol = 1e-8, .seed = 1});
  EXPECT_NEAR(nested.report.log_likelihood, flat.log_likelihood(x), 0.01);
}

TEST(MixtureModel, AFlawInsideANestedMixtureIsAFlaw) {
  Matrix x(44, 1);
  for (Index i = 0; i < 40; ++i) x(i, 0) = std::sin(static_cast<double>(i * i));
  for (Index i = 40; i < 44; ++i) x(i, 0) = 5 + 1e-9 * static_cast<double>(i);
  AnyFamily inner = Gaussians(2, 1);
  inner.prepare(x, Vector::Ones(44));
  Matrix r = Matrix::Zero(44, 2);
  r.col(0).head(40).setOnes();
  r.col(1).tail(4).setOnes();
  inner.start(x, r);
  const AnyFamily outer = mixture({40.0 / 44, 4.0 / 44}, inner);
  EXPECT_NE(outer.flaw(0, 44), "");
  EXPECT_NE(outer.flaw(0, 44).find("component 2"), std::string::npos);
}

TEST(MixtureModel, LabelsWhatNoComponentExplainsMinusOne) {
  const MixtureModel boxes = mixture(UniformBox(Vector::Zero(1), Vector::Ones(1)));
  EXPECT_EQ(boxes.predict(Matrix{{0.5}, {2.0}}), (std::vector<Index>{0, -1}));
  const MixtureModel normal = mixture(Normal());
  EXPECT_EQ(normal.predict(Matrix{{0.5}, {infinity}}), (std::vector<Index>{0, -1}));
  const MixtureModel whole_rows = mixture(Multinomial(2));
  EXPECT_EQ(whole_rows.predict(Matrix{{1, 2}, {quiet_nan, 2}}), (std::vector<Index>{0, -1}));
}

TEST(MixtureModel, OfNoRowsHasALikelihoodButNoScore) {
  EXPECT_EQ(mixture(Normal(0, 1)).log_likelihood(Matrix(0, 1)), 0);
  EXPECT_THROW((void)mixture(Normal(0, 1)).score(Matrix(0, 1)), std::invalid_argument);
}

TEST(MixtureModel, RefusesToScoreRowsOfAnotherDimension) {
  EXPECT_THROW((void)mixture(Gaussians(2, 3)).log_likelihood(Matrix::Zero(4, 2)),
               std::invalid_argument);
  EXPECT_THROW((void)mixture(Gaussians(2, 3)).score(Matrix::Zero(4, 2)), std::invalid_argument);
}

}  // namespace
}  // namespace mix
