#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mix/block_memory.h"
#include "mix/concepts.h"
#include "mix/coordinates.h"
#include "mix/natural_form.h"
#include "mix/parallel.h"
#include "mix/weighted_log_density.h"

namespace mix {

/// The family of k independent copies of one distribution, each with parameters of its own: how a
/// plain distribution becomes a family. Streams when the distribution does.
template <Component D>
class Untied {
 public:
  static constexpr std::string_view name = [] {
    if constexpr (Named<D>) return std::string_view(D::name);
    return std::string_view("custom");
  }();

  static constexpr bool reads_missing_cells = ReadsMissingCells<D>;
  [[nodiscard]] bool takes_missing_cells() const requires requires(const D& d) {
    { d.takes_missing_cells() } -> std::convertible_to<bool>;
  }
  {
    return std::all_of(components_.begin(), components_.end(),
                       [](const D& d) { return d.takes_missing_cells(); });
  }
  static constexpr bool independent_columns = IndependentColumns<D>;
  [[nodiscard]] bool takes_infinite_cells(Index column) const requires TakesInfiniteCells<D> {
    return !components_.empty() && components_.front().takes_infinite_cells(column);
  }
  [[nodiscard]] bool is_discrete() const {
    if constexpr (requires(const D& d) {
                    { d.is_discrete() } -> std::convertible_to<bool>;
                  }) {
      return std::all_of(components_.begin(), components_.end(),
                         [](const D& d) { return d.is_discrete(); });
    }
    return Discrete<D>;
  }

  Untied() = default;
  /// `k` copies of `prototype`, the state in which every component starts.
  explicit Untied(D prototype, Index k = 1)
      : components_(static_cast<std::size_t>(k), std::move(prototype)) {
    if (k < 1) throw std::invalid_argument("Untied: the number of components must be at least 1");
    derive();
  }
  /// The given components, all of one dimension.
  explicit Untied(std::vector<D> components) : components_(std::move(components)) {
    check_dimensions();
    derive();
  }

  [[nodiscard]] const D& component(Index k) const {
    return components_[static_cast<std::size_t>(k)];
  }
  [[nodiscard]] std::string title() const requires Titled<D> {
    return components_.empty() ? std::string(name) : components_.front().title();
  }

  [[nodiscard]] Index size() const { return static_cast<Index>(components_.size()); }
  [[nodiscard]] Index dimension() const {
    return components_.empty() ? 0 : components_.front().dimension();
  }
  [[nodiscard]] Index parameter_count() const {
    Index count = 0;
    for (const D& d : components_) count += d.parameter_count();
    return count;
  }

  void log_densities(Rows x, MatrixRef out) const {
    if constexpr (ExponentialFamily<D>) {
      const BorrowedMemory memory;
      for (Index first = 0; first < x.rows(); first += block_rows) {
        const Index count = std::min(block_rows, x.rows() - first);
        log_densities(x.middleRows(first, count), out.middleRows(first, count), *memory);
      }
    } else {
      evaluate_each(x, out);
    }
  }
  /// One block of at most block_rows rows; leaves its features in `memory`.
  void log_densities(Rows x, MatrixRef out,
                     BlockMemory& memory) const requires ExponentialFamily<D> {
    if (find_features(x, memory)) {
      natural_.log_densities(features(x, memory), memory.matrix(base_place).col(0).head(x.rows()),
                             out);
    } else {
      evaluate_each(x, out);
    }
  }
  /// The same for sparse rows; false where the form does not serve for the block.
  bool log_densities(const SparseRows& x, MatrixRef out,
                     BlockMemory& memory) const requires SparseExponentialFamily<D> {
    double& found = memory.matrix(found_place, 1, 1)(0, 0);
    VectorRef base = memory.matrix(base_place, block_rows, 1).col(0).head(x.rows());
    const bool serves = natural_.holds() && components_.front().log_base(x, base);
    found = serves ? 1 : 0;
    if (serves) natural_.log_densities(x, base, out);
    return serves;
  }
  /// The same family, evaluated by each component's own functions until its parameters change.
  [[nodiscard]] Untied one_by_one() const requires ExponentialFamily<D> {
    Untied copy = *this;
    copy.natural_ = NaturalForm();
    return copy;
  }

