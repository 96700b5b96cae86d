#include "mix/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "mix/mix.h"
#include "support/data_files.h"

namespace mix {
namespace {

using test::iris;
using testing::HasSubstr;

std::string complaint_of(const MixtureModel& model, const Matrix& x, const FitOptions& options) {
  try {
    fit(model, x, options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

Matrix one_hot(const std::vector<Index>& labels, Index k) {
  Matrix a = Matrix::Zero(static_cast<Index>(labels.size()), k);
  for (Index i = 0; i < a.rows(); ++i) {
    const Index label = labels[static_cast<std::size_t>(i)];
    if (label < 0) {
      a.row(i).setOnes();
    } else {
      a(i, label) = 1;
    }
  }
  return a;
}

Matrix means_of(const Fit& fit) { return fit.model.family().as<Gaussians>()->means(); }

TEST(LabelPrior, OfOnesAndZerosEqualsKnownLabelsToTheBit) {
  const Matrix x = iris();
  std::vector<Index> some(150, -1);
  for (std::size_t i = 0; i < 30; ++i) some[i] = 2;
  std::vector<Index> all_kinds = some;
  for (std::size_t i = 60; i < 140; ++i) all_kinds[i] = i < 100 ? 0 : 1;
  for (const std::vector<Index>& labels : {some, all_kinds}) {
    for (const Start& start : {Start(start::Auto{}), Start(start::Random{})}) {
      FitOptions options{.assignment = Known{labels}, .start = start, .n_init = 4, .seed = 3};
      const Fit known = fit(mixture(Gaussians(3, 4)), x, options);
      options.assignment = LabelPrior(one_hot(labels, 3));
      const Fit prior = fit(mixture(Gaussians(3, 4)), x, options);
      EXPECT_EQ(known.report.objective, prior.report.objective);
      EXPECT_EQ(known.report.n_iter, prior.report.n_iter);
      EXPECT_EQ(means_of(known), means_of(prior));
    }
  }
}

TEST(LabelPrior, OfConstantRowsIsPlainEmAndAddsAConstant) {
  const Matrix x = iris();
  const Vector w = Vector::LinSpaced(150, 0, 3);
  const Vector c = Vector::LinSpaced(150, 0.2, 5);
  FitOptions options{.sample_weight = w, .tol = 1e-9, .seed = 1};
  const Fit plain = fit(mixture(Gaussians(2, 4)), x, options);
  options.start = start::Responsibilities{plain.model.responsibilities(x)};
  options.assignment = LabelPrior(c.replicate(1, 2));
  const Fit prior = fit(mixture(Gaussians(2, 4)), x, options);
  EXPECT_NEAR(prior.report.log_likelihood, plain.report.log_likelihood, 1e-6);
  EXPECT_NEAR(prior.report.objective - prior.model.family().log_prior(),
              prior.report.log_likelihood + w.dot(c.array().log().matrix()), 1e-8);
  EXPECT_LT((means_of(prior) - means_of(plain)).norm(), 1e-4);
}

// sum over n of w log sum over k of pi_k a_nk f_k(x_n), written down once more.
double prior_objective(const MixtureModel& model, const Matrix& x, const Vector& w,
                       const Matrix& a) {
  Matrix l(x.rows(), model.n_components());
  log_joint(model.state(), x, l);
  return w.dot((l.array().exp() * a.array()).rowwise().sum().log().matrix());
}

TEST(LabelPrior, IsMaximizedWithTheMixingWeights) {
  const Matrix x = test::faithful();
  const Vector w = Vector::LinSpaced(272, 0.5, 2);
  Matrix a(272, 2);
  for (Index i = 0; i < 272; ++i) a.row(i) << 0.1 + static_cast<double>(i % 7), 1.5;
  a(4, 0) = 0;  // forbidden, as the first component of this long eruption
  const Fit best = fit(mixture(Gaussians(2, 2)), x,
                       {.sample_weight = w, .assignment = LabelPrior(a), .tol = 1e-10, .seed = 1});
  const auto value = [&](const Vector& weights, const Gaussians& gaussians) {
    return prior_objective(MixtureModel(weights, gaussians), x, w, a);
  };
  const Gaussians gaussians = *best.model.family().as<Gaussians>();
  const Vector pi = best.model.weights();
  EXPECT_NEAR(best.report.objective - gaussians.log_prior(), value(pi, gaussians), 1e-8);
  EXPECT_EQ(best.report.falls, 0);
  const double h = 1e-5;
  const Vector shift = (Vector(2) << h, -h).finished();
  EXPECT_NEAR((value(pi + shift, gaussians) - value(pi - shift, gaussians)) / (2 * h), 0, 1e-2);
  for (const Index j : {0, 1}) {
    const auto moved = [&](double by) {
      Matrix means = gaussians.means();
      means(0, j) += by;
      return value(pi, Gaussians(means, {gaussians.covariance(0), gaussians.covariance(1)}));
    };
    EXPECT_NEAR((moved(h) - moved(-h)) / (2 * h), 0, 1e-2);
  }
}

TEST(LabelPrior, KeepsTheNumbersOfComponentsAndFindsThem) {
  // Weak opinions of a twentieth of the rows: two in three are right.
  const Matrix x = test::faithful();
  Matrix a = Matrix::Ones(272, 2);
  for (Index i = 0; i < 272; i += 20) {
    const double first = x(i, 0) > 3 ? 0.66 : 0.34;
    a.row(i) << first, 1 - first;
  }
  const Fit best = fit(mixture(Gaussians(2, 2)), x, {.assignment = LabelPrior(a), .seed = 1});
  EXPECT_NEAR(means_of(best)(0, 0), 4.29, 0.02);
}

TEST(LabelPrior, RefusesWhatIsNoPrior) {
  const auto message = [](const Matrix& a) -> std::string {
    try {
      LabelPrior prior(a);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "no error";
  };
  Matrix a = Matrix::Ones(3, 2);
  a(1, 0) = -0.5;
  EXPECT_THAT(message(a), HasSubstr("row 2 for component 1 is -0.5; it must be finite"));
  a.row(1).setZero();
  EXPECT_THAT(message(a), HasSubstr("row 2 forbids every component"));
  EXPECT_THAT(complaint_of(mixture(Gaussians(3, 4)), iris(),
                           {.assignment = LabelPrior(Matrix::Ones(150, 2))}),
              HasSubstr("150 rows and 2 components, but there are 150 rows and 3 components"));
}

std::vector<Index> numbers(Index rows, Index rows_per_group) {
  std::vector<Index> of_row;
  for (Index i = 0; i < rows; ++i) of_row.push_back(i / rows_per_group);
  return of_row;
}

TEST(Groups, AreNumberedInTheOrderOfTheirFirstRows) {
  const Groups groups({7, -3, 7, 12, -3});
  EXPECT_EQ(groups.count(), 3);
  EXPECT_EQ(groups[2], 0);
  EXPECT_EQ(groups[4], 1);
  EXPECT_EQ(groups.first_rows(), (std::vector<Index>{0, 1, 3}));
  EXPECT_EQ(groups.sums(Vector::LinSpaced(5, 1, 5)), (Vector(3) << 4, 7, 4).finished());
  EXPECT_EQ(groups.of_rows({3, 4, 1}).count(), 2);
  EXPECT_TRUE(Groups().empty());
}

TEST(Groups, OfOneRowEachArePlainEm) {
  const Matrix x = iris();
  for (const AnyAssignment& assignment :
       {AnyAssignment(Soft{}), AnyAssignment(Hard{}), AnyAssignment(Truncated{2})}) {
    for (const Start& start : {Start(start::Hierarchical{}), Start(start::KMeansPlusPlus{})}) {
      FitOptions options{.assignment = assignment, .start = start, .seed = 2};
      const Report plain = fit(mixture(Gaussians(3, 4)), x, options).report;
      options.groups = Groups(numbers(150, 1));
      const Report grouped = fit(mixture(Gaussians(3, 4)), x, options).report;
      EXPECT_NEAR(grouped.objective, plain.objective, 1e-8);
      EXPECT_EQ(grouped.n_iter, plain.n_iter);
      EXPECT_NEAR(grouped.criteria.icl, plain.criteria.icl, 1e-7);
      EXPECT_NEAR(grouped.criteria.awe, plain.criteria.awe, 1e-7);
    }
  }
}

TEST(Groups, OfEqualSizeHaveTheDensityOfIndependentCopies) {
  const Matrix x = iris();
  const MixtureModel model = fit(mixture(Gaussians(3, 4)), x, {.seed = 1}).model;
  // Fifty rows of three flowers side by side.
  Matrix wide(50, 12);
  for (Index g = 0; g < 50; ++g) {
    for (Index i = 0; i < 3; ++i) wide.row(g).segment(4 * i, 4) = x.row(3 * g + i);
  }
  const AnyFamily copy = model.family();
  const MixtureModel copies(
      model.weights(),
      AnyFamily(Product({{{0, 1, 2, 3}, copy}, {{4, 5, 6, 7}, copy}, {{8, 9, 10, 11}, copy}})));
  const Posterior groups = model.posterior(x, Groups(numbers(150, 3)));
  const Posterior rows = copies.posterior(wide);
  EXPECT_LT((groups.log_density - rows.log_density).norm(), 1e-10);
  EXPECT_LT((groups.responsibilities - rows.responsibilities).norm(), 1e-10);
}

// Subjects with a line each and much noise around it: columns time and value.
struct Longitudinal {
  Matrix x{480, 2};
  std::vector<Index> subject;
  std::vector<Index> kind;  // of a subject
};

Longitudinal longitudinal() {
  Longitudinal data;
  Rng rng(7, Purpose::sample);
  for (Index i = 0; i < 480; ++i) {
    // Visits in turn, so that the rows of a subject lie apart.
    const Index subject = i % 60;
    if (i < 60) data.kind.push_back(subject % 3);
    const auto time = static_cast<double>(i / 60);
    const double slope = static_cast<double>(subject % 3) - 1;
    data.subject.push_back(subject);
    data.x.row(i) << time, 10 + slope * (time - 3.5) + 1.5 * standard_normal(rng);
  }
  return data;
}

TEST(Groups, OfRepeatedMeasurementsFindTheKindsOfSubjects) {
  const Longitudinal data = longitudinal();
  const MixtureModel model = mixture(GaussianRegression(3, {.covariates = 1}));
  const Groups groups(data.subject);
  const Fit best = fit(model, data.x, {.groups = groups, .seed = 1});
  EXPECT_EQ(best.report.falls, 0);
  EXPECT_EQ(best.report.groups, 60);
  EXPECT_EQ(best.report.n, 60);
  EXPECT_NEAR(best.report.bic(),
              -2 * best.report.log_likelihood +
                  static_cast<double>(best.report.parameter_count) * std::log(60.0),
              1e-9);
  const Posterior found = best.model.posterior(data.x, groups);
  EXPECT_NEAR(found.log_density.sum(), best.report.log_likelihood, 1e-8);
  Matrix table = Matrix::Zero(3, 3);
  for (Index g = 0; g < 60; ++g) {
    Index k = 0;
    found.responsibilities.row(g).maxCoeff(&k);
    table(k, data.kind[static_cast<std::size_t>(g)]) += 1;
  }
  // Slopes lie 1 apart, with standard error 1.5 / sqrt(42) = 0.23 for a subject: 3 % err.
  EXPECT_GE(table.rowwise().maxCoeff().sum(), 54);
  const auto& lines = *best.model.family().as<GaussianRegression>();
  std::vector<double> slopes;
  for (Index k = 0; k < 3; ++k) slopes.push_back(lines.coefficients(k)[0]);
  std::sort(slopes.begin(), slopes.end());
  for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(slopes[k], static_cast<double>(k) - 1, 0.25);
}

TEST(Groups, GiveTheSameBitsForAnyNumberOfThreads) {
  Matrix x(3000, 2);
  Rng rng(1, Purpose::sample);
  std::vector<Index> group;
  for (Index i = 0; i < x.rows(); ++i) {
    group.push_back(i * 37 % 811);
    x.row(i) << standard_normal(rng) + static_cast<double>(group.back() % 2), standard_normal(rng);
  }
  std::vector<double> objectives;
  std::vector<Matrix> means;
  for (const Index threads : {1, 2, 7}) {
    const Fit best = fit(mixture(Gaussians(2, 2)), x,
                         {.groups = Groups(group), .n_init = 3, .seed = 1, .threads = threads});
    objectives.push_back(best.report.objective);
    means.push_back(means_of(best));
  }
  EXPECT_EQ(objectives[0], objectives[1]);
  EXPECT_EQ(objectives[0], objectives[2]);
  EXPECT_EQ(means[0], means[2]);
}

TEST(Groups, CountARowOfWeightTwoAsTwoRowsOfItsGroup) {
  const Matrix x = iris();
  Matrix doubled(200, 4);
  doubled << x, x.topRows(50);
  std::vector<Index> group = numbers(150, 5);
  std::vector<Index> doubled_group = group;
  doubled_group.insert(doubled_group.end(), group.begin(), group.begin() + 50);
  Vector w = Vector::Ones(150);
  w.head(50).setConstant(2);
  const MixtureModel model = mixture(StudentT(2, 4));
  const Fit weighted =
      fit(model, x, {.sample_weight = w, .groups = Groups(group), .tol = 1e-9, .seed = 1});
  const Fit repeated =
      fit(model, doubled, {.groups = Groups(doubled_group), .tol = 1e-9, .seed = 1});
  EXPECT_NEAR(weighted.report.log_likelihood, repeated.report.log_likelihood, 1e-5);
  EXPECT_NEAR(weighted.report.criteria.icl, repeated.report.criteria.icl, 1e-4);
  EXPECT_EQ(weighted.report.n, 30);
  // Groups without weight are none.
  w.tail(100).setZero();
  EXPECT_EQ(evaluate(weighted.model, x, {.sample_weight = w, .groups = Groups(group)}).n, 10);
}

TEST(Groups, TakeEveryFamilyAndRowsWithMissingCells) {
  Matrix x = iris();
  for (Index i = 0; i < 150; i += 4) x(i, i % 3) = quiet_nan;
  const Groups groups(numbers(150, 6));
  const auto rises = [&](const MixtureModel& model, const FitOptions& options) {
    const Report report = fit(model, x, options).report;
    EXPECT_TRUE(std::isfinite(report.log_likelihood)) << model.title();
    EXPECT_EQ(report.falls, 0) << model.title();
    EXPECT_TRUE(report.converged) << model.title();
  };
  rises(mixture(Gaussians(3, 4)), {.groups = groups, .seed = 1});
  rises(mixture(Gaussians(3, 4, {.structure = Structure::EEE})), {.groups = groups, .seed = 1});
  rises(mixture(StudentT(2, 4)), {.groups = groups, .seed = 1});
  const AnyFamily laplace = Untied(Laplace(), 2);
  rises(mixture(Product({{{0}, laplace}, {{1}, laplace}, {{2}, laplace}, {{3}, laplace}})),
        {.assignment = Hard{}, .groups = groups, .seed = 1});
  rises(mixture(Gaussians(3, 4)),
        {.groups = groups, .empty = EmptyComponent::reseed, .start = start::Random{}, .seed = 1});
}

TEST(Groups, FollowWhatIsKnownOfTheirRows) {
  const Matrix x = iris();
  const Groups groups(numbers(150, 5));
  std::vector<Index> labels(150, -1);
  labels[2] = 2;    // setosa
  labels[60] = 0;   // versicolor
  labels[140] = 1;  // virginica
  FitOptions options{.assignment = Known{labels}, .groups = groups, .seed = 1};
  const Fit known = fit(mixture(Gaussians(3, 4)), x, options);
  EXPECT_NEAR(means_of(known)(2, 0), 5.006, 1e-3);
  const Posterior found = known.model.posterior(x, groups);
  EXPECT_GT(found.responsibilities(28, 1), 0.99);
  labels[4] = 1;
  options.assignment = Known{labels};
  EXPECT_THAT(complaint_of(mixture(Gaussians(3, 4)), x, options),
              HasSubstr("rows 3 and 5 are of one group"));
  Matrix a = Matrix::Ones(150, 3);
  a.topRows(5).col(0).setConstant(0.5);
  options.assignment = LabelPrior(a);
  EXPECT_EQ(fit(mixture(Gaussians(3, 4)), x, options).report.falls, 0);
  a(3, 1) = 0.1;
  options.assignment = LabelPrior(a);
  EXPECT_THAT(complaint_of(mixture(Gaussians(3, 4)), x, options),
              HasSubstr("rows 1 and 4 are of one group"));
}

TEST(Groups, AreComparedAndHeldOutAsAWhole) {
  const Longitudinal data = longitudinal();
  CompareOptions options;
  options.families = {
      {"lines", [](Index k) { return AnyFamily(GaussianRegression(k, {.covariates = 1})); }, {}}};
  options.components = {1, 4};
  options.fit.groups = Groups(data.subject);
  options.fit.seed = 1;
  const Comparison table = compare(data.x, options);
  EXPECT_EQ(table.best().model.n_components(), 3);
  std::vector<double> by_size(5);
  for (const Ranked& row : table.table) {
    by_size[static_cast<std::size_t>(row.n_components)] = row.log_likelihood;
  }
  for (std::size_t k = 2; k < 5; ++k) EXPECT_GE(by_size[k], by_size[k - 1] - 1e-6);
  const double three = cross_validation(options.families[0], 3, data.x, options.fit, 5);
  EXPECT_LT(three, cross_validation(options.families[0], 1, data.x, options.fit, 5));
  EXPECT_THROW(cross_validation(options.families[0], 3, data.x, options.fit, 61),
               std::invalid_argument);
}

TEST(Groups, RefuseWhatNoFitCanHave) {
  const Matrix x = iris();
  EXPECT_THAT(complaint_of(mixture(Gaussians(3, 4)), x, {.groups = Groups(numbers(149, 1))}),
              HasSubstr("groups of 149 rows for 150 rows"));
  EXPECT_THAT(complaint_of(mixture(Gaussians(3, 4)), x, {.groups = Groups(numbers(150, 100))}),
              HasSubstr("3 components for 2 groups"));
}

}  // namespace
}  // namespace mix
