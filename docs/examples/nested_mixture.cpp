// Two known classes, each of which is a mixture itself: mixture discriminant analysis (Hastie &
// Tibshirani 1996).
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Table table = read_csv("data/synth_tr.csv");
  const Matrix x = table.select({"xs", "ys"}).values();
  std::vector<Index> classes;
  for (const double c : table.values().col(table.index_of("yc"))) {
    classes.push_back(static_cast<Index>(c));
  }

  const MixtureModel two_groups = mixture(Gaussians(2, 2, {.structure = Structure::EEE}));
  FitOptions options;
  options.assignment = Known{classes};
  options.start = start::Labels{classes};
  options.seed = 1;
  const Fit best = fit(mixture(Untied(two_groups, 2)), x, options);

  const std::vector<Index> labels = best.model.predict(x);
  Index wrong = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) wrong += labels[i] != classes[i] ? 1 : 0;
  fmt::print("{} of {} rows are on the wrong side\n", wrong, x.rows());
  fmt::print("{} parameters\n", best.report.parameter_count);
}
