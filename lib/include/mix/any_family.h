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

  /// Writes the log density of every row (rows) under every component (columns of `out`).
  void log_densities(const AnyRows& x, MatrixRef out) const { self_->log_densities(x, out); }
  /// The same for one block of rows, whose statistics are asked for next with the same memory.
  void log_densities(const AnyRows& x, MatrixRef out, BlockMemory& memory) const {
    self_->log_densities(x, out, memory);
  }

  /// Whether the estimate is a function of additive statistics.
  [[nodiscard]] bool streams() const { return self_->streams(); }
  /// The length of the statistics vector; 0 when the family does not stream.
  [[nodiscard]] Index statistics_size() const { return self_->statistics_size(); }
  /// Adds the statistics of a block.
  void accumulate(const AnyRows& x, Shares shares, VectorRef statistics) const {
    self_->accumulate(x, shares, statistics);
  }
  /// The same for the block of rows that log_densities just saw with the same memory.
  void accumulate(const AnyRows& x, Shares shares, VectorRef statistics,
                  BlockMemory& memory) const {
    self_->accumulate(x, shares, statistics, memory);
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
  /// Sets the parameters from the sum of statistics of all rows.
  void maximize(ConstVectorRef sum) { self_->maximize(sum); }
  /// One estimate from all rows at once: what accumulate and maximize do, or the family's own fit.
  void fit(const AnyRows& x, Shares shares) { self_->fit(x, shares); }
  /// The first estimate, independent of the current parameters.
  void start(const AnyRows& x, Shares shares) { self_->start(x, shares); }

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
  void prepare(const AnyRows& x, Weights w) { self_->prepare(x, w); }
  /// Empty, or which rows no parameter value can explain, and why.
  [[nodiscard]] std::string check_support(const AnyRows& x) const {
    return self_->check_support(x);
  }
  /// Rows as points whose Euclidean distances mean something for this family; sparse rows of many
  /// columns as `projected` approximates them.
  [[nodiscard]] Matrix embed(const AnyRows& x) const { return self_->embed(x); }
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

  /// Replaces the missing cells (NaN) of `x` by their means given the observed cells of the row
  /// under component k, or, where `rng` is not null, draws them. Throws std::logic_error where the
  /// family cannot.
  void impute(Index k, MatrixRef x, Rng* rng = nullptr) const { self_->impute(k, x, rng); }

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
    virtual void maximize(ConstVectorRef sum) = 0;
    virtual void fit(const AnyRows& x, Shares shares) = 0;
    virtual void start(const AnyRows& x, Shares shares) = 0;
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
    virtual void impute(Index k, MatrixRef x, Rng* rng) const = 0;
    [[nodiscard]] virtual bool selects() const = 0;
    virtual void select(const std::vector<Index>& order) = 0;
    virtual void fields(Fields& visit) = 0;
    virtual void describe(Index k, Fields& visit) const = 0;
    [[nodiscard]] virtual std::unique_ptr<AnyFamily> one_by_one() const = 0;
  };

  template <class F>
  struct Holder;

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

template <class F>
struct AnyFamily::Holder final : AnyFamily::Interface {
  explicit Holder(F value) : family(std::move(value)) {}

