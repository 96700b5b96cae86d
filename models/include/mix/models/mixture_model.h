#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mix/em.h"
#include "mix/family_list.h"

namespace mix {

/// Rows drawn from a mixture, with the component each came from.
struct Sample {
  Matrix x;                   ///< rows x columns
  std::vector<Index> labels;  ///< component of each row, from 0
};

/// A mean over random rows, and its standard error.
struct MonteCarlo {
  double value = 0;
  double standard_error = 0;
};

/// What a mixture predicts of some columns from others, a row for each row of those.
struct Regression {
  Matrix mean;                ///< rows x predicted columns
  Matrix standard_deviation;  ///< likewise
};

/// A mixture: each row comes from component k with probability weights()[k]. It is itself a
/// distribution, so mixtures nest.
class MixtureModel {
 public:
  static constexpr std::string_view name = "mixture";
  static constexpr bool reads_missing_cells = true;

  MixtureModel() = default;
  /// Equal weights. A template, so that a MixtureModel is copied here and never converted.
  template <std::same_as<AnyFamily> F>
  explicit MixtureModel(F family) : state_{equal_weights(family.size()), std::move(family)} {}
  /// Throws std::invalid_argument unless there is one non-negative weight per component and they
  /// sum to one within 1e-6 (they are then normalized).
  MixtureModel(Vector weights, AnyFamily family);
  /// The result of an estimation, and how its weights were treated.
  MixtureModel(MixtureState state, MixingWeights mixing);

  [[nodiscard]] Index n_components() const { return state_.weights.size(); }
  /// The probability of each component.
  [[nodiscard]] const Vector& weights() const { return state_.weights; }
  [[nodiscard]] const AnyFamily& family() const { return state_.family; }
  [[nodiscard]] const MixtureState& state() const { return state_; }
  /// What an M-step does to the weights; it decides how many free parameters they are.
  [[nodiscard]] MixingWeights mixing() const { return mixing_; }
  [[nodiscard]] std::string title() const { return state_.family.title(); }

  [[nodiscard]] Index dimension() const { return state_.family.dimension(); }
  [[nodiscard]] Index parameter_count() const;

  // Rows may be dense ones of doubles or of floats, or sparse.

  /// Writes the log density of each row.
  void log_density(const AnyRows& x, VectorRef out) const;
  /// The log density of each row.
  [[nodiscard]] Vector log_density(const AnyRows& x) const;
  /// The probability that row i came from component k, rows x components.
  [[nodiscard]] Matrix responsibilities(const AnyRows& x) const;
  /// Responsibilities and log densities together, for little more than the price of one.
  [[nodiscard]] Posterior posterior(const AnyRows& x) const;
  /// The same of groups whose rows share a component, a row for each group.
  [[nodiscard]] Posterior posterior(const AnyRows& x, const Groups& groups) const;
  /// The most probable component of each row, from 0; ties to the lowest index. -1 for a row that
  /// no component explains. Missing cells (NaN) drop out.
  [[nodiscard]] std::vector<Index> predict(const AnyRows& x) const;
  /// The sum of the rows' log densities.
  [[nodiscard]] double log_likelihood(const AnyRows& x) const;
  /// The mean of the rows' log densities. Throws std::invalid_argument for no rows.
  [[nodiscard]] double score(const AnyRows& x) const;

  /// Draws one row into `out`.
  void sample(Rng& rng, VectorRef out) const;
  /// Draws `n` rows, the first of which is row `first_row` of all that this seed gives: row i
  /// depends on the seed and i alone.
  [[nodiscard]] Sample sample(Index n, std::uint64_t seed, Index first_row = 0) const;

  // What follows needs the same of every component's family; where one does not offer it
  // NotAvailable is thrown, with its name. Columns count from 0.

  /// The probability of values up to x, of a model of one column.
  [[nodiscard]] double cdf(double x) const;
  /// The least x whose cdf is at least p, of a model of one column: to the last bit, also where the
  /// cdf jumps or is flat. Throws std::invalid_argument unless 0 < p < 1.
  [[nodiscard]] double quantile(double p) const;
  /// Mean and covariance; infinite or NaN where Moments says so.
  [[nodiscard]] Moments moments() const;
  [[nodiscard]] Vector mean() const { return moments().mean; }
  [[nodiscard]] Matrix covariance() const { return moments().covariance; }
  /// The mixture of the chosen columns alone, in this order.
  [[nodiscard]] MixtureModel marginal(const std::vector<Index>& columns) const;
  /// The mixture of all other columns, in their order, where the chosen ones have these values.
  /// Its weights are the responsibilities of the components for the values; where no component
  /// explains these, the weights stay. Throws std::invalid_argument unless there is one finite
  /// value for each chosen column and a column is left.
  [[nodiscard]] MixtureModel conditional(const std::vector<Index>& columns,
                                         ConstVectorRef values) const;
  /// Predicts the other columns from chosen ones, of which `given` (rows x chosen columns) holds
  /// values: means and standard deviations of the conditional mixtures. NaN for rows with a cell
  /// that is not finite, and for those that no component explains.
  [[nodiscard]] Regression regression(const std::vector<Index>& columns,
                                      const AnyRows& given) const;
  /// Draws the other columns of rows whose chosen ones are `given` (rows x chosen columns), from
  /// the conditional mixtures: whole rows and components. Row i depends on the seed, on i and on
  /// what is given of it. Missing (NaN, component -1) where `regression` is.
  [[nodiscard]] Sample sample_given(const std::vector<Index>& columns, const AnyRows& given,
                                    std::uint64_t seed) const;
  /// The log density of each row's other cells where the chosen ones are what they are in the row.
  [[nodiscard]] Vector conditional_log_density(const std::vector<Index>& columns,
                                               const AnyRows& x) const;

