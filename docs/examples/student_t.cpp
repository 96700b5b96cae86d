// Heights and weights of 200 people, of which one row has the two swapped: an outlier.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/distributions/student_t.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x = read_csv("data/davis.csv").select({"height", "weight"}).values();

  const Fit normal = fit(mixture(Gaussians(1, 2)), x);
  const Fit robust = fit(mixture(StudentT(1, 2)), x, {.tol = 1e-8});
  const auto& g = *normal.model.family().as<Gaussians>();
  const auto& t = *robust.model.family().as<StudentT>();
  const auto correlation = [](const Matrix& s) { return s(0, 1) / std::sqrt(s(0, 0) * s(1, 1)); };
  fmt::print("gaussian:  height {:.1f}, weight {:.1f}, correlation {:.2f}, BIC {:.1f}\n",
             g.mean(0)[0], g.mean(0)[1], correlation(g.covariance(0)), normal.report.bic());
  fmt::print("student_t: height {:.1f}, weight {:.1f}, correlation {:.2f}, BIC {:.1f}\n",
             t.mean(0)[0], t.mean(0)[1], correlation(t.scale(0)), robust.report.bic());
  fmt::print("degrees of freedom {:.1f}\n", t.dof(0));
}
