#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "mix/types.h"

namespace mix {

/// The coordinates of several things one after the other; `part(thing)` is what has coordinates.
template <class List, class Part>
Vector joined_coordinates(const List& list, const Part& part) {
  std::vector<Vector> own;
  Index count = 0;
  for (const auto& thing : list) count += own.emplace_back(part(thing).coordinates()).size();
  Vector v(count);
  count = 0;
  for (const Vector& segment : own) {
    v.segment(count, segment.size()) = segment;
    count += segment.size();
  }
  return v;
}

/// Gives each of several things its own of the coordinates that joined_coordinates made.
template <class List, class Part>
void set_joined_coordinates(List& list, const Part& part, ConstVectorRef v) {
  Index offset = 0;
  for (auto& thing : list) {
    const Index length = part(thing).coordinates().size();
    part(thing).set_coordinates(v.segment(offset, length));
    offset += length;
  }
}

/// log(p / (1 - p)), infinite at 0 and at 1, and the probability of a logit.
inline double logit(double p) { return std::log(p) - std::log1p(-p); }
inline double probability_of_logit(double v) {
  return v > 0 ? 1 / (1 + std::exp(-v)) : std::exp(v) / (1 + std::exp(v));
}

/// The probabilities, summing to one, whose logarithms are `v` up to a constant.
inline Vector probabilities_of_logarithms(ConstVectorRef v) {
  const Vector p = (v.array() - v.maxCoeff()).exp();
  return p / p.sum();
}

}  // namespace mix
