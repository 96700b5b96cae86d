// Forty subjects, eight visits each: the values of half of them rise, those of the others fall.
#include <fmt/core.h>
#include <mix/distributions/gaussian_regression.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  Matrix x(320, 2);  // time, value
  std::vector<Index> subject;
  Rng rng(1, Purpose::sample);
  for (Index i = 0; i < x.rows(); ++i) {
    subject.push_back(i / 8);
    const auto time = static_cast<double>(i % 8);
    const double slope = subject.back() % 2 == 0 ? 0.5 : -0.5;
    x.row(i) << time, slope * (time - 3.5) + 2 * standard_normal(rng);
  }

  const Groups groups(subject);
  const Fit best = fit(mixture(GaussianRegression(2, {.covariates = 1})), x, {.groups = groups});
  const Posterior of_groups = best.model.posterior(x, groups);

  const auto& lines = *best.model.family().as<GaussianRegression>();
  for (Index k = 0; k < 2; ++k) {
    Index rising = 0;
    Index held = 0;
    for (Index g = 0; g < groups.count(); ++g) {
      if (of_groups.responsibilities(g, k) < 0.5) continue;
      ++held;
      rising += g % 2 == 0 ? 1 : 0;
    }
    fmt::print("slope {:5.2f}: {} subjects, {} of them rise\n", lines.coefficients(k)[0], held,
               rising);
  }
}
