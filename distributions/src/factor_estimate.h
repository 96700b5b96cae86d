#pragma once

#include <vector>

#include "mix/distributions/covariance_structure.h"
#include "mix/distributions/factor_analyzers.h"

namespace mix {

/// The least noise variance that differs between columns, as a share of the column's.
inline constexpr double least_noise_share = 1e-6;

/// What covariances of few factors are estimated from, and what they become.
struct FactorProblem {
  FactorStructure structure;
  Index factors;                      ///< of each component, or the most of them
  std::vector<Matrix> covariances{};  ///< of the rows, divisor: their weight
  Vector mass{};                      ///< that weight
  Vector least_noise;                 ///< per column
  double parameter_penalty = 0;       ///< by which numbers of factors are chosen
  double scree = 0;                   ///< the threshold of the scree test that proposes them, or 0
  std::vector<Index> proposed{};      ///< result: the numbers that the scree test proposed
  std::vector<Matrix> loadings;       ///< one per component, or the common one
  Matrix noise;                       ///< one column per component, or the common one
};

/// Sets loadings and noise to the maximizer of -1/2 sum_k n_k [log|S_k| + tr(C_k S_k^-1)] under the
/// structure; with `Steps::few`, from the present ones some steps towards it, each of which raises
/// it. Where components have numbers of factors of their own, these maximize it less the penalty
/// per free parameter, with `Steps::few` from the present numbers on; or they are those that the
/// scree test proposes, with `Steps::few` unless that ends below the present value of the same. A
/// component without mass keeps what it does not share, and moves nothing.
void estimate_factors(FactorProblem& problem, Steps steps);

}  // namespace mix
