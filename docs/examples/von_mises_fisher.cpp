// Two directions in space.
#include <fmt/core.h>
#include <mix/distributions/von_mises_fisher.h>
#include <mix/models/fit.h>
#include <mix/models/model_file.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.5, 0.5}, VonMisesFisher(Vector{{1.0, 0.0, 0.0}}, 20),
                                      VonMisesFisher(Vector{{0.0, 1.0, 1.0}}, 5));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(VonMisesFisher(3), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<VonMisesFisher>>();
  for (Index k = 0; k < 2; ++k) {
    const VonMisesFisher& one = components.component(k);
    fmt::print("{:.2f} to ({:.2f}, {:.2f}, {:.2f}) with concentration {:.2f}\n",
               best.model.weights()[k], one.direction()[0], one.direction()[1], one.direction()[2],
               one.concentration());
  }

  // For mixture plot.
  save_model("recipe.json", {recipe, {{"x"}, {"y"}, {"z"}}});
  save_model("von_mises_fisher.json", {best.model, {{"x"}, {"y"}, {"z"}}});
}
