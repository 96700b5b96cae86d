#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

namespace mix::cli {

/// Prints to standard output; throws DataError when that fails.
void print_out(std::string_view text);

/// Prints one line to standard error.
void note(std::string_view message);

/// Throws DataError unless a file can be written at `path`: asked before long work, not after it.
void check_target(const std::filesystem::path& path);

/// A file written piece by piece, in place when whole: until `commit` the old content stands, and
/// without it nothing is left behind. An empty path is standard output; a pipe or a device is
/// written directly.
class OutputFile {
 public:
  /// Throws DataError when the file cannot be written.
  explicit OutputFile(std::filesystem::path path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  void write(std::string_view text);
  void commit();

 private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty when written directly
  std::FILE* file_ = nullptr;
};

}  // namespace mix::cli
