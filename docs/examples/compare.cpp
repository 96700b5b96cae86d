// Three descriptions of counts, each with one to three components, ranked by BIC.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/distributions/poisson.h>
#include <mix/distributions/student_t.h>
#include <mix/models/compare.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/discoveries.csv").values();
  CompareOptions options;
  options.families = {
      {"poisson", [](Index k) { return AnyFamily(Untied(Poisson(1), k)); }},
      {"gaussian", [](Index k) { return AnyFamily(Gaussians(k, 1)); }},
      {"student_t", [](Index k) { return AnyFamily(StudentT(k, 1)); }},
  };
  options.components = {1, 3};
  options.fit.tol = 1e-8;
  options.fit.seed = 1;

  const Comparison comparison = compare(x, options);
  for (const Ranked& r : comparison) {
    fmt::print("{:<9} {}  log-likelihood {:.2f}  {} parameters  BIC {:.2f}  {}\n", r.name,
               r.n_components, r.log_likelihood, r.parameter_count, r.criteria.bic, r.status);
  }
  fmt::print("best: {} with {} components\n", comparison.best().model.title(),
             comparison.best().model.n_components());
}
