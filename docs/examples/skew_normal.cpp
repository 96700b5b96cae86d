// Two lopsided bells, one leaning to each side.
#include <fmt/core.h>
#include <mix/distributions/skew_normal.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.4, 0.6}, SkewNormal(1, 1, 4), SkewNormal(10, 2, -3));
  const Matrix x = recipe.sample(3000, 1).x;
  const Fit best = fit(mixture(Untied(SkewNormal(), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<SkewNormal>>();
  for (Index k = 0; k < 2; ++k) {
    const SkewNormal& one = components.component(k);
    fmt::print("{:.2f} with location {:.2f}, scale {:.2f}, shape {:.1f}, mean {:.2f}\n",
               best.model.weights()[k], one.location(), one.scale(), one.shape(),
               one.moments().mean[0]);
  }
}
