#include "output.h"

#include <fmt/format.h>

#include <cstdio>

namespace mix::cli {

constexpr const char* standard_output = "/dev/stdout";

void print_out(std::string_view text) { write_file_atomically(standard_output, text); }

void note(std::string_view message) { fmt::print(stderr, "mixture: {}\n", message); }

AtomicFile output_file(const std::string& path) {
  return AtomicFile(path.empty() ? standard_output : path);
}

}  // namespace mix::cli
