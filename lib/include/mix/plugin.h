#pragma once

#include <Eigen/Core>

#include "mix/registry.h"

/// What a shared library must agree about with the program that loads it: the layout of the classes
/// that pass between the two (the first number, raised when one of them changes), and Eigen.
#define MIXTURE_PLUGIN_TEXT(x) #x
#define MIXTURE_PLUGIN_VALUE(x) MIXTURE_PLUGIN_TEXT(x)
#define MIXTURE_PLUGIN_INTERFACE                                                  \
  "1, Eigen " MIXTURE_PLUGIN_VALUE(EIGEN_WORLD_VERSION) "." MIXTURE_PLUGIN_VALUE( \
      EIGEN_MAJOR_VERSION) ", alignment " MIXTURE_PLUGIN_VALUE(EIGEN_MAX_ALIGN_BYTES)

/// Makes a shared library a plugin of the program: what stands in the braces adds families to
/// `known`, as in
///
///     MIXTURE_PLUGIN(known) { known.add(mix::entry_of(mix::Autodiff<Gumbel>())); }
///
/// Once in a library, outside of namespaces. Compile with -shared -fPIC, and do not link the
/// library mixture: its functions are those of the program.
// A parameter of a function needs a name without parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define MIXTURE_PLUGIN(known)                                                                   \
  extern "C" [[gnu::visibility("default")]] const char* mixture_plugin_interface() {            \
    return MIXTURE_PLUGIN_INTERFACE;                                                            \
  }                                                                                             \
  extern "C" [[gnu::visibility("default")]] void mixture_plugin_families(mix::Registry& known); \
  void mixture_plugin_families(mix::Registry& known)
// NOLINTEND(bugprone-macro-parentheses)
