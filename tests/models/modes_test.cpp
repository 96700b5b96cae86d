#include "mix/models/modes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mix/distributions/categorical.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/geometric.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/uniform_box.h"
#include "mix/errors.h"

namespace mix {
namespace {

TEST(Modes, OfNormalDistributionsNearAndFar) {
  // Of equal ones at -m and m: one mode for m <= 1, else the solutions of x = m tanh(m x).
  const std::vector<Mode> near = modes(mixture(Normal(-0.9, 1), Normal(0.9, 1)));
  ASSERT_EQ(near.size(), 1);
  EXPECT_NEAR(near[0].point[0], 0, 1e-6);
  const std::vector<Mode> far = modes(mixture(Normal(-1.5, 1), Normal(1.5, 1)));
  ASSERT_EQ(far.size(), 2);
  const double x = std::abs(far[0].point[0]);
  EXPECT_NEAR(x, 1.5 * std::tanh(1.5 * x), 1e-7);
  EXPECT_NEAR(far[0].point[0], -far[1].point[0], 1e-7);
}

TEST(Modes, OfAPlaneAreSortedByDensity) {
  const Matrix covariance{{1, 0.8}, {0.8, 1}};
  const MixtureModel model(Vector{{0.3, 0.7}},
                           Gaussians(Matrix{{0, 0}, {50, -20}}, {covariance, covariance}));
  const std::vector<Mode> found = modes(model);
  ASSERT_EQ(found.size(), 2);
  EXPECT_TRUE(found[0].point.isApprox(Vector{{50, -20}}, 1e-7));
  EXPECT_NEAR(found[1].point.norm(), 0, 1e-6);
  EXPECT_NEAR(found[0].log_density, model.log_density(Matrix{{50, -20}})[0], 1e-12);
}

TEST(Modes, AwayFromTheMeanAreFound) {
  const std::vector<Mode> found = modes(mixture(Gamma(3, 2)));
  ASSERT_EQ(found.size(), 1);
  EXPECT_NEAR(found[0].point[0], 4, 1e-6);
}

TEST(Modes, OfCountsAreCounts) {
  const std::vector<Mode> found =
      modes(mixture({0.5, 0.5}, Poisson(Vector{{4.5}}), Poisson(Vector{{40.5}})));
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].point[0], 4);
  EXPECT_EQ(found[1].point[0], 40);
  ASSERT_EQ(modes(mixture(Geometric(0.1))).size(), 1);
  EXPECT_EQ(modes(mixture(Geometric(0.1)))[0].point[0], 0);
}

TEST(Modes, OfWhatHasNoneAreNone) {
  EXPECT_TRUE(modes(mixture(UniformBox(Vector{{0.0}}, Vector{{1.0}}))).empty());
  EXPECT_THROW((void)modes(mixture(Categorical(std::vector<Index>{3}))), NotAvailable);
}

}  // namespace
}  // namespace mix
