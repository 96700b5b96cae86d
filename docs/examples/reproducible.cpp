// The number of threads changes no bit; the seed is the only source of chance.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/chevron.csv").select({"x", "y"}).values();
  const auto fit_with = [&](std::uint64_t seed, Index threads) {
    FitOptions options;
    options.seed = seed;
    options.threads = threads;
    return fit(mixture(Gaussians(3, 2)), x, options);
  };
  const Fit one = fit_with(1, 1);
  const Fit three = fit_with(1, 3);
  fmt::print("same means: {}\n", one.model.family().as<Gaussians>()->means() ==
                                     three.model.family().as<Gaussians>()->means());
  fmt::print("same history: {}\n", one.report.objective_history == three.report.objective_history);
  fmt::print("same sample: {}\n", one.model.sample(100, 7).x == three.model.sample(100, 7).x);
}
