#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "mix/types.h"

namespace mix {

/// Where a block stands: what a policy may depend on besides the densities.
struct BlockContext {
  Index first_row = 0;     ///< index of the block's first row among all rows
  Index iteration = 0;     ///< 0 in the first pass
  std::uint64_t seed = 0;  ///< of the run
};

/// How rows are shared among components: the E-step. `assign` replaces `l`, the rows x components
/// matrix of log weight plus log density, by responsibilities, and writes each row's term of the
/// objective that the policy maximizes. A row whose entries are all minus infinity gets
/// responsibilities 0 and the term minus infinity. A policy that treats equal rows alike says so by
/// `static constexpr bool by_row = false`; equal rows may then be counted together.
template <class A>
concept Assignment = std::copyable<A> &&
    requires(const A& a, const BlockContext& context, MatrixRef l, VectorRef term) {
  a.assign(context, l, term);
};

/// Responsibilities by Bayes' theorem: plain EM. Objective: the log-likelihood.
struct Soft {
  static constexpr bool by_row = false;
  void assign(const BlockContext& context, MatrixRef l, VectorRef term) const;
};

/// As Soft, but the `share` of the rows that are least probable are left out of each M-step,
/// counted by weight, so that one row may be left out in part: the rows are chosen anew in each
/// pass (Neykov, Filzmoser, Dimova & Neytchev 2007; Garcia-Escudero, Gordaliza, Matran & Mayo-Iscar
/// 2008). Objective: the log-likelihood of the rows that are kept, the highest that so many can
/// have at the same parameters, so that it never falls. A pass evaluates the densities twice.
/// `assign` itself sees one block of rows and leaves none out.
struct Trimmed {
  static constexpr bool by_row = false;
  double share = 0.05;  ///< from 0, none, to 0.5
  void assign(const BlockContext& context, MatrixRef l, VectorRef term) const;
};

/// Every row to its best component, ties to the lowest index: classification EM (Celeux & Govaert
/// 1992). Objective: the classification log-likelihood. The run ends when the labels repeat.
struct Hard {
  static constexpr bool hard = true;
  static constexpr bool by_row = false;
  void assign(const BlockContext& context, MatrixRef l, VectorRef term) const;
};

/// Every row to a component drawn from its responsibilities: stochastic EM. No objective is
/// monotone; the run keeps the parameters with the highest log-likelihood.
struct Stochastic {
  static constexpr bool ascends = false;
  void assign(const BlockContext& context, MatrixRef l, VectorRef term) const;
};

/// Stochastic approximation EM (Delyon, Lavielle & Moulines 1999): rows are drawn as in Stochastic,
/// but M-steps see running means of the statistics, s <- (1 - g) s + g s_t, with g = 1 in the first
/// `burn_in` passes and g = t^-decay in the t-th pass from there, which takes the noise of the
/// draws away: parameters converge to a stationary point of the log-likelihood. The run keeps those
/// with the highest one. For families that are estimated from additive statistics in one exact
/// step, which is tried out at the start; `run_em` refuses others with std::invalid_argument.
struct Saem {
  static constexpr bool ascends = false;
  Index burn_in = 50;  ///< passes of stochastic EM, at least 0
  double decay = 0.7;  ///< above 1/2, at most 1
  /// g of that pass. Throws std::invalid_argument for settings out of bounds.
  [[nodiscard]] double step(Index iteration) const;
  [[nodiscard]] Index stage(Index iteration) const { return iteration < burn_in ? 0 : 1; }
  [[nodiscard]] Index last_stage() const { return 1; }
  void assign(const BlockContext& context, MatrixRef l, VectorRef term) const;
};

/// Responsibilities proportional to the power `beta` of the joint density, with beta moving from
/// `first` to 1 in `steps` geometric steps, one per `iterations_per_step` iterations: deterministic
/// annealing (Ueda & Nakano 1998). Objective at fixed beta: (1/beta) sum log sum exp(beta l).
struct Annealed {
  static constexpr bool by_row = false;
  double first = 0.5;  ///< above 0, at most 1
  Index steps = 10;
  Index iterations_per_step = 5;
  [[nodiscard]] double beta(Index iteration) const;
  /// Objectives are comparable within one stage; the last stage is plain EM.
  [[nodiscard]] Index stage(Index iteration) const;
  [[nodiscard]] Index last_stage() const { return steps; }
  void assign(const BlockContext& context, MatrixRef l, VectorRef term) const;
};

/// Only the `keep` best components of a row share it (Forster & Luecke 2018): keep = 1 is Hard,
/// keep = K is Soft. Objective: sum log sum over the kept, a lower bound of the log-likelihood.
///
/// With `neighbors` above 0 a pass looks for the best components of a row only among the
/// `neighbors` components that are closest to those that it kept in the pass before (each of these
/// among them), and among `extra` components drawn at random, so that a pass costs as much for any
/// number of components; the first one evaluates all. `assign` itself sees one block of rows and
/// always searches all.
struct Truncated {
  static constexpr bool by_row = false;
  Index keep = 5;       ///< components that share a row, at least 1
  Index neighbors = 0;  ///< closest components of each, itself included; 0: all are searched
  Index extra = 1;      ///< components drawn for each row in each pass; without neighbors none
  void assign(const BlockContext& context, MatrixRef l, VectorRef term) const;
};

/// Rows with a known label belong to that component; the others (label -1) are shared as in Soft.
/// `labels` has one entry per row of the data. The same as a LabelPrior of ones and zeros.
struct Known {
  static constexpr bool numbered = true;
  std::vector<Index> labels;
  /// The labels of some rows, in this order.
  [[nodiscard]] Known of_rows(const std::vector<Index>& rows) const;
  /// Writes for each component what is known of a row: 1 where it belongs there, otherwise 0.
  void evidence(Index row, VectorRef of_components) const;
  [[nodiscard]] bool allows(Index row, Index k) const {
    const Index label = labels[static_cast<std::size_t>(row)];
    return label < 0 || label == k;
  }
  void assign(const BlockContext& context, MatrixRef l, VectorRef term) const;
};

/// Soft labels: how probable each component is beforehand for each row, besides the mixing weights
/// pi. The objective is the sum over rows n of w_n log sum over k of pi_k a_nk f_k(x_n) (partially
/// supervised learning: Come, Oukhellou, Denoeux & Aknin 2009 call a_nk plausibilities). A row of
/// ones, or of any other constant, says nothing; a zero forbids the component. The numbers count as
/// they are: a row times c adds w_n log c to the objective and changes nothing else.
class LabelPrior {
 public:
  static constexpr bool numbered = true;
  /// `probability`: rows x components. Throws std::invalid_argument that names row and component of
  /// a number that is negative or not finite, or a row of zeros.
  explicit LabelPrior(const Matrix& probability);

