// How often "may" occurs in 262 blocks of text by Madison, from a table of frequencies.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/geometric.h>
#include <mix/distributions/poisson.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Table table = read_csv("data/federalist.csv");
  const Matrix x = table.select({"value"}).values();
  const Vector blocks = table.select({"freq"}).values().col(0);
  const Fit geometric =
      fit(mixture(Untied(Geometric(), 1)), x, {.sample_weight = blocks, .seed = 1});
  const Fit poisson = fit(mixture(Untied(Poisson(1), 1)), x, {.sample_weight = blocks, .seed = 1});
  const double p = geometric.model.family().as<Untied<Geometric>>()->component(0).probability();
  fmt::print("geometric: log-likelihood {:.2f}, probability {:.3f}, mean {:.3f}\n",
             geometric.report.log_likelihood, p, 1 / p - 1);
  fmt::print("poisson: log-likelihood {:.2f}\n", poisson.report.log_likelihood);
}
