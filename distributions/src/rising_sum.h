#pragma once

#include "log_window.h"
#include "mix/types.h"

namespace mix {

// The log-likelihoods of negative binomial, beta-binomial and Dirichlet-multinomial distributions
// consist of logarithms of rising factorials, log a (a + 1) ... (a + x - 1) = x log a + sum over j
// < x of log(1 + j/a), a parameter and x a count of the row. As functions of the parameter, their
// weighted sums over rows are known from additive statistics: counts below `table` are tallied one
// by one, and of larger ones the derivative by log a is summed at the nodes of a window about the
// current a. So an estimate is exact where the counts are small, and elsewhere goes as far as the
// window reaches.

inline constexpr double least_rising = 1e-12;   // of a
inline constexpr double largest_rising = 1e16;  // likewise

/// How many statistics the sum takes.
constexpr Index rising_statistics(Index table) { return table + 1 + window_nodes; }

/// Adds the statistics of rows.
class RisingTally {
 public:
  /// `a` is the current value of the parameter.
  RisingTally(double a, Index table);
  /// `count` is one.
  void add(double count, double weight, VectorRef statistics) const;

 private:
  Index table_;
  Vector nodes_;  // values of a
};

/// The sums from the statistics, all divided by `mass`.
class RisingSum {
 public:
  /// `a` is the value of the parameter when the statistics were added up.
  RisingSum(ConstVectorRef statistics, Index table, double a, double mass);

  /// The weighted sum of the counts, the factor of log a.
  [[nodiscard]] double total() const { return total_; }
  /// The sum of log(1 + j/a), up to a constant where counts are large.
  [[nodiscard]] double value(double log_a) const;
  /// Its derivatives by log a.
  struct Jet {
    double first = 0;
    double second = 0;
    double rising = 0;  ///< total() + first, without the cancellation where a is small
  };
  [[nodiscard]] Jet at(double log_a) const;
  /// The logarithms of a at which it may be asked for.
  [[nodiscard]] LogWindow range() const { return range_; }

 private:
  double total_ = 0;
  Vector beyond_;     // the weight of tallied counts above 0, 1, 2, ...
  double large_ = 0;  // the part of the larger counts in total_
  WindowInterpolation slope_;
  WindowInterpolation integral_;
  LogWindow range_;
};

}  // namespace mix
