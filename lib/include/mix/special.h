#pragma once

#include <cmath>
#include <cstddef>

#include "mix/types.h"

namespace mix {

/// log(n!) for an integer n >= 0, to about one unit in the last place; safe in parallel, unlike
/// std::lgamma, which writes a global variable.
double log_factorial(double n);

/// Counts below this have their log-factorials in the table small_log_factorials(). A power of two.
inline constexpr std::size_t small_count = 1024;
const double* small_log_factorials();

/// log(n! / (k! (n - k)!)) for integers 0 <= k <= n.
double log_choose(double n, double k);

/// The log probability of `count` = 0, 1, 2, ... under a Poisson distribution; exact also for large
/// counts, by the saddle-point form of Loader (2000).
double log_poisson(double count, double rate, double log_rate);

/// The log probability of 0 <= `successes` <= `trials` under a binomial distribution with success
/// probability p, whose logarithm is `log_p` and that of 1 - p `log_q`; exact also for large
/// counts.
double log_binomial(double successes, double trials, double p, double log_p, double log_q);

/// log G(z) - [(z - 1/2) log z - z + log(2 pi)/2] for z > 0, to the last digits: what Stirling's
/// formula leaves.
double log_gamma_rest(double z);

/// The sum of log(1 + j/a) over j = 0, 1, ..., `count` - 1, for a > 0: the logarithm of the rising
/// factorial a (a + 1) ... (a + count - 1), less `count` log a. Nothing cancels for large a.
double log_rising_ratio(double count, double a);

/// The sum of a/(a + j) over j = 0, 1, ..., `count` - 1, for a > 0: the derivative of the logarithm
/// of the rising factorial by log a.
double rising_slope(double count, double a);

/// The log probability of `count` = 0, 1, 2, ... under a negative binomial distribution of this
/// mean and size (its variance is mean + mean^2 / size); exact also for large counts, by the
/// saddle-point form of Loader (2000).
double log_negative_binomial(double count, double mean, double size);

}  // namespace mix
