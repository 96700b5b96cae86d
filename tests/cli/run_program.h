#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace mix::testing {

using Json = nlohmann::ordered_json;

inline std::string data_file(const std::string& name) {
  return std::string(MIXTURE_TEST_DATA) + "/" + name;
}

inline const std::string faithful = data_file("faithful.csv");

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// What one run of the program left.
struct Outcome {
  int status = -1;
  std::string out;
  std::string err;

  [[nodiscard]] Json json() const { return Json::parse(out); }
};

/// A folder that is gone after the test; programs run in it, neither output being a terminal.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "mixture-cli-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  [[nodiscard]] std::string read(const std::string& name) const { return content_of(path_ / name); }
  /// The names of all files, also hidden ones.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  /// Runs `mixture ARGS...` here; sends it SIGINT after so many milliseconds, 0: never.
  [[nodiscard]] Outcome run(const std::vector<std::string>& args, int patience = 0) const {
    const std::filesystem::path streams = path_.string() + "-streams";
    std::filesystem::create_directory(streams);
    const pid_t child = fork();
    if (child == 0) {
      const auto redirect = [](const std::filesystem::path& file, int descriptor) {
        const int opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (opened < 0 || dup2(opened, descriptor) < 0) _exit(127);
      };
      redirect(streams / "out", STDOUT_FILENO);
      redirect(streams / "err", STDERR_FILENO);
      if (chdir(path_.c_str()) != 0) _exit(127);
      std::vector<std::string> words{MIXTURE_PROGRAM};
      words.insert(words.end(), args.begin(), args.end());
      std::vector<char*> pointers;
      for (std::string& word : words) pointers.push_back(word.data());
      pointers.push_back(nullptr);
      execv(MIXTURE_PROGRAM, pointers.data());
      _exit(127);
    }
    if (patience > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(patience));
      kill(child, SIGINT);
    }
    int status = 0;
    waitpid(child, &status, 0);
    Outcome result{WIFEXITED(status) ? WEXITSTATUS(status) : -1, content_of(streams / "out"),
                   content_of(streams / "err")};
    std::filesystem::remove_all(streams);
    return result;
  }

  /// As `run`, with `mixture WORDS` in a shell, at the end of a pipe out of `file`.
  [[nodiscard]] Outcome run_piped(const std::string& file, const std::string& words) const {
    const std::filesystem::path streams = path_.string() + "-streams";
    std::filesystem::create_directory(streams);
    const std::string command =
        "cd '" + path_.string() + "' && cat '" + file + "' | '" + MIXTURE_PROGRAM + "' " + words +
        " >'" + (streams / "out").string() + "' 2>'" + (streams / "err").string() + "'";
    const int status = std::system(command.c_str());  // NOLINT(cert-env33-c): a pipe needs a shell
    Outcome result{WIFEXITED(status) ? WEXITSTATUS(status) : -1, content_of(streams / "out"),
                   content_of(streams / "err")};
    std::filesystem::remove_all(streams);
    return result;
  }

  /// As `run`, for runs that must succeed.
  [[nodiscard]] Outcome succeed(const std::vector<std::string>& args) const {
    Outcome result = run(args);
    EXPECT_EQ(result.status, 0) << result.err;
    return result;
  }

  /// Runs what must fail: status 2, one message on standard error that holds all `parts`, nothing
  /// on standard output, and no file that was not there before.
  void refuse(const std::vector<std::string>& args, const std::vector<std::string>& parts) const {
    const std::vector<std::string> before = files();
    const Outcome result = run(args);
    EXPECT_EQ(result.status, 2) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(result.err.starts_with("mixture: ")) << result.err;
    for (const std::string& part : parts) {
      EXPECT_NE(result.err.find(part), std::string::npos) << part << " is not in: " << result.err;
    }
    EXPECT_EQ(files(), before);
  }

 private:
  std::filesystem::path path_;
};

}  // namespace mix::testing
