#include "search.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "chosen_cells.h"
#include "growing.h"
#include "mix/models/checkpoint.h"
#include "mix/models/edges.h"
#include "mix/parallel.h"
#include "moves.h"
#include "remarks.h"
#include "seeding.h"
#include "starter.h"
#include "trail.h"

namespace mix {
namespace {

// How the field of starts is narrowed down.
struct Narrowing {
  Index passes;     ///< before the first ranking; they double each time
  Index divisor;    ///< of the field at each ranking
  Index left;       ///< ranking ends when no more than these are left
  Index finalists;  ///< as many of the best runs are carried to convergence
};

// With fast effort a run ends when less than this is still to gain per row: little beside the
// differences of criteria that a quick look is after. On slow problems most passes go into the
// rest.
constexpr double fast_gain_per_row = 5e-6;

// Moves make more of a population of early runs than a longer race would.
Narrowing narrowing(Effort effort, bool moves_follow) {
  switch (effort) {
    case Effort::fast:
      return {4, 3, 2, 2};
    case Effort::standard:
      return moves_follow ? Narrowing{25, 2, 6, 6} : Narrowing{25, 2, 4, 4};
    case Effort::thorough:
      break;
  }
  return moves_follow ? Narrowing{25, 2, 10, 10} : Narrowing{25, 2, 8, 8};
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
// Moves that are tried side by side: as many on any number of threads.
constexpr Index moves_at_once = 4;
// Passes of a run after a move before it is compared with the population.
constexpr Index passes_after_move = 40;
// Moves in a row that lead to nothing new before they end, per component.
constexpr Index most_failures_per_component = 12;
// Rows times components below which passes are so cheap that more of them are made, up to so many
// times as many.
constexpr double cheap_work = 8e4;
constexpr double most_generous = 12;
// Of the usual tolerance, for the run that is kept.
constexpr double polished = 0.01;
// Runs that differ by less, in nats and in what their components hold, are in the same basin.
constexpr double same_basin = 2;
constexpr double same_share = 0.005;
constexpr std::uint64_t first_stream_of_moves = 1U << 22U;

class Search {
 public:
  // `name`: of this search in the checkpoint.
  Search(const MixtureModel& model, const AnyRows& x, const FitOptions& options,
         PartitionPool* pool, std::string name)
      : model_(model),
        x_(x),
        w_(options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows())),
        options_(options),
        pool_(pool),
        name_(std::move(name)) {}

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
    const Run best = Search(model_, part.view(), inner, pool_, name_ + "/part").best(found);

    Run run = carried_to_all(best, report);
    run.start = best.start;
    const double share = static_cast<double>(rows.size()) / static_cast<double>(x_.rows());
    report.starts = found.starts;
    report.moves = found.moves;
    report.passes += static_cast<Index>(std::ceil(share * static_cast<double>(found.passes)));
    return run;
  }

