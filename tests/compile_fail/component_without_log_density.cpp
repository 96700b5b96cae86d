// expect: missing: void log_density(mix::Rows x, mix::VectorRef out) const
#include "mix/concepts.h"

struct Mute {
  mix::Index dimension() const { return 1; }
  mix::Index parameter_count() const { return 0; }
  void fit(mix::Rows, mix::Weights) {}
};

static_assert(mix::check_component<Mute>());
