#pragma once

#include <string>
#include <string_view>

#include "mix/files.h"
#include "mix/table.h"

namespace mix::cli {

/// Prints to standard output; throws DataError when that fails.
void print_out(std::string_view text);

/// Prints one line to standard error.
void note(std::string_view message);

/// The file that --out names, or standard output where it is empty.
AtomicFile output_file(const std::string& path);

/// The rows of `format_csv(table)` without the header, for tables that are written in blocks.
std::string csv_rows(const Table& table);

}  // namespace mix::cli
