#include "mix/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include "input_file.h"
#include "mix/errors.h"

namespace mix {
namespace fs = std::filesystem;
namespace {

std::string reason(int code) { return std::generic_category().message(code); }

[[noreturn]] void refuse_writing(const fs::path& path, const std::string& why) {
  throw DataError(fmt::format("cannot write {}: {}", in_quotes(path.string()), why));
}

// Closes a descriptor on every way out of a function.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  // A full disk may show only here, so a writer closes and looks.
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

// Removes the temporary file unless it has taken the target's name.
class Temporary {
 public:
  explicit Temporary(std::string path) : path_(std::move(path)) {}
  ~Temporary() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const std::string& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  std::string path_;
};

// False with `errno` set when not all bytes could be written.
bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// The open descriptor that a path such as /dev/stdout or /dev/fd/3 stands for. Opening such a path
// anew would start at the file's beginning and overwrite what was already printed there.
std::optional<int> descriptor_of(const fs::path& path) {
  const std::string name = path.string();
  if (name == "/dev/stdout") return STDOUT_FILENO;
  if (name == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!name.starts_with(folder)) continue;
    int number = -1;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + folder.size(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end && number >= 0) return number;
  }
  return std::nullopt;
}

// Where a chain of links ends, also when the end does not exist yet.
fs::path without_links(fs::path path) {
  constexpr int longest_chain = 40;
  std::error_code failed;
  for (int i = 0; i < longest_chain && fs::is_symlink(fs::symlink_status(path, failed)); ++i) {
    const fs::path next = fs::read_symlink(path, failed);
    if (failed) break;
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  return path;
}

void write_directly(const fs::path& path, std::string_view bytes) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.number() < 0 || !write_all(file.number(), bytes) || !file.close()) {
    refuse_writing(path, reason(errno));
  }
}

// Opens a file that did not exist before, in `folder`, with the permissions that any new file of
// this process gets (mkstemp would make it readable by its owner alone). -1 with `errno` set on
// failure.
int open_new_file(const fs::path& folder, std::string& name) {
  static std::atomic<unsigned> count = 0;
  for (;;) {
    name = (folder / fmt::format(".mixture-{}-{}", ::getpid(), count++)).string();
    const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST) return descriptor;
  }
}

}  // namespace

InputFile::InputFile(const fs::path& path) : name_(path.string()), descriptor_(-1) {
  const auto refuse = [&](const std::string& why) {
    return DataError(fmt::format("cannot read {}: {}", in_quotes(name_), why));
  };
  std::error_code failed;
  if (fs::is_directory(path, failed)) throw refuse("it is a folder; name a file in it");
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ >= 0) return;
  const int code = errno;
  if (code == ENOENT || code == ENOTDIR) throw refuse("there is no such file; check the path");
  throw refuse(reason(code));
}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::size_t InputFile::read(char* to, std::size_t size) {
  std::size_t total = 0;
  while (total < size) {
    const ssize_t count = ::read(descriptor_, to + total, size - total);
    if (count < 0) {
      if (errno == EINTR) continue;
      throw DataError(fmt::format("cannot read {}: {}", in_quotes(name_), reason(errno)));
    }
    if (count == 0) break;
    total += static_cast<std::size_t>(count);
  }
  return total;
}

std::size_t InputFile::size_hint() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  return static_cast<std::size_t>(status.st_size);
}

std::string read_file(const fs::path& path) {
  InputFile file(path);
  std::string bytes;
  std::size_t filled = 0;
  // One byte beyond the size, so that the end of a regular file shows without a second round.
  std::size_t wanted = std::max<std::size_t>(file.size_hint() + 1, 1U << 16U);
  for (;;) {
    bytes.resize(wanted);
    filled += file.read(bytes.data() + filled, wanted - filled);
    if (filled < wanted) break;
    wanted *= 2;
  }
  bytes.resize(filled);
  return bytes;
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  if (path.empty()) refuse_writing(path, "the path is empty; name a file");
  if (const std::optional<int> descriptor = descriptor_of(path)) {
    std::fflush(*descriptor == STDERR_FILENO ? stderr : stdout);
    if (!write_all(*descriptor, bytes)) refuse_writing(path, reason(errno));
    return;
  }
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (fs::is_directory(status)) refuse_writing(path, "it is a folder; name a file in it");
  if (fs::exists(status) && !fs::is_regular_file(status)) return write_directly(path, bytes);

  const fs::path target = without_links(path);
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  if (!target.has_filename()) refuse_writing(path, "it names no file; add a file name");
  if (!fs::is_directory(folder, failed)) {
    refuse_writing(path, fmt::format("there is no folder {}; create it or choose another path",
                                     in_quotes(folder.string())));
  }

  const bool replaces = fs::exists(status);
  // A rename would get past the write protection of the file itself.
  if (replaces && ::access(target.c_str(), W_OK) != 0) refuse_writing(path, reason(errno));

  std::string name;
  Descriptor file(open_new_file(folder, name));
  if (file.number() < 0) refuse_writing(path, reason(errno));
  Temporary temporary(name);
  const auto mode = static_cast<mode_t>(status.permissions()) & 07777U;
  if ((replaces && ::fchmod(file.number(), mode) != 0) || !write_all(file.number(), bytes) ||
      ::fsync(file.number()) != 0 || !file.close() ||
      ::rename(temporary.path().c_str(), target.c_str()) != 0) {
    refuse_writing(path, reason(errno));
  }
  temporary.keep();
}

}  // namespace mix
