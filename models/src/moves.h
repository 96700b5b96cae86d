#pragma once

#include <string>
#include <vector>

#include "mix/em.h"
#include "mix/random.h"
#include "starter.h"

namespace mix {

/// By how much the log-likelihood falls when component k is removed and the other weights are
/// scaled up to sum to one: sum of w (log f - log f without k), for each column k of `log_joint`,
/// log pi_k f_k(x_n). Exact.
Vector removal_costs(const Matrix& log_joint, Weights w);

/// A place from which to climb anew.
struct Move {
  std::string name;
  Matrix shares;  ///< rows x components, each row sums to the row's weight
};

/// Moves from optima that were found to places from which EM may find better ones. They need no
/// more of a family than its densities and its M-step: each is a way to share the rows. Components
/// without parameters stay where they are, and those of a list of families stay in their family.
class Moves {
 public:
  Moves(const Starter& starter, const AnyRows& x, Weights w);

  /// A random move: components of both parents put together (crossover, transplant), or one of the
  /// mother's components given up for a new one where rows are badly explained (swap) or where a
  /// component covers two groups (split). Parents may be the same; then only the latter.
  [[nodiscard]] Move propose(const MixtureState& mother, const MixtureState& father,
                             Rng& rng) const;

  /// For each component of one parent, its counterpart in the other: the matching with the largest
  /// sum over rows of w sqrt(r s).
  [[nodiscard]] std::vector<Index> counterparts(const Matrix& r, const Matrix& s) const;

 private:
  [[nodiscard]] Matrix log_joint_of(const MixtureState& state) const;
  [[nodiscard]] Move crossover(Matrix mother, const Matrix& father, Rng& rng) const;
  [[nodiscard]] Move transplant(Matrix mother, const Matrix& father, Rng& rng) const;
  [[nodiscard]] Move swap(const Matrix& mother, Rng& rng) const;
  [[nodiscard]] Move split_other(const Matrix& mother, Rng& rng) const;
  // A component to give up: one that can go cheaply, or any.
  [[nodiscard]] Index dispensable(const Matrix& log_joint, Rng& rng) const;

  const Starter& starter_;
  AnyRows x_;
  Weights w_;
  std::vector<Index> places_;  // of the components that take part
  std::vector<Index> part_;    // of the list of families that each component belongs to
};

}  // namespace mix
