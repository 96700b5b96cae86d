// Days that 146 children were absent from school: far more varied than Poisson's.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/negative_binomial.h>
#include <mix/distributions/poisson.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/quine.csv").select({"Days"}).values();
  for (Index k = 1; k <= 2; ++k) {
    const Fit best = fit(mixture(Untied(NegativeBinomial(), k)), x, {.tol = 1e-8, .seed = 1});
    fmt::print("{}: log-likelihood {:.2f}, BIC {:.1f}", k, best.report.log_likelihood,
               best.report.bic());
    const auto& days = *best.model.family().as<Untied<NegativeBinomial>>();
    for (Index j = 0; j < k; ++j) {
      fmt::print("; mean {:.1f}, size {:.2f}", days.component(j).mean(), days.component(j).size());
    }
    fmt::print("\n");
  }
  for (Index k = 4; k <= 6; ++k) {
    const Fit best = fit(mixture(Untied(Poisson(1), k)), x, {.seed = 1});
    fmt::print("{} Poissons: log-likelihood {:.2f}, BIC {:.1f}\n", k, best.report.log_likelihood,
               best.report.bic());
  }
}
