#include "mix/matching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "mix/random.h"

namespace mix {
namespace {

using ::testing::ElementsAre;

double gained(const Matrix& gain, const std::vector<Index>& columns) {
  double sum = 0;
  for (Index i = 0; i < gain.rows(); ++i) {
    const Index j = columns[static_cast<std::size_t>(i)];
    if (j >= 0) sum += gain(i, j);
  }
  return sum;
}

// Of no more rows than columns: all ways to choose columns in order.
double best_by_trying(const Matrix& gain) {
  std::vector<Index> order(static_cast<std::size_t>(gain.cols()));
  std::iota(order.begin(), order.end(), 0);
  double best = -infinity;
  do {
    best = std::max(best, gained(gain, order));
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST(BestMatching, IsTheBestOfAllPermutations) {
  Rng rng(1);
  for (const auto& [rows, columns] :
       {std::pair<Index, Index>{1, 1}, {3, 3}, {5, 5}, {6, 6}, {2, 6}, {4, 6}, {6, 2}, {5, 3}}) {
    for (int repeat = 0; repeat < 50; ++repeat) {
      // Whole numbers make ties.
      const Matrix gain = Matrix::NullaryExpr(
          rows, columns, [&] { return static_cast<double>(uniform_index(rng, 12)) - 5.0; });
      const std::vector<Index> found = best_matching(gain);
      ASSERT_EQ(static_cast<Index>(found.size()), rows);
      std::vector<Index> used;
      for (const Index j : found) {
        if (j >= 0) used.push_back(j);
      }
      EXPECT_EQ(static_cast<Index>(used.size()), std::min(rows, columns));
      std::sort(used.begin(), used.end());
      EXPECT_EQ(std::adjacent_find(used.begin(), used.end()), used.end());
      const Matrix wide = rows <= columns ? gain : Matrix(gain.transpose());
      EXPECT_EQ(gained(gain, found), best_by_trying(wide)) << gain;
    }
  }
}

TEST(BestMatching, OfNothingIsEmptyAndOfInfinityRefused) {
  EXPECT_TRUE(best_matching(Matrix(0, 3)).empty());
  EXPECT_THAT(best_matching(Matrix(2, 0)), ElementsAre(-1, -1));
  EXPECT_THROW((void)best_matching(Matrix::Constant(2, 2, infinity)), std::invalid_argument);
}

}  // namespace
}  // namespace mix
