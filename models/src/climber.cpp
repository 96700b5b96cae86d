#include "climber.h"

#include <algorithm>
#include <utility>

#include "mix/models/edges.h"

namespace mix {
namespace {

// With fast effort a run ends when less than this is still to gain per row: little beside the
// differences of criteria that a quick look is after. On slow problems most passes go into the
// rest.
constexpr double fast_gain_per_row = 5e-6;
// Before this many passes nothing can be said of where a run is heading.
constexpr Index least_passes = 10;

}  // namespace

Climber::Climber(const MixtureModel& model, const AnyRows& x, Weights w, const FitOptions& options)
    : model_(model), x_(x), w_(w), options_(options) {}

EmOptions Climber::full_run() {
  EmOptions em;
  em.assignment = options_.assignment;
  em.groups = options_.groups;
  em.mixing = options_.mixing;
  em.empty = options_.empty;
  em.tol = options_.tol;
  if (options_.effort == Effort::fast && em.tol > 0) {
    em.tol = std::max(em.tol, fast_gain_per_row * w_.sum());
  }
  em.max_iter = options_.max_iter;
  em.precision = options_.precision;
  em.acceleration = options_.acceleration;
  em.seed = options_.seed;
  if (options_.progress) {
    em.progress = [this](const Progress& progress) {
      const std::lock_guard lock(reporting_);  // one call at a time, whatever runs beside it
      interrupted_ = interrupted_ || !options_.progress(progress);
      return !interrupted_;
    };
  }
  return em;
}

EmOptions Climber::short_run(Index passes) {
  EmOptions em = full_run();
  if (changes_with_iterations()) em.assignment = Soft{};
  em.max_iter = std::min(passes, options_.max_iter);
  em.acceleration = Acceleration::none;
  return em;
}

void Climber::climb(Run& run, EmOptions options) {
  const Index before = run.em.n_iter;
  carry_on(run, x_, w_, std::move(options), options_.max_iter);
  passes_ += run.em.n_iter - before;
}

void Climber::settle_edges(Run& run) {
  constexpr int most_rounds = 100;
  for (int round = 0; round < most_rounds && !interrupted_; ++round) {
    if (run.em.n_iter >= options_.max_iter) return;
    if (!move_edges(run.state, x_, w_, options_.tol)) return;
    climb(run, full_run());
  }
}

bool Climber::ended(const Run& run) const {
  return run.em.n_iter > 0 &&
         (run.em.stop == Stop::converged || run.em.stop == Stop::labels_repeat ||
          run.em.stop == Stop::not_finite || run.em.n_iter >= options_.max_iter);
}

bool Climber::changes_with_iterations() const {
  return !options_.assignment.ascends() || options_.assignment.last_stage() > 0;
}

bool Climber::moves_edges() const {
  return options_.assignment.as<Soft>() != nullptr && options_.groups.empty() &&
         has_edges(model_.family());
}

std::function<bool(const Progress&)> abandon_below(double goal, double caution,
                                                   std::function<bool(const Progress&)> next,
                                                   bool& abandoned) {
  return [goal, caution, next = std::move(next), &abandoned](const Progress& progress) {
    abandoned = progress.iteration > least_passes &&
                progress.objective + caution * progress.expected_gain < goal - 2 * same_optimum;
    return !abandoned && (!next || next(progress));
  };
}

}  // namespace mix
