#include "output.h"

#include <fmt/format.h>

#include <cstdio>

#include "mix/csv.h"

namespace mix::cli {

constexpr const char* standard_output = "/dev/stdout";

void print_out(std::string_view text) { write_file_atomically(standard_output, text); }

void note(std::string_view message) { fmt::print(stderr, "mixture: {}\n", message); }

AtomicFile output_file(const std::string& path) {
  return AtomicFile(path.empty() ? standard_output : path);
}

std::string csv_rows(const Table& table) {
  const std::string header = format_csv(Table(table.columns(), Matrix(0, table.column_count())));
  return format_csv(table).substr(header.size());
}

}  // namespace mix::cli
