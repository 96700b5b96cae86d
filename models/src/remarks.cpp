#include "remarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mix {

std::string find_flaw(const AnyFamily& family, const Vector& mass) {
  for (Index k = 0; k < family.size() && k < mass.size(); ++k) {
    const std::string flaw = family.flaw(k, mass[k]);
    if (!flaw.empty()) return fmt::format("component {}: {}", k + 1, flaw);
  }
  return {};
}

std::vector<std::string> find_cautions(const AnyFamily& family) {
  std::vector<std::pair<std::string, std::string>> numbers_of;  // by text
  for (Index k = 0; k < family.size(); ++k) {
    const std::string text = family.caution(k);
    if (text.empty()) continue;
    const auto same = std::find_if(numbers_of.begin(), numbers_of.end(),
                                   [&](const auto& entry) { return entry.first == text; });
    if (same == numbers_of.end()) {
      numbers_of.emplace_back(text, fmt::format("component {}", k + 1));
    } else {
      same->second += fmt::format(", {}", k + 1);
    }
  }
  std::vector<std::string> lines;
  lines.reserve(numbers_of.size());
  for (const auto& [text, numbers] : numbers_of) {
    lines.push_back(fmt::format("{}: {}", numbers, text));
  }
  return lines;
}

}  // namespace mix
