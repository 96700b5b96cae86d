#include "mix/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
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

[[noreturn]] void refuse_writing(const fs::path& path, const std::string& why) {
  const bool is_output = descriptor_of(path) == STDOUT_FILENO;
  throw DataError(fmt::format("cannot write {}: {}",
                              is_output ? "to standard output" : in_quotes(path.string()), why));
}

// Where a chain of links ends, at an open descriptor or at a file, also one that does not exist
// yet.
fs::path without_links(fs::path path) {
  constexpr int longest_chain = 40;
  std::error_code failed;
  for (int i = 0; i < longest_chain && !descriptor_of(path) &&
                  fs::is_symlink(fs::symlink_status(path, failed));
       ++i) {
    const fs::path next = fs::read_symlink(path, failed);
    if (failed) break;
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  return path;
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// What a path to write to stands for.
struct Target {
  fs::path path;                           // links followed
  std::optional<int> descriptor = {};      // open already
  bool is_special = false;                 // a pipe or a device
  std::optional<mode_t> permissions = {};  // of the file to be replaced
};

// Refuses what cannot be written as far as that shows before opening it.
Target find_target(const fs::path& path) {
  if (path.empty()) refuse_writing(path, "the path is empty; name a file");
  Target target{.path = without_links(path)};
  target.descriptor = descriptor_of(target.path);
  if (target.descriptor) {
    const int flags = ::fcntl(*target.descriptor, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) refuse_writing(path, reason(EBADF));
    return target;
  }
  std::error_code failed;
  const fs::file_status status = fs::status(target.path, failed);
  if (status.type() == fs::file_type::none) refuse_writing(path, failed.message());
  if (fs::is_directory(status)) refuse_writing(path, "it is a folder; name a file in it");
  if (fs::exists(status)) {
    // A rename would get past the write protection of the file itself.
    if (::access(target.path.c_str(), W_OK) != 0) refuse_writing(path, reason(errno));
    target.is_special = !fs::is_regular_file(status);
    target.permissions = static_cast<mode_t>(status.permissions()) & 07777U;
    return target;
  }
  if (!target.path.has_filename()) refuse_writing(path, "it names no file; add a file name");
  const fs::path folder = folder_of(target.path);
  if (!fs::is_directory(folder, failed)) {
    refuse_writing(path, fmt::format("there is no folder {}; create it or choose another path",
                                     in_quotes(folder.string())));
  }
  return target;
}

fs::path new_name(const fs::path& folder) {
  static std::atomic<unsigned> count = 0;
  return folder / fmt::format(".mixture-{}-{}", ::getpid(), count++);
}

std::string own_path(int descriptor) { return fmt::format("/proc/self/fd/{}", descriptor); }

// Opens a file of which nothing is left when the process ends; -1 where the system has none such.
int open_nameless_file(const fs::path& folder) {
#ifdef O_TMPFILE
  const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (descriptor < 0) return -1;
  // It gets its name through this path.
  if (::access(own_path(descriptor).c_str(), F_OK) == 0) return descriptor;
  ::close(descriptor);
#endif
  return -1;
}

// Opens a file that did not exist before, with the permissions that any new file of this process
// gets (mkstemp would make it readable by its owner alone). -1 with `errno` set on failure.
int open_named_file(const fs::path& folder, fs::path& name) {
  for (;;) {
    fs::path wanted = new_name(folder);
    const int descriptor = ::open(wanted.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) name = std::move(wanted);
    if (descriptor >= 0 || errno != EEXIST) return descriptor;
  }
}

// False with `errno` set on failure.
bool link_nameless_file(int descriptor, const fs::path& folder, fs::path& name) {
  for (;;) {
    fs::path wanted = new_name(folder);
    if (::linkat(AT_FDCWD, own_path(descriptor).c_str(), AT_FDCWD, wanted.c_str(),
                 AT_SYMLINK_FOLLOW) == 0) {
      name = std::move(wanted);
      return true;
    }
    if (errno != EEXIST) return false;
  }
}

// Whether what was opened can be read to its end: a device such as /dev/zero has none, and of
// others nobody knows.
bool has_end(int descriptor) {
  struct stat status {};
  struct stat null {};
  if (::fstat(descriptor, &status) != 0) return true;  // reading says why
  if (S_ISBLK(status.st_mode)) return false;
  if (!S_ISCHR(status.st_mode) || ::isatty(descriptor) == 1) return true;
  return ::stat("/dev/null", &null) == 0 && status.st_rdev == null.st_rdev;
}

}  // namespace

InputFile::InputFile(const fs::path& path) : name_(path.string()), descriptor_(-1) {
  const auto refuse = [&](const std::string& why) {
    return DataError(fmt::format("cannot read {}: {}", in_quotes(name_), why));
  };
  std::error_code failed;
  if (fs::is_directory(path, failed)) throw refuse("it is a folder; name a file in it");
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ >= 0 && has_end(descriptor_)) return;
  if (descriptor_ >= 0) {
    ::close(std::exchange(descriptor_, -1));
    throw refuse("it is a device, which may have no end; name a file or a pipe");
  }
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

class AtomicFile::State {
 public:
  explicit State(const fs::path& path) : path_(path), target_(find_target(path)) {
    if (is_direct()) {
      descriptor_ = target_.descriptor ? ::fcntl(*target_.descriptor, F_DUPFD_CLOEXEC, 0)
                                       : ::open(target_.path.c_str(), O_WRONLY | O_CLOEXEC);
    } else {
      descriptor_ = open_nameless_file(folder_of(target_.path));
      if (descriptor_ < 0) descriptor_ = open_named_file(folder_of(target_.path), temporary_);
    }
    if (descriptor_ < 0) refuse();
  }
  ~State() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Before the first byte, which not everybody may be allowed to read.
  void take_permissions() {
    if (is_direct() || !target_.permissions) return;
    if (::fchmod(descriptor_, *target_.permissions) != 0) refuse();
  }

  void write(std::string_view bytes) {
    if (target_.descriptor) std::fflush(*target_.descriptor == STDERR_FILENO ? stderr : stdout);
    if (!write_all(descriptor_, bytes)) refuse();
  }

  void commit() {
    if (!is_direct()) {
      if (::fsync(descriptor_) != 0) refuse();
      if (temporary_.empty() &&
          !link_nameless_file(descriptor_, folder_of(target_.path), temporary_)) {
        refuse();
      }
    }
    // A full disk may show only here.
    if (::close(std::exchange(descriptor_, -1)) != 0) refuse();
    if (is_direct()) return;
    if (::rename(temporary_.c_str(), target_.path.c_str()) != 0) refuse();
    temporary_.clear();
  }

 private:
  // A pipe or a device cannot be replaced.
  [[nodiscard]] bool is_direct() const { return target_.descriptor || target_.is_special; }

  [[noreturn]] void refuse() const { refuse_writing(path_, reason(errno)); }

  fs::path path_;  // as it was given, for messages
  Target target_;
  int descriptor_ = -1;
  fs::path temporary_;  // empty while the file has no name
};

AtomicFile::AtomicFile(const fs::path& path) : state_(std::make_unique<State>(path)) {
  state_->take_permissions();
}
AtomicFile::AtomicFile(AtomicFile&&) noexcept = default;
AtomicFile& AtomicFile::operator=(AtomicFile&&) noexcept = default;
AtomicFile::~AtomicFile() = default;

void AtomicFile::write(std::string_view bytes) { state_->write(bytes); }

void AtomicFile::commit() { state_->commit(); }

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void check_writable(const fs::path& path) {
  const Target target = find_target(path);
  // Opening a pipe would wait for its reader.
  if (!target.descriptor && !target.is_special) (void)AtomicFile(path);
}

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

}  // namespace mix
