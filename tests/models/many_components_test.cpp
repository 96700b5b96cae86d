// More components than rows times components of numbers would fit into memory.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "lloyd.h"
#include "mix/mix.h"
#include "mix/parallel.h"
#include "mix/random.h"
#include "seeding.h"
#include "starter.h"
#include "support/peak_memory.h"

namespace mix {
namespace {

using testing_support::most_memory_of;

// Rows around k points that are far apart.
Matrix rows_around_points(Index n, Index d, Index k, std::uint64_t seed) {
  Rng rng(seed);
  Matrix points(k, d);
  for (double& v : points.reshaped()) v = 20 * standard_normal(rng);
  Matrix x(n, d);
  for (Index i = 0; i < n; ++i) {
    const Index c = i % k;
    for (Index j = 0; j < d; ++j) x(i, j) = points(c, j) + standard_normal(rng);
  }
  return x;
}

double mean_squared_distance(const Matrix& x, const Matrix& centers) {
  const std::vector<Index> label = nearest_centers(x, centers);
  double sum = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    sum += (x.row(i) - centers.row(label[static_cast<std::size_t>(i)])).squaredNorm();
  }
  return sum / static_cast<double>(x.rows());
}

constexpr Index row_count = 12000;
constexpr Index columns_each = 8;
constexpr Index center_count = 1200;

TEST(ManyComponents, AreFittedFromTheirOwnStartInLittleMemory) {
  const Index rows = 20000;
  const Index many = 2000;
  ASSERT_GT(rows * many, Index{1} << 25);  // shares, from which on there is no matrix of them
  const double all_shares = 8.0 * rows * many;
  const Matrix x = rows_around_points(rows, 4, many, 1);
  const MixtureModel model = mixture(Gaussians(many, 4, {.structure = Structure::EII}));
  FitOptions options{.assignment = Truncated{.keep = 5, .neighbors = 5, .extra = 1}, .seed = 2};
  options.n_init = 1;
  options.max_iter = 10;
  Fit found;
  const double memory = most_memory_of([&] { found = fit(model, x, options); });
  // Not known everywhere.
  if (!std::isnan(memory)) {
    EXPECT_LT(memory, all_shares / 3);
  }
  EXPECT_EQ(found.report.start, "k-means++");
  EXPECT_LT(found.report.truncation_gap.value_or(infinity) / rows, 0.01);
  // Nearly as well as from the points that the rows are around; seeds miss some of these.
  FitOptions from_points{.assignment = Truncated{.keep = 5, .neighbors = 5, .extra = 1}};
  std::vector<Index> label(static_cast<std::size_t>(rows));
  for (Index i = 0; i < rows; ++i) label[static_cast<std::size_t>(i)] = i % many;
  from_points.start = start::Labels{std::move(label)};
  from_points.max_iter = 3;
  const Fit best = fit(model, x, from_points);
  EXPECT_GT(found.report.log_likelihood / rows, best.report.log_likelihood / rows - 4);
}

TEST(ManyComponents, FirstMStepBlockByBlockIsThatOfAllShares) {
  const Index many = 1700;
  const Index rows = 20000;
  const Matrix x = rows_around_points(rows, 3, many, 3);
  const Vector w = Vector::LinSpaced(rows, 0.5, 1.5);
  ASSERT_GT(rows * many, Index{1} << 25);  // numbers, from which on it is block by block
  for (const Structure structure : {Structure::VVI, Structure::EEE}) {
    const MixtureModel model = mixture(Gaussians(many, 3, {.structure = structure}));
    FitOptions options;
    options.sample_weight = w;
    const Starter starter(model, x, w, options, nullptr);
    std::vector<Index> label(static_cast<std::size_t>(rows));
    for (Index i = 0; i < rows; ++i) label[static_cast<std::size_t>(i)] = i % many;
    const MixtureState expected = starter.begin(shares_from_labels(label, w, model.family()), many);
    const MixtureState actual = starter.begin(share_blocks(label, w, model.family()));
    EXPECT_LT((actual.weights - expected.weights).cwiseAbs().maxCoeff(), 1e-15);
    const Matrix some = x.topRows(700);
    Matrix l(some.rows(), many);
    Matrix l_expected(some.rows(), many);
    actual.family.log_densities(some, l);
    expected.family.log_densities(some, l_expected);
    const Eigen::ArrayXXd scale = l_expected.array().abs() + 1;
    EXPECT_LT(((l - l_expected).array() / scale).abs().maxCoeff(), 1e-9);
  }
}

TEST(ManyComponents, SeedsAreFarApartAndHaveWeight) {
  const Index many = 1100;  // of a part of the rows
  const Matrix x = rows_around_points(row_count, columns_each, many, 4);
  Vector w = Vector::Ones(row_count);
  for (Index i = 0; i < row_count; i += 7) w[i] = 0;
  Rng rng(5);
  const std::vector<Index> seeds = seed_rows(x, w, many, rng);
  EXPECT_EQ(std::set<Index>(seeds.begin(), seeds.end()).size(), 1100U);
  EXPECT_TRUE(std::all_of(seeds.begin(), seeds.end(), [&](Index row) { return w[row] > 0; }));
  Rng same(5);
  EXPECT_EQ(seed_rows(x, w, many, same), seeds);
  // Drawn without regard to distance, a third of the points would have no seed.
  const double of_seeds = mean_squared_distance(x, x(seeds, Eigen::all));
  const double of_random = mean_squared_distance(x, x(random_rows(w, many, rng), Eigen::all));
  EXPECT_LT(of_seeds, 0.2 * of_random);
}

TEST(ManyComponents, SeedsAreTheSameForAnyNumberOfThreads) {
  const Matrix x = rows_around_points(5000, 3, 1100, 6);
  const Vector w = Vector::Ones(5000);
  std::vector<Index> expected;
  for (const Index threads : {1, 2, 7}) {
    with_threads(threads, [&] {
      Rng rng(7);
      const std::vector<Index> seeds = seed_rows(x, w, 1100, rng);
      if (expected.empty()) expected = seeds;
      EXPECT_EQ(seeds, expected);
    });
  }
}

TEST(ManyComponents, KMeansFindsThePoints) {
  const Matrix x = rows_around_points(row_count, columns_each, center_count, 8);
  const KMeans found = kmeans(x, center_count, {.n_init = 2, .seed = 9});
  EXPECT_EQ(found.starts, 2);
  // Within the clusters d (1 - k / n) are expected, where all points were found.
  EXPECT_LT(found.inertia / row_count, 3 * columns_each);
  EXPECT_NEAR(found.inertia / row_count, mean_squared_distance(x, found.centers),
              1e-9 * found.inertia / row_count);
}

TEST(ManyComponents, AffordTheLessStartsTheMoreTheyAre) {
  EXPECT_EQ(affordable_starts(8, 1), 8);
  EXPECT_EQ(affordable_starts(8, 1000), 8);
  EXPECT_EQ(affordable_starts(8, 2000), 4);
  EXPECT_EQ(affordable_starts(8, 100000), 1);
}

TEST(ManyComponents, AreMoreGroupsThanATreeOfSomeRowsHas) {
  const Matrix x = rows_around_points(5000, 2, 2500, 10);
  EXPECT_THAT(
      [&] {
        fit(mixture(Gaussians(2500, 2, {.structure = Structure::EII})), x,
            {.start = start::Hierarchical{}});
      },
      testing::ThrowsMessage<std::invalid_argument>(
          testing::AllOf(testing::HasSubstr("at most 2000 groups"), testing::HasSubstr("2500"))));
}

TEST(ManyComponents, MassesAreThoseOfResponsibilities) {
  const Matrix x = rows_around_points(1500, 2, 5, 11);
  const Vector w = Vector::LinSpaced(1500, 0, 2);
  const Fit found = fit(mixture(Gaussians(5, 2)), x, {.seed = 12});
  const Vector expected = found.model.responsibilities(x).transpose() * w;
  const Vector mass = component_mass(found.model.state(), x, w);
  EXPECT_LT((mass - expected).cwiseAbs().maxCoeff(), 1e-12 * expected.sum());
}

TEST(NearestCenters, AreThoseOfDistancesFromDifferences) {
  Rng rng(13);
  for (const Index columns : {1, 2, 16, 100}) {
    // Integers: many ties.
    Matrix x(1000, columns);
    Matrix centers(70, columns);
    for (double& v : x.reshaped()) v = std::round(standard_normal(rng));
    for (double& v : centers.reshaped()) v = std::round(standard_normal(rng));
    centers.row(40) = centers.row(3);
    const std::vector<Index> labels = nearest_centers(x, centers);
    for (Index i = 0; i < x.rows(); ++i) {
      Index expected = 0;
      (centers.rowwise() - x.row(i)).rowwise().squaredNorm().minCoeff(&expected);
      EXPECT_EQ(labels[static_cast<std::size_t>(i)], expected) << columns << ' ' << i;
    }
  }
}

}  // namespace
}  // namespace mix
