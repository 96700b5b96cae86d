#pragma once

#include "mix/types.h"

namespace mix {

// The gamma function G where large arguments would cancel digits.

/// z log z - z - log G(z) for z > 0.
double log_gamma_constant(double z);

/// log z - psi(z) for z > 0, psi the digamma function: from infinity down to 0.
double log_minus_digamma(double z);
/// Its derivative, 1/z - psi'(z).
double log_minus_digamma_slope(double z);

/// t - 1 - log t for t >= 0: how far from 1, as gamma and Dirichlet densities measure it.
double divergence_from_one(double t);

/// The probability that a gamma distribution of this shape > 0 and scale 1 has below and above
/// x >= 0, each with its own digits.
double gamma_below(double shape, double x);
double gamma_above(double shape, double x);

/// The maximizer a of log G(sum a) - sum log G(a_j) + sum a_j m_j for `mean_log` m with sum e^m < 1
/// and at least two components, by Newton's method (Minka 2000).
Vector dirichlet_concentration(ConstVectorRef mean_log);

/// The z for which log z - psi(z) is `value` > 0, between `low` and `high` (Minka 2002).
double inverse_log_minus_digamma(double value, double low, double high);

}  // namespace mix
