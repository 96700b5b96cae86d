#pragma once

#include <span>
#include <vector>

#include "mix/parallel.h"
#include "mix/types.h"

namespace mix {

/// From components per row to rows per component: a counting sort.
class RowsByComponent {
 public:
  /// One of the components of a row, and at which place of the row it stands.
  struct Entry {
    int row;
    int place;
  };

  /// `visit(row, enter)` calls enter(component, place) for each entry of the row; it is called
  /// twice for each row, in parallel.
  template <class Visit>
  void build(Index rows, Index components, const Visit& visit);

  /// The entries of a component, in the order of the rows.
  [[nodiscard]] std::span<const Entry> of(Index component) const {
    const auto k = static_cast<std::size_t>(component);
    return std::span(entries_).subspan(begin_[k], begin_[k + 1] - begin_[k]);
  }

 private:
  static constexpr Index parts = 16;

  std::vector<std::size_t> begin_;  // of each component, and the end
  std::vector<std::size_t> next_;   // parts x components: where the next entry goes
  std::vector<Entry> entries_;
};

template <class Visit>
void RowsByComponent::build(Index rows, Index components, const Visit& visit) {
  const auto k = static_cast<std::size_t>(components);
  next_.assign(static_cast<std::size_t>(parts) * k, 0);
  const auto for_each_part = [&](const auto& body) {
    for_each_index(parts, [&](Index part) {
      std::size_t* next = next_.data() + static_cast<std::size_t>(part) * k;
      const Index end = (part + 1) * rows / parts;
      for (Index row = part * rows / parts; row < end; ++row) body(row, next);
    });
  };
  for_each_part([&](Index row, std::size_t* count) {
    visit(row, [&](int component, int /*place*/) { ++count[component]; });
  });
  begin_.resize(k + 1);
  std::size_t total = 0;
  for (std::size_t c = 0; c < k; ++c) {
    begin_[c] = total;
    for (std::size_t part = 0; part < static_cast<std::size_t>(parts); ++part) {
      const std::size_t count = next_[part * k + c];
      next_[part * k + c] = total;
      total += count;
    }
  }
  begin_[k] = total;
  entries_.resize(total);
  for_each_part([&](Index row, std::size_t* next) {
    visit(row, [&](int component, int place) {
      entries_[next[component]++] = {static_cast<int>(row), place};
    });
  });
}

}  // namespace mix
