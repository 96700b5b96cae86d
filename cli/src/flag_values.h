#pragma once

#include <string>
#include <string_view>

#include "mix/assignment.h"
#include "mix/models/compare.h"

namespace mix::cli {

/// Whether the text of --components asks for one run downwards instead of a fit for each number.
bool annihilates(std::string_view components);

/// `3`, `1-9`, `mml:20` or `mml:2-20`; throws std::invalid_argument for anything else.
Components parse_components(const std::string& given);

/// The text of --assignment; throws std::invalid_argument that lists what it may be.
AnyAssignment parse_assignment(const std::string& text);

}  // namespace mix::cli
