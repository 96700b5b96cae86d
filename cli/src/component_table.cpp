#include "component_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "mix/distributions/gated.h"
#include "mix/json_fields.h"
#include "text.h"

namespace mix::cli {
namespace {

constexpr std::size_t page_width = 100;
constexpr std::size_t most_cell_width = 14;
// Correlations of more columns than this fill pages; they stay in the JSON report.
constexpr Index most_correlated = 6;

// One parameter of one component under the heading and label where it is shown.
struct Entry {
  std::string section;
  std::string label;
  Json value;
};

enum class Digits { as_needed, four_decimals };

// The cells of one row. Values that differ by little compared with their size show where they
// differ.
std::vector<std::string> row_cells(const std::vector<Json>& values, Digits digits) {
  double least = infinity;
  double most = -infinity;
  for (const Json& value : values) {
    if (!value.is_number()) continue;
    least = std::min(least, value.get<double>());
    most = std::max(most, value.get<double>());
  }
  const int decimals = most > least ? std::clamp(1 - leading_digit(most - least), 0, 8) : 0;
  std::vector<std::string> cells;
  for (const Json& value : values) {
    if (value.is_null()) {
      cells.emplace_back();
    } else if (!value.is_number()) {
      cells.push_back(value.is_string() ? value.get<std::string>() : value.dump());
    } else if (digits == Digits::four_decimals) {
      cells.push_back(fmt::format("{:.4f}", value.get<double>()));
    } else {
      cells.push_back(brief(value.get<double>(), decimals));
    }
  }
  return cells;
}

class Flattener {
 public:
  explicit Flattener(std::vector<Entry>& out) : out_(out) {}

  void add(const Json& parameters, const std::vector<Column>& columns) {
    for (const auto& [key, value] : parameters.items()) {
      // The levels are those of the probabilities.
      if (key == "levels" && parameters.contains("probabilities")) continue;
      if (key == "blocks" && value.is_array()) {
        add_blocks(value, columns);
      } else {
        add_parameter(key, value, columns);
      }
    }
  }

 private:
  static bool is_vector(const Json& value) {
    return value.is_array() && !value.empty() &&
           std::none_of(value.begin(), value.end(),
                        [](const Json& v) { return v.is_structured(); });
  }
  static bool is_matrix(const Json& value) {
    return value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), is_vector);
  }
  static std::string spoken(std::string name) {
    std::replace(name.begin(), name.end(), '_', ' ');
    return name;
  }

  void add_blocks(const Json& blocks, const std::vector<Column>& columns) {
    for (const Json& block : blocks) {
      std::vector<Column> own;
      for (const Json& j : block.value("columns", Json::array())) {
        own.push_back(columns.at(j.get<std::size_t>()));
      }
      Json parameters = block;
      parameters.erase("columns");
      parameters.erase("distribution");
      add(parameters, own);
    }
  }

  void add_parameter(const std::string& key, const Json& value,
                     const std::vector<Column>& columns) {
    const std::string name = spoken(key);
    if (is_matrix(value) && key == "covariance") {
      add_covariance("standard deviation", value, columns);
    } else if (is_matrix(value) && key == "scale") {
      add_covariance("scale (square root)", value, columns);
    } else if (is_matrix(value) && key == "probabilities" && value.size() == columns.size()) {
      for (std::size_t j = 0; j < columns.size(); ++j) add_levels(name, value[j], columns[j]);
    } else if (is_matrix(value)) {
      add_matrix(name, value, columns);
    } else if (is_vector(value) && key == "probabilities" && columns.size() == 1) {
      add_levels(name, value, columns[0]);
    } else if (is_vector(value)) {
      add_vector(name, value, columns);
    } else {
      const bool many_columns = columns.size() != 1 || !value.is_number();
      add_row(many_columns ? "" : name, many_columns ? name : columns[0].name, value);
    }
  }

  void add_row(std::string section, std::string label, Json value) {
    out_.push_back({std::move(section), std::move(label), std::move(value)});
  }

