#include "mix/distributions/factor_analyzers.h"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mix/any_family.h"
#include "mix/distributions/gaussians.h"
#include "support/data_files.h"
#include "support/evaluate.h"

namespace mix {
namespace {

using namespace test;

// Wines of three cultivars: the first 8 of 13 measurements, standardized.
Matrix wine() {
  Matrix x = numbers_of("wine.csv").leftCols(8);
  x.rowwise() -= x.colwise().mean();
  return x * (x.colwise().squaredNorm() / 178).cwiseSqrt().cwiseInverse().asDiagonal();
}

// Eight columns that two factors move, none of them entirely.
Matrix two_factors(Index rows) {
  Rng rng(11);
  Matrix x(rows, 8);
  for (Index i = 0; i < rows; ++i) {
    const double a = standard_normal(rng);
    const double b = standard_normal(rng);
    x.row(i) << a, a + b, b, a - b, 2 * a, 2 * b, a - 2 * b, 0.3 * b;
    for (Index j = 0; j < 8; ++j)
      x(i, j) += (0.8 + 0.1 * static_cast<double>(j)) * standard_normal(rng);
  }
  return x;
}

// Shares that no structure has made.
Matrix uneven_shares(Index rows, Index k) {
  Matrix shares(rows, k);
  for (Index i = 0; i < rows; ++i) {
    for (Index c = 0; c < k; ++c) {
      shares(i, c) = 0.1 + static_cast<double>((7 * i + 5 * c + i * c) % 11) + (i % k == c ? 9 : 0);
    }
    shares.row(i) /= shares.row(i).sum();
  }
  return shares;
}

double objective(const FactorAnalyzers& family, Rows x, Shares shares) {
  Matrix out(x.rows(), family.size());
  family.log_densities(x, out);
  return out.cwiseProduct(shares).sum();
}

FactorAnalyzers fitted(FactorAnalyzers family, Rows x, Shares shares, int steps = 400) {
  family.prepare(x, shares.rowwise().sum());
  family.start(x, shares);
  for (int i = 0; i < steps; ++i) {
    Vector sum = Vector::Zero(family.statistics_size());
    family.accumulate(x, shares, sum);
    family.maximize(sum);
  }
  return family;
}

double largest_score(const FactorAnalyzers& family, Rows x, Shares shares) {
  constexpr double h = 1e-3;
  const Vector at = family.coordinates();
  const auto value = [&](Index i, double step) {
    FactorAnalyzers moved = family;
    Vector v = at;
    v[i] += step;
    moved.set_coordinates(v);
    return objective(moved, x, shares);
  };
  double largest = 0;
  for (Index i = 0; i < at.size(); ++i) {
    const auto difference = [&](double step) { return value(i, step) - value(i, -step); };
    const double slope =
        (45 * difference(h) - 9 * difference(2 * h) + difference(3 * h)) / (60 * h);
    largest = std::max(largest, std::abs(slope) / shares.sum());
  }
  return largest;
}

TEST(FactorAnalyzers, HaveTheDensitiesAndOutputsOfGaussians) {
  const Matrix means = rows(4, {1, 2, 3, 4, -1, 0, 1, 5});
  const std::vector<Matrix> loadings{rows(2, {1, 0, 2, 1, -1, 1, 0, 3}),
                                     rows(2, {0.1, 5, 2, 2, 1, -4, 0, 1})};
  const Matrix noise = rows(2, {0.5, 1, 1, 2, 0.25, 0.125, 3, 1});
  const FactorAnalyzers family(means, loadings, noise);
  const Gaussians same(means, {family.covariance(0), family.covariance(1)});
  EXPECT_NEAR(family.covariance(0)(1, 3), 3, 1e-15);
  EXPECT_NEAR(family.covariance(0)(1, 1), 6, 1e-15);
  const Matrix x = rows(4, {1, 2, 3, 4, 0, 0, 0, 0, -30, 20, 5, 1, 1e3, -2e3, 40, 7});
  const auto expect_same = [&](const AnyFamily& a, const AnyFamily& b, Rows at) {
    Matrix expected(at.rows(), 2);
    Matrix out(at.rows(), 2);
    a.log_densities(at, out);
    b.log_densities(at, expected);
    EXPECT_LT((out - expected).cwiseQuotient(expected).cwiseAbs().maxCoeff(), 1e-12);
  };
  expect_same(family, same, x);
  expect_same(family.marginal({2}), same.marginal({2}), x.leftCols(1));
  expect_same(family.marginal({3, 0, 1}), same.marginal({3, 0, 1}), x.leftCols(3));
  const Vector given{{2.0, -1.0}};
  expect_same(family.conditional({1, 3}, given), same.conditional({1, 3}, given), x.leftCols(2));
  expect_same(family.conditional({0, 1, 2}, x.row(2).head(3).transpose()),
              same.conditional({0, 1, 2}, x.row(2).head(3).transpose()), x.leftCols(1));
  EXPECT_NEAR(family.marginal({2}).cdf(0, 3), 0.5, 1e-15);
  // A row that is not finite is nowhere.
  Matrix out(1, 2);
  family.log_densities(rows(4, {1, infinity, 0, 0}), out);
  EXPECT_EQ(out(0, 0), -infinity);
}

// Stationary, and no structure better than one that contains it.
TEST(FactorAnalyzers, EstimateTheNumericalOptimumUnderEveryStructure) {
  const Matrix x = two_factors(300);
  const Matrix shares = uneven_shares(x.rows(), 2);
  std::map<std::string, double> value;
  for (const FactorStructure structure : all_factor_structures()) {
    const FactorAnalyzers family =
        fitted(FactorAnalyzers(2, 8, {.structure = structure, .factors = 2}), x, shares);
    EXPECT_LT(largest_score(family, x, shares), 1e-9) << to_string(structure);
    value[to_string(structure)] = objective(family, x, shares);
  }
  for (const auto& [small, large] : std::vector<std::pair<std::string, std::string>>{
           {"ABQD", "CCC"},   {"CCC", "CCU"},        {"CCC", "CUC"},        {"CCC", "UCC"},
           {"CCU", "CUU"},    {"CCU", "UCU"},        {"CUC", "CUU"},        {"CUC", "UUC"},
           {"UCC", "UCU"},    {"UCC", "UUC"},        {"UCU", "UUU"},        {"CUU", "UUU"},
           {"UUC", "UUU"},    {"ABQD", "ABQkD"},     {"ABQkD", "AkBQkD"},   {"ABQkD", "ABkQkD"},
           {"AkBQkD", "UCC"}, {"AkBQkD", "AkBkQkD"}, {"ABkQkD", "AkBkQkD"}, {"AkBkQkD", "UUC"}}) {
    EXPECT_LT(value[small], value[large]) << small << " within " << large;
  }
}

// Tipping & Bishop: the leading eigenvectors, and the mean of what is left.
TEST(FactorAnalyzers, OfEqualNoiseAreProbabilisticPrincipalComponents) {
  const Matrix x = wine();
  const Matrix shares = Matrix::Ones(x.rows(), 1);
  const FactorAnalyzers family = fitted(
      FactorAnalyzers(1, 8, {.structure = FactorStructure::UUC, .factors = 3}), x, shares, 0);
  const Matrix covariance = x.transpose() * x / static_cast<double>(x.rows());
  const Vector ascending = Eigen::SelfAdjointEigenSolver<Matrix>(covariance).eigenvalues();
  EXPECT_NEAR(family.noise(0)[0], ascending.head(5).mean(), 1e-12);
  EXPECT_NEAR(family.covariance(0).trace(), 8, 1e-10);
  for (const FactorStructure structure :
       {FactorStructure::CCC, FactorStructure::UCC, FactorStructure::CUC}) {
    EXPECT_NEAR(objective(fitted(FactorAnalyzers(1, 8, {.structure = structure, .factors = 3}), x,
                                 shares, 0),
                          x, shares),
                objective(family, x, shares), 1e-9)
        << to_string(structure);
  }
}

// Where an axis would be narrower than the common noise, both are pooled: rows on a line and rows
// spread evenly.
TEST(FactorAnalyzers, KeepAxesNoNarrowerThanTheNoise) {
  Matrix x(400, 3);
  Rng rng(3);
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index j = 0; j < 3; ++j) x(i, j) = (i < 200 ? 0.5 : 3.0) * standard_normal(rng);
    if (i < 200) x(i, 0) *= 1.5;
  }
  Matrix shares = Matrix::Zero(400, 2);
  shares.col(0).head(200).setOnes();
  shares.col(1).tail(200).setOnes();
  for (const FactorStructure structure :
       {FactorStructure::UCC, FactorStructure::AkBQkD, FactorStructure::ABQkD}) {
    const FactorAnalyzers family =
        fitted(FactorAnalyzers(2, 3, {.structure = structure, .factors = 1}), x, shares, 1);
    EXPECT_TRUE(family.noise(0).allFinite());
    const double found = objective(family, x, shares);
    for (const double factor : {0.97, 1.03}) {
      std::vector<Matrix> loadings{family.loadings(0), family.loadings(1)};
      Matrix means(2, 3);
      means << family.mean(0).transpose(), family.mean(1).transpose();
      const Matrix noise = factor * family.noise(0);
      EXPECT_LT(objective(FactorAnalyzers(means, loadings, noise, structure), x, shares), found)
          << to_string(structure);
    }
  }
}

