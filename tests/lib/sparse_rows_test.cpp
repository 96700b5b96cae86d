// Sparse rows, and what families and the engine make of them.
#include "mix/sparse_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "mix/any_family.h"
#include "mix/kernels.h"
#include "mix/random.h"
#include "mix/sparse_matrix.h"
#include "mix/special.h"

namespace {

using namespace mix;
using testing::HasSubstr;

// Counts of which about a sixth are not 0.
Matrix mostly_zeros(Index rows, Index columns, std::uint64_t stream) {
  Rng rng(11, Purpose::user, stream);
  Matrix x = Matrix::Zero(rows, columns);
  for (double& v : x.reshaped()) {
    if (uniform(rng) < 1.0 / 6) v = 1 + static_cast<double>(uniform_index(rng, 5));
  }
  return x;
}

SparseMatrix sparse(const Matrix& x) { return x.sparseView(); }

std::string error_of(const std::vector<int>& offsets, const std::vector<int>& column,
                     const std::vector<double>& value) {
  try {
    const SparseRows rows(3, offsets, column, value);
    return "none";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(SparseRows, ShowsTheCellsOfAMatrix) {
  const Matrix x = mostly_zeros(50, 7, 1);
  const SparseMatrix stored = sparse(x);
  const SparseRows view = stored;
  EXPECT_EQ(view.rows(), 50);
  EXPECT_EQ(view.cols(), 7);
  EXPECT_EQ(view.cells(), (x.array() != 0).count());
  EXPECT_EQ(view.dense(), x);
  EXPECT_EQ(view.middleRows(10, 20).dense(), x.middleRows(10, 20));
  EXPECT_EQ(view.middleRows(10, 20).middleRows(5, 3).dense(), x.middleRows(15, 3));
  EXPECT_EQ(view.middleRows(10, 0).rows(), 0);
  const SparseMatrix chosen = select_rows(view, {4, 40, 7});
  EXPECT_EQ(Matrix(chosen), x(std::vector<Index>{4, 40, 7}, Eigen::all));
}

TEST(SparseRows, KeepsStoredZerosAndEmptyRows) {
  const std::vector<int> offsets{0, 0, 2, 2};
  const std::vector<int> column{0, 2};
  const std::vector<double> value{0, 4};
  const SparseRows rows(3, offsets, column, value);
  EXPECT_EQ(rows.rows(), 3);
  EXPECT_EQ(rows.cells(), 2);
  Matrix expected = Matrix::Zero(3, 3);
  expected(1, 2) = 4;
  EXPECT_EQ(rows.dense(), expected);
}

TEST(SparseRows, RefusesImpossibleStorage) {
  EXPECT_EQ(error_of({0, 1, 2}, {0, 2}, {1, 1}), "none");
  EXPECT_THAT(error_of({0, 1}, {3}, {1}),
              HasSubstr("row 1 has a cell in column 4; there are 3 columns"));
  EXPECT_THAT(error_of({0, 1, 2}, {0, -1}, {1, 1}), HasSubstr("row 2 has a cell in column 0"));
  EXPECT_THAT(error_of({0, 2}, {1, 1}, {1, 1}),
              HasSubstr("in row 1 column 2 comes after column 2; sort"));
  EXPECT_THAT(error_of({0, 2}, {2, 0}, {1, 1}),
              HasSubstr("in row 1 column 1 comes after column 3"));
  EXPECT_THAT(error_of({0, 2, 1, 2}, {0, 1}, {1, 1}),
              HasSubstr("the cells of row 2 go from 2 to 1; offsets never fall"));
  EXPECT_THAT(error_of({0, 5, 2}, {0, 1}, {1, 1}), HasSubstr("the cells of row 1 go from 0 to 5"));
  EXPECT_THAT(error_of({1, 2}, {0, 1}, {1, 1}), HasSubstr("the offsets go from 1 to 2"));
  EXPECT_THAT(error_of({0, 3}, {0, 1}, {1, 1}), HasSubstr("with 2 stored cells"));
  EXPECT_THAT(error_of({0, 1}, {0, 1}, {1}), HasSubstr("2 columns for 1 values"));
  EXPECT_THAT(error_of({}, {}, {}), HasSubstr("no offsets"));
}

TEST(SparseRows, OfAMatrixThatIsNotCompressedAreRefused) {
  SparseMatrix x(3, 3);
  x.insert(1, 1) = 2;
  x.uncompress();
  EXPECT_THROW(SparseRows{x}, std::invalid_argument);
  x.makeCompressed();
  EXPECT_EQ(SparseRows(x).cells(), 1);
}

TEST(SparseRows, RefuseADenseCopyBeyondReason) {
  const std::vector<int> offsets(200001, 0);
  const SparseRows rows(100000, offsets, {}, {});
  EXPECT_EQ(rows.rows(), 200000);
  try {
    (void)rows.dense();
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("200000 rows x 100000 columns"));
  }
}

class SparseKernels : public testing::TestWithParam<std::string> {
 protected:
  SparseKernels() { kernels::use_target(GetParam()); }
  ~SparseKernels() override { kernels::use_target(""); }
};

INSTANTIATE_TEST_SUITE_P(Target, SparseKernels, testing::ValuesIn(kernels::targets()),
                         [](const auto& each) { return each.param; });

TEST_P(SparseKernels, EqualTheProductsOfDenseRows) {
  for (const Index k : {1, 3, 8, 17, 32, 33, 70}) {
    for (const Index rows : {1, 37, 512}) {
      const Matrix x = mostly_zeros(rows, 40, 2);
      const SparseMatrix stored = sparse(x);
      Matrix slope = Matrix::Zero(kernels::padded_components(k), 40);
      slope.topRows(k) = Matrix::Random(k, 40);
      const Vector constant = Vector::Random(k);
      const Vector base = Vector::Random(rows);
      Matrix memory(kernels::packed_stride, k);
      kernels::affine(stored, slope, constant, base, memory.topRows(rows));
      const Matrix expected =
          ((x * slope.topRows(k).transpose()).colwise() + base).rowwise() + constant.transpose();
      EXPECT_LT((memory.topRows(rows) - expected).cwiseAbs().maxCoeff(), 1e-12);

      const Matrix r = Matrix::Random(rows, k).cwiseAbs();
      Matrix sum = Matrix::Ones(40, k);
      // Twice, because the memory between two calls has to be zero.
      kernels::add_products(stored, r, sum);
      kernels::add_products(stored, r, sum);
      const Matrix sum_expected = 2 * x.transpose() * r;
      EXPECT_LT(((sum.array() - 1).matrix() - sum_expected).cwiseAbs().maxCoeff(),
                1e-12 * (1 + sum_expected.maxCoeff()));
    }
  }
}

TEST_P(SparseKernels, SumLogFactorials) {
  Matrix x = mostly_zeros(100, 40, 3);
  x.row(5).setZero();
  const auto check = [&](double largest) {
    const SparseMatrix stored = sparse(x);
    Vector out(100);
    Vector total(100);
    EXPECT_EQ(kernels::log_factorials(SparseRows(stored), out, total), largest);
    for (Index i = 0; i < 100; ++i) {
      double sum = 0;
      for (Index j = 0; j < 40; ++j) sum += log_factorial(x(i, j));
      EXPECT_NEAR(out[i], sum, 1e-12 * (1 + sum));
      EXPECT_EQ(total[i], x.row(i).sum());
    }
  };
  check(5);
  x(3, 3) = 5000;  // more than the table holds
  check(5000);
  for (const double odd : {-1.0, 0.5, quiet_nan, infinity}) {
    x(3, 3) = odd;
    const SparseMatrix stored = sparse(x);
    Vector out(100);
    EXPECT_TRUE(std::isnan(kernels::log_factorials(SparseRows(stored), out))) << odd;
  }
}

TEST(Projected, KeepsRowsOfFewColumns) {
  const Matrix x = mostly_zeros(20, projected_columns, 4);
  EXPECT_EQ(projected(sparse(x)), x);
}

// A squared distance has the standard error 18 %, so that the mean over pairs of 200 rows is within
// 5 % with all but certainty.
TEST(Projected, KeepsDistancesOfRowsOfManyColumns) {
  const Matrix x = mostly_zeros(200, 3000, 5);
  const Matrix points = projected(sparse(x));
  ASSERT_EQ(points.cols(), projected_columns);
  double ratio = 0;
  for (Index i = 0; i + 1 < 200; i += 2) {
    ratio += (points.row(i) - points.row(i + 1)).squaredNorm() /
             (x.row(i) - x.row(i + 1)).squaredNorm() / 100;
  }
  EXPECT_NEAR(ratio, 1, 0.05);
}

TEST(ScaledCells, DivideByTheDeviationOfTheColumn) {
  Matrix x = mostly_zeros(60, 5, 6);
  x.col(2).setConstant(3);
  x.col(3).setZero();
  SparseMatrix stored = sparse(x);
  const Vector scaled = scaled_cells(stored);
  std::copy(scaled.begin(), scaled.end(), stored.valuePtr());
  const Matrix columns = stored;
  for (Index j = 0; j < 5; ++j) {
    const double mean = x.col(j).mean();
    const double deviation = std::sqrt((x.col(j).array() - mean).square().mean());
    const Vector expected = deviation > 0 ? Vector(x.col(j) / deviation) : Vector::Zero(60);
    EXPECT_LT((columns.col(j) - expected).cwiseAbs().maxCoeff(), 1e-12) << j;
  }
}

}  // namespace
