#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "workloads.h"

namespace bench {

/// The time of one call.
double seconds_of(const std::function<void()>& body);

/// The median time of several calls: at least three, more while they take less than a second.
double median_seconds(const std::function<void()>& body);

/// Seconds of `passes` further iterations, divided by their number: the time of 1 + passes minus
/// the time of 1, so that set-up does not count.
double seconds_per_iteration(const Workload& workload, const std::string& model, Index passes,
                             Index threads);

/// Log-likelihood per row after `steps` M-steps; of k-means the inertia per row.
double objective_per_row(const Workload& workload, const std::string& model, Index steps);

/// A workload, made when it is first asked for and kept until another one is.
const Workload& in_memory(const std::string& name);

/// The median of several `seconds_per_iteration` as the time of a Google benchmark, with GF/s and
/// the share of the limits of this machine.
void report_iteration(benchmark::State& state, const Workload& workload, const std::string& model,
                      Index threads);

/// Runs both in turns, `rounds` times: the median of the ratios of their seconds as the counter
/// `name`, the lowest and the highest beside it, and the seconds of `second` as the benchmark's
/// time.
void compare_in_turns(benchmark::State& state, int rounds, const std::string& name,
                      const std::function<double()>& first, const std::function<double()>& second);

/// Registers a Google benchmark that runs once and sets its own time.
void add(const std::string& name, const std::function<void(benchmark::State&)>& body);

/// Runs what was added, with the arguments of Google Benchmark.
int main(int argc, char** argv);

}  // namespace bench
