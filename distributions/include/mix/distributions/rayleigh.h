#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// The Rayleigh distribution of one positive column: lengths of vectors with two normal
/// coordinates, such as wind speeds and amplitudes.
///
/// log f(x) = log x - 2 log s - x^2/(2 s^2) for x > 0, with scale s. The estimate is
/// s^2 = mean of x^2 / 2. Its likelihood is bounded.
class Rayleigh {
 public:
  static constexpr std::string_view name = "rayleigh";

  /// Scale 1.
  Rayleigh() = default;
  /// Throws std::invalid_argument unless the scale is positive and finite.
  explicit Rayleigh(double scale);

  [[nodiscard]] double scale() const { return scale_; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 1; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, and the weighted sum of x^2.
  [[nodiscard]] Index statistics_size() const { return 2; }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  /// Throws std::invalid_argument where squares of the data leave the range of doubles.
  void prepare(const AnyRows& x, Weights w) const;

  /// As an exponential family: the feature is x^2.
  bool log_base(Rows x, VectorRef out) const;
  [[nodiscard]] Index feature_count() const { return 1; }
  bool features(Rows x, MatrixRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// The logarithm of the scale.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  [[nodiscard]] std::string check_support(Rows x) const;
  /// log x.
  [[nodiscard]] Matrix embed(Rows x) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  double scale_ = 1;
};

}  // namespace mix
