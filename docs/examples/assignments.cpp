// The same data and model under each assignment policy.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/normal.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/faithful.csv").select({"waiting"}).values();
  const auto show = [&](const char* name, const AnyAssignment& assignment) {
    FitOptions options;
    options.assignment = assignment;
    options.seed = 1;
    const Fit best = fit(mixture(Untied(Normal(), 2)), x, options);
    const auto& normals = *best.model.family().as<Untied<Normal>>();
    fmt::print("{:<10} means {:.1f} and {:.1f}, log-likelihood {:.1f}\n", name,
               normals.component(0).mean(), normals.component(1).mean(),
               best.report.log_likelihood);
  };
  show("soft", Soft{});
  show("hard", Hard{});
  show("annealed", Annealed{});
  show("truncated", Truncated{.keep = 1});

  std::vector<Index> labels(static_cast<std::size_t>(x.rows()), -1);  // unknown
  for (Index i = 0; i < x.rows(); ++i) {
    if (x(i, 0) < 50) labels[static_cast<std::size_t>(i)] = 0;
    if (x(i, 0) > 85) labels[static_cast<std::size_t>(i)] = 1;
  }
  show("known", Known{labels});
}
