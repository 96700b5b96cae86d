#include "mix/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "csv_records.h"
#include "mix/errors.h"
#include "mix/files.h"
#include "mix/utf8.h"
#include "number_text.h"

namespace mix {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

// Finds out what a column is while its cells arrive. A column begins as numbers; the first text
// turns it into categories, and the cells before, whose digits are gone, are read again at the end.
class ColumnReader {
 public:
  explicit ColumnReader(bool allows_infinite) : allows_infinite_(allows_infinite) {}

  // The value of the next cell: a number, the code of a text in the order of appearance, or NaN.
  double read(const CsvCell& cell, Index line) {
    double value = 0.0;
    const CellContent content = parse_cell(cell.raw, value);
    if (content == CellContent::missing) return missing;
    if (content == CellContent::text && !first_text_) {
      first_text_ = TextCell{line, cell.content()};
      began_as_numbers_ = any_value_;
    }
    any_value_ = true;
    if (first_text_) return code(cell, line);
    if (content == CellContent::number) return value;
    if (allows_infinite_ && !has_digits(cell.raw)) return value;
    if (!first_infinite_) first_infinite_ = TextCell{line, cell.content()};
    return missing;
  }

  double read_again(const CsvCell& cell, Index line) {
    double value = 0.0;
    return parse_cell(cell.raw, value) == CellContent::missing ? missing : code(cell, line);
  }

  bool is_empty() const { return !any_value_; }
  bool allows_infinite() const { return allows_infinite_; }
  bool is_text() const { return first_text_.has_value(); }
  bool began_as_numbers() const { return began_as_numbers_; }
  const std::optional<TextCell>& first_text() const { return first_text_; }
  const std::optional<TextCell>& first_infinite() const { return first_infinite_; }
  const std::optional<Index>& first_not_utf8() const { return first_not_utf8_; }

  // The levels in order; `values` change from codes by appearance to codes by order.
  std::vector<std::string> sort_levels(Eigen::Ref<Eigen::VectorXd> values) const {
    std::vector<std::pair<std::string, double>> sorted(codes_.begin(), codes_.end());
    std::sort(sorted.begin(), sorted.end());
    std::vector<double> rank(sorted.size());
    std::vector<std::string> levels;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      rank[static_cast<std::size_t>(sorted[i].second)] = static_cast<double>(i);
      levels.push_back(std::move(sorted[i].first));
    }
    for (double& value : values) {
      if (!std::isnan(value)) value = rank[static_cast<std::size_t>(value)];
    }
    return levels;
  }

 private:
  double code(const CsvCell& cell, Index line) {
    const double next = static_cast<double>(codes_.size());
    if (!first_not_utf8_ && cell.doubled && !is_utf8(cell.raw)) first_not_utf8_ = line;
    if (cell.doubled) return codes_.try_emplace(cell.content(), next).first->second;
    const auto known = codes_.find(cell.raw);
    if (known != codes_.end()) return known->second;
    if (!first_not_utf8_ && !is_utf8(cell.raw)) first_not_utf8_ = line;
    codes_.emplace(cell.raw, next);
    return next;
  }

  std::unordered_map<std::string, double, TextHash, std::equal_to<>> codes_;
  std::optional<TextCell> first_text_;
  std::optional<TextCell> first_infinite_;
  std::optional<Index> first_not_utf8_;
  bool allows_infinite_ = false;
  bool any_value_ = false;
  bool began_as_numbers_ = false;
};

// At least the number of rows, unless line ends are mixed. A row of d columns takes d bytes, so
// that a file of blank lines does not ask for more memory than its size warrants.
Index likely_rows(std::string_view text, std::size_t d) {
  auto ends = std::count(text.begin(), text.end(), '\n');
  if (ends == 0) ends = std::count(text.begin(), text.end(), '\r');
  return std::min(static_cast<Index>(ends), static_cast<Index>(text.size() / d)) + 1;
}

void refuse_infinite(const CsvRecords& records, const std::vector<ColumnReader>& columns) {
  const ColumnReader* first = nullptr;
  for (const ColumnReader& column : columns) {
    if (column.is_text() || !column.first_infinite()) continue;
    if (first == nullptr || column.first_infinite()->line < first->first_infinite()->line) {
      first = &column;
    }
  }
  if (first == nullptr) return;
  const auto j = static_cast<std::size_t>(first - columns.data());
  const TextCell& cell = *first->first_infinite();
  throw DataError(infinite_message(records.place(cell.line, j), cell.text));
}

