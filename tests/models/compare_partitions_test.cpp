#include "mix/models/compare_partitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace mix {
namespace {

using ::testing::ElementsAre;
using Labels = std::vector<Index>;

constexpr double rounding = 1e-14;
const Labels one_partition{0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 0, 3};
const Labels other_partition{0, 0, 1, 1, 1, 2, 2, 2, 2, 0, 0, 1};

void expect_same(const PartitionComparison& a, const PartitionComparison& b) {
  EXPECT_EQ(a.counts, b.counts);
  EXPECT_EQ(a.adjusted_rand, b.adjusted_rand);
  EXPECT_EQ(a.rand, b.rand);
  EXPECT_EQ(a.normalized_mutual_information.arithmetic, b.normalized_mutual_information.arithmetic);
  EXPECT_EQ(a.variation_of_information, b.variation_of_information);
  EXPECT_EQ(a.accuracy, b.accuracy);
}

// Values of scikit-learn 1.2.1; the adjusted Rand index and the error also of mclust 6.0.0.
TEST(ComparePartitions, AgreesWithOtherPrograms) {
  const PartitionComparison c = compare_partitions(one_partition, other_partition);
  EXPECT_EQ(c.n, 12);
  EXPECT_NEAR(c.adjusted_rand, 0.15384615384615385, rounding);
  EXPECT_NEAR(c.rand, 0.6818181818181818, rounding);
  EXPECT_NEAR(c.mutual_information, 0.5209896382014887, rounding);
  const NormalizedMutualInformation& nmi = c.normalized_mutual_information;
  EXPECT_NEAR(nmi.arithmetic, 0.43694911246497614, rounding);
  EXPECT_NEAR(nmi.geometric, 0.4383052714234574, rounding);
  EXPECT_NEAR(nmi.maximum, 0.4051060736278654, rounding);
  EXPECT_NEAR(nmi.minimum, 0.47422520535711893, rounding);
  EXPECT_NEAR(nmi.joint,
              c.mutual_information / (c.entropy_first + c.entropy_second - c.mutual_information),
              rounding);
  EXPECT_NEAR(c.variation_of_information, 1.3426903491395112, rounding);
  EXPECT_NEAR(c.purity, 2.0 / 3, rounding);
  EXPECT_NEAR(c.inverse_purity, 7.0 / 12, rounding);
  EXPECT_NEAR(c.accuracy, 7.0 / 12, rounding);
  EXPECT_THAT(c.matching, ElementsAre(0, 1, 2, -1));
}

TEST(ComparePartitions, WeightsAreRepeatedRows) {
  const Vector w{{1, 2, 1, 3, 1, 1, 2, 1, 1, 1, 2, 1}};
  Labels first;
  Labels second;
  for (std::size_t i = 0; i < one_partition.size(); ++i) {
    first.insert(first.end(), static_cast<std::size_t>(w[static_cast<Index>(i)]), one_partition[i]);
    second.insert(second.end(), static_cast<std::size_t>(w[static_cast<Index>(i)]),
                  other_partition[i]);
  }
  const PartitionComparison weighted = compare_partitions(one_partition, other_partition, w);
  expect_same(weighted, compare_partitions(first, second));
  EXPECT_NEAR(weighted.adjusted_rand, 0.304302203567681, rounding);  // scikit-learn, repeated rows
  EXPECT_NEAR(weighted.normalized_mutual_information.arithmetic, 0.47160858830995117, rounding);
}

TEST(ComparePartitions, MissingLabelsLeaveTheirRowsOut) {
  Labels first = one_partition;
  Labels second = other_partition;
  first.insert(first.begin() + 3, {-1, 2});
  second.insert(second.begin() + 3, {1, -1});
  const PartitionComparison c = compare_partitions(first, second);
  EXPECT_EQ(c.left_out, 2);
  expect_same(c, compare_partitions(one_partition, other_partition));
}

TEST(ComparePartitions, DoesNotSeeTheNumbersOfTheLabels) {
  Labels renamed = one_partition;
  for (Index& label : renamed) label = 3 - label;
  const PartitionComparison c = compare_partitions(renamed, one_partition);
  EXPECT_EQ(c.adjusted_rand, 1);
  EXPECT_EQ(c.rand, 1);
  EXPECT_EQ(c.accuracy, 1);
  EXPECT_NEAR(c.normalized_mutual_information.arithmetic, 1, rounding);
  EXPECT_NEAR(c.variation_of_information, 0, rounding);
  EXPECT_THAT(c.matching, ElementsAre(3, 2, 1, 0));
  const PartitionComparison ab = compare_partitions(one_partition, other_partition);
  const PartitionComparison ba = compare_partitions(other_partition, one_partition);
  EXPECT_NEAR(ab.adjusted_rand, ba.adjusted_rand, rounding);
  EXPECT_EQ(ab.accuracy, ba.accuracy);
  EXPECT_EQ(ab.purity, ba.inverse_purity);
}

TEST(ComparePartitions, OfTrivialPartitionsAreDefined) {
  const PartitionComparison same = compare_partitions({0, 0, 0}, {0, 0, 0});
  EXPECT_EQ(same.adjusted_rand, 1);
  EXPECT_EQ(same.normalized_mutual_information.arithmetic, 1);
  const PartitionComparison against = compare_partitions({0, 0, 0}, {0, 1, 2});
  EXPECT_EQ(against.adjusted_rand, 0);
  EXPECT_EQ(against.normalized_mutual_information.arithmetic, 0);
  EXPECT_EQ(against.normalized_mutual_information.geometric, 0);
  EXPECT_NEAR(against.variation_of_information, std::log(3.0), rounding);
  EXPECT_TRUE(std::isnan(compare_partitions({0}, {0}).adjusted_rand));
}

TEST(ComparePartitions, RefusesWhatCannotBeCompared) {
  EXPECT_THROW((void)compare_partitions({0, 1}, {0}), std::invalid_argument);
  EXPECT_THROW((void)compare_partitions({0, 1}, {0, 1}, Vector::Ones(3)), std::invalid_argument);
  EXPECT_THROW((void)compare_partitions({0, 1}, {0, 1}, Vector{{1, -1}}), std::invalid_argument);
  EXPECT_THROW((void)compare_partitions({-1, 1}, {0, -1}), std::invalid_argument);
  EXPECT_THROW((void)compare_partitions({}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace mix
