#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mix/concepts.h"

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

  Untied() = default;
  /// `k` copies of `prototype`, the state in which every component starts.
  explicit Untied(D prototype, Index k = 1)
      : components_(static_cast<std::size_t>(k), std::move(prototype)) {
    if (k < 1) throw std::invalid_argument("Untied: the number of components must be at least 1");
  }
  /// The given components, all of one dimension.
  explicit Untied(std::vector<D> components) : components_(std::move(components)) {
    check_dimensions();
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
    for (Index k = 0; k < size(); ++k) component(k).log_density(x, out.col(k));
  }

  void sample(Index k, Rng& rng, VectorRef out) const requires Sampleable<D> {
    component(k).sample(rng, out);
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
    Index total = 0;
    for (const D& d : components_) total += d.statistics_size();
    return total;
  }
  void accumulate(Rows x, Shares shares, VectorRef statistics) const requires Streaming<D> {
    Index offset = 0;
    for (Index k = 0; k < size(); ++k) {
      const Index length = component(k).statistics_size();
      component(k).accumulate(x, shares.col(k), statistics.segment(offset, length));
      offset += length;
    }
  }
  void maximize(ConstVectorRef sum) requires Streaming<D> {
    Index offset = 0;
    for (D& d : components_) {
      const Index length = d.statistics_size();
      d.maximize(sum.segment(offset, length));
      offset += length;
    }
  }
  void fit(Rows x, Shares shares) requires Refittable<D> {
    for (Index k = 0; k < size(); ++k)
      components_[static_cast<std::size_t>(k)].fit(x, shares.col(k));
  }
  void start(Rows x, Shares shares) requires requires(D& d, Rows rows, Weights w) {
    d.start(rows, w);
  }
  {
    for (Index k = 0; k < size(); ++k) {
      components_[static_cast<std::size_t>(k)].start(x, shares.col(k));
    }
  }

  [[nodiscard]] Index cycles() const requires Cyclic<D> {
    Index most = 1;
    for (const D& d : components_) most = std::max<Index>(most, d.cycles());
    return most;
  }
  void select_cycle(Index cycle) requires Cyclic<D> {
    // A component with fewer cycles than the longest repeats its own.
    for (D& d : components_) d.select_cycle(cycle % d.cycles());
  }

  void prepare(Rows x, Weights w) requires Preparable<D> {
    for (D& d : components_) d.prepare(x, w);
  }
  [[nodiscard]] std::string check_support(Rows x) const requires Supported<D> {
    return components_.empty() ? std::string() : components_.front().check_support(x);
  }
  [[nodiscard]] Matrix embed(Rows x) const requires Embeddable<D> {
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
  }

  void fields(Fields& visit) requires Visitable<D> && std::default_initializable<D> {
    visit.list(
        "components", size(),
        [&](Index count) { components_.resize(static_cast<std::size_t>(count)); },
        [&](Index k, Fields& element) {
          components_[static_cast<std::size_t>(k)].fields(element);
        });
    if (visit.loading()) check_dimensions();
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
};

}  // namespace mix
