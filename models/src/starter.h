#pragma once

#include <memory>
#include <vector>

#include "mix/models/fit.h"
#include "mix/random.h"
#include "partitions.h"
#include "seeding.h"

namespace mix {

/// One start to be tried; `draw` numbers the random ones. From `shares` if there are any.
struct PlannedStart {
  Start start;
  Index draw = 0;
  ShareBlocks shares = {};
};

/// Turns starts into shares of the rows. Several threads may use it at once.
class Starter {
 public:
  Starter(const MixtureModel& model, const AnyRows& x, Weights w, const FitOptions& options,
          PartitionPool* pool);

  /// The list of starts that the options ask for; from the shares `first`, where there are any,
  /// instead of `options.start`.
  [[nodiscard]] std::vector<PlannedStart> plan(const ShareBlocks& first = {}) const;
  /// The state that a start leads to: shares, then a first M-step from a prepared family.
  [[nodiscard]] MixtureState begin(const PlannedStart& planned) const;
  /// The prepared family with only `groups` of the components that take part in a partition.
  [[nodiscard]] AnyFamily smaller(Index groups) const;
  /// The state of smaller(groups) after a first M-step from `shares`, a column for each component.
  /// Rows that are in groups share what their group does on the average, here and below.
  [[nodiscard]] MixtureState begin(const Matrix& shares, Index groups) const;
  /// The state of all components after a first M-step. Where all shares at once would take too much
  /// memory, families whose statistics add see them block by block, twice: for means, and for what
  /// is around the means.
  [[nodiscard]] MixtureState begin(const ShareBlocks& shares) const;
  /// Whether few starts will do, because moves from the best of them follow: where the search is
  /// left to choose, numbers of components mean nothing to the rows, and all shares can be held.
  [[nodiscard]] bool moves_follow() const;
  /// Whether smaller models can be made.
  [[nodiscard]] bool grows() const { return prepared_.selects() && groups_ > 1; }
  /// Whether growing to all components one by one is worth its time.
  [[nodiscard]] bool growing_is_cheap() const;
  /// What every start begins from: the model's family, prepared for the rows.
  [[nodiscard]] const AnyFamily& family() const { return prepared_; }
  /// How many components take part in a partition of the rows.
  [[nodiscard]] Index groups() const { return groups_; }
  /// The rows as points; odd draws see them sphered.
  [[nodiscard]] const Matrix& points(Index draw) const { return partitions().points(draw); }

 private:
  void plan_one(const Start& start, std::vector<PlannedStart>& planned) const;
  [[nodiscard]] Index default_draws() const;
  // Embeds the rows when first asked for: some starts need no points.
  [[nodiscard]] Partitions& partitions() const;
  [[nodiscard]] ShareBlocks shares(const PlannedStart& planned) const;
  // `known`: a policy that knows something of the rows' components.
  template <class Policy>
  [[nodiscard]] ShareBlocks shares_around(const Policy& known, Index draw) const;
  template <class Policy>
  [[nodiscard]] std::vector<Index> labels_around(const Policy& known, const Matrix& embedded,
                                                 Rng& rng) const;
  [[nodiscard]] MixtureState begin_from(const Matrix& shares, Index groups) const;
  void set_weights(MixtureState& state, ConstVectorRef mass) const;

  const MixtureModel& model_;
  AnyRows x_;
  Weights w_;
  const FitOptions& options_;
  AnyFamily prepared_;
  std::vector<Index> learnable_;  // components that take part in a partition
  Index groups_ = 0;              // how many
  PartitionPool* pool_;
  mutable Lazy<std::shared_ptr<Partitions>> partitions_;
};

}  // namespace mix
