#include "mix/models/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "arguments.h"
#include "chosen_cells.h"
#include "exact_json.h"
#include "mix/any_rows.h"
#include "mix/distributions/gated.h"
#include "mix/errors.h"
#include "mix/matching.h"
#include "mix/models/checkpoint.h"
#include "mix/models/fit.h"
#include "mix/models/group_posterior.h"
#include "mix/models/parameter_values.h"
#include "mix/parallel.h"
#include "mix/random.h"

namespace mix {
namespace {

// More failures than this share of the replicates are worth a warning of their own.
constexpr double many_failures = 0.05;
// Nats still to gain at which a refit ends: what is left is no part of the variation.
constexpr double refit_tol = 1e-5;

// The data of one replicate; `x` views `drawn` or `chosen`, or the rows given.
struct Replicate {
  std::optional<Matrix> drawn{};
  std::optional<ChosenCells> chosen{};
  Vector w{};
  Groups groups{};
};

// What became of one.
struct Outcome {
  Vector values{};
  std::string failure{};
  bool flagged = false;
  bool done = false;
};

// The numbers of the rows, each as often as its weight says.
std::vector<Index> repeated(const Vector& w) {
  std::vector<Index> rows;
  for (Index i = 0; i < w.size(); ++i) {
    if (w[i] != std::floor(w[i])) {
      throw std::invalid_argument(
          fmt::format("bootstrap: the sample weight of row {} is {}; a parametric bootstrap needs "
                      "whole numbers of rows: use the nonparametric or the weighted one",
                      i + 1, w[i]));
    }
    rows.insert(rows.end(), static_cast<std::size_t>(w[i]), i);
  }
  return rows;
}

class Resampler {
 public:
  Resampler(const MixtureModel& model, const AnyRows& x, const BootstrapOptions& options)
      : model_(model),
        x_(x),
        options_(options),
        w_(options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows())) {
    switch (options.kind) {
      case Resampling::parametric:
        rows_ = repeated(w_);
        return;
      case Resampling::nonparametric:
        prepare_drawing();
        return;
      case Resampling::weighted:
        return;
    }
  }

  [[nodiscard]] Replicate draw(Index replicate) const {
    switch (options_.kind) {
      case Resampling::parametric:
        return from_model(replicate);
      case Resampling::nonparametric:
        return options_.groups.empty() ? from_rows(replicate) : from_groups(replicate);
      case Resampling::weighted:
        break;
    }
    return reweighted(replicate);
  }

 private:
  [[nodiscard]] Rng rng(Index replicate, Index row, Purpose purpose = Purpose::sample) const {
    return Rng(options_.seed, purpose, static_cast<std::uint64_t>(replicate),
               static_cast<std::uint64_t>(row));
  }

  void prepare_drawing() {
    if (options_.groups.empty()) {
      cumulated_.resize(static_cast<std::size_t>(w_.size()));
      std::partial_sum(w_.begin(), w_.end(), cumulated_.begin());
      return;
    }
    const Vector sums = options_.groups.sums(w_);
    of_group_.resize(static_cast<std::size_t>(options_.groups.count()));
    for (Index i = 0; i < x_.rows(); ++i) {
      if (sums[options_.groups[i]] > 0) {
        of_group_[static_cast<std::size_t>(options_.groups[i])].push_back(i);
      }
    }
    std::erase_if(of_group_, [](const auto& rows) { return rows.empty(); });
  }

  // The rows that are drawn have as weights how often.
  [[nodiscard]] Replicate from_rows(Index replicate) const {
    Rng draws = rng(replicate, 0);
    const double total = cumulated_.back();
    const auto count = std::max<Index>(1, std::llround(total));
    Vector w = Vector::Zero(w_.size());
    for (Index i = 0; i < count; ++i) {
      const auto at =
          std::upper_bound(cumulated_.begin(), cumulated_.end(), total * uniform(draws));
      ++w[std::min<Index>(at - cumulated_.begin(), w.size() - 1)];
    }
    return {.w = w * (total / static_cast<double>(count))};
  }

  // A group that is drawn twice makes two.
  [[nodiscard]] Replicate from_groups(Index replicate) const {
    Rng draws = rng(replicate, 0);
    std::vector<Index> rows;
    std::vector<Index> numbers;
    const auto count = static_cast<Index>(of_group_.size());
    for (Index number = 0; number < count; ++number) {
      const auto& group = of_group_[static_cast<std::size_t>(uniform_index(draws, count))];
      rows.insert(rows.end(), group.begin(), group.end());
      numbers.insert(numbers.end(), group.size(), number);
    }
    return {.chosen = ChosenCells::of_rows(x_, rows), .w = w_(rows), .groups = Groups(numbers)};
  }

