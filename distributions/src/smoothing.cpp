#include "mix/distributions/smoothing.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace mix {

void check_smoothing(std::string_view distribution, const Smoothing& smoothing) {
  if (smoothing.pseudo_count >= 0 && std::isfinite(smoothing.pseudo_count)) return;
  throw std::invalid_argument(fmt::format("{}: the pseudo-count is {}; it is finite and at least 0",
                                          distribution, smoothing.pseudo_count));
}

}  // namespace mix
