#include "csv_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "mix/errors.h"
#include "mix/utf8.h"
#include "number_text.h"

namespace mix {
namespace {

constexpr std::size_t first_buffer_size = std::size_t{1} << 20U;
constexpr std::size_t longest_record = std::size_t{1} << 28U;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Line ends inside a quoted cell: LF, CRLF or CR.
Index count_line_ends(std::string_view text) {
  Index ends = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool lone_return = text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    if (text[i] == '\n' || lone_return) ++ends;
  }
  return ends;
}

// The commonest candidate in the first line that is not blank, outside quotes.
char find_separator(std::string_view text) {
  constexpr std::string_view candidates = ",;\t";
  std::array<Index, candidates.size()> counts{};
  bool in_quotes = false;
  bool blank = true;
  for (const char c : text) {
    if (c == '"') in_quotes = !in_quotes;
    if (in_quotes) continue;
    if ((c == '\n' || c == '\r') && !blank) break;
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') blank = false;
    const std::size_t i = candidates.find(c);
    if (i != std::string_view::npos) ++counts[i];
  }
  return candidates[static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) -
                                             counts.begin())];
}

}  // namespace

std::string CsvCell::content() const {
  if (!doubled) return std::string(raw);
  std::string text;
  text.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    text += raw[i];
    if (raw[i] == '"') ++i;
  }
  return text;
}

CsvRecords::CsvRecords(std::string_view text, std::string source_name, const CsvOptions& options)
    : window_(text), source_name_(std::move(source_name)) {
  read_header(options);
}

CsvRecords::CsvRecords(Bytes bytes, std::string source_name, const CsvOptions& options)
    : bytes_(std::move(bytes)), exhausted_(false), source_name_(std::move(source_name)) {
  read_more();
  read_header(options);
}

std::string CsvRecords::place(Index line, std::size_t j) const {
  if (j >= names_.size()) return fmt::format("{} line {}, column {}", source_name_, line, j + 1);
  return fmt::format("{} line {}, column {}", source_name_, line, in_quotes(names_[j]));
}

void CsvRecords::check_encoding() const {
  if (window_.starts_with("\xFF\xFE") || window_.starts_with("\xFE\xFF")) {
    throw DataError(
        fmt::format("{} is text in UTF-16; save it as UTF-8 and read that", source_name_));
  }
  if (window_.substr(0, first_buffer_size).find('\0') != std::string_view::npos) {
    throw DataError(fmt::format(
        "{} is not a text file (it holds zero bytes); save the table as CSV and read that",
        source_name_));
  }
}

void CsvRecords::read_header(const CsvOptions& options) {
  check_encoding();
  if (window_.starts_with(byte_order_mark)) position_ = byte_order_mark.size();
  separator_ = options.separator.value_or(find_separator(window_.substr(position_)));
  if (separator_ == '"' || separator_ == '\n' || separator_ == '\r') {
    throw std::invalid_argument(
        "a quote or a line end cannot separate cells; use a comma, a semicolon or a tab");
  }
  first_position_ = position_;
  std::vector<CsvCell> cells;
  if (!next_of_any_length(cells)) {
    throw DataError(fmt::format(
        "{} is empty; a table needs a line of column names and at least one row", source_name_));
  }
  if (options.header == HeaderRow::absent) {
    for (std::size_t j = 1; j <= cells.size(); ++j) names_.push_back(fmt::format("x{}", j));
    unnamed_.assign(cells.size(), false);
    rewind();
    return;
  }
  name_columns(cells);
  first_position_ = position_;
  first_line_ = next_line_;
}

void CsvRecords::name_columns(const std::vector<CsvCell>& cells) {
  const CsvCell* number = nullptr;
  bool any_name = false;
  double value = 0.0;
  for (const CsvCell& cell : cells) {
    const CellContent content = parse_cell(cell.raw, value);
    // Quotes say that a number is meant as a name, as other programs write such names.
    if (content == CellContent::number && !cell.quoted) {
      if (number == nullptr) number = &cell;
    } else if (content != CellContent::missing) {
      any_name = true;
    }
  }
  if (number != nullptr && !any_name) {
    throw DataError(fmt::format(
        "{} line {}: the header holds numbers ({}) where the columns' names should be; add a line "
        "of names above, put the names in quotes, or in C++ read with header = absent",
        source_name_, record_line_, in_quotes(number->raw)));
  }

  std::unordered_map<std::string, std::size_t> seen;
  std::vector<std::string> names;
  for (std::size_t j = 0; j < cells.size(); ++j) {
    std::string name = cells[j].content();
    if (!is_utf8(name)) throw DataError(not_utf8_message(place(record_line_, j), "the name"));
    unnamed_.push_back(name.find_first_not_of(" \t") == std::string::npos);
    if (unnamed_.back()) name = fmt::format("column_{}", j + 1);
    const auto [first, is_new] = seen.emplace(name, j);
    if (!is_new) {
      throw DataError(
          fmt::format("{} line {}: columns {} and {} are both named {}; rename one of them",
                      source_name_, record_line_, first->second + 1, j + 1, in_quotes(name)));
    }
    names.push_back(std::move(name));
  }
  names_ = std::move(names);
}

