// 21 body measures of 507 people: how big somebody is, and how heavily built, moves all of them.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/factor_analyzers.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/body.csv").values().leftCols(21);

  const Fit whole = fit(mixture(Gaussians(2, 21)), x, {.seed = 1});
  const Fit few =
      fit(mixture(FactorAnalyzers(2, 21, {.structure = FactorStructure::UUU, .factors = 4})), x,
          {.seed = 1});
  const FactorOptions own{.structure = FactorStructure::AkjBkQkDk, .factors = 20};
  const Fit subspaces = fit(mixture(FactorAnalyzers(2, 21, own)), x, {.seed = 1});
  for (const Fit* one : {&whole, &few, &subspaces}) {
    fmt::print("{:44} {:3} parameters, BIC {:.0f}\n", one->model.family().title(),
               one->model.parameter_count(), one->report.bic());
  }
  const auto& axes = *subspaces.model.family().as<FactorAnalyzers>();
  fmt::print("of which the subspaces have {} and {} axes\n", axes.factors(0), axes.factors(1));
  const auto& family = *few.model.family().as<FactorAnalyzers>();
  const Vector noise = family.noise(0).cwiseQuotient(family.covariance(0).diagonal());
  fmt::print("of the chest girth {:.0f} % is noise, of the knee diameter {:.0f} %\n",
             100 * noise[10], 100 * noise[7]);
}
