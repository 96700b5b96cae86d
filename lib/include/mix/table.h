#pragma once

#include <Eigen/Core>
#include <concepts>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mix/any_rows.h"

namespace mix {

/// What the cells of a column are, found from the data: `count` when every value is a whole number
/// from 0 to 2^53, `real` for other numbers, `category` as soon as one cell is text.
enum class ColumnKind { real, count, category };

/// The description of one column of a Table.
struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::real;
  /// Category columns only: the text of code 0, 1, ...; sorted, by value when all are numbers.
  std::vector<std::string> levels = {};
  /// Whether cells may be infinite: the ends of intervals that are open on one side.
  bool infinite_cells = false;

  bool operator==(const Column&) const = default;
};

/// The line of each row in the file that a table came from. Takes almost no memory while the rows
/// are on consecutive lines.
class RowLines {
 public:
  /// Says that the next row began on `line`, counted from 1.
  void append(Index line);
  /// The number of rows appended.
  Index size() const { return size_; }
  /// The line of `row`, 0 <= row < size().
  Index operator[](Index row) const;

 private:
  struct Run {
    Index row;
    Index line;
  };
  std::vector<Run> runs_;
  Index size_ = 0;
};

/// A cell that is text, and the line it is on.
struct TextCell {
  Index line = 0;
  std::string text;
};

/// Where a table was read, so that an error found later names the place in the file.
struct TableSource {
  /// The file's name as the user gave it.
  std::string name;
  /// One line per row; empty when the file has no lines.
  RowLines lines = {};
  /// Per column: the first cell that is neither a number nor missing. Empty or one per column.
  std::vector<std::optional<TextCell>> first_text = {};
  /// Per column: the line of the first text that is not UTF-8. Empty or one per column.
  std::vector<std::optional<Index>> not_utf8 = {};
};

struct CompleteRows;

/// What becomes of cells that a file holds as floats of 4 bytes.
enum class Floats {
  converted,  ///< doubles, as all other numbers
  kept,       ///< floats, in half the memory; see Table::cells
};

/// Rows of observations with named, typed columns; values are doubles, or all of them floats.
///
/// A category is its code 0, 1, ... into `Column::levels`; a missing cell is NaN; no value is
/// infinite, except in columns that allow it. Names are not empty and differ. Copies share the
/// values, which never change.
class Table {
 public:
  /// A table without rows and columns.
  Table() = default;

  /// A table of `values` (rows x columns). Throws std::invalid_argument when the sizes differ, a
  /// name is empty or taken, a value is infinite, or a value does not fit its column's kind.
  Table(std::vector<Column> columns, Eigen::MatrixXd values,
        std::optional<TableSource> source = std::nullopt);
  /// A template, so that expressions of doubles mean the other.
  template <std::same_as<Eigen::MatrixXf> M>
  Table(std::vector<Column> columns, M values, std::optional<TableSource> source = std::nullopt)
      : Table(std::move(columns), std::make_shared<const Values>(std::move(values)),
              std::move(source)) {}

  /// A table of numbers made in code: `names`, by default x1, x2, ..., and kinds found from the
  /// values. Throws std::invalid_argument as the constructor does.
  static Table from_matrix(Eigen::MatrixXd values, std::vector<std::string> names = {});

  Index rows() const { return cells().rows(); }
  Index column_count() const { return cells().cols(); }
  const std::vector<Column>& columns() const { return columns_; }
  const Column& column(Index i) const { return columns_.at(static_cast<std::size_t>(i)); }
  /// The names of all columns, in order.
  std::vector<std::string> names() const;
  /// All cells, rows x columns, of doubles or of floats as the table holds them; a view that lives
  /// as long as a table with these values.
  AnyRows cells() const {
    return std::visit([](const auto& values) { return AnyRows(values); }, *values_);
  }
  /// All cells, rows x columns, column-major. Throws std::logic_error when they are floats.
  const Eigen::MatrixXd& values() const;
  /// One cell, and all cells of a column, as doubles.
  double value(Index row, Index column) const;
  Eigen::VectorXd column_values(Index column) const;

  /// The position of a column. Throws std::invalid_argument naming the unknown column, the nearest
  /// name and all names there are.
  Index index_of(std::string_view name) const;
  /// As `index_of`, for a column that must hold numbers. Throws DataError naming the place and text
  /// of the first cell that is not a number.
  Index require_numeric(std::string_view name) const;
  /// Throws DataError naming the place of the first text of these columns that is not UTF-8.
  void require_utf8(const std::vector<std::string>& names) const;
  /// The names of the columns of kind `real` or `count`, in order.
  std::vector<std::string> numeric_columns() const;

  /// The named columns in the order given. Throws std::invalid_argument for a name that is unknown
  /// or given twice, and for no name at all.
  Table select(const std::vector<std::string>& names) const;
  /// The given rows in the order given. Throws std::invalid_argument for a row out of range.
  Table take(const std::vector<Index>& rows) const;
  /// The same values described by other columns, in the order of these. Throws
  /// std::invalid_argument as the constructor does.
  Table described_by(std::vector<Column> columns) const;
  /// A copy in which the named column is a category whose levels are its distinct values, in order.
  /// A column that is a category already stays as it is. Throws std::invalid_argument for more than
  /// 256 distinct values: such a column is a measurement.
  Table as_category(std::string_view name) const;

  /// Whether any cell is missing.
  bool has_missing() const;
  /// The number of missing cells of each column.
  std::vector<Index> missing_counts() const;
  /// The rows with no missing cell in the named columns (in all columns), ascending.
  std::vector<Index> complete_rows(const std::vector<std::string>& names) const;
  std::vector<Index> complete_rows() const;
  /// The table of the complete rows, and which rows these are.
  CompleteRows drop_missing(const std::vector<std::string>& names) const;
  CompleteRows drop_missing() const;

  /// The line of a row in the file, counted from 1; for a table without lines the row's number from
  /// 1. Throws std::invalid_argument for a row out of range.
  Index line_of(Index row) const;
  /// The place of a cell for an error message: `data.csv line 7, column "waiting"`, or
  /// `row 7, column "x1"` for a table made in code.
  std::string place(Index row, Index column) const;
  /// The file that the table was read from; empty for a table made in code.
  const std::string& source_name() const { return source_.name; }
  /// The cell as text: the level of a category, `NA` for a missing cell, the shortest digits that
  /// read back as the same double.
  std::string text(Index row, Index column) const;

 private:
  using Values = std::variant<Eigen::MatrixXd, Eigen::MatrixXf>;

  Table(std::vector<Column> columns, std::shared_ptr<const Values> values,
        std::optional<TableSource> source);
  std::vector<Index> rows_without_missing(const std::vector<Index>& columns) const;

  std::vector<Column> columns_;
  std::shared_ptr<const Values> values_ = std::make_shared<const Values>();
  TableSource source_;
};

/// A table without its incomplete rows; `rows[i]` is where row i was before.
struct CompleteRows {
  Table table;
  std::vector<Index> rows;
};

/// The kind of a column of numbers, NaN where missing: `count` or `real`.
ColumnKind numeric_kind(const Eigen::Ref<const Eigen::VectorXd>& values);

/// Reads a table from a file: `.npy` as NumPy's array, `.mtx` as a matrix in the Matrix Market
/// format (all its cells, columns x1, x2, ...; see mix/matrix_market.h for rows that stay sparse),
/// `.tsv` as text separated by tabs, anything else as CSV. `floats` concerns `.npy` alone. Throws
/// DataError naming file, line and column.
Table read_table(const std::filesystem::path& path, Floats floats = Floats::converted);

}  // namespace mix
