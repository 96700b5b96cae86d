// Penguins: measurements and a category, described by one mixture.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/categorical.h>
#include <mix/distributions/gaussians.h>
#include <mix/distributions/product.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Table table =
      read_csv("data/penguins.csv").drop_missing({"bill_length_mm", "island"}).table;
  const Table x = table.select({"bill_length_mm", "bill_depth_mm", "body_mass_g", "island"});

  Product product({{{0, 1, 2}, Gaussians(3, 3)}, {{3}, Untied(Categorical(1), 3)}});
  const Fit best = fit(mixture(product), x.values(), {.seed = 1});

  const std::vector<Index> labels = best.model.predict(x.values());
  const Index species = table.index_of("species");
  const auto& levels = table.column(species).levels;
  Matrix counts = Matrix::Zero(3, static_cast<Index>(levels.size()));
  for (Index i = 0; i < x.rows(); ++i) {
    const auto level = static_cast<Index>(table.values()(i, species));
    counts(labels[static_cast<std::size_t>(i)], level) += 1;
  }
  for (Index k = 0; k < 3; ++k) {
    fmt::print("{:.2f}:", best.model.weights()[k]);
    for (Index l = 0; l < counts.cols(); ++l) {
      fmt::print("  {:>3} {}", counts(k, l), levels[static_cast<std::size_t>(l)]);
    }
    fmt::print("\n");
  }
  fmt::print("{} parameters\n", best.report.parameter_count);
}
