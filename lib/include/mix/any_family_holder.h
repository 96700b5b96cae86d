#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "mix/any_family.h"

/// How AnyFamily calls the functions of a family of a given type, where it has them.
namespace mix {

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
      family.log_densities(*dense, out);
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
  [[nodiscard]] bool summable() const override { return SummableFamily<F>; }
  [[nodiscard]] bool parameter_free_statistics() const override {
    return WithParameterFreeStatistics<F>;
  }
  [[nodiscard]] double weighted_log_density([[maybe_unused]] ConstVectorRef sum,
                                            [[maybe_unused]] const Interface& at) const override {
    if constexpr (SummableFamily<F>) {
      if (const auto* same = dynamic_cast<const Holder*>(&at)) {
        return family.weighted_log_density(sum, same->family);
      }
    }
    throw std::logic_error("family '" + name() + "' has no likelihood from these statistics");
  }
  void maximize(ConstVectorRef sum) override {
    if constexpr (StreamingFamily<F>) {
      family.maximize(sum);
    } else {
      throw std::logic_error("family '" + name() + "' has no additive statistics; call fit");
    }
  }
  void fit(const AnyRows& x, Shares shares) override {
    if constexpr (requires { family.fit(x, shares); }) {
      family.fit(x, shares);
    } else if constexpr (RefittableFamily<F>) {
      family.fit(*DenseRows(x), shares);
    } else {
      fit_by_streaming(*this, x, shares);
    }
  }
  void start(const AnyRows& x, Shares shares) override {
    if constexpr (requires { family.start(x, shares); }) {
      family.start(x, shares);
    } else if constexpr (Startable<F>) {
      family.start(*DenseRows(x), shares);
    } else {
      fit(x, shares);
    }
  }
  [[nodiscard]] bool starts() const override { return Startable<F>; }
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
  [[nodiscard]] Intake intake() const override {
    if (ReadsMissingCells<F>) return Intake::any_rows;
    return Marginalizing<F> ? Intake::by_pattern : Intake::whole_rows;
  }
  [[nodiscard]] bool takes_missing_cells() const override {
    // A wrapper around other families knows only at run time.
    if constexpr (requires {
                    { family.takes_missing_cells() } -> std::convertible_to<bool>;
                  }) {
      return family.takes_missing_cells();
    }
    return intake() != Intake::whole_rows || dimension() <= 1;
  }
  [[nodiscard]] bool takes_infinite_cells([[maybe_unused]] Index column) const override {
    if constexpr (TakesInfiniteCells<F>) return family.takes_infinite_cells(column);
    return false;
  }
  [[nodiscard]] bool takes_single_precision() const override {
    if constexpr (TakesSinglePrecision<F>) return family.takes_single_precision();
    return false;
  }
  [[nodiscard]] bool discrete() const override {
    // A wrapper around other families knows only at run time.
    if constexpr (requires {
                    { family.is_discrete() } -> std::convertible_to<bool>;
                  }) {
      return family.is_discrete();
    }
    return Discrete<F>;
  }
  void observed_log_densities([[maybe_unused]] Rows x,
                              [[maybe_unused]] const MissingColumns& columns,
                              [[maybe_unused]] MatrixRef out) const override {
    if constexpr (Marginalizing<F>) family.observed_log_densities(x, columns, out);
  }
  void accumulate_expected([[maybe_unused]] Rows x, [[maybe_unused]] const MissingColumns& columns,
                           [[maybe_unused]] Shares shares,
                           [[maybe_unused]] VectorRef statistics) const override {
    if constexpr (Marginalizing<F>) family.accumulate_expected(x, columns, shares, statistics);
  }
  [[nodiscard]] bool impute([[maybe_unused]] Index k, [[maybe_unused]] MatrixRef x,
                            [[maybe_unused]] Rng* rng) const override {
    if constexpr (ImputingFamily<F>) family.impute(k, x, rng);
    return ImputingFamily<F>;
  }
  [[nodiscard]] bool independent_columns() const override { return IndependentColumns<F>; }
  [[nodiscard]] double cdf([[maybe_unused]] Index k, [[maybe_unused]] double x) const override {
    if constexpr (requires { family.cdf(k, x); }) {
      if (dimension() == 1) return family.cdf(k, x);
    }
    throw not_available("cdf");
  }
  [[nodiscard]] Moments moments([[maybe_unused]] Index k) const override {
    if constexpr (requires { family.moments(k); }) return family.moments(k);
    throw not_available("moments");
  }
  [[nodiscard]] AnyFamily marginal(
      [[maybe_unused]] const std::vector<Index>& columns) const override {
    if constexpr (requires { family.marginal(columns); }) return family.marginal(columns);
    throw not_available("marginal distributions");
  }
  [[nodiscard]] AnyFamily conditional([[maybe_unused]] const std::vector<Index>& columns,
                                      [[maybe_unused]] ConstVectorRef values) const override {
    if constexpr (requires { family.conditional(columns, values); }) {
      return family.conditional(columns, values);
    }
    throw not_available("conditional distributions");
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

  [[nodiscard]] NotAvailable not_available(const std::string& what) const {
    const char* columns = dimension() == 1 ? "" : " of several columns";
    return NotAvailable("family '" + name() + "'" + columns + " has no " + what);
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

  void evaluate(Rows x, MatrixRef out, [[maybe_unused]] BlockMemory& memory) const {
    if constexpr (Remembering<F>) {
      family.log_densities(x, out, memory);
    } else {
      family.log_densities(x, out);
    }
  }
  void add_up(Rows x, Shares shares, VectorRef statistics) const {
    if constexpr (StreamingFamily<F>) {
      family.accumulate(x, shares, statistics);
    } else {
      throw std::logic_error("family '" + name() + "' has no additive statistics; call fit");
    }
  }
  void add_up(Rows x, Shares shares, VectorRef statistics,
              [[maybe_unused]] BlockMemory& memory) const {
    if constexpr (Remembering<F>) {
      family.accumulate(x, shares, statistics, memory);
    } else {
      add_up(x, shares, statistics);
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

}  // namespace mix
