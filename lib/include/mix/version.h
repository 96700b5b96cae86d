#pragma once

#include <string_view>

namespace mix {

/// The version of the linked library, as "major.minor.patch".
std::string_view version();

}  // namespace mix
