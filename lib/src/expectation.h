#pragma once

#include <optional>
#include <vector>

#include "mix/em.h"
#include "pass.h"
#include "truncated_expectation.h"

namespace mix {

/// Whether rows, or those that are kept, are shared by Bayes' theorem alone.
bool follows_bayes(const EmOptions& options);

/// The E-step: responsibilities, the objective and, for a streaming family, its statistics, in one
/// pass over the rows. Holds what must outlive a pass.
class Expectation {
 public:
  Expectation(const AnyRows& x, Weights w, const EmOptions& options);

  /// Fills `pass`, which keeps its memory from one to the next. Statistics are added up with the
  /// parameters of `reference`; null: with those of `state`.
  void operator()(const MixtureState& state, Index iteration, bool single, Pass& pass,
                  const AnyFamily* reference = nullptr);

  /// The same after the worst-explained rows were given to the empty components, so that the M-step
  /// rebuilds them there.
  void reseeded(const MixtureState& state, Index iteration, const std::vector<Index>& empty,
                Pass& pass);

 private:
  // What one pass over the data adds up, besides the family's statistics.
  enum Slot : Index { objective_slot, changed_slot, slot_count };

  [[nodiscard]] bool is_truncated(const MixtureState& state) const {
    return truncated_ && truncated_->serves(state.family);
  }
  void all_components(const MixtureState& state, Index iteration, bool keep_shares, bool single,
                      Pass& pass, const AnyFamily* reference);
  // Probably the next that this thread reads; none where it would not be a whole one.
  [[nodiscard]] Rows block_from(Index first) const;
  [[nodiscard]] Vector common_statistics(const AnyFamily& family) const;
  // Weighs the responsibilities and adds them up per component; returns the weighted sum of terms.
  double weigh(MatrixRef r, const VectorRef& term, Index first, VectorRef mass) const;
  void reseed(Pass& pass, const std::vector<Index>& empty, const MixtureState& state) const;
  // How many rows of the block changed their component since the last iteration.
  double note_labels(const MatrixRef& r, Index first);

  // The first half of a pass over groups: what each gives to whom, and the objective.
  void share_groups(const MixtureState& state, Index iteration, bool single, Pass& pass);
  // The other half: rows get the shares of their groups. To `pass.shares`, or as statistics.
  void give_to_rows(const AnyFamily& family, bool streams, Pass& pass);
  // Empty components take over the groups that are explained worst per row, with enough rows.
  void reseed_groups(const std::vector<Index>& empty, Pass& pass);

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

}  // namespace mix
