#pragma once

#include <vector>

#include "mix/models/mixture_model.h"
#include "mix/types.h"

namespace mix {

// The exact integrated classification likelihood (Biernacki, Celeux & Govaert 2010): -2 log p(x, z)
// of rows x and their labels z, with all parameters integrated out under conjugate priors, so that
// nothing is approximated. Smaller is better. Labels are from 0 to K-1, one for each row, and may
// leave components empty; mixing weights have a symmetric Dirichlet prior. All functions throw
// std::invalid_argument for sizes that differ, labels or cells that cannot be, and priors that are
// not positive.

/// Mixing weights: Dirichlet(alpha, ..., alpha); 1/2 is Jeffreys's prior.
struct WeightPrior {
  double alpha = 0.5;
};

/// Rates, of each column and component: gamma with this shape and rate.
struct RatePrior {
  double shape = 1;
  double rate = 1;
};
/// Of counts that are Poisson distributed, columns independent.
double exact_icl_poisson(Rows x, const std::vector<Index>& labels, Index n_components,
                         const RatePrior& prior = {}, const WeightPrior& weights = {});

/// Of categories, codes from 0 to levels[column] - 1, columns independent: the probabilities of
/// each column and component are Dirichlet(beta, ..., beta).
double exact_icl_categorical(Rows x, const std::vector<Index>& levels,
                             const std::vector<Index>& labels, Index n_components,
                             double beta = 0.5, const WeightPrior& weights = {});

/// Covariance ~ inverse Wishart(dof, scale); mean given it ~ normal(mean, covariance / kappa).
struct NormalInverseWishart {
  Vector mean;
  double kappa = 0.01;
  double dof = 0;
  Matrix scale;

  /// Weak, and like the rows: their mean and a quarter of their covariance; kappa = 0.01, dof =
  /// columns + 2. Throws std::invalid_argument where the rows lie in fewer directions than columns.
  static NormalInverseWishart like(Rows x);
};
/// Of Gaussian components with covariances of their own.
double exact_icl_gaussian(Rows x, const std::vector<Index>& labels, Index n_components,
                          const NormalInverseWishart& prior, const WeightPrior& weights = {});

/// Of the rows and their most probable components in `model`, with the default priors of the
/// functions above: what `--criterion exact_icl` ranks by. For Gaussian components with covariances
/// of their own, normal, Poisson, categorical and Bernoulli ones, all with free mixing weights.
/// NaN for any other family, for missing cells, and where a row has no most probable component.
/// Throws std::invalid_argument where rows lie in fewer directions than Gaussians have columns.
double exact_icl(const MixtureModel& model, const AnyRows& x);

}  // namespace mix
