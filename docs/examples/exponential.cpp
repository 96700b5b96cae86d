// Waiting times of two kinds: a mean of 1, and a mean of 20.
#include <fmt/core.h>
#include <mix/distributions/exponential.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const MixtureModel recipe =
      mixture({0.5, 0.5}, Exponential(Vector{{1.0}}), Exponential(Vector{{0.05}}));
  const Matrix x = recipe.sample(2000, 1).x;
  const Fit best = fit(mixture(Untied(Exponential(1), 2)), x, {.tol = 1e-8, .seed = 1});
  const auto& times = *best.model.family().as<Untied<Exponential>>();
  for (Index k = 0; k < 2; ++k) {
    fmt::print("{:.2f} with rate {:.3f}, mean {:.2f}\n", best.model.weights()[k],
               times.component(k).rate()[0], 1 / times.component(k).rate()[0]);
  }
}