  [[nodiscard]] std::unique_ptr<Interface> clone() const override {
    return std::make_unique<Holder>(family);
  }
  bool assign([[maybe_unused]] const Interface& other) override {
    if constexpr (std::is_copy_assignable_v<F>) {
      if (const auto* same = dynamic_cast<const Holder*>(&other)) {
        family = same->family;
        return true;
      }
    }
    return false;
  }
  [[nodiscard]] Index size() const override { return family.size(); }
  [[nodiscard]] Index dimension() const override { return family.dimension(); }
  [[nodiscard]] Index parameter_count() const override { return family.parameter_count(); }
  [[nodiscard]] std::string name() const override {
    if constexpr (Named<F>) return std::string(F::name);
    return "custom";
  }
  [[nodiscard]] std::string title() const override {
    if constexpr (Titled<F>) return family.title();
    return name();
  }
  void log_densities(const AnyRows& x, MatrixRef out) const override {
    if (const Rows* dense = x.dense()) {
      if (!evaluated_incomplete(*dense, out,
                                [&](Rows rows, MatrixRef l) { family.log_densities(rows, l); })) {
        family.log_densities(*dense, out);
      }
    } else {
      evaluate_blocks(*this, x, out);
    }
  }
  void log_densities(const AnyRows& x, MatrixRef out, BlockMemory& memory) const override {
    if (const Rows* dense = x.dense()) {
      evaluate(*dense, out, memory);
      return;
    }
    if constexpr (FamilyOfAnyRows<F>) {
      if (x.sparse() != nullptr) return family.log_densities(x, out, memory);
    } else if constexpr (SparseFamily<F>) {
      const SparseRows* sparse = x.sparse();
      if (sparse != nullptr && family.log_densities(*sparse, out, memory.part(sparse_part))) return;
    }
    evaluate(DenseBlock::in(memory.matrix(0), x), out, memory.part(dense_part));
  }
  [[nodiscard]] bool streams() const override {
    // A wrapper around other families knows only at run time whether they all stream.
    if constexpr (requires {
                    { family.streams() } -> std::convertible_to<bool>;
                  }) {
      return family.streams();
    }
    return StreamingFamily<F>;
  }
  [[nodiscard]] Index statistics_size() const override {
    if constexpr (StreamingFamily<F>) return family.statistics_size();
    return 0;
  }
  void accumulate(const AnyRows& x, Shares shares, VectorRef statistics) const override {
    if (const Rows* dense = x.dense()) {
      add_up(*dense, shares, statistics);
    } else {
      accumulate_blocks(*this, x, shares, statistics);
    }
  }
  void accumulate(const AnyRows& x, Shares shares, VectorRef statistics,
                  BlockMemory& memory) const override {
    if (const Rows* dense = x.dense()) {
      add_up(*dense, shares, statistics, memory);
      return;
    }
    if constexpr (FamilyOfAnyRows<F>) {
      if (x.sparse() != nullptr) return family.accumulate(x, shares, statistics, memory);
    } else if constexpr (SparseFamily<F>) {
      const SparseRows* sparse = x.sparse();
      if (sparse != nullptr &&
          family.accumulate(*sparse, shares, statistics, memory.part(sparse_part))) {
        return;
      }
    }
    add_up(memory.matrix(0).topLeftCorner(x.rows(), x.cols()), shares, statistics,
           memory.part(dense_part));
  }
  [[nodiscard]] std::optional<double> soft_pass(
      [[maybe_unused]] Rows x, [[maybe_unused]] ConstVectorRef log_weights,
      [[maybe_unused]] const double* w, [[maybe_unused]] VectorRef mass,
      [[maybe_unused]] VectorRef statistics) const override {
    if constexpr (SoftPassing<F>) return family.soft_pass(x, log_weights, w, mass, statistics);
    return std::nullopt;
  }
  [[nodiscard]] bool separable() const override {
    // A wrapper around other families knows only at run time.
    if constexpr (requires {
                    { family.separable() } -> std::convertible_to<bool>;
                  }) {
      return family.separable();
    }
    return Separable<F> && streams();
  }
  void log_density_of([[maybe_unused]] Index k, [[maybe_unused]] Rows x,
                      [[maybe_unused]] VectorRef out) const override {
    if constexpr (Separable<F>) {
      family.log_density_of(k, x, out);
    } else {
      throw not_separable();
    }
  }
  void accumulate_of([[maybe_unused]] Index k, [[maybe_unused]] Rows x, [[maybe_unused]] Weights w,
                     [[maybe_unused]] VectorRef statistics) const override {
    if constexpr (Separable<F>) {
      family.accumulate_of(k, x, w, statistics);
    } else {
      throw not_separable();
    }
  }
  [[nodiscard]] bool shares_statistics() const override {
    if constexpr (SharingStatistics<F>) return family.shares_statistics();
    return false;
  }
  void accumulate_common([[maybe_unused]] Rows x, [[maybe_unused]] Weights w,
                         [[maybe_unused]] VectorRef statistics) const override {
    if constexpr (SharingStatistics<F>) family.accumulate_common(x, w, statistics);
  }
  [[nodiscard]] bool constant_statistics() const override {
    if constexpr (KeepingStatistics<F>) return family.constant_statistics();
    return false;
  }
  [[nodiscard]] double common_log_density(
      [[maybe_unused]] ConstVectorRef statistics) const override {
    if constexpr (KeepingStatistics<F>) return family.common_log_density(statistics);
    return 0;
  }
  void maximize(ConstVectorRef sum) override {
    if constexpr (StreamingFamily<F>) {
      family.maximize(sum);
    } else {
      throw std::logic_error("family '" + name() + "' has no additive statistics; call fit");
    }
  }
  void fit(const AnyRows& x, Shares shares) override {
    if (drops_rows && has_missing(x)) {
      const WholeRows whole(x);
      if (whole.x().rows() > 0) fit(whole.x(), whole.of(shares));
      return;
    }
    if constexpr (requires { family.fit(x, shares); }) {
      family.fit(x, shares);
    } else if constexpr (RefittableFamily<F>) {
      family.fit(*DenseRows(x), shares);
    } else {
      fit_by_streaming(*this, x, shares);
    }
  }
  void start(const AnyRows& x, Shares shares) override {
    if (drops_rows && has_missing(x)) {
      const WholeRows whole(x);
      if (whole.x().rows() > 0) start(whole.x(), whole.of(shares));
      return;
    }
    if constexpr (requires { family.start(x, shares); }) {
      family.start(x, shares);
    } else if constexpr (Startable<F>) {
      family.start(*DenseRows(x), shares);
    } else {
      fit(x, shares);
    }
  }
  [[nodiscard]] bool charted() const override {
    // A wrapper around other families knows only at run time.
    if constexpr (requires {
                    { family.charted() } -> std::convertible_to<bool>;
                  }) {
      return family.charted();
    }
    return Charted<F>;
  }
  [[nodiscard]] Vector coordinates() const override {
    if constexpr (Charted<F>) {
      return family.coordinates();
    } else {
      throw not_charted();
    }
  }
  void set_coordinates([[maybe_unused]] ConstVectorRef v) override {
    if constexpr (Charted<F>) {
      family.set_coordinates(v);
    } else {
      throw not_charted();
    }
  }
  [[nodiscard]] Index cycles() const override {
    if constexpr (Cyclic<F>) return family.cycles();
    return 1;
  }
  void select_cycle([[maybe_unused]] Index cycle) override {
    if constexpr (Cyclic<F>) family.select_cycle(cycle);
  }
  void prepare([[maybe_unused]] const AnyRows& x, [[maybe_unused]] Weights w) override {
    if (drops_rows && has_missing(x)) {
      check_observed(name(), x, w);
      const WholeRows whole(x);
      return prepare(whole.x(), whole.of(w));
    }
    if constexpr (SparsePreparable<F>) {
      if (x.sparse() != nullptr) return family.prepare(*x.sparse(), w);
    }
    if constexpr (requires { family.prepare(x, w); }) {
      family.prepare(x, w);
    } else if constexpr (Preparable<F>) {
      family.prepare(*DenseRows(x), w);
    }
  }
  [[nodiscard]] std::string check_support([[maybe_unused]] const AnyRows& x) const override {
    if (drops_rows && has_missing(x)) {
      std::string complaint = partly_missing_complaint(x, name());
      if (!complaint.empty()) return complaint;
      const WholeRows whole(x);
      return whole.x().rows() > 0 ? check_support(whole.in_all_places(x.rows())) : complaint;
    }
    if constexpr (SparseSupported<F>) {
      if (x.sparse() != nullptr) return family.check_support(*x.sparse());
    }
    if constexpr (requires { family.check_support(x); }) {
      return family.check_support(x);
    } else if constexpr (Supported<F>) {
      if (const Rows* dense = x.dense()) return family.check_support(*dense);
      return complaint_of_blocks(x, [&](Rows rows) { return family.check_support(rows); });
    }
    return {};
  }
  [[nodiscard]] Matrix embed(const AnyRows& x) const override {
    if (!has_missing(x)) return embed_rows(x);
    if (drops_rows) {
      const WholeRows whole(x);
      return whole.spread_out(embed_rows(whole.x()), x.rows());
    }
    Matrix points = embed_rows(x);
    fill_with_means(points);
    return points;
  }
  [[nodiscard]] Matrix embed_rows(const AnyRows& x) const {
    if constexpr (requires { family.embed(x); }) {
      return family.embed(x);
    } else {
      if constexpr (SparseEmbeddable<F> || !Embeddable<F>) {
        if (const SparseRows* sparse = x.sparse()) {
          return projected(sparse->with_values(cell_coordinates(*sparse)));
        }
      }
      if constexpr (Embeddable<F>) return family.embed(*DenseRows(x));
      return standardized(x);
    }
  }
  [[nodiscard]] double log_prior() const override {
    if constexpr (WithPrior<F>) return family.log_prior();
    return 0;
  }
  [[nodiscard]] std::string flaw([[maybe_unused]] Index k,
                                 [[maybe_unused]] double mass) const override {
    if constexpr (SelfCritical<F>) return family.flaw(k, mass);
    return {};
  }
  [[nodiscard]] std::string caution([[maybe_unused]] Index k) const override {
    if constexpr (Cautious<F>) return family.caution(k);
    return {};
  }
  [[nodiscard]] bool samples() const override {
    if constexpr (requires {
                    { family.samples() } -> std::convertible_to<bool>;
                  }) {
      return family.samples();
    }
    return SampleableFamily<F>;
  }
  void sample([[maybe_unused]] Index k, [[maybe_unused]] Rng& rng,
              [[maybe_unused]] VectorRef out) const override {
    if constexpr (SampleableFamily<F>) {
      family.sample(k, rng, out);
    } else {
      throw std::logic_error("family '" + name() + "' has no sample(rng, out)");
    }
  }
  void impute([[maybe_unused]] Index k, [[maybe_unused]] MatrixRef x,
              [[maybe_unused]] Rng* rng) const override {
    if constexpr (ImputingFamily<F>) {
      family.impute(k, x, rng);
    } else {
      if (rng == nullptr) {
        throw std::logic_error("family '" + name() +
                               "' has no impute(x, rng), which the means of missing cells need; "
                               "draw them instead");
      }
      // Rows without any cell, or of independent columns.
      replace_missing(x, [&](MatrixRef rows, const MissingColumns& columns) {
        Vector row(x.cols());
        for (Index i = 0; i < rows.rows(); ++i) {
          sample(k, *rng, row);
          for (const Index j : columns.missing) rows(i, j) = row[j];
        }
      });
    }
  }
  [[nodiscard]] bool selects() const override {
    if constexpr (requires {
                    { family.selects() } -> std::convertible_to<bool>;
                  }) {
      return family.selects();
    }
    return Selectable<F>;
  }
  void select([[maybe_unused]] const std::vector<Index>& order) override {
    if constexpr (Selectable<F>) {
      family.select(order);
    } else {
      throw std::logic_error("family '" + name() + "' has no select(order)");
    }
  }
  void fields([[maybe_unused]] Fields& visit) override {
    if constexpr (Visitable<F>) {
      family.fields(visit);
    } else {
      throw std::logic_error("family '" + name() +
                             "' names no parameters, so it cannot be saved: give it a "
                             "void fields(mix::Fields& visit)");
    }
  }
  void describe([[maybe_unused]] Index k, [[maybe_unused]] Fields& visit) const override {
    if constexpr (Describable<F>) family.describe(k, visit);
  }
  [[nodiscard]] std::unique_ptr<AnyFamily> one_by_one() const override {
    if constexpr (requires {
                    { family.one_by_one() } -> std::same_as<F>;
                  }) {
      return std::make_unique<AnyFamily>(family.one_by_one());
    }
    return nullptr;
  }

