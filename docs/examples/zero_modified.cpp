// Teeth decayed, missing or filled of 797 children: many children have none.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/negative_binomial.h>
#include <mix/distributions/poisson.h>
#include <mix/distributions/zero_modified.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/dmft.csv").select({"Begin"}).values();
  const auto show = [&](const AnyFamily& family) {
    const Fit best = fit(MixtureModel(family), x, {.tol = 1e-8, .seed = 1});
    fmt::print("{:<31} log-likelihood {:.2f}, BIC {:.1f}\n", family.name(),
               best.report.log_likelihood, best.report.bic());
    return best;
  };
  show(Poisson(1));
  show(Hurdle<Poisson>());
  show(ZeroInflated<NegativeBinomial>());
  const Fit best = show(ZeroInflated<Poisson>());
  const auto& teeth = best.model.family().as<Untied<ZeroInflated<Poisson>>>()->component(0);
  fmt::print("{:.1f} % of the children have none for sure, the others {:.2f} in the mean\n",
             100 * teeth.zero_share(), teeth.base().rate()[0]);
}
