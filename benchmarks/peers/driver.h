// What the drivers of C++ peers share: files, clock and the conversation of README.md. Needs
// nothing of Mixture, because the peers are compiled with other flags.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace peer {

/// A matrix by columns, as Mixture writes it.
struct Values {
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::vector<double> data;

  /// The same by rows.
  [[nodiscard]] std::vector<double> by_rows() const {
    std::vector<double> out(data.size());
    for (std::size_t j = 0; j < cols; ++j) {
      for (std::size_t i = 0; i < rows; ++i) out[i * cols + j] = data[j * rows + i];
    }
    return out;
  }
};

/// Reads a .npy of version 1 with doubles in Fortran order.
inline Values read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char start[10];
  if (!file.read(start, sizeof start)) throw std::runtime_error("cannot read " + path);
  unsigned short length = 0;
  std::memcpy(&length, start + 8, sizeof length);
  std::string header(length, ' ');
  file.read(header.data(), length);
  const std::size_t shape = header.find('(');
  Values v;
  if (header.find("'<f8'") == std::string::npos || header.find("True") == std::string::npos ||
      std::sscanf(header.c_str() + shape, "(%zu, %zu)", &v.rows, &v.cols) != 2) {
    throw std::runtime_error(path + " is not a matrix of doubles in Fortran order");
  }
  v.data.resize(v.rows * v.cols);
  file.read(reinterpret_cast<char*>(v.data.data()),
            static_cast<std::streamsize>(v.data.size() * sizeof(double)));
  return v;
}

struct Task {
  std::string directory, workload, model;
  int passes;

  Task(int argc, char** argv) {
    if (argc != 5) throw std::runtime_error("usage: DRIVER DIRECTORY WORKLOAD MODEL PASSES");
    directory = argv[1];
    workload = argv[2];
    model = argv[3];
    passes = std::stoi(argv[4]);
  }
  [[nodiscard]] Values values(const std::string& part) const {
    return read(directory + "/" + workload + "." + part + ".npy");
  }
};

/// `run(n)` makes n iterations; `value` is what `passes` steps reach.
inline void serve(const std::string& name, int passes, const std::function<void(int)>& run,
                  double value) {
  const auto seconds = [&](int n) {
    const auto begin = std::chrono::steady_clock::now();
    run(n);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  std::cout << name << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const double once = seconds(1);
    std::printf("%.6g %.12g\n", (seconds(1 + passes) - once) / passes, value);
    std::fflush(stdout);
  }
}

}  // namespace peer
