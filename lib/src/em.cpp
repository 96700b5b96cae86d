#include "mix/em.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>

#include "accelerator.h"
#include "expectation.h"
#include "group_densities.h"
#include "mix/block_memory.h"
#include "mix/kernels.h"
#include "mix/parallel.h"
#include "mix/scratch.h"
#include "stop_rule.h"
#include "truncated_expectation.h"

namespace mix {

double log_weight(double weight) { return weight > 0 ? std::log(weight) : -infinity; }

Vector log_weights(const Vector& weights) { return weights.unaryExpr(&log_weight); }

void add_log_weights(ConstVectorRef log_weights, MatrixRef l) {
  for (Index k = 0; k < l.cols(); ++k) {
    if (log_weights[k] > -infinity) {
      l.col(k).array() += log_weights[k];
    } else {
      l.col(k).setConstant(-infinity);
    }
  }
}

Index rows_to_reseed(bool hard, Index columns) { return hard ? 1 : columns + 1; }

std::vector<Index> worst_first(const Vector& term) {
  std::vector<Index> order(static_cast<std::size_t>(term.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return term[a] < term[b]; });
  return order;
}

namespace {

// What one pass over the data adds up, besides the family's statistics.
enum Slot : Index { objective_slot, changed_slot, slot_count };

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

// The share of rows that the policy leaves out.
double trimmed_share(const EmOptions& options) {
  const auto* policy = options.assignment.as<Trimmed>();
  return policy != nullptr ? policy->share : 0;
}

// Whether rows, or those that are kept, are shared by Bayes' theorem alone.
bool follows_bayes(const EmOptions& options) {
  return options.assignment.as<Soft>() != nullptr || options.assignment.as<Trimmed>() != nullptr;
}

// The E-step: responsibilities, the objective and, for a streaming family, its statistics, in one
// pass over the rows. Holds what must outlive a pass.
class Expectation {
 public:
  Expectation(const AnyRows& x, Weights w, const EmOptions& options)
      : x_(x),
        trimmed_(trimmed_share(options)),
        all_weights_(w),
        kept_(trimmed_ > 0 ? Vector(w) : Vector()),
        w_(trimmed_ > 0 ? Weights(kept_) : w),
        unit_weights_(trimmed_ == 0 && (w.array() == 1).all()),
        soft_(follows_bayes(options)),
        complete_(!has_missing(x)),
        options_(options) {
    const Groups& groups = options.groups;
    const Index shared = groups.empty() ? x.rows() : groups.count();
    if (options.assignment.hard()) labels_.assign(static_cast<std::size_t>(shared), -1);
    if (!groups.empty()) {
      of_groups_ = of_groups(options.assignment, groups);
      group_weight_ = groups.sums(w);
      return;
    }
    if (const auto* policy = options.assignment.as<Truncated>()) {
      // Rows of one component at a time have no way for missing cells.
      if (x.sparse() == nullptr && complete_) truncated_.emplace(x, w, *policy, options.seed);
    }
  }

  /// Fills `pass`, which keeps its memory from one to the next.
  void operator()(const MixtureState& state, Index iteration, bool single, Pass& pass) {
    // Into the memory that w_ refers to.
    if (trimmed_ > 0) kept_.head(x_.rows()) = kept_weights(state, x_, all_weights_, trimmed_);
    if (is_truncated(state)) {
      pass = (*truncated_)(state, iteration);
    } else if (!options_.groups.empty()) {
      share_groups(state, iteration, single, pass);
      give_to_rows(state.family, state.family.streams(), pass);
    } else {
      all_components(state, iteration, false, single, pass);
    }
  }

  // The same after the worst-explained rows were given to the empty components, so that the M-step
  // rebuilds them there.
  void reseeded(const MixtureState& state, Index iteration, const std::vector<Index>& empty,
                Pass& pass) {
    if (is_truncated(state)) {
      pass = truncated_->reseeded(state, iteration, empty);
      return;
    }
    if (!options_.groups.empty()) {
      share_groups(state, iteration, false, pass);
      reseed_groups(empty, pass);
      give_to_rows(state.family, false, pass);
      return;
    }
    all_components(state, iteration, true, false, pass);
    reseed(pass, empty, state);
  }

 private:
  [[nodiscard]] bool is_truncated(const MixtureState& state) const {
    return truncated_ && truncated_->serves(state.family);
  }

