#include "data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "mix/csv.h"
#include "mix/errors.h"
#include "output.h"
#include "text.h"

namespace mix::cli {

Table read_any_text(const std::filesystem::path& path, Floats floats,
                    std::function<bool(const std::string&)> allows_infinite) {
  return read_table(
      path, floats,
      {.allows_infinite = std::move(allows_infinite), .other_encodings = OtherEncodings::kept});
}

LabelColumn label_column(const Table& table, const std::string& name) {
  LabelColumn result;
  if (name.empty()) return result;
  table.require_utf8({name});
  const Table coded = table.as_category(name);
  const Index j = coded.index_of(name);
  const std::vector<std::string>& levels = coded.column(j).levels;
  std::vector<Index> code(levels.size(), -1);
  const Vector codes = coded.column_values(j);
  for (const double value : codes) {
    if (!std::isnan(value)) code[static_cast<std::size_t>(value)] = 0;
  }
  for (std::size_t level = 0; level < levels.size(); ++level) {
    if (code[level] < 0) continue;
    code[level] = result.count();
    result.names.push_back(levels[level]);
  }
  for (const double value : codes) {
    result.labels.push_back(std::isnan(value) ? -1 : code[static_cast<std::size_t>(value)]);
  }
  if (result.names.empty()) {
    throw DataError(fmt::format("{}: column \"{}\" holds no label", table.source_name(), name));
  }
  return result;
}

namespace {

// A text column with more levels names the rows rather than describing them.
constexpr std::size_t most_levels = 50;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check_roles(const Table& table, const ColumnRoles& roles) {
  for (const std::string* name : {&roles.weights, &roles.labels, &roles.start_labels, &roles.trials,
                                  &roles.response, &roles.offset, &roles.groups}) {
    if (!name->empty()) (void)table.index_of(*name);
  }
  for (const std::string* names :
       {&roles.gate, &roles.label_prior, &roles.ignored, &roles.errors}) {
    for (const std::string& name : split_names(*names, ',')) (void)table.index_of(name);
  }
}

// What says how much a row counts, or which component it is of, cannot be explained by components.
void check_described(const ColumnRoles& roles, const std::vector<std::string>& described) {
  std::vector<std::pair<const char*, std::string>> parts{
      {"--weights", roles.weights}, {"--labels", roles.labels}, {"--groups", roles.groups}};
  for (const std::string& name : split_names(roles.label_prior, ',')) {
    parts.emplace_back("--label-prior", name);
  }
  // Beside a response all is given.
  std::vector<std::string> given{roles.offset, roles.trials};
  for (const std::string& names : {roles.covariates, roles.errors}) {
    for (const std::string& name : split_names(names, ',')) given.push_back(name);
  }
  for (const auto& [option, name] : parts) {
    if (name.empty() || !contains(described, name) || contains(given, name)) continue;
    if (!roles.response.empty() && name != roles.response) continue;
    throw std::invalid_argument(fmt::format(
        "{} {} names a column that the components describe; leave it out of the described columns, "
        "or leave {} out",
        option, name, option));
  }
}

// The prior probabilities of the components, one for each; a row without any says nothing.
Matrix label_prior(const Table& table, const std::string& names) {
  const std::vector<std::string> columns = split_names(names, ',');
  if (columns.empty()) return {};
  Matrix prior(table.rows(), static_cast<Index>(columns.size()));
  std::vector<Index> places;
  for (const std::string& name : columns) {
    places.push_back(table.require_numeric(name));
    prior.col(static_cast<Index>(places.size()) - 1) = table.column_values(places.back());
  }
  for (Index i = 0; i < prior.rows(); ++i) {
    if (prior.row(i).array().isNaN().all()) prior.row(i).setOnes();
    for (Index k = 0; k < prior.cols(); ++k) {
      if (prior(i, k) >= 0) continue;
      const Index column = places[static_cast<std::size_t>(k)];
      throw DataError(fmt::format(
          "{}: the prior of a component must not be {}; leave a row without any where nothing is "
          "known",
          table.place(i, column),
          std::isnan(prior(i, k)) ? "missing while others are there"
                                  : "negative, but is " + table.text(i, column)));
    }
    if (prior.row(i).maxCoeff() > 0) continue;
    throw DataError(fmt::format(
        "{}: the prior of every component is 0; leave a row without any where nothing is known",
        table.place(i, places.front())));
  }
  return prior;
}

// Where the text of a column is numbers written with decimal commas: what to do about it.
std::string comma_remedy(const Table& table, const std::vector<std::string>& text_columns) {
  static const std::regex decimal_comma("[-+]?[0-9]+,[0-9]+");
  for (const std::string& name : text_columns) {
    const std::vector<std::string>& levels = table.column(table.index_of(name)).levels;
    const auto found = std::find_if(levels.begin(), levels.end(), [](const std::string& level) {
      return std::regex_match(level, decimal_comma);
    });
    if (found != levels.end()) {
      return fmt::format("; {} of {} is no number: write decimals with a point", in_quotes(*found),
                         in_quotes(name));
    }
  }
  return {};
}

// The columns that nobody named: those the families can describe and that play no other part.
std::vector<std::string> default_columns(const Table& table, const ColumnRoles& roles,
                                         const FamilyChoice& choice) {
  std::vector<std::string> other = split_names(roles.gate, ',');
  for (const std::string* names : {&roles.label_prior, &roles.ignored, &roles.errors}) {
    const std::vector<std::string> more = split_names(*names, ',');
    other.insert(other.end(), more.begin(), more.end());
  }
  other.insert(other.end(), {roles.weights, roles.labels, roles.start_labels, roles.trials,
                             roles.response, roles.offset, roles.groups});
  std::vector<std::string> columns;
  std::vector<std::string> text;
  for (const Column& column : table.columns()) {
    if (contains(other, column.name)) continue;
    const CellKind kind = choice.kind_of(column.name);
    const bool numeric = column.kind != ColumnKind::category;
    const bool described = numeric || kind == CellKind::categories ||
                           (kind == CellKind::either && column.levels.size() <= most_levels);
    (described ? columns : text).push_back(column.name);
  }
  if (!text.empty()) {
    note(fmt::format(
        "left out {}, which {} text: {}{}", count_of(static_cast<long long>(text.size()), "column"),
        text.size() == 1 ? "holds" : "hold", join(text, ", "), comma_remedy(table, text)));
  }
  // A regression without covariates is a mixture of the response.
  if (columns.empty() && roles.response.empty()) {
    const bool blanks = table.column_count() == 1 && text.size() == 1 &&
                        text.front().find_first_of(" \t|") != std::string::npos;
    throw DataError(fmt::format("{} has no column of numbers to describe; {}", table.source_name(),
                                blanks ? "its only column is " + in_quotes(text.front()) +
                                             ": separate cells by commas, semicolons or tabs"
                                       : std::string("for categories say --family categorical")));
  }
  return columns;
}

std::vector<std::string> described_columns(const Table& table, const ColumnRoles& roles,
                                           const FamilyChoice& choice) {
  std::vector<std::string> columns = choice.columns();
  if (!columns.empty()) {
    if (!roles.described.empty()) {
      throw std::invalid_argument("name the columns in --columns or in --family, not in both");
    }
    return columns;
  }
  if (!roles.described.empty() && !roles.covariates.empty()) {
    throw std::invalid_argument(
        "name the covariates of a regression in --covariates or in --columns, not in both");
  }
  columns = split_names(roles.described + roles.covariates, ',');
  if (columns.empty()) columns = default_columns(table, roles, choice);
  // The order that regressions expect, and families with trials.
  for (const std::string& last : {roles.offset, roles.response, roles.trials}) {
    if (last.empty()) continue;
    std::erase(columns, last);
    columns.push_back(last);
  }
  const std::vector<std::string> errors = split_names(roles.errors, ',');
  for (const std::string& error : errors) std::erase(columns, error);
  if (!errors.empty() && errors.size() != columns.size()) {
    throw std::invalid_argument(fmt::format(
        "--errors names {}, but {} described ({}); name a standard error for each",
        count_of(static_cast<long long>(errors.size()), "column"),
        columns.size() == 1 ? "1 is" : fmt::format("{} are", columns.size()), join(columns, ", ")));
  }
  columns.insert(columns.end(), errors.begin(), errors.end());
  return columns;
}

// Where the first cell of one of the columns is missing; empty where none is.
std::string first_missing_cell(const Table& table, const std::vector<std::string>& columns) {
  const std::vector<Index> complete = table.complete_rows(columns);
  Index first = 0;
  while (static_cast<std::size_t>(first) < complete.size() &&
         complete[static_cast<std::size_t>(first)] == first) {
    ++first;
  }
  for (const std::string& name : columns) {
    if (first == table.rows()) break;
    const Index column = table.index_of(name);
    if (std::isnan(table.value(first, column))) return table.place(first, column);
  }
  return {};
}

// Levels that no row has any more would count as parameters.
Table without_unused_levels(const Table& table) {
  std::vector<Column> columns = table.columns();
  std::vector<std::pair<Index, LabelColumn>> changed;
  for (Index j = 0; j < table.column_count(); ++j) {
    Column& column = columns[static_cast<std::size_t>(j)];
    if (column.kind != ColumnKind::category) continue;
    LabelColumn used = label_column(table, column.name);
    if (used.names.size() == column.levels.size()) continue;
    column.levels = used.names;
    changed.emplace_back(j, std::move(used));
  }
  if (changed.empty()) return table;
  Matrix values(table.rows(), table.column_count());
  table.cells().write_to(values);
  for (const auto& [j, used] : changed) {
    for (Index i = 0; i < table.rows(); ++i) {
      const Index label = used.labels[static_cast<std::size_t>(i)];
      values(i, j) = label < 0 ? quiet_nan : static_cast<double>(label);
    }
  }
  TableSource source{.name = table.source_name()};
  for (Index i = 0; i < table.rows(); ++i) source.lines.append(table.line_of(i));
  return {std::move(columns), std::move(values), std::move(source)};
}

}  // namespace

ChosenColumns read_columns(const std::filesystem::path& path, const ColumnRoles& roles,
                           const FamilyChoice& choice, Floats floats) {
  Table table = read_any_text(path, floats,
                              [&](const std::string& name) { return choice.takes_infinite(name); });
  check_roles(table, roles);
  std::vector<std::string> described = described_columns(table, roles, choice);
  check_described(roles, described);
  std::vector<std::string> gate_only;
  for (const std::string& name : split_names(roles.gate, ',')) {
    (void)table.require_numeric(name);
    if (!contains(described, name)) gate_only.push_back(name);
  }
  described.insert(described.end(), gate_only.begin(), gate_only.end());
  table.require_utf8(described);
  for (const std::string& name : described) {
    const bool number = name == roles.trials || contains(gate_only, name);
    const CellKind kind = number ? CellKind::numbers : choice.kind_of(name);
    if (kind == CellKind::numbers) (void)table.require_numeric(name);
    if (kind == CellKind::categories) table = table.as_category(name);
  }
  if (!roles.weights.empty()) (void)table.require_numeric(roles.weights);
  // Before rows are left out, so that a name given twice is what the message is about.
  (void)table.select(described);
  return {std::move(table), std::move(described), std::move(gate_only), roles};
}

Data ChosenColumns::rows(IncompleteRows incomplete) const {
  std::vector<std::string> needed;
  if (incomplete == IncompleteRows::left_out) needed = described;
  if (!roles.weights.empty() && !contains(needed, roles.weights)) needed.push_back(roles.weights);
  const CompleteRows kept = table.drop_missing(needed);
  Data data;
  data.first_left_out = first_missing_cell(table, needed);
  if (kept.table.rows() == 0) {
    throw DataError(
        fmt::format("every row has a missing cell; the first is {}", data.first_left_out));
  }
  data.gate_only = gate_only;
  data.file = table.source_name();
  data.file_rows = table.rows();
  data.rows = kept.rows;
  data.weights = weight_column(kept.table, roles.weights);
  data.labels = label_column(kept.table, roles.labels);
  data.start_labels = label_column(kept.table, roles.start_labels);
  data.label_prior = label_prior(kept.table, roles.label_prior);
  data.prior_names = split_names(roles.label_prior, ',');
  data.groups = group_column(kept.table, roles.groups);
  data.table = without_unused_levels(kept.table.select(described));
  return data;
}

void Data::say_what_is_missing(const std::string& why) const {
  if (const Index left_out = file_rows - table.rows(); left_out > 0) {
    note(fmt::format("left out {} of {} with missing cells{}; the first is {}", left_out,
                     count_of(file_rows, "row"), why, first_left_out));
  }
  // An interval without an end is open.
  const std::vector<std::string> cells = columns_of_cells(table);
  const auto complete = static_cast<Index>(table.complete_rows(cells).size());
  if (complete == table.rows()) return;
  note(fmt::format("missing cells in {} of {}, whose other cells count; the first is {}",
                   table.rows() - complete, count_of(table.rows(), "row"),
                   first_missing_cell(table, cells)));
}

std::vector<std::string> columns_of_cells(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns()) {
    if (!column.infinite_cells) names.push_back(column.name);
  }
  return names;
}

