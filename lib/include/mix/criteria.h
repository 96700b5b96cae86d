#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/types.h"

namespace mix {

/// Selection criteria of a fit; smaller is better for every one. NaN where a criterion is
/// undefined. L is the log-likelihood, nu the number of free parameters, n the sum of the sample
/// weights, E = -sum r log r the entropy of the responsibilities (each row times its weight).
struct Criteria {
  double aic = quiet_nan;      ///< -2L + 2 nu (Akaike 1974)
  double aic3 = quiet_nan;     ///< -2L + 3 nu (Bozdogan 1994)
  double aicc = quiet_nan;     ///< AIC + 2 nu (nu+1)/(n-nu-1); undefined when n <= nu + 1
  double bic = quiet_nan;      ///< -2L + nu log n (Schwarz 1978)
  double caic = quiet_nan;     ///< -2L + nu (log n + 1) (Bozdogan 1987)
  double hqc = quiet_nan;      ///< -2L + 2 nu log log n (Hannan & Quinn 1979)
  double sabic = quiet_nan;    ///< -2L + nu log((n+2)/24) (Sclove 1987)
  double icl = quiet_nan;      ///< BIC + 2E (Biernacki, Celeux & Govaert 2000), entropy form
  double icl_map = quiet_nan;  ///< BIC - 2 sum log max r, the form with hard labels
  double clc = quiet_nan;      ///< -2L + 2E (McLachlan & Peel 2000)
  double awe = quiet_nan;      ///< -2 Lc + 2 nu (3/2 + log n), Lc the classification log-likelihood
  double nec = quiet_nan;  ///< E/(L - L of one component), 1 for one component (Celeux & Soromenho)

  /// The criterion of that name in lower case; throws std::invalid_argument that lists the names.
  [[nodiscard]] double at(std::string_view name) const;
};

/// The names that Criteria::at knows, in the order of the members.
const std::vector<std::string>& criterion_names();

/// What the criteria are computed from.
struct CriteriaInput {
  double log_likelihood = 0;
  Index parameter_count = 0;
  double n = 0;  ///< sum of the sample weights
  Index n_components = 1;
  double entropy = 0;                ///< -sum w r log r
  double log_largest = 0;            ///< sum w log max_k r
  double classification = 0;         ///< sum w max_k log joint density
  double one_component = quiet_nan;  ///< log-likelihood of the same family with one component
};

/// All criteria at once; NaN for those that are not defined here.
Criteria criteria(const CriteriaInput& input);

}  // namespace mix
