#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "criterion_lines.h"
#include "plot.h"
#include "plot_parts.h"

namespace mix::cli {

namespace {

using Point = CriterionLine::Point;

std::string criterion_title(std::string name) {
  if (name == "cv") return "cross-validated -2 log-likelihood";
  if (name == "icl_map") return "ICL with hard labels";
  if (name == "exact_icl") return "exact ICL";
  if (name == "slope") return "slope heuristic";
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

/// The ranks that have a color of their own; the others are gray.
constexpr std::size_t n_colored = 8;

Color line_color(std::size_t rank) { return rank < n_colored ? series_color(rank) : 0xADADAD; }

/// What follows the words that all names share.
std::string short_name(const std::string& name, const std::string& common) {
  return common.empty() ? name : name.substr(common.size() + 1);
}

/// Lines break where a number of components has no value.
std::vector<std::vector<std::vector<double>>> runs(const CriterionLine& line) {
  std::vector<std::vector<std::vector<double>>> result;
  Index last = -1;
  for (const Point& point : line.points) {
    if (result.empty() || point.n_components != last + 1) result.emplace_back();
    result.back().push_back({static_cast<double>(point.n_components), point.value});
    last = point.n_components;
  }
  return result;
}

bool any_flagged(const std::vector<CriterionLine>& lines) {
  return std::any_of(lines.begin(), lines.end(), [](const CriterionLine& line) {
    return std::any_of(line.points.begin(), line.points.end(),
                       [](const Point& point) { return point.flagged; });
  });
}

std::vector<std::string> mark_elements(Picture& picture,
                                       const std::vector<std::vector<double>>& sound,
                                       const std::vector<std::vector<double>>& flagged, int mark,
                                       const std::string& style) {
  std::vector<std::string> elements;
  if (!sound.empty()) {
    elements.push_back(fmt::format("{} with points pt {} {}", picture.data(sound), mark, style));
  }
  if (!flagged.empty()) {
    elements.push_back(
        fmt::format("{} with points pt {} {}", picture.data(flagged), hollow(mark), style));
  }
  return elements;
}

void plot_lines(Picture& picture, const std::vector<CriterionLine>& lines,
                const std::string& common, Range range) {
  std::vector<std::string> elements;
  Index first = lines.front().points.front().n_components;
  Index last = first;
  // The best line is drawn last, above the others.
  for (std::size_t rank = lines.size(); rank-- > 0;) {
    const CriterionLine& line = lines[rank];
    const Color color = line_color(rank);
    first = std::min(first, line.points.front().n_components);
    last = std::max(last, line.points.back().n_components);
    for (const auto& run : runs(line)) {
      elements.push_back(fmt::format("{} with lines lc rgb {} lw {}", picture.data(run), rgb(color),
                                     rank == 0 ? 2.6 : 1.4));
    }
    std::vector<std::vector<double>> sound;
    std::vector<std::vector<double>> flagged;
    for (const Point& point : line.points) {
      (point.flagged ? flagged : sound)
          .push_back({static_cast<double>(point.n_components), point.value});
    }
    for (auto& element :
         mark_elements(picture, sound, flagged, series_mark(rank),
                       fmt::format("ps {}*mark lc rgb {}", rank == 0 ? 0.9 : 0.65, rgb(color)))) {
      elements.push_back(std::move(element));
    }
  }
  for (std::size_t rank = 0; rank < lines.size() && lines.size() > 1; ++rank) {
    elements.push_back(
        fmt::format("keyentry with linespoints lc rgb {} lw {} pt {} ps {}*mark title {}",
                    rgb(line_color(rank)), rank == 0 ? 2.6 : 1.4, series_mark(rank),
                    rank == 0 ? 0.9 : 0.65, literal(short_name(lines[rank].name, common), 28)));
  }
  if (any_flagged(lines)) {
    elements.push_back(
        fmt::format("keyentry with points pt 6 ps 0.7*mark lc rgb {} title 'flagged'", rgb(ink)));
  }

  const auto best = std::min_element(
      lines[0].points.begin(), lines[0].points.end(), [](const Point& a, const Point& b) {
        return a.flagged == b.flagged ? a.value < b.value : b.flagged;
      });
  const bool right_half = 2 * best->n_components > first + last;
  picture.command("set label 2 {} at {}, {} {} offset {},-1.1 front tc rgb {}",
                  literal(fmt::format("{}, {} component{}", short_name(lines[0].name, common),
                                      best->n_components, best->n_components == 1 ? "" : "s")),
                  best->n_components, number(best->value), right_half ? "right" : "left",
                  right_half ? 0.6 : -0.6, rgb(ink));
  elements.push_back(fmt::format(
      "{} with points pt 6 ps 2*mark lw 1.6 lc rgb {}",
      picture.data({{static_cast<double>(best->n_components), best->value}}), rgb(ink)));
  const double step = std::max(1.0, tic_step({0, static_cast<double>(last - first)}, 12));
  picture.command(
      "set xlabel 'number of components'; set xrange [{}:{}]; set xtics {}; set format x '%g'",
      static_cast<double>(first) - 0.3, static_cast<double>(last) + 0.3, step);
  picture.command("set yrange [{}:{}]; set clip two", number(range.low), number(range.high));
  picture.plot(elements);
}

/// All with the same number of components: a row each, the best on top.
void plot_rows(Picture& picture, const std::vector<CriterionLine>& lines, const std::string& common,
               Range range) {
  std::vector<std::string> names;
  std::vector<std::vector<double>> sound;
  std::vector<std::vector<double>> flagged;
  std::vector<std::vector<double>> guides;
  for (std::size_t rank = lines.size(); rank-- > 0;) {
    const Point& point = lines[rank].points.front();
    const auto height = static_cast<double>(names.size());
    names.push_back(short_name(lines[rank].name, common));
    const double end = std::min(point.value, range.high);
    guides.push_back({range.low, height, end - range.low, 0});
    if (point.value <= range.high)
      (point.flagged ? flagged : sound).push_back({point.value, height});
  }
  picture.command("{}", level_labels("y", names, 44));
  picture.command("set xrange [{}:{}]; set xtics {}; set format x '{}'", number(range.low),
                  number(range.high), number(tic_step(range, 8)), tic_format(range));
  picture.command("set yrange [-0.6:{}]", static_cast<double>(names.size()) - 0.4);
  std::vector<std::string> elements{
      fmt::format("{} with vectors nohead lc rgb '#CCCCCC' lw 1", picture.data(guides))};
  for (auto& element : mark_elements(picture, sound, flagged, 7,
                                     fmt::format("ps 0.9*mark lc rgb {}", rgb(series_color(0))))) {
    elements.push_back(std::move(element));
  }
  if (!flagged.empty()) {
    elements.push_back(fmt::format(
        "keyentry with points pt 6 ps 0.9*mark lc rgb {} title 'flagged'", rgb(series_color(0))));
  }
  picture.plot(elements);
}

}  // namespace

void plot_comparison(const Comparison& comparison, const std::filesystem::path& file) {
  Picture picture(file, 800, 560);
  const std::vector<CriterionLine> lines = criterion_lines(comparison);
  if (lines.empty()) {
    throw std::runtime_error("there is no comparison to draw: every fit failed");
  }
  const Range range = criterion_range(lines);
  const std::string common = common_words(lines);
  const Index k = lines.front().points.front().n_components;
  const bool one_number = std::all_of(lines.begin(), lines.end(), [&](const CriterionLine& line) {
    return line.points.size() == 1 && line.points.front().n_components == k;
  });
  bool beyond = false;
  for (const CriterionLine& line : lines) {
    for (const Point& point : line.points) {
      beyond = beyond || point.value > range.high || point.value < range.low;
    }
  }
  std::string text = lines.size() == 1 ? lines.front().name : common;
  if (one_number) {
    text += fmt::format("{}{} component{}", text.empty() ? "" : ", ", k, k == 1 ? "" : "s");
  }
  if (beyond) text += fmt::format("{}some values lie beyond the frame", text.empty() ? "" : "; ");
  write_heading(picture, text);
  const std::string title =
      literal(criterion_title(comparison.criterion) + " (smaller is better)", 80);
  picture.command("set key outside right top vertical Left reverse samplen 2.5 spacing 1.2");
  if (one_number && lines.size() > 1) {
    picture.command("set xlabel {}", title);
    plot_rows(picture, lines, common, range);
  } else {
    picture.command("set ylabel {}; set format y '{}'", title, tic_format(range));
    plot_lines(picture, lines, common, range);
  }
  picture.finish();
}

}  // namespace mix::cli
