#include "mix/distributions/interval_censored.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "mix/distributions/gamma.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/truncated.h"
#include "mix/distributions/weibull.h"
#include "mix/models/compare.h"
#include "mix/models/family_blocks.h"
#include "mix/models/fit.h"
#include "mix/models/model_file.h"
#include "mix/parallel.h"
#include "support/numerical_maximum.h"

namespace mix {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const MixtureModel& two_lives() {
  static const MixtureModel model = mixture({0.4, 0.6}, Weibull(1.5, 3), Weibull(6, 20));
  return model;
}

// Lives of a mixture, of which those beyond `end` are known to be longer only.
Matrix lives(Index n, double end, std::uint64_t seed = 1) {
  const Vector values = two_lives().sample(n, seed).x.col(0);
  Matrix x(n, 2);
  x << values.cwiseMin(end), (values.array() > end).select(infinity, values);
  return x;
}

TEST(IntervalCensored, RecoversAMixtureFromCensoredLives) {
  constexpr Index n = 2000;
  const Matrix x = lives(n, 20);
  ASSERT_GT((x.col(1).array() == infinity).count(), n / 5);
  const Fit best =
      fit(mixture(IntervalCensored(Untied(Weibull(), 2))), x, {.tol = 1e-7, .seed = 1});
  const MixtureModel& model = best.model;
  // The score is 0, and the truth lies within what the curvature of the likelihood allows.
  Vector at(5);
  at << std::log(model.weights()[1] / model.weights()[0]), model.family().coordinates();
  const auto log_likelihood = [&](const Vector& v) {
    AnyFamily family = model.family();
    family.set_coordinates(v.tail(4));
    const double p = 1 / (1 + std::exp(-v[0]));
    return MixtureModel(Vector{{1 - p, p}}, family).log_likelihood(x);
  };
  EXPECT_LT(testing_support::gradient(log_likelihood, at).cwiseAbs().maxCoeff() / n, 1e-5);
  const Index first = model.moments().mean[0] > 0 &&
                              model.family().moments(0).mean[0] < model.family().moments(1).mean[0]
                          ? 0
                          : 1;
  EXPECT_NEAR(model.weights()[first], 0.4, 4 * std::sqrt(0.24 / n));
  const auto& own = *model.family().as<IntervalCensored>()->family().as<Untied<Weibull>>();
  // 4 standard errors: of the logarithms about 0.8/sqrt(rows) (shape) and 1/(shape sqrt(rows)).
  EXPECT_NEAR(std::log(own.component(first).shape() / 1.5), 0, 4 * 1.2 / std::sqrt(0.4 * n));
  EXPECT_NEAR(std::log(own.component(first).scale() / 3), 0, 4 * 1.2 / (1.5 * std::sqrt(0.4 * n)));
  EXPECT_NEAR(std::log(own.component(1 - first).shape() / 6), 0, 4 * 1.5 / std::sqrt(0.3 * n));
  EXPECT_NEAR(std::log(own.component(1 - first).scale() / 20), 0,
              4 * 1.5 / (6 * std::sqrt(0.3 * n)));
}

// Two kinds of values of which only those between 0 and 12 were seen, in classes.
TEST(IntervalCensored, FitsWhatIsTruncatedAndBinned) {
  using Seen = TruncatedTo<Normal>;
  const MixtureModel truth =
      mixture({0.45, 0.55}, Seen(Normal(1, 1.5), 0, 12), Seen(Normal(8, 3), 0, 12));
  const Vector values = truth.sample(4000, 1).x.col(0);
  constexpr Index classes = 24;
  Matrix x(classes, 2);
  Vector w = Vector::Zero(classes);
  x << Vector::LinSpaced(classes, 0, 11.5), Vector::LinSpaced(classes, 0.5, 12);
  for (const double value : values) ++w[static_cast<Index>(2 * value)];
  const Fit best = fit(mixture(IntervalCensored(Untied(Seen(Normal(), 0, 12), 2))), x,
                       {.sample_weight = w, .start = start::KMeans{}, .tol = 1e-7, .seed = 1});
  const std::vector<Seen> kinds{Seen(Normal(1, 1.5), 0, 12), Seen(Normal(8, 3), 0, 12)};
  const MixtureState binned{truth.weights(), AnyFamily(IntervalCensored(Untied(kinds)))};
  const double at_truth = mix::log_likelihood(binned, x, w);
  EXPECT_GT(best.report.log_likelihood, at_truth);
  // Twice the gain over the truth is a chi-squared number with 5 degrees of freedom: below 25 but
  // for 1 in 7,000.
  EXPECT_LT(best.report.log_likelihood, at_truth + 12.5);
  const auto log_likelihood = [&](const Vector& v) {
    AnyFamily family = best.model.family();
    family.set_coordinates(v);
    return mix::log_likelihood({best.model.weights(), family}, x, w);
  };
  const Vector at = best.model.family().coordinates();
  EXPECT_LT(testing_support::gradient(log_likelihood, at).cwiseAbs().maxCoeff() / w.sum(), 1e-6);
}

TEST(IntervalCensored, HasTheSameBitsForAnyNumberOfThreads) {
  const Matrix x = lives(1500, 20);
  Vector reference;
  for (const Index threads : {1, 2, 7}) {
    FitOptions options{.seed = 2, .threads = threads};
    const Fit best = fit(mixture(IntervalCensored(Untied(Weibull(), 2))), x, options);
    const Vector own = best.model.log_density(x);
    if (reference.size() == 0) reference = own;
    EXPECT_EQ(own, reference) << threads;
  }
}

// Frequencies are repeated rows, and a missing end is an infinite one.
TEST(IntervalCensored, CountsWeightsAndOpenEndsAlike) {
  Matrix x(6, 2);
  x << 0, 1, 1, 2, 2, 4, 4, 8, 8, infinity, 3, 3;
  const Vector w{{3.0, 5, 6, 4, 2, 1}};
  Matrix repeated(21, 2);
  Index row = 0;
  for (Index i = 0; i < 6; ++i) {
    for (Index j = 0; j < static_cast<Index>(w[i]); ++j) repeated.row(row++) = x.row(i);
  }
  const Fit by_weight = fit(mixture(IntervalCensored(Gamma())), x, {.sample_weight = w});
  const Fit by_rows = fit(mixture(IntervalCensored(Gamma())), repeated);
  EXPECT_NEAR(by_weight.report.log_likelihood, by_rows.report.log_likelihood, 1e-7);
  EXPECT_NEAR(by_weight.report.criteria.bic, by_rows.report.criteria.bic, 1e-6);
  x(4, 1) = quiet_nan;
  const Fit missing = fit(mixture(IntervalCensored(Gamma())), x, {.sample_weight = w});
  EXPECT_NEAR(missing.report.log_likelihood, by_weight.report.log_likelihood, 1e-9);
}

TEST(IntervalCensored, IsABlockBesideOthersAndIsSaved) {
  const Matrix both = lives(400, 20);
  Matrix values(400, 3);
  values << both, both.col(0).array() * 2 + 1;
  const Table table({{"start"}, {"stop", ColumnKind::real, {}, true}, {"size"}}, values);
  const FamilyBlocks blocks{{.family = "weibull", .columns = {"start", "stop"}, .intervals = true},
                            {.family = "normal", .columns = {"size"}}};
  const AnyFamily family = make_family(blocks, table, 2);
  EXPECT_EQ(family.title(), "interval_censored weibull x normal");
  EXPECT_TRUE(family.takes_infinite_cells(1));
  EXPECT_FALSE(family.takes_infinite_cells(2));
  const Fit best = fit(MixtureModel(family), table.cells(), {.seed = 1});
  const SavedModel loaded = from_json(to_json({best.model, table.columns()}), "m.json");
  EXPECT_EQ(loaded.model.log_density(values), best.model.log_density(values));
  EXPECT_EQ(loaded.model.title(), best.model.title());
  // Elsewhere infinite cells are refused as ever.
  values(3, 2) = infinity;
  try {
    (void)fit(MixtureModel(family), values);
    ADD_FAILURE() << "no error";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("row 4, column 3 is infinite"));
  }
}