// Rows of three clouds that spread along one, two and three axes.
Matrix clouds(Index each, Matrix& shares) {
  Matrix x(3 * each, 8);
  shares = Matrix::Zero(3 * each, 3);
  Rng rng(5);
  for (Index i = 0; i < x.rows(); ++i) {
    const Index k = i / each;
    shares(i, k) = 1;
    for (Index j = 0; j < 8; ++j) x(i, j) = 0.5 * standard_normal(rng);
    for (Index a = 0; a <= k; ++a)
      x(i, 2 * a) += (3.0 + static_cast<double>(a)) * standard_normal(rng);
  }
  return x;
}

TEST(FactorAnalyzers, HaveNumbersOfFactorsOfTheirOwn) {
  Matrix shares;
  const Matrix x = clouds(150, shares);
  for (const FactorStructure structure :
       {FactorStructure::AkjBkQkDk, FactorStructure::AkjBQkDk, FactorStructure::AkBkQkDk,
        FactorStructure::AkBQkDk, FactorStructure::ABkQkDk, FactorStructure::ABQkDk}) {
    const FactorAnalyzers family =
        fitted(FactorAnalyzers(3, 8, {.structure = structure, .factors = 5}), x, shares, 1);
    for (Index k = 0; k < 3; ++k) EXPECT_EQ(family.factors(k), k + 1) << to_string(structure);
    // No other numbers are better, less half the log of the rows per parameter. The estimates with
    // these numbers are those of components alone, where nothing is common.
    EXPECT_NEAR(family.log_prior(),
                -0.5 * std::log(450.0) * static_cast<double>(family.parameter_count() - 24), 1e-9)
        << to_string(structure);
    AnyFamily other = family;
    other.select({2, 0});
    EXPECT_EQ(other.as<FactorAnalyzers>()->factors(0), 3);
  }
  const FactorAnalyzers free = fitted(
      FactorAnalyzers(3, 8, {.structure = FactorStructure::AkjBkQkDk, .factors = 5}), x, shares, 1);
  for (Index k = 0; k < 3; ++k) {
    const Matrix rows = x.middleRows(150 * k, 150);
    double best = -infinity;
    Index best_number = 0;
    for (Index q = 1; q <= 5; ++q) {
      const FactorAnalyzers alone =
          fitted(FactorAnalyzers(1, 8, {.structure = FactorStructure::UUC, .factors = q}), rows,
                 Matrix::Ones(150, 1), 0);
      const double value = objective(alone, rows, Matrix::Ones(150, 1)) -
                           0.5 * std::log(450.0) * static_cast<double>(alone.parameter_count());
      if (value > best) best_number = q;
      best = std::max(best, value);
      if (q == free.factors(k)) {
        EXPECT_LT((alone.covariance(0) - free.covariance(k)).cwiseAbs().maxCoeff(), 1e-10);
      }
    }
    EXPECT_EQ(free.factors(k), best_number);
  }
  // Marginal distributions have as many columns of loadings each.
  EXPECT_LT((AnyFamily(free).marginal({5, 0}).moments(2).covariance -
             free.covariance(2)(std::vector<Index>{5, 0}, std::vector<Index>{5, 0}))
                .norm(),
            1e-12);
}

