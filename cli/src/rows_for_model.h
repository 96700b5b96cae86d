#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mix/csv.h"
#include "mix/models/model_file.h"
#include "mix/table.h"

namespace mix::cli {

/// Adds the two arguments of commands that use a model on a table: MODEL and DATA, both required.
void add_model_and_data(CLI::App& command, std::string& model, std::string& data);

/// Which rows have no missing cell.
std::vector<bool> complete_rows(const Table& table);
/// Which rows have a cell that is not missing.
std::vector<bool> rows_with_cells(const Table& table);

/// The columns that a model describes, read from a file block by block: in the model's order, with
/// the model's levels. The columns of a NumPy or Matrix Market file have no names and are taken as
/// they stand.
class RowsForModel {
 public:
  /// Throws DataError when the file cannot be read or lacks a column. The column `weights`, when
  /// named, is read besides the model's.
  RowsForModel(const std::filesystem::path& path, const SavedModel& saved,
               const std::string& weights = {});

  /// Replaces `block` by the next rows; false when none are left. Throws DataError naming file,
  /// line and column for a cell that does not fit.
  bool next(Index most, Table& block);

  /// Where a row of the latest block is: `new.csv line 7`.
  [[nodiscard]] std::string place(const Table& block, Index row) const;

  /// Says on standard error how many rows have missing cells, and where the first is.
  void say_what_is_missing(std::string_view of_one, std::string_view of_several) const;

 private:
  std::optional<CsvReader> reader_;
  Table array_;  // of a file without names
  Index position_ = 0;
  Index missing_ = 0;
  std::string first_missing_;
};

}  // namespace mix::cli
