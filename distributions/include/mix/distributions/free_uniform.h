#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/any_rows.h"
#include "mix/distributions/uniform_box.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The uniform distribution on a box whose edges are estimated.
///
/// log f(x) = -sum_j log(upper_j - lower_j) within the box. EM cannot move the edges of a support:
/// rows outside have no share. They begin at the outermost rows of a component and stay there in
/// steps of EM; `fit` moves them between its runs (see mix/models/edges.h). A box is never narrower
/// than 1e-5 standard deviations of the data in any column.
class FreeUniform {
 public:
  static constexpr std::string_view name = "free_uniform";

  FreeUniform() = default;
  /// For estimation: the unit box of `dimension` columns. Throws std::invalid_argument for
  /// dimension < 1.
  explicit FreeUniform(Index dimension);
  /// Throws std::invalid_argument unless `lower` < `upper` in every column, both finite.
  FreeUniform(Vector lower, Vector upper);

  [[nodiscard]] const Vector& lower() const { return box_.lower(); }
  [[nodiscard]] const Vector& upper() const { return box_.upper(); }

  [[nodiscard]] Index dimension() const { return box_.dimension(); }
  [[nodiscard]] Index parameter_count() const { return 2 * dimension(); }
  void log_density(Rows x, VectorRef out) const { box_.log_density(x, out); }
  void sample(Rng& rng, VectorRef out) const { box_.sample(rng, out); }
  [[nodiscard]] double cdf(double x) const { return box_.cdf(x); }
  [[nodiscard]] Moments moments() const { return box_.moments(); }
  static constexpr bool independent_columns = true;
  [[nodiscard]] FreeUniform marginal(const std::vector<Index>& columns) const;

  /// None: steps change nothing.
  [[nodiscard]] Index statistics_size() const { return 0; }
  void accumulate(Rows /*x*/, Weights /*w*/, VectorRef /*statistics*/) const {}
  void maximize(ConstVectorRef /*sum*/) {}
  /// None either: the likelihood has no derivative by an edge.
  [[nodiscard]] Vector coordinates() const { return {}; }
  void set_coordinates(ConstVectorRef /*v*/) {}
  /// The bounding box of the rows with weight; without any it stays.
  void start(const AnyRows& x, Weights w);

  /// Lower and upper edge of the first column, then of the others.
  [[nodiscard]] Index edge_count() const { return 2 * dimension(); }
  [[nodiscard]] Index edge_column(Index edge) const { return edge / 2; }
  /// The box with this edge there, or as it is where that makes it too narrow.
  [[nodiscard]] FreeUniform with_edge(Index edge, double value) const;

  /// Learns the least widths. Throws std::invalid_argument for a constant column.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  UniformBox box_;
  double rows_ = 0;   // of all data
  Vector variances_;  // of all data, empty before `prepare`
};

}  // namespace mix
