// Boys among the first 12 children of 6115 families in Saxony: more varied than coin tosses.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/beta_binomial.h>
#include <mix/distributions/binomial.h>
#include <mix/models/fit.h>
#include <mix/models/model_file.h>

int main() {
  using namespace mix;
  const Table table = read_csv("data/saxony.csv");
  const Matrix x = table.select({"value"}).values();
  const FitOptions options = {
      .sample_weight = table.select({"freq"}).values().col(0), .tol = 1e-8, .seed = 1};
  const Fit binomial = fit(mixture(Untied(Binomial(12), 1)), x, options);
  const Fit two = fit(mixture(Untied(Binomial(12), 2)), x, options);
  const Fit beta = fit(mixture(Untied(BetaBinomial(12), 1)), x, options);
  const auto& boys = beta.model.family().as<Untied<BetaBinomial>>()->component(0);
  fmt::print("binomial:      log-likelihood {:.2f}, BIC {:.1f}\n", binomial.report.log_likelihood,
             binomial.report.bic());
  fmt::print("two binomials: log-likelihood {:.2f}, BIC {:.1f}\n", two.report.log_likelihood,
             two.report.bic());
  fmt::print("beta-binomial: log-likelihood {:.2f}, BIC {:.1f}, alpha {:.1f}, beta {:.1f}\n",
             beta.report.log_likelihood, beta.report.bic(), boys.alpha(), boys.beta());
  fmt::print("a boy with probability {:.4f}\n", boys.probability());

  // For mixture plot.
  save_model("binomial.json", {two.model, {{"value"}}});
  save_model("beta_binomial.json", {beta.model, {{"value"}}});
}
