#include "mix/models/bootstrap_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "chosen_cells.h"
#include "fit_sharing.h"
#include "mix/errors.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// Samples between two looks at how many exceed; the result does not depend on it.
constexpr Index samples_at_once = 16;

void check_test_options(const Candidate& candidate, Index k, const BootstrapTestOptions& options) {
  if (k < 1) {
    throw std::invalid_argument(fmt::format(
        "bootstrap_test: a mixture has at least 1 component, so k must be at least 1, not {}", k));
  }
  if (options.replicates < 1 || options.exceedances < 0) {
    throw std::invalid_argument(fmt::format(
        "bootstrap_test: replicates must be at least 1 and exceedances at least 0, not {} and {}",
        options.replicates, options.exceedances));
  }
  FitOptions without_groups = options.fit;
  without_groups.groups = {};
  if (options.fit.assignment.as<Soft>() == nullptr || !rows_are_exchangeable(without_groups)) {
    throw std::invalid_argument(
        "bootstrap_test: likelihoods are compared, so the assignment must be soft, and neither "
        "labels nor a start may refer to single rows");
  }
  const AnyFamily family = candidate.make(k);
  if (!family.samples()) {
    throw NotAvailable(
        fmt::format("{} draws no rows, so it cannot be tested by bootstrap", family.title()));
  }
  for (Index j = 0; j < family.dimension(); ++j) {
    if (!family.takes_infinite_cells(j)) continue;
    throw std::invalid_argument(fmt::format(
        "bootstrap_test: column {} holds ends of intervals; how a drawn value would have been "
        "censored is not known",
        j + 1));
  }
}

// What samples have in common with the data: a row for each one, repeated as often as it weighs.
class SamplePlan {
 public:
  SamplePlan(const AnyRows& x, const FitOptions& fit) {
    const Vector& w = fit.sample_weight;
    if (w.size() > 0 && w.size() != x.rows()) {
      throw std::invalid_argument(
          fmt::format("bootstrap_test: there are {} weights for {} rows; give one per row",
                      w.size(), x.rows()));
    }
    if (!fit.groups.empty() && fit.groups.rows() != x.rows()) {
      throw std::invalid_argument(fmt::format(
          "bootstrap_test: there are groups of {} rows for {} rows", fit.groups.rows(), x.rows()));
    }
    for (Index i = 0; i < x.rows(); ++i) {
      const double count = w.size() > 0 ? w[i] : 1;
      if (!(count >= 0 && count == std::floor(count) && count < 1e9)) {
        throw std::invalid_argument(fmt::format(
            "bootstrap_test: row {} has the weight {}; a sample has whole rows, so weights must be "
            "whole numbers of at least 0",
            i + 1, count));
      }
      of_row_.insert(of_row_.end(), static_cast<std::size_t>(count), i);
    }
    if (of_row_.empty()) {
      throw std::invalid_argument("bootstrap_test: no row has a weight");
    }
    groups_ = fit.groups.of_rows(of_row_);
    rows_of_unit_.resize(of_row_.size());
    if (!groups_.empty()) rows_of_unit_.resize(static_cast<std::size_t>(groups_.count()));
    for (std::size_t i = 0; i < of_row_.size(); ++i) {
      const auto row = static_cast<Index>(i);
      rows_of_unit_[groups_.empty() ? i : static_cast<std::size_t>(groups_[row])].push_back(row);
    }
    if (!x.all_finite()) missing_ = DenseRows(x).operator*().array().isNaN();
  }

  [[nodiscard]] const Groups& groups() const { return groups_; }

  // What the rows of a unit come from is a matter of the unit's random numbers alone.
  [[nodiscard]] Matrix draw(const MixtureModel& model, std::uint64_t seed, Index sample) const {
    Matrix x(static_cast<Index>(of_row_.size()), model.dimension());
    Vector row(model.dimension());
    for (std::size_t u = 0; u < rows_of_unit_.size(); ++u) {
      // Number 0 is that of MixtureModel::sample.
      Rng rng(seed, Purpose::sample, static_cast<std::uint64_t>(sample) + 1, u);
      const Index k = categorical(rng, model.weights());
      for (const Index i : rows_of_unit_[u]) {
        model.family().sample(k, rng, row);
        x.row(i) = row.transpose();
      }
    }
    if (missing_.size() > 0) {
      for (Index i = 0; i < x.rows(); ++i) {
        const Index from = of_row_[static_cast<std::size_t>(i)];
        x.row(i) = missing_.row(from).select(quiet_nan, x.row(i).array()).matrix();
      }
    }
    return x;
  }

 private:
  std::vector<Index> of_row_;                     // the row of the data that a drawn row stands for
  std::vector<std::vector<Index>> rows_of_unit_;  // drawn rows of one component
  Groups groups_;
  Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> missing_;
};

