// expect: missing: void accumulate(mix::Rows x, mix::Weights w, mix::VectorRef statistics) const
#include "mix/concepts.h"

struct Restless {
  mix::Index dimension() const { return 1; }
  mix::Index parameter_count() const { return 0; }
  void log_density(mix::Rows, mix::VectorRef) const {}
  mix::Index statistics_size() const { return 1; }
  void accumulate(mix::Rows, mix::Weights, mix::VectorRef) {}  // not const
  void maximize(mix::ConstVectorRef) {}
};

static_assert(mix::check_component<Restless>());
