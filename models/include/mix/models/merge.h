#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/groups.h"
#include "mix/models/mixture_model.h"

namespace mix {

/// Which two clusters are joined next.
enum class MergeRule {
  /// Those whose joining lowers the entropy of the responsibilities most (Baudry, Raftery, Celeux,
  /// Lo & Gottardo 2010).
  entropy,
  /// Those between which rows are most often misclassified, estimated from the responsibilities
  /// (DEMP, Hennig 2010).
  misclassification,
};

/// The name used on the command line: "entropy" or "demp".
std::string to_string(MergeRule rule);

/// The rule of that name; throws std::invalid_argument with the list.
MergeRule parse_merge_rule(std::string_view name);

/// One joining of two clusters.
struct MergeStep {
  /// Clusters are numbered as components, 0 to K-1, and then K, K+1, ... in the order in which they
  /// come about.
  Index first = 0;
  Index second = 0;
  /// What the rule looks at: nats of entropy removed; or the probability that a row of one of the
  /// two is given to the other, the larger of both directions.
  double value = 0;
  double entropy = 0;  ///< of the clusters after it, in nats
  double rows = 0;     ///< weight of the rows whose most probable cluster is one of the two
};

/// The components of a mixture joined step by step to one cluster.
struct MergeTree {
  MergeRule rule = MergeRule::entropy;
  Index n_components = 0;
  double entropy = 0;              ///< of the components, -sum w r log r
  std::vector<MergeStep> steps{};  ///< n_components - 1 of them
  /// A number of clusters to look at. Entropy: the elbow, where two straight lines fit the entropy
  /// best as a function of the rows joined so far (Baudry et al. 2010, section 4); 2 of two
  /// components. Misclassification: as many as are left when no probability is above the cutoff.
  Index suggested = 1;

  /// The cluster of each component, from 0 in the order of their first components. Throws
  /// std::invalid_argument unless 1 <= count <= n_components.
  [[nodiscard]] std::vector<Index> clusters(Index count) const;
};

struct MergeOptions {
  MergeRule rule = MergeRule::entropy;
  /// One non-negative weight per row; empty means one each.
  Vector sample_weight{};
  /// Rows that share a component: the groups are what is clustered.
  Groups groups{};
  /// Of the misclassification probability (Hennig 2010 proposes 0.025).
  double cutoff = 0.025;
  /// Threads to use; 0 means one per core. The result does not depend on it.
  Index threads = 0;
};

/// Joins components that together are one cluster. The model stays what it is: only which of its
/// components count as the same label. Throws std::invalid_argument for rows or weights that the
/// model cannot have.
MergeTree merge_components(const MixtureModel& model, const AnyRows& x,
                           const MergeOptions& options = {});

/// The same density with a component for each cluster, itself a mixture of the components of which
/// `cluster` says so (from 0, one for each component): its labels are those of clusters. Of
/// families with parameters in common each cluster gets a copy of these. Throws
/// std::invalid_argument unless there is one cluster for each component and none between 0 and the
/// largest is empty, NotAvailable for families whose components cannot be taken apart.
MixtureModel mixture_of_clusters(const MixtureModel& model, const std::vector<Index>& cluster);

}  // namespace mix
