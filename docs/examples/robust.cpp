// One row of 200 has height and weight swapped; and three components of Old Faithful's eruptions
// whose covariances differ by a limited factor.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>

#include <cmath>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/davis.csv").select({"height", "weight"}).values();

  const Fit trimmed = fit(mixture(Gaussians(1, 2)), x, {.assignment = Trimmed{0.01}});
  const Vector kept = kept_weights(trimmed.model.state(), x, Vector::Ones(x.rows()), 0.01);
  const Matrix s = trimmed.model.family().moments(0).covariance;
  fmt::print("trimmed:   height {:.1f}, weight {:.1f}, correlation {:.2f}\n",
             trimmed.model.family().moments(0).mean[0], trimmed.model.family().moments(0).mean[1],
             s(0, 1) / std::sqrt(s(0, 0) * s(1, 1)));
  for (Index i = 0; i < x.rows(); ++i) {
    if (kept[i] < 0.5) fmt::print("left out: row {}, {} cm, {} kg\n", i + 1, x(i, 0), x(i, 1));
  }

  const Matrix eruptions = read_csv("data/faithful.csv").values();
  for (const double ratio : {0.0, 100.0, 10.0, 1.0}) {
    const Gaussians family(3, 2, {.eigenvalue_ratio = ratio});
    const Fit best = fit(mixture(family), eruptions, {.seed = 1});
    fmt::print("eigenvalue ratio {:>3}: log-likelihood {:.2f}\n",
               ratio == 0 ? "any" : fmt::format("{}", ratio), best.report.log_likelihood);
  }
}
