#include "mix/distributions/covariance_structure.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

#include "mix/random.h"
#include "support/covariance_chart.h"
#include "support/numerical_maximum.h"

namespace mix {
namespace {

using testing_support::Chart;
using testing_support::numerical_maximum;
using testing_support::random_vector;

Matrix random_scatter(Rng& rng, Index d, double scale) {
  Matrix root(d, 2 * d + 3);
  for (double& value : root.reshaped()) value = standard_normal(rng);
  for (Index j = 0; j < d; ++j) root.row(j) *= scale * (1 + static_cast<double>(j));
  Matrix w = root * root.transpose();
  for (Index j = 1; j < d; ++j) w.row(j) += 0.3 * w.row(0);
  for (Index j = 1; j < d; ++j) w.col(j) += 0.3 * w.col(0);
  return 0.5 * (w + w.transpose());
}

struct Problem {
  std::vector<Matrix> scatter;
  Vector mass;
};

Problem random_problem(std::uint64_t seed, Index k, Index d) {
  Rng rng(seed);
  Problem p;
  p.mass.resize(k);
  for (Index i = 0; i < k; ++i) {
    p.scatter.push_back(random_scatter(rng, d, 0.5 + 2 * static_cast<double>(i)));
    p.mass[i] = 7.5 + 11 * static_cast<double>(i) + 5 * uniform(rng);
  }
  return p;
}

double objective(const Problem& p, const std::vector<Matrix>& covariances) {
  return covariance_objective(covariances, p.scatter, p.mass);
}

// Whether every covariance of structure `a` is one of structure `b`.
bool nested(Structure a, Structure b) {
  const StructureParts p = parts(a);
  const StructureParts q = parts(b);
  return p.volume <= q.volume && p.shape <= q.shape && p.orientation <= q.orientation;
}

class EachStructure : public testing::TestWithParam<Structure> {};
INSTANTIATE_TEST_SUITE_P(All, EachStructure, testing::ValuesIn(all_structures()),
                         [](const auto& each) { return to_string(each.param); });

TEST_P(EachStructure, IsEstimatedByTheNumericalOptimum) {
  const Problem p = random_problem(11, 3, 3);
  const Chart chart(GetParam(), 3, 3);
  const std::function<double(const Vector&)> f = [&](const Vector& theta) {
    return objective(p, chart(theta));
  };
  const double ours = objective(p, estimate(GetParam(), p.scatter, p.mass).matrices());

  Rng rng(5);
  double best = -infinity;
  for (int start = 0; start < 8; ++start) {
    best = std::max(best, f(numerical_maximum(f, random_vector(rng, chart.size()))));
  }
  EXPECT_NEAR(best, ours, 1e-8 * std::abs(ours));
}

TEST_P(EachStructure, ResultHasTheStructure) {
  const Problem p = random_problem(12, 3, 3);
  const std::vector<Matrix> c = estimate(GetParam(), p.scatter, p.mass).matrices();
  const StructureParts part = parts(GetParam());
  std::vector<Vector> eigenvalues;
  for (const Matrix& m : c) {
    EXPECT_EQ(m, m.transpose());
    eigenvalues.push_back(Eigen::SelfAdjointEigenSolver<Matrix>(m).eigenvalues());
    if (part.orientation == Part::identity) {
      EXPECT_TRUE(m.isDiagonal(0.0));
    }
    if (part.orientation == Part::equal) {  // common eigenvectors: the matrices commute
      const Matrix& first = c.front();
      EXPECT_LT((m * first - first * m).norm(), 1e-12 * m.norm() * first.norm());
    }
  }
  const auto volume = [&](std::size_t k) { return std::pow(eigenvalues[k].prod(), 1.0 / 3); };
  for (std::size_t k = 1; k < 3; ++k) {
    if (part.volume == Part::equal) {
      EXPECT_NEAR(volume(k), volume(0), 1e-12 * volume(0));
    }
    if (part.shape == Part::equal) {
      EXPECT_LT((eigenvalues[k] / volume(k) - eigenvalues[0] / volume(0)).norm(), 1e-11);
    }
    if (part.shape == Part::identity) {
      EXPECT_NEAR(eigenvalues[k][0], eigenvalues[k][2], 1e-12 * eigenvalues[k][2]);
    }
  }
}

TEST_P(EachStructure, CountsTheRankOfItsJacobian) {
  for (Index d = 2; d <= 4; ++d) {
    for (Index k = 1; k <= 3; ++k) {
      const Chart chart(GetParam(), k, d);
      Rng rng(static_cast<std::uint64_t>(10 * d + k));
      const Vector at = 0.5 * random_vector(rng, chart.size());
      Matrix jacobian(k * d * d, chart.size());
      for (Index i = 0; i < chart.size(); ++i) {
        Vector up = at;
        Vector down = at;
        up[i] += 1e-5;
        down[i] -= 1e-5;
        const std::vector<Matrix> high = chart(up);
        const std::vector<Matrix> low = chart(down);
        for (Index c = 0; c < k; ++c) {
          jacobian.col(i).segment(c * d * d, d * d) =
              (high[static_cast<std::size_t>(c)] - low[static_cast<std::size_t>(c)]).reshaped() /
              2e-5;
        }
      }
      Eigen::ColPivHouseholderQR<Matrix> qr(jacobian);
      qr.setThreshold(1e-6);
      EXPECT_EQ(qr.rank(), covariance_parameter_count(GetParam(), k, d)) << "d=" << d << " k=" << k;
    }
  }
}

TEST_P(EachStructure, IsNeverAboveAStructureThatContainsIt) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Problem p = random_problem(seed, 3, 3);
    const Covariances smaller = estimate(GetParam(), p.scatter, p.mass);
    const double low = objective(p, smaller.matrices());
    for (const Structure larger : all_structures()) {
      if (!nested(GetParam(), larger)) continue;
      const double high = objective(p, estimate(larger, p.scatter, p.mass).matrices());
      EXPECT_GE(high, low - 1e-9 * std::abs(low)) << to_string(larger) << ", seed " << seed;
    }
  }
}

