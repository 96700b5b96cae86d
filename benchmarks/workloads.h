#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "mix/any_family.h"
#include "mix/em.h"
#include "mix/sparse_matrix.h"
#include "mix/types.h"

namespace bench {

using mix::Index;
using mix::Matrix;
using mix::Vector;

/// What the rows of a workload are.
enum class Kind { gaussian, kmeans, poisson, categorical, multinomial };

/// Data made by a fixed recipe, and where every program starts on them.
struct Workload {
  std::string name;
  Kind kind = Kind::gaussian;
  Index components = 0;
  Matrix x;           ///< rows x columns
  Matrix start;       ///< means, rates or probabilities, one component per row
  Matrix covariance;  ///< pooled, the start of every component; Gaussian rows only
  /// The rows as sparse ones; of those whose models look at them so.
  mix::SparseMatrix sparse = {};

  /// The rows as the model reads them.
  [[nodiscard]] mix::AnyRows rows(const std::string& model) const;
};

/// Names of all workloads: a to e Gaussian, f1 to f3 k-means, g1 to g4 discrete, i for searches.
const std::vector<std::string>& workload_names();

/// The same data on every machine with the same mathematical library, for any number of threads.
/// Throws std::invalid_argument for a name that does not exist.
Workload make_workload(std::string_view name);

/// n rows in d columns around k centers, as the Gaussian workloads, for other sizes.
Workload gaussian_workload(std::string_view name, Index n, Index d, Index k, double separation);

/// Writes NAME.x.npy, NAME.start.npy and, of Gaussian rows, NAME.covariance.npy.
void write_workload(const Workload& workload, const std::filesystem::path& directory);
/// Reads what `write_workload` wrote.
Workload read_workload(std::string_view name, const std::filesystem::path& directory);

/// The models that a workload is timed with, the usual ones first: covariance structures of
/// Gaussian rows, otherwise the kind's name. Makes no data.
std::vector<std::string> models(std::string_view workload);

/// The mixture at the start of the workload: means, pooled covariance, equal weights.
mix::MixtureState start_state(const Workload& workload, const std::string& model);

/// What one iteration cannot do without, in operations that the machine has a measured rate for.
struct Work {
  double flops = 0;
  double exps = 0;
  double bytes = 0;
};

/// The model of cost of docs/design/performance.md.
Work work_per_iteration(const Workload& workload, const std::string& model);

}  // namespace bench
