// Standard errors by other programs: the values that standard_errors.R prints, from R 4.2.2 with
// flexmix 2.3.18, mclust 6.0.0 and numDeriv 2016.8.1.1.

#include "mix/models/standard_errors.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "mix/distributions/gaussian_regression.h"
#include "mix/distributions/gaussians.h"
#include "mix/models/bootstrap.h"
#include "mix/models/fit.h"
#include "mix/table.h"
#include "support/data_files.h"

namespace mix {
namespace {

struct Recorded {
  Index component;
  std::string name;
  double value;
  double error;
};

template <class Estimates>
void expect_recorded(const Estimates& estimates, const std::vector<Recorded>& all,
                     double tolerance) {
  for (const Recorded& one : all) {
    bool found = false;
    for (const auto& e : estimates) {
      if (e.component != one.component || e.name != one.name) continue;
      found = true;
      EXPECT_NEAR(e.value, one.value, 1e-3 * one.error) << one.name;
      EXPECT_NEAR(e.standard_error / one.error, 1, tolerance) << one.name << one.component;
    }
    EXPECT_TRUE(found) << one.name;
  }
}

FitOptions closely() {
  FitOptions options;
  options.seed = 1;
  options.tol = 1e-9;
  options.max_iter = 20000;
  return options;
}

TEST(StandardErrorsOfOtherPrograms, AreThoseOfFlexmixForTwoRegressions) {
  const Matrix file = test::numbers_of("npreg.csv");
  Matrix x(file.rows(), 3);
  x << file.col(0), file.col(0).cwiseAbs2(), file.col(1);
  const Fit found = fit(mixture(GaussianRegression(2, {.covariates = 2})), x, closely());
  const bool swapped = found.model.weights()[0] > 0.5;
  const Index one = swapped ? 1 : 0;
  const Index two = 1 - one;
  // flexmix has log(sigma) and the log odds of the weight.
  const double sigma_1 = std::exp(1.236750835);
  const double sigma_2 = std::exp(1.238643994);
  const double weight = 1 / (1 + std::exp(-0.024002349));
  expect_recorded(standard_errors(found, x).parameters,
                  {{one, "intercept", -0.208565605, 1.009207735},
                   {one, "coefficients[1]", 4.814486367, 0.509614235},
                   {one, "coefficients[2]", 0.036538090, 0.049755458},
                   {one, "standard_deviation", sigma_1, 0.081685449 * sigma_1},
                   {two, "intercept", 14.712915973, 1.323773448},
                   {two, "coefficients[1]", 9.848437757, 0.591586095},
                   {two, "coefficients[2]", -0.968527984, 0.055260497},
                   {two, "standard_deviation", sigma_2, 0.078251037 * sigma_2},
                   {two, "weight", weight, 0.158916583 * weight * (1 - weight)}},
                  1e-4);
}

TEST(StandardErrorsOfOtherPrograms, AreThoseOfMclustForTwoGaussians) {
  const Matrix x = test::faithful();
  const Fit found = fit(mixture(Gaussians(2, 2)), x, closely());
  const std::vector<Recorded> recorded{{0, "weight", 0.355872860, 0.029089110},
                                       {0, "mean[1]", 2.036388461, 0.027108353},
                                       {0, "mean[2]", 54.478516440, 0.591873772},
                                       {0, "covariance[1,1]", 0.069167678, 0.010574962},
                                       {0, "covariance[2,1]", 0.435167677, 0.166001669},
                                       {0, "covariance[2,2]", 33.697282427, 4.854722269},
                                       {1, "mean[1]", 4.289661979, 0.031403139},
                                       {1, "mean[2]", 79.968115241, 0.456186016},
                                       {1, "covariance[1,1]", 0.169968429, 0.018871873},
                                       {1, "covariance[2,1]", 0.940609229, 0.210417758},
                                       {1, "covariance[2,2]", 36.046210307, 3.925143508}};
  expect_recorded(standard_errors(found, x).parameters, recorded, 1e-5);

  // Its bootstrap, of 4999 replicates; of 399 a standard error errs by 4 %, more of variances.
  std::vector<Recorded> resampled = recorded;
  const std::array errors{0.02873601, 0.02920406, 0.59941408, 0.01445143, 0.16951467, 4.3062449,
                          0.03239601, 0.46733723, 0.0199121,  0.2706424,  4.3583254};
  for (std::size_t i = 0; i < errors.size(); ++i) resampled[i].error = errors[i];
  const Bootstrap replicates = bootstrap(found.model, x, {.replicates = 399, .seed = 1});
  expect_recorded(replicates.parameters, resampled, 0.2);
}

}  // namespace
}  // namespace mix