  [[nodiscard]] Replicate reweighted(Index replicate) const {
    Vector w(w_.size());
    for (Index i = 0; i < w.size(); ++i) {
      Rng draws = rng(replicate, i);
      w[i] = w_[i] > 0 ? standard_gamma(draws, w_[i]) : 0;
    }
    return {.w = w * (w_.sum() / w.sum())};
  }

  [[nodiscard]] Replicate from_model(Index replicate) const {
    const auto n = static_cast<Index>(rows_.size());
    Matrix x(n, x_.cols());
    const Groups groups = options_.groups.of_rows(rows_);
    const Matrix given = DenseRows(ChosenCells::of_rows(x_, rows_).view()).operator*();
    Vector row(x_.cols());
    for (Index i = 0; i < n; ++i) {
      Rng draws = rng(replicate, i);
      if (groups.empty()) {
        model_.sample(draws, row);
      } else {
        Rng of_group = rng(replicate, groups[i], Purpose::assignment);
        model_.family().sample(categorical(of_group, model_.weights()), draws, row);
      }
      x.row(i) = given.row(i).transpose().array().isNaN().select(quiet_nan, row).transpose();
    }
    return {.drawn = std::move(x), .groups = groups};
  }

  const MixtureModel& model_;
  const AnyRows& x_;
  const BootstrapOptions& options_;
  Vector w_;
  std::vector<double> cumulated_;             // weights
  std::vector<std::vector<Index>> of_group_;  // rows of each group with weight
  std::vector<Index> rows_;                   // of the data, each by its weight
};

// The numbers of a model by component, and the names of a component's, for comparing.
class Numbers {
 public:
  explicit Numbers(const MixtureModel& model) : all_(parameter_values(model)) {
    const auto k = static_cast<std::size_t>(model.n_components());
    first_.assign(k + 1, all_.size());
    for (std::size_t i = all_.size(); i-- > 0;) {
      first_[static_cast<std::size_t>(all_[i].component)] = i;
    }
  }
  [[nodiscard]] const std::vector<ParameterValue>& all() const { return all_; }
  [[nodiscard]] std::size_t first(Index k) const { return first_[static_cast<std::size_t>(k)]; }
  [[nodiscard]] std::size_t count(Index k) const { return first(k + 1) - first(k); }
  [[nodiscard]] bool same_names(Index k, const Numbers& other, Index l) const {
    if (count(k) != other.count(l)) return false;
    for (std::size_t i = 0; i < count(k); ++i) {
      if (all_[first(k) + i].name != other.all_[other.first(l) + i].name) return false;
    }
    return true;
  }

 private:
  std::vector<ParameterValue> all_;
  std::vector<std::size_t> first_;
};

class Bootstrapping {
 public:
  Bootstrapping(const MixtureModel& model, const AnyRows& x, const BootstrapOptions& options)
      : model_(model),
        x_(x),
        options_(options),
        w_(options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows())),
        resampler_(model, x, options),
        numbers_(model),
        r_(responsibilities_of(model)) {}

  std::vector<Outcome> run() {
    std::vector<Outcome> outcomes(static_cast<std::size_t>(options_.replicates));
    Index done = resume(outcomes);
    std::mutex reporting;
    bool interrupted = false;
    for_each_index(options_.replicates, [&](Index replicate) {
      Outcome& outcome = outcomes[static_cast<std::size_t>(replicate)];
      if (outcome.done) return;
      {
        const std::lock_guard lock(reporting);
        if (interrupted) return;
      }
      try {
        estimate(replicate, outcome);
      } catch (const std::exception& error) {
        outcome.failure = error.what();
      }
      outcome.done = true;
      keep(replicate, outcome);
      const std::lock_guard lock(reporting);
      ++done;
      if (options_.progress && !options_.progress(done, options_.replicates)) interrupted = true;
    });
    return outcomes;
  }

  [[nodiscard]] const Numbers& numbers() const { return numbers_; }

 private:
  static std::string name_of(Index replicate) { return fmt::format("bootstrap/{}", replicate); }

  // Fills in the replicates that a checkpoint has; returns how many.
  [[nodiscard]] Index resume(std::vector<Outcome>& outcomes) const {
    if (!options_.checkpoint) return 0;
    Index found = 0;
    for (Index i = 0; i < options_.replicates; ++i) {
      const Json kept = options_.checkpoint->find(name_of(i));
      if (kept.is_null()) continue;
      try {
        outcomes[static_cast<std::size_t>(i)] = {vector_from(kept.at("values")),
                                                 kept.at("failure").get<std::string>(),
                                                 kept.at("flagged").get<bool>(), true};
      } catch (const nlohmann::json::exception& error) {
        throw DataError(std::string("broken checkpoint: ") + error.what());
      }
      ++found;
    }
    return found;
  }

