// Three distributions that the library does not know, compared on the same data.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/models/compare.h>

#include "common_variance.h"
#include "gumbel.h"
#include "rayleigh.h"

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/rivers.csv").values();

  CompareOptions options;
  options.families = {
      {"Gumbel",
       [](Index k) {
         return AnyFamily(Untied(Autodiff<Gumbel>({0.0, 1.0}), k));
       }},
      {"Rayleigh", [](Index k) { return AnyFamily(Untied(Rayleigh(1), k)); }},
      {"normal, one variance", [](Index k) { return AnyFamily(CommonVariance(k)); }},
  };
  options.components = {1, 3};
  options.fit.seed = 1;

  for (const Ranked& r : compare(x, options)) {
    fmt::print("{:<20} {}  log-likelihood {:>8.2f}  {} parameters  BIC {:>8.2f}  {}\n", r.name,
               r.n_components, r.log_likelihood, r.parameter_count, r.criteria.bic, r.status);
  }
}
