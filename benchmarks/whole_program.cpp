// How long does the program take from a file of a million rows to a fitted model? Workload w:
// reading the .npy, finding a start, 20 iterations, process start included; of numbers of 4 bytes
// and of 8. And how long does it take to label these rows?

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

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

// Waits for a process and returns the largest memory that it had, in bytes.
double peak_of(pid_t process) {
  int status = 0;
  rusage usage{};
  if (wait4(process, &status, 0, &usage) != process || status != 0) {
    throw std::runtime_error("a program of the benchmark failed");
  }
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

// Runs the program, its output thrown away.
double peak_of_program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), MIXTURE_PROGRAM);
  std::vector<char*> words;
  for (std::string& word : arguments) words.push_back(word.data());
  words.push_back(nullptr);
  const pid_t process = fork();
  if (process == 0) {
    const int nowhere = open("/dev/null", O_WRONLY);
    if (dup2(nowhere, STDOUT_FILENO) >= 0) execv(words[0], words.data());
    _exit(1);
  }
  return peak_of(process);
}

// A program inherits the peak of the one that starts it: this one stays small, and another makes
// the data.
void write_data(const std::filesystem::path& directory, Numbers numbers) {
  std::filesystem::create_directories(directory);
  const pid_t process = fork();
  if (process != 0) {
    peak_of(process);
    return;
  }
  const bench::Workload workload = bench::make_workload("w");
  write_workload(workload, directory);
  if (numbers == Numbers::floats) write_floats(directory / "w.x.npy", workload.x);
  _exit(0);
}

void measure(benchmark::State& state, Numbers numbers, bool predicts) {
  const std::filesystem::path directory = std::filesystem::temp_directory_path() / "mixture-bench";
  write_data(directory, numbers);
  const std::string file = (directory / "w.x.npy").string();
  const std::string model = (directory / "model.json").string();
  std::vector<std::string> arguments{"fit", file,         "--components", "10",    "--structure",
                                     "VVV", "--max-iter", "20",           "--tol", "0"};
  if (predicts) {
    arguments.insert(arguments.end(), {"--effort", "fast", "--n-init", "1", "--out", model});
    peak_of_program(arguments);
    arguments = {"predict", model, file};
  }
  double peak = 0;
  const auto once = [&] { peak = peak_of_program(arguments); };
  for (auto _ : state) state.SetIterationTime(bench::median_seconds(once));
  const double cells = static_cast<double>(std::filesystem::file_size(file)) /
                       (numbers == Numbers::floats ? sizeof(float) : sizeof(double));
  state.counters["peak_over_doubles"] = peak / (sizeof(double) * cells);
  std::filesystem::remove_all(directory);
}

}  // namespace

int main(int argc, char** argv) {
  for (const auto& [name, numbers] :
       {std::pair("float32", Numbers::floats), {"float64", Numbers::doubles}}) {
    for (const auto& [what, predicts] : {std::pair("fit", false), {"predict", true}}) {
      bench::add(fmt::format("w/VVV/{}/{}", name, what),
                 [numbers = numbers, predicts = predicts](benchmark::State& state) {
                   measure(state, numbers, predicts);
                 });
    }
  }
  return bench::main(argc, argv);
}
