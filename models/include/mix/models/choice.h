#pragma once

#include <vector>

#include "mix/models/mixture_model.h"

namespace mix {

/// A fit among others of the same rows, as far as a choice between them needs it.
struct SizedFit {
  Index n_components = 1;
  double log_likelihood = 0;
  Index parameter_count = 0;
};

/// exp(-BIC/2), divided by their sum: approximate posterior probabilities of models that were
/// equally probable beforehand (Kass & Raftery 1995). 0 for a BIC that is NaN.
Vector bic_weights(ConstVectorRef bic);

/// The singular BIC of mixtures of one family (Drton & Plummer 2017), a value for each fit, as -2
/// log L_i: smaller is better, and where smaller mixtures are hopeless it is the BIC. `fits` have
/// numbers of components that rise, of `n` rows. The learning coefficients are the bounds of the
/// paper's section 6.2 with its phi: of j true among i fitted components
///     lambda_ij = min((nu_i + nu_j)/2, nu_i - (i - j))/2,
/// without the last difference where mixing weights are not estimated, and multiplicity 1. L_i
/// solves
///     L_i sum_{j<=i} L_j = sum_{j<=i} L_ij L_j,   log L_ij = log-likelihood_i - lambda_ij log n.
/// Throws std::invalid_argument unless numbers of components rise and n > 0.
Vector singular_bic(const std::vector<SizedFit>& fits, double n,
                    MixingWeights mixing = MixingWeights::free);

/// The slope heuristic (Birge & Massart 2007; Baudry, Maugis & Michel 2012): log-likelihoods of
/// models that are large enough rise by a constant kappa per parameter, and -L + 2 kappa nu is the
/// criterion to minimize.
struct SlopeHeuristic {
  /// kappa by the data-driven slope: the slope of Huber's robust line through the most complex
  /// models, of as many as agree longest on what is chosen. NaN for fewer than 10 numbers of
  /// parameters, or without a positive slope.
  double slope = quiet_nan;
  /// kappa by the dimension jump: where, as the penalty grows, the chosen number of parameters
  /// falls most. NaN likewise.
  double jump = quiet_nan;
  /// The share of the numbers of models tried that agree on the choice; below 0.15 the
  /// log-likelihood has no straight part and neither kappa is worth much.
  double plateau = 0;

  /// -2 L + 4 kappa nu, kappa the slope: on the scale of the other criteria.
  [[nodiscard]] double criterion(double log_likelihood, Index parameter_count) const {
    return -2 * log_likelihood + 4 * slope * static_cast<double>(parameter_count);
  }
};

/// Of models with the same number of parameters the best counts.
SlopeHeuristic slope_heuristic(const std::vector<SizedFit>& fits);

/// Twice the message length of Figueiredo & Jain (2002), in nats, with the log-likelihood of `n`
/// rows:
///     -2 L + sum_k r_k log(n pi_k/12) + (K + s) log(n/12) + sum_k r_k + K + s
/// over the K components with weight; r_k is the number of parameters that component k alone has, s
/// that of parameters in common; K only where mixing weights are estimated. NaN for families whose
/// components cannot be taken apart.
double message_length(const MixtureModel& model, double log_likelihood, double n);

}  // namespace mix
