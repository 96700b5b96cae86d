#include "breeding.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "mix/parallel.h"

namespace mix {
namespace {

// Moves that are tried side by side: as many on any number of threads.
constexpr Index moves_at_once = 4;
// Passes of a run after a move before it is compared with the population, and at most after that.
constexpr Index passes_after_move = 40;
constexpr Index passes_to_settle = 300;
// Nats still to gain where a run of the population rests.
constexpr double left_at_rest = 0.005;
// Moves in a row that lead to nothing new before they end, per component.
constexpr Index most_failures_per_component = 24;
// Rows times components below which passes are so cheap that more of them are made, up to so many
// times as many.
constexpr double cheap_work = 8e4;
constexpr double most_generous = 12;
// Aitken's estimate of what is still to gain is doubled before a run is given up.
constexpr double caution = 2;
// Runs that differ by less, in nats and in what their components hold, are in the same basin.
constexpr double same_basin = 2;
constexpr double same_share = 0.005;
constexpr std::uint64_t first_stream_of_moves = 1U << 22U;

bool better(const Run& a, const Run& b) { return a.better_than(b); }

}  // namespace

// The largest number of passes that moves may take: more where rows are few.
Index Breeding::budget() const {
  const Index components = starter_.groups();
  const double work = static_cast<double>(x_.rows()) * static_cast<double>(components);
  const double generous = std::clamp(cheap_work / work, 1.0, most_generous);
  const bool thorough = options_.effort == Effort::thorough;
  const Index usual = thorough ? 300 * components + 1000 : 30 * components + 100;
  return static_cast<Index>(generous * static_cast<double>(usual));
}

void Breeding::run(Trail& trail, const std::function<void()>& keep) {
  if (trail.population.empty()) take_population(trail);
  std::vector<Run>& population = trail.population;
  const Moves moves(starter_, x_, w_);
  const Index most_failures = most_failures_per_component * starter_.groups();
  const Index most_passes = budget();
  while (trail.spent < most_passes && trail.failures < most_failures && !climber_.interrupted()) {
    keep();
    const Run& worst = population.back();
    const double goal = worst.flaw.empty() ? worst.objective() : -infinity;
    const Index before = climber_.passes();
    std::vector<Child> children(static_cast<std::size_t>(moves_at_once));
    for_each_index(moves_at_once, [&](Index i) {
      children[static_cast<std::size_t>(i)] = after_move(moves, trail, goal, trail.moves + i);
    });
    if (climber_.interrupted()) break;
    trail.moves += moves_at_once;
    trail.spent += climber_.passes() - before;
    for (auto& [run, kind] : children) {
      if (climber_.ended(run) && !edges_follow_) trail.record(run);
      const bool fruitful = joins(population, run);
      trail.failures = fruitful ? 0 : trail.failures + 1;
      const auto at = static_cast<std::size_t>(kind);
      ++trail.kinds.tried[at];
      trail.kinds.fruitful[at] += fruitful ? 1 : 0;
    }
  }
  // They rest short of the tolerance that was asked for: the finals carry them on.
  for (Run& run : population) run.em.stop = Stop::max_iterations;
  trail.runs.insert(trail.runs.begin(), std::make_move_iterator(population.begin()),
                    std::make_move_iterator(population.end()));
  population.clear();
}

Breeding::Child Breeding::after_move(const Moves& moves, const Trail& trail, double goal,
                                     Index number) {
  const std::vector<Run>& population = trail.population;
  Rng rng(options_.seed, Purpose::start,
          first_stream_of_moves + static_cast<std::uint64_t>(number));
  const auto any = [&] {
    const auto size = static_cast<Index>(population.size());
    return static_cast<std::size_t>(uniform_index(rng, size));
  };
  const MixtureState& mother = population[std::min(any(), any())].state;  // the better of two
  const MixtureState& father = population[any()].state;
  const Move move = moves.propose(mother, father, trail.kinds, rng);
  climber_.count(move.passes);
  Child child{{to_string(move.kind), starter_.begin(move.shares, starter_.groups()), {}, {}},
              move.kind};
  EmOptions em = climber_.brief(passes_after_move);
  em.acceleration = options_.acceleration;
  bool abandoned = false;
  em.progress = abandon_below(goal, caution, em.progress, abandoned);
  climber_.climb(child.run, em);
  const bool twin = std::any_of(population.begin(), population.end(), [&](const Run& one) {
    return same(one, child.run) && !child.run.better_than(one);
  });
  if (!abandoned && !twin) settle_down(child.run, goal);
  return child;
}

void Breeding::settle_down(Run& run, double goal) {
  if (climber_.ended(run)) return;
  EmOptions em = climber_.brief(passes_to_settle);
  em.acceleration = options_.acceleration;
  em.tol = std::max(em.tol, left_at_rest);
  bool abandoned = false;
  em.progress = abandon_below(goal, caution, em.progress, abandoned);
  climber_.climb(run, em);
}

// The best of the runs, no two of them in the same optimum, best first.
void Breeding::take_population(Trail& trail) {
  std::vector<Run> others;
  for (Run& run : trail.runs) {
    const bool taken = std::any_of(trail.population.begin(), trail.population.end(),
                                   [&](const Run& one) { return same(one, run); });
    const bool joins = !taken && static_cast<Index>(trail.population.size()) < size_;
    (joins ? trail.population : others).push_back(std::move(run));
  }
  trail.runs = std::move(others);
  for_each_index(static_cast<Index>(trail.population.size()), [&](Index i) {
    settle_down(trail.population[static_cast<std::size_t>(i)], -infinity);
  });
  std::stable_sort(trail.population.begin(), trail.population.end(), better);
}

// Whether two runs are in the same optimum, or on their way to it: then their components hold
// nearly the same rows.
bool Breeding::same(const Run& a, const Run& b) const {
  const double apart = std::abs(a.objective() - b.objective());
  if (apart < same_optimum) return true;
  if (!(apart < same_basin) || a.em.mass.size() != b.em.mass.size()) return false;
  Vector mass_a = a.em.mass;
  Vector mass_b = b.em.mass;
  std::sort(mass_a.begin(), mass_a.end());
  std::sort(mass_b.begin(), mass_b.end());
  return (mass_a - mass_b).cwiseAbs().maxCoeff() < same_share * w_.sum();
}

// Whether the child joins the population and brings something new. It takes the place of the
// worst, or, where it has come further in the same optimum as another, of that one.
bool Breeding::joins(std::vector<Run>& population, Run& child) const {
  if (!child.better_than(population.back())) return false;
  const auto twin = std::find_if(population.begin(), population.end(),
                                 [&](const Run& one) { return same(one, child); });
  const bool fresh = twin == population.end();
  if (!fresh && !child.better_than(*twin)) return false;
  (fresh ? population.back() : *twin) = std::move(child);
  std::stable_sort(population.begin(), population.end(), better);
  return fresh;
}

}  // namespace mix
