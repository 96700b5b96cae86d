#include "run.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "remarks.h"

namespace mix {

void carry_on(Run& run, const AnyRows& x, Weights w, EmOptions options, Index most_passes) {
  EmReport before = std::move(run.em);
  // The first pass of a continuation evaluates parameters that already count as a pass.
  const Index repeated = before.n_iter > 0 ? 1 : 0;
  options.max_iter = std::min(options.max_iter, most_passes - before.n_iter + repeated);
  run.em = run_em(run.state, x, w, options);
  std::vector<double> history = std::move(before.objective_history);
  if (!history.empty()) history.pop_back();
  run.em.n_iter += before.n_iter - repeated;
  history.insert(history.end(), run.em.objective_history.begin(), run.em.objective_history.end());
  run.em.objective_history = std::move(history);
  run.em.falls += before.falls;
  run.em.warnings.insert(run.em.warnings.begin(), before.warnings.begin(), before.warnings.end());
  run.flaw = find_flaw(run.state.family, run.em.mass);
}

}  // namespace mix