Vector weight_column(const Table& table, const std::string& name) {
  if (name.empty()) return {};
  const Index j = table.require_numeric(name);
  for (Index i = 0; i < table.rows(); ++i) {
    if (table.value(i, j) >= 0) continue;
    throw DataError(fmt::format("{}: a weight must not be negative, but is {}", table.place(i, j),
                                table.text(i, j)));
  }
  return table.column_values(j);
}

Groups group_column(const Table& table, const std::string& name) {
  if (name.empty()) return {};
  table.require_utf8({name});
  const Index j = table.index_of(name);
  std::map<double, Index> number_of;  // of a cell, or of the code of a text
  std::vector<Index> numbers;
  for (Index i = 0; i < table.rows(); ++i) {
    const double value = table.value(i, j);
    if (std::isnan(value)) {
      throw DataError(fmt::format("{}: the group is missing; leave the row out, or give it a group",
                                  table.place(i, j)));
    }
    const auto next = static_cast<Index>(number_of.size());
    numbers.push_back(number_of.try_emplace(value, next).first->second);
  }
  return Groups(numbers);
}

void check_read_twice(const std::filesystem::path& path, std::string_view reader) {
  std::error_code failed;
  const auto type = std::filesystem::status(path, failed).type();
  if (type != std::filesystem::file_type::fifo && type != std::filesystem::file_type::character) {
    return;
  }
  throw DataError(
      fmt::format("{} reads {} twice, but a pipe or a terminal gives its bytes once; "
                  "write them to a file and name that",
                  reader, in_quotes(path.string())));
}

