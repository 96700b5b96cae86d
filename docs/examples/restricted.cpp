// Parameters that are shared or known.
#include <fmt/core.h>
#include <mix/distributions/gamma.h>
#include <mix/distributions/normal.h>
#include <mix/distributions/restricted.h>
#include <mix/models/fit.h>
#include <mix/models/model_file.h>

#include <cmath>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.35, 0.65}, Normal(2, 0.3), Normal(4.3, 0.3));
  const Matrix x = recipe.sample(2000, 1).x;

  const Fit one = fit(mixture(Restricted(Normal(), 2, {.shared = {"standard_deviation"}})), x);
  const Fit known = fit(mixture(Restricted(Gamma(), 2, {.fixed = {{"shape", 90}}})), x);
  for (const Fit* best : {&one, &known}) {
    fmt::print("{}: {} free parameters\n", best->model.title(), best->report.parameter_count);
    for (Index k = 0; k < 2; ++k) {
      const Moments moments = best->model.family().moments(k);
      fmt::print("  mean {:.2f}, standard deviation {:.2f}\n", moments.mean[0],
                 std::sqrt(moments.covariance(0, 0)));
    }
  }

  // For mixture plot.
  save_model("recipe.json", {recipe, {{"x"}}});
  save_model("restricted.json", {one.model, {{"x"}}});
}
