// k-means is the hard-assignment, equal-weight limit of the mixture engine.

#include "mix/models/kmeans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "mix/distributions/gaussians.h"
#include "mix/models/fit.h"
#include "mix/random.h"
#include "mix/table.h"
#include "support/data_files.h"

namespace mix {
namespace {

using test::faithful;
using test::iris;
Matrix rows_of(const Matrix& x, const std::vector<Index>& rows) { return x(rows, Eigen::all); }

struct Lloyd {
  Matrix centers;
  std::vector<Index> labels;
  Index n_iter = 0;
  double inertia = 0;
};

// The textbook algorithm, written apart from the engine: assign, move, until no label changes.
Lloyd lloyd(const Matrix& x, Matrix centers) {
  Lloyd run{std::move(centers), std::vector<Index>(static_cast<std::size_t>(x.rows()), -1), 0, 0};
  for (bool changed = true; changed;) {
    changed = false;
    ++run.n_iter;
    run.inertia = 0;
    for (Index i = 0; i < x.rows(); ++i) {
      Index best = 0;
      double least = (x.row(i) - run.centers.row(0)).squaredNorm();
      for (Index k = 1; k < run.centers.rows(); ++k) {
        const double distance = (x.row(i) - run.centers.row(k)).squaredNorm();
        if (distance < least) {
          least = distance;
          best = k;
        }
      }
      run.inertia += least;
      Index& label = run.labels[static_cast<std::size_t>(i)];
      changed = changed || label != best;
      label = best;
    }
    if (!changed) break;
    for (Index k = 0; k < run.centers.rows(); ++k) {
      Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(x.cols());
      double count = 0;
      for (Index i = 0; i < x.rows(); ++i) {
        if (run.labels[static_cast<std::size_t>(i)] != k) continue;
        sum += x.row(i);
        ++count;
      }
      run.centers.row(k) = sum / count;
    }
  }
  return run;
}

TEST(KMeans, GivesLloydsLabelsAndIterationCountFromTheSameStart) {
  for (const Matrix& x : {faithful(), iris()}) {
    for (const Index k : {2, 3, 5}) {
      std::vector<Index> first;
      for (Index i = 0; i < k; ++i) first.push_back(7 * i + 3);
      const Matrix centers = rows_of(x, first);
      const Lloyd expected = lloyd(x, centers);
      const KMeans actual = kmeans(x, k, {.centers = centers});
      EXPECT_EQ(actual.labels, expected.labels);
      EXPECT_EQ(actual.n_iter, expected.n_iter);
      EXPECT_EQ(actual.stop, Stop::labels_repeat);
      EXPECT_NEAR(actual.inertia, expected.inertia, 1e-12 * expected.inertia);
      EXPECT_LT((actual.centers - expected.centers).cwiseAbs().maxCoeff(), 1e-12 * x.maxCoeff());
    }
  }
}

// Gaussians with one common spherical covariance of known size: under hard assignment and equal
// weights its size cancels, so it is one throughout (Luecke & Forster 2019). With these the engine
// of `fit` is k-means, distance by distance.
class Centers {
 public:
  explicit Centers(Matrix centers) : centers_(std::move(centers)) {}
  [[nodiscard]] const Matrix& centers() const { return centers_; }
  [[nodiscard]] Index size() const { return centers_.rows(); }
  [[nodiscard]] Index dimension() const { return centers_.cols(); }
  [[nodiscard]] Index parameter_count() const { return centers_.size(); }
  void log_densities(Rows x, MatrixRef out) const {
    out.setZero();
    for (Index k = 0; k < size(); ++k) {
      for (Index j = 0; j < dimension(); ++j) {
        out.col(k).array() -= 0.5 * (x.col(j).array() - centers_(k, j)).square();
      }
    }
  }
  [[nodiscard]] Index statistics_size() const { return size() * (dimension() + 1); }
  void accumulate(Rows x, Shares shares, VectorRef statistics) const {
    const Index d = dimension();
    for (Index i = 0; i < x.rows(); ++i) {
      for (Index k = 0; k < size(); ++k) {
        const double share = shares(i, k);
        if (!(share > 0)) continue;
        statistics[k * (d + 1)] += share;
        statistics.segment(k * (d + 1) + 1, d) += share * (x.row(i) - centers_.row(k)).transpose();
      }
    }
  }
  void maximize(ConstVectorRef sum) {
    const Index d = dimension();
    for (Index k = 0; k < size(); ++k) {
      const double mass = sum[k * (d + 1)];
      if (mass > 0) centers_.row(k) += sum.segment(k * (d + 1) + 1, d).transpose() / mass;
    }
  }

