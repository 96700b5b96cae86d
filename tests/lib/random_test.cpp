#include "mix/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <vector>

namespace {

using namespace mix;

constexpr int draws = 40000;

// Mean and variance of many draws lie within five standard errors of the truth: each comparison
// fails by chance with probability 6e-7, and the seed is fixed. `fourth` is the fourth central
// moment.
void expect_moments(const std::function<double(Rng&)>& draw, double mean, double variance,
                    double fourth) {
  Rng rng(42);
  std::vector<double> values(draws);
  std::generate(values.begin(), values.end(), [&] { return draw(rng); });
  double sum = 0;
  for (const double v : values) sum += v;
  EXPECT_NEAR(sum / draws, mean, 5 * std::sqrt(variance / draws));
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  EXPECT_NEAR(squares / draws, variance, 5 * std::sqrt((fourth - variance * variance) / draws));
}

TEST(Random, UniformHasItsMomentsAndNeverReachesTheEnds) {
  expect_moments([](Rng& rng) { return uniform(rng); }, 0.5, 1.0 / 12, 1.0 / 80);
  Rng rng(1);
  for (int i = 0; i < draws; ++i) {
    const double u = uniform(rng);
    ASSERT_TRUE(u > 0 && u < 1);
  }
}

TEST(Random, NormalHasItsMoments) { expect_moments(standard_normal, 0, 1, 3); }

TEST(Random, ExponentialHasItsMoments) { expect_moments(standard_exponential, 1, 1, 9); }

TEST(Random, GammaHasItsMomentsForSmallAndLargeShapes) {
  for (const double a : {0.3, 1.0, 7.5}) {
    expect_moments([=](Rng& rng) { return standard_gamma(rng, a); }, a, a, 3 * a * a + 6 * a);
  }
}

TEST(Random, PoissonHasItsMoments) {
  for (const double m : {0.2, 4.0, 300.0}) {
    expect_moments([=](Rng& rng) { return poisson(rng, m); }, m, m, m + 3 * m * m);
  }
  Rng rng(1);
  EXPECT_EQ(poisson(rng, 0), 0);
}

TEST(Random, BinomialHasItsMoments) {
  for (const double p : {0.02, 0.5, 0.9}) {
    const double n = 60;
    const double v = n * p * (1 - p);
    expect_moments([=](Rng& rng) { return binomial(rng, n, p); }, n * p, v,
                   3 * v * v + v * (1 - 6 * p * (1 - p)));
  }
  Rng rng(1);
  EXPECT_EQ(binomial(rng, 7, 0), 0);
  EXPECT_EQ(binomial(rng, 7, 1), 7);
  EXPECT_EQ(binomial(rng, 0, 0.5), 0);
}

TEST(Random, CategoricalFollowsItsWeightsAndSkipsZeros) {
  const Vector weights{{1, 0, 3, 0}};
  Rng rng(3);
  std::vector<int> counts(4, 0);
  for (int i = 0; i < draws; ++i) ++counts[static_cast<std::size_t>(categorical(rng, weights))];
  EXPECT_EQ(counts[1] + counts[3], 0);
  EXPECT_NEAR(counts[2], 0.75 * draws, 5 * std::sqrt(draws * 0.75 * 0.25));
}

TEST(Random, UniformIndexReachesAllAndOnlyItsValues) {
  Rng rng(3);
  std::vector<int> counts(7, 0);
  for (int i = 0; i < draws; ++i) ++counts.at(static_cast<std::size_t>(uniform_index(rng, 7)));
  for (const int count : counts) {
    EXPECT_NEAR(count, draws / 7.0, 5 * std::sqrt(draws * 6.0 / 49));
  }
}

TEST(Random, SamplesWithoutReplacementAreDistinctAndComplete) {
  Rng rng(3);
  const std::vector<Index> some = sample_without_replacement(rng, 100, 30);
  EXPECT_EQ(std::set<Index>(some.begin(), some.end()).size(), 30U);
  std::vector<Index> all = sample_without_replacement(rng, 50, 50);
  std::sort(all.begin(), all.end());
  for (Index i = 0; i < 50; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], i);
}

TEST(Random, AStreamIsAFunctionOfItsKey) {
  const auto first = [](Rng rng) { return rng(); };
  EXPECT_EQ(first(Rng(1, Purpose::sample, 2, 3)), first(Rng(1, Purpose::sample, 2, 3)));
  std::set<std::uint64_t> words;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    for (const Purpose purpose : {Purpose::start, Purpose::sample, Purpose::user}) {
      for (std::uint64_t iteration = 0; iteration < 4; ++iteration) {
        for (std::uint64_t row = 0; row < 4; ++row) {
          words.insert(first(Rng(seed, purpose, iteration, row)));
        }
      }
    }
  }
  EXPECT_EQ(words.size(), 4U * 3 * 4 * 4);
}

TEST(Random, TheFirstNumbersOfASeedNeverChange) {
  // A model file and a seed promise the same sample in every later version.
  Rng rng(20240229);
  EXPECT_EQ(rng(), 17845990901742495879ULL);
  EXPECT_DOUBLE_EQ(uniform(rng), 0.28222641033891976);
  EXPECT_DOUBLE_EQ(standard_normal(rng), 0.78362371141172471);
  EXPECT_EQ(poisson(rng, 50), 33);
}

}  // namespace
