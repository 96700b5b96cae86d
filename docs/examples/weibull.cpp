// Lifetimes of parts of which some fail early.
#include <fmt/core.h>
#include <mix/distributions/weibull.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.3, 0.7}, Weibull(0.7, 5), Weibull(4, 100));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(Weibull(), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<Weibull>>();
  for (Index k = 0; k < 2; ++k) {
    const Weibull& one = components.component(k);
    fmt::print("{:.2f} with shape {:.2f}, scale {:.1f}\n", best.model.weights()[k], one.shape(),
               one.scale());
  }
}
