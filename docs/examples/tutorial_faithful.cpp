// Old Faithful: two Gaussians, then all covariance structures and numbers of components.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/compare.h>

#include <cmath>

using namespace mix;

int main() {
  const Matrix x = read_csv("data/faithful.csv").values();
  const Fit two = fit(mixture(Gaussians(2, 2)), x);

  const auto& gaussians = *two.model.family().as<Gaussians>();
  for (Index k = 0; k < 2; ++k) {
    const Matrix s = gaussians.covariance(k);
    fmt::print("{:.2f}: eruption {:.2f} +- {:.2f}, waiting {:.1f} +- {:.1f}, correlation {:.2f}\n",
               two.model.weights()[k], gaussians.mean(k)[0], std::sqrt(s(0, 0)),
               gaussians.mean(k)[1], std::sqrt(s(1, 1)), s(0, 1) / std::sqrt(s(0, 0) * s(1, 1)));
  }
  const Vector sure = two.model.responsibilities(x).rowwise().maxCoeff();
  fmt::print("{} of {} rows are less than 99 % sure\n", (sure.array() < 0.99).count(), x.rows());

  CompareOptions options{.components = {1, 5}};
  for (const Structure structure : all_structures()) {
    options.families.push_back(
        {to_string(structure), [=](Index k) { return Gaussians(k, 2, {.structure = structure}); }});
  }
  const Comparison ranked = compare(x, options);
  for (std::size_t i = 0; i < 6; ++i) {
    const Ranked& row = ranked.table[i];
    fmt::print("{} {}: log-likelihood {:.1f}, {} parameters, BIC {:.1f}\n", row.n_components,
               row.name, row.log_likelihood, row.parameter_count, row.criteria.bic);
  }
}