  void all_components(const MixtureState& state, Index iteration, bool keep_shares, bool single,
                      Pass& pass) {
    const Index k = state.family.size();
    const bool streams = state.family.streams() && !keep_shares;
    const Index family_size = streams ? state.family.statistics_size() : 0;
    // A family with several cycles looks at the rows several times in one iteration.
    const bool notes = !labels_.empty() && iteration > noted_;
    constants_ = state.weights.unaryExpr(&log_weight);
    // Once per run: with soft assignment every row gives out its weight.
    const bool constant = soft_ && trimmed_ == 0 && streams && complete_ &&
                          x_.sparse() == nullptr && state.family.constant_statistics();
    if (constant && common_.size() != family_size) common_ = common_statistics(state.family);
    pass.shares.resize(streams ? 0 : x_.rows(), k);
    Scratch scratch;
    VectorMap sum = scratch.vector(slot_count + k + family_size);
    sum_over_blocks(x_.rows(), sum, [&](Index first, Index count, VectorRef total) {
      // Floats become doubles once, for all that looks at the block.
      std::optional<DenseBlock> converted;
      const AnyRows x = x_.floats() != nullptr ? AnyRows(*converted.emplace(x_, first, count))
                                               : x_.middleRows(first, count);
      const double* w = unit_weights_ ? nullptr : w_.data() + first;
      VectorRef mass = total.segment(slot_count, k);
      const bool complete = complete_ || !has_missing(x);
      if (soft_ && streams && complete && x.dense() != nullptr) {
        const std::optional<double> value =
            state.family.soft_pass(*x.dense(), constants_, w, mass, total.tail(family_size));
        if (value) {
          total[objective_slot] += *value;
          return;
        }
      }
      const BorrowedMemory memory;
      memory->allow_single_precision(single);
      memory->leave_out_common(constant);
      memory->assume_complete(complete);
      MatrixRef l = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
      state.family.log_densities(x, l, memory->part(0));
      if (soft_) {
        total[objective_slot] +=
            kernels::share_out(l, constants_, w, mass, block_from(first + count));
      } else {
        add_log_weights(constants_, l);
        VectorRef term = memory->matrix(1, kernels::packed_stride, 1).col(0).head(count);
        options_.assignment.assign({first, iteration, options_.seed}, l, term);
        if (notes) total[changed_slot] += note_labels(l, first);
        total[objective_slot] += weigh(l, term, first, mass);
      }
      if (streams) {
        state.family.accumulate(x, l, total.tail(family_size), memory->part(0));
      } else {
        pass.shares.middleRows(first, count) = l;
      }
    });
    noted_ = iteration;
    pass.objective = sum[objective_slot] + state.family.log_prior();
    pass.changed_labels = sum[changed_slot];
    pass.mass = sum.segment(slot_count, k);
    VectorMap statistics = pass.statistics.resize(family_size);
    statistics = sum.tail(family_size);
    if (constant) {
      statistics += common_;
      pass.objective += state.family.common_log_density(common_);
    }
  }

  // Probably the next that this thread reads; none where it would not be a whole one.
  [[nodiscard]] Rows block_from(Index first) const {
    const Rows* dense = x_.dense();
    if (dense == nullptr || first + block_rows > dense->rows()) return Matrix(0, 0);
    return dense->middleRows(first, block_rows);
  }

  // The first half of a pass over groups: what each gives to whom, and the objective.
  void share_groups(const MixtureState& state, Index iteration, bool single, Pass& pass) {
    const Index k = state.family.size();
    const Index groups = options_.groups.count();
    const bool notes = !labels_.empty() && iteration > noted_;
    constants_ = log_weights(state.weights);
    group_shares_.resize(groups, k);
    group_term_.resize(groups);
    group_log_densities(state.family, x_, w_, options_.groups, single, group_shares_);
    const Vector sum =
        sum_over_blocks(groups, slot_count + k, [&](Index first, Index count, VectorRef total) {
          MatrixRef l = group_shares_.middleRows(first, count);
          VectorRef term = group_term_.segment(first, count);
          add_log_weights(constants_, l);
          of_groups_.assign({first, iteration, options_.seed}, l, term);
          if (notes) total[changed_slot] += note_labels(l, first);
          for (Index g = 0; g < count; ++g) {
            if (group_weight_[first + g] > 0) {
              total[objective_slot] += term[g];
            } else {
              l.row(g).setZero();
            }
          }
          kernels::add_sums(l, total.tail(k));
        });
    noted_ = iteration;
    pass.objective = sum[objective_slot] + state.family.log_prior();
    pass.changed_labels = sum[changed_slot];
    pass.group_mass = sum.tail(k);
  }

