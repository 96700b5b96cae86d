// Carbon dioxide and gross national product of 28 countries: two lines rather than one.
#include <fmt/core.h>
#include <mix/csv.h>
#include <mix/distributions/gated.h>
#include <mix/distributions/gaussian_regression.h>
#include <mix/distributions/generalized_linear.h>
#include <mix/models/fit.h>

int main() {
  using namespace mix;
  // Covariates first, the response last.
  const Matrix x = read_csv("data/co2data.csv").select({"GNP", "CO2"}).values();

  const Fit lines = fit(mixture(GaussianRegression(2, {.covariates = 1}, ErrorVariance::common)), x,
                        {.tol = 1e-8});
  const auto& line = *lines.model.family().as<GaussianRegression>();
  for (Index k = 0; k < 2; ++k) {
    fmt::print("{:.2f} of the countries: CO2 = {:.2f} + {:.3f} GNP, give or take {:.2f}\n",
               lines.model.weights()[k], line.intercept(k), line.coefficients(k)[0],
               line.standard_deviation(k));
  }

  // Do the weights of the lines depend on GNP?
  const Fit gated =
      fit(mixture(Gated(GaussianRegression(2, {.covariates = 1}, ErrorVariance::common), {0})), x,
          {.tol = 1e-8});
  fmt::print("BIC {:.1f}, and {:.1f} with weights that depend on GNP\n", lines.report.bic(),
             gated.report.bic());

  // Rolls of fabric: faults by the logarithm of the length.
  Matrix rolls = read_csv("data/fabricfault.csv").values();
  rolls.col(0) = rolls.col(0).array().log();
  const Fit faults = fit(mixture(NegativeBinomialRegression(1, {.covariates = 1})), rolls);
  const auto& count = *faults.model.family().as<NegativeBinomialRegression>();
  fmt::print("faults: exp({:.2f} + {:.2f} log length), size {:.1f}\n", count.intercept(0),
             count.coefficients(0)[0], count.size_of(0));
}
