// How long does one EM iteration take, by family, and how does it grow with the number of threads?
// Rates are rows per second of one pass (E- and M-step); compare them on one machine only.

#include <benchmark/benchmark.h>

#include "mix/distributions/gaussians.h"
#include "mix/distributions/poisson.h"
#include "mix/em.h"
#include "mix/models/kmeans.h"
#include "mix/parallel.h"
#include "mix/random.h"

namespace {

using namespace mix;

Matrix clusters(Index n, Index d, Index k) {
  Matrix x(n, d);
  for (Index i = 0; i < n; ++i) {
    Rng rng(1, Purpose::user, 0, static_cast<std::uint64_t>(i));
    for (Index j = 0; j < d; ++j) {
      x(i, j) = standard_normal(rng) + 3.0 * static_cast<double>((i % k + j) % k);
    }
  }
  return x;
}

void run(benchmark::State& state, const AnyFamily& family, const Matrix& x, Index threads) {
  constexpr Index passes = 5;
  MixtureState first{Vector::Constant(family.size(), 1.0 / static_cast<double>(family.size())),
                     family};
  first.family.prepare(x, Vector::Ones(x.rows()));
  Matrix shares(x.rows(), family.size());
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index k = 0; k < family.size(); ++k) shares(i, k) = i % family.size() == k ? 1.0 : 0.0;
  }
  first.family.start(x, shares);
  const Vector w = Vector::Ones(x.rows());
  for (auto _ : state) {
    with_threads(threads, [&] {
      MixtureState each = first;
      benchmark::DoNotOptimize(run_em(each, x, w, {.tol = -1, .max_iter = passes}).objective);
    });
  }
  state.SetItemsProcessed(state.iterations() * passes * x.rows());
}

void gaussian(benchmark::State& state, Structure structure) {
  const Index d = state.range(0);
  const Index k = state.range(1);
  run(state, Gaussians(k, d, {.structure = structure}), clusters(20000, d, k), state.range(2));
}

void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"d", "k", "threads"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (const int threads : {1, 2}) b->Args({2, 4, threads})->Args({16, 16, threads});
}

BENCHMARK_CAPTURE(gaussian, VVV, Structure::VVV)->Apply(shapes);
BENCHMARK_CAPTURE(gaussian, EEE, Structure::EEE)->Apply(shapes);
BENCHMARK_CAPTURE(gaussian, VVI, Structure::VVI)->Apply(shapes);
BENCHMARK_CAPTURE(gaussian, VVE, Structure::VVE)->Apply(shapes);

void poisson_rows(benchmark::State& state) {
  const Matrix x = clusters(20000, state.range(0), state.range(1)).cwiseAbs().array().round();
  run(state, Untied(Poisson(state.range(0)), state.range(1)), x, state.range(2));
}
BENCHMARK(poisson_rows)->Apply(shapes);

void lloyd(benchmark::State& state) {
  const Matrix x = clusters(20000, state.range(0), state.range(1));
  const Matrix centers = x.topRows(state.range(1));
  Index passes = 0;
  for (auto _ : state) {
    passes +=
        kmeans(x, state.range(1), {.centers = centers, .max_iter = 5, .threads = state.range(2)})
            .n_iter;
  }
  state.SetItemsProcessed(passes * x.rows());
}
BENCHMARK(lloyd)->Apply(shapes);

}  // namespace
