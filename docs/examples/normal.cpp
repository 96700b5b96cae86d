// A known mixture of normal distributions: density, responsibilities, random rows.
#include <fmt/core.h>
#include <mix/distributions/normal.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.25, 0.75}, Normal(-2, 1), Normal(2, 1));

  const Matrix x{{-2.0}, {0.0}, {2.0}};
  const Vector density = recipe.log_density(x).array().exp();
  const Matrix r = recipe.responsibilities(x);
  for (Index i = 0; i < x.rows(); ++i) {
    fmt::print("density at {:>2}: {:.4f}, from the first with probability {:.4f}\n", x(i, 0),
               density[i], r(i, 0));
  }

  const Sample drawn = recipe.sample(10000, 1);
  const Fit best = fit(mixture(Untied(Normal(), 2)), drawn.x, {.seed = 1});
  const auto& normals = *best.model.family().as<Untied<Normal>>();
  for (Index k = 0; k < 2; ++k) {
    fmt::print("estimated: {:.2f} of Normal({:.1f}, {:.1f})\n", best.model.weights()[k],
               normals.component(k).mean(), normals.component(k).standard_deviation());
  }
}
