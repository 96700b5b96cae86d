#include <mix/plugin.h>

// A name that the library has itself.
MIXTURE_PLUGIN(known) {
  known.add({.name = "poisson", .empty = [] { return mix::AnyFamily(); }});
}
