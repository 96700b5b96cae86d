#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mix/any_rows.h"
#include "mix/concepts.h"
#include "mix/errors.h"
#include "mix/untied.h"

namespace mix {

/// Any family, owned by value. Whatever models Family converts to it; whatever models Component is
/// lifted through Untied. Calls cost one virtual call per block of rows.
class AnyFamily {
 public:
  /// An empty family: no components, no columns.
  AnyFamily();

  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, AnyFamily> && Family<std::remove_cvref_t<F>>)
      AnyFamily(F&& family)  // NOLINT(google-explicit-constructor): conversion is its purpose
      : self_(std::make_unique<Holder<std::remove_cvref_t<F>>>(std::forward<F>(family))) {}

  template <class D>
  requires(!std::same_as<std::remove_cvref_t<D>, AnyFamily> &&
           !FamilyShape<std::remove_cvref_t<D>> && Component<std::remove_cvref_t<D>>)
      AnyFamily(D&& distribution)  // NOLINT(google-explicit-constructor): conversion is its purpose
      : AnyFamily(Untied<std::remove_cvref_t<D>>(std::forward<D>(distribution), 1)) {}

  AnyFamily(const AnyFamily& other) : self_(other.self_->clone()) {}
  AnyFamily(AnyFamily&& other) noexcept = default;
  AnyFamily& operator=(const AnyFamily& other) {
    // One of the same type keeps its memory.
    if (this != &other && !(self_ && self_->assign(*other.self_))) self_ = other.self_->clone();
    return *this;
  }
  AnyFamily& operator=(AnyFamily&& other) noexcept = default;
  ~AnyFamily() = default;

  /// The number of components.
  [[nodiscard]] Index size() const { return self_->size(); }
  /// The number of columns of a row.
  [[nodiscard]] Index dimension() const { return self_->dimension(); }
  /// The number of free parameters of all components together; a shared one counts once.
  [[nodiscard]] Index parameter_count() const { return self_->parameter_count(); }
  /// The family's name in snake case, "custom" when it has none.
  [[nodiscard]] std::string name() const { return self_->name(); }
  /// The name with what the value adds, such as the covariance structure.
  [[nodiscard]] std::string title() const { return self_->title(); }

  // Rows may be dense ones of doubles or of floats, or sparse. Of floats, and of sparse rows that a
  // family does not read, it gets dense copies of doubles: of one block at a time in a pass and in
  // `check_support`; of all rows in `fit`, `start`, `prepare` and `embed` where it has these
  // functions and they do not take AnyRows. SparseRows::dense refuses copies of too many rows.
  // Cells that are missing (NaN) are sorted out here, docs/design/contract.md says how.

  /// Writes the log density of every row (rows) under every component (columns of `out`).
  void log_densities(const AnyRows& x, MatrixRef out) const { evaluate(*self_, x, out); }
  /// The same for one block of rows, whose statistics are asked for next with the same memory.
  void log_densities(const AnyRows& x, MatrixRef out, BlockMemory& memory) const {
    evaluate(*self_, x, out, memory);
  }

  /// Whether the estimate is a function of additive statistics.
  [[nodiscard]] bool streams() const { return self_->streams(); }
  /// The length of the statistics vector; 0 when the family does not stream.
  [[nodiscard]] Index statistics_size() const { return self_->statistics_size(); }
  /// Adds the statistics of a block.
  void accumulate(const AnyRows& x, Shares shares, VectorRef statistics) const {
    add_up(*self_, x, shares, statistics);
  }
  /// The same for the block of rows that log_densities just saw with the same memory.
  void accumulate(const AnyRows& x, Shares shares, VectorRef statistics,
                  BlockMemory& memory) const {
    add_up(*self_, x, shares, statistics, memory);
  }
  /// The whole of Soft's pass over one block of rows, as the concept SoftPassing says; nothing
  /// where the family has no way of its own for it.
  [[nodiscard]] std::optional<double> soft_pass(Rows x, ConstVectorRef log_weights, const double* w,
                                                VectorRef mass, VectorRef statistics) const {
    return self_->soft_pass(x, log_weights, w, mass, statistics);
  }
  /// Whether components can be evaluated and accumulated each on rows of its own.
  [[nodiscard]] bool separable() const { return self_->separable(); }
  /// Writes the log density of every row under component k; throws std::logic_error when the family
  /// is not separable.
  void log_density_of(Index k, Rows x, VectorRef out) const { self_->log_density_of(k, x, out); }
  /// Adds what rows with shares `w` in component k contribute to the statistics of that component;
  /// different components may be accumulated at the same time. Throws as `log_density_of`.
  void accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const {
    self_->accumulate_of(k, x, w, statistics);
  }
  /// Whether there are statistics of all components together besides.
  [[nodiscard]] bool shares_statistics() const { return self_->shares_statistics(); }
  /// Adds these, of rows whose shares over all components sum to `w`; nothing where there are none.
  void accumulate_common(Rows x, Weights w, VectorRef statistics) const {
    self_->accumulate_common(x, w, statistics);
  }
  /// Whether these depend, with the present parameters, on rows and weights alone.
  [[nodiscard]] bool constant_statistics() const { return self_->constant_statistics(); }
  /// The sum over rows of weight times what all components share in their log densities, from the
  /// statistics of all components together; 0 where they are not constant.
  [[nodiscard]] double common_log_density(ConstVectorRef statistics) const {
    return self_->common_log_density(statistics);
  }
  /// Whether the likelihood is a function of the statistics.
  [[nodiscard]] bool summable() const { return self_->summable(); }
  /// Whether it is, and statistics do not depend on parameters.
  [[nodiscard]] bool parameter_free_statistics() const {
    return self_->parameter_free_statistics();
  }
  /// The sum over rows of share times log density, up to a term free of parameters, from the
  /// statistics that `at`, a family of the same type, added up. Throws std::logic_error where the
  /// family is not summable.
  [[nodiscard]] double weighted_log_density(ConstVectorRef sum, const AnyFamily& at) const {
    return self_->weighted_log_density(sum, *at.self_);
  }
  /// Sets the parameters from the sum of statistics of all rows.
  void maximize(ConstVectorRef sum) { self_->maximize(sum); }
  /// One estimate from all rows at once: what accumulate and maximize do, or the family's own fit.
  void fit(const AnyRows& x, Shares shares);
  /// The first estimate, independent of the current parameters.
  void start(const AnyRows& x, Shares shares);