  [[nodiscard]] std::logic_error not_charted() const {
    return std::logic_error("family '" + name() + "' has no coordinates() and set_coordinates(v)");
  }
  [[nodiscard]] std::logic_error not_separable() const {
    return std::logic_error("family '" + name() +
                            "' has no log_density_of(k, x, out) and accumulate_of(k, x, w, sum)");
  }

  F family;

 private:
  // What the memory of a block of rows that are not dense doubles holds, besides the block.
  enum Part : std::size_t { sparse_part, dense_part };

  // Rows that lack a cell and not all are for other families.
  static constexpr bool drops_rows = !ReadsMissingCells<F> && !Marginalizing<F>;

  // Where cells are missing, evaluates rows by what they lack, those that lack nothing by
  // `complete`, and returns true.
  template <class Complete>
  bool evaluated_incomplete([[maybe_unused]] Rows x, [[maybe_unused]] MatrixRef out,
                            [[maybe_unused]] const Complete& complete) const {
    if constexpr (!ReadsMissingCells<F>) {
      if (!has_missing(x)) return false;
      if constexpr (Marginalizing<F>) {
        const auto observed = [&](Rows rows, const MissingColumns& columns, MatrixRef l) {
          family.observed_log_densities(rows, columns, l);
        };
        const EvaluateObserved view(observed);
        evaluate_incomplete(x, out, complete, &view);
      } else {
        evaluate_incomplete(x, out, complete, nullptr);
      }
      return true;
    }
    return false;
  }
  template <class Complete>
  bool accumulated_incomplete([[maybe_unused]] Rows x, [[maybe_unused]] Shares shares,
                              [[maybe_unused]] VectorRef statistics,
                              [[maybe_unused]] const Complete& complete) const {
    if constexpr (!ReadsMissingCells<F>) {
      if (!has_missing(x)) return false;
      if constexpr (Marginalizing<F>) {
        const auto observed = [&](Rows rows, const MissingColumns& columns, Shares p) {
          family.accumulate_expected(rows, columns, p, statistics);
        };
        const AccumulateObserved view(observed);
        accumulate_incomplete(x, shares, complete, &view);
      } else {
        accumulate_incomplete(x, shares, complete, nullptr);
      }
      return true;
    }
    return false;
  }

