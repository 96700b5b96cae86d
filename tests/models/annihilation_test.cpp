#include "mix/models/annihilation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "mix/mix.h"
#include "mix/models/choice.h"

namespace mix {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

struct AnnihilationCase {
  std::string name;
  MixtureModel truth;
  AnyFamily family;  // with more components than the truth
  Index rows = 600;
};

void PrintTo(const AnnihilationCase& c, std::ostream* out) { *out << c.name; }

MixtureModel three_gaussians() {
  const Matrix means{{0, 0}, {7, 0}, {0, 7}};
  const Matrix round = Matrix::Identity(2, 2);
  return mixture(Gaussians(means, {round, round, round}));
}

Gaussians gaussians(Index k, const std::string& structure) {
  return {k, 2, {.structure = parse_structure(structure)}};
}

std::vector<AnnihilationCase> annihilation_cases() {
  std::vector<AnnihilationCase> all;
  // EEE: one covariance in common.
  for (const char* structure : {"VVV", "VVI", "EEE", "VEV"}) {
    all.push_back(
        {std::string("gaussian_") + structure, three_gaussians(), gaussians(12, structure)});
  }
  all.push_back(
      {"normal", mixture({0.6, 0.4}, Normal(-3, 1), Normal(3, 0.5)), Untied(Normal(), 8)});
  all.push_back(
      {"poisson",
       mixture({0.5, 0.3, 0.2}, Poisson(Vector{{3}}), Poisson(Vector{{20}}), Poisson(Vector{{60}})),
       Untied(Poisson(1), 10)});
  all.push_back({"gamma", mixture({0.5, 0.5}, Gamma(4, 0.5), Gamma(40, 0.25)), Untied(Gamma(), 8)});
  all.push_back(
      {"lists", mixture({0.5, 0.5}, Normal(-4, 1), Normal(4, 1)),
       AnyFamily(FamilyList({AnyFamily(Untied(Normal(), 4)), AnyFamily(Untied(Logistic(), 3))}))});
  all.push_back({"one", mixture({1.0}, Normal(1, 2)), Untied(Normal(), 6)});
  return all;
}

class Annihilation : public ::testing::TestWithParam<AnnihilationCase> {};

INSTANTIATE_TEST_SUITE_P(Families, Annihilation, ::testing::ValuesIn(annihilation_cases()),
                         [](const auto& test) { return test.param.name; });

// Of random rows a component more can make a shorter message; mostly it does not.
TEST_P(Annihilation, FindsHowManyComponentsThereAre) {
  const Index wanted = GetParam().truth.n_components();
  int found_it = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Matrix x = GetParam().truth.sample(GetParam().rows, seed).x;
    const Fit found = choose_by_annihilation(MixtureModel(GetParam().family), x).fit;
    EXPECT_TRUE(found.report.converged);
    EXPECT_FALSE(found.report.flagged);
    if (found.model.n_components() != wanted) continue;
    ++found_it;
    // As good as the search with the right number.
    const Fit searched = fit(MixtureModel(found.model.family()), x, {.effort = Effort::fast});
    EXPECT_GE(found.report.log_likelihood, searched.report.log_likelihood - 0.1);
  }
  EXPECT_GE(found_it, 3);
}

TEST_P(Annihilation, TellsItsPath) {
  const Matrix x = GetParam().truth.sample(GetParam().rows, 4).x;
  const MixtureModel model(GetParam().family);
  const AnnihilationFit found = choose_by_annihilation(model, x);
  ASSERT_FALSE(found.path.empty());
  EXPECT_LE(found.path.front().n_components, model.n_components());
  EXPECT_EQ(found.path.back().n_components, 1);
  const AnnihilationStep* best = nullptr;
  for (std::size_t i = 0; i < found.path.size(); ++i) {
    const AnnihilationStep& step = found.path[i];
    if (i > 0) {
      EXPECT_LT(step.n_components, found.path[i - 1].n_components);
    }
    EXPECT_GE(step.sweeps, 1);
    if (step.flaw.empty() && (best == nullptr || step.message_length < best->message_length)) {
      best = &step;
    }
  }
  ASSERT_NE(best, nullptr);
  EXPECT_EQ(best->n_components, found.fit.model.n_components());
  const Report& report = found.fit.report;
  EXPECT_EQ(found.message_length, message_length(found.fit.model, report.log_likelihood, report.n));
  EXPECT_EQ(report.start, "annihilation");
  // The weights that shorten the message are not quite those of the greatest likelihood.
  EXPECT_GE(report.log_likelihood, best->log_likelihood - 1e-6);
  EXPECT_NEAR(found.message_length, best->message_length, 2);
}

const MixtureModel& two_normals() {
  static const MixtureModel truth = mixture({0.5, 0.5}, Normal(-4, 1), Normal(4, 1));
  return truth;
}

MixtureModel normals(Index k) { return MixtureModel(AnyFamily(Untied(Normal(), k))); }

// By hand: 2 parameters for each component.
TEST(AnnihilationCriterion, IsTheMessageLength) {
  const Matrix x = two_normals().sample(300, 1).x;
  const AnnihilationFit found = choose_by_annihilation(normals(6), x);
  ASSERT_EQ(found.fit.model.n_components(), 2);
  double half = -found.fit.report.log_likelihood;
  for (const double weight : found.fit.model.weights()) half += std::log(300 * weight / 12);
  half += std::log(300 / 12.0) + 2 * (2 + 1) / 2.0;
  EXPECT_NEAR(found.message_length, 2 * half, 1e-9);
}

