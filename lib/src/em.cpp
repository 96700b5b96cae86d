#include "mix/em.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>

#include "mix/block_memory.h"
#include "mix/kernels.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// What one pass over the data adds up, besides the family's statistics.
enum Slot : Index { objective_slot, changed_slot, slot_count };

// A component with less than this share of all rows is empty.
constexpr double empty_share = 1e-12;
// A stochastic run ends when so many passes brought nothing better.
constexpr Index patience = 100;
// As many passes may a row have density zero under every component before the run is given up.
constexpr int impossible_passes = 10;

// Differences between objectives that may be rounding.
double rounding_of(double objective) { return 1e-8 + 1e-11 * std::abs(objective); }

struct Pass {
  double objective = 0;
  double changed_labels = 0;
  Vector mass;
  Vector statistics;  // of a streaming family
  Matrix shares;      // for every other family, and when an emptied component is reseeded
};

void add_log_weights(const Vector& weights, MatrixRef l) {
  for (Index k = 0; k < l.cols(); ++k) {
    if (weights[k] > 0) {
      l.col(k).array() += std::log(weights[k]);
    } else {
      l.col(k).setConstant(-infinity);  // also where the density is infinite
    }
  }
}

// The E-step: responsibilities, the objective and, for a streaming family, its statistics, in one
// pass over the rows. Holds what must outlive a pass.
class Expectation {
 public:
  Expectation(Rows x, Weights w, const EmOptions& options)
      : x_(x), w_(w), unit_weights_((w.array() == 1).all()), options_(options) {
    if (options.assignment.hard()) labels_.assign(static_cast<std::size_t>(x.rows()), -1);
  }

