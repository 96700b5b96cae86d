#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace mix {

/// All bytes of a file, a pipe or a terminal, also by a path such as `/dev/stdin`.
/// Throws DataError naming the path and the reason: missing, a folder, not readable, another
/// device, which may have no end.
std::string read_file(const std::filesystem::path& path);

/// A file written piece by piece, in its place when whole: until `commit` the old content stands,
/// and without it nothing is left behind.
///
/// The bytes go to a temporary file in the same folder, which then takes the target's name; a link
/// is followed and an existing file keeps its permissions. The temporary file has no name until
/// `commit` where the system allows that, so that an interrupt leaves nothing either. A pipe or a
/// device (`/dev/stdout`, `/dev/fd/N`, a named pipe) cannot be replaced and is written directly.
/// All throw DataError naming the path and the reason when the file cannot be written.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  AtomicFile(AtomicFile&&) noexcept;
  AtomicFile& operator=(AtomicFile&&) noexcept;
  ~AtomicFile();

  void write(std::string_view bytes);
  /// Puts the file in its place, its bytes safe on the disk. Nothing may be written after it.
  void commit();

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// Makes `bytes` the content of `path`, whole or not at all, as AtomicFile does: a reader sees the
/// old file or the new.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Throws DataError, as AtomicFile would, unless a file can be written at `path`: asked before long
/// work, not after it.
void check_writable(const std::filesystem::path& path);

/// What follows the last point of a file's name, with the point and in lower case: `.csv` of
/// `A.CSV`.
std::string lower_extension(const std::filesystem::path& path);

}  // namespace mix
