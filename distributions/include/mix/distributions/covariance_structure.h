#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/types.h"

namespace mix {

/// What k covariance matrices have in common, under mclust's names: the letters say whether volume,
/// shape and orientation of Sigma_k = lambda_k D_k A_k D_k', |A_k| = 1, are Equal, Variable or, for
/// shape and orientation, the Identity (Celeux & Govaert 1995).
enum class Structure { EII, VII, EEI, VEI, EVI, VVI, EEE, VEE, EVE, VVE, EEV, VEV, EVV, VVV };

/// One of the three parts of a covariance matrix in relation to those of the other components.
enum class Part { identity, equal, variable };

/// A structure as its three parts.
struct StructureParts {
  Part volume;
  Part shape;
  Part orientation;
};

/// Volume, shape and orientation.
StructureParts parts(Structure structure);

/// The name: "VVV".
std::string to_string(Structure structure);

/// The structure of that name in any case: mclust's, "E" and "V" of one column ("X..." of a single
/// component), or scikit-learn's "spherical" (VII), "diag" (VVI), "tied" (EEE) and "full" (VVV).
/// Throws std::invalid_argument that lists the names.
Structure parse_structure(std::string_view name);

/// All 14, in the order of mclust's tables.
const std::vector<Structure>& all_structures();

/// Those that differ from each other in `d` columns: all 14, or EII and VII when d = 1.
std::vector<Structure> distinct_structures(Index d);

/// Whether all covariances are diagonal: orientation I, or one column.
bool is_diagonal(Structure structure, Index d);

/// Whether all components have one covariance in common: EII, EEI, EEE, or one column and equal
/// volumes.
bool is_common(Structure structure, Index d);

/// The number of free parameters in the covariances of `k` components in `d` columns.
Index covariance_parameter_count(Structure structure, Index k, Index d);

/// k covariance matrices by their lower Cholesky factors (which keep digits of small eigenvalues
/// that the matrices lose), and for EVE and VVE the eigenvectors (columns) that they share.
struct Covariances {
  std::vector<Matrix> factors{};
  Matrix orientation{};
  /// How many factorizations succeeded only with a larger diagonal.
  Index repairs = 0;
  /// Alternations or sweeps of an iterated estimate.
  Index steps = 0;

  [[nodiscard]] std::vector<Matrix> matrices() const;
};

/// L L', symmetric to the last bit.
Matrix product_with_transpose(const Matrix& lower);

/// -1/2 sum_k [n_k log|Sigma_k| + tr(W_k Sigma_k^-1)]: the part of the expected log-likelihood that
/// depends on the covariances, up to a constant.
double covariance_objective(const std::vector<Matrix>& covariances,
                            const std::vector<Matrix>& scatter, const Vector& mass);

/// How far an iterated estimate goes.
enum class Steps {
  all,  ///< to convergence: the estimate is the maximizer
  few,  ///< some from the current covariances, which suffice inside EM: it iterates anyway
};

/// The covariances of the given structure that maximize `covariance_objective`; closed form, or
/// iterated from `current`, so that the objective never falls. Without a current orientation EVE
/// and VVE try several. A component without mass keeps what it does not share, and moves nothing.
/// `scatter`: W_k = sum_n p_nk (x_n - mean_k)(x_n - mean_k)', d x d, both triangles; `mass`: n_k.
/// Formulas: Celeux & Govaert (1995); EVE and VVE by Jacobi rotations (Flury &
/// Gautschi 1986).
Covariances estimate(Structure structure, const std::vector<Matrix>& scatter, const Vector& mass,
                     const Covariances& current = {}, Steps steps = Steps::all);

/// The same for diagonal structures; `scatter`, `current` (may be empty) and the result hold the
/// diagonal of component k in column k.
Matrix estimate_diagonal(Structure structure, const Matrix& scatter, const Vector& mass,
                         const Matrix& current = {}, Steps steps = Steps::all);

}  // namespace mix
