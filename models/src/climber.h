#pragma once

#include <atomic>
#include <functional>
#include <mutex>

#include "run.h"

namespace mix {

/// Climbs of one search: EM as its options ask for it, with every pass counted. Several threads may
/// climb at once.
class Climber {
 public:
  /// `x`, `w` and `options` must outlive it.
  Climber(const AnyRows& x, Weights w, const FitOptions& options)
      : x_(x), w_(w), options_(options) {}

  /// Of a run that is carried to convergence.
  [[nodiscard]] EmOptions full();
  /// Of a run that is to be compared with others after so many passes. Policies that change with
  /// the iteration wait for the full run; the others are used from the start.
  [[nodiscard]] EmOptions brief(Index passes);

  /// Continues a run.
  void climb(Run& run, EmOptions options);

  [[nodiscard]] bool changes_with_iterations() const {
    return !options_.assignment.ascends() || options_.assignment.last_stage() > 0;
  }
  /// Whether nothing is left to do for a run.
  [[nodiscard]] bool ended(const Run& run) const;
  [[nodiscard]] bool interrupted() const { return interrupted_; }

  [[nodiscard]] Index passes() const { return passes_; }
  void count(Index passes) { passes_ += passes; }

 private:
  AnyRows x_;
  Weights w_;
  const FitOptions& options_;
  std::atomic<Index> passes_ = 0;
  std::mutex reporting_;
  std::atomic<bool> interrupted_ = false;
};

/// Ends a run whose objective, with `caution` times the gain that Aitken's rule still expects,
/// stays below the goal; asks `next` otherwise.
std::function<bool(const Progress&)> abandon_below(double goal, double caution,
                                                   std::function<bool(const Progress&)> next,
                                                   bool& abandoned);

}  // namespace mix
