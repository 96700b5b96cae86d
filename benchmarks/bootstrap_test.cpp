// Are the p-values of the bootstrap likelihood-ratio test uniform where the null hypothesis holds,
// how often does it see a second component, and what does a search cost that begins from the fits
// of the data alone?
//
//     bench_bootstrap_test [DATA SETS]
#include "mix/models/bootstrap_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "mix/distributions/normal.h"
#include "mix/parallel.h"
#include "mix/untied.h"

namespace {

using namespace mix;

constexpr Index rows = 100;
constexpr Index samples = 99;
constexpr double level = 0.05;

Candidate normals() {
  return {"normal", [](Index k) { return AnyFamily(Untied(Normal(), k)); }};
}

Matrix two_normals(double distance, std::uint64_t seed) {
  return mixture({0.5, 0.5}, Normal(-distance / 2, 1), Normal(distance / 2, 1))
      .sample(rows, seed)
      .x;
}

std::vector<double> p_values(Index sets, Index k, double distance, Index exceedances) {
  std::vector<double> p(static_cast<std::size_t>(sets));
  for_each_index(sets, [&](Index i) {
    BootstrapTestOptions options;
    options.replicates = samples;
    options.exceedances = exceedances;
    options.fit.effort = Effort::fast;
    options.fit.seed = static_cast<std::uint64_t>(i);
    const Matrix x = two_normals(distance, 1000 + static_cast<std::uint64_t>(i));
    p[static_cast<std::size_t>(i)] = bootstrap_test(normals(), k, x, options).p_value;
  });
  return p;
}

// The same with samples fitted from the fits of the data only, as some programs do.
std::vector<double> p_values_from_one_start(Index sets, double distance) {
  std::vector<double> p(static_cast<std::size_t>(sets));
  for_each_index(sets, [&](Index i) {
    const Matrix x = two_normals(distance, 1000 + static_cast<std::uint64_t>(i));
    BootstrapTestOptions options;
    options.replicates = 1;
    options.fit.effort = Effort::fast;
    options.fit.seed = static_cast<std::uint64_t>(i);
    const BootstrapTest test = bootstrap_test(normals(), 1, x, options);
    Index exceeding = 0;
    for (Index b = 0; b < samples; ++b) {
      const Matrix drawn =
          test.null.model.sample(rows, 5000 + static_cast<std::uint64_t>(i * samples + b)).x;
      FitOptions warm;
      warm.start = start::Parameters{};
      const double null = fit(test.null.model, drawn, warm).report.log_likelihood;
      const double other = fit(test.alternative.model, drawn, warm).report.log_likelihood;
      if (2 * (other - null) >= test.statistic) ++exceeding;
    }
    p[static_cast<std::size_t>(i)] =
        (1 + static_cast<double>(exceeding)) / (1 + static_cast<double>(samples));
  });
  return p;
}

// Kolmogorov's distance from the uniform distribution, and the probability of a larger one. The
// p-values are multiples of 1/100, which makes the distance larger by up to that much.
void print(const std::string& what, std::vector<double> p) {
  std::sort(p.begin(), p.end());
  const auto n = static_cast<double>(p.size());
  double distance = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    distance = std::max({distance, static_cast<double>(i + 1) / n - p[i],
                         p[i] - static_cast<double>(i) / n - 1.0 / (samples + 1)});
  }
  const double z = (std::sqrt(n) + 0.12 + 0.11 / std::sqrt(n)) * distance;
  double tail = 0;
  double sign = 1;
  for (int j = 1; j <= 100; ++j, sign = -sign) tail += 2 * sign * std::exp(-2.0 * j * j * z * z);
  const auto share = [&](double at) {
    return static_cast<double>(
               std::count_if(p.begin(), p.end(), [&](double v) { return v <= at; })) /
           n;
  };
  fmt::print("{:<44} {:>6} {:>7.3f} {:>7.3f} {:>7.3f} {:>7.3f} {:>7.3f}\n", what, p.size(),
             distance, std::clamp(tail, 0.0, 1.0), share(level), share(0.1), share(0.5));
}

}  // namespace

int main(int argc, char** argv) {
  const Index sets = argc > 1 ? std::atol(argv[1]) : 400;
  fmt::print("{} rows, {} samples; p-values\n{:<44} {:>6} {:>7} {:>7} {:>7} {:>7} {:>7}\n", rows,
             samples, "", "sets", "KS", "P(KS)", "<=0.05", "<=0.1", "<=0.5");
  print("1 against 2, one normal", p_values(sets, 1, 0, 0));
  print("the same, ended after 10 exceedances", p_values(sets, 1, 0, 10));
  print("the same, samples fitted from one start", p_values_from_one_start(sets, 0));
  print("2 against 3, two normals 4 apart", p_values(sets, 2, 4, 0));
  for (const double distance : {2.0, 2.5, 3.0, 4.0}) {
    print(fmt::format("1 against 2, two normals {} apart", distance),
          p_values(sets, 1, distance, 0));
  }
}
