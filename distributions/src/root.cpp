#include "root.h"

#include <boost/math/tools/roots.hpp>
#include <cstdint>

namespace mix {

double root_between(const std::function<double(double)>& f, double low, double high, double at_low,
                    double at_high) {
  if (at_low == 0) return low;
  if (at_high == 0) return high;
  std::uintmax_t iterations = 100;
  const auto [a, b] = boost::math::tools::toms748_solve(
      f, low, high, at_low, at_high, boost::math::tools::eps_tolerance<double>(50), iterations);
  return 0.5 * (a + b);
}

}  // namespace mix
