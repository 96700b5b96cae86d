// Parameters that are fixed or shared, and priors of imaginary rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "mix/distributions/autodiff.h"
#include "mix/distributions/categorical.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/imaginary_rows.h"
#include "mix/distributions/inverse_gamma.h"
#include "mix/distributions/laplace.h"
#include "mix/distributions/logistic.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/negative_binomial.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/pareto.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/restricted.h"
#include "mix/distributions/skew_normal.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/weibull.h"
#include "support/evaluate.h"
#include "support/score.h"

namespace mix {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

static_assert(Summable<Normal> && Summable<Gamma> && Summable<Multinomial> && !Summable<Weibull> &&
              !Summable<Laplace>);

// Shares of three components that no row belongs to alone.
Matrix overlapping_shares(Index n) {
  Matrix shares(n, 3);
  for (Index i = 0; i < n; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(n);
    shares.row(i) << std::exp(-8 * t), 0.5 + 0.3 * std::cos(9 * t), 0.2 + t;
    shares.row(i) /= shares.row(i).sum();
  }
  return shares;
}

double log_posterior(const AnyFamily& family, const Matrix& x, const Matrix& shares) {
  Matrix out(x.rows(), family.size());
  family.log_densities(x, out);
  return out.cwiseProduct(shares).sum() + family.log_prior();
}

// The largest derivative of the log posterior along any coordinate, per row.
double largest_slope(const AnyFamily& family, const Matrix& x, const Matrix& shares) {
  const Vector at = family.coordinates();
  double largest = 0;
  for (Index i = 0; i < at.size(); ++i) {
    const auto value = [&](double step) {
      AnyFamily moved = family;
      Vector v = at;
      v[i] += step;
      moved.set_coordinates(v);
      return log_posterior(moved, x, shares);
    };
    const auto odd = [&](double step) { return value(step) - value(-step); };
    constexpr double h = 1e-3;
    largest = std::max(largest, std::abs(45 * odd(h) - 9 * odd(2 * h) + odd(3 * h)) / (60 * h));
  }
  return largest / static_cast<double>(x.rows());
}

AnyFamily estimated_family(AnyFamily family, const Matrix& x, const Matrix& shares) {
  family.prepare(x, shares.rowwise().sum());
  family.start(x, shares);
  family.fit(x, shares);
  return family;
}

Matrix sorted_draws(const auto& d, Index n) {
  Matrix x = draws(d, n);
  std::sort(x.data(), x.data() + n);
  return x;
}

Matrix two_columns(Index n) {
  Matrix x(n, 2);
  x << draws(Normal(1, 2), n), draws(Normal(5, 1), n, 2);
  return x;
}

// From its log density alone.
struct Extreme {
  static constexpr std::array parameters{real("location"), positive("scale")};
  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    const T z = (x[0] - p[0]) / p[1];
    return -log(p[1]) - z - exp(-z);
  }
};

struct WrapperCase {
  std::string name;
  AnyFamily one;
  Restrictions restrictions;
  Matrix x;
  Index parameters;  // of three components
};

void PrintTo(const WrapperCase& c, std::ostream* out) { *out << c.name; }

std::vector<WrapperCase> restricted_cases() {
  const Matrix amounts = sorted_draws(Gamma(3, 2), 240);
  const Matrix counts = sorted_draws(NegativeBinomial(5, 2), 240);
  const Matrix real = sorted_draws(Normal(100, 4), 240);
  // Quantiles of Cauchy's distribution.
  Matrix heavy(240, 1);
  for (Index i = 0; i < 240; ++i)
    heavy(i, 0) = std::tan(3.1 * ((static_cast<double>(i) + 0.5) / 240 - 0.5));
  return {
      {"normal_of_one_deviation", Normal(), {.shared = {"standard_deviation"}}, real, 4},
      {"normal_of_one_mean", Normal(), {.shared = {"mean"}}, real, 4},
      {"normal_of_known_mean", Normal(), {.fixed = {{"mean", 101}}}, real, 3},
      {"gamma_of_known_shape", Gamma(), {.fixed = {{"shape", 2}}}, amounts, 3},
      {"gamma_of_known_scale", Gamma(), {.fixed = {{"scale", 2}}}, amounts, 3},
      {"gamma_of_one_scale", Gamma(), {.shared = {"scale"}}, amounts, 4},
      {"gamma_of_one_shape_and_known_scale",
       Gamma(),
       {.fixed = {{"scale", 2}}, .shared = {"shape"}},
       amounts,
       1},
      {"weibull_of_one_shape", Weibull(), {.shared = {"shape"}}, amounts, 4},
      {"negative_binomial_of_one_size", NegativeBinomial(), {.shared = {"size"}}, counts, 4},
      {"logistic_of_known_scale", Logistic(), {.fixed = {{"scale", 2}}}, real, 3},
      {"weibull_of_known_shape", Weibull(), {.fixed = {{"shape", 1.5}}}, amounts, 3},
      {"inverse_gamma_of_one_scale", InverseGamma(), {.shared = {"scale"}}, amounts, 4},
      {"student_t_of_one_dof", StudentT(1, 1), {.shared = {"degrees_of_freedom"}}, heavy, 7},
      {"gaussian_of_one_variance", Gaussians(1, 1), {.shared = {"covariance"}}, real, 4},
      {"model_of_one_scale", Autodiff<Extreme>(), {.shared = {"scale"}}, real, 4},
      {"model_of_known_scale", Autodiff<Extreme>(), {.fixed = {{"scale", 3}}}, real, 3},
      {"poisson_of_one_rate", Poisson(1), {.shared = {"rate"}}, counts, 1},
  };
}

