#include "mix/criteria.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mix {
namespace {

// By hand: L = -100, nu = 5, n = 50, E = 3, sum log max r = -2, Lc = -104, L of one component -120.
const Criteria& example() {
  static const Criteria c = criteria({.log_likelihood = -100,
                                      .parameter_count = 5,
                                      .n = 50,
                                      .n_components = 2,
                                      .entropy = 3,
                                      .log_largest = -2,
                                      .classification = -104,
                                      .one_component = -120});
  return c;
}

TEST(Criteria, EqualHandComputedValues) {
  const double log_n = std::log(50.0);
  EXPECT_DOUBLE_EQ(example().aic, 210);
  EXPECT_DOUBLE_EQ(example().aic3, 215);
  EXPECT_DOUBLE_EQ(example().aicc, 210 + 60.0 / 44);
  EXPECT_DOUBLE_EQ(example().bic, 200 + 5 * log_n);
  EXPECT_DOUBLE_EQ(example().caic, 200 + 5 * (log_n + 1));
  EXPECT_DOUBLE_EQ(example().hqc, 200 + 10 * std::log(log_n));
  EXPECT_DOUBLE_EQ(example().sabic, 200 + 5 * std::log(52.0 / 24));
  EXPECT_DOUBLE_EQ(example().icl, example().bic + 6);
  EXPECT_DOUBLE_EQ(example().icl_map, example().bic + 4);
  EXPECT_DOUBLE_EQ(example().clc, 206);
  EXPECT_DOUBLE_EQ(example().awe, 208 + 10 * (1.5 + log_n));
  EXPECT_DOUBLE_EQ(example().nec, 3.0 / 20);
}

TEST(Criteria, NecOfOneComponentIsOne) {
  EXPECT_EQ(criteria({.log_likelihood = -5, .parameter_count = 1, .n = 10}).nec, 1);
}

TEST(Criteria, AreNaNWhereUndefined) {
  const Criteria c =
      criteria({.log_likelihood = -5, .parameter_count = 9, .n = 10, .n_components = 2});
  EXPECT_TRUE(std::isnan(c.aicc));
  EXPECT_TRUE(std::isnan(c.nec));
}

TEST(Criteria, AreFoundByName) {
  for (const std::string& name : criterion_names()) EXPECT_TRUE(std::isfinite(example().at(name)));
  EXPECT_EQ(criterion_names().size(), 12U);
  EXPECT_EQ(example().at("bic"), example().bic);
  EXPECT_THROW((void)example().at("BICC"), std::invalid_argument);
}

}  // namespace
}  // namespace mix