  void keep(Index replicate, const Outcome& outcome) const {
    if (!options_.checkpoint) return;
    options_.checkpoint->keep(name_of(replicate), {{"values", exact_all(outcome.values)},
                                                   {"failure", outcome.failure},
                                                   {"flagged", outcome.flagged}});
  }

  // Rows (groups) x components, by weight.
  [[nodiscard]] Matrix responsibilities_of(const MixtureModel& model) const {
    if (options_.groups.empty()) return model.responsibilities(x_);
    return group_posterior(model, x_, w_, options_.groups).responsibilities;
  }

  void estimate(Index replicate, Outcome& outcome) const {
    const Replicate data = resampler_.draw(replicate);
    const AnyRows x = data.drawn ? AnyRows(*data.drawn) : data.chosen ? data.chosen->view() : x_;
    FitOptions fit_options;
    fit_options.sample_weight = data.w;
    fit_options.groups = data.groups;
    fit_options.mixing = model_.mixing();
    fit_options.tol = refit_tol;
    fit_options.start = start::Parameters{};
    fit_options.more_starts = {start::KMeansPlusPlus{}};
    fit_options.seed = Rng(options_.seed, Purpose::start, static_cast<std::uint64_t>(replicate))();
    const Fit found = fit(model_, x, fit_options);
    outcome.flagged = found.report.flagged;
    outcome.values = matched(found.model);
    if (!outcome.values.allFinite()) outcome.failure = "a parameter is not finite";
  }

  // The numbers of the other model in the order of this one's components.
  [[nodiscard]] Vector matched(const MixtureModel& other) const {
    const Index k = model_.n_components();
    const Numbers own(other);
    const Matrix r = responsibilities_of(other);
    Matrix gain(k, k);
    const Vector unit = options_.groups.empty() ? w_ : Vector::Ones(r.rows());
    const double forbidden = -1 - unit.sum();
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; j < k; ++j) {
        gain(i, j) = numbers_.same_names(i, own, j) ? unit.dot(r_.col(i).cwiseProduct(r.col(j)))
                                                    : forbidden * static_cast<double>(k);
      }
    }
    const std::vector<Index> partner = best_matching(gain);
    if (model_.family().as<Gated>() != nullptr) {
      // Coefficients of the gate are those beside the first component.
      MixtureState state = other.state();
      state.family.select(partner);
      return values_of(MixtureModel(std::move(state), other.mixing()));
    }
    Vector values(static_cast<Index>(numbers_.all().size()));
    for (Index i = 0; i < k; ++i) {
      const Index j = partner[static_cast<std::size_t>(i)];
      if (!numbers_.same_names(i, own, j)) {
        throw std::runtime_error("its components have other parameters than those of the model");
      }
      for (std::size_t c = 0; c < own.count(j); ++c) {
        values[static_cast<Index>(numbers_.first(i) + c)] = own.all()[own.first(j) + c].value;
      }
    }
    return values;
  }

  static Vector values_of(const MixtureModel& model) {
    const std::vector<ParameterValue> numbers = parameter_values(model);
    Vector values(static_cast<Index>(numbers.size()));
    std::transform(numbers.begin(), numbers.end(), values.begin(),
                   [](const ParameterValue& number) { return number.value; });
    return values;
  }

  const MixtureModel& model_;
  const AnyRows& x_;
  const BootstrapOptions& options_;
  Vector w_;
  Resampler resampler_;
  Numbers numbers_;
  Matrix r_;
};

// Between the ordered values, at (n + 1) p.
double quantile_of(const Vector& ordered, double p) {
  const auto n = static_cast<double>(ordered.size());
  const double place = std::clamp((n + 1) * p, 1.0, n);
  const auto below = static_cast<Index>(place);
  const Index above = std::min<Index>(below + 1, ordered.size());
  const double share = place - static_cast<double>(below);
  return ordered[below - 1] + share * (ordered[above - 1] - ordered[below - 1]);
}

BootstrapEstimate summary(const ParameterValue& number, const Vector& values, double confidence) {
  BootstrapEstimate estimate{number.component, number.name, number.value};
  const double mean = values.mean();
  estimate.bias = mean - number.value;
  estimate.standard_error =
      std::sqrt((values.array() - mean).square().sum() / static_cast<double>(values.size() - 1));
  Vector ordered = values;
  std::sort(ordered.begin(), ordered.end());
  estimate.lower = quantile_of(ordered, 0.5 * (1 - confidence));
  estimate.upper = quantile_of(ordered, 0.5 * (1 + confidence));
  estimate.basic_lower = 2 * number.value - estimate.upper;
  estimate.basic_upper = 2 * number.value - estimate.lower;
  return estimate;
}

