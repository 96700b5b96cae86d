#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

class PolyaDensity;

/// A row of counts over `dimension()` outcomes that varies more than a multinomial one: the
/// probabilities themselves follow a Dirichlet distribution (Polya's distribution). The total of a
/// row is given.
///
/// log f(x) = log(n! / prod_j x_j!) + log G(A) - log G(A + n) + sum_j [log G(a_j + x_j) - log
/// G(a_j)], with G the gamma function, n = sum_j x_j, concentrations a and A = sum_j a_j. The mean
/// of x_j is n a_j / A, the variance that of the multinomial distribution times (n + A) / (1 + A).
/// The estimate is by Newton's method (Minka 2000), exact where the counts and totals are below 128
/// (fewer beyond 32 outcomes); larger ones let concentrations move by a factor of e at most in a
/// step. Concentrations stay at or above 1e-10, their sum at or below 1e10, which is multinomial
/// for all purposes; `caution` says so.
class DirichletMultinomial {
 public:
  static constexpr std::string_view name = "dirichlet_multinomial";
  static constexpr bool discrete = true;

  DirichletMultinomial() = default;
  /// For estimation: `dimension` outcomes, all concentrations 1. Throws std::invalid_argument for
  /// dimension < 1.
  explicit DirichletMultinomial(Index dimension);
  /// `trials` is the total of a sampled row. Throws std::invalid_argument unless the concentrations
  /// lie in [1e-10, 1e10], and for trials below 0.
  explicit DirichletMultinomial(Vector concentrations, Index trials = 1);

  [[nodiscard]] const Vector& concentrations() const { return concentrations_; }
  /// The total of a sampled row.
  [[nodiscard]] Index trials() const { return trials_; }

  [[nodiscard]] Index dimension() const { return concentrations_.size(); }
  [[nodiscard]] Index parameter_count() const { return concentrations_.size(); }
  void log_density(Rows x, VectorRef out) const;
  /// Every drawn row has the total `trials()`: the mean that `prepare` saw, rounded, for the totals
  /// themselves have no distribution here.
  void sample(Rng& rng, VectorRef out) const;
  /// Of rows of the total `trials()`.
  [[nodiscard]] Moments moments() const;

  /// The weight of the rows, and for each outcome and for the totals the weights of the small
  /// counts, and what larger ones contribute as a function of the concentration near the current
  /// one.
  [[nodiscard]] Index statistics_size() const;
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  /// Concentrations by moments, and a step from there.
  void start(const AnyRows& x, Weights w);

  /// Logarithms of the concentrations.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the total of a sampled row.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  /// As of a multinomial distribution.
  [[nodiscard]] Matrix embed(Rows x) const;
  /// Says when the concentrations are at their upper limit.
  [[nodiscard]] std::string caution() const;
  void fields(Fields& visit);
  /// The parameters without settings.
  void describe(Fields& visit) const;

 private:
  void check() const;
  void derive();

  Vector concentrations_;
  Index trials_ = 1;
  std::shared_ptr<const PolyaDensity> density_;  // of the concentrations; never changed
};

}  // namespace mix
