#include "mix/models/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "arguments.h"
#include "distinct_rows.h"
#include "evaluate.h"
#include "fit_sharing.h"
#include "group_gate.h"
#include "mix/distributions/gated.h"
#include "mix/distributions/imaginary_rows.h"
#include "mix/distributions/product.h"
#include "mix/family_list.h"
#include "mix/json_fields.h"
#include "mix/parallel.h"
#include "remarks.h"
#include "search.h"

namespace mix {
namespace {

// All numbers in the order in which they stand.
void append_numbers(const Json& json, std::vector<double>& numbers) {
  if (json.is_number()) numbers.push_back(json.get<double>());
  if (!json.is_structured()) return;
  for (const Json& part : json) append_numbers(part, numbers);
}

// Which parts of all lists inside the family hold component k: those of one part stay together.
void append_places(const AnyFamily& family, Index k, std::vector<double>& places) {
  if (const auto* list = family.as<FamilyList>()) {
    const auto [part, index] = list->locate(k);
    places.push_back(static_cast<double>(part - list->families().data()));
    append_places(*part, index, places);
  } else if (const auto* product = family.as<Product>()) {
    for (const Product::Block& block : product->blocks()) append_places(block.family, k, places);
  } else if (const auto* gated = family.as<Gated>()) {
    append_places(gated->family(), k, places);
  } else if (const auto* with_rows = family.as<WithImaginaryRows>()) {
    append_places(with_rows->family(), k, places);
  }
}

// Increasing in the first parameter of the components (the first coordinate of a mean, a rate), so
// that the order of the components does not depend on the start. Families keep their places.
void order_components(MixtureState& state, Vector& mass) {
  if (!state.family.selects()) return;
  std::vector<std::vector<double>> keys(static_cast<std::size_t>(state.family.size()));
  for (Index k = 0; k < state.family.size(); ++k) {
    std::vector<double>& key = keys[static_cast<std::size_t>(k)];
    append_places(state.family, k, key);
    append_numbers(json_component(state.family, k), key);
  }
  std::vector<Index> order(keys.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return keys[static_cast<std::size_t>(a)] < keys[static_cast<std::size_t>(b)];
  });
  state.family.select(order);
  state.weights = Vector(state.weights(order));
  if (mass.size() == state.weights.size()) mass = Vector(mass(order));
}

bool keeps_labels(const FitOptions& options) {
  return std::holds_alternative<start::Labels>(options.start) ||
         std::holds_alternative<start::Responsibilities>(options.start) ||
         std::holds_alternative<start::Parameters>(options.start) ||
         options.assignment.numbered() || options.mixing == MixingWeights::fixed;
}

Fit fit_here(const MixtureModel& model, const AnyRows& x, const FitOptions& options,
             PartitionPool* pool, double one_component) {
  Fit fit;
  Report& report = fit.report;
  Run run = search(model, x, options, pool, report);
  for (const Optimum& optimum : report.optima) {
    const bool flagged = !optimum.flaw.empty();
    report.completed += optimum.hits;
    if (flagged) report.best_flagged = std::max(report.best_flagged, optimum.objective);
    if (std::abs(optimum.objective - run.em.objective) < same_optimum &&
        flagged != run.flaw.empty()) {
      report.hits += optimum.hits;
    }
  }
  if (!keeps_labels(options)) {
    order_components(run.state, run.em.mass);
    run.flaw = find_flaw(run.state.family, run.em.mass);  // by its new number
  }
  fit.model = MixtureModel(std::move(run.state), options.mixing);

  report.objective = run.em.objective;
  report.truncation_gap = run.em.truncation_gap;
  report.stop = run.em.stop;
  report.converged = run.em.stop == Stop::converged || run.em.stop == Stop::labels_repeat ||
                     run.em.stop == Stop::no_improvement;
  report.n_iter = run.em.n_iter;
  report.objective_history = std::move(run.em.objective_history);
  report.falls = run.em.falls;
  report.start = run.start;
  report.mass = std::move(run.em.mass);
  report.flagged = !run.flaw.empty();
  report.warnings = std::move(run.em.warnings);
  if (report.stop == Stop::max_iterations) {
    report.warnings.push_back(
        fmt::format("stopped after {} passes before converging; raise max_iter", report.n_iter));
  }
  if (report.flagged) {
    report.warnings.push_back("spurious: " + run.flaw);
  } else if (report.best_flagged > report.objective + same_optimum) {
    report.warnings.push_back(
        fmt::format("a solution {:.3f} nats higher was met, but one of its components is spurious",
                    report.best_flagged - report.objective));
  }
  for (std::string& line : find_cautions(fit.model.family())) {
    report.warnings.push_back(std::move(line));
  }
  complete_report(report, fit.model, x, counted_weights(fit.model, x, options), options.groups,
                  one_component);
  return fit;
}

// Whether of each of the k components a row is known for certain.
template <class Policy>
bool every_component_is_known(const Policy& known, Index rows, Index k) {
  Vector seen = Vector::Zero(k);
  Vector evidence(k);
  for (Index i = 0; i < rows; ++i) {
    known.evidence(i, evidence);
    seen = seen.cwiseMax(evidence);
  }
  return seen.minCoeff() >= 1;
}

// The start that what is known of the rows decides, none where it does not.
std::optional<Start> known_start(const AnyAssignment& policy, Index rows, Index k) {
  if (const auto* known = policy.as<Known>(); known && every_component_is_known(*known, rows, k)) {
    return start::Labels{known->labels};
  }
  if (const auto* prior = policy.as<LabelPrior>();
      prior && every_component_is_known(*prior, rows, k)) {
    return start::Responsibilities{prior->shares()};
  }
  return std::nullopt;
}

}  // namespace

