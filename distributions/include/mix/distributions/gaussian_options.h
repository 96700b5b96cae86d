#pragma once

#include <string>
#include <string_view>

#include "mix/distributions/covariance_structure.h"

namespace mix {

/// A prior on means and covariances whose scale `Gaussians::prepare` takes from the data.
struct GaussianPrior {
  enum class Kind {
    none,
    /// Normal-inverse-Wishart of Fraley & Raftery (2007): the mean counts as `mean_shrinkage` rows
    /// at the data's mean, the scale is the data's covariance over K^(2/d), with d + 2 degrees of
    /// freedom; one such prior for each covariance matrix that the structure leaves different.
    conjugate,
    /// The penalty -N^(-1/2) sum_k [tr(S Sigma_k^-1) + log|Sigma_k|] of Chen & Tan (2009), S the
    /// data's covariance.
    chen_tan,
  };
  Kind kind = Kind::none;
  double mean_shrinkage = 0.01;  ///< rows, of the conjugate prior; at least 0
};

/// The name used in files and on the command line: "none", "conjugate", "chen-tan".
std::string to_string(GaussianPrior::Kind kind);
/// The prior of that name; throws std::invalid_argument that lists the names.
GaussianPrior parse_gaussian_prior(std::string_view name);

struct GaussianOptions {
  Structure structure = Structure::VVV;
  GaussianPrior prior{};
  /// Scatter, relative to that of the data, that is added to each component: what keeps covariances
  /// positive definite on repeated rows. Too small to matter at regular solutions; 0 turns it off.
  double floor = 1e-10;
  /// The largest factor by which eigenvalues of the covariances may differ, between components and
  /// within them; at least 1, 0 for no limit. They are measured in units of the data: of a full
  /// covariance by that of all rows (so that affine maps of the data change nothing), of a diagonal
  /// one by the columns' variances; those of spherical structures and of one column as they are.
  /// The likelihood is then bounded (Hathaway 1985; Garcia-Escudero et al. 2008).
  double eigenvalue_ratio = 0;
};

/// Whether the limit has an exact estimate: EII, VII, EEI, VVI, EEE and VVV, or one column.
bool takes_eigenvalue_ratio(Structure structure, Index d);

}  // namespace mix
