// Responses among the patients of 22 sites: each row has its own number of trials.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/binomial.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/mehta.csv").select({"Response", "Total"}).values();
  const Fit best = fit(mixture(Untied(Binomial::with_trials_column(), 2)), x, {.seed = 1});
  const auto& groups = *best.model.family().as<Untied<Binomial>>();
  for (Index k = 0; k < 2; ++k) {
    fmt::print("{:.2f} of the rows respond with probability {:.3f}\n", best.model.weights()[k],
               groups.component(k).probability());
  }
  fmt::print("log-likelihood {:.2f}\n", best.report.log_likelihood);
}
