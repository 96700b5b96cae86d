#pragma once

#include <atomic>
#include <functional>
#include <mutex>

#include "run.h"

namespace mix {

/// Takes the runs of one fit uphill, as its options say, counts their passes and notices an
/// interrupt. Several threads may use it at once; the model, the rows and the options must outlive
/// it.
class Climber {
 public:
  Climber(const MixtureModel& model, const AnyRows& x, Weights w, const FitOptions& options);

  /// For a run that is to converge.
  [[nodiscard]] EmOptions full_run();
  /// For one that is to show within so many passes what it promises. Policies that change with the
  /// iteration wait for the full run; the others are used from the start.
  [[nodiscard]] EmOptions short_run(Index passes);
  void climb(Run& run, EmOptions options);
  /// EM and moves of the edges that it cannot move, in turn until neither gains.
  void settle_edges(Run& run);
  /// Counts passes that were made elsewhere.
  void count(Index passes) { passes_ += passes; }

  [[nodiscard]] bool ended(const Run& run) const;
  /// Whether the policy that assigns rows changes with the iteration.
  [[nodiscard]] bool changes_with_iterations() const;
  /// Whether the family has edges that EM cannot move and this search moves.
  [[nodiscard]] bool moves_edges() const;
  [[nodiscard]] bool interrupted() const { return interrupted_; }
  [[nodiscard]] Index passes() const { return passes_; }
  [[nodiscard]] const AnyRows& x() const { return x_; }
  [[nodiscard]] const Vector& w() const { return w_; }
  [[nodiscard]] const FitOptions& options() const { return options_; }

 private:
  const MixtureModel& model_;
  AnyRows x_;
  Vector w_;
  const FitOptions& options_;
  std::atomic<Index> passes_ = 0;
  std::mutex reporting_;
  std::atomic<bool> interrupted_ = false;
};

/// Ends a run whose objective, with `caution` times the gain that Aitken's rule still expects,
/// stays below the goal, and says so in `abandoned`; asks `next`, if there is one, otherwise.
std::function<bool(const Progress&)> abandon_below(double goal, double caution,
                                                   std::function<bool(const Progress&)> next,
                                                   bool& abandoned);

}  // namespace mix
