// Rows of floats: everything is, to the last bit, as with the doubles that they equal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "mix/distributions/bernoulli.h"
#include "mix/distributions/binomial.h"
#include "mix/distributions/categorical.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/product.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/uniform_box.h"
#include "mix/models/compare.h"
#include "mix/models/fit.h"
#include "mix/parallel.h"
#include "support/peak_memory.h"

namespace {

using namespace mix;
using mix::testing_support::most_memory_of;
using testing::HasSubstr;

using MatrixF = Eigen::MatrixXf;

// Groups that overlap, in numbers that no float of few digits is.
MatrixF measurements(Index rows, Index columns) {
  Rng rng(51);
  MatrixF x(rows, columns);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) {
      x(i, j) = static_cast<float>(standard_normal(rng) + 3.0 * static_cast<double>(i % 3));
    }
  }
  return x;
}

MatrixF counts(Index rows, Index columns) {
  Rng rng(52);
  MatrixF x(rows, columns);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) {
      x(i, j) = static_cast<float>(poisson(rng, 1 + 4.0 * static_cast<double>((i + j) % 3)));
    }
  }
  return x;
}

std::vector<Index> some_labels(Index rows, Index components) {
  std::vector<Index> labels;
  for (Index i = 0; i < rows; ++i) labels.push_back(i * i % 7 % components);
  return labels;
}

void expect_same_model(const MixtureModel& a, const MixtureModel& b, const Matrix& x) {
  EXPECT_EQ(a.weights(), b.weights());
  EXPECT_EQ(a.log_density(x), b.log_density(x));
  EXPECT_EQ(a.responsibilities(x), b.responsibilities(x));
}

// Fits from labels and what models say of the rows, with one thread and with three.
void expect_as_doubles(const MixtureModel& model, const MatrixF& floats,
                       const FitOptions& given = {}) {
  SCOPED_TRACE(model.title());
  const Matrix doubles = floats.cast<double>();
  FitOptions options = given;
  options.start = start::Labels{some_labels(floats.rows(), model.n_components())};
  options.max_iter = 12;
  options.threads = 1;
  const Fit expected = fit(model, doubles, options);
  for (const Index threads : {1, 3}) {
    options.threads = threads;
    const Fit found = fit(model, floats, options);
    EXPECT_EQ(found.report.objective_history, expected.report.objective_history);
    EXPECT_EQ(found.report.log_likelihood, expected.report.log_likelihood);
    EXPECT_EQ(found.report.bic(), expected.report.bic());
    EXPECT_EQ(found.report.criteria.icl, expected.report.criteria.icl);
    expect_same_model(found.model, expected.model, doubles);
    with_threads(threads, [&] {
      EXPECT_EQ(found.model.log_density(floats), expected.model.log_density(doubles));
      EXPECT_EQ(found.model.responsibilities(floats), expected.model.responsibilities(doubles));
      EXPECT_EQ(found.model.predict(floats), expected.model.predict(doubles));
      EXPECT_EQ(found.model.log_likelihood(floats), expected.model.log_likelihood(doubles));
    });
  }
  EXPECT_EQ(evaluate(expected.model, floats, options).log_likelihood,
            evaluate(expected.model, doubles, options).log_likelihood);
}

TEST(FloatFit, HasTheBitsOfDoublesForGaussians) {
  for (const Structure structure : all_structures()) {
    expect_as_doubles(mixture(Gaussians(3, 6, {.structure = structure})), measurements(1300, 6));
  }
  for (const Index columns : {1, 2, 4}) {
    expect_as_doubles(mixture(Gaussians(3, columns)), measurements(1300, columns));
  }
}

TEST(FloatFit, HasTheBitsOfDoublesForOtherFamilies) {
  expect_as_doubles(mixture(Untied(Normal(), 3)), measurements(1300, 1));
  expect_as_doubles(mixture(StudentT(2, 3)), measurements(1300, 3));
  expect_as_doubles(mixture(Untied(Poisson(4), 3)), counts(1300, 4));
  expect_as_doubles(mixture(Untied(Multinomial(9), 3)), counts(1300, 9));
  expect_as_doubles(mixture(Untied(Exponential(3), 2)), measurements(1300, 3).cwiseAbs());
  expect_as_doubles(mixture(Untied(Bernoulli(5), 2)), counts(1300, 5).cwiseMin(1));
  expect_as_doubles(mixture(Untied(Categorical(4), 2)), counts(1300, 4).cwiseMin(6));
  MatrixF successes = counts(1300, 2);
  successes.col(1) += successes.col(0);
  expect_as_doubles(mixture(Untied(Binomial::with_trials_column(), 2)), successes);
}

