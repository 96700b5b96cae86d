#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/any_rows.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The uniform distribution on a fixed box, edges included: a component for noise. EM cannot move
/// the edges of a support, so there is nothing to estimate and there are no free parameters.
class UniformBox {
 public:
  static constexpr std::string_view name = "uniform";
  static constexpr bool reads_missing_cells = true;

  UniformBox() = default;
  /// Throws std::invalid_argument unless `lower` < `upper` in every column, both finite.
  UniformBox(Vector lower, Vector upper);
  /// The bounding box of the rows; cells that are NaN are left out.
  static UniformBox around(const AnyRows& x);

  [[nodiscard]] const Vector& lower() const { return lower_; }
  [[nodiscard]] const Vector& upper() const { return upper_; }

  [[nodiscard]] Index dimension() const { return lower_.size(); }
  [[nodiscard]] Index parameter_count() const { return 0; }
  /// Minus the logarithm of the volume, or minus infinity outside.
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;
  /// The columns are independent: of the others' values nothing depends.
  static constexpr bool independent_columns = true;
  [[nodiscard]] UniformBox marginal(const std::vector<Index>& columns) const;

  [[nodiscard]] Index statistics_size() const { return 0; }
  void accumulate(Rows /*x*/, Weights /*w*/, VectorRef /*statistics*/) const {}
  void maximize(ConstVectorRef /*sum*/) {}
  [[nodiscard]] Vector coordinates() const { return {}; }
  void set_coordinates(ConstVectorRef /*v*/) {}

  [[nodiscard]] std::string check_support(Rows x) const;
  /// The box mapped to the unit cube.
  [[nodiscard]] Matrix embed(Rows x) const;
  void fields(Fields& visit);

 private:
  Vector lower_;
  Vector upper_;
};

}  // namespace mix
