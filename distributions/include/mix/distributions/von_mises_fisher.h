#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/distributions/data_spread.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/sparse_rows.h"
#include "mix/types.h"

namespace mix {

/// The von Mises-Fisher distribution of rows of length 1: directions in any number of dimensions,
/// such as of texts and embeddings.
///
/// log f(x) = k m'x + (D/2 - 1) log k - D/2 log(2 pi) - log I_{D/2-1}(k), with mean direction m, of
/// length 1, concentration k and the Bessel function I; a density on the surface of the unit
/// sphere. The estimate is the direction of the mean of the rows, and the k for which
/// I_{D/2}(k) / I_{D/2-1}(k) is its length (Banerjee et al. 2005), by Newton's method to the last
/// digits; Bessel functions by Debye's expansion and continued fractions, for D and k of any size.
/// One minus that length is at least 1e-10 of what it is for all data (see DataSpread).
class VonMisesFisher {
 public:
  static constexpr std::string_view name = "von_mises_fisher";

  VonMisesFisher() = default;
  /// For estimation: the uniform distribution. Throws std::invalid_argument for fewer than 2
  /// columns.
  explicit VonMisesFisher(Index dimension);
  /// `direction` is divided by its length. Throws std::invalid_argument unless it has at least 2
  /// entries and a positive, finite length, and the concentration is finite and at least 0.
  VonMisesFisher(Vector direction, double concentration);

  [[nodiscard]] const Vector& direction() const { return direction_; }
  [[nodiscard]] double concentration() const { return concentration_; }

  [[nodiscard]] Index dimension() const { return direction_.size(); }
  [[nodiscard]] Index parameter_count() const { return direction_.size(); }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, and their weighted sum.
  [[nodiscard]] Index statistics_size() const { return 1 + dimension(); }
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: the features are the rows themselves.
  bool log_base(Rows x, VectorRef out) const;
  bool log_base(const SparseRows& x, VectorRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// The direction times log(1 + concentration).
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns how the directions vary.
  void prepare(const AnyRows& x, Weights w);
  /// Names the first row whose length is not 1 within 1e-6.
  [[nodiscard]] std::string check_support(Rows x) const;
  /// The rows themselves.
  [[nodiscard]] Matrix embed(Rows x) const { return x; }
  [[nodiscard]] Vector embed(const SparseRows& x) const;
  [[nodiscard]] std::string flaw(double mass) const;
  void fields(Fields& visit);
  void describe(Fields& visit) const;

 private:
  Vector direction_;
  double concentration_ = 0;
  DataSpread data_;  // its variance is 1 - length of the mean of the rows
};

}  // namespace mix