  void sample(Index k, Rng& rng, VectorRef out) const requires Sampleable<D> {
    component(k).sample(rng, out);
  }
  void impute(Index k, MatrixRef x, Rng* rng) const requires Imputing<D> {
    component(k).impute(x, rng);
  }

  [[nodiscard]] double cdf(Index k, double x) const requires WithCdf<D> {
    return component(k).cdf(x);
  }
  [[nodiscard]] Moments moments(Index k) const requires WithMoments<D> {
    return component(k).moments();
  }
  [[nodiscard]] Untied marginal(const std::vector<Index>& columns) const requires WithMarginals<D> {
    std::vector<D> marginals;
    for (const D& d : components_) marginals.push_back(d.marginal(columns));
    return Untied(std::move(marginals));
  }
  [[nodiscard]] Untied conditional(const std::vector<Index>& columns,
                                   ConstVectorRef values) const requires WithConditionals<D> {
    if constexpr (IndependentColumns<D>) {
      return marginal(other_columns(dimension(), columns));
    } else {
      std::vector<D> conditionals;
      for (const D& d : components_) conditionals.push_back(d.conditional(columns, values));
      return Untied(std::move(conditionals));
    }
  }

  /// Where the distribution knows only at run time whether it streams (a mixture of any families).
  [[nodiscard]] bool streams() const {
    if constexpr (requires(const D& d) {
                    { d.streams() } -> std::convertible_to<bool>;
                  }) {
      for (const D& d : components_) {
        if (!d.streams()) return false;
      }
      return true;
    }
    return Streaming<D>;
  }
  [[nodiscard]] Index statistics_size() const requires Streaming<D> {
    return offsets_.empty() ? 0 : offsets_.back();
  }
  void accumulate(Rows x, Shares shares, VectorRef statistics) const requires Streaming<D> {
    if constexpr (ExponentialFamily<D>) {
      const BorrowedMemory memory;
      for (Index first = 0; first < x.rows(); first += block_rows) {
        const Rows rows = x.middleRows(first, std::min(block_rows, x.rows() - first));
        find_features(rows, *memory);
        accumulate(rows, shares.middleRows(first, rows.rows()), statistics, *memory);
      }
    } else {
      accumulate_each(x, shares, statistics);
    }
  }
  void accumulate(Rows x, Shares shares, VectorRef statistics,
                  BlockMemory& memory) const requires ExponentialFamily<D> {
    if (memory.matrix(found_place)(0, 0) == 1) {
      natural_.accumulate(features(x, memory), shares, statistics);
    } else {
      accumulate_each(x, shares, statistics);
    }
  }
  bool accumulate(const SparseRows& x, Shares shares, VectorRef statistics,
                  BlockMemory& memory) const requires SparseExponentialFamily<D> {
    if (memory.matrix(found_place)(0, 0) != 1) return false;
    natural_.accumulate(x, shares, statistics);
    return true;
  }
  void observed_log_densities(Rows x, const MissingColumns& columns,
                              MatrixRef out) const requires MarginalizingComponent<D> {
    for (Index k = 0; k < size(); ++k) component(k).observed_log_density(x, columns, out.col(k));
  }
  void accumulate_expected(Rows x, const MissingColumns& columns, Shares shares,
                           VectorRef statistics) const requires MarginalizingComponent<D> {
    for (Index k = 0; k < size(); ++k) {
      const auto i = static_cast<std::size_t>(k);
      component(k).accumulate_expected(
          x, columns, shares.col(k),
          statistics.segment(offsets_[i], offsets_[i + 1] - offsets_[i]));
    }
  }
  void log_density_of(Index k, Rows x, VectorRef out) const { component(k).log_density(x, out); }
  void accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const requires Streaming<D> {
    const auto i = static_cast<std::size_t>(k);
    component(k).accumulate(x, w, statistics.segment(offsets_[i], offsets_[i + 1] - offsets_[i]));
  }
  void maximize(ConstVectorRef sum) requires Streaming<D> {
    Index offset = 0;
    for (D& d : components_) {
      const Index length = d.statistics_size();
      d.maximize(sum.segment(offset, length));
      offset += length;
    }
    derive();
  }
  /// The sum over rows of share times log density from statistics that were added up with the
  /// parameters `at`, up to a term free of parameters.
  [[nodiscard]] double weighted_log_density(ConstVectorRef sum,
                                            const Untied& at) const requires Summable<D> {
    double total = 0;
    for (Index k = 0; k < size(); ++k) {
      const auto i = static_cast<std::size_t>(k);
      total += log_density_of_statistics(
          component(k), sum.segment(at.offsets_[i], at.offsets_[i + 1] - at.offsets_[i]),
          at.component(k));
    }
    return total;
  }
  /// Where features are the row itself: other natural forms do not serve for all parameters.
  static constexpr bool parameter_free_statistics = SparseExponentialFamily<D>;
  // Functions of all rows at once take whichever kinds of rows the distribution takes.
  template <class X>
  void fit(const X& x, Shares shares) requires requires(D& d, Weights w) {
    d.fit(x, w);
  }
  {
    for (Index k = 0; k < size(); ++k) {
      D& d = components_[static_cast<std::size_t>(k)];
      if constexpr (requires(Weights w) { d.improve(x, w); }) {
        d.improve(x, shares.col(k));
      } else {
        d.fit(x, shares.col(k));
      }
    }
    derive();
  }
  template <class X>
  void start(const X& x, Shares shares) requires requires(D& d, Weights w) {
    d.start(x, w);
  }
  {
    for (Index k = 0; k < size(); ++k) {
      components_[static_cast<std::size_t>(k)].start(x, shares.col(k));
    }
    derive();
  }

