// Variances of two kinds of instruments.
#include <fmt/core.h>
#include <mix/distributions/inverse_gamma.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.5, 0.5}, InverseGamma(3, 1), InverseGamma(6, 50));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(InverseGamma(), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<InverseGamma>>();
  for (Index k = 0; k < 2; ++k) {
    const InverseGamma& one = components.component(k);
    fmt::print("{:.2f} with shape {:.2f}, scale {:.2f}\n", best.model.weights()[k], one.shape(),
               one.scale());
  }
}