Index distinct_rows(const Table& table, Index limit) {
  std::set<std::vector<double>> seen;
  for (Index i = 0; i < table.rows() && static_cast<Index>(seen.size()) < limit; ++i) {
    std::vector<double> row;
    for (Index j = 0; j < table.column_count(); ++j) {
      // NaN has no place in an order, and no cell is infinite.
      row.push_back(std::isnan(table.value(i, j)) ? infinity : table.value(i, j));
    }
    seen.insert(std::move(row));
  }
  return static_cast<Index>(seen.size());
}

std::string with_places(const std::string& message, const Table& table) {
  static const std::regex cell("row ([0-9]{1,15}), column ([0-9]{1,15})");
  static const std::regex whole_column("column ([0-9]{1,15})");
  std::smatch match;
  if (!std::regex_search(message, match, cell)) {
    if (!std::regex_search(message, match, whole_column)) return message;
    const Index column = std::stoll(match[1]) - 1;
    if (column < 0 || column >= table.column_count()) return message;
    return match.prefix().str() + fmt::format("column \"{}\"", table.column(column).name) +
           match.suffix().str();
  }
  const Index row = std::stoll(match[1]) - 1;
  const Index column = std::stoll(match[2]) - 1;
  if (row < 0 || row >= table.rows() || column < 0 || column >= table.column_count()) {
    return message;
  }
  return match.prefix().str() + table.place(row, column) + match.suffix().str();
}

}  // namespace mix::cli
