#include "truncated_expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>
#include <utility>

#include "mix/block_memory.h"
#include "mix/kernels.h"
#include "mix/parallel.h"
#include "mix/random.h"

namespace mix {
namespace {

// A group has so many rows per component, that most components find a good part of a block of rows
// to be evaluated for, and at least so many in all.
constexpr Index rows_per_component = 16;
constexpr Index least_rows = Index{1} << 14;
// But no more candidates than this, of all rows together.
constexpr Index most_held = Index{1} << 23;
// Without neighbors, statistics of the kept components alone pay from so many components per kept
// one.
constexpr Index worthwhile = 4;
constexpr Index rows_ahead = 12;
constexpr Index cache_line = 8;  // numbers in a line of the cache
// Divergences of so many components for each neighbor are remembered from one group of rows to the
// next.
constexpr std::size_t remembered = 4;

// One value per component that is the same, `nothing`, whenever nobody uses it. Of each thread.
template <class T, T nothing>
class Marks {
 public:
  explicit Marks(Index components) {
    if (values_.size() < static_cast<std::size_t>(components)) {
      values_.resize(static_cast<std::size_t>(components), nothing);
    }
  }
  ~Marks() { clear(); }
  Marks(const Marks&) = delete;
  Marks& operator=(const Marks&) = delete;

  [[nodiscard]] T operator[](int component) const {
    return values_[static_cast<std::size_t>(component)];
  }
  void set(int component, T value) {
    values_[static_cast<std::size_t>(component)] = value;
    used_.push_back(component);
  }
  void clear() {
    for (const int component : used_) values_[static_cast<std::size_t>(component)] = nothing;
    used_.clear();
  }

