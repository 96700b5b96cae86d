// expect: missing: void maximize(mix::ConstVectorRef sum)
#include "mix/concepts.h"

struct Hoarder {
  mix::Index dimension() const { return 1; }
  mix::Index parameter_count() const { return 0; }
  void log_density(mix::Rows, mix::VectorRef) const {}
  mix::Index statistics_size() const { return 1; }
  void accumulate(mix::Rows, mix::Weights, mix::VectorRef) const {}
};

static_assert(mix::check_component<Hoarder>());