class RestrictedStep : public ::testing::TestWithParam<WrapperCase> {};
INSTANTIATE_TEST_SUITE_P(All, RestrictedStep, ::testing::ValuesIn(restricted_cases()),
                         [](const auto& c) { return c.param.name; });

TEST_P(RestrictedStep, ReachesTheMaximumOverWhatIsFree) {
  const WrapperCase& c = GetParam();
  const Matrix shares = overlapping_shares(c.x.rows());
  const AnyFamily made(Restricted(c.one, 3, c.restrictions));
  EXPECT_EQ(made.parameter_count(), c.parameters);
  EXPECT_EQ(made.coordinates().size(), c.parameters);
  const AnyFamily fitted = estimated_family(made, c.x, shares);
  EXPECT_LT(largest_slope(fitted, c.x, shares), 1e-9);
  AnyFamily free = estimated_family(AnyFamily(FamilyList({c.one, c.one, c.one})), c.x, shares);
  for (int step = 0; step < 300; ++step) free.fit(c.x, shares);  // of Student's t an EM step
  EXPECT_LT(log_posterior(fitted, c.x, shares), log_posterior(free, c.x, shares) + 1e-6);
}

TEST(Restricted, OfOneNormalDeviationIsTheTiedGaussian) {
  const Matrix x = sorted_draws(Normal(100, 4), 300);
  const Matrix shares = overlapping_shares(300);
  const AnyFamily shared =
      estimated_family(Restricted(Normal(), 3, {.shared = {"standard_deviation"}}), x, shares);
  const AnyFamily tied =
      estimated_family(Gaussians(3, 1, {.structure = Structure::EEE}), x, shares);
  Matrix a(300, 3);
  Matrix b(300, 3);
  shared.log_densities(x, a);
  tied.log_densities(x, b);
  EXPECT_LT((a - b).cwiseAbs().maxCoeff(), 1e-7);
  EXPECT_EQ(shared.parameter_count(), tied.parameter_count());
}

TEST(Restricted, OfShapeOneIsTheExponential) {
  const Matrix x = sorted_draws(Gamma(1, 3), 200);
  const Matrix shares = overlapping_shares(200);
  const AnyFamily gamma =
      estimated_family(Restricted(Gamma(), 3, {.fixed = {{"shape", 1}}}), x, shares);
  const AnyFamily exponential = estimated_family(Untied(Exponential(1), 3), x, shares);
  EXPECT_NEAR(log_posterior(gamma, x, shares), log_posterior(exponential, x, shares), 1e-9);
  const auto* inside = gamma.as<Restricted>()->component(0).as<Untied<Gamma>>();
  EXPECT_EQ(inside->component(0).shape(), 1);  // to the last bit
}

TEST(Restricted, SharesAlsoWithComponentsWithoutRows) {
  const Matrix x = sorted_draws(Gamma(3, 2), 100);
  Matrix shares = Matrix::Zero(100, 2);
  shares.col(0).setOnes();
  const AnyFamily fitted =
      estimated_family(Restricted(Gamma(), 2, {.shared = {"scale"}}), x, shares);
  const auto& r = *fitted.as<Restricted>();
  EXPECT_EQ(r.component(0).as<Untied<Gamma>>()->component(0).scale(),
            r.component(1).as<Untied<Gamma>>()->component(0).scale());
}

