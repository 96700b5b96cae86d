// Reaction times in seconds: attentive, and not.
#include <fmt/core.h>
#include <mix/distributions/inverse_gaussian.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.8, 0.2}, InverseGaussian(0.4, 6), InverseGaussian(1.5, 5));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(InverseGaussian(), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<InverseGaussian>>();
  for (Index k = 0; k < 2; ++k) {
    const InverseGaussian& one = components.component(k);
    fmt::print("{:.2f} with mean {:.3f}, shape {:.2f}\n", best.model.weights()[k], one.mean(),
               one.shape());
  }
}
