// Budgets of three parts, of two kinds of households.
#include <fmt/core.h>
#include <mix/distributions/dirichlet.h>
#include <mix/models/fit.h>
#include <mix/models/model_file.h>

int main() {
  using namespace mix;
  const MixtureModel recipe =
      mixture({0.5, 0.5}, Dirichlet(Vector{{8.0, 3.0, 1.0}}), Dirichlet(Vector{{2.0, 2.0, 4.0}}));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(Dirichlet(3), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<Dirichlet>>();
  for (Index k = 0; k < 2; ++k) {
    const Dirichlet& one = components.component(k);
    fmt::print("{:.2f} with concentrations {:.2f}, {:.2f}, {:.2f}\n", best.model.weights()[k],
               one.concentration()[0], one.concentration()[1], one.concentration()[2]);
  }

  // For mixture plot.
  save_model("recipe.json", {recipe, {{"a"}, {"b"}, {"c"}}});
  save_model("dirichlet.json", {best.model, {{"a"}, {"b"}, {"c"}}});
}
