#include "distinct_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace mix {
namespace {

// So many rows tell whether a look at all of them is worth its time.
constexpr Index probe_rows = 4096;

// Rows that are hashed together, column by column.
constexpr Index hashed_rows = 1024;

template <class X>
void hash_rows(const X& x, std::vector<std::uint64_t>& hashes) {
  hashes.assign(static_cast<std::size_t>(x.rows()), 0x9e3779b97f4a7c15U);
  for (Index d = 0; d < x.cols(); ++d) {
    for (Index i = 0; i < x.rows(); ++i) {
      std::uint64_t& hash = hashes[static_cast<std::size_t>(i)];
      // Minus zero equals zero.
      hash = (hash ^ std::bit_cast<std::uint64_t>(static_cast<double>(x(i, d)) + 0.0)) *
             0xff51afd7ed558ccdU;
      hash ^= hash >> 32U;
    }
  }
}

// Numbers the distinct rows of `x` in the order of their first occurrence: a hash table in one
// piece of memory, at most half full.
template <class X>
class EqualRows {
 public:
  explicit EqualRows(const X& x) : x_(x) {}

  [[nodiscard]] const std::vector<Index>& first() const { return first_; }

  // The number of row i, which may be a new one.
  Index operator()(Index i, std::uint64_t hash) {
    std::size_t at = home(hash);
    for (; slots_[at].group >= 0; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.hash == hash && equal(first_[static_cast<std::size_t>(slot.group)], i)) {
        return slot.group;
      }
    }
    const auto group = static_cast<Index>(first_.size());
    slots_[at] = {hash, group};
    first_.push_back(i);
    if (2 * first_.size() > slots_.size()) grow();
    return group;
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    Index group = -1;  // none
  };

  // Small whole numbers differ in high bits only, which a product moves up further.
  [[nodiscard]] std::size_t home(std::uint64_t hash) const {
    return (hash * 0x9e3779b97f4a7c15U >> 32U) & (slots_.size() - 1);
  }
  [[nodiscard]] bool equal(Index a, Index b) const {
    for (Index d = 0; d < x_.cols(); ++d) {
      if (!(x_(a, d) == x_(b, d)) && !(std::isnan(x_(a, d)) && std::isnan(x_(b, d)))) return false;
    }
    return true;
  }

  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    std::swap(old, slots_);
    for (const Slot& slot : old) {
      if (slot.group < 0) continue;
      std::size_t at = home(slot.hash);
      while (slots_[at].group >= 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  X x_;
  std::vector<Index> first_;
  std::vector<Slot> slots_ = std::vector<Slot>(256);
};

// Groups the first `count` rows; gives up when more than `limit` are distinct.
template <class X>
std::optional<std::vector<Index>> first_occurrences(const X& x, Index count, std::size_t limit,
                                                    std::vector<Index>& group) {
  EqualRows<X> groups(x);
  std::vector<std::uint64_t> hashes;
  group.resize(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {
    const Index within = i % hashed_rows;
    if (within == 0) hash_rows(x.middleRows(i, std::min(hashed_rows, count - i)), hashes);
    group[static_cast<std::size_t>(i)] = groups(i, hashes[static_cast<std::size_t>(within)]);
    if (groups.first().size() > limit) return std::nullopt;
  }
  return groups.first();
}

template <class X>
std::optional<DistinctRows> find_distinct(const X& x, const Vector& w, Index least) {
  std::vector<Index> group;
  for (const Index count : {std::min(probe_rows, x.rows()), x.rows()}) {
    const auto limit = static_cast<std::size_t>(count / 2);
    const auto first = first_occurrences(x, count, limit, group);
    if (!first) return std::nullopt;
    if (count < x.rows()) continue;
    DistinctRows distinct{x(*first, Eigen::all).template cast<double>(),
                          Vector::Zero(static_cast<Index>(first->size()))};
    for (Index i = 0; i < x.rows(); ++i) {
      distinct.weight[group[static_cast<std::size_t>(i)]] += w.size() > 0 ? w[i] : 1.0;
    }
    if ((distinct.weight.array() > 0).count() < least) return std::nullopt;
    return distinct;
  }
  return std::nullopt;
}

}  // namespace

std::optional<DistinctRows> distinct_rows(const AnyRows& x, const Vector& w, Index least) {
  if (const FloatRows* floats = x.floats()) return find_distinct(*floats, w, least);
  if (const Rows* dense = x.dense()) return find_distinct(*dense, w, least);
  return std::nullopt;
}

}  // namespace mix
