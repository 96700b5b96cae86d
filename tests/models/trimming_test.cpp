#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mix/distributions/gaussians.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/uniform_box.h"
#include "mix/em.h"
#include "mix/models/compare.h"
#include "mix/models/fit.h"
#include "mix/parallel.h"
#include "mix/untied.h"
#include "support/gaussian_data.h"

namespace mix {
namespace {

using testing_support::Data;
using testing_support::three_groups;

// Two groups of 100 rows, and rows of neither.
Matrix contaminated_rows(Index outliers) {
  Rng rng(11);
  Matrix x(200 + outliers, 2);
  for (Index i = 0; i < x.rows(); ++i) {
    const bool outlying = i >= 200;
    const double spread = outlying ? 40 : 1;
    for (Index j = 0; j < 2; ++j) {
      x(i, j) = (i % 2 == 0 ? 0 : 6) + spread * standard_normal(rng);
    }
    if (outlying) x(i, 0) += x(i, 0) < 3 ? -15 : 15;  // none of them near the groups
  }
  return x;
}

MixtureState state_at_start(const AnyFamily& family, const Matrix& x) {
  AnyFamily own = family;
  own.prepare(x, Vector::Ones(x.rows()));
  Matrix shares(x.rows(), own.size());
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index k = 0; k < own.size(); ++k) shares(i, k) = i % own.size() == k ? 2 : 1;
  }
  shares.array().colwise() /= shares.rowwise().sum().array().eval();
  own.start(x, shares);
  return {Vector::Constant(own.size(), 1.0 / static_cast<double>(own.size())), own};
}

TEST(Trimming, LeavesOutliersWithoutAWord) {
  constexpr Index outliers = 14;
  const Matrix x = contaminated_rows(outliers);
  const MixtureModel model = mixture(Gaussians(2, 2));
  const Fit clean = fit(model, Matrix(x.topRows(200)), {.seed = 1});
  FitOptions options{.assignment = Trimmed{outliers / 214.0}, .seed = 1};
  const Fit trimmed = fit(model, x, options);
  EXPECT_NEAR(trimmed.report.log_likelihood, clean.report.log_likelihood, 2e-3);
  EXPECT_NEAR(trimmed.report.bic(), clean.report.bic(), 1e-2);
  EXPECT_NEAR(trimmed.report.n, 200, 1e-9);
  for (Index k = 0; k < 2; ++k) {
    EXPECT_LT(
        (trimmed.model.family().moments(k).mean - clean.model.family().moments(k).mean).norm(),
        1e-2);
  }
  const Vector kept =
      kept_weights(trimmed.model.state(), x, Vector::Ones(x.rows()), outliers / 214.0);
  EXPECT_GT(kept.head(200).minCoeff(), 1 - 1e-9);
  EXPECT_LT(kept.tail(outliers).maxCoeff(), 1e-9);
  // Without trimming they do move it.
  EXPECT_LT(fit(model, x, {.seed = 1}).report.log_likelihood, clean.report.log_likelihood - 50);
  // The report of the same parameters is the same.
  const Report again = evaluate(trimmed.model, x, options);
  EXPECT_NEAR(again.log_likelihood, trimmed.report.log_likelihood, 1e-9);
  EXPECT_EQ(again.n, trimmed.report.n);
}

TEST(Trimming, OfNoRowsIsPlainEmToTheLastBit) {
  const Matrix x = contaminated_rows(10);
  for (const Structure structure : {Structure::VVV, Structure::EEE, Structure::EII}) {
    MixtureState soft = state_at_start(Gaussians(2, 2, {.structure = structure}), x);
    MixtureState none = soft;
    const Vector w = Vector::Ones(x.rows());
    const EmReport a = run_em(soft, x, w, {.acceleration = Acceleration::automatic});
    const EmReport b =
        run_em(none, x, w, {.assignment = Trimmed{0}, .acceleration = Acceleration::automatic});
    EXPECT_EQ(a.objective_history, b.objective_history);
    EXPECT_EQ(a.log_likelihood, b.log_likelihood);
  }
}

