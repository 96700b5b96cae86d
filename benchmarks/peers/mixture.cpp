// Mixture's side of the comparison with peers, and the writer of the files that all of them read;
// see README.md here.

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <utility>

#include "mix/npy.h"
#include "mix/version.h"
#include "search.h"
#include "timing.h"

namespace {

using Path = std::filesystem::path;

void write(const Path& directory, const std::string& name) {
  std::filesystem::create_directories(directory);
  if (name == "h") {
    mix::write_npy(directory / "h.x.npy", bench::iris());
    return;
  }
  const bench::Workload workload = bench::make_workload(name);
  write_workload(workload, directory);
  std::ofstream file(directory / (name + ".work"));
  for (const std::string& model : bench::models(name)) {
    const auto [flops, exps, bytes] = work_per_iteration(workload, model);
    fmt::print(file, "{} {} {} {}\n", model, flops, exps, bytes);
  }
}

double seconds_of(const std::function<void()>& body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void answer(double seconds, double value) {
  std::cout << fmt::format("{:.6g} {:.12g}", seconds, value) << std::endl;
}

// Calls `measure` for each line of the input.
void serve(const std::function<std::pair<double, double>()>& measure) {
  std::cout << "Mixture " << mix::version() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const auto [seconds, value] = measure();
    answer(seconds, value);
  }
}

void iterate(const Path& directory, const std::string& name, const std::string& model,
             bench::Index passes) {
  const bench::Workload workload = bench::read_workload(name, directory);
  const double value = objective_per_row(workload, model, passes);
  serve([&] { return std::pair(seconds_per_iteration(workload, model, passes, 2), value); });
}

void search(const Path& directory, const std::string& name) {
  const bench::Matrix x = mix::read_npy(directory / (name + ".x.npy")).values();
  serve([&] {
    mix::Comparison found;
    const double seconds =
        seconds_of([&] { found = bench::search_structures(x, mix::Effort::fast); });
    std::ofstream file(directory / (name + ".Mixture.cells"));
    double best = -mix::infinity;
    for (const mix::Ranked& each : found) {
      fmt::print(file, "{} {} {:.12g}\n", each.name, each.n_components, each.log_likelihood);
      if (each.status == "ok") best = std::max(best, -each.criteria.bic);
    }
    return std::pair(seconds, best);
  });
}

// From the file to the fitted model, in a process of its own.
void program(const Path& directory, const std::string& name, bench::Index passes) {
  const bench::Index components = mix::read_npy(directory / (name + ".start.npy")).values().rows();
  const Path model = directory / (name + ".model.json");
  const std::string command = fmt::format(
      "{} fit '{}' --components {} --structure VVV --max-iter {} --tol 0 --out '{}' >/dev/null",
      MIXTURE_PROGRAM, (directory / (name + ".x.npy")).string(), components, passes,
      model.string());
  serve([&] {
    const double seconds = seconds_of([&] {
      if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
    });
    return std::pair(seconds, mix::quiet_nan);
  });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() == 3 && arguments[0] == "write") {
      write(arguments[1], arguments[2]);
      return 0;
    }
    if (arguments.size() != 4) {
      std::cerr << "usage: peer_mixture write DIRECTORY WORKLOAD\n"
                   "       peer_mixture DIRECTORY WORKLOAD MODEL PASSES\n";
      return 2;
    }
    const bench::Index passes = std::stol(arguments[3]);
    if (arguments[2] == "search") {
      search(arguments[0], arguments[1]);
    } else if (arguments[2] == "program") {
      program(arguments[0], arguments[1], passes);
    } else {
      iterate(arguments[0], arguments[1], arguments[2], passes);
    }
  } catch (const std::exception& error) {
    std::cerr << "peer_mixture: " << error.what() << '\n';
    return 1;
  }
}
