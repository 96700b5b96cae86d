#include "mix/em.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "accelerator.h"
#include "expectation.h"
#include "group_densities.h"
#include "stochastic_approximation.h"
#include "stop_rule.h"

namespace mix {
namespace {

// A component with less than this share of all rows is empty.
constexpr double empty_share = 1e-12;
// A stochastic run ends when so many passes brought nothing better.
constexpr Index patience = 100;
// As many passes may a row have density zero under every component before the run is given up.
constexpr int impossible_passes = 10;

// Below this gain per unit of weight, passes in single precision may stand still or turn.
constexpr double single_gain = 1e-8;
// The error of an objective of single precision, per unit of weight.
constexpr double single_error = 1e-6;

void update_weights(MixtureState& state, const Vector& mass, MixingWeights mixing) {
  if (mixing != MixingWeights::free) return;
  const double total = mass.sum();
  if (total > 0) state.weights = mass / total;
}

std::vector<Index> empty_components(const Vector& mass) {
  std::vector<Index> empty;
  const double total = mass.sum();
  for (Index k = 0; k < mass.size(); ++k) {
    if (!(mass[k] > empty_share * total)) empty.push_back(k);
  }
  return empty;
}

void drop_components(MixtureState& state, const std::vector<Index>& empty) {
  std::vector<Index> kept;
  for (Index k = 0; k < state.weights.size(); ++k) {
    if (std::find(empty.begin(), empty.end(), k) == empty.end()) kept.push_back(k);
  }
  Vector weights(static_cast<Index>(kept.size()));
  for (std::size_t i = 0; i < kept.size(); ++i) {
    weights[static_cast<Index>(i)] = state.weights[kept[i]];
  }
  state.family.select(kept);
  state.weights = weights / weights.sum();
}

// Extrapolation is for sequences that follow one objective upwards, by parameters with coordinates.
Acceleration acceleration_for(const MixtureState& state, const EmOptions& options) {
  const bool serves = (follows_bayes(options) || options.assignment.numbered()) &&
                      options.assignment.last_stage() == 0 && state.family.charted();
  return serves ? options.acceleration : Acceleration::none;
}

// Whether less than the tolerance is still to gain.
bool has_converged(StopRule& enough, const Accelerator& accelerator, double objective) {
  if (!accelerator.active()) return enough(objective);
  const auto& convergence = accelerator.convergence();
  return convergence && enough(objective, *convergence);
}

std::string name_components(const std::vector<Index>& components) {
  std::string names;
  for (const Index k : components) names += fmt::format("{}{}", names.empty() ? "" : ", ", k + 1);
  return names;
}

Vector mass_of(const MixtureState& state, const AnyRows& x, Weights w, const Groups& groups) {
  if (groups.empty()) return component_mass(state, x, w);
  return posterior(state, x, w, groups).responsibilities.transpose() * groups.sums(w);
}

double log_likelihood_of(const MixtureState& state, const AnyRows& x, Weights w,
                         const Groups& groups) {
  if (groups.empty()) return log_likelihood(state, x, w);
  return posterior(state, x, w, groups).log_density.sum();
}

// Which rows or groups have density zero, or why there may be none.
std::string name_impossible(const MixtureState& state, const AnyRows& x, Weights w,
                            const Groups& groups) {
  const auto impossible = [](const Vector& density) {
    std::vector<Index> found;
    for (Index i = 0; i < density.size(); ++i) {
      if (!(density[i] > -infinity)) found.push_back(i);
    }
    return found;
  };
  const std::string_view none =
      "the log-likelihood is minus infinity though no density is zero: logarithms of densities add "
      "up to less than numbers of double precision reach; give the columns in other units";
  if (!groups.empty()) {
    const std::vector<Index> found = impossible(posterior(state, x, w, groups).log_density);
    if (found.empty()) return std::string(none);
    return fmt::format(
        "{} groups have density zero under every component; the first is that of row {}",
        found.size(), groups.first_rows().at(static_cast<std::size_t>(found.front())) + 1);
  }
  const std::vector<Index> found = impossible((w.array() > 0).select(log_density(state, x), 0.0));
  if (found.empty()) return std::string(none);
  return fmt::format("{} rows have density zero under every component; the first is row {}",
                     found.size(), found.front() + 1);
}

}  // namespace

EmReport run_em(MixtureState& state, const AnyRows& x, Weights w, const EmOptions& options) {
  EmReport report;
  if (options.mixing == MixingWeights::equal) {
    state.weights.setConstant(1.0 / static_cast<double>(state.weights.size()));
  }
  Expectation expect(x, w, options);
  StochasticApproximation approximation(state, x, w, options);
  StopRule enough(options.tol);
  Accelerator accelerator(acceleration_for(state, options), options.mixing == MixingWeights::free);
  std::optional<MixtureState> best;  // of a stochastic run
  double best_objective = -infinity;
  Index since_best = 0;
  double previous = -infinity;
  Index stage = 0;
  bool reseeded = false;
  double largest_fall = 0;
  int impossible = 0;
  bool single = options.precision == Precision::mixed && options.max_iter > 1;
  const double single_loss = single_gain * w.sum();
  std::optional<MixtureState> repetition;  // of the last pass, when its labels were repeated
  Pass pass;
  constexpr Index expected_iterations = 1024;
  report.objective_history.reserve(
      static_cast<std::size_t>(std::min(options.max_iter, expected_iterations)));

  for (Index iteration = 0;; ++iteration) {
    state.family.select_cycle(0);
    const bool in_single = single;
    expect(state, iteration, in_single, pass, approximation.reference(iteration));
    report.n_iter = iteration + 1;
    if (accelerator.rejects(state, pass.objective)) {
      ++report.rejections;
      continue;
    }
    report.objective_history.push_back(pass.objective);
    report.objective = pass.objective;
    report.mass = pass.mass;

    if (std::isnan(pass.objective)) {
      report.stop = Stop::not_finite;
      report.warnings.emplace_back("the objective became NaN: a log density returned NaN");
      break;
    }
    impossible = pass.objective == -infinity ? impossible + 1 : 0;
    if (impossible >= impossible_passes) {
      report.stop = Stop::not_finite;
      break;
    }
    if (options.assignment.stage(iteration) != stage || reseeded) {
      stage = options.assignment.stage(iteration);
      enough.restart();
      accelerator.restart();
      since_best = 0;
      reseeded = false;
    } else if (options.assignment.ascends() &&
               pass.objective <
                   previous - rounding_of(previous) - (in_single ? single_error * w.sum() : 0)) {
      ++report.falls;
      largest_fall = std::max(largest_fall, previous - pass.objective);
    }
    // Where an estimate depends on the parameters before it, labels can repeat too early.
    const double gain = pass.objective - previous;
    const bool rests = options.tol < 0 || gain <= options.tol;
    const bool repeats = options.assignment.hard() && iteration > 0 && pass.changed_labels == 0;
    if (single && (repeats || gain <= single_loss || iteration + 2 >= options.max_iter)) {
      // Objectives of single precision are not compared with those of double.
      single = false;
      reseeded = true;
    }
    previous = pass.objective;
    if (!single) accelerator.before_step(state, pass.objective);

    if (!options.assignment.ascends()) {
      since_best = pass.objective > best_objective ? 0 : since_best + 1;
      if (since_best == 0) {
        best = state;
        best_objective = pass.objective;
      }
      if (since_best >= patience && stage == options.assignment.last_stage()) {
        report.stop = Stop::no_improvement;
        break;
      }
    } else if (in_single) {
      // Only a pass in double precision may be the last.
    } else if (repeats && rests) {
      report.stop = Stop::labels_repeat;
      if (repetition && std::abs(gain) <= rounding_of(previous)) {
        // The M-step changed nothing, so the labels decide the estimates, and the pass before was
        // the last one of Lloyd's kind: this one only found that out.
        state = *std::move(repetition);
        report.objective_history.pop_back();
        report.objective = report.objective_history.back();
        --report.n_iter;
      }
      break;
    } else if (has_converged(enough, accelerator, pass.objective) &&
               stage == options.assignment.last_stage()) {
      report.stop = Stop::converged;
      break;
    }
    if (options.progress &&
        !options.progress({iteration + 1, pass.objective, enough.expected_gain()})) {
      report.stop = Stop::interrupted;
      break;
    }
    if (iteration + 1 >= options.max_iter) {
      report.stop = Stop::max_iterations;
      break;
    }

    repetition = repeats ? std::optional(state) : std::nullopt;
    const std::vector<Index> empty = empty_components(pass.mass);
    if (!empty.empty() && options.empty == EmptyComponent::stop) {
      report.stop = Stop::empty_component;
      report.warnings.push_back(fmt::format("component {} holds no rows", name_components(empty)));
      break;
    }
    // Known labels number the components, so none of those is dropped.
    if (!empty.empty() && options.empty == EmptyComponent::drop && state.family.selects() &&
        !options.assignment.numbered() && static_cast<Index>(empty.size()) < state.family.size()) {
      report.warnings.push_back(
          fmt::format("component {} held no rows and was dropped", name_components(empty)));
      drop_components(state, empty);
      approximation.restart();
      reseeded = true;
      continue;
    }
    if (!empty.empty() && options.empty == EmptyComponent::reseed) {
      expect.reseeded(state, iteration, empty, pass);
      report.warnings.push_back(
          fmt::format("component {} held no rows and took over the worst-explained ones",
                      name_components(empty)));
      reseeded = true;
    }

    if (pass.shares.size() > 0) {
      approximation.restart();
    } else {
      approximation.blend(iteration, state, pass);
    }
    // The M-step; a family may split it into conditional maximizations with an E-step before each.
    for (Index cycle = 0;;) {
      update_weights(state, options.groups.empty() ? pass.mass : pass.group_mass, options.mixing);
      if (pass.shares.size() > 0) {
        state.family.fit(x, pass.shares);
        break;
      }
      state.family.maximize(pass.statistics.view());
      if (++cycle >= state.family.cycles()) break;
      state.family.select_cycle(cycle);
      expect(state, iteration, in_single, pass);
    }
    if (!single) {
      accelerator.after_step(state, !reseeded && iteration + 3 < options.max_iter);
      if (accelerator.extrapolates()) ++report.extrapolations;
    }
  }

  if (best && report.stop != Stop::not_finite) {
    state = *std::move(best);
    report.objective = best_objective;
    report.mass = mass_of(state, x, w, options.groups);
  }
  report.log_likelihood = follows_bayes(options) ? report.objective - state.family.log_prior()
                                                 : log_likelihood_of(state, x, w, options.groups);
  if (const auto* policy = options.assignment.as<Truncated>()) {
    report.truncation_gap = report.log_likelihood + state.family.log_prior() - report.objective;
    if (policy->neighbors > 0 && !state.family.separable()) {
      report.warnings.push_back(fmt::format(
          "every pass searched all components: the family '{}' cannot evaluate single ones",
          state.family.title()));
    }
  }
  if (report.log_likelihood == -infinity) {
    report.warnings.push_back(name_impossible(state, x, w, options.groups));
  }
  if (report.falls > 0) {
    report.warnings.push_back(
        fmt::format("the objective fell {} times, by at most {:.1e}: rounding, where columns are "
                    "far from 0 beside "
                    "their spread or in units of very different sizes, or a component's maximize "
                    "does not maximize",
                    report.falls, largest_fall));
  }
  return report;
}

void check_agreement(const AnyAssignment& policy, const Groups& groups) {
  (void)of_groups(policy, groups);
}

}  // namespace mix
