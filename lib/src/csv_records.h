#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mix/csv.h"

namespace mix {

// One cell of a record, as a view of the text that is valid until the next record is read.
struct CsvCell {
  std::string_view raw = {};
  bool quoted = false;
  // The text holds quotes that are written twice.
  bool doubled = false;

  // The text that the cell means.
  std::string content() const;
};

// Splits separated text into records: the one tokenizer under the readers of whole files and of
// blocks. Private to the library.
class CsvRecords {
 public:
  // Writes up to `size` bytes and returns how many; fewer than `size` only at the end.
  using Bytes = std::function<std::size_t(char* to, std::size_t size)>;

  // Reads the header of text in memory, which must outlive this object.
  CsvRecords(std::string_view text, std::string source_name, const CsvOptions& options);
  // Reads the header of text that arrives piece by piece.
  CsvRecords(Bytes bytes, std::string source_name, const CsvOptions& options);

  // The columns' names, all different.
  const std::vector<std::string>& names() const { return names_; }
  // Whether the file leaves the name of column j empty.
  bool is_unnamed(std::size_t j) const { return unnamed_[j]; }

  // The next record, with as many cells as there are names; false at the end of the text.
  bool next(std::vector<CsvCell>& cells);

  // The line on which the latest record began, from 1.
  Index line() const { return record_line_; }
  // `data.csv line 7, column "waiting"` for cell j of the latest record.
  std::string place(std::size_t j) const { return place(record_line_, j); }
  std::string place(Index line, std::size_t j) const;
  const std::string& source_name() const { return source_name_; }

  // Goes back to the first record after the header; for text in memory.
  void rewind();

 private:
  enum class Scan { complete, needs_more_text };

  void read_header(const CsvOptions& options);
  void check_encoding() const;
  void name_columns(const std::vector<CsvCell>& cells);
  bool next_of_any_length(std::vector<CsvCell>& cells);
  Scan scan(std::vector<CsvCell>& cells);
  Scan scan_quoted(const char*& p, Index& breaks, std::vector<CsvCell>& cells) const;
  void read_more();
  bool is_blank(char c) const { return (c == ' ' || c == '\t') && c != separator_; }
  bool ends_cell(char c) const { return c == separator_ || c == '\n' || c == '\r'; }

  Bytes bytes_;
  std::string buffer_;
  std::string_view window_;
  bool exhausted_ = true;  // no text comes after the window
  std::string source_name_;
  char separator_ = ',';
  std::vector<std::string> names_;
  std::vector<bool> unnamed_;

  std::size_t position_ = 0;  // of the next record in the window
  Index next_line_ = 1;
  Index record_line_ = 1;
  std::size_t first_position_ = 0;
  Index first_line_ = 1;
};

}  // namespace mix
