// expect: this is a family (it has size() and log_densities()), not one distribution
#include "mix/concepts.h"
#include "mix/distributions/student_t.h"

static_assert(mix::check_component<mix::StudentT>());
