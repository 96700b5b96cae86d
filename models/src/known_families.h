#pragma once

#include "mix/registry.h"

namespace mix {

/// registry(), to which plugins add.
Registry& known_families();

}  // namespace mix
