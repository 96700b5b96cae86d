#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace mix::cli {

/// How long something takes, as `34 s` or `12 min`.
std::string duration(double seconds);

/// One line on standard error that is written over and over, and wiped at the end. Nothing appears
/// unless standard error is a terminal, and nothing for work that is done at once.
class ProgressLine {
 public:
  ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

  /// Replaces the line, at most ten times a second.
  void show(std::string_view text);

 private:
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace mix::cli