TEST_P(EachStructure, AgreesWithItsVariableVolumeTwinForOneComponent) {
  const Problem p = random_problem(3, 1, 4);
  std::string twin = to_string(GetParam());
  twin[0] = twin[0] == 'E' ? 'V' : 'E';
  const Matrix a = estimate(GetParam(), p.scatter, p.mass).matrices()[0];
  const Matrix b = estimate(parse_structure(twin), p.scatter, p.mass).matrices()[0];
  EXPECT_LT((a - b).norm(), 1e-10 * a.norm());
}

TEST_P(EachStructure, NeverFallsBelowTheCurrentCovariances) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Problem before = random_problem(seed, 4, 3);
    const Problem p = random_problem(seed + 100, 4, 3);
    const Covariances current = estimate(GetParam(), before.scatter, before.mass);
    const Covariances next = estimate(GetParam(), p.scatter, p.mass, current);
    const double low = objective(p, current.matrices());
    EXPECT_GE(objective(p, next.matrices()), low);
    // Where it ends there is nothing left to gain.
    const Covariances again = estimate(GetParam(), p.scatter, p.mass, next);
    EXPECT_NEAR(objective(p, again.matrices()), objective(p, next.matrices()),
                1e-10 * std::abs(low));
  }
}

TEST_P(EachStructure, IsLeftAloneByAnEmptyComponent) {
  const Problem p = random_problem(4, 3, 3);
  Problem with_empty = p;
  with_empty.scatter.emplace_back(Matrix::Zero(3, 3));
  with_empty.mass.conservativeResize(4);
  with_empty.mass[3] = 0;
  const Covariances alone = estimate(GetParam(), p.scatter, p.mass);
  for (const bool warm : {false, true}) {
    Covariances current;
    if (warm) current = estimate(GetParam(), random_problem(8, 4, 3).scatter, Vector::Ones(4));
    if (warm) current.orientation = alone.orientation;
    const Covariances result = estimate(GetParam(), with_empty.scatter, with_empty.mass, current);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_LT((result.matrices()[k] - alone.matrices()[k]).norm(),
                1e-8 * alone.matrices()[k].norm());
    }
    EXPECT_TRUE(result.matrices()[3].allFinite());
    EXPECT_GT(Eigen::SelfAdjointEigenSolver<Matrix>(result.matrices()[3]).eigenvalues()[0], 0);
    if (warm && GetParam() == Structure::VVV) {
      EXPECT_LT((result.matrices()[3] - current.matrices()[3]).norm(), 1e-12);
    }
  }
}

TEST_P(EachStructure, HasAnEstimateWithoutAnyMass) {
  const std::vector<Matrix> nothing(2, Matrix::Zero(3, 3));
  const Covariances first = estimate(GetParam(), nothing, Vector::Zero(2));
  EXPECT_EQ(first.matrices()[1], Matrix::Identity(3, 3));
  const Problem p = random_problem(4, 2, 3);
  const Covariances current = estimate(GetParam(), p.scatter, p.mass);
  EXPECT_EQ(estimate(GetParam(), nothing, Vector::Zero(2), current).matrices()[1],
            current.matrices()[1]);
}

TEST_P(EachStructure, StaysFiniteOnFlatScatter) {
  Problem p = random_problem(6, 3, 3);
  const Vector v = p.scatter[1].col(0);
  p.scatter[1] = v * v.transpose();  // all rows on one line
  for (const Matrix& c : estimate(GetParam(), p.scatter, p.mass).matrices()) {
    EXPECT_TRUE(c.allFinite());
  }
}

