// Which picture suits a model, and what is in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "described_columns.h"
#include "mix/distributions/bernoulli.h"
#include "mix/distributions/beta_binomial.h"
#include "mix/distributions/binomial.h"
#include "mix/distributions/categorical.h"
#include "mix/distributions/deconvolved_gaussians.h"
#include "mix/distributions/gated.h"
#include "mix/distributions/gaussian_regression.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/interval_censored.h"
#include "mix/distributions/markov_chain.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/product.h"
#include "mix/distributions/uniform_box.h"
#include "mix/errors.h"
#include "mix/files.h"
#include "mix/models/fit.h"
#include "plot.h"
#include "profiles.h"
#include "run_program.h"
#include "turnbull.h"

namespace mix::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(DescribedColumns, AreThoseWithADistribution) {
  const GaussianRegression line(2, {.covariates = 2});
  EXPECT_THAT(described_columns(Gaussians(2, 3)), ElementsAre(0, 1, 2));
  EXPECT_THAT(described_columns(line), ElementsAre(2));
  EXPECT_THAT(described_columns(Gated(line, {0, 3})), ElementsAre(2));
  EXPECT_THAT(described_columns(Gated(Untied(Poisson(2), 2), {2, 3})), ElementsAre(0, 1));
  EXPECT_THAT(described_columns(DeconvolvedGaussians(2, 2)), ElementsAre(0, 1));
  EXPECT_THAT(described_columns(Product({{{3, 1, 0}, line}, {{2}, Untied(Poisson(1), 2)}})),
              ElementsAre(0, 2));
  // Log density 0, but within the box alone.
  EXPECT_THAT(described_columns(UniformBox(Vector{{0, 0}}, Vector{{1, 1}})), ElementsAre(0, 1));
  // Without marginal distributions.
  EXPECT_THAT(described_columns(Untied(Multinomial(3), 2)), ElementsAre(0, 1, 2));
}

std::vector<double> masses(const std::vector<MassInterval>& intervals) {
  std::vector<double> result;
  for (const MassInterval& next : intervals) result.push_back(next.mass);
  return result;
}

void expect_near(const std::vector<double>& values, const std::vector<double>& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-5) << i;
}

TEST(TurnbullsEstimate, IsTheShareOfEachKnownValueAndClass) {
  const auto values = turnbull(Matrix{{1, 1}, {4, 4}, {1, 1}, {2, 2}}, {}, ValueKind::measurements);
  expect_near(masses(values), {0.5, 0.25, 0.25});
  EXPECT_EQ(values[1].low, 2);
  EXPECT_EQ(values[1].high, 2);
  // Neighboring classes share an end, and it is in one of them.
  const auto classes =
      turnbull(Matrix{{0, 3}, {3, 6}, {6, infinity}}, Vector{{5, 3, 2}}, ValueKind::measurements);
  expect_near(masses(classes), {0.5, 0.3, 0.2});
  EXPECT_EQ(classes[2].low, 6);
  const auto counts = turnbull(Matrix{{0, 1}, {2, 2}, {3, 5}, {0, 1}}, {}, ValueKind::counts);
  expect_near(masses(counts), {0.5, 0.25, 0.25});
  EXPECT_EQ(counts[0].low, 0);
  EXPECT_EQ(counts[2].high, 5);
}

// Kaplan & Meier (1958): at 1, 3 and 5 die 1 of 6, 1 of 4 and 1 of 2.
TEST(TurnbullsEstimate, IsThatOfKaplanAndMeierWhereOnlyUpperEndsAreOpen) {
  const Matrix rows{{1, 1}, {2, infinity}, {3, 3}, {4, quiet_nan}, {5, 5}, {6, infinity}};
  expect_near(masses(turnbull(rows, {}, ValueKind::measurements)),
              {1 / 6.0, 5 / 24.0, 5 / 16.0, 5 / 16.0});
}

// For two classes with shares p and 1 - p and rows that hold both, p is that of the others.
TEST(TurnbullsEstimate, LeavesRowsOutThatSayNothing) {
  const Matrix rows{{0, 1}, {1, 2}, {0, 2}, {quiet_nan, infinity}, {5, 3}};
  expect_near(masses(turnbull(rows, Vector{{3, 1, 9, 100, 7}}, ValueKind::measurements)),
              {0.75, 0.25});
}

DrawnRows all_rows(const MixtureModel& model, const Table& table) {
  return drawn_rows(model, table, table.rows());
}

std::vector<std::string> names(const Profile& profile) {
  std::vector<std::string> result;
  for (const Feature& feature : profile.features) result.push_back(feature.name);
  return result;
}