  [[nodiscard]] Index rows() const { return log_.rows(); }
  [[nodiscard]] Index components() const { return log_.cols(); }
  /// The prior of some rows, in this order.
  [[nodiscard]] LabelPrior of_rows(const std::vector<Index>& rows) const;
  /// The prior for some of the components, in this order; each row must allow one of them.
  [[nodiscard]] LabelPrior of_components(const std::vector<Index>& components) const;
  /// With further components, of which the rows that say nothing may be as of all others, and no
  /// other rows. Throws std::invalid_argument for fewer components than there are.
  [[nodiscard]] LabelPrior extended(Index components) const;
  /// Writes for each component what the row says of it beyond even shares among those that the
  /// prior was given for, leaving out what it was extended by: 0 is nothing, 1 certainty.
  void evidence(Index row, VectorRef of_components) const;
  [[nodiscard]] bool allows(Index row, Index k) const { return log_(row, k) > -infinity; }
  /// The logarithm of the number; minus infinity where the component is forbidden.
  [[nodiscard]] double log_probability(Index row, Index k) const { return log_(row, k); }
  /// Whether both rows say the same.
  [[nodiscard]] bool agree(Index row, Index other) const {
    return log_.row(row) == log_.row(other);
  }
  /// Whether every row either says nothing or forbids all components but one, as Known does.
  [[nodiscard]] bool certain() const;
  /// Whether the row has the same number for all components.
  [[nodiscard]] bool says_nothing(Index row) const {
    return log_.row(row).minCoeff() == log_.row(row).maxCoeff();
  }
  /// The rows divided by their sums.
  [[nodiscard]] Matrix shares() const;
  void assign(const BlockContext& context, MatrixRef l, VectorRef term) const;

