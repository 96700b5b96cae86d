#include "mix/parallel.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <optional>

namespace mix {
namespace {

using Range = oneapi::tbb::blocked_range<Index>;

// parallel_deterministic_reduce splits by the range and its grain alone, never by the number of
// threads, and joins in the order of the splits: one sum per leaf, the same tree every time.
struct BlockSum {
  BlockSum(Index row_count, Index size,
           const std::function<void(Index, Index, VectorRef)>& block_body)
      : rows(row_count), body(block_body), sum(Vector::Zero(size)) {}
  BlockSum(const BlockSum& other, oneapi::tbb::split /*unused*/)
      : rows(other.rows), body(other.body), sum(Vector::Zero(other.sum.size())) {}

  void operator()(const Range& blocks) {
    for (Index block = blocks.begin(); block != blocks.end(); ++block) {
      const Index first = block * block_rows;
      body(first, std::min(block_rows, rows - first), sum);
    }
  }
  void join(const BlockSum& right) { sum += right.sum; }

  Index rows;
  const std::function<void(Index, Index, VectorRef)>& body;
  Vector sum;
};

// At most this many leaves, so that long data do not pay for many small sums.
constexpr Index max_leaves = 256;

Index block_count(Index rows) { return (rows + block_rows - 1) / block_rows; }

}  // namespace

Vector sum_over_blocks(Index rows, Index size,
                       const std::function<void(Index, Index, VectorRef)>& body) {
  const Index blocks = block_count(rows);
  BlockSum total(rows, size, body);
  if (blocks <= 1) {
    if (blocks == 1) total(Range(0, 1));
    return std::move(total.sum);
  }
  const auto grain = static_cast<std::size_t>((blocks + max_leaves - 1) / max_leaves);
  oneapi::tbb::parallel_deterministic_reduce(Range(0, blocks, grain), total);
  return std::move(total.sum);
}

void for_each_block(Index rows, const std::function<void(Index, Index)>& body) {
  for_each_index(block_count(rows), [&](Index block) {
    const Index first = block * block_rows;
    body(first, std::min(block_rows, rows - first));
  });
}

void for_each_index(Index count, const std::function<void(Index)>& body) {
  if (count <= 1) {
    if (count == 1) body(0);
    return;
  }
  oneapi::tbb::parallel_for(Index{0}, count, body);
}

void with_threads(Index threads, const std::function<void()>& body) {
  if (threads <= 0) {
    body();
    return;
  }
  // oneTBB starts no more workers than cores otherwise, and says so on stderr.
  std::optional<oneapi::tbb::global_control> more;
  if (threads > oneapi::tbb::info::default_concurrency()) {
    more.emplace(oneapi::tbb::global_control::max_allowed_parallelism,
                 static_cast<std::size_t>(threads));
  }
  oneapi::tbb::task_arena arena(static_cast<int>(threads));
  arena.execute(body);
}

}  // namespace mix
