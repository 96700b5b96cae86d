// Heights of women and men: a mixture that is not told who is who, and one that is.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gaussians.h>
#include <mix/models/fit.h>

#include <cmath>
#include <string>
#include <vector>

using namespace mix;

/// `group` holds 0 or 1 for every row.
void print(const std::string& title, const Fit& f, const Matrix& x,
           const std::vector<Index>& group) {
  fmt::print("{}, log-likelihood {:.1f}, BIC {:.1f}\n", title, f.report.log_likelihood,
             f.report.bic());
  const std::vector<Index> labels = f.model.predict(x);
  const auto& normals = *f.model.family().as<Gaussians>();
  for (Index k = 0; k < normals.size(); ++k) {
    std::vector<Index> rows(2);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == k) ++rows.at(static_cast<std::size_t>(group[i]));
    }
    fmt::print("  {:.3f} of N({:.1f}, {:.1f}): {} women, {} men\n", f.model.weights()[k],
               normals.mean(k)[0], std::sqrt(normals.covariance(k)(0, 0)), rows[0], rows[1]);
  }
}

/// The codes of a column: 0, 1, ...
std::vector<Index> codes(const Table& table, const std::string& column) {
  const Vector values = table.values().col(table.index_of(column));
  return {values.begin(), values.end()};
}

int main() {
  const Table body = read_csv("data/body.csv");
  const Matrix cm = body.select({"Height"}).values();
  const std::vector<Index> sex = codes(body, "Gender");  // 0: woman, 1: man

  const MixtureModel one = mixture(Gaussians(1, 1));
  const MixtureModel two = mixture(Gaussians(2, 1, {.structure = Structure::EII}));
  print("one normal", fit(one, cm), cm, sex);
  print("mixture", fit(two, cm, {.tol = 1e-8}), cm, sex);
  print("sexes known", fit(two, cm, {.assignment = Known{sex}}), cm, sex);

  const Table reported = read_csv("data/heights.csv");
  const Matrix inches = reported.select({"height"}).values();
  const std::vector<Index> who = codes(reported, "sex");  // sorted: Female, Male
  print("reported: one normal", fit(one, inches), inches, who);
  print("reported: mixture", fit(two, inches, {.tol = 1e-8}), inches, who);
}
