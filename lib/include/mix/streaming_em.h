#pragma once

#include "mix/em.h"

namespace mix {

// EM that makes an M-step after each part of the rows, not only after all of them. For families
// that are estimated from additive statistics in one exact step: statistics of several parts are
// added up with the same parameters, so what `maximize` makes of them must not depend on which.
// This is tried out at the start; others are refused with std::invalid_argument, as are families
// that do not stream or have several cycles.

/// How an incremental run goes, and when it ends.
struct IncrementalOptions {
  /// Parts of the rows, one after the other; at most one for each row.
  Index parts = 16;
  MixingWeights mixing = MixingWeights::free;
  /// Ends when less than this is still to gain, in nats, by Aitken's rule from one pass to the
  /// next.
  double tol = 1e-3;
  /// The largest number of passes over the data.
  Index max_iter = 1000;
  /// After so many passes the statistics are added up anew with the present parameters, which takes
  /// rounding away.
  Index refresh = 10;
};

/// Incremental EM (Neal & Hinton 1998): the statistics of each part are kept; a step replaces those
/// of one part by new ones and maximizes with the sum of all. The lower bound of the log-likelihood
/// that the kept shares make never falls, and no step size is needed. Memory: parts times the
/// statistics. Of the report, the history holds for each pass the sum of the parts' log-likelihoods
/// plus log prior, each at the parameters that it met; objective, log-likelihood and mass are those
/// of all rows at the final parameters. With one part it is plain EM. The same bits for any number
/// of threads.
/// Throws std::invalid_argument for options below 1, sizes that differ, rows and weights that `fit`
/// refuses, and families as above.
EmReport run_incremental_em(MixtureState& state, const AnyRows& x, Weights w,
                            const IncrementalOptions& options = {});

/// How an online estimate moves.
struct OnlineOptions {
  MixingWeights mixing = MixingWeights::free;
  /// The t-th block counts as t^-decay of the estimate after it; above 1/2, at most 1.
  double decay = 0.6;
  /// So many blocks pass before parameters move.
  Index warm_up = 20;
  /// From this block on statistics are averaged (Polyak & Ruppert); 0: never.
  Index average_from = 0;
};

/// Online EM for streams (Cappe & Moulines 2009): running means s of the statistics per unit of
/// weight, s <- (1 - g) s + g s_t with g = t^-decay for block t, then an M-step; no row is kept.
/// Rows should come in random order. A prior counts beside as many rows as have been seen.
class OnlineEm {
 public:
  /// Throws std::invalid_argument for options out of bounds and families that do not stream in one
  /// cycle.
  explicit OnlineEm(MixtureState start, OnlineOptions options = {});

  /// Learns from one block of rows, with one non-negative weight per row; nothing where their sum
  /// is 0. Throws std::invalid_argument, and then has learned nothing, for sizes that differ and
  /// for rows and weights that `fit` refuses, and at the first block for families as above.
  void update(const AnyRows& x, Weights w);

  /// Blocks so far.
  [[nodiscard]] Index blocks() const { return blocks_; }
  /// After the last block.
  [[nodiscard]] const MixtureState& state() const { return state_; }
  /// From the averaged statistics; state() where nothing has been averaged.
  [[nodiscard]] MixtureState averaged() const;

 private:
  MixtureState reference_;  // statistics are added up with its parameters
  MixtureState state_;
  OnlineOptions options_;
  Vector mean_;     // mass and statistics per unit of weight
  Vector average_;  // of the means
  Index averaged_ = 0;
  Index blocks_ = 0;
  double weight_ = 0;  // seen
};

}  // namespace mix
