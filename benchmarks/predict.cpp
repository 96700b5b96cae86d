// Is prediction as fast as one E-step? Labels, responsibilities and log densities of all rows,
// against the log-likelihood alone (an E-step that keeps nothing) and a whole pass of EM, in rounds
// that take turns. Two threads; names are WORKLOAD/MODEL/WHAT.

#include <algorithm>
#include <string>
#include <vector>

#include "mix/parallel.h"
#include "timing.h"

namespace {

constexpr mix::Index threads = 2;
constexpr int rounds = 7;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void measure(benchmark::State& state, const std::string& name, const std::string& model,
             const std::string& what) {
  const bench::Workload& workload = bench::in_memory(name);
  const mix::MixtureState mixture = start_state(workload, model);
  const bench::Vector ones = bench::Vector::Ones(workload.x.rows());
  const mix::AnyRows rows = workload.rows(model);
  const Eigen::MatrixXf floats =
      what.ends_with("_of_floats") ? Eigen::MatrixXf(workload.x.cast<float>()) : Eigen::MatrixXf();
  const mix::AnyRows seen = floats.size() > 0 ? mix::AnyRows(floats) : rows;
  // Memory that was written to before costs no page faults.
  bench::Matrix held;
  if (what == "responsibilities_again") held.setZero(workload.x.rows(), workload.components);
  const auto predict = [&] {
    if (what.starts_with("labels")) benchmark::DoNotOptimize(most_probable(mixture, seen));
    if (what == "responsibilities") benchmark::DoNotOptimize(responsibilities(mixture, seen));
    if (what == "responsibilities_again") responsibilities(mixture, seen, held);
    if (what == "log_density") benchmark::DoNotOptimize(log_density(mixture, seen));
    if (what == "posterior") benchmark::DoNotOptimize(posterior(mixture, seen));
  };
  const auto e_step = [&] { benchmark::DoNotOptimize(log_likelihood(mixture, rows, ones)); };
  std::vector<double> seconds;
  std::vector<double> to_e_step;
  std::vector<double> to_pass;
  for (auto _ : state) {
    for (int round = 0; round <= rounds; ++round) {
      double own = 0;
      double step = 0;
      mix::with_threads(threads, [&] {
        step = bench::seconds_of(e_step);
        own = bench::seconds_of(predict);
      });
      const double pass = bench::seconds_per_iteration(workload, model, 2, threads);
      if (round == 0) continue;  // warms up
      seconds.push_back(own);
      to_e_step.push_back(own / step);
      to_pass.push_back(own / pass);
    }
    state.SetIterationTime(median(seconds));
  }
  state.counters["to_e_step"] = median(to_e_step);
  state.counters["to_pass"] = median(to_pass);
}

}  // namespace

int main(int argc, char** argv) {
  for (const std::string workload : {"a", "b", "c", "e", "g2"}) {
    const std::string model = bench::models(workload).front();
    for (const std::string what : {"labels", "labels_of_floats", "responsibilities",
                                   "responsibilities_again", "log_density", "posterior"}) {
      bench::add(workload + "/" + model + "/" + what,
                 [workload, model, what](benchmark::State& state) {
                   measure(state, workload, model, what);
                 });
    }
  }
  return bench::main(argc, argv);
}
