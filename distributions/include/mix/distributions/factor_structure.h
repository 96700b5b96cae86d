#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/types.h"

namespace mix {

/// What k covariance matrices L_k L_k' + P_k, with D x q loadings L_k and diagonal noise P_k, have
/// in common.
///
/// Three letters are the parsimonious mixtures of McNicholas & Murphy (2008): whether loadings and
/// noise are Common or one per component (U), and whether noise is the same in all columns (C) or
/// not (U). The others are the subspaces of HDDC (Bouveyron, Girard & Schmid 2007) that these do
/// not know: a covariance has variances A along q axes Q and variance B in all other directions,
/// and A (then equal along all axes), B and Q are common or one per component (k). UUC, UCC and CCC
/// are their AkjBkQkD, AkjBQkD and AjBQD. Those that end in Dk have as many axes as each component
/// needs, chosen with every estimate by BIC.
enum class FactorStructure {
  CCC,
  CCU,
  CUC,
  CUU,
  UCC,
  UCU,
  UUC,
  UUU,
  AkBkQkD,
  AkBQkD,
  ABkQkD,
  ABQkD,
  ABQD,
  AkjBkQkDk,
  AkjBQkDk,
  AkBkQkDk,
  AkBQkDk,
  ABkQkDk,
  ABQkDk
};

std::string to_string(FactorStructure structure);
/// The structure of that name in any case, also under the names of HDDC. Throws
/// std::invalid_argument that lists the names.
FactorStructure parse_factor_structure(std::string_view name);
const std::vector<FactorStructure>& all_factor_structures();
/// Whether each component has a number of factors of its own.
bool has_own_numbers(FactorStructure structure);
/// The number of free parameters in the covariances of components in `d` columns that have so many
/// factors each; all as many unless has_own_numbers.
Index factor_parameter_count(FactorStructure structure, Index d, const std::vector<Index>& numbers);
/// How many factors can be told from noise in `d` columns: fewer than d, and with noise that
/// differs between columns no more than d + (1 - sqrt(1 + 8 d))/2 (Ledermann 1937).
Index most_factors(FactorStructure structure, Index d);

/// The structure whose components have as many factors each.
FactorStructure with_equal_numbers(FactorStructure structure);
/// Which parameters of covariances L L' + P are common to all components.
bool has_common_loadings(FactorStructure structure);
bool has_common_noise(FactorStructure structure);
/// Whether noise has the same variance in all columns.
bool has_equal_noise(FactorStructure structure);
/// Whether the axes of such covariances are the leading eigenvectors of those of the rows.
bool is_spectral(FactorStructure structure);

}  // namespace mix
