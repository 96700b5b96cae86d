// Wind speeds of calm and of stormy days.
#include <fmt/core.h>
#include <mix/distributions/rayleigh.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.8, 0.2}, Rayleigh(3), Rayleigh(11));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(Rayleigh(), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<Rayleigh>>();
  for (Index k = 0; k < 2; ++k) {
    const Rayleigh& one = components.component(k);
    fmt::print("{:.2f} with scale {:.2f}\n", best.model.weights()[k], one.scale());
  }
}
