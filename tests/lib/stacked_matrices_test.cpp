// Small matrices of all components at once, on every instruction set of this machine, against
// Eigen's functions of one matrix.
#include "mix/stacked_matrices.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <vector>

#include "mix/kernels.h"
#include "mix/random.h"

namespace mix {
namespace {

Matrix random_square(Index d, Rng& rng) {
  Matrix m(d, d);
  for (double& v : m.reshaped()) v = standard_normal(rng);
  return m;
}

// Positive definite, with columns of very different units.
std::vector<Matrix> random_scatter(Index count, Index d, std::uint64_t stream) {
  Rng rng(3, Purpose::user, stream);
  std::vector<Matrix> all;
  for (Index k = 0; k < count; ++k) {
    const Matrix root = random_square(d, rng);
    const Vector unit = Vector::LinSpaced(d, -2, 2).array().exp();
    all.emplace_back(unit.asDiagonal() * (root * root.transpose()) * unit.asDiagonal());
  }
  return all;
}

Matrix stack_triangles(const std::vector<Matrix>& all) {
  const Index d = all.front().rows();
  const auto count = static_cast<Index>(all.size());
  Matrix stacked = Matrix::Ones(kernels::padded_components(count), kernels::lower_entries(d));
  for (Index k = 0; k < count; ++k) {
    for (Index i = 0; i < d; ++i) {
      for (Index j = 0; j <= i; ++j) {
        stacked(k, kernels::lower_entry(i, j)) = all[static_cast<std::size_t>(k)](i, j);
      }
    }
  }
  return stacked;
}

Matrix lower_of(const Matrix& stacked, Index k, Index d) {
  Matrix lower = Matrix::Zero(d, d);
  for (Index i = 0; i < d; ++i) {
    for (Index j = 0; j <= i; ++j) lower(i, j) = stacked(k, kernels::lower_entry(i, j));
  }
  return lower;
}

Matrix symmetric_of(const Matrix& stacked, Index k, Index d) {
  return lower_of(stacked, k, d).selfadjointView<Eigen::Lower>();
}

double relative_error(const Matrix& value, const Matrix& expected) {
  return (value - expected).norm() / expected.norm();
}

// How many components, and columns: less than a vector, a whole one, more than that.
struct Shape {
  Index count;
  Index d;
};
const std::vector<Shape> shapes{{1, 1}, {3, 2}, {8, 4}, {9, 5}, {17, 16}};

class StackedMatrices : public testing::TestWithParam<std::string> {
 protected:
  StackedMatrices() { kernels::use_target(GetParam()); }
  ~StackedMatrices() override { kernels::use_target(""); }
};

INSTANTIATE_TEST_SUITE_P(Target, StackedMatrices, testing::ValuesIn(kernels::targets()),
                         [](const auto& each) { return each.param; });

TEST_P(StackedMatrices, AreTransformedByOneMatrixOnBothSides) {
  for (const auto [count, d] : shapes) {
    const std::vector<Matrix> w = random_scatter(count, d, 1);
    Rng rng(4, Purpose::user, 0);
    const Matrix g = random_square(d, rng);
    const Matrix stacked = stack_triangles(w);
    Matrix out(stacked.rows(), stacked.cols());
    Matrix work(stacked.rows(), d);
    kernels::congruence(stacked, g, out, work);
    for (Index k = 0; k < count; ++k) {
      const Matrix expected = g.transpose() * w[static_cast<std::size_t>(k)] * g;
      EXPECT_LT(relative_error(symmetric_of(out, k, d), expected), 1e-13);
    }
  }
}

TEST_P(StackedMatrices, HaveTheEigenvaluesAndEigenvectorsOfEach) {
  for (const auto [count, d] : shapes) {
    const std::vector<Matrix> w = random_scatter(count, d, 2);
    Matrix stacked = stack_triangles(w);
    Matrix vectors(stacked.rows(), d * d);
    kernels::decompose(stacked, d, vectors);
    for (Index k = 0; k < count; ++k) {
      const Matrix v = Vector(vectors.row(k)).reshaped(d, d);
      const Matrix left = symmetric_of(stacked, k, d);
      const Matrix& expected = w[static_cast<std::size_t>(k)];
      EXPECT_LT((v.transpose() * v - Matrix::Identity(d, d)).norm(), 1e-13);
      EXPECT_LT(relative_error(v * left.diagonal().asDiagonal() * v.transpose(), expected), 1e-13);
      Vector values = left.diagonal();
      std::sort(values.begin(), values.end());
      const Vector exact =
          Eigen::SelfAdjointEigenSolver<Matrix>(expected, Eigen::EigenvaluesOnly).eigenvalues();
      EXPECT_LT((values - exact).norm(), 1e-13 * exact.norm());
    }
  }
}

TEST_P(StackedMatrices, AreFactorizedFromTheirSquareRoots) {
  for (const auto [count, d] : shapes) {
    Rng rng(5, Purpose::user, 0);
    std::vector<Matrix> roots;
    const Index padded = kernels::padded_components(count);
    Matrix stacked = Matrix::Zero(padded, d * d);
    for (Index k = 0; k < count; ++k) {
      roots.push_back(random_square(d, rng));
      if (k == 1) roots.back().row(0).setZero();  // no variance of the first column
      stacked.row(k) = roots.back().reshaped().transpose();
    }
    Matrix lower(padded, kernels::lower_entries(d));
    kernels::factorize_squares(stacked, d, lower);
    for (Index k = 0; k < count; ++k) {
      const Matrix& root = roots[static_cast<std::size_t>(k)];
      const Matrix l = lower_of(lower, k, d);
      EXPECT_LT(relative_error(l * l.transpose(), root * root.transpose()), 1e-13);
      EXPECT_GE(l.diagonal().minCoeff(), 0);
    }
    EXPECT_TRUE(lower.allFinite());
  }
}

TEST_P(StackedMatrices, HaveTheTracesOfWhitenedMatrices) {
  for (const auto [count, d] : shapes) {
    const std::vector<Matrix> w = random_scatter(count, d, 3);
    const Matrix inverse = Matrix(w.back().llt().matrixL()).inverse();
    const Matrix stacked = stack_triangles(w);
    Vector traces(stacked.rows());
    kernels::whitened_traces(stacked, inverse, traces);
    for (Index k = 0; k < count; ++k) {
      const double expected =
          (inverse * w[static_cast<std::size_t>(k)] * inverse.transpose()).trace();
      EXPECT_NEAR(traces[k], expected, 1e-11 * expected);
    }
    EXPECT_NEAR(traces[count - 1], static_cast<double>(d), 1e-9);
  }
}

// Sum over components of mass times log of the diagonal, or of its geometric mean.
double rotation_objective(const Matrix& r, const Vector& mass, Index d, bool geometric) {
  double sum = 0;
  for (Index k = 0; k < mass.size(); ++k) {
    const double logs = symmetric_of(r, k, d).diagonal().array().log().sum();
    sum += geometric ? std::exp(logs / static_cast<double>(d)) : mass[k] * logs;
  }
  return sum;
}

TEST_P(StackedMatrices, AreRotatedTogetherTowardsDiagonalsOfLeastObjective) {
  for (const auto [count, d] : shapes) {
    const std::vector<Matrix> w = random_scatter(count, d, 4);
    for (const bool geometric : {false, true}) {
      Matrix r = stack_triangles(w);
      const Vector floor = Vector::Zero(r.rows());
      Vector mass = Vector::Zero(r.rows());
      mass.head(count) = Vector::LinSpaced(count, 1, 3);
      Vector slope = mass;
      for (Index k = 0; geometric && k < count; ++k) {
        slope[k] = std::exp(w[static_cast<std::size_t>(k)].diagonal().array().log().mean());
      }
      Matrix g = Matrix::Identity(d, d);
      double before = rotation_objective(r, mass.head(count), d, geometric);
      for (int sweep = 0; sweep < 5; ++sweep) {
        const double fall = kernels::rotate_in_common(r, floor, slope, geometric, g);
        const double after = rotation_objective(r, mass.head(count), d, geometric);
        EXPECT_GE(fall, 0);
        EXPECT_LE(after, before + 1e-12 * std::abs(before));
        if (d > 1 && sweep == 0) {
          EXPECT_LT(after, before);
        }
        before = after;
      }
      EXPECT_LT((g.transpose() * g - Matrix::Identity(d, d)).norm(), 1e-13);
      for (Index k = 0; k < count; ++k) {
        const Matrix expected = g.transpose() * w[static_cast<std::size_t>(k)] * g;
        EXPECT_LT(relative_error(symmetric_of(r, k, d), expected), 1e-12);
        if (!geometric) continue;
        const double mean = std::exp(expected.diagonal().array().log().mean());
        EXPECT_NEAR(slope[k], mean, 1e-12 * mean);
      }
    }
  }
}

}  // namespace
}  // namespace mix