  void add_vector(const std::string& name, const Json& value, const std::vector<Column>& columns) {
    for (std::size_t j = 0; j < value.size(); ++j) {
      // Those of a regression are of its first columns.
      const bool per_column = value.size() == columns.size() ||
                              (name == "coefficients" && value.size() < columns.size());
      std::string label = per_column ? columns[j].name : fmt::format("{}", j + 1);
      // The probability of a column with two levels is that of the second.
      if (per_column && columns[j].levels.size() == 2) label += " = " + columns[j].levels[1];
      add_row(name, std::move(label), value[j]);
    }
  }

  void add_levels(const std::string& name, const Json& value, const Column& column) {
    const std::size_t count = column.levels.empty() ? value.size() : column.levels.size();
    for (std::size_t level = 0; level < std::min(count, value.size()); ++level) {
      const std::string text =
          column.levels.empty() ? fmt::format("{}", level) : column.levels[level];
      add_row(name, fmt::format("{} = {}", column.name, text), value[level]);
    }
  }

  void add_matrix(const std::string& name, const Json& value, const std::vector<Column>& columns) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      for (std::size_t j = 0; j < value[i].size(); ++j) {
        const bool square = value.size() == columns.size() && value[i].size() == columns.size();
        if (square && j > i) continue;
        add_row(name,
                square ? (i == j ? columns[i].name
                                 : fmt::format("{}, {}", columns[j].name, columns[i].name))
                       : fmt::format("{}, {}", i + 1, j + 1),
                value[i][j]);
      }
    }
  }

  void add_covariance(const std::string& root, const Json& value,
                      const std::vector<Column>& columns) {
    if (value.size() != columns.size()) return add_matrix("covariance", value, columns);
    std::vector<double> deviation;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      deviation.push_back(std::sqrt(value[j].at(j).get<double>()));
      add_row(root, columns[j].name, deviation[j]);
    }
    if (static_cast<Index>(columns.size()) > most_correlated) return;
    for (std::size_t j = 1; j < columns.size(); ++j) {
      for (std::size_t i = 0; i < j; ++i) {
        const double correlation = value[j].at(i).get<double>() / (deviation[i] * deviation[j]);
        add_row("correlation", fmt::format("{}, {}", columns[i].name, columns[j].name),
                std::isfinite(correlation) ? correlation : 0.0);
      }
    }
  }

  std::vector<Entry>& out_;
};

// The rows of one parameter, one value per component; null where a component lacks it.
struct Section {
  struct Row {
    std::string label;
    std::vector<Json> values;
  };
  std::string name;
  std::vector<Row> rows;
};

bool all_zero(const Section& section) {
  return std::all_of(section.rows.begin(), section.rows.end(), [](const Section::Row& row) {
    return std::all_of(row.values.begin(), row.values.end(), [](const Json& value) {
      return !value.is_number() || value.get<double>() == 0;
    });
  });
}

// All parameters, in the order in which the components name them.
std::vector<Section> collect(const MixtureModel& model, const std::vector<Column>& columns) {
  const auto count = static_cast<std::size_t>(model.n_components());
  std::vector<Section> sections;
  for (std::size_t k = 0; k < count; ++k) {
    std::vector<Entry> entries;
    Flattener(entries).add(json_component(model.family(), static_cast<Index>(k)), columns);
    for (Entry& entry : entries) {
      auto section = std::find_if(sections.begin(), sections.end(),
                                  [&](const Section& s) { return s.name == entry.section; });
      if (section == sections.end()) section = sections.insert(section, {entry.section, {}});
      auto& rows = section->rows;
      auto row = std::find_if(rows.begin(), rows.end(),
                              [&](const Section::Row& r) { return r.label == entry.label; });
      if (row == rows.end()) row = rows.insert(row, {entry.label, std::vector<Json>(count)});
      row->values[k] = std::move(entry.value);
    }
  }
  return sections;
}

}  // namespace

std::vector<Column> columns_or_numbered(const std::vector<Column>& columns, Index dimension) {
  if (!columns.empty()) return columns;
  std::vector<Column> numbered;
  for (Index j = 0; j < dimension; ++j) {
    numbered.push_back({fmt::format("x{}", j + 1), ColumnKind::real, {}});
  }
  return numbered;
}

