#include "component_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "mix/json_fields.h"
#include "text.h"

namespace mix::cli {
namespace {

constexpr std::size_t page_width = 100;
constexpr std::size_t name_width = 12;
// Correlations of more columns than this fill pages; they stay in the JSON report.
constexpr Index most_correlated = 6;

// One parameter of one component under the heading and label where it is shown.
struct Entry {
  std::string section;
  std::string label;
  std::string cell;
};

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
  static std::string cell(const Json& value) {
    if (value.is_number()) return brief(value.get<double>());
    return value.is_string() ? value.get<std::string>() : value.dump();
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
      add_covariance(value, columns);
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
      add_row(many_columns ? "" : name, many_columns ? name : columns[0].name, cell(value));
    }
  }

  void add_row(std::string section, std::string label, std::string text) {
    out_.push_back({std::move(section), std::move(label), std::move(text)});
  }

  void add_vector(const std::string& name, const Json& value, const std::vector<Column>& columns) {
    for (std::size_t j = 0; j < value.size(); ++j) {
      const bool per_column = value.size() == columns.size();
      std::string label = per_column ? columns[j].name : fmt::format("{}", j + 1);
      // The probability of a column with two levels is that of the second.
      if (per_column && columns[j].levels.size() == 2) label += " = " + columns[j].levels[1];
      add_row(name, std::move(label), cell(value[j]));
    }
  }

  void add_levels(const std::string& name, const Json& value, const Column& column) {
    const std::size_t count = column.levels.empty() ? value.size() : column.levels.size();
    for (std::size_t level = 0; level < std::min(count, value.size()); ++level) {
      const std::string text =
          column.levels.empty() ? fmt::format("{}", level) : column.levels[level];
      add_row(name, fmt::format("{} = {}", column.name, text), cell(value[level]));
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
                cell(value[i][j]));
      }
    }
  }

  void add_covariance(const Json& value, const std::vector<Column>& columns) {
    if (value.size() != columns.size()) return add_matrix("covariance", value, columns);
    std::vector<double> deviation;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      deviation.push_back(std::sqrt(value[j].at(j).get<double>()));
      add_row("standard deviation", columns[j].name, brief(deviation[j]));
    }
    if (static_cast<Index>(columns.size()) > most_correlated) return;
    for (std::size_t j = 1; j < columns.size(); ++j) {
      for (std::size_t i = 0; i < j; ++i) {
        const double correlation = value[j].at(i).get<double>() / (deviation[i] * deviation[j]);
        add_row("correlation", fmt::format("{}, {}", columns[i].name, columns[j].name),
                fmt::format("{:.3f}", std::isfinite(correlation) ? correlation : 0.0));
      }
    }
  }

  std::vector<Entry>& out_;
};

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
                                         const std::vector<Column>& columns) {
  const auto count = static_cast<std::size_t>(model.n_components());
  ComponentRow weight{"weight", {}};
  for (const double w : model.weights()) weight.cells.push_back(fmt::format("{:.4f}", w));
  // Sections in the order of their first appearance, and in each section its labels.
  std::vector<std::pair<std::string, std::vector<ComponentRow>>> sections;
  for (std::size_t k = 0; k < count; ++k) {
    std::vector<Entry> entries;
    Flattener(entries).add(json_component(model.family(), static_cast<Index>(k)), columns);
    for (Entry& entry : entries) {
      auto section = std::find_if(sections.begin(), sections.end(),
                                  [&](const auto& s) { return s.first == entry.section; });
      if (section == sections.end()) section = sections.insert(section, {entry.section, {}});
      auto& rows = section->second;
      auto row = std::find_if(rows.begin(), rows.end(),
                              [&](const ComponentRow& r) { return r.label == entry.label; });
      if (row == rows.end()) {
        row = rows.insert(row, {entry.label, std::vector<std::string>(count)});
      }
      row->cells[k] = std::move(entry.cell);
    }
  }
  std::vector<ComponentRow> rows{std::move(weight)};
  for (auto& [section, own] : sections) {
    // One column: the section's name says all that the column's would.
    const bool single = own.size() == 1 && columns.size() == 1 && !section.empty() &&
                        own[0].label == columns[0].name;
    if (single) {
      rows.push_back({section, std::move(own[0].cells)});
      continue;
    }
    if (!section.empty()) rows.push_back({section, {}});
    for (ComponentRow& row : own) {
      rows.push_back({(section.empty() ? "" : "  ") + row.label, std::move(row.cells)});
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
    titles.push_back(noise              ? "noise"
                     : i < names.size() ? shortened(names[i], name_width)
                                        : fmt::format("{}", k + 1));
  }
  return titles;
}

std::string format_components(const std::vector<std::string>& names,
                              const std::vector<ComponentRow>& rows) {
  std::size_t label_width = 0;
  for (const ComponentRow& row : rows) {
    label_width = std::max(label_width, std::min<std::size_t>(width_of(row.label), 34));
  }
  std::size_t cell_width = 9;
  for (const std::string& name : names) cell_width = std::max(cell_width, width_of(name));
  for (const ComponentRow& row : rows) {
    for (const std::string& cell : row.cells) {
      cell_width = std::max(cell_width, std::min<std::size_t>(width_of(cell), 14));
    }
  }
  const std::size_t per_block =
      std::max<std::size_t>(1, (page_width - 2 - label_width) / (cell_width + 2));
  std::string text;
  for (std::size_t first = 0; first < names.size(); first += per_block) {
    const std::size_t last = std::min(names.size(), first + per_block);
    if (first > 0) text += "\n";
    const auto line = [&](const std::string& label, const std::vector<std::string>& cells) {
      std::string out = "  " + pad_right(shortened(label, 34), label_width);
      for (std::size_t k = first; k < last && k < cells.size(); ++k) {
        out += "  " + pad_left(shortened(cells[k].empty() ? "-" : cells[k], 14), cell_width);
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
