#include <cmath>
#include <stdexcept>

#include "data.h"
#include "described_columns.h"
#include "mix/distributions/gated.h"
#include "mix/errors.h"
#include "plot_parts.h"
#include "text.h"

namespace mix::cli {

bool is_noise(const MixtureModel& model, Index k) {
  return model.n_components() > 1 && component_family(model.family(), k) == "uniform";
}

Color component_color(const MixtureModel& model, Index k) {
  return is_noise(model, k) ? gray : series_color(static_cast<std::size_t>(k));
}

std::string component_label(const MixtureModel& model, Index k,
                            const std::vector<std::string>& names) {
  const auto i = static_cast<std::size_t>(k);
  std::string name = is_noise(model, k) ? "noise" : fmt::format("component {}", k + 1);
  if (i < names.size() && !names[i].empty()) name = shortened(names[i], 24);
  // Weights of a gated family differ by row.
  if (model.family().as<Gated>() != nullptr) return name;
  return fmt::format("{} ({:.{}f} %)", name, 100 * model.weights()[k],
                     model.weights()[k] < 0.0995 ? 1 : 0);
}

std::string heading(const MixtureModel& model, const DrawnRows& rows) {
  std::string text = fmt::format("{}, {} component{}, {} rows", model.title(), model.n_components(),
                                 model.n_components() == 1 ? "" : "s", rows.complete);
  if (rows.weight_sum) text += fmt::format(" (weights sum to {:.8g})", *rows.weight_sum);
  if (rows.x.rows() < rows.complete) text += fmt::format(", {} of them drawn", rows.x.rows());
  if (rows.incomplete > 0) {
    text += fmt::format(", {} with missing cells left out", rows.incomplete);
  }
  return text;
}

void write_heading(Picture& picture, const std::string& text) {
  picture.command("set tmargin 2.6");
  picture.command("set label 1 {} at graph 0, graph 1 left offset 0,0.9 tc rgb {}",
                  literal(text, 110), rgb(0x555555));
}

bool crowded(const Column& column, int letters) {
  std::size_t room = 0;
  for (const std::string& level : column.levels) {
    room += std::min<std::size_t>(level.size(), most_level_letters) + 2;
  }
  return room > static_cast<std::size_t>(letters);
}

void set_axis(Picture& picture, const std::string& axis, const Column& column, Range range,
              int tics, int letters) {
  picture.command("set {}label {}", axis, literal(column.name));
  picture.command("set {}range [{}:{}]", axis, number(range.low), number(range.high));
  if (column.kind == ColumnKind::category) {
    picture.command("{}", level_labels(axis, column.levels, most_level_letters));
  } else {
    const double step = tic_step(range, tics);
    const bool whole = column.kind == ColumnKind::count;
    picture.command("set {}tics {}", axis, number(whole ? std::max(1.0, step) : step));
    picture.command("set format {} '{}'", axis, tic_format(range));
  }
  if (axis != "x") return;
  picture.command("set xtics {}", crowded(column, letters) ? "rotate by -40" : "norotate");
}

Index most_rows(Index panels) { return panels == 1 ? 20000 : 30000 / panels; }

namespace {

constexpr int picture_width = 800;
constexpr int picture_height = 560;
constexpr int matrix_width = 860;
constexpr int matrix_height = 800;

/// Draws columns that are rows of points.
void plot_columns(const std::filesystem::path& file, const MixtureModel& model, const Table& table,
                  const PlotOptions& options) {
  std::vector<Index> columns = described_columns(model.family());
  const bool has_response = plots_response(model, columns);
  if (columns.size() == 1 && !has_response) columns = all_columns(model.dimension());
  const bool has_profiles = plots_profiles(model, table, columns);
  const bool has_panels = columns.size() > 2 && !has_profiles;
  Picture picture(file, has_panels ? matrix_width : picture_width,
                  has_panels ? matrix_height : picture_height);
  if (has_response) {
    plot_response(picture, model, table, options, columns.front());
  } else if (plots_shares(model)) {
    plot_shares(picture, model, table, options);
  } else if (has_profiles) {
    plot_profiles(picture, model, table, options, columns);
  } else if (has_panels) {
    plot_matrix(picture, model, table, options, columns);
  } else if (columns.size() == 2) {
    plot_plane(picture, model, table, options, columns);
  } else {
    plot_distribution(picture, model, table, options);
  }
  picture.finish();
}

}  // namespace

void plot_model(const MixtureModel& model, const Table& columns, const std::filesystem::path& file,
                const PlotOptions& options) {
  if (columns.column_count() != model.dimension() || model.dimension() == 0) {
    throw std::invalid_argument(
        fmt::format("the model describes {} column{}, but the table to draw has {}; give the "
                    "columns that it was fitted to, in their order",
                    model.dimension(), model.dimension() == 1 ? "" : "s", columns.column_count()));
  }
  const Vector& weights = options.weights;
  if (weights.size() > 0 && (weights.size() != columns.rows() || !weights.allFinite() ||
                             weights.minCoeff() < 0 || !(weights.sum() > 0))) {
    throw std::invalid_argument(
        "weights to draw with are one for each row, not negative, and at least one is positive");
  }
  if (columns.complete_rows(columns_of_cells(columns)).empty()) {
    throw DataError(fmt::format("there is nothing to draw in {}: the table has no complete row",
                                in_quotes(file.string())));
  }
  if (interval_columns(model.family()).empty()) {
    plot_columns(file, model, columns, options);
    return;
  }
  Picture picture(file, picture_width, picture_height);
  plot_intervals(picture, model, columns, options);
  picture.finish();
}

}  // namespace mix::cli
