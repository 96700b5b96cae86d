#include "mix/distributions/factor_structure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <stdexcept>

#include "mix/stacked_matrices.h"

namespace mix {
namespace {

struct FactorStructureName {
  FactorStructure structure;
  std::string_view name;
  std::string_view alias;
};
constexpr std::array<FactorStructureName, 19> factor_structures{{
    {FactorStructure::CCC, "CCC", "AjBQD"},      {FactorStructure::CCU, "CCU", ""},
    {FactorStructure::CUC, "CUC", ""},           {FactorStructure::CUU, "CUU", ""},
    {FactorStructure::UCC, "UCC", "AkjBQkD"},    {FactorStructure::UCU, "UCU", ""},
    {FactorStructure::UUC, "UUC", "AkjBkQkD"},   {FactorStructure::UUU, "UUU", ""},
    {FactorStructure::AkBkQkD, "AkBkQkD", ""},   {FactorStructure::AkBQkD, "AkBQkD", ""},
    {FactorStructure::ABkQkD, "ABkQkD", ""},     {FactorStructure::ABQkD, "ABQkD", ""},
    {FactorStructure::ABQD, "ABQD", ""},         {FactorStructure::AkjBkQkDk, "AkjBkQkDk", ""},
    {FactorStructure::AkjBQkDk, "AkjBQkDk", ""}, {FactorStructure::AkBkQkDk, "AkBkQkDk", ""},
    {FactorStructure::AkBQkDk, "AkBQkDk", ""},   {FactorStructure::ABkQkDk, "ABkQkDk", ""},
    {FactorStructure::ABQkDk, "ABQkDk", ""},
}};

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

}  // namespace

std::string to_string(FactorStructure structure) {
  return std::string(factor_structures[static_cast<std::size_t>(structure)].name);
}

FactorStructure parse_factor_structure(std::string_view name) {
  std::string known;
  for (const FactorStructureName& entry : factor_structures) {
    if (same_letters(name, entry.name)) return entry.structure;
    if (!entry.alias.empty() && same_letters(name, entry.alias)) return entry.structure;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.name);
    if (!entry.alias.empty()) known += fmt::format(" (or {})", entry.alias);
  }
  throw std::invalid_argument(
      fmt::format("factor_analyzers has no structure \"{}\"; known are {}", name, known));
}

const std::vector<FactorStructure>& all_factor_structures() {
  static const std::vector<FactorStructure> all = [] {
    std::vector<FactorStructure> list;
    for (const FactorStructureName& entry : factor_structures) list.push_back(entry.structure);
    return list;
  }();
  return all;
}

Index factor_parameter_count(FactorStructure structure, Index d,
                             const std::vector<Index>& numbers) {
  const FactorStructure like = with_equal_numbers(structure);
  const auto k = static_cast<Index>(numbers.size());
  if (k == 0) return 0;
  // Of common loadings there is one matrix.
  const std::size_t matrices = has_common_loadings(like) ? 1 : numbers.size();
  // A subspace of q dimensions; within it, equal variances know no axes.
  Index subspaces = 0;
  Index loadings = 0;
  for (std::size_t i = 0; i < matrices; ++i) {
    const Index q = numbers[i];
    subspaces += q * (d - q);
    loadings += d * q - kernels::lower_entries(q - 1);
  }
  switch (like) {
    case FactorStructure::AkBkQkD:
      return subspaces + 2 * k;
    case FactorStructure::AkBQkD:
    case FactorStructure::ABkQkD:
      return subspaces + k + 1;
    case FactorStructure::ABQkD:
    case FactorStructure::ABQD:
      return subspaces + 2;
    default:
      break;
  }
  return loadings + (has_common_noise(like) ? 1 : k) * (has_equal_noise(like) ? 1 : d);
}

Index most_factors(FactorStructure structure, Index d) {
  if (has_equal_noise(structure)) return d - 1;
  Index q = 0;
  while ((d - q - 1) * (d - q - 1) >= d + q + 1) ++q;
  return q;
}

bool has_own_numbers(FactorStructure structure) {
  return with_equal_numbers(structure) != structure;
}

FactorStructure with_equal_numbers(FactorStructure structure) {
  switch (structure) {
    case FactorStructure::AkjBkQkDk:
      return FactorStructure::UUC;
    case FactorStructure::AkjBQkDk:
      return FactorStructure::UCC;
    case FactorStructure::AkBkQkDk:
      return FactorStructure::AkBkQkD;
    case FactorStructure::AkBQkDk:
      return FactorStructure::AkBQkD;
    case FactorStructure::ABkQkDk:
      return FactorStructure::ABkQkD;
    case FactorStructure::ABQkDk:
      return FactorStructure::ABQkD;
    default:
      return structure;
  }
}

bool has_common_loadings(FactorStructure structure) {
  switch (with_equal_numbers(structure)) {
    case FactorStructure::CCC:
    case FactorStructure::CCU:
    case FactorStructure::CUC:
    case FactorStructure::CUU:
    case FactorStructure::ABQD:
      return true;
    default:
      return false;
  }
}

bool has_common_noise(FactorStructure structure) {
  switch (with_equal_numbers(structure)) {
    case FactorStructure::CUC:
    case FactorStructure::CUU:
    case FactorStructure::UUC:
    case FactorStructure::UUU:
    case FactorStructure::AkBkQkD:
    case FactorStructure::ABkQkD:
      return false;
    default:
      return true;
  }
}

bool has_equal_noise(FactorStructure structure) {
  switch (with_equal_numbers(structure)) {
    case FactorStructure::CCU:
    case FactorStructure::CUU:
    case FactorStructure::UCU:
    case FactorStructure::UUU:
      return false;
    default:
      return true;
  }
}

bool is_spectral(FactorStructure structure) {
  return has_equal_noise(structure) && structure != FactorStructure::CUC;
}

}  // namespace mix
