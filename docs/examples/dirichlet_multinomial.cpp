// Who does which household task: the shares of tasks vary more than multinomials explain.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/dirichlet_multinomial.h>
#include <mix/distributions/multinomial.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Table tasks = read_csv("data/housetasks.csv");
  const Matrix x = tasks.select({"Wife", "Alternating", "Husband", "Jointly"}).values();
  for (Index k = 1; k <= 3; ++k) {
    const Fit plain = fit(mixture(Untied(Multinomial(4), k)), x, {.tol = 1e-8, .seed = 1});
    const Fit varied =
        fit(mixture(Untied(DirichletMultinomial(4), k)), x, {.tol = 1e-8, .seed = 1});
    fmt::print("{}: BIC {:6.1f} of multinomials, {:5.1f} of Dirichlet-multinomials\n", k,
               plain.report.bic(), varied.report.bic());
  }
  const Fit one = fit(mixture(Untied(DirichletMultinomial(4), 1)), x, {.tol = 1e-8, .seed = 1});
  const auto& all = one.model.family().as<Untied<DirichletMultinomial>>()->component(0);
  fmt::print("concentrations of wife, alternating, husband, jointly:");
  for (const double a : all.concentrations()) fmt::print(" {:.2f}", a);
  fmt::print("\n");
}
