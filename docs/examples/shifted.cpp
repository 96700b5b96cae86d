// Lives of two kinds, each with a time before which nothing fails.
#include <fmt/core.h>
#include <mix/distributions/shifted.h>
#include <mix/distributions/weibull.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.4, 0.6}, Shifted<Weibull>(Weibull(1.5, 1), 1),
                                      Shifted<Weibull>(Weibull(2.5, 3), 3));
  const Matrix x = recipe.sample(1000, 1).x;
  const Fit best = fit(mixture(Untied(Shifted<Weibull>(), 2)), x, {.seed = 1});
  const auto& components = *best.model.family().as<Untied<Shifted<Weibull>>>();
  for (Index k = 0; k < 2; ++k) {
    const Shifted<Weibull>& one = components.component(k);
    fmt::print("{:.2f} from {:.2f} on, with shape {:.2f} and scale {:.2f}\n",
               best.model.weights()[k], one.shift(), one.base().shape(), one.base().scale());
  }
}
