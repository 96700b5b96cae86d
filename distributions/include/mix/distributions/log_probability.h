#pragma once

#include "mix/concepts.h"
#include "mix/function_view.h"
#include "mix/types.h"

namespace mix {

class Exponential;
class Normal;

/// One distribution of one column, as what asks for the probability of an interval sees it.
struct OneColumn {
  FunctionView<double(double)> cdf;
  FunctionView<void(Rows, VectorRef)> log_density;
  bool discrete = false;  ///< of counts: the log density is that of a probability
};

/// log P(low <= X <= high); either end may be infinite. Minus infinity where `low` is above `high`
/// or, of a continuous distribution, not below it.
///
/// The difference of two cdfs, unless that loses more than four of their digits: in the upper tail,
/// for a narrow interval, and where the cdf is 0 to the last bit. Then it is the density integrated
/// from its higher end on, by Gauss's rule on pieces of which each is twice as long as the one
/// before; of counts the sum of their probabilities, as it is of an interval of a few counts.
/// Nothing underflows, to about 1e-12 of the probability.
double log_probability(const OneColumn& distribution, double low, double high);

/// The same of a continuous distribution whose cdf is known at both ends: `below` and `up_to`.
double log_probability(const OneColumn& distribution, double low, double high, double below,
                       double up_to);

template <WithCdf D>
double log_probability(const D& distribution, double low, double high) {
  const auto cdf = [&](double x) { return distribution.cdf(x); };
  const auto log_density = [&](Rows x, VectorRef out) { distribution.log_density(x, out); };
  return log_probability(OneColumn{cdf, log_density, Discrete<D>}, low, high);
}
/// By closed forms of the tails.
double log_probability(const Normal& normal, double low, double high);
double log_probability(const Exponential& exponential, double low, double high);

}  // namespace mix