  /// Whether the parameters have coordinates without bounds.
  [[nodiscard]] bool charted() const { return self_->charted(); }
  /// The coordinates of all parameters, as the concept Charted says; throws std::logic_error where
  /// there are none.
  [[nodiscard]] Vector coordinates() const { return self_->coordinates(); }
  /// Sets all parameters. Throws as `coordinates`.
  void set_coordinates(ConstVectorRef v) { self_->set_coordinates(v); }

  /// The number of conditional maximizations that make one iteration.
  [[nodiscard]] Index cycles() const { return self_->cycles(); }
  /// Selects the conditional maximization that the next accumulate and maximize serve.
  void select_cycle(Index cycle) { self_->select_cycle(cycle); }

  /// Learns location and scale of the data; called once before the first estimate.
  void prepare(const AnyRows& x, Weights w);
  /// Empty, or which rows no parameter value can explain, and why.
  [[nodiscard]] std::string check_support(const AnyRows& x) const;
  /// Whether any cells of a row may be missing (NaN); otherwise all of them, or none.
  [[nodiscard]] bool takes_missing_cells() const { return self_->takes_missing_cells(); }
  /// Whether infinite cells mean something in this column, counted from 0.
  [[nodiscard]] bool takes_infinite_cells(Index column) const {
    return self_->takes_infinite_cells(column);
  }
  /// Whether Precision::mixed makes a difference: some of its arithmetic within a block can be of
  /// floats.
  [[nodiscard]] bool takes_single_precision() const { return self_->takes_single_precision(); }
  /// Whether all components describe counts or categories, whose densities are probabilities.
  [[nodiscard]] bool discrete() const { return self_->discrete(); }
  /// Rows as points whose Euclidean distances mean something for this family; sparse rows of many
  /// columns as `projected` approximates them.
  [[nodiscard]] Matrix embed(const AnyRows& x) const;
  /// The log prior density at the parameters, 0 without a prior.
  [[nodiscard]] double log_prior() const { return self_->log_prior(); }
  /// Why component k looks like an artifact of an unbounded likelihood; empty when it does not.
  [[nodiscard]] std::string flaw(Index k, double mass) const { return self_->flaw(k, mass); }
  /// What to know about the parameters of component k, such as a bound that one has reached; mostly
  /// empty.
  [[nodiscard]] std::string caution(Index k) const { return self_->caution(k); }

  /// Whether rows can be drawn.
  [[nodiscard]] bool samples() const { return self_->samples(); }
  /// Draws one row of component k; throws std::logic_error when the family cannot.
  void sample(Index k, Rng& rng, VectorRef out) const { self_->sample(k, rng, out); }

  // What only some families offer; the others throw NotAvailable.

