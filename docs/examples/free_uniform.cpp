// Two overlapping ranges: where do they end?
#include <fmt/core.h>
#include <mix/distributions/free_uniform.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.4, 0.6}, FreeUniform(Vector{{0.0}}, Vector{{3.0}}),
                                      FreeUniform(Vector{{2.0}}, Vector{{7.0}}));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(FreeUniform(1), 2)), x, {.seed = 1});
  const auto& components = *best.model.family().as<Untied<FreeUniform>>();
  for (Index k = 0; k < 2; ++k) {
    const FreeUniform& one = components.component(k);
    fmt::print("{:.2f} from {:.2f} to {:.2f}\n", best.model.weights()[k], one.lower()[0],
               one.upper()[0]);
  }
}
