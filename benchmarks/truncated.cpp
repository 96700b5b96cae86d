// What does an iteration cost with many components, when all of them are evaluated and share each
// row (soft), when all are evaluated and the best 5 share it (search_all), and when the best 5 are
// looked for among neighbors (neighbors)? Two threads; names are STRUCTURE/POLICY/K. `gap` says by
// how many nats per row the final log-likelihood exceeds the bound that was maximized, `per_row` is
// the final log-likelihood per row.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "mix/parallel.h"
#include "timing.h"

namespace {

using bench::Index;

constexpr Index n = 100000;
constexpr Index d = 16;
constexpr double separation = 10;

const bench::Workload& of_components(Index k) {
  static bench::Workload held;
  if (held.components != k) {
    held = {};
    held = bench::gaussian_workload(fmt::format("truncated {}", k), n, d, k, separation);
  }
  return held;
}

mix::AnyAssignment policy_of(const std::string& name) {
  if (name == "search_all") return mix::Truncated{.keep = 5};
  if (name == "neighbors") return mix::Truncated{.keep = 5, .neighbors = 5, .extra = 1};
  return mix::Soft{};
}

// Seconds of each iteration after the first pass, which searches all components in any case.
void measure(benchmark::State& state, const std::string& structure, const std::string& policy,
             Index k, Index passes) {
  const bench::Workload& workload = of_components(k);
  mix::EmReport report;
  std::vector<double> seconds;
  for (auto _ : state) {
    mix::MixtureState mixture = start_state(workload, structure);
    std::vector<std::chrono::steady_clock::time_point> at;
    mix::EmOptions options{.assignment = policy_of(policy), .tol = -1, .max_iter = passes + 2};
    options.progress = [&](const mix::Progress&) {
      at.push_back(std::chrono::steady_clock::now());
      return true;
    };
    mix::with_threads(
        2, [&] { report = run_em(mixture, workload.x, bench::Vector::Ones(n), options); });
    for (std::size_t i = 1; i < at.size(); ++i) {
      seconds.push_back(std::chrono::duration<double>(at[i] - at[i - 1]).count());
    }
    const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
    std::nth_element(seconds.begin(), middle, seconds.end());
    state.SetIterationTime(*middle);
  }
  state.counters["per_row"] = report.log_likelihood / static_cast<double>(n);
  state.counters["gap"] = report.truncation_gap.value_or(0) / static_cast<double>(n);
}

}  // namespace

int main(int argc, char** argv) {
  for (const Index k : {100, 300, 1000, 3000, 10000}) {
    for (const std::string structure : {"VII", "VVV"}) {
      // Ten rows say nothing about a covariance matrix of 16 columns.
      if (structure == "VVV" && k > 3000) continue;
      for (const std::string policy : {"soft", "search_all", "neighbors"}) {
        bench::add(fmt::format("{}/{}/{}", structure, policy, k), [=](benchmark::State& state) {
          measure(state, structure, policy, k, policy == "neighbors" ? 12 : 3);
        });
      }
    }
  }
  return bench::main(argc, argv);
}
