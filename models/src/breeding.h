#pragma once

#include <functional>

#include "climber.h"
#include "moves.h"
#include "trail.h"

namespace mix {

/// Memetic search: moves from the best runs so far, each followed by a climb; where that leads to
/// a new optimum better than the worst of them, it takes its place. Several moves are tried at
/// once, all from the same population.
class Breeding {
 public:
  /// `size`: of the population. `edges_follow`: edges are yet to be moved, so that what a run comes
  /// to is not known. What is passed must outlive it.
  Breeding(Climber& climber, const Starter& starter, const AnyRows& x, Weights w,
           const FitOptions& options, Index size, bool edges_follow)
      : climber_(climber),
        starter_(starter),
        x_(x),
        w_(w),
        options_(options),
        size_(size),
        edges_follow_(edges_follow) {}

  /// Goes on from where the trail is, to the end of the budget or until nothing new is found, and
  /// puts the population before the other runs. Calls `keep` before every round.
  void run(Trail& trail, const std::function<void()>& keep);

 private:
  [[nodiscard]] Index budget() const;
  void take_population(Trail& trail);
  struct Child {
    Run run;
    MoveKind kind = MoveKind::crossover;
  };

  Child after_move(const Moves& moves, const Trail& trail, double goal, Index number);
  // Carries a run that may join the population close to its optimum.
  void settle_down(Run& run, double goal);
  [[nodiscard]] bool same(const Run& a, const Run& b) const;
  [[nodiscard]] bool joins(std::vector<Run>& population, Run& child) const;

  Climber& climber_;
  const Starter& starter_;
  AnyRows x_;
  Weights w_;
  const FitOptions& options_;
  Index size_;
  bool edges_follow_;
};

}  // namespace mix
