#include "directions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "bessel_functions.h"

namespace mix {
namespace {

// Per dimension: beyond it the mean direction's length, less than 1 by its inverse, has no digits.
constexpr double largest_concentration = 1e12;

double largest_concentration_in(Index d) {
  return static_cast<double>(d - 1) * largest_concentration;
}

}  // namespace

void check_concentration(std::string_view type, Index d, double concentration) {
  const double largest = largest_concentration_in(d);
  if (concentration >= 0 && concentration <= largest) return;
  throw std::invalid_argument(fmt::format(
      "{}: concentration is {}; it must be from 0 to {:g}, beyond which the length of the mean "
      "direction has no digits",
      type, concentration, largest));
}

double best_concentration(Index d, double length, const DataSpread& data) {
  const auto n = static_cast<double>(d);
  const double largest = std::min(largest_concentration_in(d),
                                  (n - 1) * 0.5 / data.least_variance(0.5 / largest_concentration));
  // The likelihood has one top along the concentration: the nearest allowed one is the best.
  const double rest = std::max(1 - length, std::numeric_limits<double>::min());
  return std::min(concentration_of_rest(n, rest, largest), largest);
}

std::string direction_flaw(Index d, double mass, double concentration, const DataSpread& data) {
  if (concentration >= 0.5 * largest_concentration_in(d)) {
    return fmt::format(
        "its concentration is {:.3g}, at or near the upper limit {:g}: the length of its mean "
        "direction has few digits left",
        concentration, largest_concentration_in(d));
  }
  return data.flaw(mass, bessel_ratio(static_cast<double>(d) / 2 - 1, concentration).rest);
}

double concentration_of_coordinates(double length) {
  return std::min(std::expm1(length), largest_concentration);
}

void learn_directions(double rows, ConstVectorRef sum, DataSpread& data) {
  if (!(rows > 0)) return;
  data.rows = rows;
  data.variance = std::max(1 - sum.norm() / rows, std::numeric_limits<double>::epsilon());
}

double draw_cosine_rest(Rng& rng, Index d, double concentration) {
  const auto m = static_cast<double>(d - 1);
  const double b = m / (2 * concentration + std::sqrt(4 * concentration * concentration + m * m));
  const double rest0 = 2 * b / (1 + b);  // 1 - x0 in Wood's notation
  const double log_base = std::log(rest0 * (2 - rest0));
  for (;;) {
    const double first = standard_gamma(rng, m / 2);
    const double z = first / (first + standard_gamma(rng, m / 2));
    const double rest = 2 * b * z / (1 - (1 - b) * z);
    const double log_ratio =
        concentration * (rest0 - rest) + m * (std::log(rest0 + (1 - rest0) * rest) - log_base);
    if (log_ratio >= std::log(uniform(rng))) return std::min(rest, 2.0);
  }
}

}  // namespace mix
