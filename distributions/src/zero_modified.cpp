#include "mix/distributions/zero_modified.h"

#include <cmath>
#include <numbers>

#include "root.h"

namespace mix {

double log_complement(double x) {
  return x > -std::numbers::ln2 ? std::log(-std::expm1(x)) : std::log1p(-std::exp(x));
}

double balanced_log_share(const std::function<double(double)>& excess, double lowest,
                          double start) {
  double here = std::clamp(std::isnan(start) ? 0.0 : start, lowest, 0.0);
  double at_here = excess(here);
  const bool rising = at_here > 0;
  const double end = rising ? 0 : lowest;
  // Steps that grow, so that the first balance in this direction is not overlooked.
  for (double step = 0.05; here != end; step *= 2) {
    const double next = rising ? std::min(end, here + step) : std::max(end, here - step);
    const double at_next = excess(next);
    if (std::isnan(at_next)) break;
    if (at_next == 0) return next;
    if ((at_next > 0) != rising) {
      return rising ? root_between(excess, here, next, at_here, at_next)
                    : root_between(excess, next, here, at_next, at_here);
    }
    here = next;
    at_here = at_next;
  }
  return here;
}

}  // namespace mix