 private:
  Matrix centers_;
};

// The engine and the loop on kernels, stopped after every number of passes; the last pass of the
// engine labels the rows of centers that k-means has moved in the iteration before.
void expect_the_engine_at_every_iteration(const Matrix& x, const Vector& w, const Matrix& centers,
                                          double tolerance) {
  const Index k = centers.rows();
  for (Index passes = 2;; ++passes) {
    MixtureState state{Vector::Constant(k, 1.0 / static_cast<double>(k)), Centers(centers)};
    EmOptions options;
    options.assignment = Hard{};
    options.mixing = MixingWeights::equal;
    options.empty = EmptyComponent::reseed;
    options.max_iter = passes;
    options.tol = -1;
    const EmReport report = run_em(state, x, w, options);
    const KMeans actual =
        kmeans(x, k, {.sample_weight = w, .centers = centers, .max_iter = passes - 1});
    const Matrix& expected = state.family.as<Centers>()->centers();
    EXPECT_EQ(actual.n_iter, std::min(report.n_iter, passes - 1));
    EXPECT_EQ(actual.stop, report.stop);
    EXPECT_LE((actual.centers - expected).cwiseAbs().maxCoeff(), tolerance);
    // Labels and inertia of the centers returned, from differences, ties to the lowest.
    double inertia = 0;
    for (Index i = 0; i < x.rows(); ++i) {
      Index best = 0;
      double least = infinity;
      for (Index c = 0; c < k; ++c) {
        double distance = 0;
        for (Index j = 0; j < x.cols(); ++j) {
          distance += (x(i, j) - actual.centers(c, j)) * (x(i, j) - actual.centers(c, j));
        }
        if (distance < least) {
          least = distance;
          best = c;
        }
      }
      inertia += w[i] * least;
      ASSERT_EQ(actual.labels[static_cast<std::size_t>(i)], best) << passes << " " << i;
    }
    EXPECT_NEAR(actual.inertia, inertia, 1e-12 * inertia);
    if (report.stop != Stop::max_iterations) break;
  }
}

TEST(KMeans, IsTheEngineAtEveryIteration) {
  Rng rng(3);
  for (const Index d : {1, 3, 17, 100}) {
    Matrix x(1300, d);
    for (double& v : x.reshaped()) v = standard_normal(rng);
    Vector w(x.rows());
    for (double& v : w) v = uniform(rng) < 0.1 ? 0.0 : 2 * uniform(rng);
    const Matrix centers = x.topRows(9);
    expect_the_engine_at_every_iteration(x, Vector::Ones(x.rows()), centers, 1e-13);
    expect_the_engine_at_every_iteration(x, w, centers, 1e-13);
  }
}

TEST(KMeans, IsTheEngineInOneBlockToTheLastBit) {
  Rng rng(4);
  Matrix x(500, 6);
  for (double& v : x.reshaped()) v = 1e5 + standard_normal(rng);
  const Matrix centers = x.topRows(5);
  expect_the_engine_at_every_iteration(x, Vector::Ones(500), centers, 0);
  const Matrix lattice = (2 * (x.array() - 1e5)).round();  // full of ties
  expect_the_engine_at_every_iteration(lattice, Vector::Ones(500), lattice.topRows(5), 0);
}

TEST(KMeans, EmptiedClustersAreTheEnginesToo) {
  Rng rng(5);
  Matrix x(1200, 2);
  for (double& v : x.reshaped()) v = standard_normal(rng);
  Matrix centers = x.topRows(6);
  centers.row(2).setConstant(1e3);
  centers.row(4).setConstant(-1e3);
  expect_the_engine_at_every_iteration(x, Vector::Ones(1200), centers, 1e-13);
  Vector w = Vector::Ones(1200);
  w.head(700).setZero();
  expect_the_engine_at_every_iteration(x, w, centers, 1e-13);
}

TEST(KMeans, RowsWhoseDistancesOverflowBelongToNoCenter) {
  Matrix x(6, 1);
  x << -1e200, 1e200, -1e199, 1e199, 0, 1;
  const KMeans result = kmeans(x, 2, {.centers = Matrix{{-1e200}, {1}}});
  EXPECT_EQ(result.stop, Stop::labels_repeat);
  EXPECT_EQ(result.centers, (Matrix{{-1e200}, {0.5}}));
  EXPECT_EQ(result.labels, (std::vector<Index>{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(result.inertia, infinity);
}

TEST(KMeans, IsTheHardEqualWeightMixtureOfGaussiansWithOneSphericalCovariance) {
  const Matrix x = iris();
  const Matrix centers = rows_of(x, {1, 60, 120});
  const Lloyd expected = lloyd(x, centers);
  std::vector<Matrix> unit(3, Matrix::Identity(4, 4));
  MixtureState state{Vector::Constant(3, 1.0 / 3),
                     Gaussians(centers, unit, {.structure = Structure::EII})};
  EmOptions options;
  options.assignment = Hard{};
  options.mixing = MixingWeights::equal;
  options.tol = -1;  // like Lloyd: the first repetition of the labels is the end
  const EmReport report = run_em(state, x, Vector::Ones(x.rows()), options);
  EXPECT_EQ(report.stop, Stop::labels_repeat);
  EXPECT_EQ(report.n_iter, expected.n_iter);
  const Gaussians& spheres = *state.family.as<Gaussians>();
  for (Index k = 0; k < 3; ++k) {
    EXPECT_LT((spheres.mean(k).transpose() - expected.centers.row(k)).norm(), 1e-10);
    // The common variance is the inertia over all numbers in the data.
    EXPECT_NEAR(spheres.covariance(k)(0, 0), expected.inertia / (150 * 4), 1e-6);
  }
}

TEST(KMeans, FitWithHardLabelsOfEqualSpheresCountsItsIterationsAsLloydDoes) {
  for (const Matrix& x : {faithful(), iris()}) {
    for (const Index k : {2, 3, 5}) {
      std::vector<Index> first;
      // No row is equally far from two of these centers: such ties rounding may break differently.
      for (Index i = 0; i < k; ++i) first.push_back(29 * i + 3);
      const Matrix centers = rows_of(x, first);
      const Lloyd expected = lloyd(x, centers);
      const std::vector<Matrix> unit(static_cast<std::size_t>(k),
                                     Matrix::Identity(x.cols(), x.cols()));
      const MixtureModel start = mixture(Gaussians(centers, unit, {.structure = Structure::EII}));
      const Fit actual =
          fit(start, x,
              {.assignment = Hard{}, .mixing = MixingWeights::equal, .start = start::Parameters{}});
      EXPECT_EQ(actual.report.stop, Stop::labels_repeat);
      EXPECT_EQ(actual.report.n_iter, expected.n_iter);
      EXPECT_EQ(static_cast<Index>(actual.report.objective_history.size()), expected.n_iter);
      EXPECT_EQ(actual.model.predict(x), expected.labels);
    }
  }
}

// Spheres of one known variance: the family in which the limit is taken.
class Spheres {
 public:
  Spheres(Matrix centers, double variance) : centers_(std::move(centers)), variance_(variance) {}
  [[nodiscard]] const Matrix& centers() const { return centers_; }
  [[nodiscard]] Index size() const { return centers_.rows(); }
  [[nodiscard]] Index dimension() const { return centers_.cols(); }
  [[nodiscard]] Index parameter_count() const { return centers_.size(); }
  void log_densities(Rows x, MatrixRef out) const {
    for (Index k = 0; k < size(); ++k) {
      out.col(k) = (x.rowwise() - centers_.row(k)).rowwise().squaredNorm() / (-2 * variance_);
    }
  }
  void fit(Rows x, Shares shares) {
    for (Index k = 0; k < size(); ++k) {
      const double mass = shares.col(k).sum();
      if (mass > 0) centers_.row(k) = shares.col(k).transpose() * x / mass;
    }
  }

 private:
  Matrix centers_;
  double variance_;
};

TEST(KMeans, IsTheLimitOfSoftEmWithShrinkingSharedVariance) {
  const Matrix x = faithful();
  const Matrix centers = rows_of(x, {0, 1});
  const Lloyd limit = lloyd(x, centers);
  double last_distance = infinity;
  double last_entropy = infinity;
  for (const double variance : {100.0, 30.0, 10.0, 1.0, 0.01}) {
    MixtureState state{Vector::Constant(2, 0.5), Spheres(centers, variance)};
    run_em(state, x, Vector::Ones(x.rows()),
           {.mixing = MixingWeights::equal, .tol = 1e-10, .max_iter = 5000});
    const double distance = (state.family.as<Spheres>()->centers() - limit.centers).norm();
    const Matrix r = responsibilities(state, x);
    const double entropy = -(r.array() * r.array().max(1e-300).log()).sum();
    EXPECT_LE(distance, last_distance);
    EXPECT_LE(entropy, last_entropy);
    last_distance = distance;
    last_entropy = entropy;
    if (variance == 0.01) {
      for (Index i = 0; i < x.rows(); ++i) {
        EXPECT_EQ(r(i, limit.labels[static_cast<std::size_t>(i)]), 1.0);
      }
    }
  }
  EXPECT_LT(last_distance, 1e-9);
}

TEST(KMeans, WeightTwoEqualsADoubledRow) {
  const Matrix x = faithful().topRows(60);
  Matrix doubled(80, 2);
  doubled << x, x.topRows(20);
  Vector w = Vector::Ones(60);
  w.head(20).setConstant(2);
  const Matrix centers = rows_of(x, {0, 1, 2});
  const KMeans weighted = kmeans(x, 3, {.sample_weight = w, .centers = centers});
  const KMeans repeated = kmeans(doubled, 3, {.centers = centers});
  EXPECT_NEAR(weighted.inertia, repeated.inertia, 1e-10 * repeated.inertia);
  EXPECT_LT((weighted.centers - repeated.centers).norm(), 1e-10);
}

TEST(KMeans, AnEmptiedClusterTakesOverTheFarthestRow) {
  Matrix x(6, 1);
  x << 0, 1, 2, 10, 11, 30;
  Matrix centers(3, 1);
  centers << 1, 10, 1000;  // no row is nearest to the third
  const KMeans result = kmeans(x, 3, {.centers = centers});
  EXPECT_EQ(result.labels, (std::vector<Index>{0, 0, 0, 1, 1, 2}));
  EXPECT_DOUBLE_EQ(result.inertia, 2.5);
}

TEST(KMeans, SameBitsForAnyNumberOfThreads) {
  Matrix x(5000, 3);
  Rng rng(5);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = standard_normal(rng);
  const KMeans one = kmeans(x, 7, {.n_init = 3, .threads = 1});
  for (const Index threads : {2, 7}) {
    const KMeans many = kmeans(x, 7, {.n_init = 3, .threads = threads});
    EXPECT_EQ(many.labels, one.labels);
    EXPECT_EQ(many.centers, one.centers);
    EXPECT_EQ(many.inertia, one.inertia);
  }
}

TEST(KMeans, AsManyClustersAsRowsHaveNoInertia) {
  Matrix x(4, 2);
  x << 0, 0, 1, 0, 5, 5, 9, 1;
  EXPECT_EQ(kmeans(x, 4).inertia, 0);
  EXPECT_THROW(kmeans(x, 5), std::invalid_argument);
  EXPECT_THROW(kmeans(x, 0), std::invalid_argument);
}

TEST(KMeans, RefusesDistancesWithoutSquaresInDoublePrecision) {
  Matrix x(4, 2);
  x << 0, 3, 1, 3, 5, 3, 9, 3;
  for (const double unit : {1e300, 1e-300}) {
    EXPECT_THROW(kmeans(x * unit, 2), std::invalid_argument);
  }
  // A constant column has distances of 0 in any unit.
  x.col(1) *= 1e300;
  EXPECT_EQ(kmeans(x, 4).inertia, 0);
}

TEST(KMeans, KeepsTheLargestNumberOfIterations) {
  const Matrix x = iris();
  const Index least_needed = kmeans(x, 3, {.n_init = 1, .seed = 1}).n_iter;
  for (Index most = 1; most <= least_needed + 2; ++most) {
    const KMeans result = kmeans(x, 3, {.n_init = 1, .max_iter = most, .seed = 1});
    EXPECT_LE(result.n_iter, most);
    // Already the first iteration moves the centers, to the means of rows that the seeds labeled.
    for (Index c = 0; c < 3; ++c) {
      EXPECT_GT((x.rowwise() - result.centers.row(c)).rowwise().squaredNorm().minCoeff(), 0);
    }
  }
  EXPECT_THAT([&] { (void)kmeans(x, 3, {.max_iter = 0}); },
              testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("max_iter")));
}

TEST(KMeans, TiedAndConstantRowsAreNoTrouble) {
  const Matrix x = Matrix::Constant(10, 2, 3.0);
  const KMeans result = kmeans(x, 3);
  EXPECT_EQ(result.inertia, 0);
  EXPECT_TRUE(result.centers.allFinite());
}

}  // namespace
}  // namespace mix
