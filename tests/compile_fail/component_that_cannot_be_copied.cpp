// expect: a component must be copyable
#include <memory>

#include "mix/concepts.h"

struct Unique {
  std::unique_ptr<double> rate;
  mix::Index dimension() const { return 1; }
  mix::Index parameter_count() const { return 1; }
  void log_density(mix::Rows, mix::VectorRef) const {}
  void fit(mix::Rows, mix::Weights) {}
};

static_assert(mix::check_component<Unique>());
