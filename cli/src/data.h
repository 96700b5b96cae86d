#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "family_choice.h"
#include "mix/groups.h"
#include "mix/table.h"
#include "mix/types.h"

namespace mix::cli {

/// Which columns of a file play which part; empty names mean none.
struct ColumnRoles {
  std::string described{};  ///< `a,b`; empty: what the families can describe
  std::string weights{};
  std::string labels{};
  std::string start_labels{};
  std::string label_prior{};  ///< `a,b`: a column for each component
  std::string groups{};       ///< rows with the same cell share a component
  std::string errors{};       ///< `a,b`: standard errors of the described columns, in their order
  std::string trials{};
  std::string response{};    ///< what a regression predicts
  std::string covariates{};  ///< `a,b`, of a regression; empty: what plays no other part
  std::string offset{};      ///< of a regression
  std::string gate{};        ///< `a,b`: what the mixing weights depend on
  std::string ignored{};     ///< `a,b`: described only by families that name them
};

/// Labels of rows, and the texts they stand for.
struct LabelColumn {
  std::vector<Index> labels{};  ///< from 0; -1 where the cell is missing
  std::vector<std::string> names{};

  [[nodiscard]] Index count() const { return static_cast<Index>(names.size()); }
};

/// What becomes of rows that lack a cell of a described column.
enum class IncompleteRows { kept, left_out };

/// The rows of a file that can be described, and what else the file says about them.
struct Data {
  std::string file;
  /// The described columns, then those that only the gate reads.
  Table table;
  std::vector<std::string> gate_only{};  ///< the names of the latter
  std::vector<Index> rows;               ///< where row i of the table is among the rows of the file
  Index file_rows = 0;                   ///< rows of the file
  Vector weights;                        ///< empty: one each
  LabelColumn labels;                    ///< without names when no column was given
  LabelColumn start_labels;
  Matrix label_prior;                      ///< rows x components; empty without such columns
  std::vector<std::string> prior_names{};  ///< their names
  Groups groups;                           ///< none without such a column
  std::string first_left_out;  ///< where the first missing cell is for which a row was left out

  /// Says on standard error which rows were left out, `why` with a comma in front, or that rows
  /// lack cells.
  void say_what_is_missing(const std::string& why = {}) const;
};

/// A file and its columns that play a part.
struct ChosenColumns {
  Table table;  ///< all columns
  std::vector<std::string> described;
  std::vector<std::string> gate_only;  ///< the last of the described columns, which the gate reads
  ColumnRoles roles;

  /// The rows; those without a weight are left out too. Throws DataError or std::invalid_argument
  /// that names file, line and column.
  [[nodiscard]] Data rows(IncompleteRows incomplete) const;
};

/// Reads a table of which some columns are used: text that is not UTF-8 waits for
/// `Table::require_utf8`.
Table read_any_text(const std::filesystem::path& path, Floats floats = Floats::converted,
                    std::function<bool(const std::string&)> allows_infinite = nullptr);

/// Reads a table and chooses columns; `floats` says what those of a `.npy` file become. Which are
/// left out is said on standard error. Throws as ChosenColumns::rows.
ChosenColumns read_columns(const std::filesystem::path& path, const ColumnRoles& roles,
                           const FamilyChoice& choice, Floats floats);

/// The columns whose cells may be missing: all but ends of intervals, which are then open.
std::vector<std::string> columns_of_cells(const Table& table);

/// The weights in the named column; empty without a name. Throws DataError that names file, line
/// and column of a text and of a negative number.
Vector weight_column(const Table& table, const std::string& name);

/// The labels in the named column, of numbers or text: the levels that occur, in order; none
/// without a name. Throws DataError where the column holds none or text that is not UTF-8,
/// std::invalid_argument for more than 256 different ones.
LabelColumn label_column(const Table& table, const std::string& name);

/// The groups in the named column, of numbers or text; none without a name. Throws DataError that
/// names file, line and column of a missing cell and of text that is not UTF-8.
Groups group_column(const Table& table, const std::string& name);

/// Throws DataError where a file cannot be read twice, as a pipe cannot; `reader` says what would.
void check_read_twice(const std::filesystem::path& path, std::string_view reader);

/// The number of different rows, counted up to `limit`.
Index distinct_rows(const Table& table, Index limit);

/// The message with "row 7, column 2" replaced by the place in the file.
std::string with_places(const std::string& message, const Table& table);

}  // namespace mix::cli
