// The waiting time for Old Faithful from the length of the last eruption.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/faithful.csv").values();  // eruptions, waiting
  const Fit best = fit(mixture(Gaussians(2, 2)), x, {.seed = 1});

  const std::vector<Index> known{0};
  const Matrix minutes{{1.8}, {3.0}, {4.5}};
  const Regression waiting = best.model.regression(known, minutes);
  for (Index i = 0; i < minutes.rows(); ++i) {
    fmt::print("after {:.1f} minutes: wait {:.1f}, give or take {:.1f}\n", minutes(i, 0),
               waiting.mean(i, 0), waiting.standard_deviation(i, 0));
  }

  // Two groups at 3 minutes: a mean says little, so look at the whole distribution.
  const MixtureModel at_three = best.model.conditional(known, Vector{{3.0}});
  fmt::print("weights {:.2f} and {:.2f}; 90 % from {:.0f} to {:.0f}\n", at_three.weights()[0],
             at_three.weights()[1], at_three.quantile(0.05), at_three.quantile(0.95));

  const double nats = best.model.conditional_log_density(known, x).mean();
  fmt::print("mean log density of a waiting time given the eruption: {:.3f}\n", nats);
  const MixtureModel blind = best.model.marginal({1});
  fmt::print("without knowing the eruption: {:.3f}\n", blind.score(Matrix(x.col(1))));
}