TEST(Profiles, OfRowsEqualThoseOfTheModelAtTheMaximum) {
  const Matrix x =
      mixture({0.4, 0.6}, Bernoulli(Vector{{0.1, 0.7, 0.2}}), Bernoulli(Vector{{0.8, 0.2, 0.5}}))
          .sample(400, 3)
          .x;
  const Table numbers = Table::from_matrix(x, {"a", "b", "c"});
  Table levels = numbers;
  for (const char* name : {"a", "b", "c"}) levels = levels.as_category(name);
  const auto check = [&](const AnyFamily& family, const Table& table) {
    const MixtureModel model = fit(MixtureModel(family), x, {.tol = 1e-10, .seed = 1}).model;
    const Profile profile = component_profiles(model, table, all_rows(model, table), {0, 1, 2}, 24);
    EXPECT_EQ(profile.axis, "probability");
    for (const Feature& feature : profile.features) {
      EXPECT_TRUE(feature.rows.isApprox(feature.model, 1e-4)) << feature.name;
    }
    return names(profile);
  };
  EXPECT_THAT(check(Untied(Bernoulli(3), 2), numbers), ElementsAre("a", "b", "c"));
  EXPECT_THAT(check(Untied(Categorical(3), 2), levels), ElementsAre("a: 1", "b: 1", "c: 1"));
  EXPECT_THAT(check(Untied(Categorical(3), 2), numbers), ElementsAre("a: 1", "b: 1", "c: 1"));
}

TEST(Profiles, AreSharesWhereAFamilySharesCountsOut) {
  const MixtureModel model = mixture({0.5, 0.5}, Multinomial(Vector{{0.7, 0.2, 0.1}}, 9),
                                     Multinomial(Vector{{0.1, 0.1, 0.8}}, 9));
  const Table table = Table::from_matrix(Matrix{{7, 2, 1}, {70, 20, 10}, {1, 1, 8}, {9, 8, 63}});
  const Profile profile = component_profiles(model, table, all_rows(model, table), {0, 1, 2}, 24);
  EXPECT_EQ(profile.axis, "share");
  Vector rows = Vector::Zero(2);
  Vector expected = Vector::Zero(2);
  for (const Feature& feature : profile.features) {
    rows += feature.rows;
    expected += feature.model;
  }
  EXPECT_TRUE(rows.isApproxToConstant(1, 1e-12));
  EXPECT_TRUE(expected.isApproxToConstant(1, 1e-12));
  EXPECT_NEAR(profile.features[0].rows[0], 0.7, 1e-6);
  EXPECT_NEAR(profile.features[0].model[0], 0.7, 1e-12);
}

// At the maximum the model has the shares of the rows.
TEST(Profiles, OfMarkovChainsAreFirstStatesAndTransitions) {
  const Matrix often{{0.2, 0.8}, {0.1, 0.9}};
  const Matrix seldom{{0.9, 0.1}, {0.6, 0.4}};
  const Matrix x = mixture({0.5, 0.5}, MarkovChain(6, Vector{{0.5, 0.5}}, often),
                           MarkovChain(6, Vector{{0.9, 0.1}}, seldom))
                       .sample(300, 2)
                       .x;
  const MixtureModel model =
      fit(mixture(Untied(MarkovChain(6, 2), 2)), x, {.tol = 1e-10, .seed = 1}).model;
  const Table table = Table::from_matrix(x);
  EXPECT_TRUE(are_chains(model));
  const std::vector<Index> columns{0, 1, 2, 3, 4, 5};
  const Profile profile = component_profiles(model, table, all_rows(model, table), columns, 24);
  EXPECT_EQ(profile.axis, "probability");
  EXPECT_THAT(names(profile), ElementsAre("first: 1", "0 \u2192 1", "1 \u2192 1"));
  for (const Feature& feature : profile.features) {
    EXPECT_TRUE(feature.rows.isApprox(feature.model, 1e-4)) << feature.name;
  }
  const auto& chains = *model.family().as<Untied<MarkovChain>>();
  EXPECT_EQ(profile.features[2].model[1], chains.component(1).transitions()(1, 1));
  // Three states have all their transitions.
  const MixtureModel three = mixture(MarkovChain(6, 3));
  EXPECT_EQ(component_profiles(three, table, all_rows(three, table), columns, 24).all, 12U);
}

