// How well families predict rows that they were not fitted to.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "arguments.h"
#include "chosen_cells.h"
#include "mix/models/compare.h"
#include "mix/random.h"

namespace mix {
namespace {

// The options of a fit to some of the rows.
FitOptions rows_of(const FitOptions& options, const std::vector<Index>& rows) {
  FitOptions some = options;
  if (options.sample_weight.size() > 0) some.sample_weight = Vector(options.sample_weight(rows));
  if (const auto* known = options.assignment.as<Known>()) some.assignment = known->of_rows(rows);
  if (const auto* prior = options.assignment.as<LabelPrior>()) {
    some.assignment = prior->of_rows(rows);
  }
  some.groups = options.groups.of_rows(rows);
  if (const auto* labels = std::get_if<start::Labels>(&options.start)) {
    some.start = start::Labels{Known{labels->labels}.of_rows(rows).labels};
  }
  if (const auto* given = std::get_if<start::Responsibilities>(&options.start)) {
    some.start = start::Responsibilities{given->r(rows, Eigen::all)};
  }
  some.more_starts.clear();
  return some;
}

// Where rows are trimmed, held-out ones are too.
double held_out_log_likelihood(const MixtureState& state, const AnyRows& x, Weights w,
                               const FitOptions& options, const Groups& groups) {
  if (const auto* policy = options.assignment.as<Trimmed>(); policy && policy->share > 0) {
    return log_likelihood(state, x, kept_weights(state, x, w, policy->share));
  }
  return groups.empty() ? log_likelihood(state, x, w)
                        : posterior(state, x, w, groups).log_density.sum();
}

// The fold of each row or group.
std::vector<Index> folds_of_units(std::uint64_t seed, Index repeat, Index units, Index folds) {
  Rng rng(seed, Purpose::fold, static_cast<std::uint64_t>(repeat));
  const std::vector<Index> shuffled = sample_without_replacement(rng, units, units);
  std::vector<Index> fold_of(shuffled.size());
  for (std::size_t i = 0; i < shuffled.size(); ++i) {
    fold_of[static_cast<std::size_t>(shuffled[i])] = static_cast<Index>(i) % folds;
  }
  return fold_of;
}

// The log-likelihood of each fold, fitted on the others.
Vector held_out_of_folds(const Candidate& candidate, Index k, const AnyRows& x,
                         const FitOptions& options, const std::vector<Index>& fold_of) {
  const Groups& groups = options.groups;
  const Index folds = *std::max_element(fold_of.begin(), fold_of.end()) + 1;
  Vector held_out(folds);
  for (Index fold = 0; fold < folds; ++fold) {
    std::vector<Index> train;
    std::vector<Index> test;
    for (Index i = 0; i < x.rows(); ++i) {
      const Index unit = groups.empty() ? i : groups[i];
      (fold_of[static_cast<std::size_t>(unit)] == fold ? test : train).push_back(i);
    }
    FitOptions inner = rows_of(options, train);
    inner.checkpoint_name = fmt::format("{}/fold {}", options.checkpoint_name, fold);
    Vector test_weight = Vector::Ones(static_cast<Index>(test.size()));
    if (options.sample_weight.size() > 0) test_weight = Vector(options.sample_weight(test));
    const ChosenCells train_rows = ChosenCells::of_rows(x, train);
    const ChosenCells test_rows = ChosenCells::of_rows(x, test);
    const Fit fitted = fit(MixtureModel(candidate.make(k)), train_rows.view(), inner);
    held_out[fold] = held_out_log_likelihood(fitted.model.state(), test_rows.view(), test_weight,
                                             options, groups.of_rows(test));
  }
  return held_out;
}

}  // namespace

double cross_validation(const Candidate& candidate, Index k, const AnyRows& x,
                        const FitOptions& options, Index folds) {
  return cross_validate(candidate, k, x, options, {.folds = folds}).value;
}

CrossValidation cross_validate(const Candidate& candidate, Index k, const AnyRows& x,
                               const FitOptions& options,
                               const CrossValidationOptions& cross_validation) {
  // Groups are held out as a whole.
  const Groups& groups = options.groups;
  const Index folds = cross_validation.folds;
  check_groups(groups, x.rows(), "cross_validation");
  const Index units = groups.empty() ? x.rows() : groups.count();
  if (folds < 2 || folds > units) {
    throw std::invalid_argument(
        fmt::format("cross_validation: folds must be from 2 to the number of {}, {}, but is {}",
                    groups.empty() ? "rows" : "groups", units, folds));
  }
  if (cross_validation.repeats < 1) {
    throw std::invalid_argument(fmt::format(
        "cross_validation: repeats must be at least 1, but is {}", cross_validation.repeats));
  }
  CrossValidation result{0, 0};
  const auto repeats = static_cast<double>(cross_validation.repeats);
  for (Index repeat = 0; repeat < cross_validation.repeats; ++repeat) {
    FitOptions inner = options;
    inner.checkpoint_name =
        fmt::format("{}/{}/{}/repeat {}", options.checkpoint_name, candidate.name, k, repeat);
    const Vector sums = -2 * held_out_of_folds(candidate, k, x, inner,
                                               folds_of_units(options.seed, repeat, units, folds));
    const auto count = static_cast<double>(folds);
    const double variance = (sums.array() - sums.mean()).square().sum() / (count - 1);
    result.value += sums.sum() / repeats;
    result.standard_error += std::sqrt(count * variance) / repeats;
  }
  return result;
}

}  // namespace mix
