#include "mix/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "mix/errors.h"
#include "mix/support.h"
#include "number_text.h"

namespace mix {
namespace {

constexpr std::size_t most_levels_of_numbers = 256;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

std::vector<std::string> default_names(Index count) {
  std::vector<std::string> names;
  for (Index i = 1; i <= count; ++i) names.push_back(fmt::format("x{}", i));
  return names;
}

void check_names(const std::vector<Column>& columns) {
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string& name = columns[i].name;
    if (name.empty()) {
      throw std::invalid_argument(
          fmt::format("column {} has an empty name; every column needs a name", i + 1));
    }
    if (!seen.insert(name).second) {
      throw std::invalid_argument(
          fmt::format("two columns are named {}; names must differ", in_quotes(name)));
    }
  }
}

// What is wrong with a value of a column, or an empty text.
std::string_view objection(const Column& column, double value) {
  if (std::isnan(value)) return "";
  if (std::isinf(value)) {
    return column.infinite_cells ? "" : "is infinite; use NaN for a missing value";
  }
  if (column.kind == ColumnKind::real) return "";
  if (!is_count(value)) return "is not a whole number from 0; give the column the kind real";
  if (column.kind == ColumnKind::category && value >= static_cast<double>(column.levels.size())) {
    return "is not the code of a level; codes run from 0 to the number of levels less 1";
  }
  return "";
}

}  // namespace

void RowLines::append(Index line) {
  if (runs_.empty() || runs_.back().line + (size_ - runs_.back().row) != line) {
    runs_.push_back({size_, line});
  }
  ++size_;
}

Index RowLines::operator[](Index row) const {
  const auto after =
      std::upper_bound(runs_.begin(), runs_.end(), row,
                       [](Index wanted, const Run& run) { return wanted < run.row; });
  const Run& run = *std::prev(after);
  return run.line + (row - run.row);
}

Table::Table(std::vector<Column> columns, Eigen::MatrixXd values, std::optional<TableSource> source)
    : Table(std::move(columns), std::make_shared<const Values>(std::move(values)),
            std::move(source)) {}

Table::Table(std::vector<Column> columns, std::shared_ptr<const Values> values,
             std::optional<TableSource> source)
    : columns_(std::move(columns)), values_(std::move(values)) {
  if (source) source_ = std::move(*source);
  if (static_cast<Index>(columns_.size()) != column_count()) {
    throw std::invalid_argument(fmt::format(
        "{} columns are described but the values have {}; describe each column of the values",
        columns_.size(), column_count()));
  }
  if ((source_.lines.size() != 0 && source_.lines.size() != rows()) ||
      (!source_.first_text.empty() && source_.first_text.size() != columns_.size()) ||
      (!source_.not_utf8.empty() && source_.not_utf8.size() != columns_.size())) {
    throw std::invalid_argument("the source must describe as many rows and columns as there are");
  }
  check_names(columns_);
  std::visit(
      [&](const auto& cells) {
        for (Index j = 0; j < cells.cols(); ++j) {
          for (Index i = 0; i < cells.rows(); ++i) {
            const auto cell = static_cast<double>(cells(i, j));
            const std::string_view wrong = objection(column(j), cell);
            if (wrong.empty()) continue;
            throw std::invalid_argument(
                fmt::format("{}: the value {} {}", place(i, j), shortest(cell), wrong));
          }
        }
      },
      *values_);
}

const Eigen::MatrixXd& Table::values() const {
  if (const auto* doubles = std::get_if<Eigen::MatrixXd>(values_.get())) return *doubles;
  throw std::logic_error("Table::values: the table holds floats; use cells()");
}

double Table::value(Index row, Index column) const {
  return std::visit([&](const auto& cells) { return static_cast<double>(cells(row, column)); },
                    *values_);
}

Eigen::VectorXd Table::column_values(Index column) const {
  return std::visit(
      [&](const auto& cells) -> Eigen::VectorXd {
        return cells.col(column).template cast<double>();
      },
      *values_);
}

