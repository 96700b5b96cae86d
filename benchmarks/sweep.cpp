// How long does the table of all 14 covariance structures with 1 to 9 components take, by effort
// and number of threads? The sizes are those of Fisher's iris and of a set of 5000 rows.

#include <benchmark/benchmark.h>

#include "mix/distributions/gaussians.h"
#include "mix/models/compare.h"
#include "mix/random.h"

namespace {

using namespace mix;

// Three overlapping groups with unequal spreads.
Matrix groups(Index n, Index d) {
  Matrix x(n, d);
  for (Index i = 0; i < n; ++i) {
    Rng rng(1, Purpose::user, 0, static_cast<std::uint64_t>(i));
    const auto group = static_cast<double>(i % 3);
    const double common = standard_normal(rng);
    for (Index j = 0; j < d; ++j) {
      x(i, j) = (1 + 0.3 * group) * (standard_normal(rng) + 0.5 * common) +
                2.5 * group * static_cast<double>(j % 2 + 1);
    }
  }
  return x;
}

void sweep(benchmark::State& state, Effort effort) {
  const Matrix x = groups(state.range(0), state.range(1));
  CompareOptions options;
  for (const Structure structure : all_structures()) {
    options.families.push_back({to_string(structure), [structure, d = x.cols()](Index k) {
                                  return AnyFamily(Gaussians(k, d, {.structure = structure}));
                                }});
  }
  options.fit.effort = effort;
  options.fit.threads = state.range(2);
  for (auto _ : state) benchmark::DoNotOptimize(compare(x, options));
}

void sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"n", "d", "threads"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (const int threads : {1, 2}) b->Args({150, 4, threads});
}

BENCHMARK_CAPTURE(sweep, fast, Effort::fast)->Apply(sizes)->Args({5000, 2, 2});
BENCHMARK_CAPTURE(sweep, standard, Effort::standard)->Apply(sizes)->Iterations(1);

}  // namespace