  /// The differential entropy in nats (of counts and categories the entropy): minus the mean log
  /// density of `draws` random rows. Throws std::invalid_argument for fewer than 2 draws.
  [[nodiscard]] MonteCarlo entropy(Index draws = 100000, std::uint64_t seed = 1) const;
  /// The Kullback-Leibler divergence from this mixture to another one of the same columns, in nats:
  /// the mean over random rows of this one of how much more log density they have here. Infinite
  /// where the other does not explain a drawn row. Throws as `entropy`.
  [[nodiscard]] MonteCarlo divergence(const MixtureModel& other, Index draws = 100000,
                                      std::uint64_t seed = 1) const;
  /// The entropy of the weights, in nats: how uncertain the component of an unseen row is.
  [[nodiscard]] double weight_entropy() const;
  /// The entropy of each row's responsibilities, from 0 (certain) to log K (nothing known); NaN for
  /// a row that no component explains.
  [[nodiscard]] Vector label_entropy(const AnyRows& x) const;

  // As a component of another mixture: one M-step is one EM step inside.
  [[nodiscard]] bool takes_missing_cells() const { return state_.family.takes_missing_cells(); }
  [[nodiscard]] bool takes_infinite_cells(Index column) const {
    return state_.family.takes_infinite_cells(column);
  }
  [[nodiscard]] bool is_discrete() const { return state_.family.discrete(); }
  [[nodiscard]] bool streams() const { return state_.family.streams(); }
  [[nodiscard]] Index statistics_size() const;
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  void fit(const AnyRows& x, Weights w);
  /// First estimate from weighted rows: seeds the components inside.
  void start(const AnyRows& x, Weights w);
  void prepare(const AnyRows& x, Weights w) { state_.family.prepare(x, w); }
  [[nodiscard]] std::string check_support(const AnyRows& x) const {
    return state_.family.check_support(x);
  }
  [[nodiscard]] Matrix embed(Rows x) const { return state_.family.embed(x); }
  [[nodiscard]] double log_prior() const { return state_.family.log_prior(); }

  [[nodiscard]] bool charted() const { return state_.family.charted(); }
  /// The logarithms of the weights, where these are free, then the family's coordinates.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  [[nodiscard]] Index cycles() const { return state_.family.cycles(); }
  void select_cycle(Index cycle) { state_.family.select_cycle(cycle); }
  /// What is wrong with a component inside when this mixture holds `mass` rows.
  [[nodiscard]] std::string flaw(double mass) const;
  [[nodiscard]] std::string caution() const;

  void fields(Fields& visit);

 private:
  static Vector equal_weights(Index k);
  void check_weights();
  void check_columns(const AnyRows& x) const;
  // Calls body(row, values, conditional mixture) of the rows that have one.
  template <class Body>
  void for_each_conditional(const std::vector<Index>& columns, const AnyRows& given,
                            const Body& body) const;
  // Of components with weight.
  template <class Body>
  void for_each_component(const Body& body) const {
    for (Index k = 0; k < n_components(); ++k) {
      if (weights()[k] > 0) body(k, weights()[k]);
    }
  }

  MixtureState state_;
  MixingWeights mixing_ = MixingWeights::free;
};

/// A mixture of the given distributions and families, with equal weights:
/// `mixture(Gaussians(3, 2), UniformBox::around(x))`.
template <class... Families>
requires(sizeof...(Families) > 0 && (std::convertible_to<Families, AnyFamily> && ...)) MixtureModel
    mixture(Families&&... families) {
  if constexpr (sizeof...(Families) == 1) {
    return MixtureModel(AnyFamily(std::forward<Families>(families)...));
  } else {
    return MixtureModel(AnyFamily(FamilyList({AnyFamily(std::forward<Families>(families))...})));
  }
}

/// A mixture with known weights: `mixture({0.25, 0.75}, Normal(-2, 1), Normal(2, 1))`.
template <class... Families>
requires(sizeof...(Families) > 0 && (std::convertible_to<Families, AnyFamily> && ...)) MixtureModel
    mixture(std::initializer_list<double> weights, Families&&... families) {
  return MixtureModel(Eigen::Map<const Vector>(weights.begin(), static_cast<Index>(weights.size())),
                      mixture(std::forward<Families>(families)...).family());
}

}  // namespace mix
