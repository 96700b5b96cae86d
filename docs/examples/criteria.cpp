// Every criterion of one fit, by name.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Table iris = read_csv("data/iris.csv");
  const Matrix x = iris.select(iris.numeric_columns()).values();
  const Fit best = fit(mixture(Gaussians(3, 4)), x, {.tol = 1e-8, .seed = 1});
  fmt::print("log-likelihood {:.3f}, {} parameters, n = {}\n", best.report.log_likelihood,
             best.report.parameter_count, best.report.n);
  for (const std::string& name : criterion_names()) {
    fmt::print("{:<8} {:>8.2f}\n", name, best.report.criteria.at(name));
  }
}
