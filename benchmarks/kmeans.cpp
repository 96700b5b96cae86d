// How long does one iteration of k-means (Lloyd) take, and how far is that from the machine's peak
// of fused multiply-adds? Two threads.

#include "timing.h"

int main(int argc, char** argv) {
  for (const std::string workload : {"f1", "f2", "f3"}) {
    bench::add(workload, [workload](benchmark::State& state) {
      bench::report_iteration(state, bench::in_memory(workload), "kmeans", 2);
    });
  }
  return bench::main(argc, argv);
}
