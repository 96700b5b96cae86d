// A chevron in a minefield: Gaussians for what has a shape, a uniform box for what has none.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/distributions/uniform_box.h>
#include <mix/models/fit.h>

#include <string>

using namespace mix;

int main() {
  const Table table = read_csv("data/chevron.csv");
  const Matrix x = table.select({"x", "y"}).values();
  const UniformBox noise = UniformBox::around(x);
  for (Index k = 1; k <= 4; ++k) {
    const Fit without = fit(mixture(Gaussians(k, 2)), x);
    const Fit with = fit(mixture(Gaussians(k, 2), noise), x);
    fmt::print("K = {}: BIC {:.1f}, with noise {:.1f}\n", k, without.report.bic(),
               with.report.bic());
  }

  const MixtureModel model = fit(mixture(Gaussians(2, 2), noise), x, {.tol = 1e-8}).model;
  const std::vector<Index> labels = model.predict(x);
  for (Index k = 0; k < model.n_components(); ++k) {
    int structure = 0;
    int clutter = 0;
    for (Index i = 0; i < x.rows(); ++i) {
      if (labels[static_cast<std::size_t>(i)] != k) continue;
      ++(table.text(i, table.index_of("class")) == "data" ? structure : clutter);
    }
    fmt::print("{:.3f} of {}: {} rows of the chevron, {} of noise\n", model.weights()[k],
               k < 2 ? "a Gaussian" : "the box", structure, clutter);
  }
}
