// A mixture of two Laplace distributions, and the law kit's opinion of the class.
#include "laplace.h"

#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/models/fit.h>
#include <mix/testing/check_distribution.h>

static_assert(mix::check_component<Laplace>());

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/faithful.csv").select({"waiting"}).values();

  // A weighted median stays where it is when weights move a little, so the law that counts
  // parameters by moving weights cannot see it.
  const LawReport laws =
      check_distribution(Laplace(), x.topRows(60), {.skip = {"parameter_count"}});
  fmt::print("lawful: {}\n{}", laws.ok(), laws.text());

  const Fit best = fit(mixture(Untied(Laplace(), 2)), x, {.seed = 1});
  const auto& components = *best.model.family().as<Untied<Laplace>>();
  for (Index k = 0; k < 2; ++k) {
    fmt::print("{:.2f} of Laplace({:.0f}, {:.1f})\n", best.model.weights()[k],
               components.component(k).median(), components.component(k).scale());
  }
}
