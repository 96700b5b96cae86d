// How much faster are two threads than one? Both alternate, and the median of the ratios counts.

#include <algorithm>
#include <vector>

#include "timing.h"

namespace {

void speedup(benchmark::State& state, const std::string& name, const std::string& model) {
  constexpr std::size_t rounds = 7;
  const bench::Workload& workload = bench::in_memory(name);
  std::vector<double> ratios;
  double two = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < rounds; ++i) {
      const double one = bench::seconds_per_iteration(workload, model, 5, 1);
      two = bench::seconds_per_iteration(workload, model, 5, 2);
      ratios.push_back(one / two);
    }
    state.SetIterationTime(two);
  }
  std::sort(ratios.begin(), ratios.end());
  state.counters["speedup"] = ratios[ratios.size() / 2];
  state.counters["lowest"] = ratios.front();
  state.counters["highest"] = ratios.back();
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
