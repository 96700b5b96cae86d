// How long does the program take from a file of a million rows to a fitted model? Workload w:
// reading the .npy, finding a start, 20 iterations, process start included.

#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "timing.h"

namespace {

void fit(benchmark::State& state) {
  const std::filesystem::path directory = std::filesystem::temp_directory_path() / "mixture-bench";
  std::filesystem::create_directories(directory);
  const bench::Workload& workload = bench::in_memory("w");
  write_workload(workload, directory);
  const std::string command =
      fmt::format("{} fit '{}' --components {} --structure VVV --max-iter 20 --tol 0 >/dev/null",
                  MIXTURE_PROGRAM, (directory / "w.x.npy").string(), workload.components);
  const auto once = [&] {
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  };
  for (auto _ : state) state.SetIterationTime(bench::median_seconds(once));
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  state.counters["peak_over_data"] =
      1024.0 * static_cast<double>(usage.ru_maxrss) / static_cast<double>(8 * workload.x.size());
  std::filesystem::remove_all(directory);
}

}  // namespace

int main(int argc, char** argv) {
  bench::add("w/VVV", fit);
  return bench::main(argc, argv);
}
