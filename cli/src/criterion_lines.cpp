#include "criterion_lines.h"

#include <algorithm>
#include <cmath>

namespace mix::cli {

std::vector<CriterionLine> criterion_lines(const Comparison& comparison) {
  std::vector<CriterionLine> lines;
  for (const Ranked& ranked : comparison) {
    if (!std::isfinite(ranked.value) || ranked.status.starts_with("failed")) continue;
    auto line = std::find_if(lines.begin(), lines.end(),
                             [&](const CriterionLine& l) { return l.name == ranked.name; });
    if (line == lines.end()) line = lines.insert(line, {ranked.name, {}, infinity});
    line->points.push_back(
        {ranked.n_components, ranked.value, ranked.status.starts_with("flagged")});
  }
  for (CriterionLine& line : lines) {
    std::sort(line.points.begin(), line.points.end(),
              [](const auto& a, const auto& b) { return a.n_components < b.n_components; });
    const bool all_flagged = std::all_of(line.points.begin(), line.points.end(),
                                         [](const auto& point) { return point.flagged; });
    for (const CriterionLine::Point& point : line.points) {
      if (all_flagged || !point.flagged) line.best = std::min(line.best, point.value);
    }
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const CriterionLine& a, const CriterionLine& b) { return a.best < b.best; });
  return lines;
}

Range criterion_range(const std::vector<CriterionLine>& lines) {
  // Flagged fits have a likelihood without meaning: they do not stretch the axis downwards.
  double best = infinity;
  for (const CriterionLine& line : lines) best = std::min(best, line.best);
  std::vector<double> above;
  for (const CriterionLine& line : lines) {
    for (const auto& point : line.points) {
      if (point.value >= best) above.push_back(point.value - best);
    }
  }
  if (above.empty()) return {};
  std::sort(above.begin(), above.end());
  // The best fit of most families, and three times the distance of the middle value, fit in.
  double reach = 3 * above[above.size() / 2];
  const std::size_t most = lines.size() - lines.size() / 5;
  if (most > 0) reach = std::max(reach, 1.2 * (lines[most - 1].best - best));
  if (!(reach > 0) || reach > above.back()) reach = above.back();
  if (!(reach > 0)) reach = std::max(1.0, 1e-3 * std::abs(best));
  return {best - 0.09 * reach, best + 1.04 * reach};
}

std::string common_words(const std::vector<CriterionLine>& lines) {
  if (lines.size() < 2) return {};
  const std::string& first = lines.front().name;
  std::size_t length = first.size();
  for (const CriterionLine& line : lines) {
    const auto differ =
        std::mismatch(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(length),
                      line.name.begin(), line.name.end());
    length = static_cast<std::size_t>(differ.first - first.begin());
  }
  const std::size_t space = first.substr(0, length).rfind(' ');
  return space == std::string::npos ? std::string() : first.substr(0, space);
}

}  // namespace mix::cli
