#pragma once

#include <vector>

#include "mix/any_family.h"

namespace mix {

/// Families side by side as one family: the components of the first, then those of the second, and
/// so on. How different families meet in one mixture. Streams when all of them do.
class FamilyList {
 public:
  static constexpr std::string_view name = "list";
  static constexpr bool reads_missing_cells = true;

  FamilyList() = default;
  /// Throws std::invalid_argument when the dimensions differ.
  explicit FamilyList(std::vector<AnyFamily> families);

  [[nodiscard]] const std::vector<AnyFamily>& families() const { return families_; }
  /// The family that holds component k, and the index of the component within it.
  [[nodiscard]] std::pair<const AnyFamily*, Index> locate(Index k) const;
  [[nodiscard]] std::string title() const;

  [[nodiscard]] Index size() const;
  [[nodiscard]] Index dimension() const;
  [[nodiscard]] Index parameter_count() const;
  void log_densities(const AnyRows& x, MatrixRef out) const;
  void log_densities(const AnyRows& x, MatrixRef out, BlockMemory& memory) const;
  [[nodiscard]] bool samples() const;
  void sample(Index k, Rng& rng, VectorRef out) const;
  void impute(Index k, MatrixRef x, Rng* rng) const;
  [[nodiscard]] bool takes_missing_cells() const;
  [[nodiscard]] bool takes_infinite_cells(Index column) const;
  [[nodiscard]] bool takes_single_precision() const;
  [[nodiscard]] bool is_discrete() const;

  [[nodiscard]] double cdf(Index k, double x) const;
  [[nodiscard]] Moments moments(Index k) const;
  [[nodiscard]] FamilyList marginal(const std::vector<Index>& columns) const;
  [[nodiscard]] FamilyList conditional(const std::vector<Index>& columns,
                                       ConstVectorRef values) const;

  [[nodiscard]] bool streams() const;
  [[nodiscard]] Index statistics_size() const;
  void accumulate(const AnyRows& x, Shares shares, VectorRef statistics) const;
  void accumulate(const AnyRows& x, Shares shares, VectorRef statistics, BlockMemory& memory) const;
  [[nodiscard]] bool separable() const;
  void log_density_of(Index k, Rows x, VectorRef out) const;
  void accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  void fit(const AnyRows& x, Shares shares);
  void start(const AnyRows& x, Shares shares);

  [[nodiscard]] bool charted() const;
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  [[nodiscard]] Index cycles() const;
  void select_cycle(Index cycle);
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(const AnyRows& x) const;
  [[nodiscard]] Matrix embed(const AnyRows& x) const;
  [[nodiscard]] double log_prior() const;
  [[nodiscard]] std::string flaw(Index k, double mass) const;
  [[nodiscard]] std::string caution(Index k) const;

  [[nodiscard]] bool selects() const;
  /// Components of one family stay together, in the order of the families.
  void select(const std::vector<Index>& order);

  void fields(Fields& visit);
  void describe(Index k, Fields& visit) const;

 private:
  void check_dimensions() const;
  // Calls body(i, first component, first statistic) for each family.
  template <class Body>
  void for_each_part(const Body& body) const;

  std::vector<AnyFamily> families_;
};

/// A family whose parameters are known: it is evaluated and weighted, never estimated, and counts
/// no free parameters.
class Frozen {
 public:
  static constexpr std::string_view name = "frozen";
  static constexpr bool reads_missing_cells = true;

  Frozen() = default;
  /// Takes whatever AnyFamily takes. A template, because a plain AnyFamily parameter would make the
  /// question whether a Frozen can be copied depend on itself.
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Frozen> &&
           std::convertible_to<F, AnyFamily>) explicit Frozen(F&& family)
      : family_(std::forward<F>(family)) {}

  [[nodiscard]] const AnyFamily& family() const { return family_; }
  [[nodiscard]] std::string title() const { return family_.title() + " (frozen)"; }

  [[nodiscard]] Index size() const { return family_.size(); }
  [[nodiscard]] Index dimension() const { return family_.dimension(); }
  [[nodiscard]] Index parameter_count() const { return 0; }
  void log_densities(const AnyRows& x, MatrixRef out) const { family_.log_densities(x, out); }
  void log_densities(const AnyRows& x, MatrixRef out, BlockMemory& memory) const {
    family_.log_densities(x, out, memory);
  }
  [[nodiscard]] bool samples() const { return family_.samples(); }
  void sample(Index k, Rng& rng, VectorRef out) const { family_.sample(k, rng, out); }
  [[nodiscard]] bool takes_missing_cells() const { return family_.takes_missing_cells(); }
  [[nodiscard]] bool takes_infinite_cells(Index column) const {
    return family_.takes_infinite_cells(column);
  }
  [[nodiscard]] bool takes_single_precision() const { return family_.takes_single_precision(); }
  [[nodiscard]] bool is_discrete() const { return family_.discrete(); }
  void impute(Index k, MatrixRef x, Rng* rng) const { family_.impute(k, x, rng); }
  [[nodiscard]] double cdf(Index k, double x) const { return family_.cdf(k, x); }
  [[nodiscard]] Moments moments(Index k) const { return family_.moments(k); }
  [[nodiscard]] Frozen marginal(const std::vector<Index>& columns) const {
    return Frozen(family_.marginal(columns));
  }
  [[nodiscard]] Frozen conditional(const std::vector<Index>& columns, ConstVectorRef values) const {
    return Frozen(family_.conditional(columns, values));
  }
  [[nodiscard]] Index statistics_size() const { return 0; }
  void accumulate(const AnyRows& /*x*/, Shares /*shares*/, VectorRef /*statistics*/) const {}
  void accumulate(const AnyRows& /*x*/, Shares /*shares*/, VectorRef /*statistics*/,
                  BlockMemory& /*memory*/) const {}
  [[nodiscard]] bool separable() const { return family_.separable(); }
  void log_density_of(Index k, Rows x, VectorRef out) const { family_.log_density_of(k, x, out); }
  void accumulate_of(Index /*k*/, Rows /*x*/, Weights /*w*/, VectorRef /*statistics*/) const {}
  void maximize(ConstVectorRef /*sum*/) {}
  [[nodiscard]] Vector coordinates() const { return {}; }
  void set_coordinates(ConstVectorRef /*v*/) {}
  [[nodiscard]] std::string check_support(const AnyRows& x) const {
    return family_.check_support(x);
  }
  [[nodiscard]] Matrix embed(const AnyRows& x) const { return family_.embed(x); }
  void fields(Fields& visit) { visit("family", family_); }
  void describe(Index k, Fields& visit) const { family_.describe(k, visit); }

 private:
  AnyFamily family_;
};

/// The family or distribution with its parameters held as they are.
inline Frozen frozen(AnyFamily family) { return Frozen(std::move(family)); }

}  // namespace mix
