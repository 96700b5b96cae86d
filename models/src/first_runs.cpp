#include "first_runs.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "growing.h"
#include "mix/parallel.h"
#include "remarks.h"
#include "seeding.h"

namespace mix {
namespace {

// Passes of a way to grow by one component before the ways are ranked.
constexpr Index growing_passes = 6;

// Known labels need all components from the first pass on.
bool grows(const Starter& starter, const Climber& climber) {
  return starter.grows() && !climber.options().assignment.numbered();
}

// One component that holds all rows.
Matrix shares_of_one(const Starter& starter, const Climber& climber) {
  const std::vector<Index> nobody(static_cast<std::size_t>(climber.x().rows()), 0);
  return shares_from_labels(nobody, climber.w(), starter.smaller(1));
}

Run best_short_run(const Starter& starter, const start::ShortRuns& several, Climber& climber) {
  std::optional<Run> best;
  for (Index run = 0; run < several.runs; ++run) {
    const PlannedStart random{start::Random{}, run};
    Run next{"short-runs", starter.begin(random), {}, {}};
    climber.climb(next, climber.short_run(several.iterations));
    if (!best || next.better_than(*best)) best = std::move(next);
  }
  return *std::move(best);
}

Run grown_run(const Starter& starter, Climber& climber) {
  Run run{"growing", starter.begin(shares_of_one(starter, climber), 1), {}, {}};
  climber.climb(run, climber.short_run(growing_passes));
  for (Index groups = 1; groups < starter.groups(); ++groups) {
    const std::vector<Index> splittable = learnable_components(run.state.family);
    const Index position = learnable_components(starter.smaller(groups + 1)).back();
    std::vector<Matrix> ways =
        grow(run.state, climber.x(), climber.w(), starter.points(1), splittable, position);
    std::vector<Run> grown(ways.size());
    for_each_index(static_cast<Index>(ways.size()), [&](Index i) {
      const auto at = static_cast<std::size_t>(i);
      ways[at].array().colwise() *= climber.w().array();
      grown[at] = {"growing", starter.begin(ways[at], groups + 1), {}, {}};
      climber.climb(grown[at], climber.short_run(growing_passes));
    });
    run = std::move(*std::max_element(grown.begin(), grown.end(), [](const Run& a, const Run& b) {
      return b.more_promising_than(a);
    }));
    climber.climb(run, climber.short_run(2 * growing_passes));
  }
  return run;
}

}  // namespace

Run first_run(const Starter& starter, const PlannedStart& planned, Climber& climber) {
  if (const auto* several = std::get_if<start::ShortRuns>(&planned.start)) {
    return best_short_run(starter, *several, climber);
  }
  if (std::holds_alternative<start::Growing>(planned.start) && grows(starter, climber)) {
    return grown_run(starter, climber);
  }
  return {to_string(planned.start), starter.begin(planned), {}, {}};
}

bool even_one_component_is_spurious(const Starter& starter, const Climber& climber) {
  if (!grows(starter, climber)) return false;
  const Matrix shares = shares_of_one(starter, climber);
  const MixtureState state = starter.begin(shares, 1);
  return !find_flaw(state.family, shares.colwise().sum()).empty();
}

}  // namespace mix
