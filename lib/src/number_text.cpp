#include "number_text.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>
#include <system_error>

#include "mix/errors.h"
#include "trimmed.h"

namespace mix {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool equal_but_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(text[i])) != lower[i]) return false;
  }
  return true;
}

// from_chars reports a number too near 0 as it reports one too large, without a value.
double beyond_range(std::string_view digits) {
  std::istringstream stream{std::string(digits)};
  stream.imbue(std::locale::classic());
  double value = 0.0;
  stream >> value;
  return stream.fail() ? std::numeric_limits<double>::infinity() : value;
}

}  // namespace

CellContent parse_cell(std::string_view cell, double& value) {
  cell = trimmed(cell);
  if (cell.empty()) return CellContent::missing;
  const bool has_sign = cell.front() == '+' || cell.front() == '-';
  const std::string_view unsigned_cell = cell.substr(has_sign ? 1 : 0);
  if (unsigned_cell.empty()) return CellContent::text;

  if (is_digit(unsigned_cell.front()) || unsigned_cell.front() == '.') {
    const std::string_view digits = cell.front() == '+' ? unsigned_cell : cell;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (stop != end || error == std::errc::invalid_argument) return CellContent::text;
    if (error == std::errc::result_out_of_range) value = beyond_range(digits);
    return std::isfinite(value) ? CellContent::number : CellContent::infinite;
  }
  // Not every spelling of nan in capitals and small letters: Nan is also a name.
  if (cell == "NA" || cell == "nan" || cell == "NaN" || cell == "NAN" || cell == "-nan") {
    return CellContent::missing;
  }
  if (equal_but_case(unsigned_cell, "inf") || equal_but_case(unsigned_cell, "infinity")) {
    value = cell.front() == '-' ? -std::numeric_limits<double>::infinity()
                                : std::numeric_limits<double>::infinity();
    return CellContent::infinite;
  }
  return CellContent::text;
}

std::string shortest(double value) { return fmt::format("{}", value); }

bool has_digits(std::string_view cell) {
  return cell.find_first_of("0123456789") != std::string_view::npos;
}

std::string infinite_message(std::string_view place, std::string_view cell) {
  return fmt::format("{}: {} is {}; correct the cell, or write NA if the value is missing", place,
                     in_quotes(cell),
                     has_digits(cell) ? "beyond the range of a double (1.8e308)" : "infinite");
}

std::string no_rows_message(std::string_view source_name) {
  return fmt::format("{} has no rows, only a header; a table needs at least one row of values",
                     source_name);
}

std::string not_a_number_remedy(std::string_view text) {
  const std::size_t comma = text.find(',');
  double value = 0.0;
  if (comma != std::string_view::npos && text.find(',', comma + 1) == std::string_view::npos) {
    std::string with_point(text);
    with_point[comma] = '.';
    if (parse_cell(with_point, value) == CellContent::number) {
      return "write decimals with a point";
    }
  }
  return "correct the cell, write NA if the value is missing, or use the column as categories";
}

std::string not_utf8_message(std::string_view place, std::string_view what) {
  return fmt::format("{}: {} is not UTF-8; save the file as UTF-8 (iconv -f LATIN1 -t UTF-8)",
                     place, what);
}

}  // namespace mix
