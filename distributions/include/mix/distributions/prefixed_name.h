#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "mix/concepts.h"

namespace mix {

/// The name of a wrapper of D: a prefix before D's own, "truncated_normal", or before "custom"
/// where D has none.
template <class D, const std::string_view& prefix>
class PrefixedName {
  static constexpr std::string_view base = [] {
    if constexpr (Named<D>) return std::string_view(D::name);
    return std::string_view("custom");
  }();
  static constexpr auto letters = [] {
    std::array<char, prefix.size() + base.size()> all{};
    std::copy(base.begin(), base.end(), std::copy(prefix.begin(), prefix.end(), all.begin()));
    return all;
  }();

 public:
  static constexpr std::string_view value{letters.data(), letters.size()};
};

}  // namespace mix
