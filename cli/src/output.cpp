#include "output.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "mix/errors.h"

namespace mix::cli {
namespace fs = std::filesystem;
namespace {

bool is_special(const fs::path& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

fs::path folder_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

}  // namespace

void print_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw DataError(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
  }
}

void note(std::string_view message) { fmt::print(stderr, "mixture: {}\n", message); }

void check_target(const fs::path& path) {
  std::error_code ignored;
  const std::string name = in_quotes(path.string());
  if (path.empty()) throw DataError("cannot write to a file without a name");
  if (fs::is_directory(path, ignored)) {
    throw DataError(fmt::format("cannot write {}: it is a folder; name a file in it", name));
  }
  if (is_special(path)) {
    if (access(path.c_str(), W_OK) == 0) return;
    throw DataError(fmt::format("cannot write {}: {}", name, std::strerror(errno)));
  }
  const fs::path folder =
      folder_of(fs::is_symlink(path, ignored) ? fs::weakly_canonical(path) : path);
  if (!fs::is_directory(folder, ignored)) {
    throw DataError(
        fmt::format("cannot write {}: there is no folder {}", name, in_quotes(folder.string())));
  }
  if (access(folder.c_str(), W_OK) != 0) {
    throw DataError(fmt::format("cannot write {}: {}", name, std::strerror(errno)));
  }
}

OutputFile::OutputFile(fs::path path) : path_(std::move(path)) {
  if (path_.empty()) {
    file_ = stdout;
    return;
  }
  check_target(path_);
  if (is_special(path_)) {
    file_ = std::fopen(path_.c_str(), "wb");
    if (file_ == nullptr) fail(errno);
    return;
  }
  std::error_code ignored;
  if (fs::is_symlink(path_, ignored)) path_ = fs::weakly_canonical(path_);
  std::string name = (folder_of(path_) / ("." + path_.filename().string() + ".XXXXXX")).string();
  const int descriptor = mkstemp(name.data());
  if (descriptor < 0) fail(errno);
  temporary_ = name;
  // mkstemp lets only the owner read; the file gets the permissions that it has or would have.
  struct stat existing {};
  if (stat(path_.c_str(), &existing) == 0) {
    (void)fchmod(descriptor, existing.st_mode & 07777U);
  } else {
    const mode_t mask = umask(0);
    umask(mask);
    (void)fchmod(descriptor, 0666U & ~mask);
  }
  file_ = fdopen(descriptor, "wb");
}

OutputFile::~OutputFile() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  if (!temporary_.empty()) {
    std::error_code ignored;
    fs::remove(temporary_, ignored);
  }
}

void OutputFile::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) fail(errno);
}

void OutputFile::commit() {
  if (std::fflush(file_) != 0) fail(errno);
  if (file_ == stdout) return;
  std::FILE* const file = std::exchange(file_, nullptr);
  if (std::fclose(file) != 0) fail(errno);
  if (temporary_.empty()) return;
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
  temporary_.clear();
}

void OutputFile::fail(int error) const {
  throw DataError(fmt::format("cannot write {}: {}",
                              path_.empty() ? "to standard output" : in_quotes(path_.string()),
                              std::strerror(error)));
}

}  // namespace mix::cli