Table Table::from_matrix(Eigen::MatrixXd values, std::vector<std::string> names) {
  if (names.empty()) names = default_names(values.cols());
  std::vector<Column> columns;
  for (std::size_t j = 0; j < names.size(); ++j) {
    const Index i = static_cast<Index>(j);
    const ColumnKind kind = i < values.cols() ? numeric_kind(values.col(i)) : ColumnKind::real;
    columns.push_back({std::move(names[j]), kind});
  }
  return Table(std::move(columns), std::move(values));
}

std::vector<std::string> Table::names() const {
  std::vector<std::string> names;
  for (const Column& column : columns_) names.push_back(column.name);
  return names;
}

Index Table::index_of(std::string_view name) const {
  const auto found = std::find_if(columns_.begin(), columns_.end(),
                                  [&](const Column& column) { return column.name == name; });
  if (found != columns_.end()) return found - columns_.begin();
  const std::vector<std::string> known = names();
  const std::string suggestion = did_you_mean(name, known);
  throw std::invalid_argument(fmt::format(
      "unknown column {}{} {} has {}", in_quotes(name), suggestion.empty() ? ";" : suggestion,
      source_.name.empty() ? "the table" : source_.name, in_quotes(known)));
}

Index Table::require_numeric(std::string_view name) const {
  const Index i = index_of(name);
  if (column(i).kind != ColumnKind::category) return i;
  const auto& text = source_.first_text.empty() ? std::nullopt : source_.first_text[at(i)];
  if (!text) {
    throw DataError(
        fmt::format("column {} holds categories ({}), not numbers; name a numeric column",
                    in_quotes(name), in_quotes(column(i).levels)));
  }
  throw DataError(fmt::format("{} line {}, column {}: {} is not a number; {}", source_.name,
                              text->line, in_quotes(name), in_quotes(text->text),
                              not_a_number_remedy(text->text)));
}

void Table::require_utf8(const std::vector<std::string>& names) const {
  for (const std::string& name : names) {
    const Index i = index_of(name);
    const auto& line = source_.not_utf8.empty() ? std::nullopt : source_.not_utf8[at(i)];
    if (!line) continue;
    throw DataError(not_utf8_message(
        fmt::format("{} line {}, column {}", source_.name, *line, in_quotes(name)), "the text"));
  }
}

std::vector<std::string> Table::numeric_columns() const {
  std::vector<std::string> names;
  for (const Column& column : columns_) {
    if (column.kind != ColumnKind::category) names.push_back(column.name);
  }
  return names;
}

Table Table::select(const std::vector<std::string>& names) const {
  if (names.empty()) throw std::invalid_argument("no column is named; name at least one");
  std::vector<Index> chosen;
  for (const std::string& name : names) chosen.push_back(index_of(name));
  std::vector<Column> columns;
  TableSource source{source_.name, source_.lines};
  for (const Index i : chosen) {
    columns.push_back(column(i));
    if (!source_.first_text.empty()) source.first_text.push_back(source_.first_text[at(i)]);
    if (!source_.not_utf8.empty()) source.not_utf8.push_back(source_.not_utf8[at(i)]);
  }
  std::vector<Index> all(columns_.size());
  std::iota(all.begin(), all.end(), Index{0});
  if (chosen == all) return Table(std::move(columns), values_, std::move(source));
  return std::visit(
      [&](const auto& cells) {
        std::decay_t<decltype(cells)> own = cells(Eigen::all, chosen);
        return Table(std::move(columns), std::move(own), std::move(source));
      },
      *values_);
}

Table Table::described_by(std::vector<Column> columns) const {
  return Table(std::move(columns), values_, source_);
}

Table Table::take(const std::vector<Index>& rows) const {
  TableSource source{source_.name, {}, source_.first_text, source_.not_utf8};
  for (const Index row : rows) {
    const Index line = line_of(row);
    if (source_.lines.size() != 0) source.lines.append(line);
  }
  return std::visit(
      [&](const auto& cells) {
        std::decay_t<decltype(cells)> own = cells(rows, Eigen::all);
        return Table(columns_, std::move(own), std::move(source));
      },
      *values_);
}

