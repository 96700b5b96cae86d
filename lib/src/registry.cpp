#include "mix/registry.h"

#include <fmt/format.h>

#include <stdexcept>

namespace mix {

const FamilyEntry& Registry::find(std::string_view name) const {
  std::string known;
  for (const FamilyEntry& entry : entries_) {
    if (entry.name == name) return entry;
    if (entry.make) known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.name);
  }
  throw std::invalid_argument(
      fmt::format("there is no family named \"{}\"; the known families are {}", name, known));
}

}  // namespace mix