  // The other half: rows get the shares of their groups. To `pass.shares`, or as statistics.
  void give_to_rows(const AnyFamily& family, bool streams, Pass& pass) {
    const Index k = family.size();
    const Index family_size = streams ? family.statistics_size() : 0;
    pass.shares.resize(streams ? 0 : x_.rows(), k);
    const Vector sum =
        sum_over_blocks(x_.rows(), k + family_size, [&](Index first, Index count, VectorRef total) {
          const BorrowedMemory memory;
          MatrixRef r = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
          for (Index c = 0; c < k; ++c) {
            for (Index i = 0; i < count; ++i) {
              r(i, c) = w_[first + i] * group_shares_(options_.groups[first + i], c);
            }
          }
          kernels::add_sums(r, total.head(k));
          if (streams) {
            family.accumulate(x_.middleRows(first, count), r, total.tail(family_size));
          } else {
            pass.shares.middleRows(first, count) = r;
          }
        });
    pass.mass = sum.head(k);
    VectorMap statistics = pass.statistics.resize(family_size);
    statistics = sum.tail(family_size);
  }

  // Empty components take over the groups that are explained worst per row, with enough rows.
  void reseed_groups(const std::vector<Index>& empty, Pass& pass) {
    const std::vector<Index> order = worst_first(
        (group_weight_.array() > 0).select(group_term_.array() / group_weight_.array(), infinity));
    const auto wanted = static_cast<double>(rows_to_reseed(options_.assignment.hard(), x_.cols()));
    auto next = order.begin();
    for (const Index component : empty) {
      for (double taken = 0; taken < wanted && next != order.end(); ++next) {
        if (!(group_weight_[*next] > 0)) continue;
        group_shares_.row(*next).setZero();
        group_shares_(*next, component) = 1;
        taken += group_weight_[*next];
      }
    }
    pass.group_mass = group_shares_.colwise().sum();
  }

  [[nodiscard]] Vector common_statistics(const AnyFamily& family) const {
    return sum_over_blocks(
        x_.rows(), family.statistics_size(), [&](Index first, Index count, VectorRef total) {
          family.accumulate_common(*DenseBlock(x_, first, count), w_.segment(first, count), total);
        });
  }

  // Weighs the responsibilities and adds them up per component; returns the weighted sum of terms.
  double weigh(MatrixRef r, const VectorRef& term, Index first, VectorRef mass) const {
    if (unit_weights_) {
      kernels::add_sums(r, mass);
      return term.sum();
    }
    kernels::weigh(r, w_.segment(first, r.rows()), mass);
    double sum = 0;
    for (Index i = 0; i < r.rows(); ++i) {
      if (w_[first + i] > 0) sum += w_[first + i] * term[i];
    }
    return sum;
  }

  void reseed(Pass& pass, const std::vector<Index>& empty, const MixtureState& state) const {
    const Index k = state.family.size();
    Vector term(x_.rows());
    for_each_block(x_.rows(), [&](Index first, Index count) {
      Matrix l(count, k);
      log_joint(state, x_.middleRows(first, count), l);
      options_.assignment.assign({first, 0, options_.seed}, l, term.segment(first, count));
    });
    const std::vector<Index> order = worst_first(term);
    auto next = order.begin();
    for (const Index component : empty) {
      for (Index taken = 0;
           taken < rows_to_reseed(options_.assignment.hard(), x_.cols()) && next != order.end();
           ++next) {
        if (!(w_[*next] > 0)) continue;
        pass.shares.row(*next).setZero();
        pass.shares(*next, component) = w_[*next];
        ++taken;
      }
    }
    pass.mass = pass.shares.colwise().sum();
  }

  // How many rows of the block changed their component since the last iteration.
  double note_labels(const MatrixRef& r, Index first) {
    double changed = 0;
    for (Index i = 0; i < r.rows(); ++i) {
      Index k = 0;
      r.row(i).maxCoeff(&k);
      Index& label = labels_[static_cast<std::size_t>(first + i)];
      if (label != k) ++changed;
      label = k;
    }
    return changed;
  }

