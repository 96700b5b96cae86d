#pragma once

#include <functional>
#include <vector>

#include "mix/models/compare.h"

namespace mix {

struct BootstrapTestOptions {
  /// Options of every fit, of the data and of the samples alike.
  FitOptions fit{};
  /// The largest number of samples.
  Index replicates = 999;
  /// The test ends early when so many samples have reached the statistic of the data (Besag &
  /// Clifford 1991): where the p-value is large, a few samples show it. 0: never.
  Index exceedances = 20;
  /// Called from time to time with the numbers of samples done and of those that reached the
  /// statistic; the test ends with the samples so far when it returns false.
  std::function<bool(Index done, Index exceeding)> progress = nullptr;
};

/// A test of k components against k + 1.
struct BootstrapTest {
  Index n_components = 0;        ///< k, under the null hypothesis
  double statistic = quiet_nan;  ///< T = 2 (L_{k+1} - L_k) of the data
  /// The probability of a T at least as large if there are k components: (1 + exceeding)/(1 +
  /// replicates), and exceeding/replicates where the test ended early.
  double p_value = quiet_nan;
  /// T of each sample, in the order in which they were drawn. NaN where a fit failed: it counts as
  /// reaching the statistic, so that failures never make a result significant.
  std::vector<double> samples;
  Index exceeding = 0;  ///< samples whose T is at least that of the data
  Index failed = 0;     ///< samples without a T
  bool early = false;   ///< ended after the wanted number of exceedances
  Fit null;             ///< of the data, k components
  Fit alternative;      ///< k + 1
};

/// The parametric bootstrap likelihood-ratio test (McLachlan 1987). The statistic has no
/// chi-squared distribution, because k components lie on the boundary of k + 1; so it is compared
/// with that of samples from the fit of k components. *Both* numbers of components are fitted to
/// each sample by the same full search as to the data, and k + 1 also from k with a component
/// split: a search less thorough than the data's would make p-values too small.
///
/// A sample has the rows, groups, missing cells and weights (as repeated rows) of the data; columns
/// that a family takes as given (covariates, offsets, numbers of trials) are drawn as its `sample`
/// does. Samples run in parallel; the result has the same bits for any number of threads. Throws
/// std::invalid_argument for k below 1, options that refer to single rows other than groups,
/// weights that are not whole numbers, censored cells, and data that cannot be fitted; NotAvailable
/// for a family that draws no rows.
BootstrapTest bootstrap_test(const Candidate& candidate, Index k, const AnyRows& x,
                             const BootstrapTestOptions& options = {});

/// Tests first against first + 1, that against the next, and so on to last - 1 against last; ends
/// after the first p-value above `level`. Throws as bootstrap_test, and unless first < last and
/// 0 < level < 1.
std::vector<BootstrapTest> successive_tests(const Candidate& candidate, Components components,
                                            double level, const AnyRows& x,
                                            const BootstrapTestOptions& options = {});

}  // namespace mix
