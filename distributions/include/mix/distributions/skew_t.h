#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/data_spread.h"
#include "mix/distributions/skew_normal.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The skew-t distribution of one column (Azzalini & Capitanio 2003): skewness and heavy tails, as
/// of returns, delays or incomes.
///
/// f(x) = 2/s t_v(z) T_{v+1}(a z sqrt((v + 1)/(v + z^2))) with z = (x - m)/s, location m, scale s,
/// shape a, v degrees of freedom, t and T density and cdf of Student's t: m plus a skew-normal
/// variable divided by the root of a gamma one. An iteration has two cycles (Meng & van Dyk 1997):
/// first m, s and a, by the EM step for the two hidden variables, m and delta together; then v, by
/// the observed likelihood, which is interpolated about the current v from its values at 16 points.
/// Degrees of freedom stay in [0.5, 10000]. For the bound of scales see SkewNormal.
class SkewT {
 public:
  static constexpr std::string_view name = "skew_t";

  /// Location 0, scale 1, shape 1, 10 degrees of freedom.
  SkewT() = default;
  /// Throws std::invalid_argument unless all are finite, the scale is positive, and the degrees of
  /// freedom are from 0.5 to 10000.
  SkewT(double location, double scale, double shape, double dof);

  [[nodiscard]] double location() const { return skew_.location; }
  [[nodiscard]] double scale() const { return skew_.scale; }
  [[nodiscard]] double shape() const { return skew_.shape; }
  [[nodiscard]] double dof() const { return dof_; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 4; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  /// By quadrature, to about 1e-10.
  [[nodiscard]] double cdf(double x) const;
  /// The mean is NaN for v <= 1, the variance infinite for v <= 2 and NaN for v <= 1.
  [[nodiscard]] Moments moments() const;

  [[nodiscard]] Index cycles() const { return 2; }
  void select_cycle(Index cycle) { cycle_ = cycle; }
  /// Cycle 0: those of SkewNormal, each row weighted by its expected precision besides. Cycle 1:
  /// the weight of the rows, and what their log density would be at 16 other degrees of freedom.
  [[nodiscard]] Index statistics_size() const;
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  /// Location, scale and shape as SkewNormal; 10 degrees of freedom.
  void start(const AnyRows& x, Weights w);

  /// Those of SkewNormal, and the logarithm of the degrees of freedom.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns mean and variance of the data. Throws std::invalid_argument for a constant column.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  /// Says when the density is hardly more than half a bell, or the degrees of freedom ended at a
  /// bound.
  [[nodiscard]] std::string caution() const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  Skew skew_;
  double dof_ = 10;
  DataSpread data_;
  Index cycle_ = 0;
};

}  // namespace mix
