#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "mix/any_family.h"
#include "mix/distributions/regression_design.h"

namespace mix {

/// A family whose mixing weights depend on covariates: concomitant variables, or the gate of a
/// mixture of experts.
///
/// The weight of component k in a row with the gate's covariates z is
///
///     p_k(z) = exp(a_k + z' g_k) / sum over l of exp(a_l + z' g_l),   a_1 = 0, g_1 = 0
///
/// (Dayton & Macready 1988). The mixture's own mixing weights are equal; `fit` sees to it. The log
/// density of component k is log(K p_k(z)) + log f_k(x), with f_k that of the wrapped family, so
/// that the mixture has the density sum over k of p_k(z) f_k(x), given z; a single component is no
/// distribution of its own. The wrapped family describes the first columns of a row, the gate reads
/// any columns, of those and of further ones, which have no distribution. Its step is Newton's,
/// shortened so that it never lowers the likelihood, as in GeneralizedLinear. Rows of a group share
/// a component, so their gate is that of the group, whose rows agree in the gate's columns: `fit`
/// and what else knows of groups use `with_group_shares`. Streams when the
/// wrapped family does; draws rows only where the columns of the gate are given, for these have no
/// distribution.
class Gated {
 public:
  static constexpr std::string_view name = "gated";

  Gated() = default;
  /// The gate reads the columns `gate_columns` of a row, counted from 0; weights are equal
  /// to begin with. Throws std::invalid_argument when the columns leave a gap behind those of the
  /// family, or one is named twice. A template, because a plain AnyFamily parameter would make the
  /// question whether a Gated can be copied depend on itself.
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Gated> && std::convertible_to<F, AnyFamily>)
      Gated(F&& family, std::vector<Index> gate_columns)
      : family_(std::forward<F>(family)), gate_columns_(std::move(gate_columns)) {
    set_up();
  }

  [[nodiscard]] const AnyFamily& family() const { return family_; }
  /// The same gate before another family of as many components and columns.
  [[nodiscard]] Gated with_family(AnyFamily family) const {
    Gated other = *this;
    other.family_ = std::move(family);
    return other;
  }
  [[nodiscard]] const std::vector<Index>& gate_columns() const { return gate_columns_; }
  /// a_k, where all covariates of the gate are 0; 0 for the first component.
  [[nodiscard]] double gate_intercept(Index k) const;
  /// g_k, one per column of the gate.
  [[nodiscard]] Vector gate_coefficients(Index k) const;
  /// rows x size(): p_k(z).
  [[nodiscard]] Matrix weights(Rows x) const;

  /// The same for rows of groups: one more column, behind the others, holds the part of a row in
  /// its group, parts of which sum to one over the group by weight. The log weight of the gate
  /// counts so often, and so does the row in the gate's step.
  [[nodiscard]] Gated with_group_shares() const;
  /// Without that column again.
  [[nodiscard]] Gated without_group_shares() const;
  [[nodiscard]] bool has_group_shares() const { return share_column_ >= 0; }

  [[nodiscard]] std::string title() const { return family_.title() + ", gated"; }
  [[nodiscard]] Index size() const { return family_.size(); }
  [[nodiscard]] Index dimension() const { return dimension_; }
  [[nodiscard]] Index parameter_count() const;
  void log_densities(Rows x, MatrixRef out) const;
  [[nodiscard]] bool samples() const { return false; }
  /// Throws NotAvailable; rows are drawn where the gate's columns are given (`sample_given` of the
  /// mixture).
  void sample(Index k, Rng& rng, VectorRef out) const;
  /// The gate and the chosen columns of the family, in the order chosen. Throws NotAvailable unless
  /// the gate's columns are among them.
  [[nodiscard]] Gated marginal(const std::vector<Index>& columns) const;
  /// The family, where the gate's columns and others have these values: the mixing weights there
  /// are what `marginal` says of them. Throws NotAvailable unless the gate's columns are given.
  [[nodiscard]] AnyFamily conditional(const std::vector<Index>& columns,
                                      ConstVectorRef values) const;

  [[nodiscard]] bool streams() const { return family_.streams(); }
  /// Gradient and information of the gate, the mass, then the statistics of the family.
  [[nodiscard]] Index statistics_size() const;
  void accumulate(Rows x, Shares shares, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  void fit(const AnyRows& x, Shares shares);
  void start(const AnyRows& x, Shares shares);
  [[nodiscard]] Index cycles() const { return family_.cycles(); }
  void select_cycle(Index cycle) { family_.select_cycle(cycle); }

  [[nodiscard]] bool charted() const { return family_.charted(); }
  /// Coefficients of the gate in its basis, then the coordinates of the family.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the basis of the gate. Throws std::invalid_argument for columns of the gate that are
  /// not finite, constant or linear combinations of others, and as the family does.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(const AnyRows& x) const;
  /// That of the family.
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] double log_prior() const { return family_.log_prior(); }
  [[nodiscard]] std::string flaw(Index k, double mass) const { return family_.flaw(k, mass); }
  /// That of the family, or that the gate separates the components, so that its coefficients grow
  /// without bound.
  [[nodiscard]] std::string caution(Index k) const;
  [[nodiscard]] bool selects() const { return family_.selects(); }
  void select(const std::vector<Index>& order);

  void fields(Fields& visit);
  /// A list `blocks`: the family's parameters, and those of the gate.
  void describe(Index k, Fields& visit) const;

 private:
  void set_up();
  void check();
  // Where the gate's columns are among those chosen.
  [[nodiscard]] std::vector<Index> gate_places(const std::vector<Index>& columns) const;
  [[nodiscard]] Index gate_statistics() const;
  [[nodiscard]] Matrix gate_rows(const AnyRows& x) const;
  [[nodiscard]] Matrix log_weights(const Matrix& basis) const;
  // The shares as often as each row counts for the gate.
  [[nodiscard]] Matrix gate_shares(const AnyRows& x, Shares shares) const;
  void accumulate_gate(const Matrix& gate, Shares shares, VectorRef statistics) const;
  // Returns what the step promises, per unit of weight.
  double maximize_gate(ConstVectorRef sum);
  double step_gate(const Matrix& gate, Shares shares);

  AnyFamily family_;
  std::vector<Index> gate_columns_;
  Index share_column_ = -1;  // of the groups' shares, the last one; -1 for none
  Index dimension_ = 0;
  RegressionDesign design_;
  Matrix coefficients_;  // design_.size() x size(), in the basis; 0 in the first column
};

}  // namespace mix