Table read_records(CsvRecords& records, std::string_view text, const CsvOptions& options) {
  const std::size_t d = records.names().size();
  const Index columns_in_file = static_cast<Index>(d);
  Eigen::MatrixXd values(likely_rows(text, d), columns_in_file);
  std::vector<ColumnReader> readers;
  for (const std::string& name : records.names()) {
    readers.emplace_back(options.allows_infinite && options.allows_infinite(name));
  }
  std::vector<CsvCell> cells;
  TableSource source{records.source_name()};
  Index rows = 0;
  for (; records.next(cells); ++rows) {
    if (rows == values.rows()) values.conservativeResize(2 * rows, Eigen::NoChange);
    source.lines.append(records.line());
    for (std::size_t j = 0; j < d; ++j) {
      values(rows, static_cast<Index>(j)) = readers[j].read(cells[j], records.line());
    }
  }
  if (rows == 0) throw DataError(no_rows_message(records.source_name()));
  refuse_infinite(records, readers);
  if (rows < values.rows()) values.conservativeResize(rows, Eigen::NoChange);

  if (std::any_of(readers.begin(), readers.end(), std::mem_fn(&ColumnReader::began_as_numbers))) {
    records.rewind();
    for (Index i = 0; records.next(cells); ++i) {
      for (std::size_t j = 0; j < d; ++j) {
        if (!readers[j].began_as_numbers()) continue;
        values(i, static_cast<Index>(j)) = readers[j].read_again(cells[j], records.line());
      }
    }
  }

  std::vector<Column> columns;
  std::vector<Index> kept;
  for (std::size_t j = 0; j < d; ++j) {
    // A separator at the end of each line makes a column that nobody meant.
    if (d > 1 && records.is_unnamed(j) && readers[j].is_empty()) continue;
    const Index in_file = static_cast<Index>(j);
    Column column{records.names()[j]};
    if (readers[j].is_text()) {
      column.kind = ColumnKind::category;
      column.levels = readers[j].sort_levels(values.col(in_file));
    } else {
      column.kind = numeric_kind(values.col(in_file));
      column.infinite_cells = readers[j].allows_infinite();
    }
    columns.push_back(std::move(column));
    source.first_text.push_back(readers[j].first_text());
    source.not_utf8.push_back(readers[j].first_not_utf8());
    kept.push_back(in_file);
  }
  if (static_cast<Index>(kept.size()) < columns_in_file) {
    values = Eigen::MatrixXd(values(Eigen::all, kept));
  }
  Table table(std::move(columns), std::move(values), std::move(source));
  if (options.other_encodings == OtherEncodings::refused) table.require_utf8(table.names());
  return table;
}

void append_cell(fmt::memory_buffer& out, std::string_view text) {
  const bool has_blank_edge = text.starts_with(' ') || text.ends_with(' ') ||
                              text.starts_with('\t') || text.ends_with('\t');
  if (!text.empty() && !has_blank_edge &&
      text.find_first_of(",;\t\"\n\r") == std::string_view::npos) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

void check_levels(const Column& column) {
  double value = 0.0;
  for (const std::string& level : column.levels) {
    if (parse_cell(level, value) != CellContent::missing) continue;
    throw DataError(fmt::format(
        "column {}: the level {} cannot be written as CSV because it reads back as a missing cell; "
        "rename the level",
        in_quotes(column.name), in_quotes(level)));
  }
}

}  // namespace

Table parse_csv(std::string_view text, const std::string& source_name, const CsvOptions& options) {
  CsvRecords records(text, source_name, options);
  return read_records(records, text, options);
}

Table read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  return parse_csv(read_file(path), path.string(), options);
}

std::string csv_cell(std::string_view text) {
  fmt::memory_buffer out;
  append_cell(out, text);
  return fmt::to_string(out);
}

std::string format_csv(const Table& table) {
  fmt::memory_buffer out;
  double value = 0.0;
  for (Index j = 0; j < table.column_count(); ++j) {
    const std::string& name = table.column(j).name;
    check_levels(table.column(j));
    if (j > 0) out.push_back(',');
    // A header of unquoted numbers would be taken for a row.
    if (parse_cell(name, value) == CellContent::number) {
      fmt::format_to(std::back_inserter(out), "\"{}\"", name);
    } else {
      append_cell(out, name);
    }
  }
  out.push_back('\n');
  for (Index i = 0; i < table.rows(); ++i) {
    for (Index j = 0; j < table.column_count(); ++j) {
      if (j > 0) out.push_back(',');
      const Column& column = table.column(j);
      const double cell = table.value(i, j);
      if (std::isnan(cell)) {
        out.append(std::string_view("NA"));
      } else if (column.kind == ColumnKind::category) {
        append_cell(out, column.levels[static_cast<std::size_t>(cell)]);
      } else {
        fmt::format_to(std::back_inserter(out), "{}", cell);
      }
    }
    out.push_back('\n');
  }
  return fmt::to_string(out);
}

void write_csv(const std::filesystem::path& path, const Table& table) {
  write_file_atomically(path, format_csv(table));
}

}  // namespace mix
