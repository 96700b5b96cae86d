// Every kernel, on every instruction set of this machine, against loops over scalars.
#include "mix/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "mix/random.h"

namespace mix {
namespace {

using kernels::packed_stride;

Matrix random_matrix(Index rows, Index columns, std::uint64_t stream) {
  Matrix x(rows, columns);
  Rng rng(7, Purpose::user, stream);
  for (double& v : x.reshaped()) v = standard_normal(rng);
  return x;
}

Vector random_shares(Index rows, std::uint64_t stream) {
  return random_matrix(rows, 1, stream).cwiseAbs();
}

Matrix random_lower(Index d, std::uint64_t stream) {
  Matrix l = random_matrix(d, d, stream).triangularView<Eigen::Lower>();
  l.diagonal() = l.diagonal().cwiseAbs().array() + 0.5;
  return l;
}

// Blocks of all kinds of ends: shorter than a vector, whole vectors, whole tiles, and a rest.
const std::vector<Index> row_counts = {1, 7, 8, 37, 64, 511, 512};

class Kernels : public testing::TestWithParam<std::string> {
 protected:
  Kernels() { kernels::use_target(GetParam()); }
  ~Kernels() override { kernels::use_target(""); }
};

INSTANTIATE_TEST_SUITE_P(Target, Kernels, testing::ValuesIn(kernels::targets()),
                         [](const auto& each) { return each.param; });

TEST_P(Kernels, ExponentialIsWithinTwoUnitsInTheLastPlace) {
  const Vector x = Vector::LinSpaced(100001, -707.9, 709);
  Vector out(x.size());
  kernels::exponential(x, out);
  for (Index i = 0; i < x.size(); ++i) {
    const double exact = std::exp(x[i]);
    ASSERT_NEAR(out[i] / exact, 1, 4.5e-16) << x[i];
  }
  const Vector special{{0.0, -708.5, -1e300, -infinity, quiet_nan}};
  Vector of_special(5);
  kernels::exponential(special, of_special);
  EXPECT_EQ(of_special[0], 1);
  EXPECT_EQ(of_special[1], 0);
  EXPECT_EQ(of_special[2], 0);
  EXPECT_EQ(of_special[3], 0);
  EXPECT_TRUE(std::isnan(of_special[4]));
}

TEST_P(Kernels, LogarithmIsWithinTwoUnitsInTheLastPlace) {
  const Vector x = Vector::LinSpaced(100001, -300, 300).array().exp();
  Vector out(x.size());
  kernels::logarithm(x, out);
  for (Index i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(out[i], std::log(x[i]), 4.5e-16 * std::max(std::abs(std::log(x[i])), 1e-3)) << x[i];
  }
  Vector special(2);
  kernels::logarithm(Vector{{1.0, 0.0}}, special);
  EXPECT_EQ(special[0], 0);
  EXPECT_EQ(special[1], -infinity);
}

TEST_P(Kernels, LogarithmOfOneAndMoreIsWithinTwoUnitsInTheLastPlace) {
  const Vector x = Vector::LinSpaced(10001, -100, 100).array().exp();
  Vector out(x.size());
  kernels::log1p_scaled(x, 0.5, out);
  for (Index i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(out[i] / std::log1p(0.5 * x[i]), 1, 6e-16) << x[i];
  }
  Vector special(4);
  kernels::log1p_scaled(Vector{{0.0, 1e-320, infinity, quiet_nan}}, 1, special);
  EXPECT_EQ(special[0], 0);
  EXPECT_EQ(special[1], 1e-320);
  EXPECT_EQ(special[2], infinity);
  EXPECT_TRUE(std::isnan(special[3]));

  for (const Index rows : row_counts) {
    const Vector y = random_matrix(rows, 1, 2).cwiseAbs();
    const Vector w = random_matrix(rows, 1, 3).cwiseAbs();
    EXPECT_NEAR(kernels::log1p_sum(y, 2, w), (2 * y.array()).log1p().matrix().dot(w),
                1e-14 * static_cast<double>(rows));
  }
}

TEST_P(Kernels, SoftmaxSharesEachRow) {
  for (const Index rows : row_counts) {
    for (const double beta : {1.0, 0.3}) {
      const Matrix l = 30 * random_matrix(rows, 5, 1);
      Matrix r = l;
      Vector term(rows);
      kernels::softmax(r, beta, term);
      for (Index i = 0; i < rows; ++i) {
        const Vector e = (beta * (l.row(i).array() - l.row(i).maxCoeff())).exp();
        EXPECT_LT((r.row(i).transpose() - e / e.sum()).cwiseAbs().maxCoeff(), 1e-15);
        EXPECT_NEAR(term[i], l.row(i).maxCoeff() + std::log(e.sum()) / beta, 1e-13);
        EXPECT_NEAR(r.row(i).sum(), 1, 4 * 2.3e-16);
      }
    }
  }
}

TEST_P(Kernels, SoftmaxOfImpossibleAndBrokenRows) {
  Matrix l{{-infinity, -infinity}, {0, quiet_nan}, {-infinity, 2}, {-1e5, 0}, {-5e5, -5e5}};
  Vector term(5);
  kernels::softmax(l, 1, term);
  EXPECT_EQ(l, (Matrix{{0, 0}, {0, 0}, {0, 1}, {0, 1}, {0.5, 0.5}}));
  EXPECT_EQ(term[0], -infinity);
  EXPECT_TRUE(std::isnan(term[1]));
  EXPECT_EQ(term[2], 2);
  EXPECT_EQ(term[3], 0);
  EXPECT_NEAR(term[4], -5e5 + std::log(2), 1e-9);
}

TEST_P(Kernels, SoftmaxAndLogSumsOfWeightedDensitiesAgree) {
  const Vector weights{{0.1, 0.3, 0.0, 0.4, 0.2}};
  const Vector log_weights = weights.array().log();
  for (const Index rows : row_counts) {
    Matrix l = 30 * random_matrix(rows, 5, 1);
    l(0, 2) = infinity;  // of weight zero: impossible
    Matrix expected = l.rowwise() + log_weights.transpose();
    expected.col(2).setConstant(-infinity);
    Vector expected_term(rows);
    kernels::softmax(expected, 1.0, expected_term);
    Vector term(rows);
    kernels::log_sums(l, log_weights, term);
    EXPECT_EQ(term, expected_term);
    kernels::softmax(l, log_weights, term);
    EXPECT_EQ(term, expected_term);
    EXPECT_EQ(l, expected);
  }
  for (const Index rows : row_counts) {
    const Matrix l = 30 * random_matrix(rows, 5, 1);
    Vector w = random_shares(rows, 2);
    w[rows / 2] = 0;
    Vector term(rows);
    kernels::log_sums(l, log_weights, term);
    const double sum = term.sum();
    EXPECT_NEAR(kernels::total_log_sum(l, log_weights, nullptr), sum, 1e-11 * std::abs(sum));
    Matrix impossible = l;
    impossible.row(rows / 2).setConstant(-infinity);
    EXPECT_NEAR(kernels::total_log_sum(impossible, log_weights, w.data()), w.dot(term),
                1e-11 * std::abs(sum));
    EXPECT_EQ(kernels::total_log_sum(impossible, log_weights, nullptr), -infinity);
    impossible(rows / 2, 0) = quiet_nan;
    EXPECT_TRUE(std::isnan(kernels::total_log_sum(impossible, log_weights, nullptr)));
  }
  const Matrix broken{{-infinity, -infinity}, {0, quiet_nan}, {-infinity, 2}};
  Vector term(3);
  kernels::log_sums(broken, Vector::Zero(2), term);
  EXPECT_EQ(term[0], -infinity);
  EXPECT_TRUE(std::isnan(term[1]));
  EXPECT_EQ(term[2], 2);
}

TEST_P(Kernels, WidenCopiesFloatsExactly) {
  for (const Index rows : row_counts) {
    const Eigen::MatrixXf x = random_matrix(rows + 3, 5, 1).cast<float>();
    Matrix out = Matrix::Zero(packed_stride, 5);
    kernels::widen(x.middleRows(1, rows), out.topRows(rows));
    EXPECT_EQ(out.topRows(rows), Matrix(x.middleRows(1, rows).cast<double>()));
    EXPECT_EQ(out.bottomRows(packed_stride - rows).cwiseAbs().maxCoeff(), 0);
  }
}

TEST_P(Kernels, WriteThroughCopiesToAnyPlace) {
  for (const Index rows : row_counts) {
    for (const Index first : {0, 1, 3}) {
      const Matrix x = random_matrix(rows + 3, 3, 1);
      Matrix out = Matrix::Zero(rows + 7, 3);
      kernels::write_through(x.middleRows(2, rows), out.middleRows(first, rows));
      EXPECT_EQ(out.middleRows(first, rows), x.middleRows(2, rows));
      EXPECT_EQ(out.topRows(first).norm() + out.bottomRows(7 - first).norm(), 0);
    }
  }
}

TEST_P(Kernels, BestComponentsAreTheFirstOfTheLargest) {
  const Vector weights{{0.1, 0.3, 0.0, 0.4, 0.2}};
  const Vector log_weights = weights.array().log();
  for (Index rows : row_counts) {
    rows += rows == 512 ? 700 : 0;  // more than a block
    Matrix l = random_matrix(rows, 5, 1);
    l.col(2).array() += 100;
    std::vector<Index> label(static_cast<std::size_t>(rows));
    kernels::best_components(l, log_weights, label.data());
    for (Index i = 0; i < rows; ++i) {
      Index best = 0;
      (l.row(i) + log_weights.transpose()).maxCoeff(&best);
      ASSERT_EQ(label[static_cast<std::size_t>(i)], best) << i;
    }
  }
  const Matrix odd{{-infinity, -infinity, -infinity},
                   {1, quiet_nan, 2},
                   {quiet_nan, 1, 1},
                   {3, 5, 5},
                   {0, infinity, 7},
                   {-infinity, -9, -infinity}};
  std::array<Index, 6> label{};
  kernels::best_components(odd, Vector::Zero(3), label.data());
  EXPECT_EQ(label, (std::array<Index, 6>{-1, -1, -1, 1, 1, 1}));
}

TEST_P(Kernels, ShareOutIsSoftmaxOfWeightedDensities) {
  const Vector weights{{0.1, 0.3, 0.0, 0.4, 0.2}};
  const Vector log_weights = weights.array().log();
  for (const Index rows : row_counts) {
    Matrix l = 30 * random_matrix(rows, 5, 1);
    l.col(2).setConstant(infinity);  // of weight zero
    Vector w = random_shares(rows, 3);
    if (rows > 1) w[1] = 0;
    for (const double* given : std::array<const double*, 2>{nullptr, w.data()}) {
      const Vector each = given != nullptr ? w : Vector::Ones(rows);
      Matrix r = l;
      Vector mass = Vector::Ones(5);
      const double sum = kernels::share_out(r, log_weights, given, mass);
      Matrix expected = (l.rowwise() + log_weights.transpose());
      expected.col(2).setConstant(-infinity);
      Vector term(rows);
      kernels::softmax(expected, 1, term);
      expected = each.asDiagonal() * expected;
      EXPECT_LT((r - expected).cwiseAbs().maxCoeff(), 1e-15);
      EXPECT_LT((mass - Vector::Ones(5) - expected.colwise().sum().transpose()).norm(), 1e-12);
      EXPECT_NEAR(sum, each.dot(term), 1e-14 * 30 * static_cast<double>(rows));
    }
  }
}

TEST_P(Kernels, ShareOutOfManyComponentsDoesNotOverflow) {
  Matrix l = Matrix::Zero(512, 3000);
  Vector mass = Vector::Zero(3000);
  const double sum = kernels::share_out(l, Vector::Zero(3000), nullptr, mass);
  EXPECT_NEAR(sum, 512 * std::log(3000.0), 1e-9);
  EXPECT_NEAR(mass[2999], 512 / 3000.0, 1e-12);
}

TEST_P(Kernels, ShareOutCountsImpossibleRowsOnlyWhereTheyHaveWeight) {
  const Matrix l{{0, 0}, {-infinity, -infinity}, {0, quiet_nan}, {-infinity, 0}};
  const auto value = [&](const Vector& w) {
    Matrix r = l;
    Vector mass = Vector::Zero(2);
    const double sum = kernels::share_out(r, Vector::Zero(2), w.data(), mass);
    EXPECT_FALSE(r.array().isNaN().any());
    EXPECT_EQ(r.row(1).sum() + r.row(2).sum(), 0);
    return sum;
  };
  EXPECT_NEAR(value(Vector{{1, 0, 0, 1}}), std::log(2), 1e-15);
  EXPECT_EQ(value(Vector{{1, 1, 0, 1}}), -infinity);
  EXPECT_TRUE(std::isnan(value(Vector{{1, 0, 1, 1}})));
}

TEST_P(Kernels, InSinglePrecisionWhitenAndScatterAgreeWithDouble) {
  for (const Index d : {5, 8, 19}) {
    const Index padded = kernels::PackedTriangle::padded(d);
    const Matrix lower = Matrix(random_matrix(d, d, 30).triangularView<Eigen::Lower>()) +
                         Matrix(2 * Matrix::Identity(d, d));
    kernels::Whitening whitening{kernels::PackedTriangle(lower), Vector::Zero(padded), -3};
    whitening.offset.head(d) = random_matrix(d, 1, 31);
    const Vector center = 1e6 * random_matrix(d, 1, 32);
    Vector shift = Vector::Zero(padded);
    shift.head(d) = random_matrix(d, 1, 33);
    for (const Index rows : row_counts) {
      const Matrix x = random_matrix(rows, d, 34).rowwise() + center.transpose();
      const Vector r = random_shares(rows, 35);
      Matrix panels(kernels::packed_stride, padded);
      kernels::pack_panels(x, center, panels.data());
      Matrix whitened(kernels::packed_stride, padded);
      Vector density(rows);
      kernels::whiten(panels.data(), whitening, {.panels = whitened.data()}, density);
      Eigen::MatrixXf single(kernels::packed_stride, padded);
      kernels::pack_panels(x, center, single.data());
      Eigen::MatrixXf single_whitened(kernels::packed_stride, padded);
      Vector again(rows);
      kernels::whiten(single.data(), whitening, single_whitened.data(), again);
      EXPECT_LT((density - again).cwiseAbs().maxCoeff(),
                2e-6 * (1 + density.cwiseAbs().maxCoeff()));
      const Index length = 1 + d + d * (d + 1) / 2;
      for (const bool of_whitened : {false, true}) {
        Vector sum = Vector::Ones(length);
        Vector sum_single = Vector::Ones(length);
        kernels::add_scatter(of_whitened ? whitened.data() : panels.data(), shift, d, r, sum);
        kernels::add_scatter(of_whitened ? single_whitened.data() : single.data(), shift, d, r,
                             sum_single);
        EXPECT_LT((sum - sum_single).cwiseAbs().maxCoeff(), 2e-6 * (1 + sum.cwiseAbs().maxCoeff()))
            << d << " columns, " << rows << " rows";
      }
    }
  }
}

TEST_P(Kernels, SmallSoftPassIsDensitiesSharesAndScatterInOne) {
  constexpr Index k = 3;
  for (const Index d : {1, 2, 3, 4}) {
    kernels::SmallGaussians gaussians;
    gaussians.resize(d, k);
    const Matrix centers = random_matrix(d, k, 20);
    std::vector<Matrix> inverses;
    for (Index c = 0; c < k; ++c) {
      const Matrix lower =
          (random_matrix(d, d, 21 + static_cast<int>(c)) + 2 * Matrix::Identity(d, d));
      inverses.emplace_back(lower.triangularView<Eigen::Lower>());
      gaussians.set(c, centers.col(c), inverses.back(), -0.5 * static_cast<double>(c));
    }
    const Vector log_weights{{-1.0, -2.0, -0.5}};
    const Index length = 1 + d + d * (d + 1) / 2;
    for (const Index rows : row_counts) {
      const Matrix x = random_matrix(rows, d, 25);
      const Vector w = random_shares(rows, 26);
      for (const double* given : std::array<const double*, 2>{nullptr, w.data()}) {
        Vector sum = Vector::Ones(k * length);
        const double value = kernels::small_soft_pass(x, gaussians, log_weights, given, sum);
        Matrix l(rows, k);
        for (Index c = 0; c < k; ++c) {
          kernels::small_density(x, centers.col(c), inverses[static_cast<std::size_t>(c)],
                                 -0.5 * static_cast<double>(c), l.col(c));
        }
        Vector mass = Vector::Zero(k);
        EXPECT_NEAR(value, kernels::share_out(l, log_weights, given, mass), 1e-10);
        Vector expected = Vector::Ones(k * length);
        for (Index c = 0; c < k; ++c) {
          kernels::add_small_scatter(x, centers.col(c), inverses[static_cast<std::size_t>(c)],
                                     l.col(c), expected.segment(c * length, length));
        }
        EXPECT_LT((sum - expected).cwiseAbs().maxCoeff(), 1e-11 * static_cast<double>(rows));
      }
    }
  }
}

TEST_P(Kernels, SmallSoftPassOfDiagonalInversesGivesTheSameBits) {
  constexpr Index k = 3;
  for (const Index d : {2, 3, 4}) {
    kernels::SmallGaussians gaussians;
    gaussians.resize(d, k);
    const Matrix centers = random_matrix(d, k, 27);
    for (Index c = 0; c < k; ++c) {
      const Vector scale = random_matrix(d, 1, 28 + static_cast<int>(c)).cwiseAbs();
      gaussians.set(c, centers.col(c), Matrix(scale.asDiagonal()), 0.5 * static_cast<double>(c));
    }
    const Vector log_weights{{-1.0, -2.0, -0.5}};
    const Index full = 1 + d + d * (d + 1) / 2;
    for (const Index rows : row_counts) {
      const Matrix x = random_matrix(rows, d, 31);
      const Vector w = random_shares(rows, 32);
      for (const double* given : std::array<const double*, 2>{nullptr, w.data()}) {
        Vector sum = Vector::Zero(k * full);
        Vector diagonal_sum = Vector::Zero(k * (1 + 2 * d));
        const double value = kernels::small_soft_pass(x, gaussians, log_weights, given, sum);
        EXPECT_EQ(kernels::small_soft_pass(x, gaussians, log_weights, given, diagonal_sum), value);
        for (Index c = 0; c < k; ++c) {
          const auto all = sum.segment(c * full, full);
          const auto some = diagonal_sum.segment(c * (1 + 2 * d), 1 + 2 * d);
          EXPECT_EQ(some.head(1 + d), all.head(1 + d)) << d << " columns, " << rows << " rows";
          Index place = 1 + d;  // in the lower triangle by columns
          for (Index j = 0; j < d; ++j) {
            EXPECT_EQ(some[1 + d + j], all[place]) << d << " columns, " << rows << " rows";
            place += d - j;
          }
        }
      }
    }
  }
}

TEST_P(Kernels, WeighMultipliesAndSums) {
  for (const Index rows : row_counts) {
    const Matrix before = random_matrix(rows, 3, 2);
    const Vector w = random_shares(rows, 3);
    Matrix r = before;
    Vector mass = Vector::Ones(3);
    kernels::weigh(r, w, mass);
    EXPECT_EQ(r, w.asDiagonal() * before);
    EXPECT_LT((mass - Vector::Ones(3) - r.colwise().sum().transpose()).cwiseAbs().maxCoeff(),
              1e-12);
    Vector sums = Vector::Zero(3);
    kernels::add_sums(before, sums);
    EXPECT_LT((sums - before.colwise().sum().transpose()).cwiseAbs().maxCoeff(), 1e-12);
  }
}

TEST_P(Kernels, AffineMapsRows) {
  for (const Index rows : row_counts) {
    for (const Index k : {1, 4, 7}) {
      const Matrix x = random_matrix(rows, 6, 4);
      const Matrix slope = random_matrix(6, k, 5);
      const Vector constant = random_matrix(k, 1, 6);
      Matrix out(rows, k);
      kernels::affine(x, slope, constant, out);
      const Matrix expected = (x * slope).rowwise() + constant.transpose();
      EXPECT_LT((out - expected).cwiseAbs().maxCoeff(), 1e-13);
    }
  }
}

TEST_P(Kernels, SumsAndProductsOverRows) {
  for (const Index rows : row_counts) {
    for (const Index columns : {1, 3, 4, 6}) {
      const Matrix a = random_matrix(rows, columns, 1);
      const Matrix b = random_matrix(rows, 5, 2);
      Matrix sum = Matrix::Ones(columns + 1, 5);
      kernels::add_sums_and_products(a, b, sum);
      Matrix expected(columns + 1, 5);
      expected << b.colwise().sum(), a.transpose() * b;
      ASSERT_LT((sum - expected).array().abs().maxCoeff() - 1, 1e-12) << rows;
      ASSERT_GT((sum - expected).array().minCoeff() - 1, -1e-12) << rows;
    }
  }
}

TEST_P(Kernels, AffineAddsTheBaseOfEachRow) {
  for (const Index rows : row_counts) {
    const Matrix x = random_matrix(rows, 3, 1);
    const Matrix slope = random_matrix(3, 6, 2);
    const Vector constant = random_matrix(6, 1, 3);
    const Vector base = random_matrix(rows, 1, 4);
    Matrix out(rows, 6);
    kernels::affine(x, slope, constant, base, out);
    const Matrix expected = ((x * slope).rowwise() + constant.transpose()).colwise() + base;
    ASSERT_LT((out - expected).cwiseAbs().maxCoeff(), 1e-13) << rows;
  }
}

TEST_P(Kernels, LogFactorialsOfRows) {
  Rng rng(7);
  for (const double mean : {0.2, 5.0, 900.0, 5000.0}) {
    for (const Index rows : row_counts) {
      Matrix x(rows, 3);
      for (double& v : x.reshaped()) v = poisson(rng, mean);
      x(rows / 2, 1) = -0.0;
      Vector sum(rows);
      Vector total(rows);
      EXPECT_EQ(kernels::log_factorials(x, sum, total), x.maxCoeff());
      const Vector expected =
          x.unaryExpr([](double n) { return std::lgamma(n + 1); }).rowwise().sum();
      ASSERT_LT((sum - expected).cwiseAbs().maxCoeff(), 1e-14 * (1 + expected.maxCoeff()));
      EXPECT_EQ(total, x.rowwise().sum());
    }
  }
}

TEST_P(Kernels, LogFactorialsExistForCountsOnly) {
  for (const double odd : {-1.0, 0.5, 1e-300, -1e100, 1e100, infinity, -infinity, quiet_nan}) {
    for (const Index place : {0, 7, 36}) {
      Matrix x = Matrix::Constant(37, 2, 3);
      x(place, 1) = odd;
      Vector sum(37);
      EXPECT_TRUE(std::isnan(kernels::log_factorials(x, sum))) << odd << " " << place;
    }
  }
}

TEST_P(Kernels, OneHotMarksTheLevel) {
  for (const Index rows : row_counts) {
    Vector codes(rows);
    for (Index i = 0; i < rows; ++i) codes[i] = static_cast<double>(i % 5);
    Matrix out(rows, 5);
    ASSERT_TRUE(kernels::one_hot(codes, out));
    for (Index i = 0; i < rows; ++i) {
      for (Index l = 0; l < 5; ++l) ASSERT_EQ(out(i, l), i % 5 == l ? 1 : 0);
    }
    for (const double odd : {-1.0, 0.5, 5.0, 1e-300, 1e300, infinity, quiet_nan}) {
      Vector wrong = codes;
      wrong[rows - 1] = odd;
      EXPECT_FALSE(kernels::one_hot(wrong, out)) << odd;
    }
  }
}

TEST_P(Kernels, ProductsOverRows) {
  for (const Index rows : row_counts) {
    for (const Index a_columns : {1, 4, 6}) {
      for (const Index b_columns : {1, 5, 8}) {
        const Matrix a = random_matrix(rows, a_columns, 8);
        const Matrix b = random_matrix(rows, b_columns, 9);
        Matrix sum = Matrix::Ones(a_columns, b_columns);
        kernels::add_products(a, b, sum);
        const Matrix expected = Matrix::Ones(a_columns, b_columns) + a.transpose() * b;
        EXPECT_LT((sum - expected).cwiseAbs().maxCoeff(), 1e-12);
      }
    }
  }
}

TEST_P(Kernels, WhiteningAndScatter) {
  for (const Index rows : row_counts) {
    for (const Index d : {5, 8, 17, 35}) {
      const Matrix x = random_matrix(rows, d, 10);
      const Matrix lower = random_lower(d, 11);
      const Vector center = random_matrix(d, 1, 12);
      const Vector r = random_shares(rows, 13);
      const Index padded = kernels::PackedTriangle::padded(d);

      Matrix packed(packed_stride, padded);
      kernels::pack(x, center, packed);
      EXPECT_EQ(packed.topLeftCorner(rows, d), x.rowwise() - center.transpose());
      EXPECT_EQ(packed.bottomRows(packed_stride - rows).cwiseAbs().sum(), 0);
      EXPECT_EQ(packed.rightCols(padded - d).cwiseAbs().sum(), 0);

      kernels::Whitening whitening{kernels::PackedTriangle(lower), Vector::Zero(padded), 1.5};
      whitening.offset.head(d) = random_matrix(d, 1, 14);
      Matrix y = Matrix::Constant(packed_stride, padded, quiet_nan);
      Vector density(rows);
      Matrix panels(packed_stride, padded);
      Matrix x_panels(packed_stride, padded);
      kernels::pack_panels(x, center, x_panels.data());
      kernels::whiten(x_panels.data(), whitening, {panels.data(), y.data()}, density);
      const Matrix expected = ((x.rowwise() - center.transpose()) * lower.transpose()).rowwise() +
                              whitening.offset.head(d).transpose();
      EXPECT_LT((y.topLeftCorner(rows, d) - expected).cwiseAbs().maxCoeff(), 1e-12);
      const Vector by_hand = 1.5 - 0.5 * expected.rowwise().squaredNorm().array();
      EXPECT_LT((density - by_hand).cwiseAbs().maxCoeff(), 1e-11);
      Vector again(rows);
      kernels::whiten(x_panels.data(), whitening, kernels::WhitenedRows{}, again);
      EXPECT_EQ(again, density);

      Vector sum = Vector::Ones(1 + d + d * (d + 1) / 2);
      kernels::add_scatter(panels.data(), Vector::Zero(padded), d, r, sum);
      const Matrix second = expected.transpose() * r.asDiagonal() * expected;
      EXPECT_NEAR(sum[0], 1 + r.sum(), 1e-11);
      EXPECT_LT(
          (sum.segment(1, d) - Vector::Ones(d) - expected.transpose() * r).cwiseAbs().maxCoeff(),
          1e-10);
      Index at = 1 + d;
      for (Index j = 0; j < d; ++j) {
        for (Index i = j; i < d; ++i) {
          ASSERT_NEAR(sum[at++], 1 + second(i, j), 1e-9) << d << " " << i << " " << j;
        }
      }
    }
  }
}

TEST_P(Kernels, ScatterAboutAPointIsThatOfShiftedRows) {
  const Index d = 11;
  const Index padded = kernels::PackedTriangle::padded(d);
  for (const Index rows : row_counts) {
    const Matrix x = random_matrix(rows, d, 26);
    const Vector r = random_shares(rows, 27);
    Vector z = Vector::Zero(padded);
    z.head(d) = random_matrix(d, 1, 28);
    Matrix panels(packed_stride, padded);
    kernels::pack_panels(x, Vector::Zero(d), panels.data());
    Vector sum = Vector::Zero(1 + d + d * (d + 1) / 2);
    kernels::add_scatter(panels.data(), z, d, r, sum);
    const Matrix off = x.rowwise() - z.head(d).transpose();
    const Matrix second = off.transpose() * r.asDiagonal() * off;
    EXPECT_NEAR(sum[0], r.sum(), 1e-11);
    EXPECT_LT((sum.segment(1, d) - off.transpose() * r).cwiseAbs().maxCoeff(), 1e-11);
    Index at = 1 + d;
    for (Index j = 0; j < d; ++j) {
      for (Index i = j; i < d; ++i) ASSERT_NEAR(sum[at++], second(i, j), 1e-10);
    }
  }
}

TEST_P(Kernels, SmallDimensionsAgreeWithGeneralOnes) {
  for (const Index rows : row_counts) {
    for (Index d = 1; d <= kernels::most_small_columns; ++d) {
      const Matrix x = random_matrix(rows, d, 15);
      const Matrix lower = random_lower(d, 16);
      const Vector center = random_matrix(d, 1, 17);
      const Vector r = random_shares(rows, 18);
      const Matrix y = (x.rowwise() - center.transpose()) * lower.transpose();
      Vector density(rows);
      kernels::small_density(x, center, lower, -2, density);
      const Vector by_hand = -2 - 0.5 * y.rowwise().squaredNorm().array();
      EXPECT_LT((density - by_hand).cwiseAbs().maxCoeff(), 1e-12);

      Vector sum = Vector::Zero(1 + d + d * (d + 1) / 2);
      kernels::add_small_scatter(x, center, lower, r, sum);
      const Matrix second = y.transpose() * r.asDiagonal() * y;
      EXPECT_NEAR(sum[0], r.sum(), 1e-11);
      EXPECT_LT((sum.segment(1, d) - y.transpose() * r).cwiseAbs().maxCoeff(), 1e-11);
      Index at = 1 + d;
      for (Index j = 0; j < d; ++j) {
        for (Index i = j; i < d; ++i) EXPECT_NEAR(sum[at++], second(i, j), 1e-11);
      }
    }
  }
}

TEST_P(Kernels, ScaledDistancesAndMoments) {
  for (const Index rows : row_counts) {
    for (const Index k : {1, 4, 6}) {
      const Index d = 7;
      const Matrix x = random_matrix(rows, d, 19);
      Matrix packed(packed_stride, d);
      kernels::pack(x, Vector::Zero(d), packed);
      const Matrix scale = random_matrix(d, k, 20);
      const Matrix offset = random_matrix(d, k, 21);
      const Vector constant = random_matrix(k, 1, 22);
      Matrix out(rows, k);
      kernels::scaled_distances(packed, scale, offset, constant, out);
      for (Index c = 0; c < k; ++c) {
        const Matrix t = (x * scale.col(c).asDiagonal()).rowwise() + offset.col(c).transpose();
        const Vector by_hand = constant[c] - 0.5 * t.rowwise().squaredNorm().array();
        EXPECT_LT((out.col(c) - by_hand).cwiseAbs().maxCoeff(), 1e-12);
      }
    }
    const Index d = 6;
    const Matrix x = random_matrix(rows, d, 23);
    const Vector center = random_matrix(d, 1, 24);
    const Vector r = random_shares(rows, 25);
    Vector sum = Vector::Zero(1 + 2 * d);
    kernels::add_moments(x, center, r, sum);
    const Matrix off = x.rowwise() - center.transpose();
    EXPECT_NEAR(sum[0], r.sum(), 1e-11);
    EXPECT_LT((sum.segment(1, d) - off.transpose() * r).cwiseAbs().maxCoeff(), 1e-11);
    EXPECT_LT((sum.tail(d) - off.cwiseAbs2().transpose() * r).cwiseAbs().maxCoeff(), 1e-11);
  }
}

TEST_P(Kernels, AnOverflowingDistanceIsADensityOfZero) {
  Matrix x = Matrix::Zero(2, 4);
  x.row(0).setConstant(1e300);
  Matrix panels(packed_stride, 4);
  kernels::pack_panels(x, Vector::Zero(4), panels.data());
  Matrix lower = Matrix::Identity(4, 4) * 1e300;
  lower(1, 0) = -1e300;
  const kernels::Whitening whitening{kernels::PackedTriangle(lower), Vector::Zero(4), 0};
  Vector density(2);
  kernels::whiten(panels.data(), whitening, kernels::WhitenedRows{}, density);
  EXPECT_EQ(density[0], -infinity);
  EXPECT_EQ(density[1], 0);
}

// Distances from differences, in the order of the columns.
Vector plain_distances(const Eigen::RowVectorXd& x, const Matrix& centers) {
  Vector distance = Vector::Zero(centers.rows());
  for (Index c = 0; c < centers.rows(); ++c) {
    for (Index j = 0; j < x.size(); ++j) {
      distance[c] += (x[j] - centers(c, j)) * (x[j] - centers(c, j));
    }
  }
  return distance;
}

// How many of the rows are settled, all of them rightly and strictly.
Index settled_rows(const Matrix& x, const Matrix& centers) {
  kernels::Tiles tiles;
  kernels::PackedCenters packed;
  kernels::Nearest nearest;
  tiles.read(x);
  packed.pack(centers, centers.colwise().mean().transpose());
  kernels::Labels labels;
  kernels::nearest(tiles, packed, x.topRows(x.rows() / 2), nearest);
  kernels::nearest(tiles, packed, x.topRows(x.rows() / 2), labels);
  Index settled = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    const auto n = static_cast<std::size_t>(i);
    Vector distance = plain_distances(x.row(i), centers);
    Index best = 0;
    const double least = distance.minCoeff(&best);
    const double next = (distance.array() == least).count() > 1 ? least : infinity;
    // Labels alone are settled as often, but for the last digits.
    if (labels[n] >= 0) {
      EXPECT_EQ(labels[n], best);
      EXPECT_LT(least, next);
    } else {
      EXPECT_FALSE(nearest.within[n] * (1 + 1e-9) < nearest.beyond[n]);
    }
    if (!(nearest.within[n] < nearest.beyond[n])) continue;
    ++settled;
    EXPECT_EQ(nearest.label[n], best);
    EXPECT_GE(std::sqrt(least), nearest.least[n]);
    EXPECT_LE(std::sqrt(least), nearest.within[n]);
    distance[best] = infinity;
    EXPECT_LT(least, distance.minCoeff());
    EXPECT_GE(std::sqrt(distance.minCoeff()), nearest.beyond[n]);
  }
  return settled;
}

TEST_P(Kernels, NearestCentersAreThoseOfPlainDistances) {
  for (const Index rows : row_counts) {
    for (const Index d : {1, 3, 16, 96, 97, 130}) {
      for (const Index k : {1, 2, 4, 7, 19}) {
        const Matrix x = random_matrix(rows, d, 26);
        const Matrix centers = random_matrix(k, d, 27);
        EXPECT_EQ(settled_rows(x, centers), rows) << d << " " << k;
        // A common offset costs digits of the data, and of nothing else.
        EXPECT_GE(settled_rows(x.array() + 1e6, centers.array() + 1e6), rows * 9 / 10);
      }
    }
  }
}

TEST_P(Kernels, NearestLeavesOpenWhatRoundingCannotTell) {
  // On a lattice every second row is as far from one center as from the next.
  for (const Index d : {2, 100}) {
    const Matrix x = (3 * random_matrix(512, d, 28)).array().round();
    Matrix centers = (3 * random_matrix(9, d, 29)).array().round();
    settled_rows(x, centers);
    centers.row(5) = centers.row(3);
    settled_rows(x, centers);
    // Centers that differ in the last digits only.
    for (Index c = 0; c < 9; ++c) {
      centers.row(c) = centers.row(0) * (1 + static_cast<double>(c) * 2.3e-16);
    }
    EXPECT_EQ(settled_rows(x, centers), 0);
  }
}

TEST_P(Kernels, NearestSettlesNothingThatOverflowsOrVanishes) {
  const Matrix x = random_matrix(40, 3, 30);
  const Matrix centers = random_matrix(5, 3, 31);
  EXPECT_EQ(settled_rows(x * 1e200, centers * 1e200), 0);
  EXPECT_EQ(settled_rows(x * 1e-170, centers * 1e-170), 0);
  EXPECT_EQ(settled_rows(x * 1e150, centers * 1e150), 40);
  EXPECT_EQ(settled_rows(x * 1e-150, centers * 1e-150), 40);
  Matrix broken = centers;
  broken(2, 1) = infinity;
  kernels::PackedCenters packed;
  packed.pack(broken, Vector::Zero(3));
  kernels::Tiles tiles;
  tiles.read(x);
  kernels::Nearest nearest;
  kernels::nearest(tiles, packed, x.topRows(0), nearest);
  for (std::size_t i = 0; i < 40; ++i) EXPECT_FALSE(nearest.within[i] < nearest.beyond[i]);
}

TEST_P(Kernels, NearestOfChosenRowsHasTheBitsOfAllRows) {
  for (const Index d : {3, 100}) {
    const Matrix x = random_matrix(512, d, 35);
    const Matrix centers = random_matrix(21, d, 36);
    kernels::PackedCenters packed;
    packed.pack(centers, centers.colwise().mean().transpose());
    kernels::Tiles tiles;
    kernels::Nearest all;
    kernels::Nearest chosen;
    tiles.read(x);
    kernels::nearest(tiles, packed, x.topRows(0), all);
    for (const Index count : {1, 2, 7, 8, 9, 16, 17, 31, 33, 50, 170}) {
      std::vector<Index> which;
      for (Index i = 0; i < count; ++i) which.push_back(2 + 3 * i);
      tiles.gather(x, which.data(), count);
      EXPECT_EQ(tiles.rows(), count);
      kernels::nearest(tiles, packed, x, chosen);
      for (std::size_t i = 0; i < which.size(); ++i) {
        const auto n = static_cast<std::size_t>(which[i]);
        EXPECT_EQ(chosen.label[i], all.label[n]);
        EXPECT_EQ(chosen.least[i], all.least[n]);
        EXPECT_EQ(chosen.within[i], all.within[n]);
        EXPECT_EQ(chosen.beyond[i], all.beyond[n]);
      }
    }
  }
}

TEST_P(Kernels, SumsOfMembersHaveTheBitsOfALoopOverRows) {
  for (const Index rows : row_counts) {
    for (const Index d : {1, 2, 5, 16, 99}) {
      const Index k = 6;
      const Matrix x = random_matrix(rows, d, 32);
      const Vector w = random_shares(rows, 33);
      Matrix centers = Matrix::Zero((d + 3) / 4 * 4, k);
      centers.topRows(d) = random_matrix(d, k, 34);
      std::vector<Index> label;
      for (Index i = 0; i < rows; ++i) label.push_back(i % (k + 1) - 1);
      kernels::Tiles tiles;
      tiles.read(x);
      for (const bool weighted : {false, true}) {
        const Index padded = centers.rows();
        Vector sum = Vector::Zero(k * (padded + 1));
        kernels::add_members(tiles, centers, label.data(), weighted ? w.data() : nullptr, sum);
        Vector expected = Vector::Zero(k * (padded + 1));
        for (Index i = 0; i < rows; ++i) {
          const Index c = label[static_cast<std::size_t>(i)];
          if (c < 0) continue;
          const double each = weighted ? w[i] : 1.0;
          for (Index j = 0; j < d; ++j)
            expected[c * padded + j] += each * (x(i, j) - centers(j, c));
          expected[k * padded + c] += each;
        }
        EXPECT_EQ(sum, expected);
      }
    }
  }
}

TEST_P(Kernels, SquaredDistancesFromPoints) {
  for (const Index rows : row_counts) {
    for (const Index d : {1, 5, 16, 110}) {
      for (const Index count : {1, 4, 6}) {
        const Matrix x = random_matrix(rows, d, 35);
        Matrix points = random_matrix(d, count, 36);
        points.col(0) = x.row(rows / 2).transpose();
        kernels::Tiles tiles;
        tiles.read(x);
        Matrix out(rows, count);
        kernels::squared_distances(tiles, points, out);
        EXPECT_EQ(out(rows / 2, 0), 0);
        for (Index i = 0; i < rows; ++i) {
          const Vector expected = plain_distances(x.row(i), points.transpose());
          EXPECT_LT((out.row(i).transpose() - expected).cwiseAbs().maxCoeff(), 1e-12);
        }
      }
    }
  }
}

TEST(KernelTargets, AnUnknownOneIsRefused) {
  EXPECT_THROW(kernels::use_target("Z80"), std::invalid_argument);
}

}  // namespace
}  // namespace mix
