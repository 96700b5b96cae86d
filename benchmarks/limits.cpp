// What can this machine do at most? One and two threads; `rate` counts flops, exponentials or bytes
// per second.

#include <fmt/format.h>

#include "machine.h"
#include "timing.h"

int main(int argc, char** argv) {
  for (const bench::Limit limit : bench::all_limits()) {
    for (const bench::Index threads : {1, 2}) {
      bench::add(fmt::format("{}/{}", bench::name(limit), threads),
                 [limit, threads](benchmark::State& state) {
                   const double rate = bench::rate(limit, threads);
                   for (auto _ : state) state.SetIterationTime(1 / rate);
                   state.counters["rate"] = rate;
                   state.SetLabel(bench::instruction_set());
                 });
    }
  }
  return bench::main(argc, argv);
}
