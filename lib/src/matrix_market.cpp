#include "mix/matrix_market.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "mix/errors.h"
#include "mix/files.h"
#include "number_text.h"

namespace mix {
namespace {

constexpr std::int64_t most_stored = std::numeric_limits<int>::max();
constexpr std::string_view blanks = " \t\r\v\f";

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// The lines of a text and the words of a line.
class Lines {
 public:
  Lines(std::string_view text, std::string source_name)
      : rest_(text), source_name_(std::move(source_name)) {}

  // Goes to the next line; false at the end of the text.
  bool next() {
    if (rest_.empty()) return false;
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    ++number_;
    return true;
  }
  // The same, to one that is neither blank nor a comment.
  bool next_with_content() {
    while (next()) {
      const std::size_t first = line_.find_first_not_of(blanks);
      if (first != std::string_view::npos && line_[first] != '%') return true;
    }
    return false;
  }
  // Takes the next word of the line; empty when there is none.
  std::string_view word() {
    line_.remove_prefix(std::min(line_.find_first_not_of(blanks), line_.size()));
    const std::string_view found = line_.substr(0, line_.find_first_of(blanks));
    line_.remove_prefix(found.size());
    return found;
  }

  [[nodiscard]] Index number() const { return number_; }
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) const {
    refuse_line(number_, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  [[noreturn]] void refuse_line(Index line, fmt::format_string<Args...> text,
                                Args&&... args) const {
    throw DataError(fmt::format("{} line {}: ", source_name_, line) +
                    fmt::format(text, std::forward<Args>(args)...));
  }

  // The next word as a whole number from `least` to `most`.
  int whole(std::string_view what, std::int64_t least, std::int64_t most) {
    const std::string_view text = word();
    if (text.empty()) refuse("the {} is missing", what);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::invalid_argument || end != text.data() + text.size()) {
      refuse("the {} is {}; it must be a whole number", what, in_quotes(text));
    }
    if (error != std::errc() || value < least || value > most) {
      refuse("the {} is {}; it must lie between {} and {}", what, text, least, most);
    }
    return static_cast<int>(value);
  }
  double number_or_refuse() {
    const std::string_view text = word();
    if (text.empty()) refuse("the value is missing");
    double value = 0;
    if (parse_cell(text, value) != CellContent::number) {
      refuse("the value is {}; it must be a finite number", in_quotes(text));
    }
    return value;
  }
  void end_line() {
    const std::string_view text = word();
    if (!text.empty()) refuse("{} is one word too many", in_quotes(text));
  }

 private:
  std::string_view rest_;
  std::string_view line_;
  Index number_ = 0;
  std::string source_name_;
};

enum class Field { numbers, pattern };

Field read_header(Lines& lines) {
  constexpr std::string_view expected =
      "a file of this kind begins with \"%%MatrixMarket matrix coordinate real general\"";
  if (!lines.next()) lines.refuse_line(1, "the file is empty; {}", expected);
  const std::string banner = in_lower_case(lines.word());
  const std::string object = in_lower_case(lines.word());
  if (banner != "%%matrixmarket" || object != "matrix") {
    lines.refuse("this is no header of a matrix; {}", expected);
  }
  const std::string format = in_lower_case(lines.word());
  if (format != "coordinate") {
    lines.refuse("the format is {}; only coordinate is read, a dense matrix is better kept as CSV",
                 in_quotes(format));
  }
  const std::string field = in_lower_case(lines.word());
  if (field != "real" && field != "integer" && field != "pattern") {
    lines.refuse("the field is {}; real, integer and pattern are read", in_quotes(field));
  }
  const std::string symmetry = in_lower_case(lines.word());
  if (symmetry != "general") {
    lines.refuse("the symmetry is {}; only general is read: write all cells", in_quotes(symmetry));
  }
  lines.end_line();
  return field == "pattern" ? Field::pattern : Field::numbers;
}

struct Cell {
  int row;
  int column;
  double value;
  Index line;
};

}  // namespace

SparseMatrix parse_matrix_market(std::string_view text, const std::string& source_name) {
  Lines lines(text, source_name);
  const Field field = read_header(lines);
  if (!lines.next_with_content()) lines.refuse("the line \"rows columns cells\" is missing");
  const int rows = lines.whole("number of rows", 1, most_stored);
  const int columns = lines.whole("number of columns", 1, most_stored);
  const int count = lines.whole("number of cells", 0,
                                std::min(most_stored, std::int64_t{rows} * std::int64_t{columns}));
  lines.end_line();

  std::vector<Cell> cells;
  // An announcement takes no memory that the text does not justify: a line has 4 bytes at least.
  cells.reserve(std::min(static_cast<std::size_t>(count), text.size() / 4 + 1));
  while (lines.next_with_content()) {
    if (std::ssize(cells) == count) {
      lines.refuse("there are more cells than the {} announced", count);
    }
    Cell cell{lines.whole("row", 1, rows) - 1, lines.whole("column", 1, columns) - 1, 1,
              lines.number()};
    if (field == Field::numbers) cell.value = lines.number_or_refuse();
    lines.end_line();
    cells.push_back(cell);
  }
  if (std::ssize(cells) < count) {
    lines.refuse("the file ends after {} cells, but {} are announced", cells.size(), count);
  }
  const auto place = [](const Cell& cell) { return std::pair(cell.row, cell.column); };
  // Stable, so that of two with one place the second in the file is named.
  const auto before = [&](const Cell& a, const Cell& b) { return place(a) < place(b); };
  if (!std::is_sorted(cells.begin(), cells.end(), before)) {
    std::stable_sort(cells.begin(), cells.end(), before);
  }
  for (std::size_t i = 1; i < cells.size(); ++i) {
    if (place(cells[i - 1]) != place(cells[i])) continue;
    lines.refuse_line(cells[i].line,
                      "row {}, column {} stands in line {} already; name each cell once",
                      cells[i].row + 1, cells[i].column + 1, cells[i - 1].line);
  }

  SparseMatrix out(rows, columns);
  out.resizeNonZeros(count);
  std::fill_n(out.outerIndexPtr(), Index{rows} + 1, 0);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out.innerIndexPtr()[i] = cells[i].column;
    out.valuePtr()[i] = cells[i].value;
    ++out.outerIndexPtr()[cells[i].row + 1];
  }
  for (Index i = 0; i < rows; ++i) out.outerIndexPtr()[i + 1] += out.outerIndexPtr()[i];
  return out;
}

SparseMatrix read_matrix_market(const std::filesystem::path& path) {
  return parse_matrix_market(read_file(path), path.string());
}

}  // namespace mix
