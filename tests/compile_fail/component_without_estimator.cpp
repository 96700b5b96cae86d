// expect: missing an estimator
// expect: statistics_size() const, accumulate(x, w, statistics) const, maximize(sum)
#include "mix/concepts.h"

struct Rigid {
  mix::Index dimension() const { return 1; }
  mix::Index parameter_count() const { return 0; }
  void log_density(mix::Rows, mix::VectorRef) const {}
};

static_assert(mix::check_component<Rigid>());
