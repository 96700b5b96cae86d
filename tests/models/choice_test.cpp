#include "mix/models/choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/multiprecision/cpp_dec_float.hpp>
#include <cmath>

#include "mix/distributions/gaussians.h"
#include "mix/distributions/uniform_box.h"
#include "mix/models/compare.h"
#include "mix/random.h"
#include "support/data_files.h"

namespace mix {
namespace {

// Fits of mixtures whose components have r parameters each.
std::vector<SizedFit> fits_of(const std::vector<double>& log_likelihoods, Index r) {
  std::vector<SizedFit> fits;
  for (const double value : log_likelihoods) {
    const auto k = static_cast<Index>(fits.size()) + 1;
    fits.push_back({k, value, k * r + k - 1});
  }
  return fits;
}

void expect_near(const Vector& found, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(found.size(), static_cast<Index>(expected.size()));
  for (Index i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[static_cast<std::size_t>(i)], tolerance) << i;
  }
}

// -2 log L_i where L_i (L_1 + ... + L_i) = L_i1 L_1 + ... + L_ii L_i (Drton & Plummer 2017, section
// 2), one after the other by bisection, in 100 digits and without logarithms; lambda_ij of r
// parameters per component is their bound of section 6.2 as they write it.
std::vector<double> singular_bic_by_bisection(const std::vector<double>& log_likelihoods, int r,
                                              int n) {
  using Number = boost::multiprecision::cpp_dec_float_100;
  const Number phi = Number(r + 1) / 2;
  std::vector<Number> found;
  std::vector<double> values;
  for (int i = 1; i <= static_cast<int>(log_likelihoods.size()); ++i) {
    std::vector<Number> bounds;  // L_ij
    for (int j = 1; j <= i; ++j) {
      const Number one = j * r + j - 1 + phi * (i - j);
      const Number other = r * i + j - 1;
      const Number lambda = (one < other ? one : other) / 2;
      bounds.push_back(exp(Number(log_likelihoods[static_cast<std::size_t>(i - 1)])) *
                       pow(Number(n), -lambda));
    }
    Number low = 0;
    Number high = *std::max_element(bounds.begin(), bounds.end());
    for (int step = 0; step < 600; ++step) {
      const Number middle = (low + high) / 2;
      std::vector<Number> all = found;
      all.push_back(middle);
      Number excess = 0;
      for (std::size_t j = 0; j < all.size(); ++j) excess += (middle - bounds[j]) * all[j];
      (excess > 0 ? high : low) = middle;
    }
    found.push_back(high);
    values.push_back(static_cast<double>(-2 * log(high)));
  }
  return values;
}

TEST(SingularBic, SolvesThePapersEquations) {
  // Velocities of 82 galaxies, 1 to 5 normal distributions of unequal variances.
  const std::vector<double> galaxies{-240.338, -220.058, -209.733, -199.253, -198.151};
  expect_near(singular_bic(fits_of(galaxies, 2), 82), singular_bic_by_bisection(galaxies, 2, 82),
              1e-9);
  Rng rng(3);
  for (const int r : {1, 2, 5, 14}) {
    for (const int n : {30, 1000}) {
      std::vector<double> rising{-300};
      while (rising.size() < 10) rising.push_back(rising.back() + 8 * uniform(rng));
      expect_near(singular_bic(fits_of(rising, r), n), singular_bic_by_bisection(rising, r, n),
                  1e-9);
    }
  }
}

// What the function of the authors' R package sBIC 0.2.0 gives for these log-likelihoods, with its
// default phi = (r + 1)/2.
TEST(SingularBic, IsThatOfTheAuthorsPackage) {
  const double tolerance = 1e-9;
  expect_near(singular_bic(fits_of({-240.5, -220.25, -203.125, -202.0, -201.5}, 2), 82),
              {489.8134384945285, 462.53353366294715, 441.50233121128304, 446.05072304629454,
               451.67197878164814},
              tolerance);
  expect_near(singular_bic(fits_of({-1289.797, -1130.264, -1114.44, -1106.031, -1098.915}, 5), 272),
              {2607.62301033148, 2322.191822729256, 2314.7919751363393, 2315.7405178273807,
               2318.506979073506},
              tolerance);
  expect_near(singular_bic(fits_of({-100.0, -99.9, -99.8}, 2), 1000),
              {213.81551055796427, 223.9893897988111, 234.15109901589426}, tolerance);
}

TEST(SingularBic, IsFiniteWhereLikelihoodsAreFarApart) {
  const Vector up = singular_bic(fits_of({-1e6, -1e4, -1e2}, 2), 1000);
  EXPECT_NEAR(up[2], 200 + 8 * std::log(1000.0), 1e-6);  // the BIC
  const Vector down = singular_bic(fits_of({-1e2, -1e6}, 2), 1000);
  EXPECT_NEAR(down[1], 2e6 + 3.5 * std::log(1000.0), 1e-6);  // the bound for one true component
  EXPECT_THROW((void)singular_bic({{2, -1, 5}, {2, -1, 5}}, 10), std::invalid_argument);
  EXPECT_THROW((void)singular_bic({{2, -1, 5}}, 0), std::invalid_argument);
}

TEST(BicWeights, AreProbabilities) {
  const Vector weights = bic_weights(Vector{{1000, 1000 + 2 * std::log(3.0), quiet_nan}});
  expect_near(weights, {0.75, 0.25, 0}, 1e-12);
  EXPECT_EQ(bic_weights(Vector::Constant(2, quiet_nan)), Vector::Zero(2));
}

TEST(SlopeHeuristicTest, FindsTheSlopeOfTheStraightPart) {
  // Exactly straight from 12 parameters on, steep before.
  std::vector<SizedFit> fits;
  for (Index k = 1; k <= 20; ++k) {
    const Index nu = 3 * k;
    const double kappa = 0.6;
    const double bias = nu < 12 ? 40.0 * static_cast<double>(12 - nu) : 0;
    fits.push_back({k, -500 + kappa * static_cast<double>(nu) - bias, nu});
  }
  fits.push_back({5, -1e4, 15});  // of equal size the better one counts
  const SlopeHeuristic found = slope_heuristic(fits);
  EXPECT_NEAR(found.slope, 0.6, 1e-9);
  EXPECT_GT(found.plateau, 0.8);
  // The choice falls from all parameters to 12 at once when the penalty passes kappa.
  EXPECT_NEAR(found.jump, 0.6, 1e-9);
  double least = infinity;
  Index best = 0;
  for (const SizedFit& fit : fits) {
    const double value = found.criterion(fit.log_likelihood, fit.parameter_count);
    if (value < least) {
      least = value;
      best = fit.parameter_count;
    }
  }
  EXPECT_EQ(best, 12);
}

TEST(SlopeHeuristicTest, NeedsTenSizes) {
  const SlopeHeuristic found = slope_heuristic(fits_of({-9, -8, -7, -6, -5, -4, -3, -2, -1}, 2));
  EXPECT_TRUE(std::isnan(found.slope));
  EXPECT_TRUE(std::isnan(found.jump));
  EXPECT_TRUE(std::isnan(found.criterion(-1, 5)));
}

TEST(MessageLength, IsThatOfFigueiredoAndJain) {
  const Vector weights{{0.5, 0.3, 0.2}};
  const double n = 240;
  const MixtureModel free(weights, AnyFamily(Gaussians(3, 2)));
  // r = 5; (r/2) sum log(n pi/12) + (k/2) log(n/12) + k (r + 1)/2 - L.
  const double logs = std::log(10.0) + std::log(6.0) + std::log(4.0);
  EXPECT_NEAR(message_length(free, -700, n), 2 * (2.5 * logs + 1.5 * std::log(20.0) + 9 + 700),
              1e-9);
  // A common covariance counts once.
  const MixtureModel tied(weights, AnyFamily(Gaussians(3, 2, {.structure = Structure::EEE})));
  EXPECT_NEAR(message_length(tied, -700, n),
              2 * (1.0 * logs + 1.5 * std::log(20.0) + 4.5 + 1.5 * std::log(20.0) + 1.5 + 700),
              1e-9);
  const MixtureModel one(Vector::Ones(1), AnyFamily(Gaussians(1, 2)));
  EXPECT_NEAR(message_length(one, -700, n), 1400 + 5 * (std::log(20.0) + 1) + std::log(20.0) + 1,
              1e-9);
  // Noise has no parameters; a component without weight no length.
  const MixtureModel noisy(
      Vector{{0.5, 0.5, 0}},
      AnyFamily(FamilyList({AnyFamily(Gaussians(1, 2)),
                            AnyFamily(UniformBox(Vector{{0, 0}}, Vector{{1, 1}})),
                            AnyFamily(Gaussians(1, 2))})));
  EXPECT_NEAR(message_length(noisy, -700, n),
              1400 + 5 * (std::log(10.0) + 1) + 2 * (std::log(20.0) + 1), 1e-9);
}

CompareOptions gaussians_of_faithful(const std::string& criterion) {
  CompareOptions options;
  options.families = {{"gaussian", [](Index k) { return AnyFamily(Gaussians(k, 2)); }}};
  options.components = {1, 4};
  options.criterion = criterion;
  options.fit.effort = Effort::fast;
  return options;
}

TEST(ChoiceInCompare, TheTableAgreesWithTheFunctions) {
  const Comparison table = compare(test::faithful(), gaussians_of_faithful("sbic"));
  std::vector<SizedFit> fits(4);
  Vector bic(4);
  for (const Ranked& row : table) {
    fits[static_cast<std::size_t>(row.n_components - 1)] = {row.n_components, row.log_likelihood,
                                                            row.parameter_count};
    bic[row.n_components - 1] = row.criteria.bic;
  }
  const Vector sbic = singular_bic(fits, 272);
  const Vector weights = bic_weights(bic);
  for (const Ranked& row : table) {
    EXPECT_EQ(row.value, row.sbic);
    EXPECT_NEAR(row.sbic, sbic[row.n_components - 1], 1e-9);
    EXPECT_NEAR(row.bic_weight, weights[row.n_components - 1], 1e-12);
    EXPECT_EQ(row.mml, message_length(row.fit->model, row.log_likelihood, 272));
    EXPECT_TRUE(std::isnan(row.slope));  // four models are too few
  }
  EXPECT_TRUE(std::is_sorted(table.begin(), table.end(),
                             [](const Ranked& a, const Ranked& b) { return a.sbic < b.sbic; }));
  EXPECT_THROW((void)compare(test::faithful(), gaussians_of_faithful("bicc")),
               std::invalid_argument);
}

TEST(CrossValidate, RepeatsAreTheMeanOfDivisionsAndHaveAnError) {
  const Matrix x = test::faithful();
  const Candidate candidate = gaussians_of_faithful("cv").families.front();
  FitOptions options;
  options.effort = Effort::fast;
  const CrossValidation one = cross_validate(candidate, 2, x, options);
  EXPECT_EQ(one.value, cross_validation(candidate, 2, x, options));
  EXPECT_GT(one.standard_error, 0);
  const CrossValidation two = cross_validate(candidate, 2, x, options, {.folds = 5, .repeats = 2});
  EXPECT_NE(two.value, one.value);
  EXPECT_NEAR(two.value, one.value, one.standard_error);
  EXPECT_THROW((void)cross_validate(candidate, 2, x, options, {.folds = 1}), std::invalid_argument);
  EXPECT_THROW((void)cross_validate(candidate, 2, x, options, {.folds = 5, .repeats = 0}),
               std::invalid_argument);
}

TEST(OneStandardErrorRule, TakesTheSimplestSoundFitWithinTheError) {
  const auto fitted = [](const char* name, Index parameters, double value, double error) {
    Ranked row;
    row.name = name;
    row.parameter_count = parameters;
    row.value = value;
    row.standard_error = error;
    row.fit = std::make_shared<const Fit>();
    return row;
  };
  Comparison table{
      {fitted("best", 11, 100, 5), fitted("near", 8, 104, 9), fitted("far", 3, 106, 9)}, "cv"};
  EXPECT_EQ(table.simplest_within_error().name, "near");
  table.table[0].standard_error = quiet_nan;
  EXPECT_EQ(table.simplest_within_error().name, "best");
}

}  // namespace
}  // namespace mix
