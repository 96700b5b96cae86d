#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/any_family.h"

namespace mix {

/// Any family with a prior for its parameters: that of having seen some imaginary rows before.
///
/// The prior density of the parameters of a component is proportional to prod_m f(z_m)^u_m, the
/// likelihood of rows z_m with weights u_m (power prior, Ibrahim & Chen 2000; the conjugate prior
/// of an exponential family, Diaconis & Ylvisaker 1979). A step maximizes the posterior: to the
/// statistics of the data it adds those of the imaginary rows under the present parameters, or to
/// the rows themselves where the family does not stream. So whatever step raises the likelihood
/// raises the posterior. Of the log prior a term free of parameters is left out.
///
/// By default the imaginary rows are the data's own, of all components together, and weigh as much
/// as one row per component (a unit-information prior, Kass & Wasserman 1995). It keeps counts and
/// categories of which a component has none from a probability of 0, and components of few rows
/// from collapsing. `prepare` learns the rows: the statistics of all where features are the row
/// itself, otherwise up to 256 different rows, evenly spaced in the order of their values.
class WithImaginaryRows {
 public:
  static constexpr std::string_view name = "with_imaginary_rows";
  static constexpr bool reads_missing_cells = true;

  WithImaginaryRows() = default;
  /// The data's own rows, with this weight in each component. Throws std::invalid_argument unless
  /// it is positive and finite.
  WithImaginaryRows(AnyFamily family, double weight);
  /// These rows with these weights in each component. Throws std::invalid_argument unless there is
  /// a positive and finite weight for each row and the columns are the family's.
  WithImaginaryRows(AnyFamily family, Matrix rows, Vector weights);

  [[nodiscard]] const AnyFamily& family() const { return family_; }
  /// The same imaginary rows for another family of as many components and columns.
  [[nodiscard]] WithImaginaryRows with_family(AnyFamily family) const {
    WithImaginaryRows other = *this;
    other.family_ = std::move(family);
    return other;
  }
  /// The total weight of the imaginary rows of a component.
  [[nodiscard]] double weight() const { return weight_; }
  [[nodiscard]] std::string title() const;

  [[nodiscard]] Index size() const { return family_.size(); }
  [[nodiscard]] Index dimension() const { return family_.dimension(); }
  [[nodiscard]] Index parameter_count() const { return family_.parameter_count(); }
  void log_densities(const AnyRows& x, MatrixRef out) const { family_.log_densities(x, out); }
  void log_densities(const AnyRows& x, MatrixRef out, BlockMemory& memory) const {
    family_.log_densities(x, out, memory);
  }
  [[nodiscard]] bool samples() const { return family_.samples(); }
  void sample(Index k, Rng& rng, VectorRef out) const { family_.sample(k, rng, out); }
  void impute(Index k, MatrixRef x, Rng* rng) const { family_.impute(k, x, rng); }
  [[nodiscard]] bool takes_missing_cells() const { return family_.takes_missing_cells(); }
  [[nodiscard]] bool takes_single_precision() const { return family_.takes_single_precision(); }
  [[nodiscard]] double cdf(Index k, double x) const { return family_.cdf(k, x); }
  [[nodiscard]] Moments moments(Index k) const { return family_.moments(k); }
  [[nodiscard]] AnyFamily marginal(const std::vector<Index>& columns) const {
    return family_.marginal(columns);
  }
  [[nodiscard]] AnyFamily conditional(const std::vector<Index>& columns,
                                      ConstVectorRef values) const {
    return family_.conditional(columns, values);
  }

  [[nodiscard]] bool streams() const { return family_.streams(); }
  [[nodiscard]] Index statistics_size() const { return family_.statistics_size(); }
  void accumulate(const AnyRows& x, Shares shares, VectorRef statistics) const {
    family_.accumulate(x, shares, statistics);
  }
  void accumulate(const AnyRows& x, Shares shares, VectorRef statistics,
                  BlockMemory& memory) const {
    family_.accumulate(x, shares, statistics, memory);
  }
  void maximize(ConstVectorRef sum);
  void fit(const AnyRows& x, Shares shares);
  void start(const AnyRows& x, Shares shares);

  [[nodiscard]] bool charted() const { return family_.charted(); }
  [[nodiscard]] Vector coordinates() const { return family_.coordinates(); }
  void set_coordinates(ConstVectorRef v) { family_.set_coordinates(v); }
  [[nodiscard]] Index cycles() const { return family_.cycles(); }
  void select_cycle(Index cycle) { family_.select_cycle(cycle); }

  /// Learns the imaginary rows unless they were given.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(const AnyRows& x) const {
    return family_.check_support(x);
  }
  [[nodiscard]] Matrix embed(const AnyRows& x) const { return family_.embed(x); }
  [[nodiscard]] double log_prior() const;
  [[nodiscard]] std::string flaw(Index k, double mass) const;
  [[nodiscard]] std::string caution(Index k) const { return family_.caution(k); }
  [[nodiscard]] bool selects() const { return family_.selects(); }
  void select(const std::vector<Index>& order) { family_.select(order); }
  void fields(Fields& visit);
  void describe(Index k, Fields& visit) const { family_.describe(k, visit); }

 private:
  void check() const;
  void learn_statistics(const AnyRows& x, Weights w);
  void learn_rows(const AnyRows& x, Weights w);
  // The statistics of the imaginary rows of all components.
  [[nodiscard]] Vector imaginary_statistics() const;

  AnyFamily family_;
  double weight_ = 1;
  Index given_ = 0;     // 1 where the rows are not the data's
  Matrix rows_;         // none where statistics are known instead
  Vector row_weights_;  // sum to weight_
  Vector statistics_;   // of one component
};

/// The family with the prior of having seen rows like the data, `weight` of them per component.
inline WithImaginaryRows with_prior(AnyFamily family, double weight = 1) {
  return {std::move(family), weight};
}
/// The family with the prior of having seen these rows in each component.
inline WithImaginaryRows with_prior(AnyFamily family, Matrix rows, Vector weights) {
  return {std::move(family), std::move(rows), std::move(weights)};
}

}  // namespace mix
