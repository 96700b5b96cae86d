#include "flag_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace mix::cli {
namespace {

constexpr std::string_view annihilation_prefix = "mml:";

std::optional<Index> parse_index(std::string_view text) {
  Index value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// "truncated:5", or "truncated:5,5,1", or "truncated:5,5" with the default for the last.
std::optional<Truncated> parse_truncated(const std::string& text) {
  const std::string prefix = "truncated:";
  if (!text.starts_with(prefix)) return std::nullopt;
  std::vector<Index> numbers;
  for (std::size_t begin = prefix.size(); begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::optional<Index> number = parse_index(text.substr(begin, end - begin));
    const Index least = numbers.size() < 2 ? 1 : 0;
    if (!number || *number < least || numbers.size() == 3) return std::nullopt;
    numbers.push_back(*number);
    begin = end + 1;
  }
  Truncated policy{.keep = numbers[0]};
  if (numbers.size() > 1) policy.neighbors = numbers[1];
  if (numbers.size() > 2) policy.extra = numbers[2];
  return policy;
}

// "saem", or "saem:100" with another number of passes before statistics are averaged.
std::optional<Saem> parse_saem(const std::string& text) {
  const std::string prefix = "saem:";
  if (text == "saem") return Saem{};
  if (!text.starts_with(prefix)) return std::nullopt;
  const std::optional<Index> passes = parse_index(std::string_view(text).substr(prefix.size()));
  if (!passes || *passes < 0) return std::nullopt;
  return Saem{.burn_in = *passes};
}

}  // namespace

bool annihilates(std::string_view components) {
  return components.starts_with(annihilation_prefix);
}

Components parse_components(const std::string& given) {
  const std::string text = annihilates(given) ? given.substr(annihilation_prefix.size()) : given;
  const auto dash = text.find('-', 1);
  const std::optional<Index> first = parse_index(text.substr(0, dash));
  const std::optional<Index> last =
      dash == std::string::npos ? first : parse_index(text.substr(dash + 1));
  if (!first || !last) {
    throw std::invalid_argument(
        fmt::format("--components is a number such as 3, a range such as 1-9, or one of both after "
                    "mml: (mml:20), not \"{}\"",
                    given));
  }
  if (*first < 1 || *last < *first) {
    throw std::invalid_argument(fmt::format(
        "--components {}: a mixture has at least 1 component, and a range goes upwards", given));
  }
  if (annihilates(given) && dash == std::string::npos) return {1, *last};
  return {*first, *last};
}

AnyAssignment parse_assignment(const std::string& text) {
  if (text == "soft") return Soft{};
  if (text == "hard") return Hard{};
  if (text == "stochastic") return Stochastic{};
  if (text == "annealed") return Annealed{};
  if (const auto truncated = parse_truncated(text)) return *truncated;
  if (const auto saem = parse_saem(text)) return *saem;
  throw std::invalid_argument(
      fmt::format("--assignment is soft, hard, stochastic, saem, saem:BURN_IN, annealed, "
                  "truncated:KEEP or truncated:KEEP,NEIGHBORS,EXTRA with KEEP and NEIGHBORS at "
                  "least 1 and BURN_IN and EXTRA at least 0, not \"{}\"",
                  text));
}

}  // namespace mix::cli
