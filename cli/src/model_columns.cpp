#include "model_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "component_table.h"
#include "mix/errors.h"
#include "text.h"

namespace mix::cli {
namespace {

Index place_of(const std::vector<Column>& columns, const std::string& name) {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& column) { return column.name == name; });
  if (found != columns.end()) return found - columns.begin();
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  throw DataError(fmt::format("the model has no column {}; its columns are {}{}", in_quotes(name),
                              in_quotes(names), did_you_mean(name, names)));
}

void add_once(Index place, const std::string& name, std::vector<Index>& places) {
  if (std::find(places.begin(), places.end(), place) != places.end()) {
    throw DataError(fmt::format("column {} is named twice", in_quotes(name)));
  }
  places.push_back(place);
}

double value_of(const Column& column, const std::string& text) {
  if (column.kind == ColumnKind::category) {
    const auto found = std::find(column.levels.begin(), column.levels.end(), text);
    if (found != column.levels.end()) return static_cast<double>(found - column.levels.begin());
    throw DataError(fmt::format("column {} has no category {}; its categories are {}{}",
                                in_quotes(column.name), in_quotes(text), in_quotes(column.levels),
                                did_you_mean(text, column.levels)));
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    throw DataError(fmt::format("{} is no value for column {}; give a finite number",
                                in_quotes(text), in_quotes(column.name)));
  }
  return value;
}

SavedModel described(const SavedModel& saved, MixtureModel model,
                     const std::vector<Index>& columns) {
  const std::vector<Column> all = columns_or_numbered(saved.columns, saved.model.dimension());
  SavedModel part{std::move(model), {}, saved.component_names};
  for (const Index j : columns) part.columns.push_back(all[static_cast<std::size_t>(j)]);
  return part;
}

}  // namespace

std::vector<Index> columns_named(const SavedModel& saved, const std::string& names) {
  const std::vector<Column> columns = columns_or_numbered(saved.columns, saved.model.dimension());
  std::vector<Index> places;
  for (const std::string& name : split_names(names, ',')) {
    add_once(place_of(columns, name), name, places);
  }
  return places;
}

std::pair<std::vector<Index>, Vector> values_named(const SavedModel& saved,
                                                   const std::string& values) {
  const std::vector<Column> columns = columns_or_numbered(saved.columns, saved.model.dimension());
  std::vector<Index> places;
  std::vector<double> numbers;
  for (const std::string& part : split_names(values, ',')) {
    const auto equals = find_outside_quotes(part, "=");
    if (equals == std::string::npos) {
      throw DataError(fmt::format(
          "{} gives no value; write COLUMN=VALUE, several separated by commas", in_quotes(part)));
    }
    const std::string name = unquoted(part.substr(0, equals));
    add_once(place_of(columns, name), name, places);
    numbers.push_back(
        value_of(columns[static_cast<std::size_t>(places.back())], part.substr(equals + 1)));
  }
  return {places, Eigen::Map<const Vector>(numbers.data(), static_cast<Index>(numbers.size()))};
}

SavedModel marginal_of(const SavedModel& saved, const std::vector<Index>& columns) {
  return described(saved, saved.model.marginal(columns), columns);
}

SavedModel conditional_of(const SavedModel& saved, const std::vector<Index>& columns,
                          const Vector& values) {
  MixtureModel rest = saved.model.conditional(columns, values);
  if (saved.model.marginal(columns).log_density(Matrix(values.transpose()))[0] == -infinity) {
    throw DataError("no component explains the given values: their density is 0");
  }
  return described(saved, std::move(rest), other_columns(saved.model.dimension(), columns));
}

}  // namespace mix::cli