TEST(ScreeTest, TakesTheLastLargeDrop) {
  const Vector values{{10, 6, 5, 2, 1.9, 1.8}};  // drops 4, 1, 3, 0.1, 0.1
  EXPECT_EQ(scree_number(values, 0.2, 5), 3);
  EXPECT_EQ(scree_number(values, 0.8, 5), 1);
  EXPECT_EQ(scree_number(values, 0.02, 5), 5);
  EXPECT_EQ(scree_number(values, 0.2, 2), 2);
  EXPECT_EQ(scree_number(Vector{{1, 1, 1}}, 0.2, 2), 1);
  EXPECT_EQ(scree_number(Vector{{3}}, 0.2, 1), 1);
}

TEST(FactorAnalyzers, TakeNumbersOfTheScreeTestWhereNothingFalls) {
  Matrix shares;
  const Matrix x = clouds(150, shares);
  const auto estimate = [&](double threshold, const Matrix& r, int steps) {
    return fitted(
        FactorAnalyzers(
            3, 8, {.structure = FactorStructure::AkjBkQkDk, .factors = 5, .scree = threshold}),
        x, r, steps);
  };
  const FactorAnalyzers clear = estimate(0.2, shares, 1);
  for (Index k = 0; k < 3; ++k) {
    EXPECT_EQ(clear.factors(k), k + 1);
    EXPECT_EQ(clear.caution(k), "");
  }
  EXPECT_EQ(clear.title(), "factor_analyzers AkjBkQkDk, up to 5 factors, scree 0.2");
  // A first estimate has the numbers of the test, whatever they cost, and each step at least the
  // value of the one before.
  const FactorAnalyzers wide = estimate(0.001, shares, 0);
  for (Index k = 0; k < 3; ++k) {
    const Matrix rows =
        x.middleRows(150 * k, 150).rowwise() - x.middleRows(150 * k, 150).colwise().mean();
    const Eigen::SelfAdjointEigenSolver<Matrix> solver(rows.transpose() * rows / 150);
    EXPECT_EQ(wide.factors(k), scree_number(solver.eigenvalues().reverse(), 0.001, 5));
  }
  const Matrix uneven = uneven_shares(x.rows(), 3);
  for (const double threshold : {0.001, 0.05, 0.2, 0.7}) {
    double before = -infinity;
    for (int steps = 0; steps < 4; ++steps) {
      // The shares change once, so that the numbers may.
      FactorAnalyzers family = estimate(threshold, uneven, 0);
      for (int i = 0; i < steps; ++i) {
        Vector sum = Vector::Zero(family.statistics_size());
        family.accumulate(x, shares, sum);
        family.maximize(sum);
      }
      const double value = objective(family, x, shares) + family.log_prior();
      EXPECT_GE(value, before - 1e-8) << threshold;
      before = value;
    }
  }
  EXPECT_THROW(FactorAnalyzers(2, 8, {.structure = FactorStructure::UUU, .scree = 0.2}),
               std::invalid_argument);
  EXPECT_THROW(FactorAnalyzers(2, 8, {.structure = FactorStructure::AkjBkQkDk, .scree = 1}),
               std::invalid_argument);
}

