// Five labelled penguins of each species, and 327 without a label.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>

#include <array>

int main() {
  using namespace mix;
  const std::vector<std::string> columns{"bill_length_mm", "bill_depth_mm", "flipper_length_mm",
                                         "body_mass_g"};
  const Table table = read_csv("data/penguins.csv").drop_missing(columns).table;
  const Matrix x = table.select(columns).values();
  std::vector<Index> species;
  for (const double code : table.values().col(table.index_of("species"))) {
    species.push_back(static_cast<Index>(code));
  }

  std::vector<Index> labels(species.size(), -1);  // -1: unknown
  std::array<int, 3> known{};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    int& so_far = known.at(static_cast<std::size_t>(species[i]));
    if (so_far == 5) continue;
    labels[i] = species[i];
    ++so_far;
  }

  FitOptions options;
  options.assignment = Known{labels};
  options.seed = 1;
  const Fit best = fit(mixture(Gaussians(3, 4, {.structure = Structure::EEE})), x, options);

  const std::vector<Index> found = best.model.predict(x);
  Index right = 0;
  for (std::size_t i = 0; i < found.size(); ++i) right += found[i] == species[i] ? 1 : 0;
  fmt::print("{:.0f} % of the rows get their species\n",
             100.0 * static_cast<double>(right) / static_cast<double>(x.rows()));
}
