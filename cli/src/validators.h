#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

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

/// A seed: a whole number from 0 to 2^64 - 1. CLI11 itself takes -1 for the largest.
inline CLI::Validator seed() {
  return CLI::Validator(
      [](const std::string& text) {
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc() && end == text.data() + text.size()) return std::string();
        return fmt::format("\"{}\" is not a whole number from 0 to {}", text, UINT64_MAX);
      },
      "");
}

/// A list with something in it.
inline CLI::Validator not_empty() {
  return CLI::Validator(
      [](const std::string& text) {
        return text.find_first_not_of(" ,") != std::string::npos
                   ? std::string()
                   : fmt::format("\"{}\" names nothing; leave the option out for the default",
                                 text);
      },
      "");
}

/// A number of at least `least`.
inline CLI::Validator number_from(double least) {
  return CLI::Validator(
      [least](const std::string& text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= least) return std::string();
        return fmt::format("\"{}\" is not a number of at least {}", text, least);
      },
      "");
}

/// A number of at least zero.
inline CLI::Validator not_negative() { return number_from(0); }

}  // namespace mix::cli
