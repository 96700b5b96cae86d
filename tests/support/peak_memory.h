#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include "mix/types.h"

namespace mix::testing_support {

/// Bytes of a line of the process's status, such as "VmHWM:"; NaN where the system does not tell.
inline double bytes_of(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return 1024 * std::strtod(line.c_str() + name.size(), nullptr);
  }
  return quiet_nan;
}

/// By how many bytes `body` raises the largest memory of the process; NaN where that cannot be
/// known, as under sanitizers, which keep memory of their own.
template <class Body>
double most_memory_of(const Body& body) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  const bool known = false;
#else
  const bool known = static_cast<bool>(std::ofstream("/proc/self/clear_refs") << 5 << std::flush);
#endif
  const double before = bytes_of("VmRSS:");
  body();
  return known ? bytes_of("VmHWM:") - before : quiet_nan;
}

}  // namespace mix::testing_support
