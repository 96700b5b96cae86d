#include <algorithm>
#include <cmath>

#include "histogram.h"
#include "plot_parts.h"

namespace mix::cli {

namespace {

constexpr Index most_columns = 6;
constexpr int tics = 4;

/// The histogram of a column, each bar divided among the components, and their densities.
std::vector<std::string> diagonal_elements(Picture& picture, const MixtureModel& model,
                                           const Table& table, const DrawnRows& rows, Index j,
                                           Range range) {
  const bool discrete =
      table.column(j).kind == ColumnKind::category || is_discrete(model, rows.x, j);
  const Vector values = rows.x.col(j);
  const Histogram histogram =
      discrete ? count_histogram(values, rows.weights) : cli::histogram(values, rows.weights);
  const Index k = model.n_components();
  Matrix counts = Matrix::Zero(static_cast<Index>(histogram.counts.size()), k);
  for (Index i = 0; i < values.size(); ++i) {
    counts(static_cast<Index>(histogram.bin(values[i])),
           rows.labels[static_cast<std::size_t>(i)]) +=
        rows.weights[i] / (rows.weights.sum() * histogram.width);
  }
  picture.command("set yrange [0:{}]", number(1.1 * histogram.highest()));

  std::vector<std::string> elements;
  for (Index c = k; c-- > 0;) {
    std::vector<std::vector<double>> boxes;
    for (Index bin = 0; bin < counts.rows(); ++bin) {
      boxes.push_back({histogram.center(static_cast<std::size_t>(bin)),
                       counts.row(bin).head(c + 1).sum(), (discrete ? 0.8 : 1) * histogram.width});
    }
    elements.push_back(fmt::format("{} using 1:2:3 with boxes fc rgb {} fs solid border rgb {}",
                                   picture.data(boxes), rgb(paler(component_color(model, c), 0.6)),
                                   rgb(0xFFFFFF)));
  }
  const Vector x = Vector::LinSpaced(200, range.low, range.high);
  for (Index c = 0; c < k; ++c) {
    const std::optional<Shape> shape = component_shape(model.family(), c, {j});
    if (!shape || !(shape->scale(0, 0) > 0)) continue;
    const Vector y = model.weights()[c] * density(*shape, x);
    std::vector<std::vector<double>> curve;
    for (Index i = 0; i < x.size(); ++i) {
      if (y[i] > 0.002 * histogram.highest()) curve.push_back({x[i], y[i]});
    }
    if (curve.size() < 2) continue;
    elements.push_back(fmt::format("{} with lines lc rgb {} lw 1.5", picture.data(curve),
                                   rgb(component_color(model, c))));
  }
  return elements;
}

void hide_tic_labels(Picture& picture, const std::string& axis, const Column& column) {
  picture.command("set format {} ''", axis);
  if (column.kind == ColumnKind::category) {
    picture.command("{}", level_labels(axis, std::vector<std::string>(column.levels.size())));
  }
}

}  // namespace

void plot_matrix(Picture& picture, const MixtureModel& model, const Table& table,
                 const PlotOptions& options, const std::vector<Index>& described) {
  const Index d = std::min(most_columns, std::ssize(described));
  const DrawnRows rows = drawn_rows(model, table, most_rows(d * (d - 1) / 2), options.weights);
  const std::vector<Index> columns = telling_columns(rows, described, d);
  std::string text = heading(model, rows);
  if (d < std::ssize(described)) {
    text += fmt::format("; the {} of {} columns that tell the components apart best", d,
                        described.size());
  }
  // Room for the names of levels, which stand on end below a crowded axis.
  std::size_t longest = 0;
  const int letters = static_cast<int>(96 / d);  // along a panel
  bool aslant = false;
  for (const Index j : columns) {
    const std::vector<std::string>& levels = table.column(j).levels;
    for (const std::string& level : levels) longest = std::max(longest, level.size());
    aslant = aslant || crowded(table.column(j), letters);
  }
  longest = std::min<std::size_t>(longest, most_level_letters);
  const double left = longest > 3 ? 0.07 + 0.009 * static_cast<double>(longest) : 0.10;
  constexpr double right = 0.985;
  const double bottom = aslant ? 0.08 + 0.007 * static_cast<double>(longest) : 0.09;
  constexpr double top = 0.945;
  constexpr double gap = 0.012;
  const double width = (right - left) / static_cast<double>(d);
  const double height = (top - bottom) / static_cast<double>(d);
  const double size = std::clamp(12 / std::sqrt(static_cast<double>(rows.x.rows())), 0.15, 0.5);

  const int font = d < 5 ? 13 : 11;

  picture.command("set multiplot; set tics font ',{}'", d < 5 ? 12 : 10);
  picture.command("set label 1 {} at screen {}, screen 0.972 left tc rgb {}", literal(text, 110),
                  left, rgb(0x555555));
  for (Index row = 0; row < d; ++row) {
    for (Index column = 0; column <= row; ++column) {
      const Index across = columns[static_cast<std::size_t>(column)];
      const Index up = columns[static_cast<std::size_t>(row)];
      picture.command("set lmargin at screen {}; set rmargin at screen {}",
                      left + width * static_cast<double>(column),
                      left + width * static_cast<double>(column + 1) - gap);
      picture.command("set tmargin at screen {}; set bmargin at screen {}",
                      top - height * static_cast<double>(row),
                      top - height * static_cast<double>(row + 1) + gap);
      const Range range = axis_range(model, table, rows, across);
      set_axis(picture, "x", table.column(across), range, tics, letters);
      if (row < d - 1) {
        picture.command("unset xlabel");
        hide_tic_labels(picture, "x", table.column(across));
      } else {
        picture.command("set xlabel {} font ',{}'", literal(table.column(across).name, letters),
                        font);
      }
      std::vector<std::string> elements;
      if (row == column) {
        picture.command("unset ylabel; unset ytics; set border 1");
        elements = diagonal_elements(picture, model, table, rows, across, range);
      } else {
        picture.command("set ytics nomirror out scale 0.6; set border 3");
        set_axis(picture, "y", table.column(up), axis_range(model, table, rows, up), tics);
        picture.command("unset ylabel");
        if (column > 0) hide_tic_labels(picture, "y", table.column(up));
        elements = scatter_elements(picture, model, table, rows, across, up, size);
        for (auto& element : ellipse_elements(picture, model, rows, across, up, 1.2)) {
          elements.push_back(std::move(element));
        }
      }
      if (column == 0) {
        // Not a ylabel, whose place would depend on the width of the tics' labels.
        picture.command("set label 2 {} at screen 0.022, screen {} center rotate by 90 font ',{}'",
                        literal(row == 0 ? std::string() : table.column(up).name, letters),
                        top - height * (static_cast<double>(row) + 0.5) + gap / 2, font);
      }
      if (row == 0) {
        picture.command(
            "set key at screen {}, screen {} right top vertical Left reverse maxrows 40 samplen "
            "1.5 "
            "spacing 1.25",
            right, top - gap);
        for (auto& entry : legend(model, options.component_names, columns))
          elements.push_back(std::move(entry));
      }
      picture.plot(elements);
      picture.command("unset label 1; unset label 2; set key off");
    }
  }
  picture.command("unset multiplot");
}

}  // namespace mix::cli
