#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace mix {

// A file open for reading in order. Private to the library: readers that hold a whole file use
// `read_file`, readers of blocks use this, and both report the same errors.
class InputFile {
 public:
  // Throws DataError when the path is missing, a folder or not readable.
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // Reads until `size` bytes are there or the file ends; returns how many bytes were read.
  std::size_t read(char* to, std::size_t size);

  // The size in bytes of a regular file; 0 for pipes and devices, which do not know it.
  std::size_t size_hint() const;

 private:
  std::string name_;
  int descriptor_;
};

}  // namespace mix
