#include "mix/models/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "arguments.h"
#include "chosen_cells.h"
#include "distinct_rows.h"
#include "growing.h"
#include "mix/block_memory.h"
#include "mix/distributions/gated.h"
#include "mix/json_fields.h"
#include "mix/kernels.h"
#include "mix/models/edges.h"
#include "mix/parallel.h"
#include "remarks.h"
#include "search.h"
#include "seeding.h"

namespace mix {
namespace {

// How the field of starts is narrowed down.
struct Narrowing {
  Index passes;           ///< before the first ranking; they double each time
  std::size_t divisor;    ///< of the field at each ranking
  std::size_t finalists;  ///< as many of the best runs are carried to convergence
};

// With fast effort a run ends when less than this is still to gain per row: little beside the
// differences of criteria that a quick look is after. On slow problems most passes go into the
// rest.
constexpr double fast_gain_per_row = 5e-6;

Narrowing narrowing(Effort effort) {
  switch (effort) {
    case Effort::fast:
      return {4, 3, 2};
    case Effort::standard:
      return {25, 2, 4};
    case Effort::thorough:
      break;
  }
  return {25, 2, 8};
}

// Starts where the data defeat the family: its optima are artifacts, and one serves as well as
// another.
constexpr std::size_t starts_where_defeated = 4;
// Passes of a way to grow by one component before the ways are ranked.
constexpr Index growing_passes = 6;
// More rows than this are searched on a random part of them; the best start then sees all rows.
constexpr Index most_searched_rows = 50000;
constexpr Index searched_rows = 20000;
// ... unless that leaves a component fewer rows than this.
constexpr Index least_rows_per_component = 20;
// Optima closer than this, in nats, count as one.
constexpr double same_optimum = 0.01;

struct Run {
  std::string start;
  MixtureState state;
  EmReport em;
  std::string flaw;

  // A run whose densities became NaN is worse than any other.
  [[nodiscard]] double objective() const {
    return std::isnan(em.objective) ? -infinity : em.objective;
  }

  [[nodiscard]] bool better_than(const Run& other) const {
    if (flaw.empty() != other.flaw.empty()) return flaw.empty();
    return objective() > other.objective();
  }

  // The objective that the run is heading for, by Aitken's rule: a slow run is not yet a bad one.
  [[nodiscard]] double potential() const {
    const std::vector<double>& history = em.objective_history;
    if (history.size() < 3) return objective();
    const double gain = history[history.size() - 1] - history[history.size() - 2];
    const double before = history[history.size() - 2] - history[history.size() - 3];
    if (!(gain > 0) || !(before > gain)) return objective();
    const double rate = std::min(gain / before, 0.995);
    return em.objective + gain * rate / (1 - rate);
  }

  [[nodiscard]] bool more_promising_than(const Run& other) const {
    if (flaw.empty() != other.flaw.empty()) return flaw.empty();
    return potential() > other.potential();
  }
};

// Continues a run and joins the two histories.
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

class Search {
 public:
  Search(const MixtureModel& model, const AnyRows& x, const FitOptions& options,
         PartitionPool* pool)
      : model_(model),
        x_(x),
        w_(options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows())),
        options_(options),
        narrowing_(narrowing(options.effort)),
        pool_(pool) {}

  Run best(Report& report) {
    if (x_.rows() > most_searched_rows &&
        model_.n_components() * least_rows_per_component <= searched_rows &&
        std::holds_alternative<start::Auto>(options_.start) && !options_.assignment.by_row() &&
        options_.groups.empty()) {
      if (const auto rows = representative_rows()) return best_from_part(*rows, report);
    }
    return best_of_all(report);
  }

 private:
  // Some of the rows with weight, in their order; none where they would miss what varies.
  [[nodiscard]] std::optional<std::vector<Index>> representative_rows() const {
    std::vector<Index> weighted;
    for (Index i = 0; i < x_.rows(); ++i) {
      if (w_[i] > 0) weighted.push_back(i);
    }
    const auto count = static_cast<Index>(weighted.size());
    if (count <= searched_rows) return std::nullopt;
    Rng rng(options_.seed, Purpose::start, 1U << 21U);
    std::vector<Index> rows = sample_without_replacement(rng, count, searched_rows);
    for (Index& row : rows) row = weighted[static_cast<std::size_t>(row)];
    std::sort(rows.begin(), rows.end());
    if (misses_what_varies(x_, rows, weighted)) return std::nullopt;
    return rows;
  }

