// How much faster are two threads than one? Both alternate, and the median of the ratios counts.

#include <string>
#include <utility>

#include "timing.h"

namespace {

void speedup(benchmark::State& state, const std::string& name, const std::string& model) {
  const bench::Workload& workload = bench::in_memory(name);
  const auto seconds = [&](bench::Index threads) {
    return bench::seconds_per_iteration(workload, model, 5, threads);
  };
  bench::compare_in_turns(
      state, 7, "speedup", [&] { return seconds(1); }, [&] { return seconds(2); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::pair<std::string, std::string> cases[] = {
      {"a", "VVV"},      {"b", "VVV"},          {"b", "VVI"},         {"b", "EEE"},
      {"b", "EVE"},      {"c", "VVV"},          {"d", "VVV"},         {"e", "VVV"},
      {"f1", "kmeans"},  {"f2", "kmeans"},      {"f3", "kmeans"},     {"g1", "poisson"},
      {"g2", "poisson"}, {"g3", "categorical"}, {"g4", "multinomial"}};
  for (const auto& [workload, model] : cases) {
    bench::add(workload + "/" + model, [workload = workload, model = model](auto& state) {
      speedup(state, workload, model);
    });
  }
  return bench::main(argc, argv);
}
