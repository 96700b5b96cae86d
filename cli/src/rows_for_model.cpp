#include "rows_for_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "component_table.h"
#include "data.h"
#include "mix/errors.h"
#include "mix/files.h"
#include "output.h"
#include "text.h"

namespace mix::cli {

void add_model_and_data(CLI::App& command, std::string& model, std::string& data) {
  command.add_option("MODEL", model, "model file that fit wrote")->required()->type_name("FILE");
  command.add_option("DATA", data, "table to read: .csv, .tsv, .npy or .mtx")
      ->required()
      ->type_name("FILE");
}

std::vector<bool> complete_rows(const Table& table) {
  std::vector<bool> complete(static_cast<std::size_t>(table.rows()), false);
  for (const Index i : table.complete_rows(columns_of_cells(table))) {
    complete[static_cast<std::size_t>(i)] = true;
  }
  return complete;
}

std::vector<bool> rows_with_cells(const Table& table) {
  std::vector<bool> known(static_cast<std::size_t>(table.rows()), false);
  for (Index i = 0; i < table.rows(); ++i) {
    for (Index j = 0; j < table.column_count(); ++j) {
      if (!std::isnan(table.value(i, j))) known[static_cast<std::size_t>(i)] = true;
    }
  }
  return known;
}

RowsForModel::RowsForModel(const std::filesystem::path& path, const SavedModel& saved,
                           const std::string& weights) {
  std::vector<Column> columns = columns_or_numbered(saved.columns, saved.model.dimension());
  for (std::size_t j = 0; j < columns.size(); ++j) {
    columns[j].infinite_cells = saved.model.family().takes_infinite_cells(static_cast<Index>(j));
  }
  const Column weight_column{weights, ColumnKind::real, {}};
  const bool besides = !weights.empty() &&
                       std::none_of(columns.begin(), columns.end(),
                                    [&](const Column& column) { return column.name == weights; });
  if (const std::string extension = lower_extension(path);
      extension == ".npy" || extension == ".mtx") {
    const Table read = read_table(path, Floats::kept);
    if (besides) columns.insert(columns.begin() + read.index_of(weights), weight_column);
    if (read.column_count() != static_cast<Index>(columns.size())) {
      throw DataError(fmt::format("{} has {}, but the model describes {}", path.string(),
                                  count_of(read.column_count(), "column"), columns.size()));
    }
    try {
      array_ = read.described_by(columns);
    } catch (const std::invalid_argument& error) {
      throw DataError(fmt::format("{}: {}", path.string(), error.what()));
    }
    return;
  }
  CsvOptions options;
  if (lower_extension(path) == ".tsv") options.separator = '\t';
  if (besides) columns.push_back(weight_column);
  reader_.emplace(path, columns, options);
}

bool RowsForModel::next(Index most, Table& block) {
  if (reader_) {
    if (!reader_->read_block(most, block)) return false;
  } else {
    const Index count = std::min(most, array_.rows() - position_);
    if (count == 0) return false;
    std::vector<Index> rows(static_cast<std::size_t>(count));
    std::iota(rows.begin(), rows.end(), position_);
    block = array_.take(rows);
    position_ += count;
  }
  const std::vector<bool> complete = complete_rows(block);
  for (Index i = 0; i < block.rows(); ++i) {
    if (complete[static_cast<std::size_t>(i)]) continue;
    if (missing_++ > 0) continue;
    Index j = 0;
    while (block.column(j).infinite_cells || !std::isnan(block.value(i, j))) ++j;
    first_missing_ = fmt::format("{}, column {}", place(block, i), in_quotes(block.column(j).name));
  }
  return true;
}

std::string RowsForModel::place(const Table& block, Index row) const {
  const std::string& file = block.source_name();
  return reader_ ? fmt::format("{} line {}", file, block.line_of(row))
                 : fmt::format("{} row {}", file, position_ - block.rows() + row + 1);
}

void RowsForModel::say_what_is_missing(std::string_view of_one, std::string_view of_several) const {
  if (missing_ == 0) return;
  note(fmt::format("{} with missing cells {}; the first is {}", count_of(missing_, "row"),
                   missing_ == 1 ? of_one : of_several, first_missing_));
}

}  // namespace mix::cli