  void evaluate(Rows x, MatrixRef out, BlockMemory& memory) const {
    if (!memory.complete() && evaluated_incomplete(x, out, [&](Rows rows, MatrixRef l) {
          evaluate_whole(rows, l, memory.part(0));
        })) {
      return;
    }
    evaluate_whole(x, out, memory);
  }
  void evaluate_whole(Rows x, MatrixRef out, [[maybe_unused]] BlockMemory& memory) const {
    if constexpr (Remembering<F>) {
      family.log_densities(x, out, memory);
    } else {
      family.log_densities(x, out);
    }
  }
  void add_up(Rows x, Shares shares, VectorRef statistics) const {
    if (!accumulated_incomplete(x, shares, statistics,
                                [&](Rows rows, Shares p) { add_up_whole(rows, p, statistics); })) {
      add_up_whole(x, shares, statistics);
    }
  }
  void add_up(Rows x, Shares shares, VectorRef statistics, BlockMemory& memory) const {
    if (memory.complete() ||
        !accumulated_incomplete(x, shares, statistics, [&](Rows rows, Shares p) {
          add_up_whole(rows, p, statistics, memory.part(0));
        })) {
      add_up_whole(x, shares, statistics, memory);
    }
  }
  void add_up_whole(Rows x, Shares shares, VectorRef statistics) const {
    if constexpr (StreamingFamily<F>) {
      family.accumulate(x, shares, statistics);
    } else {
      throw std::logic_error("family '" + name() + "' has no additive statistics; call fit");
    }
  }
  void add_up_whole(Rows x, Shares shares, VectorRef statistics,
                    [[maybe_unused]] BlockMemory& memory) const {
    if constexpr (Remembering<F>) {
      family.accumulate(x, shares, statistics, memory);
    } else {
      add_up_whole(x, shares, statistics);
    }
  }
  [[nodiscard]] Vector cell_coordinates(const SparseRows& x) const {
    if constexpr (SparseEmbeddable<F>) {
      return family.embed(x);
    } else {
      return scaled_cells(x);
    }
  }
};

inline AnyFamily::AnyFamily() : AnyFamily(NoFamily{}) {}

}  // namespace mix