TEST(Restricted, NamesTheParametersThereAre) {
  EXPECT_THAT(Restricted::parameters_of(Gamma()), ElementsAre("shape", "scale"));
  EXPECT_THAT(Restricted::parameters_of(Pareto()), ElementsAre("shape"));
  EXPECT_THAT(Restricted::parameters_of(Weibull(2, 3)), ElementsAre("shape", "scale"));
  EXPECT_THAT(Restricted::parameters_of(Gaussians(1, 1)), ElementsAre("mean", "covariance"));
  EXPECT_THAT(Restricted::parameters_of(Gaussians(1, 2)), IsEmpty());
  EXPECT_THAT(Restricted::parameters_of(StudentT(1, 1)),
              ElementsAre("mean", "scale", "degrees_of_freedom"));
  EXPECT_THAT(Restricted::parameters_of(Poisson(3)), ElementsAre("rate"));
  EXPECT_THAT(Restricted::parameters_of(Categorical(std::vector<Index>{3})), IsEmpty());
  // Its density has a kink, which Newton's method cannot climb.
  EXPECT_THAT(Restricted::parameters_of(Laplace()), IsEmpty());
  EXPECT_THAT(Restricted::parameters_of(SkewNormal()), Not(IsEmpty()));
  const auto message = [](const AnyFamily& one, Restrictions restrictions) -> std::string {
    try {
      (void)Restricted(one, 2, std::move(restrictions));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "no complaint";
  };
  EXPECT_EQ(message(Gamma(), {.shared = {"sigma"}}),
            "gamma has no parameter \"sigma\" to fix or to share; it has shape, scale");
  EXPECT_THAT(message(Gamma(), {.fixed = {{"shape", -1}}}), HasSubstr("shape is -1"));
  EXPECT_THAT(message(Gamma(), {.fixed = {{"shape", 1}}, .shared = {"shape"}}),
              HasSubstr("restricted twice"));
  EXPECT_THAT(message(Categorical(std::vector<Index>{3}), {.shared = {"probabilities"}}),
              HasSubstr("cannot be fixed or shared one by one"));
  EXPECT_THAT(message(Untied(Gamma(), 2), {.shared = {"shape"}}), HasSubstr("a family of 2"));
}

TEST(Restricted, HasATitleThatSaysWhat) {
  EXPECT_EQ(Restricted(Gamma(), 2, {.fixed = {{"shape", 2.5}}, .shared = {"scale"}}).title(),
            "gamma, shape = 2.5, one scale");
}

// The statistics are the sums of counts, and the prior a gamma density of the rate.
TEST(ImaginaryRows, OfAPoissonFamilyAreTheConjugatePrior) {
  const Matrix x = sorted_draws(Poisson(Vector{{4.0}}), 50);
  Matrix shares = Matrix::Zero(50, 2);
  shares.topRows(20).col(0).setOnes();
  const AnyFamily fitted = estimated_family(with_prior(Untied(Poisson(1), 2), 3), x, shares);
  const auto& poisson = *fitted.as<WithImaginaryRows>()->family().as<Untied<Poisson>>();
  const double mean = x.topRows(20).mean();
  // `prepare` saw the 20 rows with a share.
  EXPECT_NEAR(poisson.component(0).rate()[0], (20 * mean + 3 * mean) / 23, 1e-12);
  EXPECT_NEAR(poisson.component(1).rate()[0], mean, 1e-12);  // no rows: the mode of the prior
}

TEST(ImaginaryRows, GivenByTheUserCountAsRows) {
  const Matrix x = sorted_draws(Normal(5, 2), 40);
  const Matrix imaginary{{0.0}, {10.0}};
  const Vector weights{{2.0, 1.0}};
  const AnyFamily fitted = estimated_family(with_prior(AnyFamily(Laplace()), imaginary, weights), x,
                                            Matrix::Ones(40, 1));
  Matrix all(43, 1);
  all << x, 0, 0, 10;
  Laplace with_rows;
  with_rows.prepare(x, Vector::Ones(40));
  with_rows.fit(all, Vector::Ones(43));
  const auto& laplace = *fitted.as<WithImaginaryRows>()->family().as<Untied<Laplace>>();
  EXPECT_EQ(laplace.component(0).median(), with_rows.median());
  EXPECT_NEAR(laplace.component(0).scale(), with_rows.scale(), 1e-12);
}

TEST(ImaginaryRows, KeepProbabilitiesAboveZeroAndComponentsFromCollapsing) {
  Matrix words(6, 3);
  words << 5, 1, 0, 4, 2, 0, 6, 0, 0, 0, 1, 5, 0, 2, 4, 1, 0, 6;
  Matrix shares = Matrix::Zero(6, 2);
  shares.topRows(3).col(0).setOnes();
  shares.bottomRows(3).col(1).setOnes();
  const AnyFamily counted = estimated_family(with_prior(Untied(Multinomial(3), 2)), words, shares);
  const auto& multinomial = *counted.as<WithImaginaryRows>()->family().as<Untied<Multinomial>>();
  EXPECT_NEAR(multinomial.component(0).probabilities()[2], (15.0 / 6) / (18 + 37.0 / 6), 1e-12);

  const Matrix x = sorted_draws(Normal(0, 1), 40);
  Matrix single = Matrix::Zero(40, 2);
  single.col(0).setOnes();
  single(7, 0) = 0;
  single(7, 1) = 1;
  const AnyFamily normals = estimated_family(with_prior(Untied(Normal(), 2)), x, single);
  EXPECT_GT(normals.as<WithImaginaryRows>()->family().moments(1).covariance(0, 0), 0.2);
  EXPECT_EQ(normals.flaw(0, 39), "");
}

TEST(ImaginaryRows, LikeTheDataLeaveNoArtifactOfAnUnboundedLikelihood) {
  const Matrix x = two_columns(60);
  Matrix shares = Matrix::Zero(60, 2);
  shares.col(0).setOnes();
  shares.row(7) << 0, 1;
  const auto flaw_of_one_row = [&](const AnyFamily& family) {
    return estimated_family(family, x, shares).flaw(1, 1);
  };
  EXPECT_THAT(flaw_of_one_row(Gaussians(2, 2)), HasSubstr("fewer than"));
  EXPECT_EQ(flaw_of_one_row(with_prior(Gaussians(2, 2))), "");
  EXPECT_EQ(flaw_of_one_row(with_prior(Gaussians(2, 2, {.structure = Structure::VVI}))), "");
  // A prior of next to no weight does not keep it from collapsing,
  EXPECT_THAT(flaw_of_one_row(with_prior(Gaussians(2, 2), 1e-6)), HasSubstr("nearly flat"));
  // and neither do rows of one's own that span no plane.
  EXPECT_THAT(flaw_of_one_row(with_prior(Gaussians(2, 2), x.topRows(1), Vector::Ones(1))),
              HasSubstr("fewer than"));
}

class ImaginaryRowsStep : public ::testing::TestWithParam<WrapperCase> {};
INSTANTIATE_TEST_SUITE_P(
    All, ImaginaryRowsStep,
    ::testing::Values(
        WrapperCase{"normal", Untied(Normal(), 3), {}, sorted_draws(Normal(10, 3), 400), 6},
        WrapperCase{"gamma", Untied(Gamma(), 3), {}, sorted_draws(Gamma(3, 2), 400), 6},
        WrapperCase{"weibull", Untied(Weibull(), 3), {}, sorted_draws(Gamma(3, 2), 400), 6},
        WrapperCase{"gaussian", Gaussians(3, 2), {}, two_columns(400), 15},
        WrapperCase{"negative_binomial",
                    Untied(NegativeBinomial(), 3),
                    {},
                    sorted_draws(NegativeBinomial(5, 2), 400),
                    6}),
    [](const auto& c) { return c.param.name; });

TEST_P(ImaginaryRowsStep, RisesToTheModeOfThePosterior) {
  const WrapperCase& c = GetParam();
  const Matrix shares = overlapping_shares(c.x.rows());
  AnyFamily family(with_prior(c.one, 20));
  family.prepare(c.x, Vector::Ones(c.x.rows()));
  family.start(c.x, shares);
  double before = log_posterior(family, c.x, shares);
  for (int step = 0; step < 100; ++step) {
    family.fit(c.x, shares);
    const double now = log_posterior(family, c.x, shares);
    EXPECT_GE(now, before - 1e-9 * std::abs(before));
    before = now;
  }
  EXPECT_LT(largest_slope(family, c.x, shares), 1e-9);
  EXPECT_EQ(family.parameter_count(), c.parameters);
}

TEST(ImaginaryRows, RefuseWhatCannotBe) {
  EXPECT_THROW((void)with_prior(AnyFamily(Poisson(1)), 0), std::invalid_argument);
  EXPECT_THROW((void)with_prior(AnyFamily(Poisson(1)), Matrix::Ones(2, 2), Vector::Ones(2)),
               std::invalid_argument);
  EXPECT_THROW((void)with_prior(AnyFamily(Poisson(1)), Matrix::Ones(2, 1), Vector::Ones(3)),
               std::invalid_argument);
  EXPECT_EQ(with_prior(AnyFamily(Poisson(1)), 2.5).title(), "poisson, prior of 2.5 rows");
}

}  // namespace
}  // namespace mix
