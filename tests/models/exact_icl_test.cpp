#include "mix/models/exact_icl.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>
#include <numbers>

#include "mix/distributions/bernoulli.h"
#include "mix/distributions/categorical.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/models/compare.h"
#include "mix/random.h"
#include "mix/untied.h"

namespace mix {
namespace {

using Labels = std::vector<Index>;

// The mixing weights' part by the chain rule: the next label is k with probability
// (n_k + alpha)/(n + K alpha).
double log_labels(const Labels& labels, Index k, double alpha) {
  Vector counts = Vector::Constant(k, alpha);
  double value = 0;
  for (const Index label : labels) {
    value += std::log(counts[label] / counts.sum());
    counts[label] += 1;
  }
  return value;
}

// Simpson's rule on a wide range in which f vanishes at both ends.
template <class F>
double integral(double from, double to, const F& f) {
  constexpr int steps = 20000;
  const double h = (to - from) / steps;
  double sum = f(from) + f(to);
  for (int i = 1; i < steps; ++i) sum += (i % 2 == 1 ? 4 : 2) * f(from + i * h);
  return sum * h / 3;
}

TEST(ExactIcl, OfCountsIsTheIntegralOverRates) {
  const Matrix x{{2.0}, {0.0}, {5.0}, {7.0}, {6.0}};
  const Labels labels{0, 0, 1, 1, 1};
  const RatePrior prior{2.5, 0.7};
  double expected = log_labels(labels, 2, 0.5);
  for (const auto& counts : {std::vector<double>{2, 0}, {5, 7, 6}}) {
    expected += std::log(integral(1e-9, 60, [&](double rate) {
      double value = 2.5 * std::log(0.7) - std::lgamma(2.5) + 1.5 * std::log(rate) - 0.7 * rate;
      for (const double count : counts) {
        value += count * std::log(rate) - rate - std::lgamma(count + 1);
      }
      return std::exp(value);
    }));
  }
  EXPECT_NEAR(exact_icl_poisson(x, labels, 2, prior), -2 * expected, 1e-7);
}

TEST(ExactIcl, OfCategoriesIsTheProductOfPredictions) {
  Rng rng(1);
  const std::vector<Index> levels{2, 4};
  Matrix x(12, 2);
  Labels labels;
  double expected = 0;
  const double beta = 0.8;
  std::vector<std::vector<Vector>> seen(3, {Vector::Constant(2, beta), Vector::Constant(4, beta)});
  for (Index i = 0; i < x.rows(); ++i) {
    labels.push_back(uniform_index(rng, 3));
    for (Index j = 0; j < 2; ++j) {
      const Index code = uniform_index(rng, levels[static_cast<std::size_t>(j)]);
      x(i, j) = static_cast<double>(code);
      Vector& counts = seen[static_cast<std::size_t>(labels.back())][static_cast<std::size_t>(j)];
      expected += std::log(counts[code] / counts.sum());
      counts[code] += 1;
    }
  }
  expected += log_labels(labels, 3, 2.0);
  EXPECT_NEAR(exact_icl_categorical(x, levels, labels, 3, beta, {2.0}), -2 * expected, 1e-10);
}

TEST(ExactIcl, OfGaussiansIsTheIntegralOverMeanAndVariance) {
  // One column: variance ~ inverse gamma(dof/2, scale/2), mean given it normal.
  const Matrix x{{0.3}, {-0.4}, {1.1}};
  NormalInverseWishart prior{Vector{{0.2}}, 0.5, 4, Matrix{{1.5}}};
  const double expected = std::log(integral(-25, 12, [&](double log_variance) {
    const double v = std::exp(log_variance);
    const double shape = 2;
    const double scale = 0.75;
    double value = shape * std::log(scale) - std::lgamma(shape) - shape * log_variance - scale / v;
    // Given the variance the rows are normal with covariance v (I + 1 1'/kappa).
    const Vector r = x.col(0).array() - 0.2;
    const double quadratic = r.squaredNorm() - r.sum() * r.sum() / (0.5 + 3);
    value += -1.5 * std::log(2 * std::numbers::pi * v) - 0.5 * std::log(1 + 3 / 0.5) -
             quadratic / (2 * v);
    return std::exp(value);
  }));
  EXPECT_NEAR(exact_icl_gaussian(x, {0, 0, 0}, 1, prior), -2 * expected, 1e-7);
}

TEST(ExactIcl, OfGaussiansIsTheProductOfStudentPredictions) {
  Rng rng(2);
  const Index d = 3;
  const Matrix x = Matrix::NullaryExpr(7, d, [&] { return standard_normal(rng); });
  NormalInverseWishart prior{Vector{{0.1, 0, -0.2}}, 0.4, 5.5, Matrix::Identity(d, d) * 0.9};
  prior.scale(0, 1) = prior.scale(1, 0) = 0.3;
  double expected = 0;
  Vector mean = prior.mean;
  double kappa = prior.kappa;
  double dof = prior.dof;
  Matrix scale = prior.scale;
  for (Index i = 0; i < x.rows(); ++i) {
    // Student t with dof - d + 1 degrees of freedom (section 8 of the design's formulas).
    const double nu = dof - static_cast<double>(d) + 1;
    const Matrix spread = scale * (kappa + 1) / (kappa * nu);
    const Vector r = x.row(i).transpose() - mean;
    expected += std::lgamma((nu + 3) / 2) - std::lgamma(nu / 2) -
                1.5 * std::log(nu * std::numbers::pi) - 0.5 * std::log(spread.determinant()) -
                (nu + 3) / 2 * std::log(1 + r.dot(spread.inverse() * r) / nu);
    scale += kappa / (kappa + 1) * r * r.transpose();
    mean += r / (kappa + 1);
    kappa += 1;
    dof += 1;
  }
  EXPECT_NEAR(exact_icl_gaussian(x, Labels(7, 0), 1, prior), -2 * expected, 1e-9);
}

TEST(ExactIcl, FindsThePartition) {
  // Two groups far apart: one label for all, and labels by chance, explain them worse.
  Matrix x(20, 1);
  Labels right;
  Labels wrong;
  for (Index i = 0; i < 20; ++i) {
    x(i, 0) = (i < 10 ? 0.0 : 50.0) + static_cast<double>(i % 5);
    right.push_back(i < 10 ? 0 : 1);
    wrong.push_back(i % 2);
  }
  const NormalInverseWishart prior = NormalInverseWishart::like(x);
  const double two = exact_icl_gaussian(x, right, 2, prior);
  EXPECT_LT(two, exact_icl_gaussian(x, Labels(20, 0), 1, prior));
  EXPECT_LT(two, exact_icl_gaussian(x, wrong, 2, prior));
  EXPECT_LT(two, exact_icl_gaussian(x, right, 3, prior));  // an empty component
}

MixtureModel two_round(Structure structure) {
  return mixture(Gaussians(Matrix{{0, 0}, {4, 0}}, std::vector<Matrix>(2, Matrix::Identity(2, 2)),
                           {.structure = structure}));
}

TEST(ExactIcl, OfAModelIsThatOfItsMostProbableComponents) {
  const auto labels = [](const MixtureModel& model, const Matrix& x) {
    return most_probable(model.state(), x);
  };
  const MixtureModel counts(
      AnyFamily(Untied<Poisson>({Poisson(Vector{{3.0}}), Poisson(Vector{{20.0}})})));
  const Matrix x = counts.sample(60, 1).x;
  EXPECT_EQ(exact_icl(counts, x), exact_icl_poisson(x, labels(counts, x), 2));
  const MixtureModel round = two_round(Structure::VVV);
  const Matrix y = round.sample(60, 1).x;
  EXPECT_EQ(exact_icl(round, y),
            exact_icl_gaussian(y, labels(round, y), 2, NormalInverseWishart::like(y)));
  const MixtureModel line(AnyFamily(Untied<Normal>({Normal(0, 1), Normal(5, 1)})));
  const Matrix z = line.sample(60, 1).x;
  EXPECT_EQ(exact_icl(line, z),
            exact_icl_gaussian(z, labels(line, z), 2, NormalInverseWishart::like(z)));
  EXPECT_EQ(exact_icl(mixture(Gaussians(Matrix{{0.0}, {5.0}}, {Matrix{{1.0}}, Matrix{{1.0}}},
                                        {.structure = Structure::VII})),
                      z),
            exact_icl(line, z));
  const MixtureModel bits(
      AnyFamily(Untied<Bernoulli>({Bernoulli(Vector{{0.2, 0.9}}), Bernoulli(Vector{{0.7, 0.1}})})));
  const Matrix b = bits.sample(60, 1).x;
  EXPECT_EQ(exact_icl(bits, b), exact_icl_categorical(b, {2, 2}, labels(bits, b), 2));
  const MixtureModel codes(AnyFamily(Untied(Categorical(std::vector<Index>{2, 3}), 2)));
  EXPECT_EQ(exact_icl(codes, b), exact_icl_categorical(b, {2, 3}, labels(codes, b), 2));
}

TEST(ExactIcl, OfAModelIsUndefinedWherePriorsAreNotConjugate) {
  Matrix y = two_round(Structure::VVV).sample(20, 1).x;
  EXPECT_TRUE(std::isnan(exact_icl(two_round(Structure::EEE), y)));
  const MixtureModel gammas = mixture({0.5, 0.5}, Gamma(4, 1), Gamma(2, 3));
  EXPECT_TRUE(std::isnan(exact_icl(gammas, gammas.sample(20, 1).x)));
  const MixtureModel equal(two_round(Structure::VVV).state(), MixingWeights::equal);
  EXPECT_TRUE(std::isnan(exact_icl(equal, y)));
  y(3, 1) = quiet_nan;
  EXPECT_TRUE(std::isnan(exact_icl(two_round(Structure::VVV), y)));
}

TEST(ExactIcl, RanksTheTableOfACompare) {
  const Matrix x =
      mixture({0.4, 0.6}, Poisson(Vector{{3.0}}), Poisson(Vector{{30.0}})).sample(200, 2).x;
  CompareOptions options{
      .families = {{"poisson", [](Index k) { return AnyFamily(Untied(Poisson(1), k)); }}},
      .components = {1, 3},
      .criterion = "exact_icl"};
  const Comparison table = compare(x, options);
  EXPECT_EQ(table.best().model.n_components(), 2);
  for (const Ranked& row : table) EXPECT_EQ(row.value, exact_icl(row.fit->model, x));
  options.fit.sample_weight = Vector::Ones(200);
  EXPECT_THROW((void)compare(x, options), std::invalid_argument);
}

TEST(ExactIcl, RefusesWhatCannotBe) {
  const Matrix x{{1.0}, {2.0}};
  EXPECT_THROW((void)exact_icl_poisson(x, {0}, 1), std::invalid_argument);
  EXPECT_THROW((void)exact_icl_poisson(x, {0, 1}, 1), std::invalid_argument);
  EXPECT_THROW((void)exact_icl_poisson(Matrix{{0.5}}, {0}, 1), std::invalid_argument);
  EXPECT_THROW((void)exact_icl_poisson(x, {0, 0}, 1, {0, 1}), std::invalid_argument);
  EXPECT_THROW((void)exact_icl_poisson(x, {0, 0}, 1, {}, {0}), std::invalid_argument);
  EXPECT_THROW((void)exact_icl_categorical(x, {2}, {0, 0}, 1), std::invalid_argument);
  EXPECT_THROW((void)NormalInverseWishart::like(Matrix::Ones(5, 2)), std::invalid_argument);
  EXPECT_THROW((void)exact_icl_gaussian(x, {0, 0}, 1, {Vector{{0.0}}, 1, 0, Matrix{{1.0}}}),
               std::invalid_argument);
  EXPECT_THROW((void)exact_icl_gaussian(x, {0, 0}, 1, {Vector{{0.0}}, 1, 3, Matrix{{-1.0}}}),
               std::invalid_argument);
}

}  // namespace
}  // namespace mix
