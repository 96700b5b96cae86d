// One start of each kind; the default, auto, is a portfolio of them.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/faithful.csv").values();
  std::vector<Start> starts;
  for (const char* name :
       {"auto", "k-means++", "kmeans", "random", "hierarchical", "growing", "short-runs"}) {
    starts.push_back(parse_start(name));
  }
  std::vector<Index> labels;
  for (const double wait : x.col(1)) labels.push_back(wait < 68 ? 0 : 1);
  starts.emplace_back(start::Labels{labels});

  for (const Start& start : starts) {
    FitOptions options;
    options.start = start;
    options.seed = 1;
    const Fit best = fit(mixture(Gaussians(2, 2)), x, options);
    fmt::print("{:<13} log-likelihood {:.2f}\n", to_string(start), best.report.log_likelihood);
  }
}