 private:
  static thread_local std::vector<T> values_;
  static thread_local std::vector<int> used_;
};
template <class T, T nothing>
thread_local std::vector<T> Marks<T, nothing>::values_;
template <class T, T nothing>
thread_local std::vector<int> Marks<T, nothing>::used_;

using Seen = Marks<char, 0>;
using Positions = Marks<int, -1>;

// Calls body(rows of the group, entries) for parts of a component's entries that make a block.
template <class Body>
void for_each_gathered(std::span<const RowsByComponent::Entry> entries, const Matrix& rows,
                       const Body& body) {
  if (entries.empty()) return;
  const BorrowedMemory memory;
  Matrix& gathered = memory->matrix(0, kernels::packed_stride, rows.rows());
  while (!entries.empty()) {
    const auto part = entries.first(std::min(entries.size(), std::size_t{block_rows}));
    const auto count = static_cast<Index>(part.size());
    for (Index i = 0; i < count; ++i) {
      const double* row = rows.col(part[static_cast<std::size_t>(i)].row).data();
      // The next rows lie anywhere: ask for them before they are needed.
      if (i + rows_ahead < count) {
        const double* later = rows.col(part[static_cast<std::size_t>(i + rows_ahead)].row).data();
        for (Index j = 0; j < rows.rows(); j += cache_line) __builtin_prefetch(later + j);
      }
      for (Index j = 0; j < rows.rows(); ++j) gathered(i, j) = row[j];
    }
    body(Rows(gathered.topLeftCorner(count, rows.rows())), part,
         memory->matrix(1, kernels::packed_stride, 1).col(0).head(count));
    entries = entries.subspan(part.size());
  }
}

void check(bool fits, const char* name, Index value, Index least) {
  if (fits) return;
  throw std::invalid_argument(
      fmt::format("Truncated: {} is {}; it must be at least {}", name, value, least));
}

}  // namespace

TruncatedExpectation::TruncatedExpectation(const AnyRows& x, Weights w, const Truncated& policy,
                                           std::uint64_t seed)
    : x_(x), w_(w), policy_(policy), seed_(seed) {
  check(policy.keep >= 1, "keep", policy.keep, 1);
  check(policy.neighbors >= 0, "neighbors", policy.neighbors, 0);
  check(policy.extra >= 0, "extra", policy.extra, 0);
}

bool TruncatedExpectation::serves(const AnyFamily& family) const {
  return family.separable() &&
         (policy_.neighbors > 0 || policy_.keep <= family.size() / worthwhile);
}

void TruncatedExpectation::restart(Index components) {
  components_ = components;
  keep_ = std::min(policy_.keep, components);
  searched_ = false;
  kept_.setConstant(keep_, x_.rows(), -1);
  term_.resize(x_.rows());
  forced_.clear();
  neighbors_.setConstant(std::min(policy_.neighbors, components), components, -1);
  for (Index c = 0; c < components && neighbors_.rows() > 0; ++c) {
    neighbors_(0, c) = static_cast<int>(c);
  }
  divergences_.resize(static_cast<std::size_t>(components));
}

// How many components the search set of a row has at most.
Index TruncatedExpectation::most_candidates() const {
  if (policy_.neighbors == 0) return keep_;
  // Numbers above K^2 say no more than K^2 does, and might overflow.
  const Index extra = std::min(policy_.extra, components_);
  return std::min(keep_ * neighbors_.rows() + extra, components_);
}

// By rows and components alone, as the order of all sums is.
Index TruncatedExpectation::group_rows() const {
  const Index wanted = std::max(least_rows, rows_per_component * components_);
  const Index rows = std::min(wanted, most_held / most_candidates());
  return std::min(x_.rows(), std::max<Index>(rows / block_rows, 1) * block_rows);
}

Pass TruncatedExpectation::operator()(const MixtureState& state, Index iteration) {
  if (state.family.size() != components_) restart(state.family.size());
  const Index rows = group_rows();
  rows_.resize(x_.cols(), rows);
  candidates_.resize(most_candidates(), rows);
  densities_.resize(most_candidates(), rows);
  candidate_counts_.resize(static_cast<std::size_t>(rows));
  best_places_.resize(static_cast<std::size_t>(rows));
  shares_.resize(rows, keep_);
  log_weights_ = log_weights(state.weights);

  Pass pass;
  pass.mass = Vector::Zero(components_);
  pass.statistics.resize(state.family.statistics_size()).setZero();
  for (Index first = 0; first < x_.rows(); first += rows) {
    const Group group{first, std::min(rows, x_.rows() - first)};
    for_each_block(group.count, [&](Index begin, Index count) {
      rows_.middleCols(begin, count) = DenseBlock(x_, first + begin, count)->transpose();
    });
    // Neighbors of no component would never find one again.
    const bool lost = (kept_.row(0).segment(first, group.count).transpose().array() < 0 &&
                       w_.segment(first, group.count).array() > 0)
                          .any();
    if (policy_.neighbors == 0 || !searched_ || lost) {
      search_all(state, group);
    } else {
      find_candidates(group, iteration);
      evaluate_candidates(state.family, group);
    }
    keep_best(group);
    share(group, pass);
    accumulate(state.family, group, pass);
    if (policy_.neighbors > 0) compare_components(group);
  }
  if (policy_.neighbors > 0) choose_neighbors();
  searched_ = true;
  pass.objective += state.family.log_prior();
  return pass;
}

Pass TruncatedExpectation::reseeded(const MixtureState& state, Index iteration,
                                    const std::vector<Index>& empty) {
  forced_.assign(static_cast<std::size_t>(x_.rows()), -1);
  const std::vector<Index> order = worst_first(term_);
  auto next = order.begin();
  for (const Index component : empty) {
    for (Index taken = 0;
         taken < rows_to_reseed(policy_.keep == 1, x_.cols()) && next != order.end(); ++next) {
      if (!(w_[*next] > 0)) continue;
      forced_[static_cast<std::size_t>(*next)] = static_cast<int>(component);
      ++taken;
    }
  }
  Pass pass = (*this)(state, iteration);
  forced_.clear();
  searched_ = false;  // who the neighbors of the moved components are is open
  return pass;
}

void TruncatedExpectation::search_all(const MixtureState& state, Group group) {
  for_each_block(group.count, [&](Index begin, Index count) {
    const BorrowedMemory memory;
    MatrixRef l =
        memory->matrix(0, kernels::packed_stride, components_).topLeftCorner(count, components_);
    state.family.log_densities(x_.middleRows(group.first + begin, count), l, memory->part(0));
    add_log_weights(log_weights_, l);
    kernels::keep_best(l, densities_.middleCols(begin, count),
                       candidates_.middleCols(begin, count));
    for (Index i = begin; i < begin + count; ++i) {
      candidate_counts_[static_cast<std::size_t>(i)] =
          static_cast<int>((candidates_.col(i).array() >= 0).count());
    }
  });
}

void TruncatedExpectation::find_candidates(Group group, Index iteration) {
  for_each_block(group.count, [&](Index begin, Index count) {
    Seen seen(components_);
    for (Index i = begin; i < begin + count; ++i) {
      const Index row = group.first + i;
      auto found = candidates_.col(i);
      int size = 0;
      const auto add = [&](int component) {
        if (seen[component] != 0) return;
        seen.set(component, 1);
        found[size++] = component;
      };
      for (const int kept : kept_.col(row)) {
        if (kept < 0) break;
        for (const int neighbor : neighbors_.col(kept)) {
          if (neighbor < 0) break;
          add(neighbor);
        }
      }
      Rng rng(seed_, Purpose::assignment, static_cast<std::uint64_t>(iteration),
              static_cast<std::uint64_t>(row));
      for (Index draw = 0; draw < policy_.extra && size < found.size(); ++draw) {
        add(static_cast<int>(uniform_index(rng, components_)));
      }
      candidate_counts_[static_cast<std::size_t>(i)] = size;
      seen.clear();
    }
  });
}

void TruncatedExpectation::evaluate_candidates(const AnyFamily& family, Group group) {
  lists_.build(group.count, components_, [&](Index i, const auto& enter) {
    const int count = candidate_counts_[static_cast<std::size_t>(i)];
    for (int place = 0; place < count; ++place) enter(candidates_(place, i), place);
  });
  for_each_index(components_, [&](Index c) {
    for_each_gathered(lists_.of(c), rows_, [&](Rows x, const auto& entries, VectorRef out) {
      for (const auto& [i, place] : entries) __builtin_prefetch(&densities_(place, i), 1);
      family.log_density_of(c, x, out);
      add_log_weights(log_weights_.segment(c, 1), out);
      for (std::size_t i = 0; i < entries.size(); ++i) {
        densities_(entries[i].place, entries[i].row) = out[static_cast<Index>(i)];
      }
    });
  });
}

// Of the candidates of each row, ties to the lowest component.
void TruncatedExpectation::keep_best(Group group) {
  for_each_block(group.count, [&](Index begin, Index count) {
    for (Index i = begin; i < begin + count; ++i) {
      auto kept = kept_.col(group.first + i);
      auto l = shares_.row(i);
      int& best_place = best_places_[static_cast<std::size_t>(i)];
      kept.setConstant(-1);
      l.setConstant(-infinity);
      best_place = -1;
      for (int place = 0; place < candidate_counts_[static_cast<std::size_t>(i)]; ++place) {
        const double density = densities_(place, i);
        const int component = candidates_(place, i);
        if (std::isnan(density)) {  // the row's term shall be NaN
          kept[0] = component;
          l[0] = density;
          best_place = place;
          break;
        }
        const auto precedes = [&](Index at) {
          return density > l[at] || (density == l[at] && component < kept[at]);
        };
        Index at = keep_;
        while (at > 0 && precedes(at - 1)) --at;
        for (Index to = keep_ - 1; to > at; --to) {
          l[to] = l[to - 1];
          kept[to] = kept[to - 1];
        }
        if (at == keep_) continue;
        if (at == 0) best_place = place;
        l[at] = density;
        kept[at] = component;
      }
      const int forced = forced_.empty() ? -1 : forced_[static_cast<std::size_t>(group.first + i)];
      if (forced >= 0) {
        kept.setConstant(-1);
        l.setConstant(-infinity);
        kept[0] = forced;
        l[0] = 0;
        best_place = -1;
      }
    }
  });
}

void TruncatedExpectation::share(Group group, Pass& pass) {
  const Vector sum =
      sum_over_blocks(group.count, 1, [&](Index begin, Index count, VectorRef objective) {
        auto block = shares_.middleRows(begin, count);
        VectorRef term = term_.segment(group.first + begin, count);
        const auto w = w_.segment(group.first + begin, count);
        kernels::softmax(block, 1.0, term);
        block.array().colwise() *= w.array();
        for (Index i = 0; i < count; ++i) {
          if (w[i] > 0) objective[0] += w[i] * term[i];
        }
      });
  pass.objective += sum[0];
}

void TruncatedExpectation::accumulate(const AnyFamily& family, Group group, Pass& pass) {
  lists_.build(group.count, components_, [&](Index i, const auto& enter) {
    for (Index place = 0; place < keep_; ++place) {
      if (shares_(i, place) > 0) enter(kept_(place, group.first + i), static_cast<int>(place));
    }
  });
  for_each_index(components_, [&](Index c) {
    for_each_gathered(lists_.of(c), rows_, [&](Rows x, const auto& entries, VectorRef r) {
      for (std::size_t i = 0; i < entries.size(); ++i) {
        r[static_cast<Index>(i)] = shares_(entries[i].row, entries[i].place);
      }
      pass.mass[c] += r.sum();
      family.accumulate_of(c, x, r, pass.statistics.view());
    });
  });
  if (!family.shares_statistics()) return;
  pass.statistics.view() += sum_over_blocks(
      group.count, pass.statistics.size(), [&](Index begin, Index count, VectorRef sum) {
        const Vector r = shares_.middleRows(begin, count).rowwise().sum();
        family.accumulate_common(*DenseBlock(x_, group.first + begin, count), r, sum);
      });
}

void TruncatedExpectation::compare_components(Group group) {
  lists_.build(group.count, components_, [&](Index i, const auto& enter) {
    const Index row = group.first + i;
    if (best_places_[static_cast<std::size_t>(i)] >= 0 && w_[row] > 0) enter(kept_(0, row), 0);
  });
  const bool last = group.first + group.count == x_.rows();
  const std::size_t most = (last ? 1 : remembered) * static_cast<std::size_t>(neighbors_.rows());
  for_each_index(components_, [&](Index c) {
    const auto entries = lists_.of(c);
    if (entries.empty()) return;
    std::vector<Divergence>& found = divergences_[static_cast<std::size_t>(c)];
    Positions position(components_);
    for (std::size_t i = 0; i < found.size(); ++i) {
      position.set(found[i].component, static_cast<int>(i));
    }
    for (std::size_t entry = 0; entry < entries.size(); ++entry) {
      const int i = entries[entry].row;
      if (entry + 1 < entries.size()) {  // lies anywhere
        const int next = entries[entry + 1].row;
        __builtin_prefetch(candidates_.col(next).data());
        for (Index at = 0; at < candidates_.rows(); at += cache_line) {
          __builtin_prefetch(&densities_(at, next));
        }
      }
      const auto count = static_cast<Index>(candidate_counts_[static_cast<std::size_t>(i)]);
      const auto l = densities_.col(i).head(count);
      const auto names = candidates_.col(i).head(count);
      const double density = l[best_places_[static_cast<std::size_t>(i)]] - log_weights_[c];
      const double w = w_[group.first + i];
      for (Index at = 0; at < count; ++at) {
        const int other = names[at];
        const double difference = density - (l[at] - log_weights_[other]);
        if (other == c || std::isnan(difference)) continue;
        if (position[other] < 0) {
          position.set(other, static_cast<int>(found.size()));
          found.push_back({other, 0, 0});
        }
        Divergence& divergence = found[static_cast<std::size_t>(position[other])];
        divergence.mass += w;
        divergence.sum += w * difference;
      }
    }
    const auto kept = std::min(found.size(), most);
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), found.end(),
                      [](const Divergence& a, const Divergence& b) {
                        return std::pair(a.mean(), a.component) < std::pair(b.mean(), b.component);
                      });
    found.resize(kept);
  });
}

void TruncatedExpectation::choose_neighbors() {
  for_each_index(components_, [&](Index c) {
    std::vector<Divergence>& found = divergences_[static_cast<std::size_t>(c)];
    auto own = neighbors_.col(c);
    const Eigen::VectorXi before = own;
    Seen seen(components_);
    Index size = 0;
    const auto add = [&](int component) {
      if (component < 0 || size == own.size() || seen[component] != 0) return;
      seen.set(component, 1);
      own[size++] = component;
    };
    add(static_cast<int>(c));
    for (const Divergence& divergence : found) add(divergence.component);
    // A component of few rows, or of none, stays among those that it was near.
    for (const int component : before) add(component);
    found.clear();
  });
}

}  // namespace mix
