#pragma once

#include <cstddef>
#include <vector>

#include "workloads.h"

namespace bench {

/// What bounds the speed of a kernel.
enum class Limit {
  fma_double,  ///< flops of fused multiply-adds in registers
  fma_float,
  exp_double,  ///< exponentials to 1 ulp or so, in cache
  read_l2,     ///< bytes summed from 256 KiB
  read_dram,   ///< bytes summed from 256 MiB
};

/// All of them.
const std::vector<Limit>& all_limits();

/// The name and what is counted: "fma_double".
const char* name(Limit limit);

/// A thread's own memory to work on.
using Buffer = std::vector<double>;
Buffer make_buffer(Limit limit);

/// Works at the limit for some milliseconds with the best instructions of this machine; returns how
/// much was done, in flops, exponentials or bytes.
double work_at(Limit limit, Buffer& buffer);

/// The instruction set that `work_at` uses: "AVX3".
const char* instruction_set();

/// The best rate per second of several attempts by `threads` threads together; measured at the
/// first call, the same afterwards.
double rate(Limit limit, Index threads);

/// Seconds that `work` takes at the limits: arithmetic one after the other, memory beside it.
double seconds_at_limits(const Work& work, Index threads);

}  // namespace bench
