#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "csv_records.h"
#include "input_file.h"
#include "mix/errors.h"
#include "number_text.h"

namespace mix {
namespace {

constexpr double missing_value = std::numeric_limits<double>::quiet_NaN();

// The codes of a category column's levels, by text and, for levels that are numbers, by value: a
// level "1" that came from a number is also the cell "1.0".
class LevelCodes {
 public:
  explicit LevelCodes(const std::vector<std::string>& levels) {
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const double code = static_cast<double>(i);
      by_text_.emplace(levels[i], code);
      double value = 0.0;
      if (parse_cell(levels[i], value) == CellContent::number) by_value_.emplace(value, code);
    }
  }

  std::optional<double> find(const std::string& text) const {
    const auto known = by_text_.find(text);
    if (known != by_text_.end()) return known->second;
    double value = 0.0;
    if (by_value_.empty() || parse_cell(text, value) != CellContent::number) return std::nullopt;
    const auto equal = by_value_.find(value);
    return equal == by_value_.end() ? std::nullopt : std::optional(equal->second);
  }

 private:
  std::unordered_map<std::string, double> by_text_;
  std::unordered_map<double, double> by_value_;
};

}  // namespace

class CsvReader::State {
 public:
  State(const std::filesystem::path& path, std::vector<Column> columns, const CsvOptions& options,
        UnknownLevel unknown)
      : file_(path),
        records_([this](char* to, std::size_t size) { return file_.read(to, size); }, path.string(),
                 options),
        columns_(std::move(columns)),
        unknown_(unknown) {
    // The constructor of Table knows what a table's columns must be.
    static_cast<void>(Table(columns_, Eigen::MatrixXd(0, static_cast<Index>(columns_.size()))));
    for (const Column& column : columns_) {
      positions_.push_back(position_of(column.name));
      codes_.emplace_back(column.levels);
    }
  }

  bool read_block(Index max_rows, Table& block) {
    if (max_rows < 1) {
      throw std::invalid_argument(
          fmt::format("a block of {} rows is asked for; ask for at least 1", max_rows));
    }
    const Index d = static_cast<Index>(columns_.size());
    // A caller may ask for "all" by a huge number: the block grows with the rows that come.
    Eigen::MatrixXd values(std::min<Index>(max_rows, 4096), d);
    TableSource source{records_.source_name()};
    Index rows = 0;
    while (rows < max_rows && records_.next(cells_)) {
      if (rows == values.rows()) {
        values.conservativeResize(std::min(max_rows, 2 * rows), Eigen::NoChange);
      }
      source.lines.append(records_.line());
      for (std::size_t j = 0; j < columns_.size(); ++j) {
        values(rows, static_cast<Index>(j)) = value(j);
      }
      ++rows;
    }
    rows_read_ += rows;
    if (rows_read_ == 0) throw DataError(no_rows_message(records_.source_name()));
    values.conservativeResize(rows, Eigen::NoChange);

    std::vector<Column> columns = columns_;
    for (Index j = 0; j < d; ++j) {
      Column& column = columns[static_cast<std::size_t>(j)];
      if (column.kind != ColumnKind::category) column.kind = numeric_kind(values.col(j));
    }
    block = Table(std::move(columns), std::move(values), std::move(source));
    return rows > 0;
  }

  Index rows_read() const { return rows_read_; }

 private:
  std::size_t position_of(const std::string& name) const {
    const std::vector<std::string>& names = records_.names();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    const std::string suggestion = did_you_mean(name, names);
    throw DataError(fmt::format("{} has no column {}{} the file has {}", records_.source_name(),
                                in_quotes(name), suggestion.empty() ? ";" : suggestion,
                                in_quotes(names)));
  }

  // The value of asked column j in the latest record.
  double value(std::size_t j) const {
    const CsvCell& cell = cells_[positions_[j]];
    double number = 0.0;
    const CellContent content = parse_cell(cell.raw, number);
    if (content == CellContent::missing) return missing_value;
    if (columns_[j].kind == ColumnKind::category) return code(j, cell.content());
    if (content == CellContent::number) return number;
    const std::string place = records_.place(positions_[j]);
    const std::string text = cell.content();
    if (content == CellContent::infinite && columns_[j].infinite_cells && !has_digits(text)) {
      return number;
    }
    if (content == CellContent::infinite) throw DataError(infinite_message(place, text));
    throw DataError(fmt::format("{}: {} is not a number; {}", place, in_quotes(text),
                                not_a_number_remedy(text)));
  }

  double code(std::size_t j, const std::string& text) const {
    const std::optional<double> known = codes_[j].find(text);
    if (known) return *known;
    if (unknown_ == UnknownLevel::missing) return missing_value;
    throw DataError(
        fmt::format("{}: {} is not one of the known categories ({}); correct the cell, or write NA",
                    records_.place(positions_[j]), in_quotes(text), in_quotes(columns_[j].levels)));
  }

  InputFile file_;
  CsvRecords records_;
  std::vector<Column> columns_;
  UnknownLevel unknown_;
  std::vector<std::size_t> positions_;
  std::vector<LevelCodes> codes_;
  std::vector<CsvCell> cells_;
  Index rows_read_ = 0;
};

CsvReader::CsvReader(const std::filesystem::path& path, std::vector<Column> columns,
                     const CsvOptions& options, UnknownLevel unknown)
    : state_(std::make_unique<State>(path, std::move(columns), options, unknown)) {}

CsvReader::CsvReader(CsvReader&&) noexcept = default;
CsvReader& CsvReader::operator=(CsvReader&&) noexcept = default;
CsvReader::~CsvReader() = default;

bool CsvReader::read_block(Index max_rows, Table& block) {
  return state_->read_block(max_rows, block);
}

Index CsvReader::rows_read() const { return state_->rows_read(); }

}  // namespace mix
