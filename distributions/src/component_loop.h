#pragma once

#include "mix/parallel.h"
#include "mix/types.h"

namespace mix {

/// Calls body(c) for each of k components, whose work is of the order of d^3 operations, on several
/// threads where that pays.
template <class Body>
void for_each_component(Index k, Index d, const Body& body) {
  constexpr double parallel_work = 1e6;
  const auto n = static_cast<double>(d);
  if (k > 1 && static_cast<double>(k) * n * n * n > parallel_work) {
    for_each_index(k, body);
  } else {
    for (Index c = 0; c < k; ++c) body(c);
  }
}

}  // namespace mix
