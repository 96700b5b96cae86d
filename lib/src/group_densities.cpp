#include "group_densities.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "mix/block_memory.h"
#include "mix/kernels.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// Log densities that are held at a time, and the most rows they are of.
constexpr Index most_densities = Index{1} << 21;
constexpr Index most_rows = Index{1} << 15;

[[noreturn]] void refuse_disagreement(Index first, Index second) {
  throw std::invalid_argument(
      fmt::format("rows {} and {} are of one group, but what is known of their components differs; "
                  "rows of a group share a component",
                  first + 1, second + 1));
}

Known of_groups(const Known& known, const Groups& groups) {
  Known result{std::vector<Index>(static_cast<std::size_t>(groups.count()), -1)};
  std::vector<Index> source(result.labels.size(), -1);
  for (Index i = 0; i < groups.rows(); ++i) {
    const Index label = known.labels.at(static_cast<std::size_t>(i));
    if (label < 0) continue;
    const auto group = static_cast<std::size_t>(groups[i]);
    if (result.labels[group] >= 0 && result.labels[group] != label) {
      refuse_disagreement(source[group], i);
    }
    result.labels[group] = label;
    source[group] = i;
  }
  return result;
}

LabelPrior of_groups(const LabelPrior& prior, const Groups& groups) {
  const std::vector<Index> first = groups.first_rows();
  for (Index i = 0; i < groups.rows(); ++i) {
    const Index of_group = first[static_cast<std::size_t>(groups[i])];
    if (!prior.agree(of_group, i)) refuse_disagreement(of_group, i);
  }
  return prior.of_rows(first);
}

}  // namespace

AnyAssignment of_groups(const AnyAssignment& policy, const Groups& groups) {
  if (const auto* known = policy.as<Known>()) return of_groups(*known, groups);
  if (const auto* prior = policy.as<LabelPrior>()) return of_groups(*prior, groups);
  if (const auto* trimmed = policy.as<Trimmed>(); trimmed != nullptr && trimmed->share > 0) {
    throw std::invalid_argument(
        "rows are trimmed one by one, but those of a group belong together; leave out the groups "
        "or the trimming");
  }
  return policy;
}

void group_log_densities(const AnyFamily& family, const AnyRows& x, Weights w, const Groups& groups,
                         bool single, MatrixRef sums) {
  const Index k = family.size();
  const Index wanted = std::clamp(most_densities / k, block_rows, most_rows);
  const Index rows = std::min(x.rows(), wanted / block_rows * block_rows);
  Matrix terms(rows, k);
  sums.setZero();
  for (Index begin = 0; begin < x.rows(); begin += rows) {
    const Index part = std::min(rows, x.rows() - begin);
    for_each_block(part, [&](Index first, Index count) {
      const BorrowedMemory memory;
      memory->allow_single_precision(single);
      MatrixRef l = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
      family.log_densities(x.middleRows(begin + first, count), l, memory->part(0));
      terms.middleRows(first, count) = l;
    });
    for_each_index(k, [&](Index c) {
      for (Index i = 0; i < part; ++i) {
        const double weight = w[begin + i];
        if (weight > 0) sums(groups[begin + i], c) += weight * terms(i, c);
      }
    });
  }
}

}  // namespace mix