  /// The probability of values up to x under component k, of a family of one column.
  [[nodiscard]] double cdf(Index k, double x) const { return self_->cdf(k, x); }
  /// Mean and covariance of component k.
  [[nodiscard]] Moments moments(Index k) const { return self_->moments(k); }
  /// The distributions of the chosen columns alone, in this order. Throws std::invalid_argument
  /// unless the columns, counted from 0, are different ones of the family.
  [[nodiscard]] AnyFamily marginal(const std::vector<Index>& columns) const;
  /// The distributions of all other columns, in their order, where the chosen ones have these
  /// values. Throws as `marginal`, and where no column is left or a value is not finite.
  [[nodiscard]] AnyFamily conditional(const std::vector<Index>& columns,
                                      ConstVectorRef values) const;
  /// Replaces the missing cells (NaN) of `x` by their means given the observed cells of the row
  /// under component k, or, where `rng` is not null, by draws.
  void impute(Index k, MatrixRef x, Rng* rng = nullptr) const;

  /// Whether components can be reordered and left out.
  [[nodiscard]] bool selects() const { return self_->selects(); }
  /// Reorders the components, or keeps some of them: the new component i is the old one order[i].
  void select(const std::vector<Index>& order) { self_->select(order); }

  /// Visits all parameters; throws std::logic_error when the family names none.
  void fields(Fields& visit) { self_->fields(visit); }
  /// Visits the parameters of component k, read only.
  void describe(Index k, Fields& visit) const { self_->describe(k, visit); }

  /// The same family evaluated component by component, where it has a faster way of its own and a
  /// function of this name; otherwise nothing. For laws that compare the two.
  [[nodiscard]] std::unique_ptr<AnyFamily> one_by_one() const { return self_->one_by_one(); }

  /// The family inside when it is an F, otherwise null.
  template <class F>
  [[nodiscard]] const F* as() const {
    const auto* holder = dynamic_cast<const Holder<F>*>(self_.get());
    return holder != nullptr ? &holder->family : nullptr;
  }
  template <class F>
  [[nodiscard]] F* as() {
    auto* holder = dynamic_cast<Holder<F>*>(self_.get());
    return holder != nullptr ? &holder->family : nullptr;
  }

 private:
  struct Interface {
    Interface() = default;
    Interface(const Interface&) = default;
    Interface& operator=(const Interface&) = delete;
    virtual ~Interface() = default;
    [[nodiscard]] virtual std::unique_ptr<Interface> clone() const = 0;
    // Takes over another family of the same type; false where the type is another.
    virtual bool assign(const Interface& other) = 0;
    [[nodiscard]] virtual Index size() const = 0;
    [[nodiscard]] virtual Index dimension() const = 0;
    [[nodiscard]] virtual Index parameter_count() const = 0;
    [[nodiscard]] virtual std::string name() const = 0;
    [[nodiscard]] virtual std::string title() const = 0;
    virtual void log_densities(const AnyRows& x, MatrixRef out) const = 0;
    virtual void log_densities(const AnyRows& x, MatrixRef out, BlockMemory& memory) const = 0;
    [[nodiscard]] virtual bool streams() const = 0;
    [[nodiscard]] virtual Index statistics_size() const = 0;
    virtual void accumulate(const AnyRows& x, Shares shares, VectorRef statistics) const = 0;
    virtual void accumulate(const AnyRows& x, Shares shares, VectorRef statistics,
                            BlockMemory& memory) const = 0;
    [[nodiscard]] virtual std::optional<double> soft_pass(Rows x, ConstVectorRef log_weights,
                                                          const double* w, VectorRef mass,
                                                          VectorRef statistics) const = 0;
    [[nodiscard]] virtual bool separable() const = 0;
    virtual void log_density_of(Index k, Rows x, VectorRef out) const = 0;
    virtual void accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const = 0;
    [[nodiscard]] virtual bool shares_statistics() const = 0;
    virtual void accumulate_common(Rows x, Weights w, VectorRef statistics) const = 0;
    [[nodiscard]] virtual bool constant_statistics() const = 0;
    [[nodiscard]] virtual double common_log_density(ConstVectorRef statistics) const = 0;
    [[nodiscard]] virtual bool summable() const = 0;
    [[nodiscard]] virtual bool parameter_free_statistics() const = 0;
    [[nodiscard]] virtual double weighted_log_density(ConstVectorRef sum,
                                                      const Interface& at) const = 0;
    virtual void maximize(ConstVectorRef sum) = 0;
    virtual void fit(const AnyRows& x, Shares shares) = 0;
    virtual void start(const AnyRows& x, Shares shares) = 0;
    // Whether that is a function of its own, rather than `fit`.
    [[nodiscard]] virtual bool starts() const = 0;
    [[nodiscard]] virtual bool charted() const = 0;
    [[nodiscard]] virtual Vector coordinates() const = 0;
    virtual void set_coordinates(ConstVectorRef v) = 0;
    [[nodiscard]] virtual Index cycles() const = 0;
    virtual void select_cycle(Index cycle) = 0;
    virtual void prepare(const AnyRows& x, Weights w) = 0;
    [[nodiscard]] virtual std::string check_support(const AnyRows& x) const = 0;
    [[nodiscard]] virtual Matrix embed(const AnyRows& x) const = 0;
    [[nodiscard]] virtual double log_prior() const = 0;
    [[nodiscard]] virtual std::string flaw(Index k, double mass) const = 0;
    [[nodiscard]] virtual std::string caution(Index k) const = 0;
    [[nodiscard]] virtual bool samples() const = 0;
    virtual void sample(Index k, Rng& rng, VectorRef out) const = 0;
    // Which rows its functions get: also those with missing cells, or those without, and in the
    // second case where those with some cells go: to the next two functions, or nowhere.
    enum class Intake { any_rows, by_pattern, whole_rows };
    [[nodiscard]] virtual Intake intake() const = 0;
    [[nodiscard]] virtual bool takes_missing_cells() const = 0;
    [[nodiscard]] virtual bool takes_infinite_cells(Index column) const = 0;
    [[nodiscard]] virtual bool takes_single_precision() const = 0;
    [[nodiscard]] virtual bool discrete() const = 0;
    virtual void observed_log_densities(Rows x, const MissingColumns& columns,
                                        MatrixRef out) const = 0;
    virtual void accumulate_expected(Rows x, const MissingColumns& columns, Shares shares,
                                     VectorRef statistics) const = 0;
    // False where the family has no function for it.
    [[nodiscard]] virtual bool impute(Index k, MatrixRef x, Rng* rng) const = 0;
    [[nodiscard]] virtual bool independent_columns() const = 0;
    [[nodiscard]] virtual double cdf(Index k, double x) const = 0;
    [[nodiscard]] virtual Moments moments(Index k) const = 0;
    [[nodiscard]] virtual AnyFamily marginal(const std::vector<Index>& columns) const = 0;
    [[nodiscard]] virtual AnyFamily conditional(const std::vector<Index>& columns,
                                                ConstVectorRef values) const = 0;
    [[nodiscard]] virtual bool selects() const = 0;
    virtual void select(const std::vector<Index>& order) = 0;
    virtual void fields(Fields& visit) = 0;
    virtual void describe(Index k, Fields& visit) const = 0;
    [[nodiscard]] virtual std::unique_ptr<AnyFamily> one_by_one() const = 0;
  };

