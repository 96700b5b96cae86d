#include "mix/models/compare.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "arguments.h"
#include "chosen_cells.h"
#include "distinct_rows.h"
#include "fit_sharing.h"
#include "group_starts.h"
#include "growing.h"
#include "mix/distributions/gated.h"
#include "mix/models/choice.h"
#include "mix/models/exact_icl.h"
#include "mix/models/family_blocks.h"
#include "mix/models/group_posterior.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// Log-likelihoods that should not fall in K may differ by this much, in nats.
constexpr double no_loss = 1e-6;

// The columns that the candidate describes, where these are not all.
std::optional<ChosenCells> own_columns(const Candidate& candidate, const AnyRows& x) {
  if (candidate.columns.empty()) return std::nullopt;
  return ChosenCells::of_columns(x, candidate.columns);
}

class Ladder {
 public:
  Ladder(const Candidate& candidate, const AnyRows& x, const CompareOptions& options,
         PartitionPool& pool, const std::atomic<bool>& interrupted)
      : candidate_(candidate),
        own_(own_columns(candidate, x)),
        x_(own_ ? own_->view() : x),
        options_(options),
        pool_(pool),
        interrupted_(interrupted),
        w_(options.fit.sample_weight.size() > 0 ? options.fit.sample_weight
                                                : Vector::Ones(x.rows())) {}

  Ranked climb(Index k) {
    return attempt(k, [&](Ranked& row) {
      const MixtureModel model(candidate_.make(k));
      FitOptions fit_options = options_.fit;
      fit_options.checkpoint_name = name_of_fit(k);
      if (last_) add_grown_starts(model, fit_options);
      Fit result = fit_sharing(model, x_, fit_options, &pool_, one_component_);
      if (last_ && maximizes_likelihood(result.report) &&
          result.report.log_likelihood < last_->report.log_likelihood - no_loss) {
        if (auto repaired = fit_doubled(model)) result = *std::move(repaired);
      }
      fill(row, std::move(result), k);
    });
  }

  // One run from the most components downwards.
  Ranked descend(const Components& components) {
    return attempt(components.last, [&](Ranked& row) {
      const MixtureModel model(candidate_.make(components.last));
      // A model may have components besides those that are asked for.
      const Index besides = model.n_components() - components.last;
      FitOptions fit_options = options_.fit;
      fit_options.checkpoint_name = name_of_fit(components.last);
      AnnihilationFit found = choose_by_annihilation(
          model, x_,
          {.fit = std::move(fit_options), .least_components = components.first + besides});
      row.n_components = found.fit.model.n_components() - besides;
      row.path = std::move(found.path);
      fill(row, std::move(found.fit), row.n_components);
    });
  }

 private:
  // A row of the table, filled by `work`.
  template <class Work>
  Ranked attempt(Index k, const Work& work) {
    Ranked row;
    row.name = candidate_.name;
    row.n_components = k;
    row.columns = candidate_.columns;
    if (interrupted_) {
      row.status = "interrupted";
      return row;
    }
    try {
      work(row);
    } catch (const std::exception& error) {
      row.fit = nullptr;
      row.status = std::string("failed: ") + error.what();
    }
    return row;
  }

  [[nodiscard]] std::string name_of_fit(Index k) const {
    return fmt::format("{}/{}/{}", options_.fit.checkpoint_name, candidate_.name, k);
  }

  // Under a prior or another policy the log-likelihood may rightly fall in K.
  [[nodiscard]] bool maximizes_likelihood(const Report& report) const {
    return options_.fit.assignment.as<Soft>() != nullptr &&
           std::abs(report.objective - report.log_likelihood) <=
               1e-6 * (1 + std::abs(report.objective));
  }

