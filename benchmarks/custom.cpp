// What does a distribution that is known by its log density alone cost, compared with the library's
// own of the same kind? Whole fits of two components to 20000 rows, two threads.

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "mix/distributions/autodiff.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/gumbel.h"
#include "mix/models/fit.h"
#include "timing.h"

namespace {

template <bool ByColumns>
struct CustomGumbel {
  static constexpr bool by_columns = ByColumns;
  static constexpr std::array parameters{mix::real("location"), mix::positive("scale")};
  template <class T>
  std::pair<T, T> terms(const T* p) const {
    return {1.0 / p[1], log(p[1])};
  }
  template <class Cells, class T>
  T log_density(const Cells& x, const T* p, const std::pair<T, T>& of) const {
    const T z = (x[0] - p[0]) * of.first;
    return -of.second - z - exp(-z);
  }
};

template <bool ByColumns>
struct CustomGamma {
  static constexpr bool by_columns = ByColumns;
  static constexpr std::array parameters{mix::positive("shape"), mix::positive("scale")};
  template <class T>
  std::pair<T, T> terms(const T* p) const {
    return {1.0 / p[1], p[0] * log(p[1]) + lgamma(p[0])};
  }
  template <class Cells, class T>
  T log_density(const Cells& x, const T* p, const std::pair<T, T>& of) const {
    return (p[0] - 1.0) * log(x[0]) - x[0] * of.first - of.second;
  }
};

const mix::Matrix& rows() {
  static const mix::Matrix x = [] {
    mix::Matrix drawn(20000, 1);
    mix::Rng rng(3);
    for (mix::Index i = 0; i < drawn.rows(); ++i) {
      const double noise = -std::log(mix::standard_exponential(rng));
      drawn(i, 0) = i % 3 == 0 ? 30 + 2 * noise : 14 + 1.5 * noise;
    }
    return drawn;
  }();
  return x;
}

template <class D>
void fit_two(benchmark::State& state, const D& distribution) {
  const mix::MixtureModel model = mix::mixture(mix::Untied(distribution, 2));
  for (auto _ : state) {
    const mix::Fit best = mix::fit(model, rows(), {.seed = 1, .threads = 2});
    benchmark::DoNotOptimize(best.report.log_likelihood);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto add = [](const char* name, const auto& distribution) {
    benchmark::RegisterBenchmark(
        name, [distribution](benchmark::State& state) { fit_two(state, distribution); })
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime()
        ->Repetitions(9)
        ->ReportAggregatesOnly();
  };
  add("gumbel/library", mix::Gumbel());
  add("gumbel/density", mix::Autodiff<CustomGumbel<false>>());
  add("gumbel/density by columns", mix::Autodiff<CustomGumbel<true>>());
  add("gamma/library", mix::Gamma());
  add("gamma/density", mix::Autodiff<CustomGamma<false>>());
  add("gamma/density by columns", mix::Autodiff<CustomGamma<true>>());
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
