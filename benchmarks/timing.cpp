#include "timing.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "machine.h"
#include "mix/models/kmeans.h"
#include "mix/parallel.h"

namespace bench {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Outcome {
  double value = 0;      // what was maximized, or the inertia
  Index iterations = 0;  // k-means may need fewer than it is allowed
};

// Runs `passes` iterations.
Outcome run(const Workload& workload, const std::string& model, Index passes, Index threads) {
  if (workload.kind == Kind::kmeans) {
    const mix::KMeans result =
        mix::kmeans(workload.x, workload.components,
                    {.centers = workload.start, .max_iter = passes, .threads = threads});
    return {result.inertia, result.n_iter};
  }
  mix::MixtureState state = start_state(workload, model);
  const Vector ones = Vector::Ones(workload.x.rows());
  double value = 0;
  mix::with_threads(threads, [&] {
    value =
        run_em(state, workload.rows(model), ones, {.tol = -1, .max_iter = passes}).log_likelihood;
  });
  return {value, passes};
}

// The median of at least three values, of more while they are found in less than a second.
double median_of_several(const std::function<double()>& measure) {
  constexpr std::size_t fewest = 3;
  constexpr std::size_t most = 15;
  const double begin = now();
  std::vector<double> seconds;
  while (seconds.size() < fewest || (seconds.size() < most && now() - begin < 1)) {
    seconds.push_back(measure());
  }
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

}  // namespace

double seconds_of(const std::function<void()>& body) {
  const double begin = now();
  body();
  return now() - begin;
}

double median_seconds(const std::function<void()>& body) {
  return median_of_several([&] { return seconds_of(body); });
}

double seconds_per_iteration(const Workload& workload, const std::string& model, Index passes,
                             Index threads) {
  const double start = now();
  const Index few = run(workload, model, 1, threads).iterations;
  const double middle = now();
  const Index more = run(workload, model, 1 + passes, threads).iterations;
  const double end = now();
  // k-means that ends at once has no iteration but the first.
  if (more == few) return (end - middle) / static_cast<double>(more);
  return ((end - middle) - (middle - start)) / static_cast<double>(more - few);
}

double objective_per_row(const Workload& workload, const std::string& model, Index steps) {
  // The last pass of a mixture only evaluates; k-means does that by itself.
  const Index passes = workload.kind == Kind::kmeans ? steps : steps + 1;
  return run(workload, model, passes, 0).value / static_cast<double>(workload.x.rows());
}

const Workload& in_memory(const std::string& name) {
  static std::unique_ptr<Workload> held;
  if (!held || held->name != name) {
    held.reset();  // first, because two may not fit
    held = std::make_unique<Workload>(make_workload(name));
  }
  return *held;
}

void report_iteration(benchmark::State& state, const Workload& workload, const std::string& model,
                      Index threads) {
  // So many passes that the clock does not matter.
  const double once = std::max(seconds_per_iteration(workload, model, 1, threads), 1e-6);
  const Index passes = std::clamp<Index>(static_cast<Index>(0.1 / once), 2, 1000);
  double seconds = 0;
  for (auto _ : state) {
    seconds =
        median_of_several([&] { return seconds_per_iteration(workload, model, passes, threads); });
    seconds = std::max(seconds, 1e-9);
    state.SetIterationTime(seconds);
  }
  const Work work = work_per_iteration(workload, model);
  const double least = seconds_at_limits(work, threads);
  state.counters["GF/s"] = work.flops / seconds / 1e9;
  state.counters["least_ms"] = 1e3 * least;
  state.counters["share"] = least / seconds;
}

void compare_in_turns(benchmark::State& state, int rounds, const std::string& name,
                      const std::function<double()>& first, const std::function<double()>& second) {
  std::vector<double> ratios;
  double seconds = 0;
  for (auto _ : state) {
    for (int round = 0; round < rounds; ++round) {
      const double slower = first();
      seconds = second();
      ratios.push_back(slower / seconds);
    }
    state.SetIterationTime(seconds);
  }
  std::sort(ratios.begin(), ratios.end());
  state.counters[name] = ratios[ratios.size() / 2];
  state.counters["lowest"] = ratios.front();
  state.counters["highest"] = ratios.back();
}

void add(const std::string& name, const std::function<void(benchmark::State&)>& body) {
  benchmark::RegisterBenchmark(name.c_str(), body)->UseManualTime()->Unit(benchmark::kMillisecond);
}

int main(int argc, char** argv) {
  // Each benchmark is a median already: once is enough.
  std::string once = "--benchmark_min_time=0";
  std::string in_columns = "--benchmark_counters_tabular=true";
  std::vector<char*> arguments{argv[0], once.data(), in_columns.data()};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace bench
