#pragma once

#include <vector>

#include "mix/types.h"

namespace mix {

/// Mutual information divided by a mean of the two entropies, by the name of the mean (Vinh, Epps &
/// Bailey 2010). From 0, independent partitions, to 1, equal ones; 1 where both have one class.
struct NormalizedMutualInformation {
  double arithmetic = 0;  ///< scikit-learn's default; also called V-measure
  double geometric = 0;   ///< Strehl & Ghosh 2002
  double maximum = 0;     ///< 1 minus a metric
  double minimum = 0;
  double joint = 0;  ///< divided by the joint entropy: 1 minus a metric
};

/// How two partitions of the same rows agree. Nothing depends on the numbers of the labels, and all
/// but the purities are the same with the partitions exchanged.
struct PartitionComparison {
  /// Contingency table: the weight of the rows with label i in the first and j in the second.
  Matrix counts;
  double n = 0;              ///< sum of counts
  Index left_out = 0;        ///< rows without a label in one of the two
  double rand = 0;           ///< share of pairs of rows treated alike (Rand 1971)
  double adjusted_rand = 0;  ///< 0 expected by chance, 1 for equal ones (Hubert & Arabie 1985)
  double entropy_first = 0;  ///< in nats, as all that follow
  double entropy_second = 0;
  double mutual_information = 0;
  NormalizedMutualInformation normalized_mutual_information{};
  /// H(first) + H(second) - 2 I, a metric (Meila 2007).
  double variation_of_information = 0;
  double purity = 0;          ///< share of rows in the commonest second label of their first one
  double inverse_purity = 0;  ///< the same with the partitions exchanged
  /// For each first label the second one that it is matched with, -1 where there are fewer: the
  /// one-to-one matching with the largest weight in common.
  std::vector<Index> matching;
  double accuracy = 0;  ///< share of rows whose labels are matched; the error is 1 minus it
};

/// Compares two labels of each row, from 0; a negative one is missing, and its row is left out. A
/// weight counts its row so many times, in the pairs of the Rand indices too: weights there are
/// frequencies. Throws std::invalid_argument for sizes that differ, weights that are negative or
/// not finite, and where no row with weight has both labels.
PartitionComparison compare_partitions(const std::vector<Index>& first,
                                       const std::vector<Index>& second,
                                       const Vector& weights = {});

}  // namespace mix