  Run best_from_part(const std::vector<Index>& rows, Report& report) {
    FitOptions inner = options_;
    inner.sample_weight = Vector(w_(rows));
    inner.more_starts.clear();
    Report found;
    const ChosenCells part = ChosenCells::of_rows(x_, rows);
    const Run best = Search(model_, part.view(), inner, pool_).best_of_all(found);

    Run run = carried_to_all(best, report);
    run.start = best.start;
    report.starts = found.starts;
    report.completed = found.completed;
    report.hits = found.hits;
    return run;
  }

  // The best run of a part of the rows, continued on all.
  Run carried_to_all(const Run& best, Report& report) {
    if (log_likelihood(best.state, x_, w_) > -infinity) {
      FitOptions outer = options_;
      outer.start = start::Parameters{};
      const MixtureModel found(best.state, options_.mixing);
      return Search(found, x_, outer, pool_).best_of_all(report);
    }
    const auto shares = [&](Index first, MatrixRef r) {
      Vector term(r.rows());
      log_joint(best.state, x_.middleRows(first, r.rows()), r);
      Soft{}.assign({}, r, term);
      for (Index i = 0; i < r.rows(); ++i) {
        // A row unlike any in the part belongs to all components alike.
        if (!(r.row(i).sum() > 0)) r.row(i).setConstant(1.0 / static_cast<double>(r.cols()));
      }
      r.array().colwise() *= w_.segment(first, r.rows()).array();
    };
    return best_of_all(report, shares);
  }

  // From the starts that the options ask for; from the shares `first`, where there are any, instead
  // of the first of them.
  Run best_of_all(Report& report, const ShareBlocks& first = {}) {
    const Starter starter(model_, x_, w_, options_, pool_);
    std::vector<PlannedStart> planned = starter.plan(first);
    defeated_ = !first && planned.size() > starts_where_defeated &&
                std::holds_alternative<start::Auto>(options_.start) &&
                even_one_component_is_spurious(starter);
    if (defeated_) {
      planned.resize(starts_where_defeated);
      narrowing_.finalists = 1;
    }
    report.starts = static_cast<Index>(planned.size());
    std::vector<Run> runs(planned.size());
    for_each_index(static_cast<Index>(planned.size()), [&](Index i) {
      const auto at = static_cast<std::size_t>(i);
      runs[at] = begin(starter, planned[at]);
    });
    if (runs.size() == 1) {
      carry_on(runs[0], x_, w_, em_options(), options_.max_iter);
      report.completed = report.hits = 1;
      if (!runs[0].flaw.empty()) report.best_flagged = runs[0].em.objective;
      return std::move(runs[0]);
    }
    shorten(runs);
    return best_completed(runs, report);
  }

  // Whether the data defeat the family itself: then every optimum is an artifact, and many starts
  // would look in vain for one that is none.
  [[nodiscard]] bool even_one_component_is_spurious(const Starter& starter) const {
    if (!grows(starter)) return false;
    const std::vector<Index> nobody(static_cast<std::size_t>(x_.rows()), 0);
    const Matrix shares = shares_from_labels(nobody, w_, starter.smaller(1));
    const MixtureState state = starter.begin(shares, 1);
    return !find_flaw(state.family, shares.colwise().sum()).empty();
  }

  Run begin(const Starter& starter, const PlannedStart& planned) {
    if (const auto* several = std::get_if<start::ShortRuns>(&planned.start)) {
      return best_short_run(starter, *several);
    }
    if (std::holds_alternative<start::Growing>(planned.start) && grows(starter)) {
      return grown_run(starter);
    }
    return {to_string(planned.start), starter.begin(planned), {}, {}};
  }

  [[nodiscard]] EmOptions em_options() {
    EmOptions em;
    em.assignment = options_.assignment;
    em.groups = options_.groups;
    em.mixing = options_.mixing;
    em.empty = options_.empty;
    em.tol = options_.tol;
    if (options_.effort == Effort::fast && em.tol > 0) {
      em.tol = std::max(em.tol, fast_gain_per_row * w_.sum());
    }
    em.max_iter = options_.max_iter;
    em.precision = options_.precision;
    em.acceleration = options_.acceleration;
    em.seed = options_.seed;
    if (options_.progress) {
      em.progress = [this](const Progress& progress) {
        const std::lock_guard lock(reporting_);  // one call at a time, whatever runs beside it
        interrupted_ = interrupted_ || !options_.progress(progress);
        return !interrupted_;
      };
    }
    return em;
  }

