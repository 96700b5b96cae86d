// How long does one iteration of k-means (Lloyd) take, and how far is that from the machine's peak
// of fused multiply-adds? And how much do bounds of distances save in a whole run, of at most 100
// iterations, on rows that overlap (f1 to f3) and on separated ones? Two threads.

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "lloyd.h"
#include "mix/parallel.h"
#include "timing.h"

namespace {

using bench::Index;
using bench::Vector;

constexpr Index most_iterations = 100;
constexpr Index rounds = 3;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Runs with and without bounds take turns.
void report_whole_run(benchmark::State& state, const bench::Workload& workload) {
  const Vector w = Vector::Ones(workload.x.rows());
  std::vector<double> seconds, plain_seconds, ratios;
  double distances = 0;
  double all_distances = 0;
  mix::KMeans with, without;
  const auto run = [&](mix::KMeans& result, mix::Bounds bounds, double& number) {
    return bench::seconds_of([&] {
      mix::with_threads(2, [&] {
        result = mix::lloyd(workload.x, w, workload.start, most_iterations, bounds, &number);
      });
    });
  };
  for (auto _ : state) {
    for (Index round = 0; round < rounds; ++round) {
      plain_seconds.push_back(run(without, mix::Bounds::never, all_distances));
      seconds.push_back(run(with, mix::Bounds::adaptive, distances));
      ratios.push_back(plain_seconds.back() / seconds.back());
    }
    state.SetIterationTime(median(seconds));
  }
  if (with.labels != without.labels || with.centers != without.centers) {
    throw std::logic_error(fmt::format("{}: bounds changed the result", workload.name));
  }
  state.counters["plain_ms"] = 1e3 * median(plain_seconds);
  state.counters["ratio"] = median(ratios);
  state.counters["distances"] = distances / all_distances;
  state.counters["iterations"] = static_cast<double>(with.n_iter);
}

// From k of the rows, so that some clusters have several centers and others none at the start.
void add_separated(Index n, Index d, Index k, double separation) {
  bench::add(fmt::format("separated/{}/{}/{}", n, d, k), [=](benchmark::State& state) {
    bench::Workload workload = bench::gaussian_workload("separated", n, d, k, separation);
    workload.start = workload.x.topRows(k);
    report_whole_run(state, workload);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> workloads{"f1", "f2", "f3"};
  for (const std::string& workload : workloads) {
    bench::add(workload, [workload](benchmark::State& state) {
      bench::report_iteration(state, bench::in_memory(workload), "kmeans", 2);
    });
  }
  for (const std::string& workload : workloads) {
    bench::add("whole/" + workload, [workload](benchmark::State& state) {
      report_whole_run(state, bench::in_memory(workload));
    });
  }
  add_separated(200000, 16, 16, 12);
  add_separated(200000, 16, 64, 12);
  add_separated(100000, 32, 100, 15);
  add_separated(100000, 64, 256, 20);
  return bench::main(argc, argv);
}