TEST(FactorAnalyzers, CountParameters) {
  // Loadings up to a rotation, noise, and means.
  const auto count = [](FactorStructure structure) {
    return FactorAnalyzers(3, 10, {.structure = structure, .factors = 2}).parameter_count() - 30;
  };
  EXPECT_EQ(count(FactorStructure::CCC), 19 + 1);
  EXPECT_EQ(count(FactorStructure::CUU), 19 + 30);
  EXPECT_EQ(count(FactorStructure::UUU), 3 * 19 + 30);
  EXPECT_EQ(count(FactorStructure::UCC), 3 * 19 + 1);
  EXPECT_EQ(count(FactorStructure::AkBkQkD), 3 * 16 + 6);
  EXPECT_EQ(count(FactorStructure::ABQD), 16 + 2);
  // With numbers of their own (Bouveyron et al. 2007; within equal variances a subspace has no
  // axes).
  const auto of = [](FactorStructure structure) {
    return factor_parameter_count(structure, 10, {1, 2, 4});
  };
  EXPECT_EQ(of(FactorStructure::AkjBkQkDk), 10 + 19 + 34 + 3);
  EXPECT_EQ(of(FactorStructure::AkjBQkDk), 10 + 19 + 34 + 1);
  EXPECT_EQ(of(FactorStructure::AkBkQkDk), 9 + 16 + 24 + 6);
  EXPECT_EQ(of(FactorStructure::AkBQkDk), 9 + 16 + 24 + 4);
  EXPECT_EQ(of(FactorStructure::ABkQkDk), 9 + 16 + 24 + 4);
  EXPECT_EQ(of(FactorStructure::ABQkDk), 9 + 16 + 24 + 2);
}