Table Table::as_category(std::string_view name) const {
  const Index j = index_of(name);
  if (column(j).kind == ColumnKind::category) return *this;

  const Eigen::VectorXd values = column_values(j);
  std::vector<double> distinct;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    const auto spot = std::lower_bound(distinct.begin(), distinct.end(), value);
    if (spot != distinct.end() && *spot == value) continue;
    if (distinct.size() == most_levels_of_numbers) {
      throw std::invalid_argument(
          fmt::format("column {} has more than {} distinct values, too many for categories; use it "
                      "as numbers",
                      in_quotes(name), most_levels_of_numbers));
    }
    distinct.insert(spot, value);
  }
  Values coded = *values_;
  std::visit(
      [&](auto& cells) {
        for (Index i = 0; i < rows(); ++i) {
          if (std::isnan(values[i])) continue;
          const auto spot = std::lower_bound(distinct.begin(), distinct.end(), values[i]);
          cells(i, j) = static_cast<std::decay_t<decltype(cells(i, j))>>(spot - distinct.begin());
        }
      },
      coded);
  std::vector<Column> columns = columns_;
  Column& category = columns[at(j)];
  category.kind = ColumnKind::category;
  // A sum with 0 turns -0 into 0, which is the same level.
  for (const double value : distinct) category.levels.push_back(shortest(value + 0.0));
  return Table(std::move(columns), std::make_shared<const Values>(std::move(coded)), source_);
}

bool Table::has_missing() const {
  return std::visit([](const auto& cells) { return cells.hasNaN(); }, *values_);
}

std::vector<Index> Table::missing_counts() const {
  std::vector<Index> counts;
  std::visit(
      [&](const auto& cells) {
        for (Index j = 0; j < cells.cols(); ++j) {
          counts.push_back(cells.col(j).array().isNaN().count());
        }
      },
      *values_);
  return counts;
}

std::vector<Index> Table::rows_without_missing(const std::vector<Index>& columns) const {
  Eigen::Array<bool, Eigen::Dynamic, 1> complete =
      Eigen::Array<bool, Eigen::Dynamic, 1>::Constant(rows(), true);
  std::visit(
      [&](const auto& cells) {
        for (const Index j : columns) complete = complete && !cells.col(j).array().isNaN();
      },
      *values_);
  std::vector<Index> kept;
  kept.reserve(at(complete.count()));
  for (Index i = 0; i < rows(); ++i) {
    if (complete(i)) kept.push_back(i);
  }
  return kept;
}

std::vector<Index> Table::complete_rows(const std::vector<std::string>& names) const {
  std::vector<Index> columns;
  for (const std::string& name : names) columns.push_back(index_of(name));
  return rows_without_missing(columns);
}

std::vector<Index> Table::complete_rows() const {
  std::vector<Index> columns(columns_.size());
  std::iota(columns.begin(), columns.end(), Index{0});
  return rows_without_missing(columns);
}

CompleteRows Table::drop_missing(const std::vector<std::string>& names) const {
  std::vector<Index> kept = complete_rows(names);
  return {static_cast<Index>(kept.size()) == rows() ? *this : take(kept), std::move(kept)};
}

CompleteRows Table::drop_missing() const {
  std::vector<Index> kept = complete_rows();
  return {static_cast<Index>(kept.size()) == rows() ? *this : take(kept), std::move(kept)};
}

Index Table::line_of(Index row) const {
  if (row < 0 || row >= rows()) {
    throw std::invalid_argument(
        fmt::format("row {} is out of range; rows run from 0 to {}", row, rows() - 1));
  }
  return source_.lines.size() == 0 ? row + 1 : source_.lines[row];
}

std::string Table::place(Index row, Index column) const {
  const std::string file = source_.name.empty() ? "" : source_.name + " ";
  return fmt::format("{}{} {}, column {}", file, source_.lines.size() == 0 ? "row" : "line",
                     line_of(row), in_quotes(this->column(column).name));
}

std::string Table::text(Index row, Index column) const {
  const double value = this->value(row, column);
  if (std::isnan(value)) return "NA";
  const Column& description = this->column(column);
  if (description.kind != ColumnKind::category) return shortest(value);
  return description.levels[static_cast<std::size_t>(value)];
}

ColumnKind numeric_kind(const Eigen::Ref<const Eigen::VectorXd>& values) {
  bool any = false;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    if (!is_count(value)) return ColumnKind::real;
    any = true;
  }
  return any ? ColumnKind::count : ColumnKind::real;
}

}  // namespace mix
