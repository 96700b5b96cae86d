#pragma once

#include <string_view>
#include <vector>

#include "mix/any_family.h"

namespace mix {

/// Columns that are given and have no distribution: covariates, offsets, trials, errors of
/// measurement, what a gate reads. Log density 0 under each of k components, whatever the cells
/// are: the marginal distribution of such columns, which leaves mixing weights as they are.
class GivenColumns {
 public:
  static constexpr std::string_view name = "given_columns";
  static constexpr bool reads_missing_cells = true;
  static constexpr bool independent_columns = true;

  GivenColumns() = default;
  /// k components in d columns.
  GivenColumns(Index k, Index d) : size_(k), dimension_(d) {}

  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] Index dimension() const { return dimension_; }
  [[nodiscard]] Index parameter_count() const { return 0; }
  void log_densities(Rows /*x*/, MatrixRef out) const { out.setZero(); }
  [[nodiscard]] bool samples() const { return false; }
  /// Throws NotAvailable.
  void sample(Index k, Rng& rng, VectorRef out) const;
  [[nodiscard]] GivenColumns marginal(const std::vector<Index>& columns) const {
    return {size_, static_cast<Index>(columns.size())};
  }
  [[nodiscard]] GivenColumns conditional(const std::vector<Index>& columns,
                                         ConstVectorRef /*values*/) const {
    return {size_, dimension_ - static_cast<Index>(columns.size())};
  }

  [[nodiscard]] Index statistics_size() const { return 0; }
  void accumulate(Rows /*x*/, Shares /*shares*/, VectorRef /*statistics*/) const {}
  void maximize(ConstVectorRef /*sum*/) {}
  [[nodiscard]] Vector coordinates() const { return {}; }
  void set_coordinates(ConstVectorRef /*v*/) {}
  void select(const std::vector<Index>& order) { size_ = static_cast<Index>(order.size()); }
  void fields(Fields& visit);

 private:
  Index size_ = 1;
  Index dimension_ = 1;
};

/// The family of columns of which `family` describes those in `places`, in the order of its own
/// columns, and all others up to `dimension` are given.
AnyFamily beside_given_columns(AnyFamily family, const std::vector<Index>& places, Index dimension);

}  // namespace mix