void CsvRecords::rewind() {
  position_ = first_position_;
  next_line_ = first_line_;
}

bool CsvRecords::next(std::vector<CsvCell>& cells) {
  if (!next_of_any_length(cells)) return false;
  if (cells.size() == names_.size()) return true;
  throw DataError(fmt::format(
      "{} line {}: found {} cells where {} are expected, one for each column; check the line for a "
      "missing or an extra separator ({}) and for a quote that does not end",
      source_name_, record_line_, cells.size(), names_.size(),
      separator_ == '\t' ? "tab" : std::string(1, separator_)));
}

bool CsvRecords::next_of_any_length(std::vector<CsvCell>& cells) {
  for (;;) {
    if (position_ == window_.size() && exhausted_) return false;
    if (scan(cells) == Scan::needs_more_text) {
      read_more();
      continue;
    }
    const bool is_blank_line = cells.size() == 1 && !cells[0].quoted && cells[0].raw.empty();
    if (!is_blank_line) return true;
  }
}

void CsvRecords::read_more() {
  const std::size_t kept = window_.size() - position_;
  if (kept > longest_record) {
    throw DataError(fmt::format(
        "{} line {}: the row is longer than {} bytes; check it for a quote that does not end",
        source_name_, next_line_, longest_record));
  }
  // Twice the record at hand: a long record is then scanned only a few times.
  const std::size_t size = std::max(first_buffer_size, 2 * kept);
  std::string larger;
  std::string& target = size > buffer_.size() ? larger : buffer_;
  if (size > buffer_.size()) larger.resize(size);
  if (kept > 0) std::memmove(target.data(), window_.data() + position_, kept);
  const std::size_t count = bytes_(target.data() + kept, target.size() - kept);
  exhausted_ = count < target.size() - kept;
  if (&target == &larger) buffer_ = std::move(larger);
  window_ = std::string_view(buffer_).substr(0, kept + count);
  position_ = 0;
}

// Scans one record from `position_`. Nothing changes when the record may go on after the window.
CsvRecords::Scan CsvRecords::scan(std::vector<CsvCell>& cells) {
  cells.clear();
  const char* const end = window_.data() + window_.size();
  const char* p = window_.data() + position_;
  Index breaks = 0;
  record_line_ = next_line_;
  for (;;) {
    const char* start = p;
    while (start < end && is_blank(*start)) ++start;
    if (start < end && *start == '"') {
      p = start;
      if (scan_quoted(p, breaks, cells) == Scan::needs_more_text) return Scan::needs_more_text;
    } else {
      p = start;
      while (p < end && !ends_cell(*p)) ++p;
      const char* stop = p;
      while (stop > start && is_blank(stop[-1])) --stop;
      cells.push_back({std::string_view(start, static_cast<std::size_t>(stop - start))});
    }
    if (p == end) {
      if (!exhausted_) return Scan::needs_more_text;
      break;
    }
    if (*p++ == separator_) continue;
    if (p[-1] == '\r') {
      if (p == end && !exhausted_) return Scan::needs_more_text;
      if (p < end && *p == '\n') ++p;
    }
    ++breaks;
    break;
  }
  position_ = static_cast<std::size_t>(p - window_.data());
  next_line_ += breaks;
  return Scan::complete;
}

// Scans a cell from its opening quote to the separator or line end after it.
CsvRecords::Scan CsvRecords::scan_quoted(const char*& p, Index& breaks,
                                         std::vector<CsvCell>& cells) const {
  const char* const end = window_.data() + window_.size();
  const char* const start = ++p;
  CsvCell cell{.quoted = true};
  for (;;) {
    p = std::find(p, end, '"');
    if (p == end) {
      if (!exhausted_) return Scan::needs_more_text;
      throw DataError(fmt::format(
          "{}: the quote before {} does not end; add the closing quote, or write a quote "
          "that is part of the text twice",
          place(next_line_ + breaks, cells.size()),
          in_quotes(std::string_view(start, static_cast<std::size_t>(end - start)))));
    }
    if (p + 1 == end || p[1] != '"') break;
    cell.doubled = true;
    p += 2;
  }
  if (p + 1 == end && !exhausted_) return Scan::needs_more_text;
  cell.raw = std::string_view(start, static_cast<std::size_t>(p - start));
  breaks += count_line_ends(cell.raw);
  ++p;
  while (p < end && is_blank(*p)) ++p;
  if (p < end && !ends_cell(*p)) {
    throw DataError(fmt::format(
        "{}: text follows the closing quote of {}; quote the whole cell and write a quote that is "
        "part of the text twice",
        place(next_line_ + breaks, cells.size()), in_quotes(cell.raw)));
  }
  cells.push_back(cell);
  return Scan::complete;
}

}  // namespace mix
