// Waiting times of two kinds, each with a delay of its own.
#include <fmt/core.h>
#include <mix/distributions/shifted_exponential.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe =
      mixture({0.4, 0.6}, ShiftedExponential(1, 2), ShiftedExponential(4, 0.5));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(ShiftedExponential(), 2)), x, {.seed = 1});
  const auto& components = *best.model.family().as<Untied<ShiftedExponential>>();
  for (Index k = 0; k < 2; ++k) {
    const ShiftedExponential& one = components.component(k);
    fmt::print("{:.2f} from {:.3f} on, with rate {:.2f}\n", best.model.weights()[k], one.shift(),
               one.rate());
  }
}
