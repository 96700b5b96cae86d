#include "mix/dual.h"

#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/polygamma.hpp>

namespace mix {
namespace {

// Out of the domain or range: NaN or infinity, never an exception.
using Quiet = boost::math::policies::policy<
    boost::math::policies::domain_error<boost::math::policies::ignore_error>,
    boost::math::policies::pole_error<boost::math::policies::ignore_error>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::evaluation_error<boost::math::policies::ignore_error>,
    boost::math::policies::promote_double<false>>;

}  // namespace

double log_gamma(double x) { return boost::math::lgamma(x, Quiet()); }

double polygamma(int n, double x) { return boost::math::polygamma(n, x, Quiet()); }

}  // namespace mix
