// Success rates of two kinds of shops.
#include <fmt/core.h>
#include <mix/distributions/beta.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.5, 0.5}, Beta(2, 12), Beta(20, 8));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(Beta(), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<Beta>>();
  for (Index k = 0; k < 2; ++k) {
    const Beta& one = components.component(k);
    fmt::print("{:.2f} with a {:.2f}, b {:.2f}, mean {:.3f}\n", best.model.weights()[k], one.a(),
               one.b(), one.mean());
  }
}