TEST(IntervalCensored, IsWhatSuitsTheEndsOfIntervals) {
  const Matrix x = lives(300, 20);
  const Table table({{"life_lo"}, {"life_hi", ColumnKind::real, {}, true}}, x);
  std::vector<std::string> names;
  for (const FamilyBlocks& blocks : suitable_blocks(table)) {
    EXPECT_TRUE(blocks[0].intervals);
    names.push_back(blocks[0].family);
  }
  EXPECT_THAT(names, Contains("weibull"));
  EXPECT_THAT(names, Contains("lognormal"));
  EXPECT_THAT(names, Not(Contains("poisson")));
  EXPECT_THAT(names, Not(Contains("von_mises")));
  EXPECT_TRUE(are_interval_ends({"lo", "hi"}));
  EXPECT_FALSE(are_interval_ends({"a_lo", "b_hi"}));
  EXPECT_FALSE(are_interval_ends({"a_lo", "a_hi", "b"}));
  const AnyFamily plain = make_family({{"gamma"}}, table, 1);
  EXPECT_EQ(plain.name(), "interval_censored");
  // Whole numbers, some of them known: counts.
  Matrix visits(5, 2);
  visits << 0, 0, 1, 1, 2, 4, 5, infinity, 3, 3;
  const Table counts({{"lo"}, {"hi", ColumnKind::real, {}, true}}, visits);
  names.clear();
  for (const FamilyBlocks& blocks : suitable_blocks(counts)) names.push_back(blocks[0].family);
  EXPECT_THAT(names, Contains("poisson"));
  EXPECT_THAT(names, Not(Contains("weibull")));
}

}  // namespace
}  // namespace mix
