#pragma once

#include <CLI/CLI.hpp>
#include <limits>

#include "mix/types.h"

namespace mix::cli {

/// An integer of at least `least`; help does not spell out the range.
inline CLI::Validator at_least(Index least) {
  return CLI::Range(least, std::numeric_limits<Index>::max()).description("");
}

}  // namespace mix::cli
