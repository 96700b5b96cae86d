#pragma once

#include <string>
#include <string_view>

namespace mix {

// What a cell of a text file says. Private to the library.
enum class CellContent { missing, number, infinite, text };

// The content of a cell, and its value when it is a number. Blanks around a number do not count; a
// number is decimal with an optional sign and exponent. `infinite` is also a number beyond the
// range of a double.
CellContent parse_cell(std::string_view cell, double& value);

// The shortest decimal digits that read back as the same double.
std::string shortest(double value);

// Whether an infinite cell is one by its digits, beyond the range of a double, rather than by a
// word.
bool has_digits(std::string_view cell);

// The message for a cell, at `place`, that is infinite or beyond the range of a double.
std::string infinite_message(std::string_view place, std::string_view cell);

// The message for a file without any row.
std::string no_rows_message(std::string_view source_name);

// The message about text in another encoding, such as Latin-1; `what`: "the name".
std::string not_utf8_message(std::string_view place, std::string_view what);

// What a user can do about a text where a number is needed.
std::string not_a_number_remedy(std::string_view text);

}  // namespace mix
