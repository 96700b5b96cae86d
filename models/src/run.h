#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "mix/models/fit.h"

namespace mix {

/// One climb, from a start or a move to as far as it got.
struct Run {
  std::string start;
  MixtureState state;
  EmReport em;
  std::string flaw;
  bool counted = false;  // among the optima of the report

  // A run whose densities became NaN is worse than any other.
  [[nodiscard]] double objective() const {
    return std::isnan(em.objective) ? -infinity : em.objective;
  }

  [[nodiscard]] bool better_than(const Run& other) const {
    if (flaw.empty() != other.flaw.empty()) return flaw.empty();
    return objective() > other.objective();
  }

  // The objective that the run is heading for, by Aitken's rule: a slow run is not yet a bad one.
  [[nodiscard]] double potential() const {
    const std::vector<double>& history = em.objective_history;
    if (history.size() < 3) return objective();
    const double gain = history[history.size() - 1] - history[history.size() - 2];
    const double before = history[history.size() - 2] - history[history.size() - 3];
    if (!(gain > 0) || !(before > gain)) return objective();
    const double rate = std::min(gain / before, 0.995);
    return em.objective + gain * rate / (1 - rate);
  }

  [[nodiscard]] bool more_promising_than(const Run& other) const {
    if (flaw.empty() != other.flaw.empty()) return flaw.empty();
    return potential() > other.potential();
  }
};

/// Continues a run and joins the two histories; it ends after `most_passes` in all.
void carry_on(Run& run, const AnyRows& x, Weights w, EmOptions options, Index most_passes);

}  // namespace mix
