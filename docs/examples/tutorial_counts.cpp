// Who does what in a household: rows of counts, a mixture of multinomials.
#include <fmt/ranges.h>
#include <mix/csv.h>
#include <mix/distributions/multinomial.h>
#include <mix/models/fit.h>

using namespace mix;

int main() {
  const Table table = read_csv("data/housetasks.csv");
  const Matrix x = table.select({"Wife", "Alternating", "Husband", "Jointly"}).values();
  for (const Index k : {1, 2, 3, 4, 5, 7, 9, 11, 13}) {
    const Fit f = fit(mixture(Untied(Multinomial(4), k)), x);
    fmt::print("K = {:2}: log-likelihood {:7.1f}, BIC {:6.1f}\n", k, f.report.log_likelihood,
               f.report.bic());
  }

  const MixtureModel model = fit(mixture(Untied(Multinomial(4), 3)), x).model;
  const std::vector<Index> groups = model.predict(x);
  for (Index k = 0; k < model.n_components(); ++k) {
    const Multinomial& group = model.family().as<Untied<Multinomial>>()->component(k);
    const Vector percent = 100 * group.probabilities();
    fmt::print("{:2.0f} %:", fmt::join(percent, " "));
    for (Index i = 0; i < x.rows(); ++i) {
      if (groups[static_cast<std::size_t>(i)] == k) fmt::print(" {}", table.text(i, 0));
    }
    fmt::print("\n");
  }
}
