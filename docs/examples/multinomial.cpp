// Who does which household task, counted in couples: tasks with similar shares form a component.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/multinomial.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Table tasks = read_csv("data/housetasks.csv");
  const Matrix x = tasks.select({"Wife", "Alternating", "Husband", "Jointly"}).values();
  const Fit best = fit(mixture(Untied(Multinomial(4), 3)), x, {.seed = 1});
  const auto& kinds = *best.model.family().as<Untied<Multinomial>>();
  const std::vector<Index> labels = best.model.predict(x);
  for (Index k = 0; k < 3; ++k) {
    for (const double p : kinds.component(k).probabilities()) fmt::print("{:.2f} ", p);
    for (Index i = 0; i < x.rows(); ++i) {
      if (labels[static_cast<std::size_t>(i)] == k) fmt::print(" {}", tasks.text(i, 0));
    }
    fmt::print("\n");
  }
}
