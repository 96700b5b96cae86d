#pragma once

#include <vector>

#include "mix/registry.h"

namespace mix {

/// Every family of this folder by name: one entry each, in distributions/src/registry.cpp.
std::vector<FamilyEntry> distribution_entries();

}  // namespace mix
