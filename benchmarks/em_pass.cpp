// How long does one EM iteration take on each workload with each model, and how far is that from
// what the machine could do? Two threads; names are WORKLOAD/MODEL.

#include "timing.h"

int main(int argc, char** argv) {
  for (const std::string workload : {"a", "b", "c", "d", "e", "g1", "g2", "g3", "g4"}) {
    for (const std::string& model : bench::models(workload)) {
      bench::add(workload + "/" + model, [workload, model](benchmark::State& state) {
        bench::report_iteration(state, bench::in_memory(workload), model, 2);
      });
    }
  }
  return bench::main(argc, argv);
}
