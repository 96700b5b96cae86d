// Great inventions and discoveries per year, 1860 to 1959: more spread than one Poisson has.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/poisson.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/discoveries.csv").values();
  for (Index k = 1; k <= 3; ++k) {
    const Fit best = fit(mixture(Untied(Poisson(1), k)), x, {.tol = 1e-8, .seed = 1});
    fmt::print("{}: log-likelihood {:.2f}, BIC {:.2f}, rates", k, best.report.log_likelihood,
               best.report.bic());
    const auto& poissons = *best.model.family().as<Untied<Poisson>>();
    for (Index j = 0; j < k; ++j) fmt::print(" {:.2f}", poissons.component(j).rate()[0]);
    fmt::print("\n");
  }
}
