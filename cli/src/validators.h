#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "mix/types.h"

namespace mix::cli {

/// An integer of at least `least`.
inline CLI::Validator at_least(Index least) {
  return CLI::Validator(
      [least](const std::string& text) {
        Index value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= least) return std::string();
        return fmt::format("\"{}\" is not a whole number of at least {}", text, least);
      },
      "");
}

/// A number of at least zero.
inline CLI::Validator not_negative() {
  return CLI::Validator(
      [](const std::string& text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= 0) return std::string();
        return fmt::format("\"{}\" is not a number of at least 0", text);
      },
      "");
}

}  // namespace mix::cli