 private:
  LabelPrior() = default;
  Matrix log_;       // rows x components
  Index named_ = 0;  // how many of them, the first ones, it was given for
};

/// Any assignment policy, owned by value.
class AnyAssignment {
 public:
  AnyAssignment() : AnyAssignment(Soft{}) {}
  template <class A>
  requires(!std::same_as<std::remove_cvref_t<A>, AnyAssignment> &&
           Assignment<std::remove_cvref_t<A>>)
      AnyAssignment(A policy)  // NOLINT(google-explicit-constructor): conversion is its purpose
      : self_(std::make_shared<const Holder<A>>(std::move(policy))) {}

  void assign(const BlockContext& context, MatrixRef l, VectorRef term) const {
    self_->assign(context, l, term);
  }
  /// Whether the objective may never fall while the stage stays the same.
  [[nodiscard]] bool ascends() const { return self_->ascends(); }
  /// Whether responsibilities are 0 or 1, so that the run can end when the labels repeat.
  [[nodiscard]] bool hard() const { return self_->hard(); }
  /// Whether what happens to a row may depend on its place among the rows.
  [[nodiscard]] bool by_row() const { return self_->by_row(); }
  /// Whether what is known of rows numbers the components.
  [[nodiscard]] bool numbered() const { return self_->numbered(); }
  [[nodiscard]] Index stage(Index iteration) const { return self_->stage(iteration); }
  [[nodiscard]] Index last_stage() const { return self_->last_stage(); }
  /// The policy inside when it is an A, otherwise null.
  template <class A>
  [[nodiscard]] const A* as() const {
    const auto* holder = dynamic_cast<const Holder<A>*>(self_.get());
    return holder != nullptr ? &holder->policy : nullptr;
  }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual void assign(const BlockContext& context, MatrixRef l, VectorRef term) const = 0;
    [[nodiscard]] virtual bool ascends() const = 0;
    [[nodiscard]] virtual bool hard() const = 0;
    [[nodiscard]] virtual bool by_row() const = 0;
    [[nodiscard]] virtual bool numbered() const = 0;
    [[nodiscard]] virtual Index stage(Index iteration) const = 0;
    [[nodiscard]] virtual Index last_stage() const = 0;
  };
  template <class A>
  struct Holder final : Interface {
    explicit Holder(A value) : policy(std::move(value)) {}
    void assign(const BlockContext& context, MatrixRef l, VectorRef term) const override {
      policy.assign(context, l, term);
    }
    [[nodiscard]] bool ascends() const override {
      if constexpr (requires { A::ascends; }) return A::ascends;
      return true;
    }
    [[nodiscard]] bool hard() const override {
      if constexpr (requires { A::hard; }) return A::hard;
      return false;
    }
    [[nodiscard]] bool by_row() const override {
      if constexpr (requires { A::by_row; }) return A::by_row;
      return true;
    }
    [[nodiscard]] bool numbered() const override {
      if constexpr (requires { A::numbered; }) return A::numbered;
      return false;
    }
    [[nodiscard]] Index stage([[maybe_unused]] Index iteration) const override {
      if constexpr (requires { policy.stage(iteration); }) return policy.stage(iteration);
      return 0;
    }
    [[nodiscard]] Index last_stage() const override {
      if constexpr (requires { policy.last_stage(); }) return policy.last_stage();
      return 0;
    }
    A policy;
  };
  std::shared_ptr<const Interface> self_;  // immutable, so copies may share it
};

}  // namespace mix
