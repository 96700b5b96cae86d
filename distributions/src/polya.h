#pragma once

#include <functional>
#include <string>
#include <vector>

#include "mix/any_rows.h"
#include "mix/random.h"
#include "mix/types.h"
#include "rising_sum.h"

namespace mix {

// Counts over outcomes whose probabilities themselves follow a Dirichlet distribution (Polya's
// urn): the part of the log-likelihood that depends on its concentrations a,
//
//     sum over j of log [a_j (a_j + 1) ... (a_j + x_j - 1)] - log [A (A + 1) ... (A + n - 1)],
//
// with A the sum of a and n that of x. Beta-binomial distributions are those of two outcomes.

inline constexpr double least_concentration = 1e-10;
inline constexpr double largest_total_concentration = 1e10;

/// Throws std::invalid_argument in the name of `distribution` unless every concentration is within
/// these limits.
void check_concentrations(const char* distribution, const Vector& concentrations);

/// Of one row, less what does not depend on a: with logarithms of a_j / A, precise also for large
/// concentrations. `counts` are counts; zeros cost nothing.
class PolyaDensity {
 public:
  explicit PolyaDensity(const Vector& concentrations);

  /// The term of outcome j.
  [[nodiscard]] double of_outcome(Index j, double count) const;
  /// The term of all of them, to be subtracted.
  [[nodiscard]] double of_total(double total) const;

 private:
  Vector concentrations_;
  double sum_ = 0;
  Vector log_shares_;
  Matrix small_;  // terms of the counts below the table's length: outcomes, then their total
};

/// The weight of the rows; then, for each outcome and for the total, the statistics of a RisingSum.
Index polya_statistics(Index outcomes);

/// Adds the statistics of rows.
class PolyaTally {
 public:
  explicit PolyaTally(const Vector& concentrations);
  /// `counts` are counts.
  void add(ConstVectorRef counts, double weight, VectorRef statistics) const;

 private:
  Index table_;
  std::vector<RisingTally> tallies_;  // of the outcomes, then of the total
};

/// Moves the concentrations, which were in force when the statistics were added up, to their
/// maximum, by Newton's method with a Hessian of a diagonal and a product (Minka 2000), in
/// logarithms; where it is not concave, by the fixed-point step that never lowers the likelihood. A
/// maximum where counts are large is reached over several calls.
void maximize_polya(ConstVectorRef statistics, Vector& concentrations);

/// Sets concentrations to those with the shares and the overdispersion of the data, where rows have
/// a weight. `counts_of(block, i)` are the counts of a row, or empty for one that does not count.
void start_polya(const AnyRows& x, Weights w, Index outcomes, Vector& concentrations,
                 const std::function<Vector(Rows block, Index i)>& counts_of);

/// A draw from the Dirichlet distribution.
Vector random_probabilities(Rng& rng, const Vector& concentrations);

/// Says when the concentrations are at their upper limit.
std::string multinomial_caution(const Vector& concentrations);

/// Sets concentrations to e^v, or to the nearest within their limits.
void set_polya_coordinates(ConstVectorRef v, Vector& concentrations);

}  // namespace mix
