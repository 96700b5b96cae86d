#include "mix/models/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "mix/distributions/gaussians.h"
#include "mix/distributions/normal.h"
#include "mix/errors.h"
#include "support/data_files.h"

namespace mix {
namespace {

using ::testing::ElementsAre;

// What mclust 6.0.0 finds for Old Faithful: G = 4, VVV.
MixtureModel four_of_faithful() {
  const Matrix means{{4.11526073414703, 87.09757652512091},
                     {1.83822945911538, 52.09476020326672},
                     {4.32109879679678, 78.76558211134078},
                     {2.15411344708342, 55.89153829104022}};
  const std::vector<Matrix> covariances{
      Matrix{{0.18593031424473, 1.34915303921894}, {1.34915303921894, 17.47815478350437}},
      Matrix{{0.00428796871605946, -0.0827519045359544},
             {-0.0827519045359544, 23.5709078644070686}},
      Matrix{{0.159109231580847, 1.09751028031405}, {1.09751028031405, 28.81819309571854}},
      Matrix{{0.0723522277861498, 0.319953440879317}, {0.319953440879317, 34.488942193790841}}};
  return mixture({0.0940805684536767, 0.1310281494082229, 0.5494054143430974, 0.2254858677950026},
                 Gaussians(means, covariances));
}

std::vector<std::pair<Index, Index>> joined(const MergeTree& tree) {
  std::vector<std::pair<Index, Index>> pairs;
  for (const MergeStep& step : tree.steps) pairs.emplace_back(step.first, step.second);
  return pairs;
}

// Values of mclust 6.0.0 (clustCombi, whose entropies are those of its combined z).
TEST(MergeComponents, ByEntropyAgreesWithMclust) {
  const MergeTree tree = merge_components(four_of_faithful(), test::faithful());
  ASSERT_EQ(tree.steps.size(), 3U);
  const double tolerance = 1e-6;
  EXPECT_NEAR(tree.entropy, 54.5172992659372, tolerance);
  EXPECT_NEAR(tree.steps[0].entropy, 26.9563521773678, tolerance);
  EXPECT_NEAR(tree.steps[0].value, 54.5172992659372 - 26.9563521773678, tolerance);
  EXPECT_NEAR(tree.steps[1].entropy, 0.5842951320576, tolerance);
  EXPECT_NEAR(tree.steps[2].entropy, 0, tolerance);
  EXPECT_THAT(joined(tree), ElementsAre(std::pair(0, 2), std::pair(1, 3), std::pair(4, 5)));
  EXPECT_EQ(tree.steps[0].rows, 175);
  EXPECT_EQ(tree.steps[1].rows, 97);
  EXPECT_EQ(tree.steps[2].rows, 272);
  EXPECT_EQ(tree.suggested, 2);
}

// Values from the formula of Hennig (2010), computed in R from mclust's responsibilities.
TEST(MergeComponents, ByMisclassificationAgreesWithItsDefinition) {
  const MergeTree tree = merge_components(four_of_faithful(), test::faithful(),
                                          {.rule = MergeRule::misclassification});
  ASSERT_EQ(tree.steps.size(), 3U);
  const double tolerance = 1e-8;
  EXPECT_NEAR(tree.steps[0].value, 0.231487652581133, tolerance);
  EXPECT_NEAR(tree.steps[1].value, 0.161153279033956, tolerance);
  EXPECT_NEAR(tree.steps[2].value, 0.000636649460848651, tolerance);
  EXPECT_THAT(joined(tree), ElementsAre(std::pair(0, 2), std::pair(1, 3), std::pair(4, 5)));
  EXPECT_EQ(tree.suggested, 2);
}

TEST(MergeComponents, OfThreeNormalsByHand) {
  // Rows that are certain but for one, which the second and third component share equally.
  const MixtureModel model =
      mixture({0.5, 0.25, 0.25}, Normal(-1000, 1), Normal(-1, 1), Normal(1, 1));
  const Matrix x{{-1000.0}, {-1000.0}, {0.0}};
  const MergeTree tree = merge_components(model, x, {.sample_weight = Vector{{1, 1, 3}}});
  EXPECT_NEAR(tree.entropy, 3 * std::log(2.0), 1e-12);
  EXPECT_EQ(tree.steps[0].first, 1);
  EXPECT_EQ(tree.steps[0].second, 2);
  EXPECT_NEAR(tree.steps[0].value, 3 * std::log(2.0), 1e-12);
  EXPECT_NEAR(tree.steps[0].entropy, 0, 1e-12);
  EXPECT_EQ(tree.steps[0].rows, 3);
  EXPECT_EQ(tree.steps[1].first, 0);
  EXPECT_EQ(tree.steps[1].second, 3);
  EXPECT_EQ(tree.steps[1].rows, 5);
  EXPECT_EQ(tree.suggested, 2);
  EXPECT_THAT(tree.clusters(3), ElementsAre(0, 1, 2));
  EXPECT_THAT(tree.clusters(2), ElementsAre(0, 1, 1));
  EXPECT_THAT(tree.clusters(1), ElementsAre(0, 0, 0));
  EXPECT_THROW((void)tree.clusters(0), std::invalid_argument);
  EXPECT_THROW((void)tree.clusters(4), std::invalid_argument);
}

TEST(MergeComponents, WeightsAreRepeatedRowsAndThreadsDoNotMatter) {
  const MixtureModel model = four_of_faithful();
  const Matrix x = test::faithful();
  Matrix twice(2 * x.rows(), x.cols());
  twice << x, x;
  for (const MergeRule rule : {MergeRule::entropy, MergeRule::misclassification}) {
    MergeOptions options{.rule = rule, .threads = 1};
    const MergeTree repeated = merge_components(model, twice, options);
    options.threads = 3;
    const MergeTree same = merge_components(model, twice, options);
    options.sample_weight = Vector::Constant(x.rows(), 2);
    const MergeTree weighted = merge_components(model, x, options);
    for (std::size_t s = 0; s < 3; ++s) {
      EXPECT_EQ(repeated.steps[s].value, same.steps[s].value);
      EXPECT_EQ(repeated.steps[s].entropy, same.steps[s].entropy);
      EXPECT_NEAR(repeated.steps[s].value, weighted.steps[s].value, 1e-9);
      EXPECT_NEAR(repeated.steps[s].entropy, weighted.steps[s].entropy, 1e-9);
      EXPECT_EQ(repeated.steps[s].rows, weighted.steps[s].rows);
    }
  }
}

TEST(MergeComponents, OfGroupsCountsGroups) {
  const MixtureModel model = mixture({0.5, 0.5}, Normal(-1, 1), Normal(1, 1));
  // The rows of each group cancel out, so the groups are undecided.
  const Matrix x{{-3.0}, {3.0}, {2.0}, {-2.0}};
  const MergeTree tree = merge_components(model, x, {.groups = Groups({0, 0, 1, 1})});
  EXPECT_NEAR(tree.entropy, 2 * std::log(2.0), 1e-12);
  EXPECT_EQ(tree.steps[0].rows, 2);
}

TEST(MixtureOfClusters, HasTheSameDensityAndAddsResponsibilities) {
  const MixtureModel model = four_of_faithful();
  const Matrix x = test::faithful();
  const std::vector<Index> cluster = merge_components(model, x).clusters(2);
  EXPECT_THAT(cluster, ElementsAre(0, 1, 0, 1));
  const MixtureModel merged = mixture_of_clusters(model, cluster);
  EXPECT_EQ(merged.n_components(), 2);
  EXPECT_LT((merged.log_density(x) - model.log_density(x)).cwiseAbs().maxCoeff(), 1e-12);
  const Matrix r = model.responsibilities(x);
  const Matrix joined = merged.responsibilities(x);
  EXPECT_LT((r.col(0) + r.col(2) - joined.col(0)).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_EQ(merged.parameter_count(), model.parameter_count());
}

TEST(MixtureOfClusters, RefusesClustersWithGapsAndTooFew) {
  const MixtureModel model = four_of_faithful();
  EXPECT_THROW((void)mixture_of_clusters(model, {0, 0, 1}), std::invalid_argument);
  EXPECT_THROW((void)mixture_of_clusters(model, {0, 0, 2, 2}), std::invalid_argument);
  EXPECT_THROW((void)mixture_of_clusters(model, {0, 0, 1, -1}), std::invalid_argument);
}

TEST(MergeComponents, RefusesWhatCannotBe) {
  const MixtureModel model = four_of_faithful();
  EXPECT_THROW((void)merge_components(model, Matrix::Zero(3, 1)), std::invalid_argument);
  EXPECT_THROW((void)merge_components(model, Matrix::Zero(3, 2), {.cutoff = 2}),
               std::invalid_argument);
  EXPECT_THROW((void)parse_merge_rule("ward"), std::invalid_argument);
}

}  // namespace
}  // namespace mix
