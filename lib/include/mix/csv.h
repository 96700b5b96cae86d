#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mix/table.h"

namespace mix {

/// Whether the first line of a file holds the columns' names.
enum class HeaderRow { present, absent };

/// What becomes of a column whose text is not UTF-8.
enum class OtherEncodings {
  refused,
  kept,  ///< byte for byte; `Table::require_utf8` refuses the columns that are needed
};

/// How to read separated text.
struct CsvOptions {
  /// The character between cells; by default the commonest of comma, semicolon and tab in the
  /// first line.
  std::optional<char> separator = std::nullopt;
  /// With `absent` the columns are named x1, x2, ...
  HeaderRow header = HeaderRow::present;
  /// Whether the column of this name may hold infinite numbers (`inf`, `-inf`): the ends of
  /// intervals that are open on one side. No column without it.
  std::function<bool(const std::string& column)> allows_infinite = nullptr;
  OtherEncodings other_encodings = OtherEncodings::refused;
};

/// Reads separated text (RFC 4180) in UTF-8 and finds each column's kind.
///
/// Lines end with LF, CRLF or CR; a byte-order mark is skipped; lines that are blank are skipped,
/// so a file of one column writes a missing cell as `NA`. Cells may be quoted; blanks around
/// unquoted cells do not count. Missing cells: empty, `NA`, `nan`, `NaN`, `NAN`. An empty name in
/// the header becomes `column_3`; such a column without any value (a separator at the end of each
/// line) is left out. A header of unquoted numbers alone is refused: it is a row of data. Throws
/// DataError naming file, line and column: no such file, no rows, rows of different lengths, an
/// infinite number or text in another encoding where the options do not allow it, a name used
/// twice, a quote that does not end.
Table read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

/// As `read_csv`, from text in memory; `source_name` stands for the file in messages.
Table parse_csv(std::string_view text, const std::string& source_name,
                const CsvOptions& options = {});

/// As `read_table` of mix/table.h, text with these options but for the separator.
Table read_table(const std::filesystem::path& path, Floats floats, CsvOptions options);

/// The text as a cell of CSV: in quotes where needed.
std::string csv_cell(std::string_view text);

/// The table as CSV text: a header, commas, LF, quotes where needed, `NA` for a missing cell, and
/// the shortest digits that read back as the same double. Throws DataError for a level that would
/// read back as a missing cell.
std::string format_csv(const Table& table);

/// Writes `format_csv(table)`, the whole file or nothing. Throws DataError as
/// `write_file_atomically` does.
void write_csv(const std::filesystem::path& path, const Table& table);

/// What a reader with fixed levels makes of a category it does not know.
enum class UnknownLevel { error, missing };

/// Reads the named columns of a CSV file block by block: a file larger than memory takes the memory
/// of a block. The text is understood exactly as `read_csv` does.
class CsvReader {
 public:
  /// Opens the file and finds `columns` in its header. A column of kind real or count takes any
  /// number; a category column takes the texts of its levels, or numbers equal to levels that are
  /// numbers. Throws DataError when the file cannot be read or lacks a column, and
  /// std::invalid_argument for columns that no Table can have.
  CsvReader(const std::filesystem::path& path, std::vector<Column> columns,
            const CsvOptions& options = {}, UnknownLevel unknown = UnknownLevel::error);
  CsvReader(CsvReader&&) noexcept;
  CsvReader& operator=(CsvReader&&) noexcept;
  ~CsvReader();

  /// Replaces `block` by the next rows, at least one and at most `max_rows`, with the columns in
  /// the order asked for; returns false, and a block without rows, when none are left. Throws
  /// DataError naming file, line and column for a cell that does not fit, and for a file without
  /// any row.
  bool read_block(Index max_rows, Table& block);

  /// The number of rows read so far.
  Index rows_read() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace mix
