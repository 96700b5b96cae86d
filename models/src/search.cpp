#include "search.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "chosen_cells.h"
#include "climber.h"
#include "first_runs.h"
#include "mix/models/checkpoint.h"
#include "mix/parallel.h"
#include "moves.h"
#include "population.h"
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
constexpr Index most_failures_per_component = 18;
// Rows times components below which passes are so cheap that more of them are made: with this power
// of the ratio, up to so many times as many.
constexpr double cheap_work = 8e4;
constexpr double growth_of_passes = 1.5;
constexpr double most_generous = 36;
// Of the usual tolerance, for the run that is kept.
constexpr double polished = 0.01;
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
        name_(std::move(name)),
        climber_(model, x, w_, options) {}

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
                even_one_component_is_spurious(starter, climber_);
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
      if (!climber_.interrupted()) breed(starter);
      end_stage(Trail::Stage::finals);
    }
    if (trail_.stage == Trail::Stage::finals) {
      complete();
      if (starter.moves_follow()) polish_the_best();
      keep_the_best();
      end_stage(Trail::Stage::done);
    }
    // Also where the best of those so far had converged: others might have become better.
    if (climber_.interrupted()) trail_.runs.front().em.stop = Stop::interrupted;
    return result(report);
  }

  void begin_all(const Starter& starter, const std::vector<PlannedStart>& planned) {
    trail_.starts = trail_.field = static_cast<Index>(planned.size());
    trail_.round = narrowing_.passes;
    trail_.runs.resize(planned.size());
    for_each_index(trail_.starts, [&](Index i) {
      const auto at = static_cast<std::size_t>(i);
      trail_.runs[at] = first_run(starter, planned[at], climber_);
    });
    keep();
  }

  // Goes on where a checkpoint has something of this search.
  bool resume() {
    if (!options_.checkpoint) return false;
    const Json kept = options_.checkpoint->find(name_);
    if (kept.is_null()) return false;
    trail_ = trail_from_json(kept);
    climber_.count(trail_.passes);
    return true;
  }

  // An interrupted stage is not kept: it is to be done again, from where it began.
  void keep() {
    if (!options_.checkpoint || climber_.interrupted()) return;
    trail_.passes = climber_.passes();
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
    report.passes += climber_.passes();
    report.optima = std::move(trail_.optima);
    std::stable_sort(
        report.optima.begin(), report.optima.end(), [](const Optimum& a, const Optimum& b) {
          return a.flaw.empty() != b.flaw.empty() ? a.flaw.empty() : a.objective > b.objective;
        });
    return std::move(trail_.runs.front());
  }

  // Successive halving: the better half of the runs goes on for twice as many passes, until few are
  // left or all have converged. The others stay in the list, behind.
  void race() {
    std::vector<Run>& runs = trail_.runs;
    while (!climber_.interrupted()) {
      for_each_index(trail_.field, [&](Index i) {
        Run& run = runs[static_cast<std::size_t>(i)];
        if (climber_.interrupted() || climber_.ended(run)) return;
        climber_.climb(run, climber_.short_run(trail_.round));
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
      const bool done = climber_.ended(run) && !climber_.changes_with_iterations();
      const bool enough = best != nullptr && (defeated_ || best->flaw.empty());
      if (trail_.next >= narrowing_.finalists && enough && !done) continue;
      if (climber_.interrupted() && best != nullptr) break;
      bool abandoned = false;
      if (!done) {
        // What came before was not this policy's.
        if (climber_.changes_with_iterations()) run.em = {};
        EmOptions em = climber_.full_run();
        // What moved edges will add, no run knows beforehand.
        const bool comparable = best != nullptr && best->flaw.empty() && !climber_.moves_edges();
        if (!climber_.changes_with_iterations() && runs.size() > 1) {
          em.progress = abandon_below(comparable ? best->objective() : -infinity, caution(run),
                                      em.progress, abandoned);
        }
        climber_.climb(run, em);
      }
      if (climber_.moves_edges()) climber_.settle_edges(run);
      if (abandoned) continue;
      record(run);
      if (best == nullptr || run.better_than(*best)) trail_.best = trail_.next;
    }
  }

  // Where the last passes show the best run to be spurious after all, the next one takes its place.
  void polish_the_best() {
    const std::vector<Run>& runs = trail_.runs;
    for (;;) {
      const bool sound = runs[static_cast<std::size_t>(trail_.best)].flaw.empty();
      polish(trail_.runs[static_cast<std::size_t>(trail_.best)]);
      if (!sound || runs[static_cast<std::size_t>(trail_.best)].flaw.empty()) return;
      for (std::size_t i = 0; i < runs.size(); ++i) {
        const Run& best = runs[static_cast<std::size_t>(trail_.best)];
        if (runs[i].counted && runs[i].better_than(best)) trail_.best = static_cast<Index>(i);
      }
    }
  }

  // Aitken's estimate of what is still to gain is an estimate: the run that is kept goes on, with
  // extrapolation, until it says much less.
  void polish(Run& run) {
    if (climber_.interrupted() || climber_.changes_with_iterations() || !(options_.tol > 0) ||
        run.em.stop != Stop::converged || run.em.n_iter >= options_.max_iter) {
      return;
    }
    const auto own =
        std::find_if(trail_.optima.begin(), trail_.optima.end(), [&](const Optimum& optimum) {
          return std::abs(optimum.objective - run.objective()) < same_optimum &&
                 optimum.flaw.empty() == run.flaw.empty();
        });
    EmOptions em = climber_.full_run();
    em.tol *= polished;
    climber_.climb(run, em);
    if (climber_.moves_edges()) climber_.settle_edges(run);
    if (own == trail_.optima.end()) return;
    own->objective = std::max(own->objective, run.objective());
    own->flaw = run.flaw;
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
    const double generous =
        std::clamp(std::pow(cheap_work / work, growth_of_passes), 1.0, most_generous);
    const bool thorough = options_.effort == Effort::thorough;
    const Index usual = thorough ? 300 * components + 1000 : 30 * components + 100;
    return static_cast<Index>(generous * static_cast<double>(usual));
  }

  // Memetic search: moves from the best runs so far, each followed by a climb; where that leads to
  // a new optimum better than the worst of them, it takes its place. Several moves are tried at
  // once, all from the same population.
  void breed(const Starter& starter) {
    const double total = w_.sum();
    if (trail_.population.empty()) {
      trail_.population = take_population(trail_.runs, narrowing_.left, total);
    }
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
      if (climber_.interrupted()) break;
      trail_.moves += moves_at_once;
      for (Run& child : children) {
        trail_.spent += child.em.n_iter + 1;
        // Edges are yet to be moved: what it comes to is not known.
        if (climber_.ended(child) && !climber_.moves_edges()) record(child);
        trail_.failures = settle(population, child, total) ? 0 : trail_.failures + 1;
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
    EmOptions em = climber_.short_run(passes_after_move);
    bool abandoned = false;
    em.progress = abandon_below(goal, 2, em.progress, abandoned);
    climber_.climb(child, em);
    climber_.count(1);  // the densities that the move came from
    return child;
  }

  const MixtureModel& model_;
  AnyRows x_;
  Vector w_;
  const FitOptions& options_;
  Narrowing narrowing_{};
  PartitionPool* pool_;
  std::string name_;
  Climber climber_;
  Trail trail_;
  bool defeated_ = false;  // see even_one_component_is_spurious
};

}  // namespace

Run search(const MixtureModel& model, const AnyRows& x, const FitOptions& options,
           PartitionPool* pool, Report& report) {
  return Search(model, x, options, pool, options.checkpoint_name).best(report);
}

}  // namespace mix
