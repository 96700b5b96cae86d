// Married women at work in five years: those who move between work and home, and those who stay.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/markov_chain.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Table table = read_csv("data/heckman_table.csv");
  Matrix x(table.rows(), 5);  // 1967 to 1971; 1: at work
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index t = 0; t < 5; ++t) x(i, t) = table.text(i, 4 - t) == "No" ? 0 : 1;
  }
  const Vector women = table.select({"Freq"}).values().col(0);
  for (Index k = 1; k <= 3; ++k) {
    const Fit best = fit(mixture(Untied(MarkovChain(5), k)), x,
                         {.sample_weight = women, .tol = 1e-8, .seed = 1});
    fmt::print("{}: log-likelihood {:.2f}, BIC {:.1f}\n", k, best.report.log_likelihood,
               best.report.bic());
    if (k != 2) continue;
    const auto& chains = *best.model.family().as<Untied<MarkovChain>>();
    for (Index j = 0; j < k; ++j) {
      const Matrix& q = chains.component(j).transitions();
      fmt::print("   {:.2f}: {:.2f} at work in 1967, {:.2f} stay at home, {:.2f} stay at work\n",
                 best.model.weights()[j], chains.component(j).initial()[1], q(0, 0), q(1, 1));
    }
  }
}
