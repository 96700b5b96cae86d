#pragma once

#include <cstddef>
#include <string_view>

namespace mix {

/// The length of the UTF-8 character at the start of `text`, which is not empty; 0 when it is not a
/// valid one.
std::size_t character_length(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace mix
