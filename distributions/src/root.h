#pragma once

#include <functional>

namespace mix {

/// Where f is 0 between `low` and `high`, to the last digits: `at_low` = f(low) and `at_high` =
/// f(high) have different signs, and f is continuous (Alefeld, Potra & Shi 1995).
double root_between(const std::function<double(double)>& f, double low, double high, double at_low,
                    double at_high);

}  // namespace mix
