// How much faster are passes in mixed precision than in double? Both alternate, and the median of
// the ratios counts.

#include <string>
#include <utility>

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
  const bench::Workload& workload = bench::in_memory(name);
  bench::compare_in_turns(
      state, 15, "gain", [&] { return seconds_of_pass(workload, mix::Precision::full); },
      [&] { return seconds_of_pass(workload, mix::Precision::mixed); });
}

}  // namespace

int main(int argc, char** argv) {
  for (const char* name : {"b", "c", "d"}) {
    bench::add(std::string(name) + "/VVV", [name](auto& state) { gain(state, name); });
  }
  return bench::main(argc, argv);
}