TEST(FactorAnalyzers, RefuseMoreFactorsThanCanBeTold) {
  EXPECT_EQ(most_factors(FactorStructure::UUU, 13), 8);
  EXPECT_EQ(most_factors(FactorStructure::UUU, 3), 1);
  EXPECT_EQ(most_factors(FactorStructure::UUU, 2), 0);
  EXPECT_EQ(most_factors(FactorStructure::UUC, 2), 1);
  EXPECT_EQ(parse_factor_structure("akjbkqkd"), FactorStructure::UUC);
  const auto message = [](auto&& make) -> std::string {
    try {
      make();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_EQ(message([] { FactorAnalyzers(1, 4, {.factors = 2}); }),
            "FactorAnalyzers: 2 factors in 4 columns; under UUU there can be 1 to 1 (by the bound "
            "of Ledermann, beyond which any covariance fits)");
  EXPECT_EQ(message([] { FactorAnalyzers(1, 2); }),
            "FactorAnalyzers: 2 columns are too few for a factor under UUU (by the bound of "
            "Ledermann, beyond which any covariance fits); use gaussian");
  EXPECT_THROW(parse_factor_structure("VVV"), std::invalid_argument);
}

TEST(FactorAnalyzers, SayWhenFactorsExplainAColumnEntirely) {
  Matrix x(200, 5);
  Rng rng(5);
  for (Index i = 0; i < x.rows(); ++i) {
    x(i, 0) = standard_normal(rng);
    x(i, 1) = -x(i, 0);
    for (Index j = 2; j < 5; ++j) x(i, j) = x(i, 0) + standard_normal(rng);
  }
  const Matrix shares = Matrix::Ones(x.rows(), 1);
  const FactorAnalyzers family = fitted(FactorAnalyzers(1, 5, {.factors = 1}), x, shares);
  EXPECT_NE(family.caution(0).find("the noise of column 1, 2 ended at its lower limit"),
            std::string::npos)
      << family.caution(0);
  EXPECT_EQ(family.flaw(0, 200), "");
}

}  // namespace
}  // namespace mix
