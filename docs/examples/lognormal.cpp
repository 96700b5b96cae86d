// File sizes in KiB: texts and pictures.
#include <fmt/core.h>
#include <mix/distributions/lognormal.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.7, 0.3}, Lognormal(1, 0.8), Lognormal(6, 1));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(Lognormal(), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<Lognormal>>();
  for (Index k = 0; k < 2; ++k) {
    const Lognormal& one = components.component(k);
    fmt::print("{:.2f} with log mean {:.2f}, log standard deviation {:.2f}, mean {:.1f}\n",
               best.model.weights()[k], one.log_mean(), one.log_standard_deviation(), one.mean());
  }
}
