// The names of the engine's choices.

#include <fmt/format.h>

#include <stdexcept>

#include "mix/em.h"

namespace mix {

std::string to_string(MixingWeights mixing) {
  switch (mixing) {
    case MixingWeights::free:
      return "free";
    case MixingWeights::equal:
      return "equal";
    case MixingWeights::fixed:
      return "fixed";
  }
  return "unknown";
}

MixingWeights parse_mixing_weights(std::string_view name) {
  using enum MixingWeights;
  for (const MixingWeights mixing : {free, equal, fixed}) {
    if (name == to_string(mixing)) return mixing;
  }
  throw std::invalid_argument(
      fmt::format("mixing is \"{}\"; the known ones are free, equal, fixed", name));
}

std::string to_string(Precision precision) {
  switch (precision) {
    case Precision::full:
      return "full";
    case Precision::mixed:
      return "mixed";
  }
  return "unknown";
}

Precision parse_precision(std::string_view name) {
  for (const Precision precision : {Precision::full, Precision::mixed}) {
    if (name == to_string(precision)) return precision;
  }
  throw std::invalid_argument(
      fmt::format("precision is \"{}\"; the known ones are full, mixed", name));
}

std::string to_string(Stop stop) {
  switch (stop) {
    case Stop::converged:
      return "converged";
    case Stop::labels_repeat:
      return "labels_repeat";
    case Stop::max_iterations:
      return "max_iterations";
    case Stop::no_improvement:
      return "no_improvement";
    case Stop::interrupted:
      return "interrupted";
    case Stop::empty_component:
      return "empty_component";
    case Stop::not_finite:
      return "not_finite";
  }
  return "unknown";
}

std::string to_string(Acceleration acceleration) {
  switch (acceleration) {
    case Acceleration::none:
      return "none";
    case Acceleration::automatic:
      return "auto";
    case Acceleration::squarem:
      return "squarem";
    case Acceleration::anderson:
      return "anderson";
  }
  return "unknown";
}

Acceleration parse_acceleration(std::string_view name) {
  using enum Acceleration;
  for (const Acceleration acceleration : {none, automatic, squarem, anderson}) {
    if (name == to_string(acceleration)) return acceleration;
  }
  throw std::invalid_argument(fmt::format(
      "acceleration is \"{}\"; the known ones are auto, none, squarem, anderson", name));
}

}  // namespace mix
