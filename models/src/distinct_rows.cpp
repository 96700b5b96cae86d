#include "distinct_rows.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <vector>

namespace mix {
namespace {

// So many rows tell whether a look at all of them is worth its time.
constexpr Index probe_rows = 4096;

std::uint64_t hash_row(Rows x, Index i) {
  std::uint64_t hash = 0x9e3779b97f4a7c15U;
  for (Index d = 0; d < x.cols(); ++d) {
    const double value = x(i, d) + 0.0;  // minus zero equals zero
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    hash = (hash ^ bits) * 0xff51afd7ed558ccdU;
    hash ^= hash >> 32U;
  }
  return hash;
}

// Groups the first `count` rows; gives up when more than `limit` are distinct.
std::optional<std::vector<Index>> first_occurrences(Rows x, Index count, std::size_t limit,
                                                    std::vector<Index>& group) {
  std::unordered_multimap<std::uint64_t, Index> known;
  std::vector<Index> first;
  group.resize(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {
    const std::uint64_t hash = hash_row(x, i);
    const auto [begin, end] = known.equal_range(hash);
    const auto found = std::find_if(begin, end, [&](const auto& entry) {
      return x.row(first[static_cast<std::size_t>(entry.second)]) == x.row(i);
    });
    if (found != end) {
      group[static_cast<std::size_t>(i)] = found->second;
      continue;
    }
    if (first.size() == limit) return std::nullopt;
    group[static_cast<std::size_t>(i)] = static_cast<Index>(first.size());
    known.emplace(hash, static_cast<Index>(first.size()));
    first.push_back(i);
  }
  return first;
}

}  // namespace

std::optional<DistinctRows> distinct_rows(Rows x, const Vector& w) {
  std::vector<Index> group;
  for (const Index count : {std::min(probe_rows, x.rows()), x.rows()}) {
    const auto limit = static_cast<std::size_t>(count / 2);
    const auto first = first_occurrences(x, count, limit, group);
    if (!first) return std::nullopt;
    if (count < x.rows()) continue;
    DistinctRows distinct{x(*first, Eigen::all), Vector::Zero(static_cast<Index>(first->size()))};
    for (Index i = 0; i < x.rows(); ++i) {
      distinct.weight[group[static_cast<std::size_t>(i)]] += w.size() > 0 ? w[i] : 1.0;
    }
    return distinct;
  }
  return std::nullopt;
}

}  // namespace mix