  [[nodiscard]] bool changes_with_iterations() const {
    return !options_.assignment.ascends() || options_.assignment.last_stage() > 0;
  }

  // Policies that change with the iteration wait for the full run; the others are used from the
  // start.
  [[nodiscard]] EmOptions short_options(Index passes) {
    EmOptions em = em_options();
    if (changes_with_iterations()) em.assignment = Soft{};
    em.max_iter = std::min(passes, options_.max_iter);
    em.acceleration = Acceleration::none;
    return em;
  }

  Run best_short_run(const Starter& starter, const start::ShortRuns& several) {
    std::optional<Run> best;
    for (Index run = 0; run < several.runs; ++run) {
      const PlannedStart random{start::Random{}, run};
      Run next{"short-runs", starter.begin(random), {}, {}};
      carry_on(next, x_, w_, short_options(several.iterations), options_.max_iter);
      if (!best || next.better_than(*best)) best = std::move(next);
    }
    return *std::move(best);
  }

  // Known labels need all components from the first pass on.
  [[nodiscard]] bool grows(const Starter& starter) const {
    return starter.grows() && !options_.assignment.numbered();
  }

  Run grown_run(const Starter& starter) {
    const std::vector<Index> nobody(static_cast<std::size_t>(x_.rows()), 0);
    Run run{
        "growing", starter.begin(shares_from_labels(nobody, w_, starter.smaller(1)), 1), {}, {}};
    carry_on(run, x_, w_, short_options(growing_passes), options_.max_iter);
    for (Index groups = 1; groups < starter.groups(); ++groups) {
      const std::vector<Index> splittable = learnable_components(run.state.family);
      const Index position = learnable_components(starter.smaller(groups + 1)).back();
      std::optional<Run> best;
      for (Matrix& r : grow(run.state, x_, w_, starter.points(1), splittable, position)) {
        r.array().colwise() *= w_.array();
        Run next{"growing", starter.begin(r, groups + 1), {}, {}};
        carry_on(next, x_, w_, short_options(growing_passes), options_.max_iter);
        if (!best || next.more_promising_than(*best)) best = std::move(next);
      }
      run = *std::move(best);
      carry_on(run, x_, w_, short_options(2 * growing_passes), options_.max_iter);
    }
    return run;
  }

  [[nodiscard]] bool ended(const Run& run) const {
    return run.em.n_iter > 0 &&
           (run.em.stop == Stop::converged || run.em.stop == Stop::labels_repeat ||
            run.em.stop == Stop::not_finite || run.em.n_iter >= options_.max_iter);
  }

  // Successive halving: the better half of the runs goes on for twice as many passes, until few are
  // left or all have converged. The others stay in the list, behind.
  void shorten(std::vector<Run>& runs) {
    std::size_t field = runs.size();
    for (Index passes = narrowing_.passes; !interrupted_; passes *= 2) {
      for_each_index(static_cast<Index>(field), [&](Index i) {
        Run& run = runs[static_cast<std::size_t>(i)];
        if (interrupted_ || ended(run)) return;
        carry_on(run, x_, w_, short_options(passes), options_.max_iter);
      });
      std::stable_sort(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(field),
                       [](const Run& a, const Run& b) { return a.more_promising_than(b); });
      keep_hierarchical(runs);
      if (field <= narrowing_.finalists) break;
      field = std::max(narrowing_.finalists, (field + narrowing_.divisor - 1) / narrowing_.divisor);
    }
  }

  // A few passes are a poor judge, and with fast effort there are no more: the hierarchical start,
  // which is some programs' only one, always comes into the final and is hard to abandon.
  [[nodiscard]] bool is_set(const Run& run) const {
    return options_.effort == Effort::fast && run.start == to_string(start::Hierarchical{});
  }

  [[nodiscard]] double caution(const Run& run) const { return is_set(run) ? 100 : 2; }

  void keep_hierarchical(std::vector<Run>& runs) const {
    const auto last = runs.begin() + static_cast<std::ptrdiff_t>(narrowing_.finalists) - 1;
    const auto found =
        std::find_if(runs.begin(), runs.end(), [&](const Run& run) { return is_set(run); });
    if (found != runs.end() && last < found) std::rotate(last, found, found + 1);
  }

