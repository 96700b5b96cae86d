// Fits to sparse rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "mix/distributions/bernoulli.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/poisson.h"
#include "mix/models/compare.h"
#include "mix/models/fit.h"
#include "mix/sparse_matrix.h"

namespace {

using namespace mix;
using testing::HasSubstr;

// Texts of three topics over some words: the labels are i modulo 3.
Matrix texts(Index rows, Index words, Index length) {
  Rng rng(31);
  Matrix x = Matrix::Zero(rows, words);
  const Index own = words / 3;
  for (Index i = 0; i < rows; ++i) {
    for (Index t = 0; t < length; ++t) {
      const bool of_topic = uniform(rng) < 0.7;
      x(i, of_topic ? i % 3 * own + uniform_index(rng, own) : uniform_index(rng, words)) += 1;
    }
  }
  return x;
}

Index errors(const std::vector<Index>& labels) {
  // Of the label that most rows of a topic have.
  Index wrong = 0;
  for (std::size_t topic = 0; topic < 3; ++topic) {
    std::vector<Index> count(3, 0);
    Index rows = 0;
    for (std::size_t i = topic; i < labels.size(); i += 3, ++rows) {
      ++count[static_cast<std::size_t>(labels[i])];
    }
    wrong += rows - *std::max_element(count.begin(), count.end());
  }
  return wrong;
}

TEST(SparseFit, EqualsTheDenseFitFromTheSameStart) {
  const Matrix x = texts(900, 60, 25);
  const SparseMatrix rows = x.sparseView();
  Vector w(900);
  Rng rng(32);
  for (double& v : w) v = uniform(rng);
  std::vector<Index> labels(900);
  for (std::size_t i = 0; i < 900; ++i) labels[i] = static_cast<Index>(i * i % 7 % 3);
  const MixtureModel model = mixture(Untied(Multinomial(60), 3));
  const FitOptions options{.sample_weight = w, .start = start::Labels{labels}};
  const Fit dense = fit(model, x, options);
  const Fit sparse = fit(model, rows, options);
  EXPECT_EQ(sparse.report.n_iter, dense.report.n_iter);
  EXPECT_NEAR(sparse.report.log_likelihood, dense.report.log_likelihood, 1e-7);
  EXPECT_NEAR(sparse.report.bic(), dense.report.bic(), 1e-7);
  EXPECT_LT(
      (sparse.model.responsibilities(rows) - dense.model.responsibilities(x)).cwiseAbs().maxCoeff(),
      1e-9);
  EXPECT_EQ(sparse.model.predict(rows), dense.model.predict(x));
  EXPECT_NEAR(sparse.model.score(rows), dense.model.score(x), 1e-10);
  const Report again = evaluate(sparse.model, rows, {.sample_weight = w});
  EXPECT_NEAR(again.log_likelihood, sparse.report.log_likelihood, 1e-7);
}

// Every start, on more columns than distances are exact for.
TEST(SparseFit, FindsTopicsFromEveryStart) {
  const SparseMatrix rows = texts(600, 300, 60).sparseView();
  const MixtureModel model = mixture(Untied(Multinomial(300, Smoothing{0.01}), 3));
  for (const char* name :
       {"auto", "k-means++", "kmeans", "random", "growing", "short-runs", "hierarchical"}) {
    const Fit best = fit(model, rows, {.start = parse_start(name), .n_init = 4, .seed = 1});
    EXPECT_LE(errors(best.model.predict(rows)), 6) << name;
    EXPECT_EQ(best.report.falls, 0) << name;
  }
}

TEST(SparseFit, SearchesLargeDataOnAPart) {
  const SparseMatrix rows = texts(51000, 12, 20).sparseView();
  const Fit best = fit(mixture(Untied(Multinomial(12), 3)), rows, {.n_init = 4, .seed = 1});
  EXPECT_TRUE(best.report.converged);
  EXPECT_LT(errors(best.model.predict(rows)), 51000 / 10);
}

TEST(SparseFit, ServesFamiliesThatReadDenseBlocks) {
  const Matrix x = texts(600, 30, 15);
  const SparseMatrix counts = x.sparseView();
  EXPECT_LT(errors(fit(mixture(Untied(Poisson(30), 3)), counts).model.predict(counts)), 60);
  const SparseMatrix marks = x.cwiseMin(1).sparseView();
  EXPECT_LT(errors(fit(mixture(Untied(Bernoulli(30), 3)), marks).model.predict(marks)), 60);
}

TEST(SparseFit, ComparesAndNests) {
  const SparseMatrix rows = texts(600, 30, 40).sparseView();
  const auto make = [](Index k) { return AnyFamily(Untied(Multinomial(30, Smoothing{0.01}), k)); };
  const Comparison found = compare(
      rows, {.families = {{"multinomial", make}}, .components = {1, 4}, .fit = {.n_init = 3}});
  EXPECT_EQ(found.table.front().n_components, 3);
  EXPECT_LE(errors(found.best().model.predict(rows)), 6);
  const MixtureModel inner(make(2));
  const Fit nested = fit(mixture(inner, inner), rows, {.n_init = 2, .max_iter = 50, .seed = 1});
  EXPECT_EQ(nested.report.falls, 0);
  EXPECT_GT(nested.report.log_likelihood, fit(MixtureModel(make(2)), rows).report.log_likelihood);
}

TEST(SparseFit, RefusesWhatNoFitCanHave) {
  const auto error_of = [](const Matrix& x, Index columns) -> std::string {
    try {
      const SparseMatrix rows = x.sparseView();
      fit(mixture(Untied(Multinomial(columns), 2)), rows);
      return "none";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  Matrix x = texts(30, 6, 5);
  EXPECT_EQ(error_of(x, 6), "none");
  EXPECT_THAT(error_of(x, 7), HasSubstr("describes 7 columns, but the data have 6"));
  x(4, 2) = quiet_nan;
  EXPECT_THAT(error_of(x, 6), HasSubstr("row 5, column 3 is missing"));
  x(4, 2) = infinity;
  EXPECT_THAT(error_of(x, 6), HasSubstr("row 5, column 3 is infinite"));
  x(4, 2) = 1.5;
  EXPECT_THAT(error_of(x, 6), HasSubstr("row 5, column 3: 1.5 is not a count"));
}

}  // namespace
