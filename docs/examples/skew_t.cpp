// A lopsided bell with a heavy tail, as of delays: what a normal distribution takes for outliers.
#include <fmt/core.h>
#include <mix/distributions/gaussians.h>
#include <mix/distributions/skew_t.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = mixture({1.0}, SkewT(10, 2, 3, 4)).sample(1000, 1).x;
  const Fit skew = fit(mixture(Untied(SkewT(), 1)), x, {.tol = 1e-8, .seed = 1});
  const Fit two = fit(mixture(Gaussians(2, 1)), x, {.tol = 1e-8, .seed = 1});
  const SkewT& one = skew.model.family().as<Untied<SkewT>>()->component(0);
  fmt::print("location {:.2f}, scale {:.2f}, shape {:.2f}, degrees of freedom {:.2f}\n",
             one.location(), one.scale(), one.shape(), one.dof());
  fmt::print("BIC {:.1f}, of two normal components {:.1f}\n", skew.report.bic(), two.report.bic());
}
