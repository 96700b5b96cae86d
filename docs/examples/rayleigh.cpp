// A mixture of two Rayleigh distributions, which are estimated from additive statistics.
#include "rayleigh.h"

#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/models/fit.h>
#include <mix/models/model_file.h>

// Refuses at compile time, with the missing signature, what cannot be a component.
static_assert(mix::check_component<Rayleigh>());

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/rivers.csv").values();

  const Fit best = fit(mixture(Untied(Rayleigh(1), 2)), x, {.seed = 1});
  const auto& components = *best.model.family().as<Untied<Rayleigh>>();
  for (Index k = 0; k < 2; ++k) {
    fmt::print("{:.3f} of Rayleigh({:.2f})\n", best.model.weights()[k],
               components.component(k).scale());
  }
  fmt::print("log-likelihood {:.2f} with {} parameters, BIC {:.2f}\n", best.report.log_likelihood,
             best.report.parameter_count, best.report.bic());

  const Sample drawn = best.model.sample(1000, 1);
  fmt::print("1000 drawn rows have the mean {:.1f}, the data {:.1f}\n", drawn.x.mean(), x.mean());

  // Statistics add: those of two halves of the rows are those of all.
  Rayleigh whole;
  Vector sum = Vector::Zero(whole.statistics_size());
  whole.accumulate(x.topRows(100), Vector::Ones(100), sum);
  whole.accumulate(x.bottomRows(x.rows() - 100), Vector::Ones(x.rows() - 100), sum);
  whole.maximize(sum);
  fmt::print("one Rayleigh from two parts of the file: {:.2f}\n", whole.scale());

  save_model("rayleigh.json", {best.model});
  Registry known = registry();
  known.add({"my_rayleigh", [] { return AnyFamily(Untied<Rayleigh>()); }});
  const MixtureModel loaded = load_model("rayleigh.json", known).model;
  fmt::print("loaded from its file, the log-likelihood differs by {}\n",
             loaded.log_likelihood(x) - best.model.log_likelihood(x));
}