  /// Where the distribution knows only at run time whether it has coordinates.
  [[nodiscard]] bool charted() const {
    if constexpr (requires(const D& d) {
                    { d.charted() } -> std::convertible_to<bool>;
                  }) {
      return std::all_of(components_.begin(), components_.end(),
                         [](const D& d) { return d.charted(); });
    }
    return Charted<D>;
  }
  /// The components' coordinates one after the other.
  [[nodiscard]] Vector coordinates() const requires Charted<D> {
    return joined_coordinates(components_, [](const D& d) -> const D& { return d; });
  }
  void set_coordinates(ConstVectorRef v) requires Charted<D> {
    set_joined_coordinates(
        components_, [](D& d) -> D& { return d; }, v);
    derive();
  }

  [[nodiscard]] Index cycles() const requires Cyclic<D> {
    Index most = 1;
    for (const D& d : components_) most = std::max<Index>(most, d.cycles());
    return most;
  }
  void select_cycle(Index cycle) requires Cyclic<D> {
    // A component with fewer cycles than the longest repeats its own.
    for (D& d : components_) d.select_cycle(cycle % d.cycles());
    place_statistics();
  }

  template <class X>
  void prepare(const X& x, Weights w) requires requires(D& d) {
    d.prepare(x, w);
  }
  {
    for (D& d : components_) d.prepare(x, w);
    derive();
  }
  template <class X>
  [[nodiscard]] std::string check_support(const X& x) const requires requires(const D& d) {
    d.check_support(x);
  }
  { return components_.empty() ? std::string() : components_.front().check_support(x); }
  [[nodiscard]] Matrix embed(Rows x) const requires Embeddable<D> {
    return components_.front().embed(x);
  }
  [[nodiscard]] Vector embed(const SparseRows& x) const requires SparseEmbeddable<D> {
    return components_.front().embed(x);
  }
  [[nodiscard]] double log_prior() const requires WithPrior<D> {
    double sum = 0;
    for (const D& d : components_) sum += d.log_prior();
    return sum;
  }
  [[nodiscard]] std::string flaw(Index k, double mass) const requires
      requires(const D& d, double m) {
    { d.flaw(m) } -> std::convertible_to<std::string>;
  }
  { return component(k).flaw(mass); }
  [[nodiscard]] std::string caution(Index k) const requires requires(const D& d) {
    { d.caution() } -> std::convertible_to<std::string>;
  }
  { return component(k).caution(); }

  void select(const std::vector<Index>& order) {
    std::vector<D> reordered;
    reordered.reserve(components_.size());
    for (const Index k : order) reordered.push_back(component(k));
    components_ = std::move(reordered);
    derive();
  }

