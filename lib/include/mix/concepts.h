#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "mix/any_rows.h"
#include "mix/block_memory.h"
#include "mix/fields.h"
#include "mix/missing.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

/// The contract between distributions and the engine. The laws that the functions obey are stated
/// in docs/design/contract.md and checked by mix/testing/check_distribution.h.
namespace mix {

/// One probability distribution over rows of `dimension()` columns.
///
/// `log_density(x, out)` writes the natural logarithm of the density (or probability) of each row;
/// a row outside the support gets minus infinity, never an exception. `parameter_count()` counts
/// free parameters.
template <class D>
concept Distribution = std::copyable<D> && requires(const D& d, Rows x, VectorRef out) {
  { d.dimension() } -> std::convertible_to<Index>;
  { d.parameter_count() } -> std::convertible_to<Index>;
  d.log_density(x, out);
};

/// A distribution whose estimate needs only a sum over rows. `accumulate` adds the statistics of a
/// block, weighted by `w`, under the current parameters; `maximize` sets the parameters from the
/// sum.
template <class D>
concept Streaming = Distribution<D> &&
    requires(const D& current, D& d, Rows x, Weights w, VectorRef statistics, ConstVectorRef sum) {
  { current.statistics_size() } -> std::convertible_to<Index>;
  current.accumulate(x, w, statistics);
  d.maximize(sum);
};

/// A distribution that is estimated from all rows at once.
template <class D>
concept Refittable = Distribution<D> && requires(D& d, Rows x, Weights w) {
  d.fit(x, w);
};

/// A distribution that can draw one row.
template <class D>
concept Sampleable = Distribution<D> && requires(const D& d, Rng& rng, VectorRef out) {
  d.sample(rng, out);
};

/// A distribution that can be a component of a mixture.
template <class D>
concept Component = Streaming<D> || Refittable<D>;

/// `size()` components that are evaluated and estimated together, and may share parameters.
template <class F>
concept FamilyShape = std::copyable<F> && requires(const F& f, Rows x, MatrixRef out) {
  { f.size() } -> std::convertible_to<Index>;
  { f.dimension() } -> std::convertible_to<Index>;
  { f.parameter_count() } -> std::convertible_to<Index>;
  f.log_densities(x, out);
};

/// A family that is estimated from additive statistics of rows and shares.
template <class F>
concept StreamingFamily = FamilyShape<F> && requires(const F& current, F& f, Rows x, Shares shares,
                                                     VectorRef statistics, ConstVectorRef sum) {
  { current.statistics_size() } -> std::convertible_to<Index>;
  current.accumulate(x, shares, statistics);
  f.maximize(sum);
};

/// A family that is estimated from all rows and shares at once.
template <class F>
concept RefittableFamily = FamilyShape<F> && requires(F& f, Rows x, Shares shares) {
  f.fit(x, shares);
};

/// What the engine fits: one of the two, evaluated block by block.
template <class F>
concept Family = StreamingFamily<F> || RefittableFamily<F>;

// Optional capabilities, detected by presence.

/// A streaming family whose components can be evaluated and accumulated each on rows of its own,
/// any number of them: `log_density_of` writes what `log_densities` writes into column k, up to
/// rounding, and `accumulate_of` adds to the statistics of the whole family what `accumulate` adds
/// for shares `w` in component k and none in the others. It adds to numbers that belong to
/// component k alone, so that two components may be accumulated at the same time.
template <class F>
concept Separable = StreamingFamily<F> &&
    requires(const F& f, Index k, Rows x, VectorRef out, Weights w, VectorRef statistics) {
  f.log_density_of(k, x, out);
  f.accumulate_of(k, x, w, statistics);
};

/// A separable family with statistics of all components together besides, when it says so:
/// `accumulate_common` adds those of rows whose shares over all components sum to `w`.
template <class F>
concept SharingStatistics = Separable<F> &&
    requires(const F& f, Rows x, Weights w, VectorRef statistics) {
  { f.shares_statistics() } -> std::convertible_to<bool>;
  f.accumulate_common(x, w, statistics);
};

/// A family whose statistics of all components together are, with some parameters at least, a
/// function of the rows and their weights alone: `constant_statistics` says whether with the
/// present ones. The engine then adds them up once, and asks `log_densities` and `accumulate` to do
/// without
/// (`BlockMemory::without_common`): log densities may lack a term that all components of a row
/// share, whose weighted sum over all rows `common_log_density` computes from the statistics.
template <class F>
concept KeepingStatistics = SharingStatistics<F> && requires(const F& f, ConstVectorRef sum) {
  { f.constant_statistics() } -> std::convertible_to<bool>;
  { f.common_log_density(sum) } -> std::convertible_to<double>;
};

/// A streaming family whose likelihood is a function of its statistics: `weighted_log_density` is
/// the sum over rows of share times log density, from statistics that were added up with the
/// parameters of `at`, up to a term free of parameters.
template <class F>
concept SummableFamily = StreamingFamily<F> &&
    requires(const F& f, ConstVectorRef sum, const F& at) {
  { f.weighted_log_density(sum, at) } -> std::convertible_to<double>;
};

/// `static constexpr bool parameter_free_statistics = true;`: the statistics of a summable family
/// depend on rows and shares alone.
template <class F>
concept WithParameterFreeStatistics = SummableFamily<F> && requires {
  requires F::parameter_free_statistics;
};

/// A streaming family whose `log_densities` leaves intermediate results in `memory`, which
/// `accumulate` of the same rows under the same parameters then need not compute again.
template <class F>
concept Remembering = requires(const F& f, Rows x, MatrixRef out, Shares shares,
                               VectorRef statistics, BlockMemory& memory) {
  f.log_densities(x, out, memory);
  f.accumulate(x, shares, statistics, memory);
};

/// A streaming family that does the whole of Soft's pass over one block of rows at once: to `mass`
/// and `statistics` it adds what shares proportional to exp(log density + log weight) that sum to
/// w(n), or to one where w is null, give, and returns the sum over rows of w(n) times the log
/// density of the mixture. Nothing, where its present parameters do not allow it.
template <class F>
concept SoftPassing = StreamingFamily<F> &&
    requires(const F& f, Rows x, ConstVectorRef log_weights, const double* w, VectorRef mass,
             VectorRef statistics) {
  { f.soft_pass(x, log_weights, w, mass, statistics) } -> std::same_as<std::optional<double>>;
};

template <class M>
struct ClassOf;
template <class M, class C>
struct ClassOf<M C::*> {
  using Type = C;
};

/// Whether the class that defines the natural parameters of D knows the log density and the
/// statistics that D has.
template <class D>
inline constexpr bool has_own_natural_parameters = [] {
  if constexpr (requires {
                  &D::log_density;
                  &D::accumulate;
                  &D::natural_parameters;
                }) {
    using Form = typename ClassOf<decltype(&D::natural_parameters)>::Type;
    return std::is_base_of_v<typename ClassOf<decltype(&D::log_density)>::Type, Form> &&
           std::is_base_of_v<typename ClassOf<decltype(&D::accumulate)>::Type, Form>;
  }
  return true;
}();

/// A distribution whose log density is log h(x) + <eta, T(x)> - A(eta), with a base measure h and
/// features T that are free of parameters, and whose statistics are the weighted sum of T(x), or of
/// 1 and then T(x). All components of a block of rows are then evaluated by one matrix product, and
/// accumulated by another.
///
/// `log_base(x, out)` writes log h of a block of rows and returns true, or returns false when the
/// form does not serve for this block (a row outside the support, say), which `log_density` and
/// `accumulate` then do. `natural_parameters(eta)` writes eta, with minus infinity where a positive
/// feature is impossible and no feature negative. `log_partition()` is A. Optional:
/// `feature_count()` and `features(x, out)`, where T(x) is not x, which also returns whether the
/// form serves; `same_base(other)`, where h and T depend on settings.
///
/// A type that inherits these functions and replaces `log_density` or `accumulate` is none, unless
/// it has natural parameters of its own.
template <class D>
concept ExponentialFamily = Streaming<D> && has_own_natural_parameters<D> &&
    requires(const D& d, Rows x, VectorRef out) {
  { d.log_base(x, out) } -> std::same_as<bool>;
  d.natural_parameters(out);
  { d.log_partition() } -> std::convertible_to<double>;
};

/// An exponential family with T(x) = x that also finds log h of rows whose cells are mostly 0, in
/// time that grows with the cells stored: `log_base(x, out)`, which again returns whether the form
/// serves. Where it does not, the block is evaluated as a dense one.
template <class D>
concept SparseExponentialFamily = ExponentialFamily<D> &&
    requires(const D& d, const SparseRows& x, VectorRef out) {
  { d.log_base(x, out) } -> std::same_as<bool>;
} && !requires(const D& d, Rows x, MatrixRef out) {
  d.features(x, out);
};

/// A family that evaluates a block of sparse rows, and adds up the statistics of the block that it
/// evaluated last with the same memory. Both return whether they did it, and `accumulate` does it
/// if `log_densities` did; where they did not, and for all other families, the block is made dense.
template <class F>
concept SparseFamily = requires(const F& f, const SparseRows& x, MatrixRef out, Shares shares,
                                VectorRef statistics, BlockMemory& memory) {
  { f.log_densities(x, out, memory) } -> std::same_as<bool>;
  { f.accumulate(x, shares, statistics, memory) } -> std::same_as<bool>;
};

/// `prepare`, `check_support` and `embed` of sparse rows. The coordinates are those of the stored
/// cells, after a shift of the origin that makes cells of 0 have the coordinate 0.
template <class T>
concept SparsePreparable = requires(T& t, const SparseRows& x, Weights w) {
  t.prepare(x, w);
};
template <class T>
concept SparseSupported = requires(const T& t, const SparseRows& x) {
  { t.check_support(x) } -> std::convertible_to<std::string>;
};
template <class T>
concept SparseEmbeddable = requires(const T& t, const SparseRows& x) {
  { t.embed(x) } -> std::same_as<Vector>;
};

/// A family that takes rows of either kind and hands them on, as a wrapper around other families.
template <class F>
concept FamilyOfAnyRows = requires(const F& f, const AnyRows& x, MatrixRef out, Shares shares,
                                   VectorRef statistics, BlockMemory& memory) {
  f.log_densities(x, out, memory);
  f.accumulate(x, shares, statistics, memory);
};

/// A distribution or family whose `log_density`, `accumulate`, `prepare` and so on read rows with
/// missing cells (NaN) themselves: `static constexpr bool reads_missing_cells = true;`.
template <class T>
concept ReadsMissingCells = requires {
  requires T::reads_missing_cells;
};

/// A distribution of counts 0, 1, 2, ..., of some of them, or of categories: `static constexpr bool
/// discrete = true;`. Its density is a probability, and its cdf, if any, jumps.
template <class T>
concept Discrete = requires {
  requires T::discrete;
};

/// A distribution or family that knows what to make of infinite cells in a column: the end of an
/// interval that has none. `fit` refuses those of all others.
template <class T>
concept TakesInfiniteCells = requires(const T& t, Index column) {
  { t.takes_infinite_cells(column) } -> std::convertible_to<bool>;
};

/// A family that can do with floats within a block where the memory's `single_precision` says so:
/// whether it does with these options and so many columns.
template <class F>
concept TakesSinglePrecision = requires(const F& f) {
  { f.takes_single_precision() } -> std::convertible_to<bool>;
};

/// A family that gets rows with missing cells sorted by what they lack: the log density of the
/// observed cells, and the expected statistics given these. All others see whole rows only.
template <class F>
concept Marginalizing = StreamingFamily<F> &&
    requires(const F& f, Rows x, const MissingColumns& columns, MatrixRef out, Shares shares,
             VectorRef statistics) {
  f.observed_log_densities(x, columns, out);
  f.accumulate_expected(x, columns, shares, statistics);
};

/// The same of a distribution.
template <class D>
concept MarginalizingComponent = Streaming<D> &&
    requires(const D& d, Rows x, const MissingColumns& columns, VectorRef out, Weights w) {
  d.observed_log_density(x, columns, out);
  d.accumulate_expected(x, columns, w, out);
};

/// Replaces the missing cells of `x` by their means given the observed cells of the row under
/// component k, or draws them where `rng` is not null.
template <class F>
concept ImputingFamily = requires(const F& f, Index k, MatrixRef x, Rng* rng) {
  f.impute(k, x, rng);
};
template <class D>
concept Imputing = requires(const D& d, MatrixRef x, Rng* rng) {
  d.impute(x, rng);
};

/// A name in snake case: `static constexpr std::string_view name = "poisson";`
template <class T>
concept Named = requires {
  { T::name } -> std::convertible_to<std::string_view>;
};

/// A name that depends on the value, for tables: "gaussian VVV".
template <class T>
concept Titled = requires(const T& t) {
  { t.title() } -> std::convertible_to<std::string>;
};

/// `prepare(x, w)` learns location and scale of the data before the first estimate. The parameters
/// stay, so that a run can begin at given ones.
template <class T>
concept Preparable = requires(T& t, Rows x, Weights w) {
  t.prepare(x, w);
};

/// `log_prior()` is the logarithm of the prior density at the parameters, up to a constant; with it
/// `maximize` maximizes the posterior.
template <class T>
concept WithPrior = requires(const T& t) {
  { t.log_prior() } -> std::convertible_to<double>;
};

/// `fields(visitor)` names every parameter once.
template <class T>
concept Visitable = requires(T& t, Fields& visit) {
  t.fields(visit);
};

/// A family's `describe(k, visitor)` names the parameters of one component.
template <class F>
concept Describable = requires(const F& f, Index k, Fields& visit) {
  f.describe(k, visit);
};

/// `embed(x)` maps rows to points whose Euclidean distances mean something; seeding uses them.
template <class T>
concept Embeddable = requires(const T& t, Rows x) {
  { t.embed(x) } -> std::convertible_to<Matrix>;
};

/// A distribution or family whose parameters are points of a space without bounds, where sequences
/// of them can be extrapolated: `coordinates()` are logarithms of what is positive, logits of what
/// is a probability, and so on, free of units (or equal after a change of units), and
/// `set_coordinates(v)` makes the parameters of a point; of one that stands for none, near ones. A
/// probability of 0 has an infinite coordinate.
template <class T>
concept Charted = requires(const T& t, T& m, ConstVectorRef v) {
  { t.coordinates() } -> std::convertible_to<Vector>;
  m.set_coordinates(v);
};

/// An iteration of `cycles()` conditional maximizations (AECM, Meng & van Dyk 1997);
/// `select_cycle(c)` tells which one the next `accumulate` and `maximize` serve.
template <class T>
concept Cyclic = requires(const T& t, T& m, Index c) {
  { t.cycles() } -> std::convertible_to<Index>;
  m.select_cycle(c);
};

/// A family's `start(x, shares)` is its first estimate, which must not depend on current
/// parameters.
template <class F>
concept Startable = requires(F& f, Rows x, Shares shares) {
  f.start(x, shares);
};

/// A family's `flaw(k, mass)` is empty, or says why component k, which holds `mass` rows, looks
/// like an artifact of an unbounded likelihood: "it holds 2 rows".
template <class F>
concept SelfCritical = requires(const F& f, Index k, double mass) {
  { f.flaw(k, mass) } -> std::convertible_to<std::string>;
};

/// A family's `caution(k)` is empty, or says what whoever reads the parameters of component k ought
/// to know, though the solution is sound: "its rate ended at the upper bound of its search, 9".
template <class F>
concept Cautious = requires(const F& f, Index k) {
  { f.caution(k) } -> std::convertible_to<std::string>;
};

/// A family's `select(order)` reorders components or keeps some of them: the new component i is the
/// old component order[i].
template <class F>
concept Selectable = requires(F& f, const std::vector<Index>& order) {
  f.select(order);
};

/// A family that draws a row from component k.
template <class F>
concept SampleableFamily = requires(const F& f, Index k, Rng& rng, VectorRef out) {
  f.sample(k, rng, out);
};

/// A distribution of one column that knows `cdf(x)`, the probability of values up to x.
template <class D>
concept WithCdf = requires(const D& d, double x) {
  { d.cdf(x) } -> std::same_as<double>;
};

/// A distribution that knows its mean and its covariance.
template <class D>
concept WithMoments = requires(const D& d) {
  { d.moments() } -> std::same_as<Moments>;
};

/// A distribution whose `marginal(columns)`, that of the chosen columns in this order, is of the
/// same type.
template <class D>
concept WithMarginals = requires(const D& d, const std::vector<Index>& columns) {
  { d.marginal(columns) } -> std::same_as<D>;
};

/// `static constexpr bool independent_columns = true;`: of the others' values nothing depends.
template <class T>
concept IndependentColumns = requires {
  requires T::independent_columns;
};

/// The same for `conditional(columns, values)`, the distribution of all other columns where the
/// chosen ones have these values. One of independent columns needs none.
template <class D>
concept WithConditionals = WithMarginals<D> &&
    (IndependentColumns<D> ||
     requires(const D& d, const std::vector<Index>& columns, ConstVectorRef values) {
       { d.conditional(columns, values) } -> std::same_as<D>;
     });

/// `check_support(x)` is empty, or says which rows no parameter value can explain and why.
template <class T>
concept Supported = requires(const T& t, Rows x) {
  { t.check_support(x) } -> std::convertible_to<std::string>;
};

/// Prints, at compile time, the signature that `D` lacks to be a component of a mixture.
template <class D>
consteval bool check_component() {
  static_assert(std::copyable<D>, "a component must be copyable: D(const D&) and operator=");
  static_assert(
      requires(const D& d) {
        { d.dimension() } -> std::convertible_to<Index>;
      },
      "missing: Index dimension() const  (the number of columns it describes)");
  static_assert(
      requires(const D& d) {
        { d.parameter_count() } -> std::convertible_to<Index>;
      },
      "missing: Index parameter_count() const  (the number of free parameters)");
  static_assert(
      requires(const D& d, Rows x, VectorRef out) { d.log_density(x, out); },
      "missing: void log_density(mix::Rows x, mix::VectorRef out) const");
  static_assert(
      requires(D & d, Rows x, Weights w) { d.fit(x, w); } ||
          requires(const D& d) { d.statistics_size(); },
      "missing an estimator: either  void fit(mix::Rows x, mix::Weights w)  or the three functions "
      "statistics_size() const, accumulate(x, w, statistics) const, maximize(sum)");
  if constexpr (requires(const D& d) { d.statistics_size(); }) {
    static_assert(
        requires(const D& d, Rows x, Weights w, VectorRef statistics) {
          d.accumulate(x, w, statistics);
        },
        "missing: void accumulate(mix::Rows x, mix::Weights w, mix::VectorRef statistics) const");
    static_assert(
        requires(D & d, ConstVectorRef sum) { d.maximize(sum); },
        "missing: void maximize(mix::ConstVectorRef sum)");
  }
  static_assert(
      !FamilyShape<D>,
      "this is a family (it has size() and log_densities()), not one distribution: give it "
      "to mixture(...) directly, without Untied");
  return Component<D>;
}

}  // namespace mix
