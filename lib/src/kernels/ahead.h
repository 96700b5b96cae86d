#pragma once

#include "mix/types.h"

namespace mix::kernels {

/// Rows that are read later, perhaps none: a line of each column now and then, instead of a wait
/// for all of them.
struct Ahead {
  Ahead() = default;
  explicit Ahead(Rows next)
      : data(next.data()), stride(next.outerStride()), rows(next.rows()), columns(next.cols()) {}

  const double* data = nullptr;
  Index stride = 0;
  Index rows = 0;
  Index columns = 0;
};

}  // namespace mix::kernels
