// A mixture of four components, two of which make a cluster each, against the halves that one would
// see by eye.
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/bootstrap_test.h>
#include <mix/models/compare_partitions.h>
#include <mix/models/fit.h>
#include <mix/models/merge.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/faithful.csv").values();
  const Fit best = fit(mixture(Gaussians(4, 2)), x, {.seed = 1});

  const MergeTree tree = merge_components(best.model, x);
  const MixtureModel clusters = mixture_of_clusters(best.model, tree.clusters(tree.suggested));
  fmt::print("{} clusters; component by component {}\n", tree.suggested,
             tree.clusters(tree.suggested));
  fmt::print("largest change of a log density below 1e-10: {}\n",
             (clusters.log_density(x) - best.model.log_density(x)).cwiseAbs().maxCoeff() < 1e-10);

  std::vector<Index> by_eye;
  for (const double minutes : x.col(0)) by_eye.push_back(minutes < 3 ? 0 : 1);
  const PartitionComparison scores = compare_partitions(clusters.predict(x), by_eye);
  fmt::print("adjusted Rand index {:.3f}, {:.0f} rows differ\n", scores.adjusted_rand,
             scores.n * (1 - scores.accuracy));

  const Candidate gaussian{"gaussian VVV", [](Index k) { return AnyFamily(Gaussians(k, 2)); }};
  BootstrapTestOptions options;
  options.fit.effort = Effort::fast;
  options.replicates = 39;
  const BootstrapTest test = bootstrap_test(gaussian, 1, x, options);
  fmt::print("one component against two: p = {:.3f}\n", test.p_value);
}