TEST(Profiles, OfDifferentScalesAreStandardized) {
  const MixtureModel model =
      mixture({0.5, 0.5}, Poisson(Vector{{2, 9e4, 1}}), Poisson(Vector{{9, 1e4, 1}}));
  const Table table = Table::from_matrix(model.sample(200, 1).x);
  const Profile profile = component_profiles(model, table, all_rows(model, table), {0, 1, 2}, 2);
  EXPECT_THAT(profile.axis, HasSubstr("standard deviations"));
  EXPECT_EQ(profile.all, 3U);
  // The third tells nothing.
  EXPECT_THAT(names(profile), ElementsAre("x1", "x2"));
  EXPECT_NEAR(std::abs(profile.features[1].rows[0]), 1, 0.1);
  EXPECT_LT(profile.features[0].rows[0], 0);
}

std::string picture_of(const MixtureModel& model, const Table& table) {
  const ::mix::testing::Folder folder;
  plot_model(model, table, folder / "p.svg");
  return read_file(folder / "p.svg");
}

std::string picture_of(const MixtureModel& model, const Matrix& x) {
  return picture_of(model, Table::from_matrix(x));
}

TEST(PicturesOfModels, SuitTheColumns) {
  const std::string mean = "mean of a component";
  GaussianRegression line(2, {.covariates = 2});
  const Matrix x = MixtureModel(AnyFamily(line)).sample(40, 1).x;
  EXPECT_THAT(picture_of(MixtureModel(AnyFamily(line)), x), HasSubstr(mean));
  EXPECT_THAT(picture_of(MixtureModel(AnyFamily(line)), x), HasSubstr("at its mean)"));
  const std::string gated =
      picture_of(MixtureModel(AnyFamily(Gated(Untied(Normal(), 2), {1}))), Matrix(x.rightCols(2)));
  EXPECT_THAT(gated, HasSubstr(mean));
  EXPECT_THAT(gated, Not(HasSubstr("50 %)")));
  EXPECT_THAT(picture_of(MixtureModel(AnyFamily(DeconvolvedGaussians(2, 1))),
                         Matrix(x.leftCols(2).cwiseAbs())),
              HasSubstr(mean));
  EXPECT_THAT(picture_of(mixture(Untied(Bernoulli(3), 2)), Matrix{{0, 1, 1}, {1, 0, 1}}),
              HasSubstr("probability"));
  EXPECT_THAT(picture_of(mixture(MarkovChain(2, 2)), Matrix{{0, 1}, {1, 1}}),
              HasSubstr("first: 1"));
  EXPECT_THAT(picture_of(mixture(Untied(Poisson(30), 2)), Matrix::Ones(5, 30)),
              HasSubstr("the 24 of 30 that tell"));
  EXPECT_THAT(picture_of(MixtureModel(AnyFamily(IntervalCensored(Untied(Normal(), 2)))),
                         Matrix{{0, 1}, {quiet_nan, 2}, {1, quiet_nan}, {3, 3}}),
              HasSubstr("Turnbull"));
  const IntervalCensored counts(Untied(Poisson(1), 2));
  EXPECT_THAT(picture_of(MixtureModel(AnyFamily(Product({{{0, 1}, counts}, {{2, 3}, counts}}))),
                         Matrix{{0, 1, 2, 2}, {1, 3, 0, 1}}),
              HasSubstr("x3, x4"));
}

TEST(PicturesOfModels, OfTrialsHaveTheSharesOfSuccesses) {
  const Table table = Table::from_matrix(Matrix{{3, 10}, {0, 0}, {9, 12}, {1, 30}}, {"won", "of"});
  for (const AnyFamily& family : {AnyFamily(Untied(Binomial::with_trials_column(), 2)),
                                  AnyFamily(Untied(BetaBinomial::with_trials_column(), 2))}) {
    const std::string svg = picture_of(MixtureModel(family), table);
    EXPECT_THAT(svg, HasSubstr("won / of"));
    EXPECT_THAT(svg, HasSubstr("one standard deviation"));
  }
  const MixtureModel two(AnyFamily(Untied(Binomial::with_trials_column(), 2)));
  EXPECT_THROW((void)picture_of(two, Table::from_matrix(Matrix::Zero(3, 2))), DataError);
}

TEST(PicturesOfModels, DrawNoMoreThanTheDescribedColumnsOfAMatrix) {
  const MixtureModel model(AnyFamily(DeconvolvedGaussians(2, 3)));
  Table table = Table::from_matrix(Matrix::Random(30, 6).cwiseAbs(),
                                   {"a", "b", "c", "error_a", "error_b", "error_c"});
  const std::string svg = picture_of(model, table);
  EXPECT_THAT(svg, HasSubstr("95 % of a component"));
  EXPECT_THAT(svg, Not(HasSubstr("error_a")));
}

}  // namespace
}  // namespace mix::cli
