// The 14 covariance structures on the same data, with the same number of components.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/faithful.csv").values();
  for (const Structure structure : all_structures()) {
    const Fit best = fit(mixture(Gaussians(2, 2, {.structure = structure})), x, {.seed = 1});
    fmt::print("{}  {:>2} parameters  log-likelihood {:.2f}  BIC {:.2f}\n", to_string(structure),
               best.report.parameter_count, best.report.log_likelihood, best.report.bic());
  }
}
