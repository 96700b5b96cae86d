// A mixture of two Gumbel distributions, which are known to the library by their density alone.
#include "gumbel.h"

#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/models/fit.h>
#include <mix/models/model_file.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/faithful.csv").select({"waiting"}).values();

  const Fit best = fit(mixture(Untied(Autodiff<Gumbel>({0.0, 1.0}), 2)), x, {.seed = 1});
  const auto& components = *best.model.family().as<Untied<Autodiff<Gumbel>>>();
  for (Index k = 0; k < 2; ++k) {
    fmt::print("{:.3f} of Gumbel({:.2f}, {:.2f})\n", best.model.weights()[k],
               components.component(k).parameter(0), components.component(k).parameter(1));
  }
  fmt::print("log-likelihood {:.2f} with {} parameters, BIC {:.2f}\n", best.report.log_likelihood,
             best.report.parameter_count, best.report.bic());

  // With a sampler and a name the same mixture is also drawn from and saved.
  const Fit named = fit(mixture(Untied(Autodiff<NamedGumbel>({0.0, 1.0}), 2)), x, {.seed = 1});
  const Sample drawn = named.model.sample(1000, 1);
  fmt::print("1000 drawn rows have the mean {:.1f}, the data {:.1f}\n", drawn.x.mean(), x.mean());

  // A file names the family; the registry says what stands behind the name.
  save_model("gumbel.json", {named.model});
  Registry known = registry();
  known.add({"my_gumbel", [] { return AnyFamily(Untied<Autodiff<NamedGumbel>>()); }});
  const MixtureModel loaded = load_model("gumbel.json", known).model;
  fmt::print("loaded from its file, the log-likelihood differs by {}\n",
             loaded.log_likelihood(x) - named.model.log_likelihood(x));
}