// Six rows in twelve columns: rounding moves the volumes for ever.
TEST_P(EachStructure, EndsOnSingularScatterInFewSteps) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Rng rng(seed);
    Problem p;
    p.mass = Vector::Constant(2, 3);
    for (Index k = 0; k < 2; ++k) {
      Matrix rows(12, 2);
      for (double& value : rows.reshaped()) value = standard_normal(rng);
      p.scatter.emplace_back(rows * rows.transpose() + 3e-10 * Matrix::Identity(12, 12));
    }
    const Covariances first = estimate(GetParam(), p.scatter, p.mass);
    // Rotations approach their limit slowly here, volumes do not.
    const bool rotates =
        parts(GetParam()).orientation == Part::equal && parts(GetParam()).shape == Part::variable;
    EXPECT_LE(first.steps, rotates ? 600 : 200);
    const Covariances next = estimate(GetParam(), p.scatter, p.mass, first, Steps::few);
    EXPECT_LE(next.steps, rotates ? 30 : 10);
    EXPECT_GE(objective(p, next.matrices()),
              objective(p, first.matrices()) - 1e-6 * std::abs(objective(p, first.matrices())));
  }
}

TEST_P(EachStructure, FewStepsAscendToTheMaximum) {
  const Problem p = random_problem(7, 3, 3);
  Covariances current = estimate(GetParam(), random_problem(8, 3, 3).scatter, p.mass);
  const double best = objective(p, estimate(GetParam(), p.scatter, p.mass, current).matrices());
  double before = objective(p, current.matrices());
  for (int i = 0; i < 50; ++i) {
    current = estimate(GetParam(), p.scatter, p.mass, current, Steps::few);
    const double after = objective(p, current.matrices());
    EXPECT_GE(after, before - 1e-12 * std::abs(before));
    EXPECT_LE(current.steps, 30);
    before = after;
  }
  EXPECT_NEAR(before, best, 1e-8 * std::abs(best));
}

TEST_P(EachStructure, ReducesToEqualOrVariableVarianceInOneColumn) {
  const Problem p = random_problem(9, 3, 1);
  const bool equal = parts(GetParam()).volume == Part::equal;
  EXPECT_EQ(covariance_parameter_count(GetParam(), 3, 1), equal ? 1 : 3);
  const std::vector<Matrix> c = estimate(GetParam(), p.scatter, p.mass).matrices();
  double total = 0;
  for (const Matrix& w : p.scatter) total += w(0, 0);
  for (std::size_t k = 0; k < 3; ++k) {
    const double expected =
        equal ? total / p.mass.sum() : p.scatter[k](0, 0) / p.mass[static_cast<Index>(k)];
    EXPECT_NEAR(c[k](0, 0), expected, 1e-13 * expected);
  }
}

// mclust drops the volumes from the orientation of VVE, whose fit then falls below EVE.
TEST(CommonOrientation, WeighsComponentsByTheirVolumes) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Problem p = random_problem(seed, 3, 4);
    p.scatter[0] *= 1e-4;
    p.scatter[2] *= 1e3;
    const double eve = objective(p, estimate(Structure::EVE, p.scatter, p.mass).matrices());
    const double vve = objective(p, estimate(Structure::VVE, p.scatter, p.mass).matrices());
    const double vvi = objective(p, estimate(Structure::VVI, p.scatter, p.mass).matrices());
    EXPECT_GE(vve, eve);
    EXPECT_GE(vve, vvi);
    // Invariant to the scale of one component, up to the constant that its volume contributes.
    Problem scaled = p;
    scaled.scatter[1] *= 1e6;
    const double moved =
        objective(scaled, estimate(Structure::VVE, scaled.scatter, scaled.mass).matrices());
    EXPECT_NEAR(moved, vve - 0.5 * p.mass[1] * 4 * std::log(1e6), 1e-9 * std::abs(vve));
  }
}

TEST(StructureNames, AreMclustsAndScikitLearns) {
  for (const Structure s : all_structures()) EXPECT_EQ(parse_structure(to_string(s)), s);
  EXPECT_EQ(parse_structure("eve"), Structure::EVE);
  EXPECT_EQ(parse_structure("spherical"), Structure::VII);
  EXPECT_EQ(parse_structure("diag"), Structure::VVI);
  EXPECT_EQ(parse_structure("Tied"), Structure::EEE);
  EXPECT_EQ(parse_structure("full"), Structure::VVV);
  EXPECT_EQ(parse_structure("E"), Structure::EII);
  EXPECT_EQ(parse_structure("v"), Structure::VII);
  EXPECT_EQ(parse_structure("XXX"), Structure::EEE);
  try {
    parse_structure("VVX");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("VVX"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("EEV"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("tied"), std::string::npos);
  }
}

TEST(StructureNames, AreTwoInOneColumn) {
  EXPECT_EQ(distinct_structures(1), (std::vector{Structure::EII, Structure::VII}));
  EXPECT_EQ(distinct_structures(2), all_structures());
}

}  // namespace
}  // namespace mix