TEST(FloatFit, HasTheBitsOfDoublesForSeveralFamilies) {
  MatrixF x(1300, 5);
  x << measurements(1300, 3), counts(1300, 2);
  const Product beside(std::vector<Product::Block>{
      {{3, 4}, Untied(Poisson(2), 3)}, {{0, 2}, Gaussians(3, 2)}, {{1}, Untied(Normal(), 3)}});
  expect_as_doubles(mixture(beside), x);
  const MatrixF points = measurements(1300, 2);
  expect_as_doubles(mixture(Gaussians(2, 2), UniformBox::around(points)), points);
  expect_as_doubles(mixture(mixture(Gaussians(2, 2)), mixture(Gaussians(2, 2))), points);
}

TEST(FloatFit, HasTheBitsOfDoublesUnderEveryPolicy) {
  const MatrixF x = measurements(1300, 6);
  const MixtureModel model = mixture(Gaussians(4, 6));
  Vector w(1300);
  Rng rng(53);
  for (double& weight : w) weight = uniform(rng);
  expect_as_doubles(model, x, {.sample_weight = w});
  expect_as_doubles(model, x, {.precision = Precision::mixed});
  expect_as_doubles(model, x, {.assignment = Hard{}});
  expect_as_doubles(model, x, {.assignment = Stochastic{}});
  expect_as_doubles(mixture(Gaussians(9, 6)), x, {.assignment = Truncated{.keep = 2}});
  expect_as_doubles(mixture(Gaussians(9, 6, {.structure = Structure::EEE})), x,
                    {.assignment = Truncated{.keep = 2, .neighbors = 3, .extra = 1}});
  expect_as_doubles(model, x, {.empty = EmptyComponent::reseed});
}

TEST(FloatFit, HasTheBitsOfDoublesFromEveryStart) {
  const MatrixF x = measurements(700, 3);
  const Matrix doubles = x.cast<double>();
  const MixtureModel model = mixture(Gaussians(3, 3));
  for (const char* name :
       {"auto", "k-means++", "kmeans", "random", "growing", "short-runs", "hierarchical"}) {
    SCOPED_TRACE(name);
    const FitOptions options{.start = parse_start(name), .n_init = 3, .max_iter = 40, .seed = 4};
    const Fit found = fit(model, x, options);
    const Fit expected = fit(model, doubles, options);
    EXPECT_EQ(found.report.objective_history, expected.report.objective_history);
    expect_same_model(found.model, expected.model, doubles);
  }
}

TEST(FloatFit, SearchesLargeDataOnThePartOfDoubles) {
  const MatrixF x = measurements(51000, 2);
  const FitOptions options{.n_init = 2, .max_iter = 20, .seed = 4};
  EXPECT_EQ(fit(mixture(Gaussians(3, 2)), x, options).report.objective_history,
            fit(mixture(Gaussians(3, 2)), x.cast<double>(), options).report.objective_history);
}

TEST(FloatFit, CountsEqualRowsTogetherAsOfDoubles) {
  const MatrixF x = counts(3000, 1);
  const Fit found = fit(mixture(Untied(Poisson(1), 2)), x, {.seed = 4});
  const Fit expected = fit(mixture(Untied(Poisson(1), 2)), x.cast<double>(), {.seed = 4});
  EXPECT_EQ(found.report.objective_history, expected.report.objective_history);
}

