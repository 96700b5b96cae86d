// A known background and an unknown signal.
#include <fmt/core.h>
#include <mix/distributions/exponential.h>
#include <mix/distributions/normal.h>
#include <mix/models/fit.h>
#include <mix/models/model_file.h>

int main() {
  using namespace mix;
  const Exponential background(Vector{{0.1}});
  const MixtureModel recipe = mixture({0.9, 0.1}, background, Normal(25, 1));
  const Matrix x = recipe.sample(5000, 1).x;

  const Fit best = fit(mixture(frozen(background), Normal()), x, {.seed = 1});
  const auto& list = *best.model.family().as<FamilyList>();
  const auto& signal = *list.families()[1].as<Untied<Normal>>();
  fmt::print("signal: weight {:.2f}, mean {:.1f}, standard deviation {:.1f}\n",
             best.model.weights()[1], signal.component(0).mean(),
             signal.component(0).standard_deviation());
  fmt::print("{} free parameters\n", best.report.parameter_count);

  // For mixture plot.
  save_model("recipe.json", {recipe, {{"x"}}});
  save_model("frozen.json", {best.model, {{"x"}}});
}
