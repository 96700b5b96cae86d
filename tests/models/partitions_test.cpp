#include "partitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "mix/kernels.h"
#include "mix/mix.h"
#include "seeding.h"

namespace mix {
namespace {

using Labels = std::vector<Index>;

Matrix random_points(Index n, Index d, std::uint64_t seed) {
  Rng rng(seed);
  Matrix x(n, d);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < d; ++j) x(i, j) = standard_normal(rng) + 4 * static_cast<double>(i % 3);
  }
  return x;
}

// The criterion as the header of Hierarchy states it, for the rows of one cluster.
double cost(const Matrix& x, const Labels& rows, double offset) {
  const Matrix part = x(rows, Eigen::all);
  const Matrix centered = part.rowwise() - part.colwise().mean();
  const auto size = static_cast<double>(rows.size());
  const Matrix scatter = centered.transpose() * centered / size;
  const double determinant =
      part.rows() > x.cols() ? std::max(0.0, scatter.fullPivLu().determinant()) : 0.0;
  return size * std::log(determinant + scatter.trace() + offset / size);
}

// All pairs at each step, everything computed anew.
std::map<Index, Labels> naive_tree(const Matrix& x) {
  const Matrix centered = x.rowwise() - x.colwise().mean();
  const double offset = centered.squaredNorm() / static_cast<double>(x.size());
  std::vector<Labels> clusters;
  for (Index i = 0; i < x.rows(); ++i) clusters.push_back({i});
  std::map<Index, Labels> trees;
  while (true) {
    Labels label(static_cast<std::size_t>(x.rows()));
    for (std::size_t c = 0; c < clusters.size(); ++c) {
      for (const Index row : clusters[c])
        label[static_cast<std::size_t>(row)] = static_cast<Index>(c);
    }
    trees[static_cast<Index>(clusters.size())] = label;
    if (clusters.size() == 1) return trees;
    double least = std::numeric_limits<double>::infinity();
    std::pair<std::size_t, std::size_t> best;
    for (std::size_t a = 0; a < clusters.size(); ++a) {
      for (std::size_t b = a + 1; b < clusters.size(); ++b) {
        Labels both = clusters[a];
        both.insert(both.end(), clusters[b].begin(), clusters[b].end());
        const double increase =
            cost(x, both, offset) - cost(x, clusters[a], offset) - cost(x, clusters[b], offset);
        if (increase < least) {
          least = increase;
          best = {a, b};
        }
      }
    }
    Labels& kept = clusters[best.first];
    kept.insert(kept.end(), clusters[best.second].begin(), clusters[best.second].end());
    clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(best.second));
  }
}

TEST(Hierarchy, EqualsTheTreeOfAllPairsComparedAnewOnEveryInstructionSet) {
  for (const Index d : {1, 2, 4, 7, 10}) {
    const Matrix x = random_points(45, d, static_cast<std::uint64_t>(d));
    const std::map<Index, Labels> expected = naive_tree(x);
    for (const std::string& target : kernels::targets()) {
      kernels::use_target(target);
      const Hierarchy hierarchy(x);
      for (const auto& [k, labels] : expected) {
        EXPECT_EQ(hierarchy.labels(k), labels)
            << target << ", " << d << " columns, " << k << " clusters";
      }
    }
    kernels::use_target("");
  }
}

TEST(Hierarchy, CutsAlsoEqualAndHugePoints) {
  for (const double scale : {0.0, 1e200}) {
    const Matrix x = scale * random_points(70, 2, 1);
    const Hierarchy hierarchy(x);
    for (const Index k : {1, 5, 70}) {
      const Labels labels = hierarchy.labels(k);
      EXPECT_EQ(std::set<Index>(labels.begin(), labels.end()).size(), static_cast<std::size_t>(k));
    }
  }
}

TEST(Partitions, DoNotDependOnWhatWasAskedBefore) {
  const Matrix x = random_points(120, 2, 3);
  const Vector w = Vector::Ones(120);
  const std::vector<Start> starts{start::Hierarchical{}, start::KMeans{}, start::KMeansPlusPlus{},
                                  start::Random{}};
  Partitions shared(x, w, 7);
  for (Index k = 5; k >= 1; --k) {
    for (const Start& start : starts) {
      for (const Index draw : {1, 0}) (void)shared.labels(start, draw, k);
    }
  }
  for (Index k = 1; k <= 5; ++k) {
    for (const Start& start : starts) {
      for (const Index draw : {0, 1}) {
        EXPECT_EQ(shared.labels(start, draw, k), Partitions(x, w, 7).labels(start, draw, k));
      }
    }
  }
}

TEST(Partitions, AreTheSameWhoeverAsksFirst) {
  const Matrix x = random_points(700, 3, 5);
  const Vector w = Vector::Ones(700);
  Partitions alone(x, w, 1);
  for (const Index threads : {2, 7}) {
    Partitions shared(x, w, 1);
    std::vector<Labels> labels(40);
    with_threads(threads, [&] {
      for_each_index(40, [&](Index i) {
        const Start start = i % 2 == 0 ? Start(start::KMeans{}) : Start(start::Hierarchical{});
        labels[static_cast<std::size_t>(i)] = shared.labels(start, i % 3, 2 + i % 5);
      });
    });
    for (Index i = 0; i < 40; ++i) {
      const Start start = i % 2 == 0 ? Start(start::KMeans{}) : Start(start::Hierarchical{});
      EXPECT_EQ(labels[static_cast<std::size_t>(i)], alone.labels(start, i % 3, 2 + i % 5));
    }
  }
}

TEST(Partitions, OfOneComparisonServeEveryStructure) {
  const Matrix x = random_points(60, 3, 2);
  const Vector w = Vector::Ones(60);
  PartitionPool pool;
  std::set<const Partitions*> different;
  for (const Structure structure : all_structures()) {
    AnyFamily family = Gaussians(2, 3, {.structure = structure});
    family.prepare(x, w);
    different.insert(pool.of(family.embed(x), w, 1).get());
  }
  EXPECT_EQ(different.size(), 1U);
  EXPECT_EQ(different.count(pool.of(x, w, 1).get()), 0U);
  EXPECT_EQ(different.count(pool.of(standardized(x), w, 2).get()), 0U);
}

}  // namespace
}  // namespace mix
