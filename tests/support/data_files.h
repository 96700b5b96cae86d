#pragma once

#include <string>

#include "mix/csv.h"

namespace mix::test {

/// The numeric columns of a file of tests/data.
inline Matrix numbers_of(const std::string& name) {
  const Table table = read_table(std::string(MIXTURE_TEST_DATA) + "/" + name);
  return table.select(table.numeric_columns()).values();
}

inline Matrix faithful() { return numbers_of("faithful.csv"); }

inline Matrix iris() { return numbers_of("iris.csv"); }

}  // namespace mix::test
