// How much faster are passes in mixed precision than in double? Both alternate, and the median of
// the ratios counts.

#include <algorithm>
#include <utility>
#include <vector>

#include "mix/em.h"
#include "mix/parallel.h"
#include "timing.h"

namespace {

using bench::Index;

double seconds_of_run(const bench::Workload& workload, Index passes, mix::Precision precision) {
  mix::MixtureState state = start_state(workload, "VVV");
  const bench::Vector ones = bench::Vector::Ones(workload.x.rows());
  return bench::seconds_of([&] {
    mix::with_threads(2, [&] {
      (void)run_em(state, workload.rows("VVV"), ones,
                   {.tol = -1, .max_iter = passes, .precision = precision});
    });
  });
}

// Of a pass in floats: the last one of a run is in double, and so are those that gain little, from
// the tenth on or so.
double seconds_of_pass(const bench::Workload& workload, mix::Precision precision) {
  constexpr Index few = 3;
  constexpr Index more = 5;
  const double start = seconds_of_run(workload, few, precision);
  return (seconds_of_run(workload, few + more, precision) - start) / static_cast<double>(more);
}

void gain(benchmark::State& state, const std::string& name) {
  constexpr std::size_t rounds = 15;
  const bench::Workload& workload = bench::in_memory(name);
  std::vector<double> ratios;
  double mixed = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < rounds; ++i) {
      const double full = seconds_of_pass(workload, mix::Precision::full);
      mixed = seconds_of_pass(workload, mix::Precision::mixed);
      ratios.push_back(full / mixed);
    }
    state.SetIterationTime(mixed);
  }
  std::sort(ratios.begin(), ratios.end());
  state.counters["gain"] = ratios[ratios.size() / 2];
  state.counters["lowest"] = ratios.front();
  state.counters["highest"] = ratios.back();
}

}  // namespace

int main(int argc, char** argv) {
  for (const char* name : {"b", "c", "d"}) {
    bench::add(std::string(name) + "/VVV", [name](auto& state) { gain(state, name); });
  }
  return bench::main(argc, argv);
}
