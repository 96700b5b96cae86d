// Two bells with tails.
#include <fmt/core.h>
#include <mix/distributions/logistic.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.4, 0.6}, Logistic(0, 1), Logistic(9, 1.5));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(Logistic(), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<Logistic>>();
  for (Index k = 0; k < 2; ++k) {
    const Logistic& one = components.component(k);
    fmt::print("{:.2f} with location {:.2f}, scale {:.2f}\n", best.model.weights()[k],
               one.location(), one.scale());
  }
}