  template <class F>
  struct Holder;

  // Sort out missing cells: whether there are any that the family does not read, and what these
  // functions do with them.
  static bool lacks_cells(const Interface& family, const AnyRows& x);
  static void evaluate(const Interface& family, const AnyRows& x, MatrixRef out);
  static void evaluate(const Interface& family, const AnyRows& x, MatrixRef out,
                       BlockMemory& memory);
  static void add_up(const Interface& family, const AnyRows& x, Shares shares,
                     VectorRef statistics);
  static void add_up(const Interface& family, const AnyRows& x, Shares shares, VectorRef statistics,
                     BlockMemory& memory);
  // Estimates a streaming family: one accumulate-and-maximize per cycle, summed over blocks in an
  // order that depends on the number of rows alone.
  static void fit_by_streaming(Interface& family, const AnyRows& x, Shares shares);
  // The functions without memory, of rows that are not dense doubles: block by block.
  static void evaluate_blocks(const Interface& family, const AnyRows& x, MatrixRef out);
  static void accumulate_blocks(const Interface& family, const AnyRows& x, Shares shares,
                                VectorRef statistics);
  // Empty when no block of the rows has a complaint; otherwise that about all rows.
  static std::string complaint_of_blocks(const AnyRows& x,
                                         const std::function<std::string(Rows)>& check);

  // For functions of all rows of a family that takes whole rows only.
  [[nodiscard]] bool takes_whole_rows() const {
    return self_->intake() == Interface::Intake::whole_rows;
  }

  std::unique_ptr<Interface> self_;
};

/// A family of no components: what a default-constructed AnyFamily holds.
class NoFamily {
 public:
  static constexpr std::string_view name = "none";
  [[nodiscard]] Index size() const { return 0; }
  [[nodiscard]] Index dimension() const { return 0; }
  [[nodiscard]] Index parameter_count() const { return 0; }
  void log_densities(Rows /*x*/, MatrixRef /*out*/) const {}
  [[nodiscard]] Index statistics_size() const { return 0; }
  void accumulate(Rows /*x*/, Shares /*shares*/, VectorRef /*statistics*/) const {}
  void maximize(ConstVectorRef /*sum*/) {}
};

/// Columns centered and divided by their standard deviations: the default embedding.
Matrix standardized(const AnyRows& x);

}  // namespace mix

#include "mix/any_family_holder.h"  // IWYU pragma: export

namespace mix {

inline AnyFamily::AnyFamily() : AnyFamily(NoFamily{}) {}

}  // namespace mix
