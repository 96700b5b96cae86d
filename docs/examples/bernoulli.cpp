// Five test items, right or wrong, of 1000 students: two classes of students.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/bernoulli.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Table items = read_csv("data/lsat6.csv");
  const Fit best = fit(mixture(Untied(Bernoulli(5), 2)), items.values(), {.tol = 1e-8, .seed = 1});
  const auto& classes = *best.model.family().as<Untied<Bernoulli>>();
  for (Index k = 0; k < 2; ++k) {
    fmt::print("{:.2f} of the students:", best.model.weights()[k]);
    for (const double p : classes.component(k).probability()) fmt::print(" {:.2f}", p);
    fmt::print("\n");
  }
  fmt::print("log-likelihood {:.2f} with {} parameters\n", best.report.log_likelihood,
             best.report.parameter_count);
}