  void fields(Fields& visit) requires Visitable<D> && std::default_initializable<D> {
    visit.list(
        "components", size(),
        [&](Index count) { components_.resize(static_cast<std::size_t>(count)); },
        [&](Index k, Fields& element) {
          components_[static_cast<std::size_t>(k)].fields(element);
        });
    if (!visit.loading()) return;
    check_dimensions();
    derive();
  }
  void describe(Index k, Fields& visit) const requires Visitable<D> {
    if constexpr (requires(const D& d) { d.describe(visit); }) {
      component(k).describe(visit);  // without settings that are saved but no parameters
    } else {
      D copy = component(k);
      copy.fields(visit);
    }
  }

 private:
  // What the memory of a block holds.
  enum Place : std::size_t { found_place, base_place, features_place };
  // With more features per column than this, the product of all of them costs more than to look up
  // those that are not 0.
  static constexpr Index most_features = 32;

  static constexpr bool has_features = requires(const D& d, Rows x, MatrixRef out) {
    { d.feature_count() } -> std::convertible_to<Index>;
    { d.features(x, out) } -> std::same_as<bool>;
  };

  void evaluate_each(Rows x, MatrixRef out) const {
    for (Index k = 0; k < size(); ++k) component(k).log_density(x, out.col(k));
  }
  void accumulate_each(Rows x, Shares shares, VectorRef statistics) const {
    Index offset = 0;
    for (Index k = 0; k < size(); ++k) {
      const Index length = component(k).statistics_size();
      component(k).accumulate(x, shares.col(k), statistics.segment(offset, length));
      offset += length;
    }
  }

  // Where the statistics of each component begin, and where the last ones end.
  void place_statistics() {
    if constexpr (Streaming<D>) {
      offsets_.assign(1, 0);
      for (const D& d : components_) offsets_.push_back(offsets_.back() + d.statistics_size());
    }
  }
  // The natural form of the components as they are now.
  void derive() {
    place_statistics();
    if constexpr (ExponentialFamily<D>) {
      natural_.clear();
      if (components_.empty()) return;
      const D& first = components_.front();
      Index count = dimension();
      if constexpr (has_features) count = first.feature_count();
      if (count > most_features * dimension()) return;
      for (const D& d : components_) {
        if constexpr (requires {
                        { d.same_base(d) } -> std::same_as<bool>;
                      }) {
          if (!d.same_base(first)) return;
        }
      }
      natural_.resize(count, size());
      for (Index k = 0; k < size(); ++k) {
        component(k).natural_parameters(natural_.parameters(k));
        natural_.set(k, component(k).log_partition());
      }
      if constexpr (SparseExponentialFamily<D>) natural_.serve_sparse_rows();
    }
  }
  // Writes base measure and features of a block to `memory`, if the form serves for it.
  bool find_features(Rows x, BlockMemory& memory) const requires ExponentialFamily<D> {
    double& found = memory.matrix(found_place, 1, 1)(0, 0);
    found = 0;
    if (!natural_.holds()) return false;
    const D& any = components_.front();
    if (!any.log_base(x, memory.matrix(base_place, block_rows, 1).col(0).head(x.rows()))) {
      return false;
    }
    if constexpr (has_features) {
      const Index count = natural_.feature_count();
      Matrix& out = memory.matrix(features_place, NaturalForm::feature_stride, count);
      if (!any.features(x, out.topLeftCorner(x.rows(), count))) return false;
    }
    found = 1;
    return true;
  }
  // Those that find_features wrote, or the rows themselves.
  [[nodiscard]] Rows features(Rows x, BlockMemory& memory) const requires ExponentialFamily<D> {
    if constexpr (has_features) {
      return memory.matrix(features_place).topLeftCorner(x.rows(), natural_.feature_count());
    } else {
      return x;
    }
  }

  void check_dimensions() const {
    for (const D& d : components_) {
      if (d.dimension() == dimension()) continue;
      throw std::invalid_argument(
          fmt::format("all components of a family describe the same columns, but one has {} and "
                      "another {}",
                      dimension(), d.dimension()));
    }
  }

  std::vector<D> components_;
  std::vector<Index> offsets_;  // where the distribution streams
  NaturalForm natural_;         // of an exponential family
};

}  // namespace mix
