#pragma once

#include <string>
#include <vector>

#include "mix/any_family.h"

namespace mix {

// Why a component, named by its number, looks like an artifact; empty when none does.
std::string find_flaw(const AnyFamily& family, const Vector& mass);

// What the components have to say about their parameters; what several say alike is said once.
std::vector<std::string> find_cautions(const AnyFamily& family);

}  // namespace mix
