// Highest water of a year, without and with a dam upstream.
#include <fmt/core.h>
#include <mix/distributions/gumbel.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.5, 0.5}, Gumbel(2, 0.3), Gumbel(5, 1.2));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(Gumbel(), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<Gumbel>>();
  for (Index k = 0; k < 2; ++k) {
    const Gumbel& one = components.component(k);
    fmt::print("{:.2f} with location {:.2f}, scale {:.2f}, mean {:.2f}\n", best.model.weights()[k],
               one.location(), one.scale(), one.mean());
  }
}
