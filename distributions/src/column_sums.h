#pragma once

#include "mix/missing.h"
#include "mix/types.h"

namespace mix {

/// Adds the weight of rows that all lack the same cells, then the weighted sums of their columns,
/// missing cells as the `mean` expected there. Rows with a cell that is not valid count for
/// nothing.
template <class Mean, class Valid>
void add_expected(Rows x, const MissingColumns& columns, Weights w, const Mean& mean,
                  const Valid& valid, VectorRef statistics) {
  double mass = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    bool all = w[i] > 0;
    for (const Index j : columns.observed) all = all && valid(x(i, j));
    if (!all) continue;
    mass += w[i];
    for (const Index j : columns.observed) statistics[1 + j] += w[i] * x(i, j);
  }
  statistics[0] += mass;
  for (const Index j : columns.missing) statistics[1 + j] += mass * mean[j];
}

}  // namespace mix
