#include "mix/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "mix/random.h"

namespace {

using namespace mix;

// Numbers of very different size, so that another order of additions gives other bits.
Vector rough_numbers(Index n) {
  Rng rng(5);
  Vector values(n);
  for (Index i = 0; i < n; ++i) values[i] = standard_normal(rng) * std::exp(20 * uniform(rng));
  return values;
}

Vector sums_of(const Vector& values) {
  return sum_over_blocks(values.size(), 2, [&](Index first, Index count, VectorRef sum) {
    for (Index i = first; i < first + count; ++i) {
      sum[0] += values[i];
      sum[1] += std::sin(values[i]);
    }
  });
}

TEST(SumOverBlocks, HasTheSameBitsForAnyNumberOfThreads) {
  for (const Index rows : {1, 511, 512, 513, 1000, 4097, 300001}) {
    const Vector values = rough_numbers(rows);
    Vector reference;
    for (const Index threads : {1, 2, 7}) {
      for (int repeat = 0; repeat < 5; ++repeat) {
        Vector sums;
        with_threads(threads, [&] { sums = sums_of(values); });
        if (reference.size() == 0) reference = sums;
        EXPECT_EQ(sums, reference) << rows << " rows, " << threads << " threads";
      }
    }
    EXPECT_NEAR(reference[0], values.sum(), 1e-12 * values.cwiseAbs().sum());
  }
}

TEST(SumOverBlocks, VisitsEveryRowOnceInBlocksOfTheLibrarysSize) {
  for (const Index rows : {0, 1, 512, 513, 200000}) {
    std::vector<std::atomic<int>> visits(static_cast<std::size_t>(rows));
    const Vector sum = sum_over_blocks(rows, 1, [&](Index first, Index count, VectorRef total) {
      EXPECT_EQ(first % block_rows, 0);
      EXPECT_LE(count, block_rows);
      for (Index i = first; i < first + count; ++i) ++visits[static_cast<std::size_t>(i)];
      total[0] += static_cast<double>(count);
    });
    EXPECT_EQ(sum[0], static_cast<double>(rows));
    for (const auto& count : visits) ASSERT_EQ(count, 1);
  }
}

TEST(WithThreads, StartsFewThreadsHoweverManyAreAskedFor) {
  const Vector values = rough_numbers(300001);
  const Vector reference = sums_of(values);
  for (const Index threads : {Index{100000}, Index{1} << 40}) {
    std::mutex lock;
    std::set<std::thread::id> seen;
    Vector sums;
    with_threads(threads, [&] {
      sums = sums_of(values);
      for_each_index(20000, [&](Index) {
        const std::lock_guard<std::mutex> hold(lock);
        seen.insert(std::this_thread::get_id());
      });
    });
    EXPECT_EQ(sums, reference);
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    EXPECT_LE(seen.size(), cores * most_threads_per_core);
  }
}

TEST(SumOverBlocks, OfNothingIsNothing) {
  EXPECT_EQ(sum_over_blocks(1000, 0, [](Index, Index, VectorRef) {}).size(), 0);
}

TEST(SumOverBlocks, PassesExceptionsOn) {
  EXPECT_THROW(sum_over_blocks(5000, 1,
                               [](Index first, Index, VectorRef) {
                                 if (first > 1000) throw std::runtime_error("no");
                               }),
               std::runtime_error);
}

TEST(ForEach, VisitsEveryIndexOnce) {
  for (const Index count : {0, 1, 1000}) {
    std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
    with_threads(
        7, [&] { for_each_index(count, [&](Index i) { ++visits[static_cast<std::size_t>(i)]; }); });
    for (const auto& visited : visits) ASSERT_EQ(visited, 1);
  }
}

TEST(ForEach, BlockCoversOddRowCounts) {
  std::atomic<Index> rows = 0;
  for_each_block(1234, [&](Index first, Index count) {
    EXPECT_LE(first + count, 1234);
    rows += count;
  });
  EXPECT_EQ(rows, 1234);
}

}  // namespace
