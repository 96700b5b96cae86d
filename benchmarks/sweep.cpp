// How long does a whole search take, starts included: all 14 structures with 1 to 9 components, on
// the 150 irises and on workload i? Counted are whole searches, not iterations.

#include "mix/csv.h"
#include "search.h"
#include "timing.h"

int main(int argc, char** argv) {
  for (const std::string data : {"iris", "i"}) {
    bench::add(data, [data](benchmark::State& state) {
      const bench::Matrix x = data == "i" ? bench::make_workload("i").x : bench::iris();
      double seconds = 0;
      for (auto _ : state) {
        seconds = bench::median_seconds([&] { bench::search_structures(x); });
        state.SetIterationTime(seconds);
      }
      state.counters["cells"] = 14 * 9;
    });
  }
  return bench::main(argc, argv);
}