  // Completes the finalists, each until it converges or can no longer become the best.
  Run best_completed(std::vector<Run>& runs, Report& report) {
    std::vector<double> optima;
    std::size_t best = 0;
    bool found = false;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      // More than the finalists only while all optima so far are spurious.
      const bool done = ended(runs[i]) && !changes_with_iterations();
      const bool enough = found && (defeated_ || runs[best].flaw.empty());
      if (i >= narrowing_.finalists && enough && !done) continue;
      if (interrupted_ && found) break;
      Run& run = runs[i];
      bool abandoned = false;
      if (!done) {
        if (changes_with_iterations()) run.em = {};  // what came before was not this policy's
        EmOptions em = em_options();
        // What moved edges will add, no run knows beforehand.
        const bool comparable = found && runs[best].flaw.empty() && !moves_edges();
        const double goal = comparable ? runs[best].objective() : -infinity;
        if (!changes_with_iterations()) {
          em.progress = abandon_below(goal, caution(run), em.progress, abandoned);
        }
        carry_on(run, x_, w_, em, options_.max_iter);
      }
      if (moves_edges()) settle_edges(run);
      if (!run.flaw.empty()) report.best_flagged = std::max(report.best_flagged, run.em.objective);
      if (abandoned) continue;
      ++report.completed;
      if (run.flaw.empty()) optima.push_back(run.objective());
      if (!found || run.better_than(runs[best])) best = i;
      found = true;
    }
    report.hits =
        std::max<Index>(1, std::count_if(optima.begin(), optima.end(), [&](double objective) {
                          return objective > runs[best].em.objective - same_optimum;
                        }));
    return std::move(runs[best]);
  }

  [[nodiscard]] bool moves_edges() const {
    return options_.assignment.as<Soft>() != nullptr && options_.groups.empty() &&
           has_edges(model_.family());
  }

  // EM and moves of the edges that it cannot move, in turn until neither gains.
  void settle_edges(Run& run) {
    constexpr int most_rounds = 100;
    for (int round = 0; round < most_rounds && !interrupted_; ++round) {
      if (run.em.n_iter >= options_.max_iter) return;
      if (!move_edges(run.state, x_, w_, options_.tol)) return;
      carry_on(run, x_, w_, em_options(), options_.max_iter);
    }
  }

  // Ends a run whose objective, with `caution` times the gain that Aitken's rule still expects,
  // stays below the goal.
  static std::function<bool(const Progress&)> abandon_below(
      double goal, double caution, std::function<bool(const Progress&)> next, bool& abandoned) {
    return [goal, caution, next = std::move(next), &abandoned](const Progress& progress) {
      abandoned = progress.iteration > 10 &&
                  progress.objective + caution * progress.expected_gain < goal - 2 * same_optimum;
      return !abandoned && (!next || next(progress));
    };
  }

  const MixtureModel& model_;
  AnyRows x_;
  Vector w_;
  const FitOptions& options_;
  Narrowing narrowing_;
  PartitionPool* pool_;
  std::mutex reporting_;
  std::atomic<bool> interrupted_ = false;
  bool defeated_ = false;  // see even_one_component_is_spurious
};

