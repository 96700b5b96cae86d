#pragma once

#include "mix/function_view.h"
#include "mix/types.h"

namespace mix {

/// Rows that are evaluated together. A constant of the library, not of the machine: the blocks, and
/// with them every rounding error, depend on the data alone.
inline constexpr Index block_rows = 512;

/// Adds up what `body(first, count, sum)` adds to `sum` (a vector of `size` zeros) for each block
/// of rows, in parallel. The order of the additions is fixed by `rows` alone, so the result has the
/// same bits for any number of threads.
Vector sum_over_blocks(Index rows, Index size,
                       FunctionView<void(Index first, Index count, VectorRef sum)> body);
/// The same into `total`, whatever was there.
void sum_over_blocks(Index rows, VectorRef total,
                     FunctionView<void(Index first, Index count, VectorRef sum)> body);

/// Calls `body(first, count)` for each block of rows, in parallel and in any order.
void for_each_block(Index rows, FunctionView<void(Index first, Index count)> body);

/// Calls `body(i)` for i from 0 to `count - 1`, in parallel and in any order.
void for_each_index(Index count, FunctionView<void(Index)> body);

/// Runs `body`; this thread takes up no work from outside it while it waits for a parallel loop
/// within. For a body that holds a lock which such work might ask for.
void run_isolated(FunctionView<void()> body);

/// More threads than these per core are not started, however many are asked for.
inline constexpr int most_threads_per_core = 4;

/// Runs `body` with at most `threads` threads, and at most `most_threads_per_core` per core; 0
/// means one per core. Results do not depend on it.
void with_threads(Index threads, FunctionView<void()> body);

}  // namespace mix
