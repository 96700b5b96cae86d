#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// Counts that vary more than Poisson's: a Poisson distribution whose rate itself follows a gamma
/// distribution.
///
/// log f(x) = log G(x + r) - log G(r) - log(x!) + x log(m / (r + m)) + r log(r / (r + m)) for x =
/// 0, 1, 2, ..., with G the gamma function, mean m and size r; the variance is m + m^2 / r. The
/// estimate of the mean is the weighted mean, that of the size the one root of the score (Levin &
/// Reeds 1977), exact from a tally of the counts below 128; larger ones let it move by a factor of
/// e at most in a step. Where the variance of the counts is not above their mean the likelihood
/// rises towards the Poisson distribution, and the size ends at 1e8 times the mean, which is
/// Poisson for all purposes; `caution` says so.
class NegativeBinomial {
 public:
  static constexpr std::string_view name = "negative_binomial";
  static constexpr bool discrete = true;
  static constexpr double least_size = 1e-12;
  /// Per unit of the mean.
  static constexpr double largest_size = 1e8;

  /// For estimation: mean 1, size 1.
  NegativeBinomial() { derive(); }
  /// Throws std::invalid_argument unless the mean is finite and at least 0 and the size finite and
  /// at least 1e-12.
  NegativeBinomial(double mean, double size);

  [[nodiscard]] double mean() const { return mean_; }
  [[nodiscard]] double size() const { return size_; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return 2; }
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  [[nodiscard]] double cdf(double x) const;
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, their weighted sum, the weights of the counts below 128, and what the
  /// larger ones contribute as a function of the size near the current one.
  [[nodiscard]] Index statistics_size() const;
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  /// The mean, the size by moments, and a step from there.
  void start(const AnyRows& x, Weights w);

  /// Logarithms of mean and size.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  [[nodiscard]] std::string check_support(Rows x) const;
  /// 2 asinh(sqrt(x + 3/8)): like square roots near 0, like logarithms of large counts.
  [[nodiscard]] Matrix embed(Rows x) const;
  /// Says when the size is at its upper limit.
  [[nodiscard]] std::string caution() const;
  void fields(Fields& visit);

 private:
  void check() const;
  void derive();
  [[nodiscard]] double upper_size() const;

  double mean_ = 1;
  double size_ = 1;
  Vector small_;  // log densities of the counts below 128
};

}  // namespace mix
