#pragma once

#include <cstdint>
#include <vector>

#include "mix/assignment.h"
#include "mix/em.h"
#include "pass.h"
#include "rows_by_component.h"

namespace mix {

/// The E-step of Truncated for a separable family. Of a row only the components that it keeps are
/// remembered, and only these get statistics of it: memory is rows x keep, components x neighbors
/// and one vector of statistics. Rows are taken in large groups; within a group the rows that
/// concern a component are gathered, so that its densities and statistics are computed as those of
/// a block.
///
/// The search is that of Forster & Luecke (2018) and Hirschberger, Forster & Luecke (2022). A row n
/// keeps the set K_n; it is searched among Q_n, the union of the neighbors of the components in
/// K_n, and some random ones. Since each component is its own neighbor, Q_n contains K_n, and the
/// objective cannot fall. The divergence of component j from c is estimated by the mean of log
/// f_c(x_n) - log f_j(x_n) over the rows whose best component is c and whose Q_n contains j; the
/// closest become the neighbors of c.
class TruncatedExpectation {
 public:
  /// `x`: dense rows. Throws std::invalid_argument for a policy that cannot be.
  TruncatedExpectation(const AnyRows& x, Weights w, const Truncated& policy, std::uint64_t seed);

  /// Whether this E-step can serve the family, and is quicker than densities and statistics of all
  /// components in each block.
  [[nodiscard]] bool serves(const AnyFamily& family) const;

  Pass operator()(const MixtureState& state, Index iteration);

  /// The same after the worst-explained rows of the last pass were given to the empty components.
  Pass reseeded(const MixtureState& state, Index iteration, const std::vector<Index>& empty);

 private:
  using Indices = Eigen::MatrixXi;
  // Rows first to first + count - 1.
  struct Group {
    Index first;
    Index count;
  };
  // An estimate of a divergence in the making.
  struct Divergence {
    int component;
    double mass;
    double sum;
    [[nodiscard]] double mean() const { return sum / mass; }
  };

  void restart(Index components);
  [[nodiscard]] Index group_rows() const;
  [[nodiscard]] Index most_candidates() const;
  void search_all(const MixtureState& state, Group group);
  void find_candidates(Group group, Index iteration);
  void evaluate_candidates(const AnyFamily& family, Group group);
  void keep_best(Group group);
  void share(Group group, Pass& pass);
  void accumulate(const AnyFamily& family, Group group, Pass& pass);
  void compare_components(Group group);
  void choose_neighbors();

  AnyRows x_;
  Weights w_;
  Truncated policy_;
  std::uint64_t seed_;

  // What a pass leaves to the next.
  Index components_ = 0;
  Index keep_ = 0;
  bool searched_ = false;    // whether kept_ and neighbors_ are of these components
  Indices kept_;             // keep x rows, best first; -1: none
  Indices neighbors_;        // neighbors x components, the component itself first; -1: none
  Vector term_;              // of each row in the objective
  std::vector<int> forced_;  // the component that a row was given to, or -1

  // Within a pass.
  Vector log_weights_;
  std::vector<std::vector<Divergence>> divergences_;  // of each component from others
  // Within a group of rows.
  Matrix rows_;         // columns x rows
  Indices candidates_;  // most_candidates x rows
  Matrix densities_;    // of them, with the log weight
  std::vector<int> candidate_counts_;
  std::vector<int> best_places_;  // of the best among them; -1: none, or it was given the row
  Matrix shares_;                 // rows x keep
  RowsByComponent lists_;
};

}  // namespace mix
