#include "mix/moments.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace mix {

std::vector<Index> other_columns(Index dimension, const std::vector<Index>& columns) {
  std::vector<Index> others;
  for (Index j = 0; j < dimension; ++j) {
    if (std::find(columns.begin(), columns.end(), j) == columns.end()) others.push_back(j);
  }
  return others;
}

void check_chosen_columns(Index dimension, const std::vector<Index>& columns) {
  if (columns.empty()) throw std::invalid_argument("0 columns chosen; choose at least 1");
  std::vector<bool> used(static_cast<std::size_t>(dimension), false);
  for (const Index column : columns) {
    if (column < 0 || column >= dimension || used[static_cast<std::size_t>(column)]) {
      throw std::invalid_argument(
          fmt::format("column {} is chosen twice or lies beyond the {} columns of the family; "
                      "columns count from 0",
                      column, dimension));
    }
    used[static_cast<std::size_t>(column)] = true;
  }
}

}  // namespace mix
