#include "mix/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "mix/errors.h"

namespace mix {
namespace {

namespace fs = std::filesystem;

// A folder of its own for each test.
class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "mixture-files-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::ptrdiff_t file_count() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }

  template <class Action>
  std::string message_of(Action action) const {
    try {
      action();
    } catch (const DataError& error) {
      return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  fs::path folder_;
};

TEST_F(Files, AreReadAsTheyWereWritten) {
  const std::string bytes("a\0\r\nb\xFF", 6);
  write_file_atomically(folder_ / "a.txt", bytes);
  EXPECT_EQ(read_file(folder_ / "a.txt"), bytes);
  EXPECT_EQ(file_count(), 1);
}

TEST_F(Files, OfAnySizeAreReadWhole) {
  for (const std::size_t size : {0, 1, 65535, 65536, 65537, 300000}) {
    const std::string bytes(size, 'x');
    write_file_atomically(folder_ / "a", bytes);
    EXPECT_EQ(read_file(folder_ / "a"), bytes);
  }
}

TEST_F(Files, ThatCannotBeReadAreNamedWithTheReason) {
  EXPECT_EQ(message_of([] { read_file("no/such.csv"); }),
            "cannot read \"no/such.csv\": there is no such file; check the path");
  EXPECT_EQ(message_of([&] { read_file(folder_); }),
            "cannot read \"" + folder_.string() + "\": it is a folder; name a file in it");
}

TEST_F(Files, ThatHaveNoEndAreRefused) {
  for (const std::string device : {"/dev/zero", "/dev/full", "/dev/urandom"}) {
    EXPECT_EQ(message_of([&] { (void)read_file(device); }),
              "cannot read \"" + device +
                  "\": it is a device, which may have no end; name a file or a pipe");
  }
  EXPECT_EQ(read_file("/dev/null"), "");
}

TEST_F(Files, WithoutPermissionAreRefused) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read and write everything";
  write_file_atomically(folder_ / "a", "old");
  fs::permissions(folder_ / "a", fs::perms::none);
  EXPECT_EQ(message_of([&] { read_file(folder_ / "a"); }),
            "cannot read \"" + (folder_ / "a").string() + "\": Permission denied");
  EXPECT_EQ(message_of([&] { write_file_atomically(folder_ / "a", "new"); }),
            "cannot write \"" + (folder_ / "a").string() + "\": Permission denied");
  EXPECT_EQ(file_count(), 1);
}

TEST_F(Files, ThatCannotBeWrittenAreNamedWithTheReasonAndLeaveNothing) {
  const fs::path deep = folder_ / "no" / "a.csv";
  EXPECT_EQ(message_of([&] { write_file_atomically(deep, "x"); }),
            "cannot write \"" + deep.string() + "\": there is no folder \"" +
                deep.parent_path().string() + "\"; create it or choose another path");
  EXPECT_EQ(message_of([&] { write_file_atomically(folder_, "x"); }),
            "cannot write \"" + folder_.string() + "\": it is a folder; name a file in it");
  EXPECT_EQ(message_of([] { write_file_atomically("", "x"); }),
            "cannot write \"\": the path is empty; name a file");
  EXPECT_EQ(message_of([] { write_file_atomically("/dev/full", std::string(5, 'x')); }),
            "cannot write \"/dev/full\": No space left on device");
  const fs::path too_long = folder_ / std::string(300, 'n');
  EXPECT_TRUE(message_of([&] { write_file_atomically(too_long, "x"); }).ends_with("name too long"));
  EXPECT_EQ(file_count(), 0);
}

TEST_F(Files, KeepTheirPermissionsWhenReplaced) {
  write_file_atomically(folder_ / "a", "old");
  fs::permissions(folder_ / "a", fs::perms::owner_read | fs::perms::owner_write);
  write_file_atomically(folder_ / "a", "new");
  EXPECT_EQ(read_file(folder_ / "a"), "new");
  EXPECT_EQ(fs::status(folder_ / "a").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(file_count(), 1);
}

TEST_F(Files, HaveTheUsualPermissionsWhenNew) {
  write_file_atomically(folder_ / "a", "x");
  std::ofstream(folder_ / "b") << "x";
  EXPECT_EQ(fs::status(folder_ / "a").permissions(), fs::status(folder_ / "b").permissions());
}

TEST_F(Files, AreWrittenThroughLinks) {
  write_file_atomically(folder_ / "real", "old");
  fs::create_symlink("real", folder_ / "link");
  fs::create_symlink("later", folder_ / "dangling");
  write_file_atomically(folder_ / "link", "new");
  write_file_atomically(folder_ / "dangling", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_file(folder_ / "real"), "new");
  EXPECT_EQ(read_file(folder_ / "later"), "new");
}

TEST_F(Files, InTheCurrentFolderNeedNoFolderInTheirPath) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  write_file_atomically("a", "x");
  fs::current_path(before);
  EXPECT_EQ(read_file(folder_ / "a"), "x");
}

TEST_F(Files, CanBePipes) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string bytes(200000, 'x');
  std::string read;
  std::thread reader([&] { read = read_file(pipe); });
  write_file_atomically(pipe, bytes);
  reader.join();
  EXPECT_EQ(read, bytes);
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST_F(Files, ThatAreOpenAlreadyAreWrittenWhereTheyStand) {
  const fs::path path = folder_ / "a";
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::write(descriptor, "one ", 4), 4);
  write_file_atomically("/dev/fd/" + std::to_string(descriptor), "two");
  ::close(descriptor);
  EXPECT_EQ(read_file(path), "one two");
}

TEST_F(Files, GoToTheStandardOutput) {
  testing::internal::CaptureStdout();
  write_file_atomically("/dev/stdout", "hello\n");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "hello\n");
}