TEST(FloatFit, ComparesAsDoubles) {
  MatrixF x(600, 3);
  x << measurements(600, 2), counts(600, 1);
  const Matrix doubles = x.cast<double>();
  const std::vector<Candidate> families{
      {"whole", [](Index k) { return AnyFamily(Gaussians(k, 3)); }, {}},
      {"part", [](Index k) { return AnyFamily(Gaussians(k, 2)); }, {0, 2}}};
  for (const char* criterion : {"bic", "cv"}) {
    const CompareOptions options{.families = families,
                                 .components = {1, 3},
                                 .criterion = criterion,
                                 .fit = {.n_init = 2, .max_iter = 30, .seed = 4}};
    const Comparison found = compare(x, options);
    const Comparison expected = compare(doubles, options);
    ASSERT_EQ(found.table.size(), expected.table.size());
    for (std::size_t i = 0; i < found.table.size(); ++i) {
      EXPECT_EQ(found.table[i].status, expected.table[i].status);
      EXPECT_EQ(found.table[i].value, expected.table[i].value);
      EXPECT_EQ(found.table[i].log_likelihood, expected.table[i].log_likelihood);
    }
  }
}

TEST(FloatFit, RefusesWhatNoFitCanHaveAsOfDoubles) {
  const auto error_of = [](const MixtureModel& model, const auto& x) -> std::string {
    try {
      fit(model, x);
      return "none";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  const auto expect_error = [&](const MixtureModel& model, const MatrixF& x, const char* part) {
    EXPECT_THAT(error_of(model, x), HasSubstr(part));
    EXPECT_EQ(error_of(model, x), error_of(model, Matrix(x.cast<double>())));
  };
  MatrixF x = counts(1300, 3);
  const MixtureModel model = mixture(Untied(Poisson(3), 2));
  expect_error(mixture(Untied(Poisson(4), 2)), x, "describes 4 columns, but the data have 3");
  x(1204, 1) = 1.5F;
  x(900, 2) = -1.0F;
  expect_error(model, x, "row 901, column 3: -1 is not a count (0, 1, 2, ...); 2 rows in all");
  x(1100, 1) = std::numeric_limits<float>::infinity();
  expect_error(model, x, "row 1101, column 2 is infinite");
  x(1100, 1) = 1;
  x(1000, 0) = std::numeric_limits<float>::quiet_NaN();
  expect_error(mixture(Untied(Multinomial(3), 2)), x, "row 1001, column 1: the value is missing");
  MatrixF constant = measurements(600, 2);
  constant.col(1).setConstant(0.1F);
  expect_error(mixture(Gaussians(2, 2)), constant, "column 2 is constant");
}

TEST(FloatFit, NeverHoldsTheRowsAsDoubles) {
  constexpr Index rows = 200000;
  constexpr Index columns = 40;
  const double copy = 8.0 * rows * columns;
  const MatrixF x = measurements(rows, columns);
  const auto fit_it = [](const MixtureModel& model, const AnyRows& data,
                         const FitOptions& options) {
    return most_memory_of([&] { fit(model, data, options); });
  };
  const FitOptions given{.start = start::Parameters{}, .max_iter = 2, .threads = 2};
  const FitOptions searched{.effort = Effort::fast, .n_init = 1, .max_iter = 2, .threads = 2};
  const Matrix means = x.topRows(2).cast<double>();
  const MixtureModel gaussians = mixture(Gaussians(means, {2, Matrix::Identity(columns, columns)}));
  const double needed = fit_it(gaussians, x, given);
  if (std::isnan(needed)) GTEST_SKIP() << "the largest memory is not known here";
  EXPECT_LT(needed, copy / 4);
  // The search itself makes points of 20,000 rows.
  EXPECT_LT(fit_it(gaussians, x, searched), copy / 2);
  std::vector<Index> labels = some_labels(rows, 2);
  EXPECT_LT(fit_it(gaussians, x,
                   {.start = start::Labels{std::move(labels)}, .max_iter = 2, .threads = 2}),
            copy / 4);
  EXPECT_LT(fit_it(mixture(StudentT(1, columns)), x, given), copy / 4);
  EXPECT_LT(most_memory_of([&] { (void)gaussians.predict(x); }), copy / 4);
  EXPECT_LT(most_memory_of([&] { (void)gaussians.log_likelihood(x); }), copy / 4);
  // The measure itself: a copy shows.
  EXPECT_GT(most_memory_of([&] { (void)Matrix(x.cast<double>()).sum(); }), copy / 2);
}

}  // namespace
