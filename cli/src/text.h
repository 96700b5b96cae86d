#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/split.h"  // IWYU pragma: export

namespace mix::cli {

/// The parts with a separator between them.
std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// `1 row`, `2 rows`.
std::string count_of(long long n, std::string_view noun);

/// A number for people: four significant digits, or more for `decimals` behind the point; whole
/// digits are never cut, and there is no exponent unless needed.
std::string brief(double value, int decimals = 0);

/// The place of the first digit that is not zero: 0 for ones, 1 for tens, -1 for tenths.
int leading_digit(double value);

/// The text with line breaks before words that would pass the width.
std::string wrapped(std::string_view text, std::size_t width, std::string_view indent = "");

/// The text cut to a number of characters (code points), with `~` in place of what was cut.
std::string shortened(std::string_view text, std::size_t width);

/// The number of code points of a UTF-8 text.
std::size_t width_of(std::string_view text);

/// Blanks before or after the text up to a width in code points.
std::string pad_left(std::string_view text, std::size_t width);
std::string pad_right(std::string_view text, std::size_t width);

}  // namespace mix::cli