TEST_F(Files, LinkedToAnOpenOneAreWrittenWhereItStands) {
  const int descriptor = ::open((folder_ / "a").c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::write(descriptor, "one ", 4), 4);
  fs::create_symlink("/dev/fd/" + std::to_string(descriptor), folder_ / "link");
  write_file_atomically(folder_ / "link", "two");
  ::close(descriptor);
  EXPECT_EQ(read_file(folder_ / "a"), "one two");
}

TEST_F(Files, ThatAreNotOpenAreRefused) {
  const int descriptor = ::open("/dev/null", O_RDONLY);
  const std::string path = "/dev/fd/" + std::to_string(descriptor);
  const std::string message = "cannot write \"" + path + "\": Bad file descriptor";
  EXPECT_EQ(message_of([&] { AtomicFile{path}; }), message);  // open, but for reading
  ::close(descriptor);
  EXPECT_EQ(message_of([&] { AtomicFile{path}; }), message);
}

TEST_F(Files, WrittenInPiecesAreReplacedByTheWhole) {
  write_file_atomically(folder_ / "a", "old");
  AtomicFile file(folder_ / "a");
  file.write("one ");
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  file.write("two");
  file.commit();
  EXPECT_EQ(read_file(folder_ / "a"), "one two");
  EXPECT_EQ(file_count(), 1);
}

TEST_F(Files, ThatAreNotCommittedLeaveTheOldContent) {
  write_file_atomically(folder_ / "a", "old");
  AtomicFile(folder_ / "a").write("new");
  AtomicFile(folder_ / "b").write("new");
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(file_count(), 1);
}

TEST_F(Files, HaveNoNameWhileTheyAreWritten) {
  const int nameless = ::open(folder_.c_str(), O_TMPFILE | O_WRONLY, 0600);
  if (nameless < 0) GTEST_SKIP() << "files in this folder must have names";
  ::close(nameless);
  AtomicFile file(folder_ / "a");
  file.write("x");
  EXPECT_EQ(file_count(), 0);
}

TEST_F(Files, AreCheckedWithoutATrace) {
  check_writable(folder_ / "new");
  write_file_atomically(folder_ / "a", "old");
  check_writable(folder_ / "a");
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(file_count(), 1);
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  check_writable(folder_ / "pipe");  // does not wait for a reader
  check_writable("/dev/stdout");
  EXPECT_EQ(message_of([&] { check_writable(folder_); }),
            "cannot write \"" + folder_.string() + "\": it is a folder; name a file in it");
}

TEST_F(Files, HaveExtensionsInEitherCase) {
  EXPECT_EQ(lower_extension("A.B/Data.CSV"), ".csv");
  EXPECT_EQ(lower_extension("data"), "");
}

}  // namespace
}  // namespace mix