struct Pair {
  std::shared_ptr<const Fit> null;
  std::shared_ptr<const Fit> alternative;
  std::string failure;

  [[nodiscard]] double statistic() const {
    if (!null || !alternative) return quiet_nan;
    const double gain = alternative->report.log_likelihood - null->report.log_likelihood;
    // Rounding must not make more components worse.
    return std::isfinite(gain) ? std::max(0.0, 2 * gain) : quiet_nan;
  }
};

// The one search that data and samples get.
Pair fit_both(const Candidate& candidate, Index k, const AnyRows& x, const FitOptions& fit) {
  CompareOptions options;
  options.families = {candidate};
  options.components = {k, k + 1};
  options.fit = fit;
  Pair pair;
  for (const Ranked& row : compare(x, options)) {
    (row.n_components == k ? pair.null : pair.alternative) = row.fit;
    if (!row.fit) pair.failure = row.status;
  }
  return pair;
}

double sample_statistic(const Candidate& candidate, Index k, const Matrix& x,
                        const FitOptions& fit) {
  try {
    return fit_both(candidate, k, x, fit).statistic();
  } catch (const std::exception&) {
    return quiet_nan;  // counted as failed
  }
}

// Takes over samples in their order, and stops where the sequential rule does.
void count_samples(BootstrapTest& test, const std::vector<double>& more, Index exceedances) {
  for (const double t : more) {
    test.samples.push_back(t);
    if (std::isnan(t)) ++test.failed;
    if (std::isnan(t) || t >= test.statistic) ++test.exceeding;
    if (exceedances > 0 && test.exceeding == exceedances) {
      test.early = true;
      return;
    }
  }
}

void draw_samples(BootstrapTest& test, const Candidate& candidate, const SamplePlan& plan,
                  const BootstrapTestOptions& options) {
  FitOptions fit = options.fit;
  fit.sample_weight = {};
  fit.groups = plan.groups();
  fit.progress = nullptr;
  fit.threads = 0;
  for (Index first = 0; first < options.replicates && !test.early; first += samples_at_once) {
    const Index count = std::min(samples_at_once, options.replicates - first);
    std::vector<double> more(static_cast<std::size_t>(count));
    for_each_index(count, [&](Index i) {
      const Matrix x = plan.draw(test.null.model, fit.seed, first + i);
      more[static_cast<std::size_t>(i)] = sample_statistic(candidate, test.n_components, x, fit);
    });
    count_samples(test, more, options.exceedances);
    if (options.progress &&
        !options.progress(static_cast<Index>(test.samples.size()), test.exceeding)) {
      break;
    }
  }
}

}  // namespace

BootstrapTest bootstrap_test(const Candidate& candidate, Index k, const AnyRows& x,
                             const BootstrapTestOptions& options) {
  if (!candidate.columns.empty()) {
    const ChosenCells own = ChosenCells::of_columns(x, candidate.columns);
    return bootstrap_test({candidate.name, candidate.make}, k, own.view(), options);
  }
  check_test_options(candidate, k, options);
  const SamplePlan plan(x, options.fit);
  BootstrapTest test;
  test.n_components = k;
  with_threads(options.fit.threads, [&] {
    FitOptions fit = options.fit;
    fit.threads = 0;
    const Pair pair = fit_both(candidate, k, x, fit);
    test.statistic = pair.statistic();
    if (std::isnan(test.statistic)) {
      throw std::invalid_argument(fmt::format(
          "bootstrap_test: {} cannot be fitted with {} and {} components: {}", candidate.name, k,
          k + 1, pair.failure.empty() ? "the log-likelihood is not finite" : pair.failure));
    }
    test.null = *pair.null;
    test.alternative = *pair.alternative;
    draw_samples(test, candidate, plan, options);
  });
  const auto exceeding = static_cast<double>(test.exceeding);
  const auto drawn = static_cast<double>(test.samples.size());
  test.p_value = test.early ? exceeding / drawn : (1 + exceeding) / (1 + drawn);
  return test;
}

std::vector<BootstrapTest> successive_tests(const Candidate& candidate, Components components,
                                            double level, const AnyRows& x,
                                            const BootstrapTestOptions& options) {
  if (components.last <= components.first) {
    throw std::invalid_argument(
        fmt::format("successive_tests: numbers of components must go upwards, not from {} to {}",
                    components.first, components.last));
  }
  if (!(level > 0 && level < 1)) {
    throw std::invalid_argument(
        fmt::format("successive_tests: the level must be between 0 and 1, but is {}", level));
  }
  std::vector<BootstrapTest> tests;
  for (Index k = components.first; k < components.last; ++k) {
    tests.push_back(bootstrap_test(candidate, k, x, options));
    if (tests.back().p_value > level) break;
  }
  return tests;
}

}  // namespace mix
