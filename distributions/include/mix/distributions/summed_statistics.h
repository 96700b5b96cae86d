#pragma once

#include "mix/any_rows.h"
#include "mix/parallel.h"
#include "mix/types.h"

namespace mix {

/// The statistics of all rows, whose weights are `w`, under the current parameters of a streaming
/// distribution: for those whose first estimate needs more than one pass.
template <class D>
Vector summed_statistics(const D& distribution, const AnyRows& x, Weights w) {
  return sum_over_blocks(
      x.rows(), distribution.statistics_size(), [&](Index first, Index count, VectorRef sum) {
        distribution.accumulate(*DenseBlock(x, first, count), w.segment(first, count), sum);
      });
}

}  // namespace mix
