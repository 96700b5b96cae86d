#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/data_spread.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// Location, scale and shape of a skew distribution (Azzalini 1985): a symmetric density f of
/// z = (x - location)/scale becomes 2 f(z) F(shape z). The shape is negative where the left tail is
/// the longer one, and 0 without skewness.
struct Skew {
  double location = 0;
  double scale = 1;
  double shape = 1;
};

/// The skew-normal distribution of one column (Azzalini 1985): a bell with one side steeper than
/// the other, up to half a bell.
///
/// log f(x) = log 2 - log s + log phi(z) + log Phi(a z) with z = (x - m)/s, location m, scale s,
/// shape a. The mean of a half-normal and a normal part, m + delta |U| + sigma V with
/// delta = a s/sqrt(1 + a^2) and sigma = s/sqrt(1 + a^2): a step is that of EM for the half-normal
/// part, with m and delta found together (Lin, Lee & Yen 2007) and with parameter expansion (Liu,
/// Rubin & Wu 1998), so it never lowers the likelihood.
/// No shape but a wrong one explains rows in half a bell better than a larger one: sigma^2 is at
/// least 1e-10 of the data's variance (see DataSpread), which bounds the likelihood too.
class SkewNormal {
 public:
  static constexpr std::string_view name = "skew_normal";

  /// Location 0, scale 1, shape 1.
  SkewNormal() = default;
  /// Throws std::invalid_argument unless all are finite and the scale is positive.
  SkewNormal(double location, double scale, double shape);

  [[nodiscard]] double location() const { return skew_.location; }
  [[nodiscard]] double scale() const { return skew_.scale; }
  [[nodiscard]] double shape() const { return skew_.shape; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 3; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// With y = |U| given the row: the weight p of the rows, and the weighted sums of 1, E y, E y^2,
  /// z, z E y and z^2.
  [[nodiscard]] Index statistics_size() const { return 7; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  /// By the first three moments, whatever the parameters are; without weight those of all data.
  void start(const AnyRows& x, Weights w);

  /// The location and the logarithm of the scale, in units of the data's once `prepare` learned
  /// them, and the shape.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns mean and variance of the data. Throws std::invalid_argument for a constant column.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  /// Says when the density is hardly more than half a bell.
  [[nodiscard]] std::string caution() const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  Skew skew_;
  DataSpread data_;
};

}  // namespace mix
