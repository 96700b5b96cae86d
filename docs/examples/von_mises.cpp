// Two winds, of which one blows from about pi: its angles lie on both sides of the cut.
#include <fmt/core.h>
#include <mix/distributions/von_mises.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.6, 0.4}, VonMises(3.1, 4), VonMises(0.5, 10));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(VonMises(), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<VonMises>>();
  for (Index k = 0; k < 2; ++k) {
    const VonMises& one = components.component(k);
    fmt::print("{:.2f} from {:.2f} with concentration {:.2f}\n", best.model.weights()[k],
               one.direction(), one.concentration());
  }
}
