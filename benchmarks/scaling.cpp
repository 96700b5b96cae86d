// How does the cost of an iteration grow with rows, columns and components? One of the three varies
// at a time. Two threads; names are VARIED/MODEL/VALUE, what stays is in `shape`.

#include <fmt/format.h>

#include "timing.h"

namespace {

struct Shape {
  bench::Index n, d, k;
};

const bench::Workload& in_memory(const std::string& model, Shape shape) {
  static bench::Workload held;
  static Shape of{};
  const auto [n, d, k] = shape;
  if (of.n != n || of.d != d || of.k != k) {
    held = {};
    held = bench::gaussian_workload(fmt::format("scaling {} {} {}", n, d, k), n, d, k, 4);
    of = shape;
  }
  held.kind = model == "kmeans" ? bench::Kind::kmeans : bench::Kind::gaussian;
  return held;
}

void add(const std::string& varied, bench::Index value, Shape shape) {
  for (const std::string model : {"VVV", "VVI", "kmeans"}) {
    if (model == "kmeans" && shape.k == 1) continue;  // nothing to iterate
    bench::add(fmt::format("{}/{}/{}", varied, model, value), [=](benchmark::State& state) {
      bench::report_iteration(state, in_memory(model, shape), model, 2);
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (const bench::Index n :
       {1000, 3000, 10000, 30000, 100000, 300000, 1000000, 3000000, 10000000}) {
    add("N", n, {n, 4, 8});
  }
  for (const bench::Index d : {1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512})
    add("D", d, {20000, d, 8});
  for (const bench::Index k : {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}) add("K", k, {20000, 16, k});
  return bench::main(argc, argv);
}
