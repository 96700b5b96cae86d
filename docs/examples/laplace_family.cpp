// Errors of two instruments.
#include <fmt/core.h>
#include <mix/distributions/laplace.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.5, 0.5}, Laplace(0, 0.5), Laplace(6, 2));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(Laplace(), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<Laplace>>();
  for (Index k = 0; k < 2; ++k) {
    const Laplace& one = components.component(k);
    fmt::print("{:.2f} with median {:.2f}, scale {:.2f}\n", best.model.weights()[k], one.median(),
               one.scale());
  }
}
