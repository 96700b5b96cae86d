// Families of sparse rows equal those of the same rows in a dense matrix.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "mix/any_family.h"
#include "mix/distributions/bernoulli.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/poisson.h"
#include "mix/em.h"
#include "mix/family_list.h"
#include "mix/parallel.h"
#include "mix/random.h"
#include "mix/sparse_matrix.h"

namespace {

using namespace mix;

static_assert(SparseExponentialFamily<Multinomial> && SparseExponentialFamily<Poisson>);
static_assert(SparseExponentialFamily<Exponential> && !SparseExponentialFamily<Bernoulli>);
static_assert(SparseFamily<Untied<Multinomial>> && !SparseFamily<Untied<Bernoulli>>);
static_assert(!SparseFamily<Gaussians> && !SparseFamily<AnyFamily>);

// Counts of which about a fifth are not 0; row 3 is empty.
Matrix sparse_counts(Index rows, Index columns) {
  Rng rng(21);
  Matrix x = Matrix::Zero(rows, columns);
  for (double& v : x.reshaped()) {
    if (uniform(rng) < 0.2) v = 1 + static_cast<double>(uniform_index(rng, 3));
  }
  x.row(3).setZero();
  return x;
}

Vector some_probabilities(Index columns, std::uint64_t stream) {
  Rng rng(22, Purpose::user, stream);
  Vector p(columns);
  for (double& v : p) v = uniform(rng);
  return p;
}

SparseMatrix stored(const Matrix& x) { return x.sparseView(); }

void expect_close(const Matrix& a, const Matrix& b) {
  ASSERT_EQ(a.rows(), b.rows());
  ASSERT_EQ(a.cols(), b.cols());
  for (Index i = 0; i < a.rows(); ++i) {
    for (Index k = 0; k < a.cols(); ++k) {
      if (b(i, k) == -infinity) {
        EXPECT_EQ(a(i, k), -infinity) << "row " << i << ", component " << k;
      } else {
        EXPECT_NEAR(a(i, k), b(i, k), 1e-12 * (1 + std::abs(b(i, k))));
      }
    }
  }
}

// Densities, statistics, a first estimate, support and what `prepare` learns.
void expect_as_dense(const AnyFamily& family, const Matrix& x) {
  const SparseMatrix rows = stored(x);
  const Index k = family.size();
  Matrix dense(x.rows(), k);
  Matrix sparse(x.rows(), k);
  family.log_densities(x, dense);
  family.log_densities(rows, sparse);
  expect_close(sparse, dense);

  Rng rng(23);
  Matrix shares(x.rows(), k);
  for (double& v : shares.reshaped()) v = uniform(rng) < 0.3 ? 0 : uniform(rng);
  Vector of_dense = Vector::Ones(family.statistics_size());
  Vector of_sparse = of_dense;
  family.accumulate(x, shares, of_dense);
  family.accumulate(rows, shares, of_sparse);
  expect_close(of_sparse, of_dense);
  EXPECT_EQ(family.check_support(rows), family.check_support(x));

  AnyFamily learned_dense = family;
  AnyFamily learned_sparse = family;
  const Vector w = shares.col(0);
  learned_dense.prepare(x, w);
  learned_sparse.prepare(rows, w);
  learned_dense.start(x, shares);
  learned_sparse.start(rows, shares);
  learned_dense.log_densities(x, dense);
  learned_sparse.log_densities(x, sparse);
  expect_close(sparse, dense);
}

AnyFamily multinomials(Index columns) {
  std::vector<Multinomial> components;
  for (std::uint64_t k = 0; k < 5; ++k) {
    Vector p = some_probabilities(columns, k);
    // Impossible cells: some rows have counts there and some have none.
    if (k == 3) p.head(2).setZero();
    if (k == 4) p.tail(columns - 1).setZero();
    components.emplace_back(p / p.sum());
  }
  return Untied(components);
}

TEST(SparseRows, OfMultinomialsEqualDenseOnes) {
  Matrix x = sparse_counts(1100, 30);
  const AnyFamily family = multinomials(30);
  expect_as_dense(family, x);
  x(7, 7) = 5000;  // beyond the table of log-factorials
  expect_as_dense(family, x);
  for (const double odd : {-1.0, 0.5, infinity}) {
    x(600, 7) = odd;
    expect_as_dense(family, x);
  }
}

TEST(SparseRows, HaveNoMissingCells) {
  Matrix x = sparse_counts(20, 4);
  x(6, 2) = quiet_nan;
  for (const AnyFamily& family : {AnyFamily(Multinomial(4)), AnyFamily(Poisson(4))}) {
    EXPECT_EQ(family.check_support(stored(x)), "row 7, column 3: the value is missing");
  }
}

TEST(SparseRows, OfAnEmptyRowIsOneUnderEveryMultinomial) {
  SparseMatrix x(2, 30);
  x.insert(1, 29) = 2;
  x.makeCompressed();
  Matrix l(2, 5);
  multinomials(30).log_densities(x, l);
  EXPECT_EQ(l.row(0).cwiseAbs().maxCoeff(), 0);
  EXPECT_EQ(l(1, 4), -infinity);  // all its mass in an impossible cell
  EXPECT_GT(l(1, 3), -infinity);
}

TEST(SparseRows, OfPoissonsEqualDenseOnes) {
  Matrix x = sparse_counts(1100, 30);
  std::vector<Poisson> components;
  for (std::uint64_t k = 0; k < 3; ++k) components.emplace_back(some_probabilities(30, k));
  Vector rates = some_probabilities(30, 9);
  rates.head(2).setZero();
  components.emplace_back(rates);
  const AnyFamily family = Untied(components);
  expect_as_dense(family, x);
  x(7, 7) = 5000;
  expect_as_dense(family, x);
  x(600, 7) = -2;
  expect_as_dense(family, x);
}

TEST(SparseRows, OfExponentialsEqualDenseOnes) {
  Matrix x = sparse_counts(700, 12) / 3;
  std::vector<Exponential> components;
  for (std::uint64_t k = 0; k < 3; ++k) components.emplace_back(some_probabilities(12, k));
  expect_as_dense(Untied(components), x);
  for (const double odd : {-1.0, infinity}) {
    x(600, 7) = odd;
    expect_as_dense(Untied(components), x);
  }
}

TEST(SparseRows, OfFamiliesThatReadDenseBlocksEqualDenseOnes) {
  const Matrix x = sparse_counts(1100, 6).cwiseMin(1);
  std::vector<Bernoulli> components;
  for (std::uint64_t k = 0; k < 3; ++k) components.emplace_back(some_probabilities(6, k));
  components.emplace_back(Vector{{0.0, 1.0, 0.5, 0.5, 0.5, 0.5}});
  expect_as_dense(Untied(components), x);
  expect_as_dense(Gaussians(Matrix::Random(3, 6), std::vector<Matrix>(3, Matrix::Identity(6, 6))),
                  sparse_counts(700, 6));
}

TEST(SparseRows, OfSeveralFamiliesEqualDenseOnes) {
  const Matrix x = sparse_counts(1100, 30);
  static_assert(FamilyOfAnyRows<FamilyList> && !FamilyOfAnyRows<Untied<Multinomial>>);
  const AnyFamily poissons = Untied(Poisson(some_probabilities(30, 1)), 2);
  expect_as_dense(FamilyList({multinomials(30), poissons}), x);
  // With a family that reads dense blocks.
  const AnyFamily list = FamilyList(
      {poissons, frozen(multinomials(30)),
       Gaussians(Matrix::Random(2, 30), std::vector<Matrix>(2, Matrix::Identity(30, 30)))});
  expect_as_dense(list, x);
}

TEST(SparseRows, HaveTheDistancesOfDenseOnes) {
  Matrix x = sparse_counts(40, 30);
  x.row(3) = x.row(4);  // an empty row has no proportions
  for (const AnyFamily& family : {AnyFamily(Multinomial(30)), AnyFamily(Poisson(30)),
                                  AnyFamily(Exponential(30)), AnyFamily(Bernoulli(30))}) {
    const Matrix dense = family.embed(x);
    const Matrix sparse = family.embed(stored(x));
    for (Index i = 0; i + 1 < 40; ++i) {
      EXPECT_NEAR((sparse.row(i) - sparse.row(i + 1)).norm(),
                  (dense.row(i) - dense.row(i + 1)).norm(), 1e-12)
          << family.name();
    }
  }
}

TEST(SparseRows, NameTheFirstCellThatIsNoCount) {
  Matrix x = sparse_counts(20, 5);
  x(4, 2) = 0.5;
  x(9, 0) = -1;
  x(9, 1) = -1;
  EXPECT_EQ(AnyFamily(Multinomial(5)).check_support(stored(x)),
            "row 5, column 3: 0.5 is not a count (0, 1, 2, ...); 2 rows in all");
}

TEST(SparseRows, GiveTheSameBitsForAnyNumberOfThreads) {
  const SparseMatrix x = stored(sparse_counts(5000, 30));
  Rng rng(25);
  Vector w(5000);
  for (double& v : w) v = uniform(rng);
  const auto run = [&](Index threads) {
    MixtureState state{Vector::Constant(5, 0.2), multinomials(30)};
    EmReport report;
    with_threads(threads, [&] { report = run_em(state, x, w, {.tol = -1, .max_iter = 8}); });
    EXPECT_EQ(report.falls, 0);
    return report.objective_history;
  };
  const std::vector<double> one = run(1);
  EXPECT_EQ(one, run(2));
  EXPECT_EQ(one, run(7));
}

}  // namespace
