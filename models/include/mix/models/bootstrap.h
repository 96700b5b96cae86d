#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mix/groups.h"
#include "mix/models/mixture_model.h"

namespace mix {

class Checkpoint;

/// Where the data of a bootstrap replicate come from.
enum class Resampling {
  /// As many rows (groups) as there are, drawn with replacement (Efron 1979).
  nonparametric,
  /// Rows drawn from the model, with missing cells where the data have them.
  parametric,
  /// The rows themselves with weights from a Dirichlet distribution (Rubin 1981, the Bayesian
  /// bootstrap; Newton & Raftery 1994, the weighted-likelihood bootstrap): no row is lost.
  weighted,
};

/// The name used on the command line: "nonparametric".
std::string to_string(Resampling kind);
/// The kind of that name; throws std::invalid_argument with the list.
Resampling parse_resampling(std::string_view name);

struct BootstrapOptions {
  Resampling kind = Resampling::nonparametric;
  Index replicates = 999;
  /// Of the intervals; between 0 and 1.
  double confidence = 0.95;
  /// One non-negative weight per row; empty means one each. A weight of two equals a doubled row,
  /// so that as many rows are drawn as the sum of the weights says.
  Vector sample_weight{};
  /// Rows of one group come from the same component; then groups are drawn. Not for `weighted`.
  Groups groups{};
  std::uint64_t seed = 0;
  /// Threads to use; 0 means one per core. The result does not depend on it.
  Index threads = 0;
  /// Called with the number of replicates done and of all; the bootstrap ends when it returns
  /// false, with the replicates that are done.
  std::function<bool(Index done, Index all)> progress = nullptr;
  /// Where replicates are kept, so that the same call can go on after an interruption: it ends with
  /// the same bits as one that was never interrupted. Progress is then told of those that are left.
  /// Null keeps nothing.
  std::shared_ptr<Checkpoint> checkpoint = nullptr;
};

/// How one number of the model varies between replicates.
struct BootstrapEstimate {
  Index component = 0;        ///< from 0
  std::string name;           ///< as parameter_values says
  double value = 0;           ///< of the model
  double bias = 0;            ///< mean of the replicates less the value
  double standard_error = 0;  ///< standard deviation of the replicates
  double lower = 0;           ///< percentile interval
  double upper = 0;
  double basic_lower = 0;  ///< basic interval: twice the value less the other quantile
  double basic_upper = 0;
};

struct Bootstrap {
  /// Every number that differs between replicates, component by component.
  std::vector<BootstrapEstimate> parameters;
  /// Completed replicates x parameters, by the number of the replicate.
  Matrix replicates;
  Index asked = 0;
  Index failed = 0;
  /// Replicates whose best optimum has a component that looks spurious; they are kept.
  Index flagged = 0;
  /// Why replicates failed, and how many for each reason.
  std::vector<std::pair<std::string, Index>> failures;
  std::vector<std::string> warnings;
};

/// How sure the numbers of `model`, an estimate from the rows of `x`, are, without any formula:
/// the model is fitted to each of many replicates of the data and its numbers are compared. Every
/// fit begins at the estimate, and once more at k-means++ seeds of its own, and keeps the better
/// optimum. Its components are matched with those of the estimate by the responsibilities for the
/// rows of `x`, by the Hungarian method. Intervals interpolate the ordered replicates at
/// (B + 1) p (Davison & Hinkley 1997).
///
/// Throws std::invalid_argument for arguments that no fit can have, for fewer than 2 replicates,
/// for a parametric bootstrap of a model that cannot draw rows or with weights that are not whole,
/// and for a weighted one with groups; std::runtime_error where fewer than 2 replicates succeed.
Bootstrap bootstrap(const MixtureModel& model, const AnyRows& x,
                    const BootstrapOptions& options = {});

}  // namespace mix
