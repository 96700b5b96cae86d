#include "mix/distributions/uniform_box.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "mix/concepts.h"
#include "support/evaluate.h"

namespace {

using namespace mix;
using namespace mix::test;

static_assert(Streaming<UniformBox> && Sampleable<UniformBox>);
static_assert(check_component<UniformBox>());

TEST(UniformBox, HasTheDensityOneOverItsVolumeEdgesIncluded) {
  const UniformBox box(Vector{{0.0, -1.0}}, Vector{{2.0, 4.0}});
  for (const auto& inside : {rows(2, {1, 0}), rows(2, {0, -1}), rows(2, {2, 4})}) {
    EXPECT_NEAR(log_density(box, inside)[0], -std::log(10.0), 1e-15);
  }
  EXPECT_EQ(log_density_at(box, {2.0000001, 0}), -infinity);
  EXPECT_NEAR(log_density_at(box, {quiet_nan, 0}), -std::log(5.0), 1e-15);
}

TEST(UniformBox, AroundRowsHoldsThemAll) {
  const Matrix x = rows(2, {3, 5, 1, 9, quiet_nan, 7});
  const UniformBox box = UniformBox::around(x);
  EXPECT_EQ(box.lower(), (Vector{{1.0, 5.0}}));
  EXPECT_EQ(box.upper(), (Vector{{3.0, 9.0}}));
  EXPECT_EQ(box.check_support(x.topRows(2)), "");
}

TEST(UniformBox, RefusesASideWithoutWidthByName) {
  try {
    UniformBox::around(rows(2, {3, 5, 1, 5}));
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("column 2 reaches from 5 to 5"), std::string::npos)
        << error.what();
  }
  EXPECT_THROW(UniformBox(Vector{{1.0}}, Vector{{0.0}}), std::invalid_argument);
  EXPECT_THROW(UniformBox(Vector{{1.0}}, Vector{{infinity}}), std::invalid_argument);
  EXPECT_THROW(UniformBox(Vector{{1.0}}, Vector{{2.0, 3.0}}), std::invalid_argument);
  EXPECT_THROW(UniformBox::around(Matrix(0, 2)), std::invalid_argument);
}

TEST(UniformBox, NamesTheFirstRowOutside) {
  const UniformBox box(Vector{{0.0}}, Vector{{2.0}});
  EXPECT_EQ(box.check_support(rows(1, {1, 3})), "row 2, column 1: 3 lies outside [0, 2]");
}

}  // namespace