  void fill(Ranked& row, Fit&& result, Index k) {
    const auto kept = std::make_shared<const Fit>(std::move(result));
    const Report& report = kept->report;
    row.log_likelihood = report.log_likelihood;
    row.parameter_count = report.parameter_count;
    row.criteria = report.criteria;
    row.fit = kept;
    if (report.flagged) {
      row.status = "flagged: " + report.warnings.back();
      for (const std::string& warning : report.warnings) {
        if (warning.starts_with("spurious: ")) row.status = "flagged: " + warning.substr(10);
      }
    } else if (!report.converged) {
      row.status = "stopped: " + to_string(report.stop);
    }
    row.mml = message_length(kept->model, report.log_likelihood, report.n);
    if (options_.criterion == "cv") {
      const CrossValidation held_out =
          cross_validate(candidate_, k, x_, options_.fit, options_.cross_validation);
      // Of fits cut short it means nothing.
      row.value = interrupted_ ? quiet_nan : held_out.value;
      row.standard_error = held_out.standard_error;
    }
    if (options_.criterion == "exact_icl") row.value = exact_icl(kept->model, x_);
    if (!report.flagged) last_ = kept;
    // A list of families is another model with one component.
    if (k == 1 && report.converged && kept->model.family().as<FamilyList>() == nullptr) {
      one_component_ = report.log_likelihood;
    }
  }

  void add_grown_starts(const MixtureModel& model, FitOptions& fit_options) const {
    const MixtureModel& smaller = last_->model;
    if (smaller.n_components() + 1 != model.n_components()) return;
    const std::vector<Index> splittable = learnable_components(smaller.family());
    for (Matrix& r : grow(smaller.state(), x_, w_, model.family().embed(x_), splittable,
                          splittable.back() + 1)) {
      fit_options.more_starts.emplace_back(start::Responsibilities{std::move(r)});
    }
  }

  [[nodiscard]] Matrix shares_by(const MixtureModel& model) const {
    const Groups& groups = options_.fit.groups;
    if (groups.empty()) return model.responsibilities(x_);
    Matrix r(x_.rows(), model.n_components());
    shares_of_rows(group_posterior(model, x_, w_, groups).responsibilities, Vector::Ones(x_.rows()),
                   groups)(0, r);
    return r;
  }

  // Where no start of K components reaches the likelihood of K-1: the smaller mixture itself, with
  // its heaviest component doubled, is a mixture of K components.
  [[nodiscard]] std::optional<Fit> fit_doubled(const MixtureModel& model) const {
    const MixtureModel& smaller = last_->model;
    if (smaller.n_components() + 1 != model.n_components()) return std::nullopt;
    const std::vector<Index> splittable = learnable_components(smaller.family());
    const Index heaviest = *std::max_element(
        splittable.begin(), splittable.end(),
        [&](Index a, Index b) { return smaller.weights()[a] < smaller.weights()[b]; });
    FitOptions fit_options = options_.fit;
    fit_options.start =
        start::Responsibilities{doubled(shares_by(smaller), heaviest, splittable.back() + 1)};
    fit_options.checkpoint_name = name_of_fit(model.n_components()) + "/doubled";
    Fit result = fit(model, x_, fit_options);
    if (result.report.log_likelihood < last_->report.log_likelihood - no_loss) return std::nullopt;
    result.report.warnings.emplace_back(
        "no start found more than one component fewer does: a component is doubled");
    return result;
  }

  const Candidate& candidate_;
  std::optional<ChosenCells> own_;  // of a candidate that describes some columns only
  AnyRows x_;
  const CompareOptions& options_;
  PartitionPool& pool_;
  const std::atomic<bool>& interrupted_;
  Vector w_;
  std::shared_ptr<const Fit> last_;
  double one_component_ = quiet_nan;  // log-likelihood of the fit with one
};

SizedFit sized(const Ranked& row) {
  return {row.n_components, row.log_likelihood, row.parameter_count};
}

bool is_sound(const Ranked& row) { return row.fit && !row.fit->report.flagged; }

// Of the numbers of components of one family, `rows` of the table with rising ones. A fit with a
// flag has a value too, but no other depends on it.
void fill_singular_bic(const std::vector<Ranked*>& rows) {
  std::vector<SizedFit> sound;
  for (Ranked* row : rows) {
    if (!row->fit) continue;
    std::vector<SizedFit> fits = sound;
    fits.push_back(sized(*row));
    const MixtureModel& model = row->fit->model;
    // A gate's weights are no parameters of the mixture.
    const MixingWeights mixing =
        model.family().as<Gated>() != nullptr ? MixingWeights::equal : model.mixing();
    row->sbic = singular_bic(fits, row->fit->report.n, mixing)[static_cast<Index>(sound.size())];
    if (is_sound(*row)) sound = std::move(fits);
  }
}

