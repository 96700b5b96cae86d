// Fits and comparisons as they run: progress, interrupts, checkpoints.

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

#include "checkpoint_option.h"
#include "interrupt.h"
#include "problem.h"
#include "progress.h"
#include "text.h"

namespace mix::cli {
namespace {

// The rest at the rate so far; nothing where there is no rate yet.
std::string time_left(std::chrono::steady_clock::time_point begin, Index done, Index all) {
  if (done < 1 || done >= all) return {};
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  const double left = spent.count() * static_cast<double>(all - done) / static_cast<double>(done);
  return fmt::format(", about {} left", duration(left));
}

}  // namespace

void end_checkpoint(const Problem& problem) { end_checkpoint(problem.options.fit.checkpoint); }

Comparison run_search(const Problem& problem) {
  catch_interrupts();
  ProgressLine line;
  const auto begin = std::chrono::steady_clock::now();
  CompareOptions options = problem.options;
  options.progress = [&](Index done, Index all) {
    line.show(fmt::format("{} of {} models fitted{}", done, all, time_left(begin, done, all)));
  };
  options.fit.progress = [](const Progress& /*progress*/) { return !interrupted(); };
  Comparison comparison = compare(problem.data.table.cells(), options);
  save_interrupted(problem.options.fit.checkpoint);
  for (Ranked& row : comparison.table) {
    row.status = with_places(row.status, problem.data.table);
    // Noise is a component besides those asked for.
    if (row.fit) row.n_components = row.fit->model.n_components();
  }
  return comparison;
}

Fit run_single(const Problem& problem) {
  catch_interrupts();
  ProgressLine line;
  FitOptions options = problem.options.fit;
  Index passes = 0;
  options.progress = [&](const Progress& progress) {
    line.show(fmt::format("{} passes, objective {:.6g}", ++passes, progress.objective));
    return !interrupted();
  };
  const MixtureModel model(problem.options.families.front().make(problem.options.components.first));
  try {
    Fit found = fit(model, problem.data.table.cells(), options);
    save_interrupted(problem.options.fit.checkpoint);
    return found;
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(with_places(error.what(), problem.data.table));
  }
}

}  // namespace mix::cli
