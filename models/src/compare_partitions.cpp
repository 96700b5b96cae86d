#include "mix/models/compare_partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "mix/matching.h"

namespace mix {
namespace {

double pairs(double count) { return count * (count - 1) / 2; }

double sum_of_pairs(const Matrix& counts) {
  double sum = 0;
  for (const double count : counts.reshaped()) sum += pairs(count);
  return sum;
}

// In nats, of the shares count / n.
double entropy_of_shares(const Matrix& counts, double n) {
  double sum = 0;
  for (const double count : counts.reshaped()) {
    if (count > 0) sum -= count / n * std::log(count / n);
  }
  return sum;
}

void check_sizes(std::size_t first, std::size_t second, const Vector& weights) {
  if (first != second) {
    throw std::invalid_argument(fmt::format(
        "compare_partitions: both partitions must label the same rows, but have {} and {}", first,
        second));
  }
  if (weights.size() > 0 && weights.size() != static_cast<Index>(first)) {
    throw std::invalid_argument(
        fmt::format("compare_partitions: there are {} weights for {} rows; give one per row",
                    weights.size(), first));
  }
  if (weights.size() > 0 && !(weights.allFinite() && weights.minCoeff() >= 0)) {
    throw std::invalid_argument("compare_partitions: every weight must be finite and at least 0");
  }
}

Index label_count(const std::vector<Index>& labels) {
  return labels.empty() ? 0
                        : std::max<Index>(0, *std::max_element(labels.begin(), labels.end()) + 1);
}

void count_pairs(PartitionComparison& result) {
  const double both = sum_of_pairs(result.counts);
  const double first = sum_of_pairs(result.counts.rowwise().sum());
  const double second = sum_of_pairs(result.counts.colwise().sum());
  const double all = pairs(result.n);
  if (!(all > 0)) {  // a single row has no pair
    result.rand = result.adjusted_rand = quiet_nan;
    return;
  }
  result.rand = (all + 2 * both - first - second) / all;
  const double expected = first * second / all;
  const double largest = (first + second) / 2;
  // Both have one class, or both have one for each row.
  const bool trivial = largest == expected;
  result.adjusted_rand = trivial ? 1 : (both - expected) / (largest - expected);
}

double normalized(double information, double by) {
  return by > 0 ? std::clamp(information / by, 0.0, 1.0) : 0;
}

void count_information(PartitionComparison& result) {
  const double first = entropy_of_shares(result.counts.rowwise().sum(), result.n);
  const double second = entropy_of_shares(result.counts.colwise().sum(), result.n);
  const double both = entropy_of_shares(result.counts, result.n);
  result.entropy_first = first;
  result.entropy_second = second;
  // Rounding must not make either of them negative.
  const double information = std::max(0.0, first + second - both);
  result.mutual_information = information;
  result.variation_of_information = std::max(0.0, 2 * both - first - second);
  if (!(both > 0)) {
    result.normalized_mutual_information = {1, 1, 1, 1, 1};
    return;
  }
  result.normalized_mutual_information = {normalized(information, (first + second) / 2),
                                          normalized(information, std::sqrt(first * second)),
                                          normalized(information, std::max(first, second)),
                                          normalized(information, std::min(first, second)),
                                          normalized(information, both)};
}

void match(PartitionComparison& result) {
  // Square, so that every label finds a partner, if only one that no row has.
  const Index first = result.counts.rows();
  const Index second = result.counts.cols();
  const Index size = std::max(first, second);
  Matrix gain = Matrix::Zero(size, size);
  gain.topLeftCorner(first, second) = result.counts;
  result.matching = best_matching(gain);
  result.matching.resize(static_cast<std::size_t>(first));
  double agreed = 0;
  for (Index i = 0; i < first; ++i) {
    Index& partner = result.matching[static_cast<std::size_t>(i)];
    if (partner >= second) partner = -1;
    if (partner >= 0) agreed += result.counts(i, partner);
  }
  result.accuracy = agreed / result.n;
}

}  // namespace

PartitionComparison compare_partitions(const std::vector<Index>& first,
                                       const std::vector<Index>& second, const Vector& weights) {
  check_sizes(first.size(), second.size(), weights);
  PartitionComparison result;
  result.counts = Matrix::Zero(label_count(first), label_count(second));
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i] < 0 || second[i] < 0) {
      ++result.left_out;
      continue;
    }
    result.counts(first[i], second[i]) += weights.size() > 0 ? weights[static_cast<Index>(i)] : 1;
  }
  result.n = result.counts.sum();
  if (!(result.n > 0)) {
    throw std::invalid_argument(fmt::format(
        "compare_partitions: none of {} rows has a weight and both labels", first.size()));
  }
  count_pairs(result);
  count_information(result);
  result.purity = result.counts.rowwise().maxCoeff().sum() / result.n;
  result.inverse_purity = result.counts.colwise().maxCoeff().sum() / result.n;
  match(result);
  return result;
}

}  // namespace mix
