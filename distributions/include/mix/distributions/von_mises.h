#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/data_spread.h"
#include "mix/fields.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The von Mises distribution of one column of angles in radians: directions of winds, times of
/// day.
///
/// log f(x) = k cos(x - m) - log(2 pi I_0(k)), with mean direction m, concentration k and the
/// Bessel function I; angles that differ by 2 pi are the same. The estimate is the direction of the
/// mean of (cos x, sin x), and the k for which I_1(k) / I_0(k) is its length, by Newton's method.
/// One minus that length is at least 1e-10 of what it is for all data (see DataSpread).
class VonMises {
 public:
  static constexpr std::string_view name = "von_mises";

  /// The uniform distribution on the circle.
  VonMises() = default;
  /// Throws std::invalid_argument unless both are finite and the concentration is at least 0.
  VonMises(double direction, double concentration);

  /// From -pi to pi.
  [[nodiscard]] double direction() const { return direction_; }
  [[nodiscard]] double concentration() const { return concentration_; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;

  /// The weight of the rows, and the weighted sums of cosines and sines.
  [[nodiscard]] Index statistics_size() const { return 3; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are cosine and sine.
  bool log_base(Rows x, VectorRef out) const;
  [[nodiscard]] Index feature_count() const { return 2; }
  bool features(Rows x, MatrixRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// The direction as a point of the plane at the distance log(1 + concentration).
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns how the angles vary.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  /// Cosine and sine.
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  double direction_ = 0;
  double concentration_ = 0;
  DataSpread data_;  // its variance is 1 - length of the mean of (cos x, sin x)
};

}  // namespace mix