// Increasing in the first parameter of the components (the first coordinate of a mean, a rate), so
// that the order of the components does not depend on the start. Families keep their places.
void order_components(MixtureState& state, Vector& mass) {
  if (!state.family.selects()) return;
  const auto* list = state.family.as<FamilyList>();
  std::vector<std::pair<Index, std::vector<double>>> keys;
  for (Index k = 0; k < state.family.size(); ++k) {
    Index part = 0;
    if (list != nullptr) {
      part = list->locate(k).first - list->families().data();
    }
    std::vector<double> key;
    const Json parameters = json_component(state.family, k).flatten();
    for (const auto& value : parameters) {
      if (value.is_number()) key.push_back(value.get<double>());
    }
    keys.emplace_back(part, std::move(key));
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

// The log-likelihood of the same family with a single component, NaN where it cannot be had.
double fit_one_component(const MixtureModel& model, const AnyRows& x, Weights w) {
  if (!model.family().selects() || model.family().as<FamilyList>() != nullptr) return quiet_nan;
  MixtureState state{Vector::Ones(1), model.family()};
  state.family.select({0});
  state.family.prepare(x, w);
  state.family.start(x, w);
  return run_em(state, x, w, {.max_iter = 200}).log_likelihood;
}

// Sums that criteria are made of, over rows or over groups.
struct Terms {
  double log_likelihood = 0;
  double entropy = 0;
  double log_largest = 0;
  double classification = 0;
  Vector mass;  // rows that each component holds
};

Terms terms_of_rows(const MixtureModel& model, const AnyRows& x, Weights w) {
  const Index k = model.n_components();
  const Vector sums =
      sum_over_blocks(x.rows(), 4 + k, [&](Index first, Index count, VectorRef sum) {
        const BorrowedMemory memory;
        MatrixRef l = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
        MatrixRef r = memory->matrix(1, kernels::packed_stride, k).topLeftCorner(count, k);
        Matrix& of_rows = memory->matrix(2, count, 4);
        auto term = of_rows.col(0);
        auto entropy = of_rows.col(1);
        auto largest = of_rows.col(2);
        auto log_largest = of_rows.col(3);
        log_joint(model.state(), x.middleRows(first, count), l);
        r = l;
        kernels::softmax(r, 1.0, term);
        entropy.setZero();
        largest = r.col(0);
        log_largest = l.col(0);
        for (Index c = 0; c < k; ++c) {  // column by column, as they lie in memory
          for (Index i = 0; i < count; ++i) {
            if (r(i, c) > 0) entropy[i] -= r(i, c) * std::log(r(i, c));
          }
          largest = largest.cwiseMax(r.col(c));
          log_largest = log_largest.cwiseMax(l.col(c));
        }
        for (Index i = 0; i < count; ++i) {
          const double weight = w[first + i];
          if (!(weight > 0)) continue;
          sum[0] += weight * term[i];
          sum[1] += weight * entropy[i];
          sum[2] += weight * std::log(largest[i]);
          sum[3] += weight * log_largest[i];
        }
        kernels::weigh(r, w.segment(first, count), sum.tail(k));
      });
  return {sums[0], sums[1], sums[2], sums[3], sums.tail(k)};
}

Terms terms_of_groups(const MixtureModel& model, const AnyRows& x, Weights w,
                      const Groups& groups) {
  const Posterior of_groups = posterior(model.state(), x, w, groups);
  const Vector weight = groups.sums(w);
  Terms terms{.mass = of_groups.responsibilities.transpose() * weight};
  for (Index g = 0; g < groups.count(); ++g) {
    if (!(weight[g] > 0)) continue;
    const auto r = of_groups.responsibilities.row(g);
    for (const double share : r) {
      if (share > 0) terms.entropy -= share * std::log(share);
    }
    const double log_largest = std::log(r.maxCoeff());
    terms.log_likelihood += of_groups.log_density[g];
    terms.log_largest += log_largest;
    terms.classification += of_groups.log_density[g] + log_largest;
  }
  return terms;
}

// Returns the rows that each component holds.
Vector complete_report(Report& report, const MixtureModel& model, const AnyRows& x, Weights w,
                       const Groups& groups, double one_component = quiet_nan) {
  const Index k = model.n_components();
  Terms terms = groups.empty() ? terms_of_rows(model, x, w) : terms_of_groups(model, x, w, groups);
  report.log_likelihood = terms.log_likelihood;
  report.parameter_count = model.parameter_count();
  if (!groups.empty()) report.groups = (groups.sums(w).array() > 0).count();
  report.n = groups.empty() ? w.sum() : static_cast<double>(report.groups);
  report.entropy = terms.entropy;
  if (k > 1 && std::isnan(one_component)) one_component = fit_one_component(model, x, w);
  report.criteria = criteria({.log_likelihood = terms.log_likelihood,
                              .parameter_count = report.parameter_count,
                              .n = report.n,
                              .n_components = k,
                              .entropy = terms.entropy,
                              .log_largest = terms.log_largest,
                              .classification = terms.classification,
                              .one_component = k > 1 ? one_component : quiet_nan});
  return std::move(terms.mass);
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
  Run run = Search(model, x, options, pool).best(report);
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
  const Vector w =
      options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows());
  complete_report(report, fit.model, x, w, options.groups, one_component);
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

Report evaluate(const MixtureModel& model, const AnyRows& x, const FitOptions& options) {
  check_rows(model, x, options.sample_weight, "evaluate");
  check_groups(options.groups, x.rows(), "evaluate");
  Report report;
  const Vector w =
      options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows());
  with_threads(options.threads,
               [&] { report.mass = complete_report(report, model, x, w, options.groups); });
  report.objective = report.log_likelihood + model.family().log_prior();
  report.objective_history = {report.objective};
  report.start = "parameters";
  return report;
}

}  // namespace mix