std::optional<RunnerUp> runner_up(const Report& report) {
  const Optimum* next = nullptr;
  for (const Optimum& optimum : report.optima) {
    const bool same = std::abs(optimum.objective - report.objective) < same_optimum;
    if (same || optimum.flaw.empty() == report.flagged) continue;
    if (next == nullptr || optimum.objective > next->objective) next = &optimum;
  }
  if (next == nullptr) return std::nullopt;
  return RunnerUp{report.objective - next->objective, next->hits};
}

Fit fit(const MixtureModel& model, const AnyRows& x, const FitOptions& options) {
  return fit_sharing(model, x, options, nullptr);
}

Fit fit_sharing(const MixtureModel& model, const AnyRows& x, const FitOptions& options,
                PartitionPool* pool, double one_component) {
  if (options.mixing == MixingWeights::free && model.family().as<Gated>() != nullptr) {
    // The gate's weights are those of the mixture.
    FitOptions gated = options;
    gated.mixing = MixingWeights::equal;
    return fit_sharing(model, x, gated, pool, one_component);
  }
  check_arguments(model, x, options);
  if (const auto gate = group_gate(model, x, options.sample_weight, options.groups)) {
    Fit result = fit_sharing(gate->model, gate->rows, options, pool, one_component);
    result.model = without_group_gate(result.model);
    return result;
  }
  Fit result;
  if (rows_are_exchangeable(options)) {
    // Exact: the likelihood of equal rows is that of one row with the sum of their weights.
    if (auto distinct = distinct_rows(x, options.sample_weight, model.n_components())) {
      FitOptions weighted = options;
      weighted.sample_weight = std::move(distinct->weight);
      with_threads(options.threads,
                   [&] { result = fit_here(model, distinct->x, weighted, pool, one_component); });
      // Otherwise a warning names rows, and those are the user's.
      if (result.report.log_likelihood > -infinity) return result;
    }
  }
  if (std::holds_alternative<start::Auto>(options.start)) {
    if (auto start = known_start(options.assignment, x.rows(), model.n_components())) {
      FitOptions chosen = options;
      chosen.start = *std::move(start);
      with_threads(options.threads,
                   [&] { result = fit_here(model, x, chosen, pool, one_component); });
      return result;
    }
  }
  with_threads(options.threads, [&] { result = fit_here(model, x, options, pool, one_component); });
  return result;
}

}  // namespace mix
