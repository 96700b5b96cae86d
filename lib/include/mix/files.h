#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace mix {

/// All bytes of a file, a pipe or a device such as `/dev/stdin`.
/// Throws DataError naming the path and the reason: missing, a folder, not readable.
std::string read_file(const std::filesystem::path& path);

/// Makes `bytes` the content of `path`, whole or not at all: a reader sees the old file or the new.
///
/// The bytes go to a temporary file in the same folder, which then takes the target's name; a link
/// is followed and an existing file keeps its permissions. A pipe or a device (`/dev/stdout`,
/// `/dev/fd/N`, a named pipe) cannot be replaced and is written directly.
/// Throws DataError naming the path and the reason, and leaves nothing behind.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

}  // namespace mix
