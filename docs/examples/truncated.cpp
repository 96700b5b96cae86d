// Values from 0 to 5 are recorded: what do the rows say of those that are not?
#include <fmt/core.h>
#include <mix/distributions/truncated.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe = mixture({0.4, 0.6}, TruncatedTo<Normal>(Normal(0.5, 0.5), 0, 5),
                                      TruncatedTo<Normal>(Normal(4, 1), 0, 5));
  const Matrix x = recipe.sample(3000, 1).x;
  const Fit best =
      fit(mixture(Untied(TruncatedTo<Normal>(Normal(), 0, 5), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& components = *best.model.family().as<Untied<TruncatedTo<Normal>>>();
  for (Index k = 0; k < 2; ++k) {
    const TruncatedTo<Normal>& one = components.component(k);
    fmt::print(
        "{:.2f} with mean {:.2f} and deviation {:.2f} of all values, mean {:.2f} of those "
        "seen\n",
        best.model.weights()[k], one.base().mean(), one.base().standard_deviation(),
        one.moments().mean[0]);
  }
}
