#include "expectation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "group_densities.h"
#include "mix/block_memory.h"
#include "mix/kernels.h"
#include "mix/parallel.h"
#include "mix/scratch.h"

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

bool follows_bayes(const EmOptions& options) {
  return options.assignment.as<Soft>() != nullptr || options.assignment.as<Trimmed>() != nullptr;
}

namespace {

// The share of rows that the policy leaves out.
double trimmed_share(const EmOptions& options) {
  const auto* policy = options.assignment.as<Trimmed>();
  return policy != nullptr ? policy->share : 0;
}

}  // namespace

Expectation::Expectation(const AnyRows& x, Weights w, const EmOptions& options)
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

void Expectation::operator()(const MixtureState& state, Index iteration, bool single, Pass& pass,
                             const AnyFamily* reference) {
  // Into the memory that w_ refers to.
  if (trimmed_ > 0) kept_.head(x_.rows()) = kept_weights(state, x_, all_weights_, trimmed_);
  if (is_truncated(state)) {
    pass = (*truncated_)(state, iteration);
  } else if (!options_.groups.empty()) {
    share_groups(state, iteration, single, pass);
    give_to_rows(reference != nullptr ? *reference : state.family, state.family.streams(), pass);
  } else {
    all_components(state, iteration, false, single, pass, reference);
  }
}

void Expectation::reseeded(const MixtureState& state, Index iteration,
                           const std::vector<Index>& empty, Pass& pass) {
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
  all_components(state, iteration, true, false, pass, nullptr);
  reseed(pass, empty, state);
}

void Expectation::all_components(const MixtureState& state, Index iteration, bool keep_shares,
                                 bool single, Pass& pass, const AnyFamily* reference) {
  const Index k = state.family.size();
  const bool streams = state.family.streams() && !keep_shares;
  const Index family_size = streams ? state.family.statistics_size() : 0;
  // A family with several cycles looks at the rows several times in one iteration.
  const bool notes = !labels_.empty() && iteration > noted_;
  constants_ = state.weights.unaryExpr(&log_weight);
  // Once per run: with soft assignment every row gives out its weight.
  const bool constant = soft_ && trimmed_ == 0 && streams && complete_ && x_.sparse() == nullptr &&
                        state.family.constant_statistics();
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
    if (streams && reference != nullptr) {
      reference->accumulate(x, l, total.tail(family_size));
    } else if (streams) {
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

Rows Expectation::block_from(Index first) const {
  const Rows* dense = x_.dense();
  if (dense == nullptr || first + block_rows > dense->rows()) return Matrix(0, 0);
  return dense->middleRows(first, block_rows);
}

Vector Expectation::common_statistics(const AnyFamily& family) const {
  return sum_over_blocks(
      x_.rows(), family.statistics_size(), [&](Index first, Index count, VectorRef total) {
        family.accumulate_common(*DenseBlock(x_, first, count), w_.segment(first, count), total);
      });
}

double Expectation::weigh(MatrixRef r, const VectorRef& term, Index first, VectorRef mass) const {
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

void Expectation::reseed(Pass& pass, const std::vector<Index>& empty,
                         const MixtureState& state) const {
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

double Expectation::note_labels(const MatrixRef& r, Index first) {
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

}  // namespace mix
