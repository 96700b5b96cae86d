// Amounts of two kinds: many small ones, and fewer around 10.
#include <fmt/core.h>
#include <mix/distributions/gamma.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.6, 0.4}, Gamma(1.5, 0.8), Gamma(20, 0.5));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(Gamma(), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<Gamma>>();
  for (Index k = 0; k < 2; ++k) {
    const Gamma& one = components.component(k);
    fmt::print("{:.2f} with shape {:.2f}, scale {:.2f}, mean {:.2f}\n", best.model.weights()[k],
               one.shape(), one.scale(), one.mean());
  }
}