  AnyRows x_;
  double trimmed_;       // the share of rows that is left out
  Weights all_weights_;  // of the rows,
  Vector kept_;          // and what trimming leaves of them in this pass
  Weights w_;            // whichever of the two counts
  bool unit_weights_;
  bool soft_;
  bool complete_;  // no cell is missing
  const EmOptions& options_;
  std::vector<Index> labels_;  // of a hard policy
  Index noted_ = -1;           // the iteration they are from
  Vector constants_;           // logarithms of the weights in this pass
  Vector common_;              // statistics of all components together, where they are constant
  std::optional<TruncatedExpectation> truncated_;
  // Of rows in groups.
  AnyAssignment of_groups_;
  Vector group_weight_;  // sums of the rows' weights
  Matrix group_shares_;  // groups x components
  Vector group_term_;    // of the objective
};

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

// Which rows or groups have density zero.
std::string name_impossible(const MixtureState& state, const AnyRows& x, Weights w,
                            const Groups& groups) {
  const auto impossible = [](const Vector& density) {
    std::vector<Index> found;
    for (Index i = 0; i < density.size(); ++i) {
      if (!(density[i] > -infinity)) found.push_back(i);
    }
    return found;
  };
  const auto first_of = [](const std::vector<Index>& found) {
    return found.empty() ? 0 : found.front();
  };
  if (!groups.empty()) {
    const std::vector<Index> found = impossible(posterior(state, x, w, groups).log_density);
    return fmt::format(
        "{} groups have density zero under every component; the first is that of row {}",
        found.size(), groups.first_rows().at(static_cast<std::size_t>(first_of(found))) + 1);
  }
  const std::vector<Index> found = impossible((w.array() > 0).select(log_density(state, x), 0.0));
  return fmt::format("{} rows have density zero under every component; the first is row {}",
                     found.size(), first_of(found) + 1);
}

}  // namespace

EmReport run_em(MixtureState& state, const AnyRows& x, Weights w, const EmOptions& options) {
  EmReport report;
  if (options.mixing == MixingWeights::equal) {
    state.weights.setConstant(1.0 / static_cast<double>(state.weights.size()));
  }
  Expectation expect(x, w, options);
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
    expect(state, iteration, in_single, pass);
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
      if (since_best >= patience) {
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

void log_joint(const MixtureState& state, const AnyRows& x, MatrixRef out) {
  state.family.log_densities(x, out);
  add_log_weights(log_weights(state.weights), out);
}

namespace {

// Calls use(first, l, log weights) for each block, in parallel; l: rows x components, the log
// densities, in memory that `use` may write to.
template <class Use>
void for_each_evaluated(const MixtureState& state, const AnyRows& x, const Use& use) {
  const Index k = state.family.size();
  const Vector constants = log_weights(state.weights);
  for_each_block(x.rows(), [&](Index first, Index count) {
    const BorrowedMemory memory;
    MatrixRef l = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
    state.family.log_densities(x.middleRows(first, count), l);
    use(first, l, constants);
  });
}

// Results of more numbers than this do not stay in a cache until somebody reads them.
constexpr Index cached_numbers = Index{1} << 19;

void copy_result(const MatrixRef& l, MatrixRef out, Index first) {
  if (out.size() > cached_numbers) {
    kernels::write_through(l, out.middleRows(first, l.rows()));
  } else {
    out.middleRows(first, l.rows()) = l;
  }
}

}  // namespace

double log_likelihood(const MixtureState& state, const AnyRows& x, Weights w) {
  const Index k = state.family.size();
  const Vector constants = log_weights(state.weights);
  const bool unit_weights = (w.array() == 1).all();
  const Vector sum = sum_over_blocks(x.rows(), 1, [&](Index first, Index count, VectorRef total) {
    const BorrowedMemory memory;
    MatrixRef l = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
    state.family.log_densities(x.middleRows(first, count), l);
    total[0] += kernels::total_log_sum(l, constants, unit_weights ? nullptr : w.data() + first);
  });
  return sum[0];
}

void responsibilities(const MixtureState& state, const AnyRows& x, MatrixRef out) {
  for_each_evaluated(state, x, [&](Index first, MatrixRef l, const Vector& constants) {
    thread_local Vector mass;
    mass.setZero(l.cols());
    kernels::share_out(l, constants, nullptr, mass);
    copy_result(l, out, first);
  });
}

Vector component_mass(const MixtureState& state, const AnyRows& x, Weights w) {
  const Index k = state.family.size();
  return sum_over_blocks(x.rows(), k, [&](Index first, Index count, VectorRef mass) {
    const BorrowedMemory memory;
    MatrixRef l = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
    VectorRef term = memory->matrix(1, kernels::packed_stride, 1).col(0).head(count);
    log_joint(state, x.middleRows(first, count), l);
    kernels::softmax(l, 1.0, term);
    kernels::weigh(l, w.segment(first, count), mass);
  });
}

Matrix responsibilities(const MixtureState& state, const AnyRows& x) {
  Matrix r(x.rows(), state.family.size());
  responsibilities(state, x, r);
  return r;
}

Vector log_density(const MixtureState& state, const AnyRows& x) {
  Vector out(x.rows());
  for_each_evaluated(state, x, [&](Index first, const MatrixRef& l, const Vector& constants) {
    kernels::log_sums(l, constants, out.segment(first, l.rows()));
  });
  return out;
}

Posterior posterior(const MixtureState& state, const AnyRows& x) {
  Posterior out{Matrix(x.rows(), state.family.size()), Vector(x.rows())};
  for_each_evaluated(state, x, [&](Index first, MatrixRef l, const Vector& constants) {
    kernels::softmax(l, constants, out.log_density.segment(first, l.rows()));
    copy_result(l, out.responsibilities, first);
  });
  return out;
}

Posterior posterior(const MixtureState& state, const AnyRows& x, Weights w, const Groups& groups) {
  Posterior out{Matrix(groups.count(), state.family.size()), Vector(groups.count())};
  group_log_densities(state.family, x, w, groups, false, out.responsibilities);
  const Vector constants = log_weights(state.weights);
  for_each_block(groups.count(), [&](Index first, Index count) {
    kernels::softmax(out.responsibilities.middleRows(first, count), constants,
                     out.log_density.segment(first, count));
  });
  return out;
}

namespace {

using RowsByDensity = std::vector<std::pair<double, Index>>;

// The rows with weight whose density is at most the cutoff, and how much they weigh.
double rows_below(double cutoff, const Vector& density, Weights w, RowsByDensity& rows) {
  rows.clear();
  double weight = 0;
  for (Index i = 0; i < density.size(); ++i) {
    // Also where it is NaN, which counts as the highest.
    if (density[i] > cutoff || !(w[i] > 0)) continue;
    rows.emplace_back(std::isnan(density[i]) ? infinity : density[i], i);
    weight += w[i];
  }
  return weight;
}

// A density below which probably more than this share of the rows is, by some of them.
double generous_cutoff(const Vector& density, double share) {
  constexpr Index most = 1024;
  constexpr double wider = 1.5;
  constexpr double more = 0.02;
  const Index step = std::max<Index>(density.size() / most, 1);
  std::vector<double> some;
  for (Index i = 0; i < density.size(); i += step) {
    some.push_back(std::isnan(density[i]) ? infinity : density[i]);
  }
  const auto count = static_cast<double>(some.size());
  const auto place = static_cast<std::size_t>(count * (wider * share + more));
  if (place >= some.size()) return infinity;
  const auto at = some.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(some.begin(), at, some.end());
  return *at;
}

}  // namespace

Vector kept_weights(const MixtureState& state, const AnyRows& x, Weights w, double share) {
  Vector kept = w;
  double left = share * w.sum();
  if (!(left > 0)) return kept;
  const Vector density = log_density(state, x);
  RowsByDensity rows;
  if (rows_below(generous_cutoff(density, share), density, w, rows) < left) {
    rows_below(infinity, density, w, rows);
  }
  // Equal ones in their order.
  std::sort(rows.begin(), rows.end());
  for (const auto& [value, row] : rows) {
    if (!(left > 0)) break;
    const double taken = std::min(left, kept[row]);
    kept[row] -= taken;
    left -= taken;
  }
  return kept;
}

std::vector<Index> most_probable(const MixtureState& state, const AnyRows& x) {
  std::vector<Index> labels(static_cast<std::size_t>(x.rows()));
  for_each_evaluated(state, x, [&](Index first, const MatrixRef& l, const Vector& constants) {
    kernels::best_components(l, constants, labels.data() + first);
  });
  return labels;
}

}  // namespace mix