// What rows of the table owe to one another; families stand together, numbers of components rise.
void fill_relative(std::vector<Ranked>& table, Index numbers) {
  std::vector<SizedFit> sound;
  Vector bic(static_cast<Index>(table.size()));
  for (std::size_t i = 0; i < table.size(); ++i) {
    const bool counts = is_sound(table[i]);
    bic[static_cast<Index>(i)] = counts ? table[i].criteria.bic : quiet_nan;
    if (counts) sound.push_back(sized(table[i]));
  }
  const Vector weights = bic_weights(bic);
  const SlopeHeuristic slope = slope_heuristic(sound);
  std::vector<Ranked*> family;
  for (std::size_t i = 0; i < table.size(); ++i) {
    Ranked& row = table[i];
    row.bic_weight = weights[static_cast<Index>(i)];
    if (row.fit) row.slope = slope.criterion(row.log_likelihood, row.parameter_count);
    family.push_back(&row);
    if (static_cast<Index>(family.size()) < numbers) continue;
    fill_singular_bic(family);
    family.clear();
  }
}

// Criteria that look at single rows, each for itself; their values come with the fits.
bool looks_at_rows(const std::string& criterion) {
  return criterion == "cv" || criterion == "exact_icl";
}

void fill_values(std::vector<Ranked>& table, const std::string& criterion) {
  for (Ranked& row : table) {
    if (!row.fit || looks_at_rows(criterion)) continue;
    if (criterion == "mml") {
      row.value = row.mml;
    } else if (criterion == "sbic") {
      row.value = row.sbic;
    } else if (criterion == "slope") {
      row.value = row.slope;
    } else {
      row.value = row.criteria.at(criterion);
    }
  }
}

void rank(std::vector<Ranked>& table) {
  const auto grade = [](const Ranked& row) {
    if (!row.fit) return 3;
    if (!(row.value < infinity)) return 2;
    return row.fit->report.flagged ? 1 : 0;
  };
  std::stable_sort(table.begin(), table.end(), [&](const Ranked& a, const Ranked& b) {
    if (grade(a) != grade(b)) return grade(a) < grade(b);
    return grade(a) < 2 && a.value < b.value;
  });
}

std::vector<Candidate> suitable_families(const std::shared_ptr<const Table>& table) {
  std::vector<Candidate> candidates;
  for (const FamilyBlocks& blocks : suitable_blocks(*table)) {
    for (const std::string& structure : structures_of(blocks)) {
      const auto make = [table, blocks, structure](Index k) {
        return make_family(blocks, *table, k, {.structure = structure});
      };
      // A title needs a family; some families cannot even be made for these columns.
      try {
        const std::string title = make(1).title();
        // In one column all structures with the same volume are the same family.
        const bool taken = std::any_of(candidates.begin(), candidates.end(),
                                       [&](const Candidate& c) { return c.name == title; });
        if (!taken) candidates.push_back({title, make});
      } catch (const std::invalid_argument&) {
        continue;
      }
    }
  }
  return candidates;
}

}  // namespace

const Fit& Comparison::best() const {
  if (table.empty()) throw std::runtime_error("nothing was compared: there is no candidate");
  if (!table.front().fit) {
    const Index k = table.front().n_components;
    throw std::runtime_error(fmt::format("no candidate could be fitted; {} with {} component{} {}",
                                         table.front().name, k, k == 1 ? "" : "s",
                                         table.front().status));
  }
  if (std::isnan(table.front().value)) {
    throw std::runtime_error(fmt::format(
        "the criterion {} is not defined for any of the candidates; choose another", criterion));
  }
  if (criterion == "cv" && table.front().value == infinity) {
    throw std::runtime_error(
        "the criterion cv is infinite for all of the candidates: each leaves rows that were held "
        "out without density; choose another, such as bic");
  }
  return *table.front().fit;
}

const Ranked& Comparison::simplest_within_error() const {
  (void)best();
  const Ranked* simplest = &table.front();
  for (const Ranked& row : table) {
    if (!is_sound(row) || !(row.value < infinity)) continue;
    const bool within = row.value <= table.front().value + table.front().standard_error;
    if (within && row.parameter_count < simplest->parameter_count) simplest = &row;
  }
  return *simplest;
}

const std::vector<std::string>& comparison_criteria() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = criterion_names();
    all.insert(all.end(), {"mml", "sbic", "slope", "exact_icl", "cv"});
    return all;
  }();
  return names;
}

