#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "mix/any_family.h"
#include "mix/testing/check_distribution.h"

/// What the laws are checked with.
namespace mix::law_entries {

struct Entry {
  std::string name;
  AnyFamily family;
  Matrix x;
  LawOptions options = {};
};

void PrintTo(const Entry& entry, std::ostream* out);

/// Every family and wrapper of the library. A new family costs one entry.
std::vector<Entry> entries();

}  // namespace mix::law_entries
