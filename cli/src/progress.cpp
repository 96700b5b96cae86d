#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace mix::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::milliseconds(300);
constexpr auto interval = std::chrono::milliseconds(100);
// To the first column, and wipe the line.
constexpr const char* rewind_line = "\r\033[K";

constexpr double seconds_per_minute = 60;

}  // namespace

std::string duration(double seconds) {
  return seconds < 2 * seconds_per_minute ? fmt::format("{:.0f} s", std::ceil(seconds))
                                          : fmt::format("{:.0f} min", seconds / seconds_per_minute);
}

ProgressLine::ProgressLine()
    : terminal_(isatty(STDERR_FILENO) == 1), next_(Clock::now() + patience) {}

ProgressLine::~ProgressLine() {
  if (shown_) fmt::print(stderr, "{}", rewind_line);
}

void ProgressLine::show(std::string_view text) {
  if (!terminal_ || Clock::now() < next_) return;
  next_ = Clock::now() + interval;
  fmt::print(stderr, "{}{}", rewind_line, text);
  std::fflush(stderr);
  shown_ = true;
}

}  // namespace mix::cli
