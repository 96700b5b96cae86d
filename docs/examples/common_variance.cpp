// Normal distributions that share one variance: components with a parameter in common are a family.
#include "common_variance.h"

#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/models/fit.h>
#include <mix/models/model_file.h>

static_assert(mix::StreamingFamily<CommonVariance>);

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/faithful.csv").select({"waiting"}).values();

  const Fit best = fit(mixture(CommonVariance(2)), x, {.seed = 1});
  const auto& family = *best.model.family().as<CommonVariance>();
  for (Index k = 0; k < 2; ++k) {
    fmt::print("{:.3f} around {:.2f}\n", best.model.weights()[k], family.mean(k));
  }
  fmt::print("the common standard deviation is {:.2f}\n", std::sqrt(family.variance()));
  fmt::print("log-likelihood {:.2f} with {} parameters, BIC {:.2f}\n", best.report.log_likelihood,
             best.report.parameter_count, best.report.bic());

  const Sample drawn = best.model.sample(1000, 1);
  fmt::print("1000 drawn rows have the mean {:.1f}, the data {:.1f}\n", drawn.x.mean(), x.mean());

  save_model("common_variance.json", {best.model});
  Registry known = registry();
  known.add({"common_variance", [] { return AnyFamily(CommonVariance()); }});
  const MixtureModel loaded = load_model("common_variance.json", known).model;
  fmt::print("loaded from its file, the log-likelihood differs by {}\n",
             loaded.log_likelihood(x) - best.model.log_likelihood(x));
}
