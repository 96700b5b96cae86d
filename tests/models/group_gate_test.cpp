// Mixing weights that depend on covariates, of rows that share a component.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "mix/mix.h"
#include "support/numerical_maximum.h"

namespace mix {
namespace {

using ::testing::HasSubstr;

// Subjects with a covariate z that tells which of two means their 4 values have: columns y, z.
struct Panel {
  Matrix x{480, 2};
  Vector w{480};
  Groups groups{};
};

Panel panel() {
  Panel data;
  std::vector<Index> subject;
  Rng rng(3, Purpose::sample);
  Vector z(120);
  Vector mean(120);
  for (Index i = 0; i < 120; ++i) {
    z[i] = standard_normal(rng);
    mean[i] = uniform(rng) < 1 / (1 + std::exp(-0.5 - 1.5 * z[i])) ? 2 : 0;
  }
  for (Index i = 0; i < 480; ++i) {
    const Index own = i % 120;
    subject.push_back(own);
    data.x.row(i) << mean[own] + standard_normal(rng), z[own];
    data.w[i] = 0.5 + static_cast<double>(i % 3) / 2;
  }
  data.groups = Groups(subject);
  return data;
}

MixtureModel gated() { return mixture(Gated(Untied(Normal(), 2), {1})); }

// groups x components: log p_k(z_g) + sum over n of w_n log f_k(x_n), written down once more.
Matrix joint(const Gated& family, const Panel& data) {
  Matrix density(data.x.rows(), 2);
  family.family().log_densities(Matrix(data.x.col(0)), density);
  const std::vector<Index> first = data.groups.first_rows();
  Matrix result = family.weights(Matrix(data.x(first, Eigen::all))).array().log();
  for (Index i = 0; i < data.x.rows(); ++i) {
    result.row(data.groups[i]) += data.w[i] * density.row(i);
  }
  return result;
}

double log_likelihood_of(const Gated& family, const Panel& data) {
  return joint(family, data).array().exp().rowwise().sum().log().sum();
}

TEST(GatesOfGroups, AreMaximizedOverGroupsThatCountOnce) {
  const Panel data = panel();
  const Fit best =
      fit(gated(), data.x,
          {.sample_weight = data.w, .groups = data.groups, .n_init = 3, .tol = 1e-10, .seed = 1});
  EXPECT_EQ(best.report.falls, 0);
  EXPECT_EQ(best.report.n, 120);
  EXPECT_EQ(best.model.dimension(), 2);
  const auto& family = *best.model.family().as<Gated>();
  EXPECT_FALSE(family.has_group_shares());
  EXPECT_NEAR(best.report.log_likelihood, log_likelihood_of(family, data), 1e-8);
  const auto value = [&](const Vector& v) {
    Gated moved = family;
    moved.set_coordinates(v);
    return log_likelihood_of(moved, data);
  };
  const Vector score = testing_support::gradient(value, family.coordinates());
  EXPECT_LT(score.cwiseAbs().maxCoeff() / 120, 1e-6);
  // The truth, within three standard errors.
  EXPECT_NEAR(std::abs(family.gate_coefficients(1)[0]), 1.5, 0.9);

  const Posterior found = group_posterior(best.model, data.x, data.w, data.groups);
  Matrix expected = joint(family, data).array().exp();
  EXPECT_LT((found.log_density.array() - expected.rowwise().sum().array().log()).matrix().norm(),
            1e-8);
  expected.array().colwise() /= expected.rowwise().sum().eval().array();
  EXPECT_LT((found.responsibilities - expected).norm(), 1e-9);
  const Report again =
      evaluate(best.model, data.x, {.sample_weight = data.w, .groups = data.groups});
  EXPECT_NEAR(again.log_likelihood, best.report.log_likelihood, 1e-9);
  EXPECT_NEAR(again.bic(), best.report.bic(), 1e-8);
}

TEST(GatesOfGroups, HaveTheSameBitsForAnyNumberOfThreads) {
  const Panel data = panel();
  FitOptions options{.groups = data.groups, .effort = Effort::fast, .seed = 1, .threads = 1};
  const Fit one = fit(gated(), data.x, options);
  options.threads = 3;
  const Fit three = fit(gated(), data.x, options);
  EXPECT_EQ(one.report.log_likelihood, three.report.log_likelihood);
  EXPECT_EQ(one.model.family().coordinates(), three.model.family().coordinates());
}

TEST(GatesOfGroups, OfOneRowEachAreThoseOfRows) {
  const Panel data = panel();
  const Matrix x = data.x.topRows(120);
  std::vector<Index> alone(120);
  for (Index i = 0; i < 120; ++i) alone[static_cast<std::size_t>(i)] = i;
  const Groups each(alone);
  const Fit rows = fit(gated(), x, {.effort = Effort::fast, .tol = 1e-10, .seed = 1});
  const Fit groups =
      fit(gated(), x, {.groups = each, .effort = Effort::fast, .tol = 1e-10, .seed = 1});
  EXPECT_NEAR(groups.report.log_likelihood, rows.report.log_likelihood, 1e-7);
  const StandardErrors of_rows = standard_errors(rows.model, x);
  const StandardErrors of_groups = standard_errors(rows.model, x, {.groups = each});
  ASSERT_EQ(of_rows.parameters.size(), of_groups.parameters.size());
  for (std::size_t i = 0; i < of_rows.parameters.size(); ++i) {
    EXPECT_NEAR(of_groups.parameters[i].standard_error, of_rows.parameters[i].standard_error,
                1e-6 * of_rows.parameters[i].standard_error);
  }
}

TEST(GatesOfGroups, AreComparedAndHeldOutWithTheirGroups) {
  const Panel data = panel();
  CompareOptions options;
  options.families = {
      {"gated", [](Index k) { return AnyFamily(Gated(Untied(Normal(), k), {1})); }, {}}};
  options.components = {1, 3};
  options.fit.groups = data.groups;
  options.fit.seed = 1;
  options.fit.effort = Effort::fast;
  EXPECT_EQ(compare(data.x, options).best().model.n_components(), 2);
  EXPECT_GT(cross_validation(options.families[0], 1, data.x, options.fit, 5),
            cross_validation(options.families[0], 2, data.x, options.fit, 5));
}

TEST(GatesOfGroups, NeedOneValueInAGroup) {
  Panel data = panel();
  data.x(123, 1) += 1;
  try {
    fit(gated(), data.x, {.groups = data.groups});
    ADD_FAILURE() << "no error";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("rows 4 and 124 are of one group, but column 2"));
  }
  EXPECT_THROW(group_posterior(gated(), data.x, data.w, data.groups), std::invalid_argument);
  // A row that does not count may say anything.
  data.w[123] = 0;
  EXPECT_NO_THROW(fit(gated(), data.x,
                      {.sample_weight = data.w, .groups = data.groups, .effort = Effort::fast}));
}

TEST(GatesOfGroups, AreSavedWithTheirShares) {
  const Gated family = Gated(Untied(Normal(), 2), {1}).with_group_shares();
  EXPECT_EQ(family.dimension(), 3);
  const SavedModel saved = from_json(to_json({mixture(family), {}}), "file");
  const auto& loaded = *saved.model.family().as<Gated>();
  EXPECT_TRUE(loaded.has_group_shares());
  EXPECT_EQ(loaded.gate_columns(), family.gate_columns());
  EXPECT_EQ(loaded.without_group_shares().dimension(), 2);
}

}  // namespace
}  // namespace mix
