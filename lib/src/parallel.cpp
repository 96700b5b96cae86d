#include "mix/parallel.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "reused_vector.h"

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace mix {
namespace {

// The thread sanitizer does not see how oneTBB hands work over, because the library itself is not
// instrumented. These tell it: what came before the loop happened before each task, and each task
// before what comes after the loop. Without the sanitizer they are nothing.
class Handover {
 public:
  void release() {
#ifdef __SANITIZE_THREAD__
    __tsan_release(this);
#endif
  }
  void acquire() {
#ifdef __SANITIZE_THREAD__
    __tsan_acquire(this);
#endif
  }

 private:
  char place_ = 0;
};

Handover begin;
Handover end;

using Range = oneapi::tbb::blocked_range<Index>;

// A vector of zeros from memory that this thread has used before: fresh memory in every pass would
// cost more than the sums.
class Zeros {
 public:
  explicit Zeros(Index size) {
    std::vector<ReusedVector>& spare = stock();
    if (!spare.empty()) {
      sum_ = std::move(spare.back());
      spare.pop_back();
    }
    sum_.resize(size).setZero();
  }
  ~Zeros() {
    constexpr std::size_t most_kept = 8;
    if (sum_.size() > 0 && stock().size() < most_kept) stock().push_back(std::move(sum_));
  }
  Zeros(const Zeros&) = delete;
  Zeros& operator=(const Zeros&) = delete;
  VectorMap operator*() { return sum_.view(); }
  Eigen::Map<const Vector> operator*() const { return sum_.view(); }

 private:
  static std::vector<ReusedVector>& stock() {
    thread_local std::vector<ReusedVector> spare;
    return spare;
  }

  ReusedVector sum_;
};

// parallel_deterministic_reduce splits by the range and its grain alone, never by the number of
// threads, and joins in the order of the splits: one sum per leaf, the same tree every time.
struct BlockSum {
  BlockSum(Index row_count, Index size, FunctionView<void(Index, Index, VectorRef)> block_body)
      : rows(row_count), body(block_body), sum(size) {}
  BlockSum(const BlockSum& other, oneapi::tbb::split /*unused*/)
      : rows(other.rows), body(other.body), sum((*other.sum).size()) {}

  void operator()(const Range& blocks) {
    begin.acquire();
    for (Index block = blocks.begin(); block != blocks.end(); ++block) {
      const Index first = block * block_rows;
      body(first, std::min(block_rows, rows - first), *sum);
    }
    end.release();
  }
  void join(const BlockSum& right) {
    end.acquire();
    *sum += *right.sum;
    end.release();
  }

  Index rows;
  FunctionView<void(Index, Index, VectorRef)> body;
  Zeros sum;
};

// At most this many leaves, so that long data do not pay for many sums; fewer where the sums are
// long. Decided by the data alone, as the order of the additions is.
constexpr Index max_leaves = 256;
constexpr Index min_leaves = 16;
constexpr Index most_summed = Index{1} << 20;

Index leaf_count(Index size) {
  return std::clamp(most_summed / std::max<Index>(size, 1), min_leaves, max_leaves);
}

Index block_count(Index rows) { return (rows + block_rows - 1) / block_rows; }

}  // namespace

void sum_over_blocks(Index rows, VectorRef total,
                     FunctionView<void(Index, Index, VectorRef)> body) {
  const Index blocks = block_count(rows);
  if (blocks <= 1) {
    total.setZero();
    if (blocks == 1) body(0, rows, total);
    return;
  }
  BlockSum sums(rows, total.size(), body);
  const Index leaves = leaf_count(total.size());
  const auto grain = static_cast<std::size_t>((blocks + leaves - 1) / leaves);
  begin.release();
  oneapi::tbb::parallel_deterministic_reduce(Range(0, blocks, grain), sums);
  end.acquire();
  total = *sums.sum;
}

Vector sum_over_blocks(Index rows, Index size, FunctionView<void(Index, Index, VectorRef)> body) {
  Vector total(size);
  sum_over_blocks(rows, total, body);
  return total;
}

void for_each_block(Index rows, FunctionView<void(Index, Index)> body) {
  for_each_index(block_count(rows), [&](Index block) {
    const Index first = block * block_rows;
    body(first, std::min(block_rows, rows - first));
  });
}

void for_each_index(Index count, FunctionView<void(Index)> body) {
  if (count <= 1) {
    if (count == 1) body(0);
    return;
  }
  begin.release();
  oneapi::tbb::parallel_for(Index{0}, count, [&body](Index i) {
    begin.acquire();
    body(i);
    end.release();
  });
  end.acquire();
}

void run_isolated(FunctionView<void()> body) {
  oneapi::tbb::this_task_arena::isolate([&body] { body(); });
}

void with_threads(Index threads, FunctionView<void()> body) {
  if (threads <= 0) {
    body();
    return;
  }
  // oneTBB ends the process when the system refuses it a thread.
  const int cores = oneapi::tbb::info::default_concurrency();
  const int count = static_cast<int>(std::min(threads, Index{most_threads_per_core} * cores));
  // It starts no more workers than cores otherwise, and says so on stderr.
  std::optional<oneapi::tbb::global_control> more;
  if (count > cores) {
    more.emplace(oneapi::tbb::global_control::max_allowed_parallelism,
                 static_cast<std::size_t>(count));
  }
  oneapi::tbb::task_arena arena(count);
  begin.release();
  arena.execute([&body] {
    begin.acquire();
    body();
    end.release();
  });
  end.acquire();
}

}  // namespace mix
