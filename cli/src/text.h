#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mix::cli {

/// The parts between separators, blanks around them removed; no part for an empty text.
std::vector<std::string> split(std::string_view text, char separator);

/// The parts with a separator between them.
std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// `1 row`, `2 rows`.
std::string count_of(long long n, std::string_view noun);

/// A number for people: four significant digits, whole digits never cut, no exponent unless needed.
std::string brief(double value);

/// The text cut to a number of characters (code points), with `~` in place of what was cut.
std::string shortened(std::string_view text, std::size_t width);

/// The number of code points of a UTF-8 text.
std::size_t width_of(std::string_view text);

/// Blanks before or after the text up to a width in code points.
std::string pad_left(std::string_view text, std::size_t width);
std::string pad_right(std::string_view text, std::size_t width);

}  // namespace mix::cli
