#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mix {

/// The parts between separators, blanks around them removed; no part for an empty text.
std::vector<std::string> split(std::string_view text, char separator);

/// The same of names, of which one that holds a separator may stand in double quotes, as in CSV, at
/// its beginning or after a plus.
std::vector<std::string> split_names(std::string_view text, char separator);

/// A name without the quotes of split_names, if it has some.
std::string unquoted(std::string_view text);

/// Where `what` first stands outside the quotes of split_names; npos where it does not.
std::size_t find_outside_quotes(std::string_view text, std::string_view what);

/// Names so that split_names finds them again.
std::string join_names(const std::vector<std::string>& names, char separator);

}  // namespace mix
