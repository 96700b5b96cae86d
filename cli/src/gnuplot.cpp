#include "gnuplot.h"

#include <fcntl.h>
#include <gnuplot-iostream.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "mix/errors.h"
#include "mix/files.h"
#include "mix/utf8.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to us

namespace mix::cli {

namespace {

/// Chooses the file type, and the unit `mark` of the marks' sizes, which are not equal in the two.
std::string terminal(const std::filesystem::path& target, int width, int height) {
  const std::string extension = lower_extension(target);
  if (extension == ".svg") {
    return fmt::format(
        "mark = 0.65; set terminal svg noenhanced rounded font 'Helvetica,13' fontscale 1.15 "
        "background rgb 'white' size {},{}",
        width, height);
  }
  if (extension == ".png") {
    return fmt::format(
        "mark = 1; set terminal pngcairo noenhanced rounded font 'Helvetica,13' fontscale 1.9 "
        "linewidth 2 "
        "pointscale 1.9 background rgb 'white' size {},{}",
        2 * width, 2 * height);
  }
  throw std::invalid_argument(fmt::format(
      "cannot draw {}: its extension is {}, but pictures are .svg or .png; give the "
      "file a name that ends in one of the two",
      in_quotes(target.string()), extension.empty() ? "missing" : in_quotes(extension)));
}

/// Runs gnuplot on a script, without the user's own settings; returns what it complains about.
std::string run_gnuplot(const NamelessFile& script, const NamelessFile& picture) {
  const NamelessFile words;
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, script.descriptor(), 0);
  posix_spawn_file_actions_adddup2(&files, picture.descriptor(), 1);
  posix_spawn_file_actions_adddup2(&files, words.descriptor(), 2);

  // A script by name, because one from the standard input has no line numbers.
  std::array<std::string, 3> command{"gnuplot", "--default-settings", "/dev/stdin"};
  std::array<char*, 4> arguments{command[0].data(), command[1].data(), command[2].data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    throw DataError(fmt::format(
        "cannot draw a picture: the program gnuplot does not start ({}); install gnuplot "
        "(on Debian: apt install gnuplot-nox)",
        std::strerror(error)));  // NOLINT(concurrency-mt-unsafe)
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  std::string complaint = read_file(words.path());
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw DataError(
        fmt::format("cannot draw a picture: gnuplot failed and says: {}", in_quotes(complaint)));
  }
  return complaint;
}

constexpr std::array<Color, 10> series_colors{0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00,
                                              0x56B4E9, 0x882255, 0x7A6A00, 0x332288, 0x6B4A2B};
constexpr std::array<int, 6> series_marks{7, 9, 5, 13, 11, 15};

}  // namespace

std::string literal(std::string_view text, int most) {
  std::string result = "'";
  for (int count = 0; !text.empty(); ++count) {
    const std::size_t length = character_length(text);
    if (count == most) {
      result += "…";
      break;
    }
    if (length == 0) {
      result += "\uFFFD";
    } else if (length == 1 && (static_cast<unsigned char>(text[0]) < 0x20 || text[0] == 0x7F)) {
      result += ' ';
    } else if (text[0] == '\'') {
      result += "''";
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result + "'";
}

std::string level_labels(std::string_view axis, const std::vector<std::string>& levels, int most) {
  std::string labels;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    // A label is a format for its position: % would begin a number.
    std::string text;
    for (const char c : literal(levels[i], most)) text += c == '%' ? "%%" : std::string(1, c);
    labels += fmt::format("{}{} {}", i == 0 ? "" : ", ", text, i);
  }
  return fmt::format("set {}tics ({})", axis, labels);
}

Color series_color(std::size_t k) { return series_colors.at(k % series_colors.size()); }

int series_mark(std::size_t k) { return series_marks.at(k % series_marks.size()); }

int hollow(int mark) { return mark - 1; }

Color paler(Color color, double whiteness) {
  Color result = 0;
  for (const unsigned shift : {16U, 8U, 0U}) {
    const double part = (color >> shift) & 0xFFU;
    result |= static_cast<Color>(std::lround(part + (255 - part) * whiteness)) << shift;
  }
  return result;
}

std::string rgb(Color color) { return fmt::format("'#{:06X}'", color); }

std::string number(double value) { return fmt::format("{:.17g}", value); }

NamelessFile::NamelessFile() {
  std::string name = (std::filesystem::temp_directory_path() / "mixture-plot-XXXXXX").string();
  descriptor_ = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) {
    throw DataError(fmt::format("cannot make a temporary file {}: {}", name,
                                std::strerror(errno)));  // NOLINT(concurrency-mt-unsafe)
  }
  unlink(name.c_str());
}

NamelessFile::~NamelessFile() { close(descriptor_); }

Picture::Picture(std::filesystem::path target, int width, int height) : target_(std::move(target)) {
  const std::string set_terminal = terminal(target_, width, height);
  check_writable(target_);
  script_ = std::make_unique<gnuplotio::Gnuplot>(">" + file_.path());
  write("set encoding utf8");
  write(set_terminal);
  command(
      "set border 3 lc rgb {0} lw 1; set tics nomirror out scale 0.6 tc rgb {1}; "
      "set key noautotitle",
      rgb(0x555555), rgb(ink));
}

Picture::~Picture() = default;

void Picture::write(std::string_view command) { *script_ << command << '\n'; }

std::string Picture::data(const std::vector<std::vector<double>>& rows) {
  std::string name = fmt::format("$data{}", ++blocks_);
  // send1d ends what it writes with a line "e".
  *script_ << name << " << e\n";
  script_->send1d(rows);
  return name;
}

void Picture::plot(const std::vector<std::string>& elements) {
  command("plot {}", fmt::join(elements, ", \\\n  "));
}

std::string Picture::finish() {
  script_.reset();
  const NamelessFile picture;
  std::string complaint = run_gnuplot(file_, picture);
  const std::string bytes = read_file(picture.path());
  if (bytes.empty()) {
    throw DataError(fmt::format("cannot draw {}: gnuplot drew nothing and says: {}",
                                in_quotes(target_.string()), in_quotes(complaint)));
  }
  write_file_atomically(target_, bytes);
  return complaint;
}

}  // namespace mix::cli
