#include <algorithm>
#include <cmath>

#include "plot_parts.h"
#include "profiles.h"

namespace mix::cli {

namespace {

constexpr std::size_t most_features = 24;
constexpr std::size_t most_panels = 6;  // across a scatter matrix
constexpr double group_width = 0.8;
constexpr int most_letters = 24;  // of a feature's name

bool has_shapes(const MixtureModel& model, const std::vector<Index>& columns) {
  for (Index k = 0; k < model.n_components(); ++k) {
    for (const Index j : columns) {
      if (component_shape(model.family(), k, {j})) return true;
    }
  }
  return false;
}

void set_range(Picture& picture, const Profile& profile) {
  double low = 0;
  double high = 0;
  for (const Feature& feature : profile.features) {
    for (const Vector* values : {&feature.rows, &feature.model}) {
      for (const double value : *values) {
        if (!std::isfinite(value)) continue;
        low = std::min(low, value);
        high = std::max(high, value);
      }
    }
  }
  const double room = 0.06 * (high > low ? high - low : 1);
  const Range range{low < 0 ? low - room : 0, high + room};
  picture.command("set yrange [{}:{}]; set ytics {}", number(range.low), number(range.high),
                  number(tic_step(range, 8)));
  picture.command("set ylabel {}", literal(profile.axis));
}

}  // namespace

bool plots_profiles(const MixtureModel& model, const Table& table,
                    const std::vector<Index>& columns) {
  if (columns.size() > 1 && are_chains(model)) return true;
  if (columns.size() < 3 || has_shapes(model, columns)) return false;
  if (columns.size() > most_panels) return true;
  const DrawnRows rows = drawn_rows(model, table, most_rows(1));
  return std::all_of(columns.begin(), columns.end(), [&](Index j) {
    return table.column(j).kind == ColumnKind::category || is_discrete(model, rows.x, j);
  });
}

void plot_profiles(Picture& picture, const MixtureModel& model, const Table& table,
                   const PlotOptions& options, const std::vector<Index>& columns) {
  const DrawnRows rows = drawn_rows(model, table, most_rows(1), options.weights);
  const Profile profile = component_profiles(model, table, rows, columns, most_features);
  const std::vector<Feature>& features = profile.features;
  std::string text = heading(model, rows);
  if (features.size() < profile.all) {
    text += fmt::format("; the {} of {} that tell the components apart best", features.size(),
                        profile.all);
  }
  write_heading(picture, text);
  std::vector<std::string> names;
  for (const Feature& feature : features) names.push_back(feature.name);
  const Column axis{"", ColumnKind::category, names};
  picture.command("{}", level_labels("x", names, most_letters));
  picture.command("set xtics {}", crowded(axis, 70) ? "rotate by -40" : "norotate");
  picture.command("set xrange [-0.6:{}]", number(static_cast<double>(features.size()) - 0.4));
  picture.command("set key outside right top vertical Left reverse samplen 1.5 spacing 1.25");
  set_range(picture, profile);

  const Index k = model.n_components();
  const double width = group_width / static_cast<double>(k);
  std::vector<std::string> elements;
  std::vector<std::string> marks;
  bool has_marks = false;
  for (Index c = 0; c < k; ++c) {
    const Color color = component_color(model, c);
    std::vector<std::vector<double>> boxes;
    std::vector<std::vector<double>> means;
    for (std::size_t i = 0; i < features.size(); ++i) {
      const double x =
          static_cast<double>(i) + width * (static_cast<double>(c) + 0.5) - group_width / 2;
      if (std::isfinite(features[i].rows[c])) boxes.push_back({x, features[i].rows[c], width});
      if (std::isfinite(features[i].model[c])) means.push_back({x, features[i].model[c]});
    }
    const std::string title = literal(component_label(model, c, options.component_names));
    if (!boxes.empty()) {
      elements.push_back(fmt::format(
          "{} using 1:2:3 with boxes fc rgb {} fs solid border rgb {} title {}",
          picture.data(boxes), rgb(paler(color, 0.45)), rgb(0xFFFFFF), k > 1 ? title : "'data'"));
    }
    if (means.empty()) continue;
    has_marks = true;
    marks.push_back(
        fmt::format("{} with points pt 7 ps 0.8*mark lc rgb {}", picture.data(means), rgb(color)));
  }
  elements.insert(elements.end(), marks.begin(), marks.end());
  if (k > 1 && has_marks) {
    elements.push_back(
        "keyentry with boxes fs solid border rgb '#BBBBBB' fc rgb '#BBBBBB' title 'data'");
  }
  if (has_marks) {
    elements.push_back("keyentry with points pt 7 ps 0.8*mark lc rgb '#333333' title 'model'");
  }
  picture.plot(elements);
}

}  // namespace mix::cli
