// The recipe of 25 % N(-2, 1) and 75 % N(2, 1): its density, and rows drawn from it.
#include <fmt/core.h>
#include <mix/distributions/normal.h>
#include <mix/models/model_file.h>

#include <algorithm>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.25, 0.75}, Normal(-2, 1), Normal(2, 1));

  const Matrix x{{-2.0}, {0.0}, {2.0}};
  const Vector density = recipe.log_density(x).array().exp();
  for (Index i = 0; i < x.rows(); ++i) fmt::print("f({:2}) = {:.4f}\n", x(i, 0), density[i]);

  const Sample sample = recipe.sample(1000, 1);
  const auto first = std::count(sample.labels.begin(), sample.labels.end(), 0);
  fmt::print("{} of 1000 rows came from N(-2, 1)\n", first);

  save_model("recipe.json", {recipe, {{"x"}}});
}
