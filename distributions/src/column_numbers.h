#pragma once

#include <string>
#include <vector>

#include "mix/types.h"

namespace mix {

/// A family within another one counts its columns from 1; a reader of the message counts those of
/// the whole row. `columns`: where each of the family's columns is in the row, from 0.
std::string renumber_columns(const std::string& message, const std::vector<Index>& columns);

}  // namespace mix
