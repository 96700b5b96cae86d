// How long does the program take from a file of a million rows to a fitted model? Workload w:
// reading the .npy, finding a start, 20 iterations, process start included; of numbers of 4 bytes
// and of 8. And how long does it take to label these rows?

#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "timing.h"

namespace {

enum class Numbers { floats, doubles };

// Writes the rows as NumPy saves an array of float32.
void write_floats(const std::filesystem::path& path, const bench::Matrix& x) {
  std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': True, 'shape': ({}, {}), }}",
                                   x.rows(), x.cols());
  header.resize(117, ' ');
  header += '\n';
  const Eigen::MatrixXf floats = x.cast<float>();
  std::ofstream file(path, std::ios::binary);
  file.write("\x93NUMPY\x01\x00\x76\x00", 10);
  file << header;
  file.write(reinterpret_cast<const char*>(floats.data()),
             static_cast<std::streamsize>(sizeof(float)) * floats.size());
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

// Times `arguments` after "mixture", where FILE stands for the rows and MODEL for a model of them.
void measure(benchmark::State& state, Numbers numbers, const std::string& arguments) {
  const std::filesystem::path directory = std::filesystem::temp_directory_path() / "mixture-bench";
  std::filesystem::create_directories(directory);
  const bench::Workload& workload = bench::in_memory("w");
  write_workload(workload, directory);
  const std::string file = (directory / "w.x.npy").string();
  if (numbers == Numbers::floats) write_floats(file, workload.x);
  const auto run = [&](std::string command) {
    for (const auto& [word, path] :
         {std::pair("FILE", file), {"MODEL", (directory / "model.json").string()}}) {
      const std::size_t at = command.find(word);
      if (at != std::string::npos) command.replace(at, std::string_view(word).size(), path);
    }
    command = fmt::format("{} {} >/dev/null", MIXTURE_PROGRAM, command);
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  };
  const std::string fit = fmt::format(
      "fit FILE --components {} --structure VVV --max-iter 20 --tol 0", workload.components);
  if (arguments != "fit") run(fit + " --effort fast --n-init 1 --out MODEL");
  const auto once = [&] { run(arguments == "fit" ? fit : arguments); };
  for (auto _ : state) state.SetIterationTime(bench::median_seconds(once));
  if (arguments == "fit") {
    // The largest of all programs so far: floats, which need less, come first.
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    state.counters["peak_over_data"] =
        1024.0 * static_cast<double>(usage.ru_maxrss) / static_cast<double>(8 * workload.x.size());
  }
  std::filesystem::remove_all(directory);
}

}  // namespace

int main(int argc, char** argv) {
  for (const auto& [name, numbers] :
       {std::pair("float32", Numbers::floats), {"float64", Numbers::doubles}}) {
    for (const auto& [what, arguments] :
         {std::pair("predict", "predict MODEL FILE"), {"fit", "fit"}}) {
      bench::add(fmt::format("w/VVV/{}/{}", name, what),
                 [numbers = numbers, arguments = std::string(arguments)](benchmark::State& state) {
                   measure(state, numbers, arguments);
                 });
    }
  }
  return bench::main(argc, argv);
}
