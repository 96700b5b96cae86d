// Which of three stacks does a reading come from, and how much does each emit?
#include "plume.h"

#include <fmt/core.h>
#include <mix/models/fit.h>

#include <algorithm>

namespace {

constexpr std::array<double, 3> emissions{40e3, 15e3, 90e3};  // mg/s, to be found

// Readings above the limit of detection at 25 receptors: the sum of all plumes, with an error.
struct Readings {
  mix::Matrix rows;
  std::vector<mix::Index> largest;  // which stack contributes most
};
Readings measured(const std::vector<mix::Autodiff<Plume>>& stacks) {
  constexpr double limit = 1e-2;
  Readings all{mix::Matrix(4000, 5), {}};
  mix::Rng rng(7);
  mix::Index count = 0;
  for (int hour = 0; hour < 160; ++hour) {
    const double wind = 2 * std::numbers::pi * mix::uniform(rng);
    const double speed = 2 + 6 * mix::uniform(rng);
    for (int receptor = 0; receptor < 25; ++receptor) {
      auto row = all.rows.row(count);
      row << 1000.0 * (receptor % 5 - 2), 1000.0 * (receptor / 5 - 2), wind, speed, 0;
      std::array<double, 3> part{};
      for (std::size_t k = 0; k < 3; ++k) {
        part[k] = emissions[k] * stacks[k].model().per_emission(row);
        row[4] += part[k];
      }
      row[4] *= std::exp(0.2 * mix::standard_normal(rng));
      if (row[4] < limit) continue;
      all.largest.push_back(std::max_element(part.begin(), part.end()) - part.begin());
      ++count;
    }
  }
  all.rows.conservativeResize(count, Eigen::NoChange);
  return all;
}

}  // namespace

int main() {
  using namespace mix;
  std::vector<Autodiff<Plume>> stacks;
  for (const Plume& place : {Plume{.east = -1300, .north = 400, .height = 40},
                             Plume{.east = 200, .north = -700, .height = 25},
                             Plume{.east = 900, .north = 1200, .height = 60}}) {
    stacks.emplace_back(std::array{10e3, 0.5}, place);
  }
  const Readings data = measured(stacks);

  // Components are told apart by their places, so the search sets out from the components given.
  const Fit best =
      fit(mixture(Untied(stacks)), data.rows, {.start = start::Parameters{}, .tol = 1e-8});

  const auto& found = *best.model.family().as<Untied<Autodiff<Plume>>>();
  for (Index k = 0; k < 3; ++k) {
    fmt::print("stack {}: {:5.1f} g/s (true: {:.0f}), error {:.2f}, {:2.0f} % of the readings\n",
               k + 1, found.component(k).parameter(0) / 1e3,
               emissions.at(static_cast<std::size_t>(k)) / 1e3, found.component(k).parameter(1),
               100 * best.model.weights()[k]);
  }
  const std::vector<Index> labels = best.model.predict(data.rows);
  Index right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) right += labels[i] == data.largest[i] ? 1 : 0;
  fmt::print("{} of {} readings are attributed to the stack that contributes most\n", right,
             labels.size());
}
