// Claims above a deductible of 1: of households, and of firms.
#include <fmt/core.h>
#include <mix/distributions/pareto.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.7, 0.3}, Pareto(6, 1), Pareto(0.9, 1));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(Pareto(1, 1), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<Pareto>>();
  for (Index k = 0; k < 2; ++k) {
    const Pareto& one = components.component(k);
    fmt::print("{:.2f} with shape {:.2f}\n", best.model.weights()[k], one.shape());
  }
}
