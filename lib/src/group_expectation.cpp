// The E-step of rows in groups.

#include <vector>

#include "expectation.h"
#include "group_densities.h"
#include "mix/block_memory.h"
#include "mix/kernels.h"
#include "mix/parallel.h"

namespace mix {

void Expectation::share_groups(const MixtureState& state, Index iteration, bool single,
                               Pass& pass) {
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

void Expectation::give_to_rows(const AnyFamily& family, bool streams, Pass& pass) {
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

void Expectation::reseed_groups(const std::vector<Index>& empty, Pass& pass) {
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

}  // namespace mix