void check_options(const MixtureModel& model, const AnyRows& x, const BootstrapOptions& options) {
  check_rows(model, x, options.sample_weight, "bootstrap");
  check_groups(options.groups, x.rows(), "bootstrap");
  const auto refuse = [](const std::string& why) {
    throw std::invalid_argument("bootstrap: " + why);
  };
  if (options.replicates < 2) {
    refuse(fmt::format("{} replicates; at least 2 are needed, 999 are usual", options.replicates));
  }
  if (!(options.confidence > 0 && options.confidence < 1)) {
    refuse(fmt::format("the confidence is {}; it must lie between 0 and 1, such as 0.95",
                       options.confidence));
  }
  if (options.kind == Resampling::parametric && !model.family().samples()) {
    refuse(fmt::format("family {} cannot draw rows; use the nonparametric or the weighted one",
                       in_quotes(model.family().name())));
  }
  if (options.kind == Resampling::weighted && !options.groups.empty()) {
    refuse(
        "a group always counts once, so groups have no weights to draw; use the nonparametric one");
  }
}

void warn(const BootstrapOptions& options, Bootstrap& result) {
  const Index completed = result.replicates.rows();
  if (completed + result.failed < result.asked) {
    result.warnings.push_back(fmt::format("interrupted after {} of {} replicates",
                                          completed + result.failed, result.asked));
  }
  if (static_cast<double>(result.failed) > many_failures * static_cast<double>(result.asked)) {
    result.warnings.push_back(fmt::format(
        "{} of {} replicates failed, so the intervals are those of data that happen to be easy",
        result.failed, result.asked));
  }
  if (result.flagged > 0) {
    result.warnings.push_back(fmt::format(
        "{} of {} replicates have a component that looks spurious", result.flagged, completed));
  }
  if (static_cast<double>(completed + 1) * 0.5 * (1 - options.confidence) < 1) {
    result.warnings.push_back(fmt::format(
        "{} replicates are too few for intervals of {:g} %, which then end at the extremes",
        completed, 100 * options.confidence));
  }
}

}  // namespace

std::string to_string(Resampling kind) {
  switch (kind) {
    case Resampling::nonparametric:
      return "nonparametric";
    case Resampling::parametric:
      return "parametric";
    case Resampling::weighted:
      break;
  }
  return "weighted";
}

Resampling parse_resampling(std::string_view name) {
  for (const auto kind :
       {Resampling::nonparametric, Resampling::parametric, Resampling::weighted}) {
    if (name == to_string(kind)) return kind;
  }
  throw std::invalid_argument(
      fmt::format("there is no bootstrap named {}; there are nonparametric, parametric, weighted",
                  in_quotes(name)));
}

Bootstrap bootstrap(const MixtureModel& model, const AnyRows& x, const BootstrapOptions& options) {
  check_options(model, x, options);
  Bootstrapping work(model, x, options);
  std::vector<Outcome> outcomes;
  with_threads(options.threads, [&] { outcomes = work.run(); });

  Bootstrap result;
  result.asked = options.replicates;
  std::map<std::string, Index> reasons;
  std::vector<Vector> completed;
  for (Outcome& outcome : outcomes) {
    if (!outcome.done) continue;
    if (!outcome.failure.empty()) {
      ++reasons[outcome.failure];
      ++result.failed;
      continue;
    }
    if (outcome.flagged) ++result.flagged;
    completed.push_back(std::move(outcome.values));
  }
  result.failures.assign(reasons.begin(), reasons.end());
  const auto count = static_cast<Index>(completed.size());
  if (count < 2) {
    throw std::runtime_error(fmt::format(
        "bootstrap: {} of {} replicates succeeded{}", count, options.replicates,
        reasons.empty() ? std::string() : "; one failed because " + reasons.begin()->first));
  }
  const std::vector<ParameterValue>& numbers = work.numbers().all();
  Matrix all(count, static_cast<Index>(numbers.size()));
  for (Index i = 0; i < count; ++i) all.row(i) = completed[static_cast<std::size_t>(i)];
  std::vector<Index> moving;
  for (Index j = 0; j < all.cols(); ++j) {
    const Vector values = all.col(j);
    if (values.minCoeff() == values.maxCoeff()) continue;
    moving.push_back(j);
    result.parameters.push_back(
        summary(numbers[static_cast<std::size_t>(j)], values, options.confidence));
  }
  result.replicates = all(Eigen::all, moving);
  warn(options, result);
  return result;
}

}  // namespace mix
