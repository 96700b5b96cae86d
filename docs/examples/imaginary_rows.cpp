// A prior that keeps a rate above 0.
#include <fmt/core.h>
#include <mix/distributions/imaginary_rows.h>
#include <mix/distributions/poisson.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  const Matrix x{{5, 0}, {6, 0}, {4, 0}, {7, 0}, {0, 9}, {1, 8}, {0, 7}, {1, 9}};

  const Fit plain = fit(mixture(Untied(Poisson(2), 2)), x);
  const Fit with_one_row = fit(mixture(with_prior(Untied(Poisson(2), 2))), x);
  const auto show = [](const char* what, const Untied<Poisson>& family) {
    for (Index k = 0; k < 2; ++k) {
      const Vector& rate = family.component(k).rate();
      fmt::print("{}: rates {:.2f} and {:.2f}\n", what, rate[0], rate[1]);
    }
  };
  show("maximum likelihood", *plain.model.family().as<Untied<Poisson>>());
  show("with a prior",
       *with_one_row.model.family().as<WithImaginaryRows>()->family().as<Untied<Poisson>>());
}
