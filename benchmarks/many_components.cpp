// How long do a whole fit with many components and k-means with many centers take from their own
// starts, and how much memory beside the data? Two threads; names are STRUCTURE/K and kmeans/K.
// Fits are truncated:5,5,1, of at most `most_passes`. `start_s`: seconds until the first pass has
// ended. `extra_MB`: by how much the peak of memory exceeds what was held before; `of_shares`: this
// over the size of a rows x components matrix. Each should be asked for in a process of its own
// (--benchmark_filter), for a peak never falls.

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <string>

#include "mix/mix.h"
#include "timing.h"

namespace {

using bench::Index;

constexpr Index n = 100000;
constexpr Index d = 16;
constexpr double separation = 10;
constexpr Index most_passes = 100;
constexpr double megabyte = 1e6;

double peak_of_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

bench::Workload of_components(Index k) {
  return bench::gaussian_workload(fmt::format("truncated {}", k), n, d, k, separation);
}

void report_memory(benchmark::State& state, double before, Index k) {
  const double extra = peak_of_memory() - before;
  state.counters["extra_MB"] = extra / megabyte;
  state.counters["of_shares"] = extra / (8.0 * n * static_cast<double>(k));
}

void add_fit(const std::string& structure, Index k) {
  bench::add(fmt::format("{}/{}", structure, k), [=](benchmark::State& state) {
    const bench::Workload workload = of_components(k);
    mix::FitOptions options{.assignment = mix::Truncated{.keep = 5, .neighbors = 5, .extra = 1},
                            .max_iter = most_passes,
                            .seed = 1,
                            .threads = 2};
    using Clock = std::chrono::steady_clock;
    double start = 0;
    mix::Fit found;
    const double before = peak_of_memory();
    for (auto _ : state) {
      const auto begin = Clock::now();
      options.progress = [&](const mix::Progress&) {
        if (start == 0) start = std::chrono::duration<double>(Clock::now() - begin).count();
        return true;
      };
      state.SetIterationTime(bench::seconds_of([&] {
        found = mix::fit(
            mix::mixture(mix::Gaussians(k, d, {.structure = mix::parse_structure(structure)})),
            workload.x, options);
      }));
    }
    report_memory(state, before, k);
    state.counters["start_s"] = start;
    state.counters["passes"] = static_cast<double>(found.report.n_iter);
    state.counters["per_row"] = found.report.log_likelihood / n;
    state.counters["gap"] = found.report.truncation_gap.value_or(0) / n;
  });
}

void add_kmeans(Index k) {
  bench::add(fmt::format("kmeans/{}", k), [=](benchmark::State& state) {
    const bench::Workload workload = of_components(k);
    mix::KMeans found;
    const double before = peak_of_memory();
    for (auto _ : state) {
      state.SetIterationTime(bench::seconds_of(
          [&] { found = mix::kmeans(workload.x, k, {.n_init = 1, .seed = 1, .threads = 2}); }));
    }
    report_memory(state, before, k);
    state.counters["iterations"] = static_cast<double>(found.n_iter);
    state.counters["inertia"] = found.inertia / n;
  });
}

}  // namespace

int main(int argc, char** argv) {
  for (const Index k : {1000, 3000, 10000}) {
    for (const char* structure : {"EII", "VII"}) add_fit(structure, k);
    add_kmeans(k);
  }
  return bench::main(argc, argv);
}
