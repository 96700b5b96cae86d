// Hair, eyes and sex of 592 students as a table of frequencies: a latent class analysis in which
// each cell of the table is one row with a weight.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/categorical.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Table cells = read_csv("data/haireyecolor_table.csv");
  const Table x = cells.select({"Hair", "Eye", "Sex"});
  FitOptions options;
  options.sample_weight = cells.select({"Freq"}).values().col(0);
  options.tol = 1e-8;
  options.seed = 1;
  const Fit best = fit(mixture(Untied(Categorical(3), 2)), x.values(), options);

  const auto& classes = *best.model.family().as<Untied<Categorical>>();
  for (Index k = 0; k < 2; ++k) {
    fmt::print("{:.2f}:", best.model.weights()[k]);
    for (Index j = 0; j < 2; ++j) {
      const auto& levels = x.column(j).levels;
      for (std::size_t l = 0; l < levels.size(); ++l) {
        const double p = classes.component(k).probabilities()(j, static_cast<Index>(l));
        fmt::print(" {} {:.2f}", levels[l], p);
      }
      fmt::print(";");
    }
    fmt::print("\n");
  }
  fmt::print("n = {}, log-likelihood {:.2f}, {} parameters\n", best.report.n,
             best.report.log_likelihood, best.report.parameter_count);
}
