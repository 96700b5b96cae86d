#pragma once

#include <mix/distributions/autodiff.h>

#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

/// What a receptor reads of one stack: a Gaussian plume with reflection at the ground, for neutral
/// air over open country (Pasquill's class D, widths after Briggs 1973), times a lognormal error.
/// The density is that of the reading, given the rest of the row: receptor x, y (m), where the wind
/// blows to (radians from east), wind speed (m/s), reading (mg/m3).
struct Plume {
  static constexpr std::string_view name = "plume";
  static constexpr mix::Index dimension = 5;
  static constexpr std::array parameters{mix::positive("emission"),  // mg/s
                                         mix::positive("error")};    // of the logarithm
  double east = 0;  ///< the stack's place and the height of its plume, m
  double north = 0;
  double height = 50;

  /// The reading that a stack of 1 mg/s would leave; the background upwind of it.
  template <class Row>
  [[nodiscard]] double per_emission(const Row& x) const {
    constexpr double background = 1e-9;
    const double dx = x[0] - east;
    const double dy = x[1] - north;
    const double along = dx * std::cos(x[2]) + dy * std::sin(x[2]);
    const double across = dy * std::cos(x[2]) - dx * std::sin(x[2]);
    if (along <= 0) return background;
    const double wide = 0.08 * along / std::sqrt(1 + 0.0001 * along);
    const double high = 0.06 * along / std::sqrt(1 + 0.0015 * along);
    const double y = across / wide;
    const double z = height / high;
    return background + std::exp(-(y * y + z * z) / 2) / (std::numbers::pi * x[3] * wide * high);
  }

  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    const T z = (std::log(x[4] / per_emission(x)) - log(p[0])) / p[1];
    return -0.5 * std::log(2 * std::numbers::pi) - std::log(x[4]) - log(p[1]) - z * z / 2;
  }

  void fields(mix::Fields& visit) {
    visit("east", east);
    visit("north", north);
    visit("height", height);
  }
};
