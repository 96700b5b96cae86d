#include "suitable_columns.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "mix/types.h"

namespace mix {
namespace {

bool numeric(const Table& table) {
  return std::none_of(table.columns().begin(), table.columns().end(),
                      [](const Column& column) { return column.kind == ColumnKind::category; });
}

// The cells of a column that are not missing.
std::vector<double> observed_values(const Table& table, Index column) {
  const Vector values = table.column_values(column);
  std::vector<double> observed(values.begin(), values.end());
  std::erase_if(observed, [](double value) { return std::isnan(value); });
  return observed;
}

// Infinity where there are none.
double least_value(const Table& table, Index column) {
  const std::vector<double> observed = observed_values(table, column);
  return observed.empty() ? infinity : *std::min_element(observed.begin(), observed.end());
}

template <class Valid>
bool all_cells(const Table& table, const Valid& valid) {
  for (Index d = 0; d < table.column_count(); ++d) {
    const std::vector<double> column = observed_values(table, d);
    if (!std::all_of(column.begin(), column.end(), valid)) return false;
  }
  return true;
}

bool any_constant_column(const Table& table) {
  for (Index d = 0; d < table.column_count(); ++d) {
    const std::vector<double> column = observed_values(table, d);
    const auto [least, largest] = std::minmax_element(column.begin(), column.end());
    if (column.empty() || *least == *largest) return true;
  }
  return false;
}

}  // namespace

bool all_of_kind(const Table& table, ColumnKind kind) {
  return std::all_of(table.columns().begin(), table.columns().end(),
                     [kind](const Column& column) { return column.kind == kind; });
}

bool suits_continuous(const Table& table) {
  return numeric(table) && table.rows() > 1 && !any_constant_column(table);
}

bool suits_one_column(const Table& table) {
  return table.column_count() == 1 && suits_continuous(table);
}

bool suits_measurements(const Table& table) {
  return suits_one_column(table) && !all_of_kind(table, ColumnKind::count);
}

bool suits_positive(const Table& table) {
  return suits_continuous(table) && !all_of_kind(table, ColumnKind::count) &&
         all_cells(table, [](double value) { return value >= 0; });
}

bool suits_above_zero(const Table& table) {
  return suits_positive(table) && all_cells(table, [](double value) { return value > 0; });
}

bool suits_shares(const Table& table) {
  return suits_continuous(table) &&
         all_cells(table, [](double value) { return value > 0 && value < 1; });
}

bool suits_counts(const Table& table) { return all_of_kind(table, ColumnKind::count); }

bool suits_counts_with_zeros(const Table& table) {
  if (!suits_counts(table)) return false;
  for (Index d = 0; d < table.column_count(); ++d) {
    if (least_value(table, d) > 0) return false;
  }
  return true;
}

bool suits_counts_from_one(const Table& table) {
  if (!suits_counts(table)) return false;
  for (Index d = 0; d < table.column_count(); ++d) {
    if (least_value(table, d) != 1) return false;
  }
  return true;
}

bool suits_categories(const Table& table) { return all_of_kind(table, ColumnKind::category); }

bool suits_binary(const Table& table) {
  return !suits_categories(table) && numeric(table) &&
         all_cells(table, [](double value) { return value == 0 || value == 1; });
}

bool suits_many_columns(const Table& table) {
  constexpr Index many = 10;
  return table.column_count() >= many && suits_continuous(table);
}

}  // namespace mix
