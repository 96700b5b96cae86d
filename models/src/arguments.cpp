#include "arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace mix {
namespace {

// More than half of the rows are no outliers.
constexpr double most_trimmed = 0.5;

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) {
  throw std::invalid_argument(fmt::format(text, std::forward<Args>(args)...));
}

void check_start(const Start& start, Index rows, Index k) {
  if (const auto* labels = std::get_if<start::Labels>(&start)) {
    if (static_cast<Index>(labels->labels.size()) != rows) {
      refuse("fit: there are {} start labels for {} rows", labels->labels.size(), rows);
    }
    for (const Index label : labels->labels) {
      if (label < k) continue;
      refuse("fit: start label {} needs {} components, but the model has {}", label, label + 1, k);
    }
  }
  if (const auto* given = std::get_if<start::Responsibilities>(&start)) {
    if (given->r.rows() != rows || given->r.cols() != k || given->r.minCoeff() < 0) {
      refuse(
          "fit: start responsibilities must be non-negative, {} rows x {} components, but are "
          "{} x {}",
          rows, k, given->r.rows(), given->r.cols());
    }
    for (Index i = 0; !given->r.allFinite() && i < rows; ++i) {
      for (Index c = 0; c < k; ++c) {
        if (std::isfinite(given->r(i, c))) continue;
        refuse(
            "fit: start responsibilities must be finite, but that of row {} for component {} is {}",
            i + 1, c + 1, given->r(i, c));
      }
    }
    if (!(given->r.maxCoeff() > 0)) {
      refuse("fit: all start responsibilities are 0; at least one must be positive");
    }
  }
}

void check_known(const Known& known, Index rows, Index k) {
  if (static_cast<Index>(known.labels.size()) != rows) {
    refuse("fit: there are {} known labels for {} rows; -1 means unknown", known.labels.size(),
           rows);
  }
  const Index highest = *std::max_element(known.labels.begin(), known.labels.end());
  if (highest >= k) {
    refuse("fit: known label {} needs {} components, but the model has {}", highest, highest + 1,
           k);
  }
}

void check_prior(const LabelPrior& prior, Index rows, Index k) {
  if (prior.rows() == rows && prior.components() == k) return;
  refuse(
      "fit: the label prior is for {} rows and {} components, but there are {} rows and {} "
      "components",
      prior.rows(), prior.components(), rows, k);
}

void check_groups_for(const MixtureModel& model, const AnyRows& x, const FitOptions& options) {
  const Groups& groups = options.groups;
  if (groups.empty()) return;
  check_groups(groups, x.rows(), "fit");
  const Vector& w = options.sample_weight;
  const Index supporting = w.size() > 0 ? (groups.sums(w).array() > 0).count() : groups.count();
  if (model.n_components() > supporting) {
    refuse(
        "fit: {} components for {} groups with positive weight; ask for at most as many components "
        "as groups",
        model.n_components(), supporting);
  }
  check_agreement(options.assignment, groups);
}

void check_least(const char* option, Index value, Index least) {
  if (value < least) refuse("fit: {} is {}; it must be at least {}", option, value, least);
}

void check_numbers(const FitOptions& options) {
  if (std::isnan(options.tol)) {
    refuse("fit: tol is NaN; it must be a number, negative where runs are to end by max_iter");
  }
  check_least("max_iter", options.max_iter, 1);
  check_least("n_init", options.n_init, 0);
  check_least("threads", options.threads, 0);
}

}  // namespace

void check_groups(const Groups& groups, Index rows, const char* what) {
  if (groups.empty() || groups.rows() == rows) return;
  refuse("{}: there are groups of {} rows for {} rows; each row has a group", what, groups.rows(),
         rows);
}

void check_rows(const MixtureModel& model, const AnyRows& x, const Vector& w, const char* what) {
  check_rows(model.family(), x, what);
  if (w.size() > 0) check_weights(w, x.rows(), what);
}

void check_assignment(const FitOptions& options) {
  const auto* trimmed = options.assignment.as<Trimmed>();
  if (trimmed == nullptr) return;
  if (!(trimmed->share >= 0 && trimmed->share <= most_trimmed)) {
    refuse("fit: the share of rows to trim is {}; it must be from 0 to {}", trimmed->share,
           most_trimmed);
  }
  if (!options.groups.empty()) check_agreement(options.assignment, options.groups);
}

void check_arguments(const MixtureModel& model, const AnyRows& x, const FitOptions& options) {
  check_numbers(options);
  const Index k = model.n_components();
  if (k < 1) refuse("fit: the model has no components");
  check_rows(model, x, options.sample_weight, "fit");
  const Vector& w = options.sample_weight;
  const Index supporting = w.size() > 0 ? (w.array() > 0).count() : x.rows();
  if (k > supporting) {
    refuse(
        "fit: {} components for {} rows with positive weight; ask for at most as many components "
        "as rows",
        k, supporting);
  }
  check_assignment(options);
  check_start(options.start, x.rows(), k);
  for (const Start& start : options.more_starts) check_start(start, x.rows(), k);
  if (const auto* known = options.assignment.as<Known>()) check_known(*known, x.rows(), k);
  if (const auto* prior = options.assignment.as<LabelPrior>()) check_prior(*prior, x.rows(), k);
  check_groups_for(model, x, options);
  if (const std::string complaint = model.family().check_support(x); !complaint.empty()) {
    refuse("fit: {}", complaint);
  }
}

}  // namespace mix