  // The best run of a part of the rows, continued on all.
  Run carried_to_all(const Run& best, Report& report) {
    if (log_likelihood(best.state, x_, w_) > -infinity) {
      FitOptions outer = options_;
      outer.start = start::Parameters{};
      const MixtureModel found(best.state, options_.mixing);
      return Search(found, x_, outer, pool_, name_).best_of_all(report);
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
    narrowing_ = narrowing(options_.effort, starter.moves_follow());
    defeated_ = !first && planned.size() > starts_where_defeated &&
                std::holds_alternative<start::Auto>(options_.start) &&
                even_one_component_is_spurious(starter);
    if (defeated_) {
      planned.resize(starts_where_defeated);
      narrowing_.finalists = 1;
    }
    if (!resume()) begin_all(starter, planned);
    if (trail_.stage == Trail::Stage::race) {
      if (planned.size() > 1) race();
      end_stage(starter.moves_follow() && !defeated_ ? Trail::Stage::moves : Trail::Stage::finals);
    }
    if (trail_.stage == Trail::Stage::moves) {
      if (!interrupted_) breed(starter);
      end_stage(Trail::Stage::finals);
    }
    if (trail_.stage == Trail::Stage::finals) {
      complete();
      keep_the_best();
      if (starter.moves_follow()) polish(trail_.runs.front());
      end_stage(Trail::Stage::done);
    }
    // Also where the best of those so far had converged: others might have become better.
    if (interrupted_) trail_.runs.front().em.stop = Stop::interrupted;
    return result(report);
  }

  void begin_all(const Starter& starter, const std::vector<PlannedStart>& planned) {
    trail_.starts = trail_.field = static_cast<Index>(planned.size());
    trail_.round = narrowing_.passes;
    trail_.runs.resize(planned.size());
    for_each_index(trail_.starts, [&](Index i) {
      const auto at = static_cast<std::size_t>(i);
      trail_.runs[at] = begin(starter, planned[at]);
    });
    keep();
  }

  // Goes on where a checkpoint has something of this search.
  bool resume() {
    if (!options_.checkpoint) return false;
    const Json kept = options_.checkpoint->find(name_);
    if (kept.is_null()) return false;
    trail_ = trail_from_json(kept);
    passes_ = trail_.passes;
    return true;
  }

  // An interrupted stage is not kept: it is to be done again, from where it began.
  void keep() {
    if (!options_.checkpoint || interrupted_) return;
    trail_.passes = passes_;
    options_.checkpoint->keep(name_, to_json(trail_));
  }

  void end_stage(Trail::Stage next) {
    trail_.stage = next;
    keep();
  }

  void keep_the_best() {
    std::swap(trail_.runs.front(), trail_.runs[static_cast<std::size_t>(trail_.best)]);
    trail_.runs.resize(1);
    trail_.best = 0;
  }

  Run result(Report& report) {
    report.starts += trail_.starts;
    report.moves += trail_.moves;
    report.passes += passes_;
    report.optima = std::move(trail_.optima);
    std::stable_sort(
        report.optima.begin(), report.optima.end(), [](const Optimum& a, const Optimum& b) {
          return a.flaw.empty() != b.flaw.empty() ? a.flaw.empty() : a.objective > b.objective;
        });
    return std::move(trail_.runs.front());
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
      climb(next, short_options(several.iterations), options_.max_iter);
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
    climb(run, short_options(growing_passes), options_.max_iter);
    for (Index groups = 1; groups < starter.groups(); ++groups) {
      const std::vector<Index> splittable = learnable_components(run.state.family);
      const Index position = learnable_components(starter.smaller(groups + 1)).back();
      std::optional<Run> best;
      for (Matrix& r : grow(run.state, x_, w_, starter.points(1), splittable, position)) {
        r.array().colwise() *= w_.array();
        Run next{"growing", starter.begin(r, groups + 1), {}, {}};
        climb(next, short_options(growing_passes), options_.max_iter);
        if (!best || next.more_promising_than(*best)) best = std::move(next);
      }
      run = *std::move(best);
      climb(run, short_options(2 * growing_passes), options_.max_iter);
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
  void race() {
    std::vector<Run>& runs = trail_.runs;
    while (!interrupted_) {
      for_each_index(trail_.field, [&](Index i) {
        Run& run = runs[static_cast<std::size_t>(i)];
        if (interrupted_ || ended(run)) return;
        climb(run, short_options(trail_.round), options_.max_iter);
      });
      std::stable_sort(runs.begin(), runs.begin() + trail_.field,
                       [](const Run& a, const Run& b) { return a.more_promising_than(b); });
      keep_hierarchical(runs);
      if (trail_.field <= narrowing_.left) break;
      trail_.field =
          std::max(narrowing_.left, (trail_.field + narrowing_.divisor - 1) / narrowing_.divisor);
      trail_.round *= 2;
      keep();
    }
  }

  // A few passes are a poor judge, and with fast effort there are no more: the hierarchical start,
  // which is some programs' only one, always comes into the final and is hard to abandon.
  [[nodiscard]] bool is_set(const Run& run) const {
    return options_.effort == Effort::fast && run.start == to_string(start::Hierarchical{});
  }

  [[nodiscard]] double caution(const Run& run) const { return is_set(run) ? 100 : 2; }

  void keep_hierarchical(std::vector<Run>& runs) const {
    const auto last = runs.begin() + narrowing_.finalists - 1;
    const auto found =
        std::find_if(runs.begin(), runs.end(), [&](const Run& run) { return is_set(run); });
    if (found != runs.end() && last < found) std::rotate(last, found, found + 1);
  }

  // Completes the finalists, each until it converges or can no longer become the best.
  void complete() {
    std::vector<Run>& runs = trail_.runs;
    for (; trail_.next < static_cast<Index>(runs.size()); ++trail_.next) {
      keep();
      Run& run = runs[static_cast<std::size_t>(trail_.next)];
      const Run* best = trail_.best < 0 ? nullptr : &runs[static_cast<std::size_t>(trail_.best)];
      // More than the finalists only while all optima so far are spurious.
      const bool done = ended(run) && !changes_with_iterations();
      const bool enough = best != nullptr && (defeated_ || best->flaw.empty());
      if (trail_.next >= narrowing_.finalists && enough && !done) continue;
      if (interrupted_ && best != nullptr) break;
      bool abandoned = false;
      if (!done) {
        if (changes_with_iterations()) run.em = {};  // what came before was not this policy's
        EmOptions em = em_options();
        // What moved edges will add, no run knows beforehand.
        const bool comparable = best != nullptr && best->flaw.empty() && !moves_edges();
        if (!changes_with_iterations() && runs.size() > 1) {
          em.progress = abandon_below(comparable ? best->objective() : -infinity, caution(run),
                                      em.progress, abandoned);
        }
        climb(run, em, options_.max_iter);
      }
      if (moves_edges()) settle_edges(run);
      if (abandoned) continue;
      record(run);
      if (best == nullptr || run.better_than(*best)) trail_.best = trail_.next;
    }
  }

  // Aitken's estimate of what is still to gain is an estimate: the run that is kept goes on, with
  // extrapolation, until it says much less.
  void polish(Run& run) {
    if (interrupted_ || changes_with_iterations() || !(options_.tol > 0) ||
        run.em.stop != Stop::converged || run.em.n_iter >= options_.max_iter) {
      return;
    }
    const auto own =
        std::find_if(trail_.optima.begin(), trail_.optima.end(), [&](const Optimum& optimum) {
          return std::abs(optimum.objective - run.objective()) < same_optimum &&
                 optimum.flaw.empty() == run.flaw.empty();
        });
    EmOptions em = em_options();
    em.tol *= polished;
    climb(run, em, options_.max_iter);
    if (moves_edges()) settle_edges(run);
    if (own != trail_.optima.end()) own->objective = std::max(own->objective, run.objective());
  }

  // Continues a run and counts its passes.
  void climb(Run& run, EmOptions options, Index most_passes) {
    const Index before = run.em.n_iter;
    carry_on(run, x_, w_, std::move(options), most_passes);
    passes_ += run.em.n_iter - before;
  }

  // Counts a run, once, among those that came to the same optimum.
  void record(Run& run) {
    if (run.counted || !std::isfinite(run.objective())) return;
    run.counted = true;
    for (Optimum& optimum : trail_.optima) {
      if (std::abs(optimum.objective - run.objective()) < same_optimum &&
          optimum.flaw.empty() == run.flaw.empty()) {
        ++optimum.hits;
        optimum.objective = std::max(optimum.objective, run.objective());
        return;
      }
    }
    trail_.optima.push_back({run.objective(), 1, run.flaw});
  }

  // The largest number of passes that moves may take: more where rows are few.
  [[nodiscard]] Index passes_of_moves(Index components) const {
    const double work = static_cast<double>(x_.rows()) * static_cast<double>(components);
    const double generous = std::clamp(cheap_work / work, 1.0, most_generous);
    const bool thorough = options_.effort == Effort::thorough;
    const Index usual = thorough ? 300 * components + 1000 : 30 * components + 100;
    return static_cast<Index>(generous * static_cast<double>(usual));
  }

  // Memetic search: moves from the best runs so far, each followed by a climb; where that leads to
  // a new optimum better than the worst of them, it takes its place. Several moves are tried at
  // once, all from the same population.
  void breed(const Starter& starter) {
    if (trail_.population.empty()) take_population();
    std::vector<Run>& population = trail_.population;
    const Moves moves(starter, x_, w_);
    const Index budget = passes_of_moves(starter.groups());
    const Index most_failures = most_failures_per_component * starter.groups();
    while (trail_.spent < budget && trail_.failures < most_failures) {
      keep();
      const Run& worst = population.back();
      const double goal = worst.flaw.empty() ? worst.objective() : -infinity;
      std::vector<Run> children(static_cast<std::size_t>(moves_at_once));
      for_each_index(moves_at_once, [&](Index i) {
        children[static_cast<std::size_t>(i)] =
            after_move(moves, population, starter, goal, trail_.moves + i);
      });
      if (interrupted_) break;
      trail_.moves += moves_at_once;
      for (Run& child : children) {
        trail_.spent += child.em.n_iter + 1;
        // Edges are yet to be moved: what it comes to is not known.
        if (ended(child) && !moves_edges()) record(child);
        trail_.failures = settle(population, child) ? 0 : trail_.failures + 1;
      }
    }
    trail_.runs.insert(trail_.runs.begin(), std::make_move_iterator(population.begin()),
                       std::make_move_iterator(population.end()));
    population.clear();
  }

  Run after_move(const Moves& moves, const std::vector<Run>& population, const Starter& starter,
                 double goal, Index number) {
    Rng rng(options_.seed, Purpose::start,
            first_stream_of_moves + static_cast<std::uint64_t>(number));
    const auto any = [&] {
      const auto size = static_cast<Index>(population.size());
      return static_cast<std::size_t>(uniform_index(rng, size));
    };
    const MixtureState& mother = population[any()].state;
    const MixtureState& father = population[any()].state;
    const Move move = moves.propose(mother, father, rng);
    Run child{move.name, starter.begin(move.shares, starter.groups()), {}, {}};
    EmOptions em = short_options(passes_after_move);
    bool abandoned = false;
    em.progress = abandon_below(goal, 2, em.progress, abandoned);
    climb(child, em, options_.max_iter);
    ++passes_;  // the densities that the move came from
    return child;
  }

  // The best of the runs, no two of them in the same optimum, best first.
  void take_population() {
    std::vector<Run> others;
    for (Run& run : trail_.runs) {
      const bool taken = std::any_of(trail_.population.begin(), trail_.population.end(),
                                     [&](const Run& one) { return same(one, run); });
      const bool joins = !taken && static_cast<Index>(trail_.population.size()) < narrowing_.left;
      (joins ? trail_.population : others).push_back(std::move(run));
    }
    trail_.runs = std::move(others);
  }

  // Whether two runs are in the same optimum, or on their way to it: then their components hold
  // nearly the same rows.
  [[nodiscard]] bool same(const Run& a, const Run& b) const {
    const double apart = std::abs(a.objective() - b.objective());
    if (apart < same_optimum) return true;
    if (!(apart < same_basin) || a.em.mass.size() != b.em.mass.size()) return false;
    Vector mass_a = a.em.mass;
    Vector mass_b = b.em.mass;
    std::sort(mass_a.begin(), mass_a.end());
    std::sort(mass_b.begin(), mass_b.end());
    return (mass_a - mass_b).cwiseAbs().maxCoeff() < same_share * w_.sum();
  }

  // Whether the child joins the population and brings something new. It takes the place of the
  // worst, or, where it has come further in the same optimum as another, of that one.
  bool settle(std::vector<Run>& population, Run& child) const {
    if (!child.more_promising_than(population.back())) return false;
    const auto twin = std::find_if(population.begin(), population.end(),
                                   [&](const Run& one) { return same(one, child); });
    const bool fresh = twin == population.end();
    if (!fresh && !child.better_than(*twin)) return false;
    (fresh ? population.back() : *twin) = std::move(child);
    std::stable_sort(population.begin(), population.end(),
                     [](const Run& a, const Run& b) { return a.more_promising_than(b); });
    return fresh;
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
      climb(run, em_options(), options_.max_iter);
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
  Narrowing narrowing_{};
  PartitionPool* pool_;
  std::string name_;
  Trail trail_;
  std::atomic<Index> passes_ = 0;
  std::mutex reporting_;
  std::atomic<bool> interrupted_ = false;
  bool defeated_ = false;  // see even_one_component_is_spurious
};

}  // namespace

Run search(const MixtureModel& model, const AnyRows& x, const FitOptions& options,
           PartitionPool* pool, Report& report) {
  return Search(model, x, options, pool, options.checkpoint_name).best(report);
}

}  // namespace mix