  Pass operator()(const MixtureState& state, Index iteration, bool keep_shares) {
    const Index k = state.family.size();
    const bool streams = state.family.streams() && !keep_shares;
    const Index family_size = streams ? state.family.statistics_size() : 0;
    // A family with several cycles looks at the rows several times in one iteration.
    const bool notes = !labels_.empty() && iteration > noted_;
    Pass pass;
    if (!streams) pass.shares.resize(x_.rows(), k);
    const Vector sum = sum_over_blocks(
        x_.rows(), slot_count + k + family_size, [&](Index first, Index count, VectorRef total) {
          const Rows x = x_.middleRows(first, count);
          const BorrowedMemory memory;
          MatrixRef l = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
          VectorRef term = memory->matrix(1, kernels::packed_stride, 1).col(0).head(count);
          state.family.log_densities(x, l, memory->part(0));
          add_log_weights(state.weights, l);
          options_.assignment.assign({first, iteration, options_.seed}, l, term);
          if (notes) total[changed_slot] += note_labels(l, first);
          if (unit_weights_) {
            kernels::add_sums(l, total.segment(slot_count, k));
            total[objective_slot] += term.sum();
          } else {
            kernels::weigh(l, w_.segment(first, count), total.segment(slot_count, k));
            for (Index i = 0; i < count; ++i) {
              if (w_[first + i] > 0) total[objective_slot] += w_[first + i] * term[i];
            }
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
    pass.statistics = sum.tail(family_size);
    return pass;
  }

 private:
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

  Rows x_;
  Weights w_;
  bool unit_weights_;
  const EmOptions& options_;
  std::vector<Index> labels_;  // of a hard policy
  Index noted_ = -1;           // the iteration they are from
};

// Estimates the gain still to come from the last two gains of a linearly converging sequence
// (Aitken). While fast directions die out the ratio of gains looks better than it is for the slow
// ones that remain, so it counts as 0.9 at least, and several small estimates in a row are asked
// for. An objective that must not fall and falls shows how large its rounding is: gains no larger
// than that are none.
class StopRule {
 public:
  explicit StopRule(double tol) : tol_(tol) {}

  void restart() {
    seen_ = 0;
    small_ = 0;
    rounding_ = 0;
  }

  bool operator()(double objective) {
    if (tol_ < 0) return false;
    const double gain = objective - last_;
    double remaining = infinity;
    if (seen_ >= 2) {
      if (gain < 0 && -gain <= rounding_of(objective)) rounding_ = std::max(rounding_, -gain);
      if (std::abs(gain) <= std::max(rounding_, 1e-14 * std::abs(objective))) {
        remaining = 0;
      } else if (gain > 0 && gain_ > gain) {
        const double rate = std::max(gain / gain_, least_rate);
        remaining = gain * rate / (1 - rate);
      }
    }
    small_ = remaining < tol_ || remaining == 0 ? small_ + 1 : 0;
    gain_ = gain;
    last_ = objective;
    ++seen_;
    return small_ >= in_a_row;
  }

 private:
  static constexpr double least_rate = 0.9;
  static constexpr int in_a_row = 3;

  double tol_;
  double last_ = 0;
  double gain_ = 0;
  double rounding_ = 0;  // the largest fall
  Index seen_ = 0;
  int small_ = 0;
};

void update_weights(MixtureState& state, const Vector& mass, MixingWeights mixing) {
  if (mixing != MixingWeights::free) return;
  const double total = mass.sum();
  if (total > 0) state.weights = mass / total;
}

// Gives the worst-explained rows to the empty components, so that the M-step rebuilds them there.
void reseed(Pass& pass, const std::vector<Index>& empty, const MixtureState& state, Rows x,
            Weights w, const EmOptions& options) {
  const Index k = state.family.size();
  const auto per_component = options.assignment.hard() ? Index{1} : x.cols() + 1;
  Vector term(x.rows());
  for_each_block(x.rows(), [&](Index first, Index count) {
    Matrix l(count, k);
    log_joint(state, x.middleRows(first, count), l);
    options.assignment.assign({first, 0, options.seed}, l, term.segment(first, count));
  });
  std::vector<Index> order(static_cast<std::size_t>(x.rows()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return term[a] < term[b]; });
  auto next = order.begin();
  for (const Index component : empty) {
    for (Index taken = 0; taken < per_component && next != order.end(); ++next) {
      if (!(w[*next] > 0)) continue;
      pass.shares.row(*next).setZero();
      pass.shares(*next, component) = w[*next];
      ++taken;
    }
  }
  pass.mass = pass.shares.colwise().sum();
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

std::string name_components(const std::vector<Index>& components) {
  std::string names;
  for (const Index k : components) names += fmt::format("{}{}", names.empty() ? "" : ", ", k + 1);
  return names;
}

}  // namespace

std::string to_string(MixingWeights mixing) {
  switch (mixing) {
    case MixingWeights::free:
      return "free";
    case MixingWeights::equal:
      return "equal";
    case MixingWeights::fixed:
      return "fixed";
  }
  return "unknown";
}

MixingWeights parse_mixing_weights(std::string_view name) {
  using enum MixingWeights;
  for (const MixingWeights mixing : {free, equal, fixed}) {
    if (name == to_string(mixing)) return mixing;
  }
  throw std::invalid_argument(
      fmt::format("mixing is \"{}\"; the known ones are free, equal, fixed", name));
}

std::string to_string(Stop stop) {
  switch (stop) {
    case Stop::converged:
      return "converged";
    case Stop::labels_repeat:
      return "labels_repeat";
    case Stop::max_iterations:
      return "max_iterations";
    case Stop::no_improvement:
      return "no_improvement";
    case Stop::interrupted:
      return "interrupted";
    case Stop::empty_component:
      return "empty_component";
    case Stop::not_finite:
      return "not_finite";
  }
  return "unknown";
}

EmReport run_em(MixtureState& state, Rows x, Weights w, const EmOptions& options) {
  EmReport report;
  if (options.mixing == MixingWeights::equal) {
    state.weights.setConstant(1.0 / static_cast<double>(state.weights.size()));
  }
  Expectation expect(x, w, options);
  StopRule enough(options.tol);
  std::optional<MixtureState> best;  // of a stochastic run
  double best_objective = -infinity;
  Index since_best = 0;
  double previous = -infinity;
  Index stage = 0;
  bool reseeded = false;
  double largest_fall = 0;
  int impossible = 0;
  std::optional<MixtureState> repetition;  // of the last pass, when its labels were repeated

  for (Index iteration = 0;; ++iteration) {
    state.family.select_cycle(0);
    Pass pass = expect(state, iteration, false);
    report.objective_history.push_back(pass.objective);
    report.objective = pass.objective;
    report.mass = pass.mass;
    report.n_iter = iteration + 1;

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
      reseeded = false;
    } else if (options.assignment.ascends() && pass.objective < previous - rounding_of(previous)) {
      ++report.falls;
      largest_fall = std::max(largest_fall, previous - pass.objective);
    }
    // Where an estimate depends on the parameters before it, labels can repeat too early.
    const double gain = pass.objective - previous;
    const bool rests = options.tol < 0 || gain <= options.tol;
    const bool repeats = options.assignment.hard() && iteration > 0 && pass.changed_labels == 0;
    previous = pass.objective;

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
    } else if (enough(pass.objective) && stage == options.assignment.last_stage()) {
      report.stop = Stop::converged;
      break;
    }
    if (options.progress && !options.progress({iteration + 1, pass.objective})) {
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
        options.assignment.as<Known>() == nullptr &&
        static_cast<Index>(empty.size()) < state.family.size()) {
      report.warnings.push_back(
          fmt::format("component {} held no rows and was dropped", name_components(empty)));
      drop_components(state, empty);
      reseeded = true;
      continue;
    }
    if (!empty.empty() && options.empty == EmptyComponent::reseed) {
      pass = expect(state, iteration, true);
      reseed(pass, empty, state, x, w, options);
      report.warnings.push_back(
          fmt::format("component {} held no rows and took over the worst-explained ones",
                      name_components(empty)));
      reseeded = true;
    }

    // The M-step; a family may split it into conditional maximizations with an E-step before each.
    for (Index cycle = 0;;) {
      update_weights(state, pass.mass, options.mixing);
      if (pass.shares.size() > 0) {
        state.family.fit(x, pass.shares);
        break;
      }
      state.family.maximize(pass.statistics);
      if (++cycle >= state.family.cycles()) break;
      state.family.select_cycle(cycle);
      pass = expect(state, iteration, false);
    }
  }

  if (best && report.stop != Stop::not_finite) {
    state = *std::move(best);
    report.objective = best_objective;
    report.mass = responsibilities(state, x).transpose() * w;
  }
  report.log_likelihood = options.assignment.as<Soft>() != nullptr
                              ? report.objective - state.family.log_prior()
                              : log_likelihood(state, x, w);
  if (report.log_likelihood == -infinity) {
    Index first = 0;
    Index count = 0;
    for (Index i = 0; i < x.rows(); ++i) {
      if (!(w[i] > 0)) continue;
      Vector one = Vector::Ones(1);
      if (mix::log_likelihood(state, x.middleRows(i, 1), one) > -infinity) continue;
      if (count++ == 0) first = i;
    }
    report.warnings.push_back(fmt::format(
        "{} rows have density zero under every component; the first is row {}", count, first + 1));
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

void log_joint(const MixtureState& state, Rows x, MatrixRef out) {
  state.family.log_densities(x, out);
  add_log_weights(state.weights, out);
}

double log_likelihood(const MixtureState& state, Rows x, Weights w) {
  const Index k = state.family.size();
  const Vector sum = sum_over_blocks(x.rows(), 1, [&](Index first, Index count, VectorRef total) {
    const BorrowedMemory memory;
    MatrixRef l = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
    VectorRef term = memory->matrix(1, kernels::packed_stride, 1).col(0).head(count);
    log_joint(state, x.middleRows(first, count), l);
    kernels::softmax(l, 1.0, term);
    for (Index i = 0; i < count; ++i) {
      if (w[first + i] > 0) total[0] += w[first + i] * term[i];
    }
  });
  return sum[0];
}

Matrix responsibilities(const MixtureState& state, Rows x) {
  Matrix r(x.rows(), state.family.size());
  for_each_block(x.rows(), [&](Index first, Index count) {
    const BorrowedMemory memory;
    VectorRef term = memory->matrix(1, kernels::packed_stride, 1).col(0).head(count);
    auto block = r.middleRows(first, count);
    log_joint(state, x.middleRows(first, count), block);
    kernels::softmax(block, 1.0, term);
  });
  return r;
}

}  // namespace mix