// Of families with closed estimates, with iterated ones, with statistics that are constant
// otherwise, with a prior, and with several cycles.
TEST(Trimming, NeverLowersWhatIsKeptInAnyFamily) {
  const Matrix x = contaminated_rows(12);
  Matrix counts = x.col(0).array().abs().round();
  counts.conservativeResize(x.rows(), 1);
  Vector w = Vector::Ones(x.rows());
  w[3] = 2.5;
  w[201] = 0;
  const std::vector<std::pair<AnyFamily, Matrix>> cases{
      {Gaussians(2, 2), x},
      {Gaussians(2, 2, {.structure = Structure::EEE}), x},
      {Gaussians(2, 2, {.structure = Structure::VEI}), x},
      {Gaussians(2, 2, {.prior = {.kind = GaussianPrior::Kind::conjugate}}), x},
      {Gaussians(2, 2, {.eigenvalue_ratio = 5}), x},
      {StudentT(2, 2), x},
      {Untied(Poisson(1), 2), counts}};
  for (const auto& [family, rows] : cases) {
    const auto run = [&, &family = family, &rows = rows](Index threads, Acceleration acceleration) {
      MixtureState state = state_at_start(family, rows);
      EmReport report;
      with_threads(threads, [&] {
        report = run_em(state, rows, w,
                        {.assignment = Trimmed{0.06}, .tol = 1e-6, .acceleration = acceleration});
      });
      EXPECT_EQ(report.falls, 0) << family.title();
      const Vector kept = kept_weights(state, rows, w, 0.06);
      EXPECT_NEAR(kept.sum(), 0.94 * w.sum(), 1e-9);
      EXPECT_NEAR(report.mass.sum(), 0.94 * w.sum(), 1e-9);
      const double objective = log_likelihood(state, rows, kept) + state.family.log_prior();
      EXPECT_NEAR(report.objective, objective, 1e-8 * std::abs(objective)) << family.title();
      EXPECT_NEAR(report.log_likelihood, objective - state.family.log_prior(), 1e-6);
      return report.objective_history;
    };
    const std::vector<double> history = run(1, Acceleration::none);
    EXPECT_GT(history.back(), history.front());
    EXPECT_EQ(history, run(2, Acceleration::none)) << family.title();
    EXPECT_GT(run(2, Acceleration::squarem).back(), history.front());
  }
}

TEST(Trimming, TakesWeightFromTheLeastProbableRows) {
  const MixtureState state{Vector::Ones(1), Gaussians(1, 1)};
  const Matrix x{{0.0}, {-4.0}, {1.0}, {3.0}, {5.0}};
  const Vector w{{1.0, 1.0, 1.0, 2.0, 0.0}};
  EXPECT_EQ(kept_weights(state, x, w, 0), w);
  EXPECT_EQ(kept_weights(state, x, w, 0.4), Vector({{1.0, 0.0, 1.0, 1.0, 0.0}}));
  const Vector part = kept_weights(state, x, w, 0.1);
  EXPECT_NEAR(part[1], 0.5, 1e-12);
  EXPECT_NEAR(part.sum(), 4.5, 1e-12);
}

// Also where a few rows have most of the weight, and the rows come by density.
TEST(Trimming, FindsThemAmongManyRows) {
  constexpr Index n = 5000;
  const MixtureState state{Vector::Ones(1), Gaussians(1, 1)};
  Matrix x(n, 1);
  Vector w(n);
  for (Index i = 0; i < n; ++i) {
    x(i, 0) = 4 * static_cast<double>(n - i) / n;
    w[i] = i > n - 10 ? 1000 : 0.5 + static_cast<double>(i % 3);
  }
  for (const double share : {0.01, 0.1, 0.3, 0.5}) {
    Vector expected = w;
    double left = share * w.sum();
    for (Index i = 0; i < n && left > 0; ++i) {
      const double taken = std::min(left, expected[i]);
      expected[i] -= taken;
      left -= taken;
    }
    EXPECT_EQ(kept_weights(state, x, w, share), expected) << share;
  }
}

TEST(Trimming, CountsEqualRowsAsOneOfTheirWeight) {
  const Matrix x = contaminated_rows(10);
  const MixtureModel model = mixture(Gaussians(2, 2));
  const Matrix twice = x.replicate(2, 1);
  const FitOptions options{.assignment = Trimmed{0.05}, .start = start::KMeans{}, .n_init = 1};
  const Fit once = fit(model, x, options);
  const Fit doubled = fit(model, twice, options);
  EXPECT_NEAR(doubled.report.log_likelihood, 2 * once.report.log_likelihood, 2e-2);
}

TEST(Trimming, LeavesOutWhatIsImpossible) {
  const Matrix x{{0.5}, {0.25}, {7.0}, {0.75}, {0.1}};
  MixtureState state{Vector::Ones(1), UniformBox(Vector{{0.0}}, Vector{{1.0}})};
  const Vector w = Vector::Ones(5);
  EXPECT_EQ(run_em(state, x, w, {.assignment = Trimmed{0.2}}).objective, 0);
  EXPECT_EQ(run_em(state, x, w, {}).objective, -infinity);
}

TEST(Trimming, RefusesWhatItCannotBe) {
  const Matrix x = contaminated_rows(10);
  const MixtureModel model = mixture(Gaussians(2, 2));
  const auto message = [&](FitOptions options) -> std::string {
    try {
      (void)fit(model, x, options);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return {};
  };
  for (const double share : {-0.1, 0.6, quiet_nan}) {
    EXPECT_NE(message({.assignment = Trimmed{share}}).find("from 0 to 0.5"), std::string::npos);
  }
  std::vector<Index> pairs;
  for (Index i = 0; i < x.rows(); ++i) pairs.push_back(i / 2);
  EXPECT_NE(message({.assignment = Trimmed{0.1}, .groups = Groups(pairs)}).find("one by one"),
            std::string::npos);
}

}  // namespace
}  // namespace mix
