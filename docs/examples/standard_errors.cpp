// Standard errors by the information matrix, and by the bootstrap.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/normal.h>
#include <mix/models/bootstrap.h>
#include <mix/models/fit.h>
#include <mix/models/standard_errors.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/faithful.csv").values().rightCols(1);
  const Fit best = fit(mixture(Normal(), Normal()), x, {.tol = 1e-6, .seed = 1});

  const StandardErrors errors = standard_errors(best.model, x);
  const Bootstrap resampled = bootstrap(best.model, x, {.replicates = 199, .seed = 1});
  for (std::size_t i = 0; i < errors.parameters.size(); ++i) {
    const ParameterEstimate& e = errors.parameters[i];
    const BootstrapEstimate& b = resampled.parameters[i];
    fmt::print("component {} {:<18} {:8.3f}  {:.3f} [{:.3f}, {:.3f}]  bootstrap {:.2f}\n",
               e.component + 1, e.name, e.value, e.standard_error, e.lower, e.upper,
               b.standard_error);
  }
  fmt::print("at the maximum: {}\n", errors.convergence.gain < 1e-3 ? "yes" : "no");
}