std::vector<ComponentRow> component_rows(const MixtureModel& model,
                                         const std::vector<Column>& columns, std::size_t most) {
  const std::vector<Section> sections = collect(model, columns);
  std::vector<ComponentRow> rows;
  // Those of a gated family differ by row.
  if (model.family().as<Gated>() == nullptr) {
    ComponentRow weight{"weight", {}};
    for (const double w : model.weights()) weight.cells.push_back(fmt::format("{:.4f}", w));
    rows.push_back(std::move(weight));
  }
  for (const Section& section : sections) {
    // Diagonal structures: there is nothing to see.
    if (section.name == "correlation" && all_zero(section)) continue;
    const bool fixed = section.name.starts_with("probabilit") || section.name == "correlation";
    const Digits digits = fixed ? Digits::four_decimals : Digits::as_needed;
    // One column: the section's name says all that the column's would.
    const bool single = section.rows.size() == 1 && columns.size() == 1 && !section.name.empty() &&
                        section.rows[0].label == columns[0].name;
    if (single) {
      rows.push_back({section.name, row_cells(section.rows[0].values, digits)});
      continue;
    }
    if (!section.name.empty()) rows.push_back({section.name, {}});
    const std::string indent = section.name.empty() ? "" : "  ";
    const std::size_t shown = section.rows.size() > most ? most : section.rows.size();
    for (std::size_t i = 0; i < shown; ++i) {
      rows.push_back({indent + section.rows[i].label, row_cells(section.rows[i].values, digits)});
    }
    if (shown < section.rows.size()) {
      rows.push_back({fmt::format("{}and {} more", indent, section.rows.size() - shown), {}});
    }
  }
  return rows;
}

std::vector<std::string> component_titles(const MixtureModel& model,
                                          const std::vector<std::string>& names) {
  const Index count = model.n_components();
  const auto* list = model.family().as<FamilyList>();
  std::vector<std::string> titles;
  for (Index k = 0; k < count; ++k) {
    const auto i = static_cast<std::size_t>(k);
    const bool noise = list != nullptr && list->locate(k).first->name() == "uniform" &&
                       list->families().front().name() != "uniform";
    if (i < names.size() && !names[i].empty()) {
      titles.push_back(names[i]);
    } else {
      titles.push_back(noise ? "noise"
                             : fmt::format("{}{}", names.empty() ? "" : "component ", k + 1));
    }
  }
  return titles;
}

std::string format_components(const std::vector<std::string>& names,
                              const std::vector<ComponentRow>& rows) {
  std::size_t cell_width = 9;
  for (const std::string& name : names) {
    cell_width = std::max(cell_width, std::min(width_of(name), most_cell_width));
  }
  for (const ComponentRow& row : rows) {
    for (const std::string& cell : row.cells) {
      cell_width = std::max(cell_width, std::min(width_of(cell), most_cell_width));
    }
  }
  // Labels take what few components leave.
  const std::size_t cells_width = std::min<std::size_t>(names.size(), 5) * (cell_width + 2);
  const std::size_t most_label_width =
      std::clamp<std::size_t>(page_width - 2 - cells_width, 34, 60);
  std::size_t label_width = width_of("component");
  for (const ComponentRow& row : rows) {
    label_width = std::max(label_width, std::min(width_of(row.label), most_label_width));
  }
  const std::size_t per_block =
      std::max<std::size_t>(1, (page_width - 2 - label_width) / (cell_width + 2));
  std::string text;
  for (std::size_t first = 0; first < names.size(); first += per_block) {
    const std::size_t last = std::min(names.size(), first + per_block);
    if (first > 0) text += "\n";
    const auto line = [&](const std::string& label, const std::vector<std::string>& cells) {
      std::string out = "  " + pad_right(shortened(label, label_width), label_width);
      for (std::size_t k = first; k < last && k < cells.size(); ++k) {
        out += "  " +
               pad_left(shortened(cells[k].empty() ? "-" : cells[k], most_cell_width), cell_width);
      }
      out.erase(out.find_last_not_of(' ') + 1);
      text += out + "\n";
    };
    line("component", names);
    for (const ComponentRow& row : rows) line(row.label, row.cells);
  }
  return text;
}

}  // namespace mix::cli
