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

}  // namespace mix
