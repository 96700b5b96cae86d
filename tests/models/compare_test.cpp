#include "mix/models/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "mix/mix.h"
#include "support/data_files.h"

namespace mix {
namespace {

using test::faithful;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<Candidate> gaussian_candidates(Index d, const std::vector<Structure>& structures) {
  std::vector<Candidate> candidates;
  for (const Structure structure : structures) {
    candidates.push_back({"gaussian " + to_string(structure), [=](Index k) {
                            return AnyFamily(Gaussians(k, d, {.structure = structure}));
                          }});
  }
  return candidates;
}

std::vector<std::string> names(const std::vector<Candidate>& candidates) {
  std::vector<std::string> all;
  for (const Candidate& candidate : candidates) all.push_back(candidate.name);
  return all;
}

TEST(Compare, RanksByTheCriterionBestFirst) {
  const Comparison ranked =
      compare(faithful(), {.families = gaussian_candidates(2, {Structure::EEE, Structure::VVV}),
                           .components = {1, 4},
                           .fit = {.seed = 1}});
  ASSERT_EQ(ranked.table.size(), 8U);
  // The choice of mclust on these data: EEE with three components, BIC 2320.6 (its sign turned).
  EXPECT_EQ(ranked.table.front().name, "gaussian EEE");
  EXPECT_EQ(ranked.table.front().n_components, 3);
  EXPECT_EQ(ranked.best().model.n_components(), 3);
  for (std::size_t i = 1; i < ranked.table.size(); ++i) {
    if (ranked.table[i].status != "ok") continue;
    EXPECT_LE(ranked.table[i - 1].value, ranked.table[i].value);
  }
}

// Equal volumes collapse as well as others where rows are equal.
TEST(Compare, PrefersSoundFitsToCollapsedOnesOfACommonCovariance) {
  const auto noisy = [](const Matrix& x) {
    return [=](Index k) {
      return AnyFamily(
          FamilyList({Gaussians(k, 1, {.structure = Structure::EII}), UniformBox::around(x)}));
    };
  };
  const auto t = [](Index d) {
    return [=](Index k) { return AnyFamily(StudentT(k, d, {.scale = Scale::common})); };
  };
  Matrix likert(300, 2);
  Rng rng(3);
  for (double& v : likert.reshaped()) v = 1 + std::floor(5 * uniform(rng));
  const Matrix discoveries = test::numbers_of("discoveries.csv");
  const Matrix deaths = test::numbers_of("times_deaths.csv");
  struct Example {
    std::string what;
    Matrix x;
    Candidate candidate;
    Index most;
  };
  const std::vector<Example> examples{
      {"discoveries", discoveries, {"student_t", t(1)}, 9},
      {"discoveries", discoveries, {"noise", noisy(discoveries)}, 5},
      {"stars", test::numbers_of("starscyg.csv"), {"student_t", t(2)}, 9},
      {"likert", likert, gaussian_candidates(2, {Structure::EEI}).front(), 5},
      {"deaths", deaths, gaussian_candidates(2, {Structure::EEE}).front(), 9}};
  for (const Example& example : examples) {
    const Comparison ranked = compare(
        example.x,
        {.families = {example.candidate}, .components = {1, example.most}, .fit = {.seed = 1}});
    EXPECT_FALSE(ranked.best().report.flagged) << example.what;
    EXPECT_EQ(ranked.table.front().status, "ok") << example.what;
    const Json component = json_component(ranked.best().model.family(), 0);
    const Json& matrix = component.contains("scale") ? component["scale"] : component["covariance"];
    for (Index j = 0; j < example.x.cols(); ++j) {
      const auto i = static_cast<std::size_t>(j);
      const double all = (example.x.col(j).array() - example.x.col(j).mean()).square().mean();
      EXPECT_GT(matrix[i][i].get<double>(), 1e-4 * all) << example.what;
    }
  }
}

TEST(Compare, KeepsGroupsFarApartOfACommonCovariance) {
  Matrix x = mixture(Gaussians(1, 2)).sample(200, 4).x;
  for (Index i = 0; i < 200; i += 2) x.row(i).array() += 3000;
  const Comparison ranked = compare(
      x, {.families = gaussian_candidates(2, {Structure::EII, Structure::EEI, Structure::EEE}),
          .components = {1, 4},
          .fit = {.seed = 1}});
  EXPECT_EQ(ranked.best().model.n_components(), 2);
  for (const Ranked& row : ranked) EXPECT_EQ(row.status, "ok") << row.name << row.n_components;
}

TEST(Compare, HasMoreComponentsThanDifferentRows) {
  Matrix x(40, 1);
  for (Index i = 0; i < 40; ++i) x(i, 0) = static_cast<double>(i % 4);
  const Comparison ranked = compare(
      x, {.families = {{"poisson", [](Index k) { return AnyFamily(Untied(Poisson(1), k)); }}},
          .components = {1, 6}});
  for (const Ranked& row : ranked) EXPECT_EQ(row.status, "ok") << row.n_components;
}

TEST(Compare, LogLikelihoodDoesNotFallInTheNumberOfComponents) {
  const Comparison ranked =
      compare(faithful(),
              {.families = gaussian_candidates(2, {Structure::EII, Structure::EEE, Structure::EEI}),
               .components = {1, 7},
               .fit = {.seed = 1}});
  std::map<std::string, std::map<Index, double>> by_name;
  for (const Ranked& row : ranked) by_name[row.name][row.n_components] = row.log_likelihood;
  for (const auto& [name, values] : by_name) {
    for (Index k = 2; k <= 7; ++k) {
      EXPECT_GE(values.at(k), values.at(k - 1) - 1e-6) << name << " " << k;
    }
  }
}

TEST(Compare, AMixtureMustNotImproveOnPoissonHorseKicks) {
  // Deaths by horse kick, 200 corps-years (von Bortkiewicz 1898): one Poisson explains them.
  Matrix x(5, 1);
  x << 0, 1, 2, 3, 4;
  Vector w(5);
  w << 109, 65, 22, 3, 1;
  const Comparison ranked = compare(
      x, {.families = {{"poisson", [](Index k) { return AnyFamily(Untied(Poisson(1), k)); }}},
          .components = {1, 3},
          .fit = {.sample_weight = w}});
  EXPECT_EQ(ranked.best().model.n_components(), 1);
  double one = 0;
  for (const Ranked& row : ranked) {
    if (row.n_components == 1) one = row.log_likelihood;
  }
  for (const Ranked& row : ranked) EXPECT_NEAR(row.log_likelihood, one, 0.01);
}

TEST(Compare, ListsWhatFailedAndWhy) {
  const Comparison ranked =
      compare(faithful(),
              {.families = {{"poisson", [](Index k) { return AnyFamily(Untied(Poisson(2), k)); }},
                            gaussian_candidates(2, {Structure::EEE})[0]},
               .components = {1, 2}});
  EXPECT_EQ(ranked.best().model.title(), "gaussian EEE");
  EXPECT_EQ(ranked.table.back().name, "poisson");
  EXPECT_THAT(ranked.table.back().status, HasSubstr("failed: "));
  EXPECT_THAT(ranked.table.back().status, HasSubstr("column 1"));
  EXPECT_TRUE(std::isnan(ranked.table.back().log_likelihood));
}

TEST(Compare, WhenEverythingFailsBestSaysWhy) {
  const Comparison ranked =
      compare(faithful(),
              {.families = {{"poisson", [](Index k) { return AnyFamily(Untied(Poisson(2), k)); }}},
               .components = {1, 1}});
  EXPECT_THROW((void)ranked.best(), std::runtime_error);
}

TEST(Compare, SameTableForAnyNumberOfThreads) {
  const auto table = [&](Effort effort, Index threads) {
    std::vector<std::pair<std::string, std::vector<double>>> rows;
    for (const Ranked& row :
         compare(faithful(), {.families = gaussian_candidates(2, all_structures()),
                             .components = {1, 3},
                             .fit = {.effort = effort,
                                    .n_init = effort == Effort::fast ? 0 : 6,
                                    .threads = threads}})) {
      rows.emplace_back(row.name, row.fit->report.objective_history);
    }
    return rows;
  };
  for (const Effort effort : {Effort::fast, Effort::standard}) {
    const auto one = table(effort, 1);
    EXPECT_EQ(one.size(), 42U);
    EXPECT_EQ(one, table(effort, 2));
    EXPECT_EQ(one, table(effort, 7));
  }
}

TEST(Compare, SharedStartsEqualThoseOfAFitAlone) {
  const CompareOptions options{.families = gaussian_candidates(2, all_structures()),
                               .components = {3, 3},
                               .fit = {.n_init = 8, .seed = 4}};
  const Comparison together = compare(faithful(), options);
  ASSERT_EQ(together.table.size(), 14U);
  for (const Ranked& row : together) {
    const Fit alone = fit(row.fit->model, faithful(), options.fit);
    EXPECT_EQ(row.fit->report.objective_history, alone.report.objective_history) << row.name;
    EXPECT_EQ(row.fit->report.start, alone.report.start) << row.name;
  }
}

TEST(Compare, WithFastEffortIsNotFarBelowTheHierarchicalStart) {
  const Comparison fast =
      compare(faithful(), {.families = gaussian_candidates(2, all_structures()),
                           .components = {1, 5},
                           .fit = {.effort = Effort::fast, .acceleration = Acceleration::none}});
  for (const Ranked& row : fast) {
    if (row.fit->report.flagged) continue;
    // A run that is given up as hopeless may have been on a plateau.
    const Fit one = fit(row.fit->model, faithful(),
                        {.start = start::Hierarchical{}, .acceleration = Acceleration::none});
    if (one.report.flagged) continue;
    EXPECT_GT(row.log_likelihood, one.report.log_likelihood - 0.5)
        << row.name << " " << row.n_components;
  }
}

TEST(Compare, EndsWhenTheProgressCallbackOfItsFitsSaysSo) {
  Index calls = 0;
  Index fits = 0;
  const Comparison stopped = compare(
      faithful(), {.families = gaussian_candidates(2, {Structure::EEE, Structure::VVV}),
                   .components = {1, 6},
                   .fit = {.threads = 2, .progress = [&](const Progress&) { return ++calls < 20; }},
                   .progress = [&](Index done, Index all) {
                     EXPECT_EQ(done, ++fits);
                     EXPECT_EQ(all, 12);
                   }});
  EXPECT_EQ(fits, 12);
  EXPECT_EQ(stopped.table.size(), 12U);
  EXPECT_LT(calls, 2000);
}

TEST(Compare, CrossValidationPrefersTheTruth) {
  const Matrix x = mixture({0.5, 0.5}, Normal(-3, 1), Normal(3, 1)).sample(200, 1).x;
  const Comparison ranked = compare(x, {.families = gaussian_candidates(1, {Structure::EII}),
                                        .components = {1, 3},
                                        .criterion = "cv",
                                        .fit = {.n_init = 4}});
  EXPECT_NE(ranked.best().model.n_components(), 1);
  for (const Ranked& row : ranked) {
    // Held-out rows are explained a little worse than rows that were fitted.
    EXPECT_GT(row.value, -2 * row.log_likelihood);
    EXPECT_LT(row.value, -2 * row.log_likelihood + 30);
  }
}

TEST(Compare, RefusesArgumentsWithoutMeaning) {
  const auto candidates = gaussian_candidates(2, {Structure::EEE});
  EXPECT_THROW(compare(faithful(), {}), std::invalid_argument);
  EXPECT_THROW(compare(faithful(), {.families = candidates, .components = {0, 3}}),
               std::invalid_argument);
  EXPECT_THROW(compare(faithful(), {.families = candidates, .components = {3, 2}}),
               std::invalid_argument);
  EXPECT_THROW(compare(faithful(), {.families = candidates, .criterion = "best"}),
               std::invalid_argument);
  EXPECT_THROW((void)cross_validation(candidates[0], 1, faithful(), {}, 1), std::invalid_argument);
}

TEST(Suitable, ProposesFamiliesByTheKindAndRangeOfTheColumns) {
  const Matrix real = mixture(Gaussians(1, 2)).sample(30, 1).x;
  EXPECT_THAT(names(suitable(real)), Contains("gaussian VVV"));
  EXPECT_THAT(names(suitable(real)), Contains("student_t VVV"));
  EXPECT_THAT(names(suitable(real)), Not(Contains("exponential")));
  EXPECT_THAT(names(suitable(real)), Not(Contains("poisson")));
  EXPECT_THAT(names(suitable(real.cwiseAbs())), Contains("exponential"));

  Matrix counts(6, 1);
  counts << 0, 3, 1, 7, 2, 2;
  EXPECT_THAT(names(suitable(counts)), Contains("poisson"));
  EXPECT_THAT(names(suitable(counts)), Not(Contains("bernoulli")));
  EXPECT_THAT(names(suitable(counts)), Contains("negative_binomial"));
  EXPECT_THAT(names(suitable(counts)), Contains("zero_inflated_poisson"));
  EXPECT_THAT(names(suitable(counts)), Not(Contains("zero_truncated_poisson")));
  counts.array() += 1;
  EXPECT_THAT(names(suitable(counts)), Contains("zero_truncated_poisson"));
  EXPECT_THAT(names(suitable(counts)), Not(Contains("zero_inflated_poisson")));
  Matrix binary(4, 2);
  binary << 0, 1, 1, 1, 0, 0, 1, 0;
  EXPECT_THAT(names(suitable(binary)), Contains("bernoulli"));

  const Table categories = Table::from_matrix(binary).as_category("x1").as_category("x2");
  EXPECT_EQ(names(suitable(categories)), (std::vector<std::string>{"categorical"}));
  const std::vector<std::string> proposed = names(suitable(real));
  EXPECT_EQ(std::set<std::string>(proposed.begin(), proposed.end()).size(), proposed.size());
}

TEST(Suitable, ProposesContinuousFamiliesForWhatTheyDescribe) {
  const Matrix positive = mixture(Gaussians(1, 3)).sample(30, 1).x.cwiseAbs();
  EXPECT_THAT(names(suitable(positive)), Contains("gamma (3 blocks)"));
  EXPECT_THAT(names(suitable(positive.leftCols(1))), Contains("gamma"));
  EXPECT_THAT(names(suitable(positive)), Not(Contains(HasSubstr("gumbel"))));
  Matrix with_zero = positive;
  with_zero(4, 1) = 0;
  EXPECT_THAT(names(suitable(with_zero)), Not(Contains(HasSubstr("gamma"))));
  EXPECT_THAT(names(suitable(with_zero)), Contains("exponential"));

  Matrix shares = positive;
  shares.array().colwise() /= positive.rowwise().sum().array();
  EXPECT_THAT(names(suitable(shares)), Contains("dirichlet"));
  EXPECT_THAT(names(suitable(shares)), Contains("beta (3 blocks)"));
  EXPECT_THAT(names(suitable(shares)), Not(Contains("von_mises_fisher")));
  const Matrix directions = positive.rowwise().normalized();
  EXPECT_THAT(names(suitable(directions)), Contains("von_mises_fisher"));
  EXPECT_THAT(names(suitable(directions)), Not(Contains("dirichlet")));
}

TEST(Suitable, NamesEveryFamilyOfOneColumnOnce) {
  const Matrix column = mixture(Gaussians(1, 1)).sample(30, 1).x;
  EXPECT_EQ(names(suitable(column)),
            (std::vector<std::string>{"gaussian E", "gaussian V", "student_t VVV", "student_t EEE",
                                      "laplace", "gumbel", "logistic", "skew_normal"}));
}

TEST(Suitable, CandidatesCanBeComparedAsTheyAre) {
  const Matrix x = mixture({0.5, 0.5}, Normal(1, 0.2), Normal(9, 1)).sample(80, 2).x.cwiseAbs();
  const Comparison ranked = compare(x, {.families = suitable(x), .components = {1, 3}});
  EXPECT_EQ(ranked.best().model.n_components(), 2);
  EXPECT_THAT(fmt::format("{}", ranked.table.front()), HasSubstr("BIC"));
}

TEST(Suitable, DescribesNumbersAndCategoriesSideBySide) {
  Matrix x(40, 2);
  x.col(0) = mixture(Gaussians(1, 1)).sample(40, 1).x;
  for (Index i = 0; i < 40; ++i) x(i, 1) = static_cast<double>(i % 3);
  const Table mixed = Table::from_matrix(x).as_category("x2");
  const std::vector<Candidate> candidates = suitable(mixed);
  ASSERT_FALSE(candidates.empty());
  const Comparison ranked =
      compare(mixed.values(), {.families = candidates, .components = {1, 2}, .fit = {.seed = 1}});
  EXPECT_TRUE(std::isfinite(ranked.best().report.log_likelihood));
  EXPECT_THAT(names(candidates), Contains(HasSubstr("categorical")));
}

TEST(Compare, CrossValidatesFitsWithKnownLabelsAndStarts) {
  const Matrix x = faithful();
  std::vector<Index> labels;
  for (Index i = 0; i < x.rows(); ++i) labels.push_back(x(i, 0) > 3 ? 1 : 0);
  CompareOptions options{.families = gaussian_candidates(2, {Structure::EEE}),
                         .components = {2, 2},
                         .criterion = "cv",
                         .fit = {.assignment = Known{labels}, .seed = 1}};
  const Comparison known = compare(x, options);
  EXPECT_EQ(known.table.front().status, "ok");
  options.fit.assignment = Soft{};
  options.fit.start = start::Labels{labels};
  EXPECT_NEAR(compare(x, options).table.front().value, known.table.front().value, 1);
}

TEST(Compare, HasNoBestWhereTheCriterionIsDefinedForNone) {
  const Matrix x = faithful().topRows(5);
  const Comparison ranked = compare(x, {.families = gaussian_candidates(2, {Structure::VVV}),
                                        .components = {1, 1},
                                        .criterion = "aicc"});
  EXPECT_THROW((void)ranked.best(), std::runtime_error);
}

// The outermost row lies outside of every box that was fitted to the others.
TEST(Compare, HasNoBestWhereHeldOutRowsHaveNoDensityUnderAnyCandidate) {
  const Matrix x = mixture({1}, Normal()).sample(60, 1).x;
  const Candidate box{"box", [](Index k) { return AnyFamily(Untied(FreeUniform(1), k)); }};
  const Candidate normal{"normal", [](Index k) { return AnyFamily(Untied(Normal(), k)); }};
  CompareOptions options{
      .families = {box}, .components = {1, 2}, .criterion = "cv", .fit = {.seed = 1}};
  const Comparison boxes = compare(x, options);
  EXPECT_THAT([&] { (void)boxes.best(); },
              testing::ThrowsMessage<std::runtime_error>(
                  testing::AllOf(HasSubstr("cv is infinite"), HasSubstr("bic"))));
  options.families.insert(options.families.begin(), {"positive", [](Index k) {
                                                       return AnyFamily(Untied(Exponential(), k));
                                                     }});
  const Comparison with_failure = compare(x, options);
  EXPECT_EQ(with_failure.table.back().fit, nullptr);
  EXPECT_THAT([&] { (void)with_failure.best(); },
              testing::ThrowsMessage<std::runtime_error>(HasSubstr("cv is infinite")));
  options.families = {box, normal};
  const Comparison both = compare(x, options);
  EXPECT_EQ(both.table.front().name, "normal");
  EXPECT_EQ(both.table.back().value, infinity);
  EXPECT_EQ(&both.simplest_within_error(), &both.table.front());
}

// Equal rows are counted together where enough differ for a start: of noise, too.
TEST(Compare, CountsNoiseAmongTheComponentsThatNeedRows) {
  Matrix x(160, 1);
  for (Index i = 0; i < 160; ++i) x(i, 0) = Vector{{1, 2, 5.5, 6}}[i % 4];
  const Candidate noisy{"noisy", [&](Index k) {
                          return AnyFamily(FamilyList(
                              {AnyFamily(Untied(Normal(), k)), AnyFamily(UniformBox::around(x))}));
                        }};
  for (const bool annihilate : {false, true}) {
    const Comparison found = compare(x, {.families = {noisy},
                                         .components = {1, 4},
                                         .annihilate = annihilate,
                                         .criterion = annihilate ? "mml" : "bic",
                                         .fit = {.seed = 1}});
    for (const Ranked& row : found) EXPECT_THAT(row.status, Not(HasSubstr("failed")));
  }
}

TEST(Compare, NamesTheUsersRowWhereEqualRowsAreCountedTogether) {
  Matrix x(40, 1);
  for (Index i = 0; i < 40; ++i) x(i, 0) = static_cast<double>(i % 4);
  x(37, 0) = -1;
  const Comparison ranked = compare(
      x, {.families = {{"poisson", [](Index k) { return AnyFamily(Untied(Poisson(1), k)); }}},
          .components = {1, 2}});
  EXPECT_THAT(ranked.table.front().status, HasSubstr("row 38"));
}

TEST(Compare, LeavesABetterPosteriorAloneWhereTheLikelihoodFalls) {
  const GaussianOptions prior{.prior = {.kind = GaussianPrior::Kind::conjugate}};
  const Comparison ranked =
      compare(faithful(),
              {.families = {{"map", [=](Index k) { return AnyFamily(Gaussians(k, 2, prior)); }}},
               .components = {1, 6},
               .fit = {.seed = 1}});
  for (const Ranked& row : ranked) {
    for (const std::string& warning : row.fit->report.warnings) {
      EXPECT_THAT(warning, Not(HasSubstr("doubled")));
    }
  }
}

}  // namespace
}  // namespace mix
