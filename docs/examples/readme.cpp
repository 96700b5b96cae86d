// Old Faithful: two kinds of eruptions, and which kind a row belongs to.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/faithful.csv").values();
  const Fit best = fit(mixture(Gaussians(2, 2)), x, {.seed = 1});
  fmt::print("log-likelihood {:.2f}, BIC {:.2f}\n", best.report.log_likelihood, best.report.bic());

  const auto& gaussians = *best.model.family().as<Gaussians>();
  for (Index k = 0; k < 2; ++k) {
    fmt::print("{:.0f} % last {:.2f} minutes, and the next follows after {:.1f}\n",
               100 * best.model.weights()[k], gaussians.mean(k)[0], gaussians.mean(k)[1]);
  }
  fmt::print("3 minutes, then 65: of the short kind with probability {:.2f}\n",
             best.model.responsibilities(Matrix{{3.0, 65.0}})(0, 0));
}
