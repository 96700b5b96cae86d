// A chevron of points among uniform noise, of which the labels say what is what.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/distributions/uniform_box.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Table table = read_csv("data/chevron.csv");
  const Matrix x = table.select({"x", "y"}).values();
  const Fit best = fit(mixture(Gaussians(2, 2), UniformBox::around(x)), x, {.seed = 1});

  const std::vector<Index> labels = best.model.predict(x);
  Index right = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    const bool called_noise = labels[static_cast<std::size_t>(i)] == 2;
    right += called_noise == (table.text(i, 0) == "noise") ? 1 : 0;
  }
  fmt::print("weight of the noise {:.2f}\n", best.model.weights()[2]);
  fmt::print("data and noise told apart in {:.0f} % of the rows\n",
             100.0 * static_cast<double>(right) / static_cast<double>(x.rows()));
}
