// How long does a whole search take, starts included: all 14 structures with 1 to 9 components, on
// the 150 irises and on workload i, by effort? Counted are whole searches, not iterations.

#include <string>
#include <tuple>

#include "mix/csv.h"
#include "search.h"
#include "timing.h"

int main(int argc, char** argv) {
  for (const auto& [name, data, effort] :
       {std::tuple("iris_fast", "iris", mix::Effort::fast),
        std::tuple("iris_default", "iris", mix::Effort::standard),
        std::tuple("i_fast", "i", mix::Effort::fast)}) {
    bench::add(name, [data = std::string(data), effort = effort](benchmark::State& state) {
      const bench::Matrix x = data == "i" ? bench::make_workload("i").x : bench::iris();
      double seconds = 0;
      for (auto _ : state) {
        seconds = bench::median_seconds([&] { bench::search_structures(x, effort); });
        state.SetIterationTime(seconds);
      }
      state.counters["cells"] = 14 * 9;
    });
  }
  return bench::main(argc, argv);
}
