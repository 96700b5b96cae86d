#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mix {

/// The parts between separators, blanks around them removed; no part for an empty text.
std::vector<std::string> split(std::string_view text, char separator);

}  // namespace mix
