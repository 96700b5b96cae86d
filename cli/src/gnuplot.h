#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gnuplotio {
class Gnuplot;
}

namespace mix::cli {

/// `text` as a string constant of gnuplot that is drawn as it stands: in single quotes, in which
/// gnuplot knows no escape but '', on one line, valid UTF-8, cut after `most` characters.
std::string literal(std::string_view text, int most = 48);

/// A label of the axis `axis` ("x" or "y") at each of 0, 1, ...: the command that sets them.
/// Each is cut after `most` characters.
std::string level_labels(std::string_view axis, const std::vector<std::string>& levels,
                         int most = 24);

/// A color as 0xRRGGBB.
using Color = std::uint32_t;

/// The color that stands for component, or line, k. Colors that color-blind people can tell apart
/// (Okabe & Ito 2008), then darker ones; they repeat after 10.
Color series_color(std::size_t k);
/// gnuplot's number of a filled mark that, with the color, tells component k from the others.
int series_mark(std::size_t k);
/// The hollow mark of the same shape.
int hollow(int mark);
/// `color` made paler: 0 leaves it, 1 is white.
Color paler(Color color, double whiteness);
/// As gnuplot writes it: '#0072B2' in single quotes.
std::string rgb(Color color);

inline constexpr Color ink = 0x222222;
inline constexpr Color gray = 0x8A8A8A;
inline constexpr Color bars = 0xD6D6D6;

/// A number that gnuplot reads back as the same double.
std::string number(double value);

/// A temporary file that has no name, so that nothing is left of it however the program ends.
class NamelessFile {
 public:
  /// Throws DataError when it cannot be made.
  NamelessFile();
  ~NamelessFile();
  NamelessFile(const NamelessFile&) = delete;
  NamelessFile& operator=(const NamelessFile&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Opens it anew, at its beginning.
  [[nodiscard]] std::string path() const { return fmt::format("/dev/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

/// A picture under way: commands and data for gnuplot, which draws them at the end.
class Picture {
 public:
  /// Throws std::invalid_argument unless the name ends in .svg or .png, and DataError when no file
  /// can be written there. Width and height in pixels of the SVG; a PNG has twice as many.
  Picture(std::filesystem::path target, int width, int height);
  ~Picture();
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;

  template <class... Args>
  void command(fmt::format_string<Args...> format, Args&&... args) {
    write(fmt::format(format, std::forward<Args>(args)...));
  }
  /// Stores rows of numbers and returns the name under which `plot` finds them.
  std::string data(const std::vector<std::vector<double>>& rows);
  /// Draws the elements, one behind the other, into one pair of axes.
  void plot(const std::vector<std::string>& elements);

  /// Lets gnuplot draw, and puts the file in its place. Throws DataError when gnuplot is missing or
  /// fails or the file cannot be written; then the file is as it was before.
  /// Returns what gnuplot complained about; empty when all is well.
  std::string finish();

 private:
  void write(std::string_view command);

  std::filesystem::path target_;
  NamelessFile file_;  // gnuplot's input
  std::unique_ptr<gnuplotio::Gnuplot> script_;
  int blocks_ = 0;
};

}  // namespace mix::cli
