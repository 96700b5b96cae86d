#pragma once

#include <cmath>

#include "mix/types.h"

namespace mix {

/// log(n!) for an integer n >= 0, to about one unit in the last place; safe in parallel, unlike
/// std::lgamma, which writes a global variable.
double log_factorial(double n);

/// log(n! / (k! (n - k)!)) for integers 0 <= k <= n.
double log_choose(double n, double k);

}  // namespace mix