namespace {

Comparison compare_rows(const AnyRows& x, const CompareOptions& options) {
  if (options.families.empty()) {
    throw std::invalid_argument("compare: there is no family to compare");
  }
  if (options.components.first < 1 || options.components.last < options.components.first) {
    throw std::invalid_argument(
        fmt::format("compare: the numbers of components must go from at least 1 upwards, not from "
                    "{} to {}",
                    options.components.first, options.components.last));
  }
  const std::vector<std::string>& known = comparison_criteria();
  if (std::find(known.begin(), known.end(), options.criterion) == known.end()) {
    throw std::invalid_argument(
        fmt::format("there is no criterion named \"{}\"; the known ones are {}", options.criterion,
                    fmt::join(known, ", ")));
  }
  if (options.criterion == "exact_icl" &&
      (options.fit.sample_weight.size() > 0 || !options.fit.groups.empty())) {
    throw std::invalid_argument(
        "compare: exact_icl is of rows that count once and each for itself; leave out weights and "
        "groups, or choose icl");
  }
  const Index count =
      options.annihilate ? 1 : options.components.last - options.components.first + 1;
  const auto families = static_cast<Index>(options.families.size());
  Comparison result{std::vector<Ranked>(static_cast<std::size_t>(families * count)),
                    options.criterion};
  PartitionPool pool;
  Index done = 0;
  std::mutex reporting;
  std::atomic<bool> interrupted = false;
  with_threads(options.fit.threads, [&] {
    for_each_index(families, [&](Index f) {
      CompareOptions inner = options;
      inner.fit.threads = 0;
      if (options.fit.progress) {
        // One call at a time, whatever runs beside it.
        inner.fit.progress = [&](const Progress& progress) {
          const std::lock_guard lock(reporting);
          interrupted = interrupted || !options.fit.progress(progress);
          return !interrupted;
        };
      }
      Ladder ladder(options.families[static_cast<std::size_t>(f)], x, inner, pool, interrupted);
      for (Index i = 0; i < count; ++i) {
        result.table[static_cast<std::size_t>(f * count + i)] =
            options.annihilate ? ladder.descend(options.components)
                               : ladder.climb(options.components.first + i);
        if (options.progress) {
          const std::lock_guard lock(reporting);
          options.progress(++done, families * count);
        }
      }
    });
  });
  fill_relative(result.table, count);
  fill_values(result.table, options.criterion);
  rank(result.table);
  return result;
}

// Whether no fit will complain about a row: such a complaint must name the row by the user's
// number.
bool rows_are_sound(const AnyRows& x, const CompareOptions& options) {
  const Vector& w = options.fit.sample_weight;
  if (!x.all_finite() || (w.size() > 0 && w.size() != x.rows())) return false;
  if (w.size() > 0 && !(w.allFinite() && w.minCoeff() >= 0)) return false;
  return std::all_of(options.families.begin(), options.families.end(),
                     [&](const Candidate& candidate) {
                       try {
                         const auto own = own_columns(candidate, x);
                         return candidate.make(options.components.first)
                             .check_support(own ? own->view() : x)
                             .empty();
                       } catch (const std::exception&) {
                         return true;  // its fits fail without a look at the rows
                       }
                     });
}

// Components of the largest model: it may have some besides those that are asked for.
Index most_components(const CompareOptions& options) {
  Index most = options.components.last;
  for (const Candidate& candidate : options.families) {
    try {
      most = std::max(most, candidate.make(options.components.last).size());
    } catch (const std::exception&) {
      continue;  // its fits fail without a look at the rows
    }
  }
  return most;
}

}  // namespace

Comparison compare(const AnyRows& x, const CompareOptions& options) {
  const Vector& w = options.fit.sample_weight;
  if (!looks_at_rows(options.criterion) && rows_are_exchangeable(options.fit) &&
      rows_are_sound(x, options)) {
    if (auto distinct = distinct_rows(x, w, most_components(options))) {
      CompareOptions inner = options;
      inner.fit.sample_weight = std::move(distinct->weight);
      return compare_rows(distinct->x, inner);
    }
  }
  return compare_rows(x, options);
}

std::vector<Candidate> suitable(const Table& table) {
  return suitable_families(std::make_shared<const Table>(table));
}

std::vector<Candidate> suitable(Rows x) {
  return suitable_families(std::make_shared<const Table>(Table::from_matrix(x)));
}

}  // namespace mix