TEST(AnnihilationOptions, KeepsTheLeastNumber) {
  const Matrix x = two_normals().sample(300, 1).x;
  const AnnihilationFit found = choose_by_annihilation(normals(7), x, {.least_components = 4});
  EXPECT_EQ(found.path.back().n_components, 4);
  EXPECT_GE(found.fit.model.n_components(), 4);
  // As many as there are: nothing is removed.
  const AnnihilationFit all = choose_by_annihilation(normals(3), x, {.least_components = 3});
  ASSERT_EQ(all.path.size(), 1U);
  EXPECT_EQ(all.fit.model.n_components(), 3);
}

TEST(AnnihilationOptions, MoreComponentsThanRowsCanSupportGoOneByOne) {
  const Matrix x = mixture(Gaussians(1, 4)).sample(40, 1).x;
  // 14 parameters each: 7 rows each are needed, and there are 2.
  const AnnihilationFit found = choose_by_annihilation(mixture(Gaussians(20, 4)), x);
  EXPECT_EQ(found.fit.model.n_components(), 1);
}

TEST(AnnihilationOptions, AWeightOfTwoIsADoubledRow) {
  const Matrix x = two_normals().sample(200, 2).x;
  Matrix doubled(400, 1);
  doubled << x, x;
  AnnihilationOptions options;
  options.fit.start = start::Labels{};
  std::vector<Index>& labels = std::get<start::Labels>(options.fit.start).labels;
  for (Index i = 0; i < 400; ++i) labels.push_back(i % 200 % 5);
  const AnnihilationFit rows = choose_by_annihilation(normals(5), doubled, options);
  labels.resize(200);
  options.fit.sample_weight = Vector::Constant(200, 2.0);
  const AnnihilationFit weighted = choose_by_annihilation(normals(5), x, options);
  EXPECT_EQ(rows.fit.model.n_components(), weighted.fit.model.n_components());
  ASSERT_EQ(rows.path.size(), weighted.path.size());
  for (std::size_t i = 0; i < rows.path.size(); ++i) {
    EXPECT_NEAR(rows.path[i].message_length, weighted.path[i].message_length, 1e-6);
  }
}

TEST(AnnihilationOptions, SeveralRunsAreNotWorseThanOne) {
  const Matrix x = two_normals().sample(300, 5).x;
  AnnihilationOptions options;
  const double one = choose_by_annihilation(normals(9), x, options).message_length;
  options.fit.n_init = 4;
  EXPECT_LE(choose_by_annihilation(normals(9), x, options).message_length, one + 1e-6);
}

TEST(AnnihilationOptions, AnInterruptKeepsTheBestSoFar) {
  const Matrix x = two_normals().sample(300, 5).x;
  AnnihilationOptions options;
  Index calls = 0;
  options.fit.progress = [&](const Progress&) { return ++calls < 3; };
  const AnnihilationFit found = choose_by_annihilation(normals(9), x, options);
  EXPECT_EQ(found.path.size(), 1U);
  EXPECT_TRUE(std::isfinite(found.message_length));
}

TEST(AnnihilationOptions, TheSameBitsForAnyNumberOfThreads) {
  const Matrix x = three_gaussians().sample(1500, 1).x;
  for (const char* structure : {"VVV", "EEE"}) {
    AnnihilationOptions options;
    options.fit.threads = 1;
    const MixtureModel model(AnyFamily(gaussians(8, structure)));
    const AnnihilationFit one = choose_by_annihilation(model, x, options);
    options.fit.threads = 3;
    const AnnihilationFit three = choose_by_annihilation(model, x, options);
    EXPECT_EQ(one.message_length, three.message_length);
    EXPECT_EQ(one.fit.model.weights(), three.fit.model.weights());
    ASSERT_EQ(one.path.size(), three.path.size());
    for (std::size_t i = 0; i < one.path.size(); ++i) {
      EXPECT_EQ(one.path[i].message_length, three.path[i].message_length);
    }
  }
}

TEST(AnnihilationOptions, RefusesWhatItCannotDo) {
  const Matrix x = two_normals().sample(30, 1).x;
  const auto refused = [&](const AnnihilationOptions& options, const char* why) {
    EXPECT_THAT([&] { (void)choose_by_annihilation(normals(4), x, options); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(why)));
  };
  refused({.least_components = 0}, "from 1 to the 4 of the model, not 0");
  refused({.least_components = 5}, "from 1 to the 4 of the model, not 5");
  refused({.fit = {.assignment = Hard{}}}, "shared softly");
  refused({.fit = {.mixing = MixingWeights::equal}}, "leave them free");
  refused({.fit = {.sample_weight = Vector::Ones(3)}}, "3 sample weights for 30 rows");
  EXPECT_THAT([&] { (void)choose_by_annihilation(normals(31), x); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("31 components for 30 rows")));
  EXPECT_THAT(
      [&] { (void)choose_by_annihilation(mixture(Untied(Normal(), 2), frozen(Normal(0, 5))), x); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("cannot be taken out one by one")));
}

}  // namespace
}  // namespace mix
