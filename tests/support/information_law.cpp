#include "information_law.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "mix/models/edges.h"
#include "mix/random.h"

namespace mix::testing_support {
namespace {

// Of a component's information if all else were known.
constexpr double close = 2e-4;
constexpr double closer = 1e-5;
// A part of rounding that no unit of information measures.
constexpr double rounding = 1e-4;

double objective(const Information& found, const Vector& change, const Matrix& x,
                 const StandardErrorOptions& options) {
  const MixtureState state = found.moved(change).state();
  const Vector w =
      options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows());
  double sum = 0;
  if (options.groups.empty()) {
    sum = log_likelihood(state, x, w);
  } else {
    const Vector counts = (options.groups.sums(w).array() > 0).cast<double>();
    sum = counts.dot(posterior(state, x, w, options.groups).log_density);
  }
  return sum + state.family.log_prior();
}

Vector units_of(const Information& found) {
  Vector unit = found.complete_scores.diagonal();
  if (found.complete.size() > 0) unit = unit.cwiseMax(found.complete.diagonal());
  return unit.cwiseMax(0).cwiseSqrt();
}

}  // namespace

void expect_information(const MixtureModel& model, const Matrix& x,
                        const StandardErrorOptions& options, const std::string& what,
                        Index directions) {
  const Information found = information(model, x, options);
  const Index p = found.coordinates.size();
  const Vector unit = units_of(found);
  Rng rng(5);
  for (Index i = 0; i < directions; ++i) {
    Vector way = Vector::NullaryExpr(p, [&] { return standard_normal(rng); });
    for (const Index j : found.at_bound) way[j] = 0;
    way = 2 * found.step.cwiseProduct(way) / std::sqrt(static_cast<double>(p));
    const auto at = [&](double steps) { return objective(found, steps * way, x, options); };
    const double up = at(1);
    const double down = at(-1);
    const double far_up = at(2);
    const double far_down = at(-2);
    const double size = unit.cwiseProduct(way).norm();
    const double slope = (8 * (up - down) - (far_up - far_down)) / 12;
    EXPECT_NEAR(found.score.dot(way), slope,
                closer * size * (size + std::sqrt(static_cast<double>(x.rows()))) + 1e-10)
        << what << ", score along direction " << i;
    if (found.observed.size() == 0) continue;
    const double curvature = (16 * (up + down) - (far_up + far_down) - 30 * at(0)) / 12;
    EXPECT_NEAR(way.dot(found.observed * way), -curvature,
                close * size * size + rounding * way.squaredNorm())
        << what << ", information along direction " << i;
  }
}

void expect_weights_to_repeat(const MixtureModel& model, const Matrix& x, const std::string& what) {
  std::vector<Index> rows;
  StandardErrorOptions weighted;
  weighted.sample_weight = Vector(x.rows());
  for (Index i = 0; i < x.rows(); ++i) {
    const Index times = (i + 1) % 3;
    weighted.sample_weight[i] = static_cast<double>(times);
    rows.insert(rows.end(), static_cast<std::size_t>(times), i);
  }
  const Information by_weight = information(model, x, weighted);
  const Information repeated = information(model, x(rows, Eigen::all));
  const Vector unit = units_of(repeated);
  const auto expect_equal = [&](const Matrix& a, const Matrix& b, const char* matrix) {
    ASSERT_EQ(a.size(), b.size()) << what << ", " << matrix;
    for (Index j = 0; j < a.cols(); ++j) {
      for (Index i = 0; i < a.rows(); ++i) {
        EXPECT_NEAR(a(i, j), b(i, j), closer * (unit[i] * unit[j] + rounding))
            << what << ", " << matrix << " at " << i << ", " << j;
      }
    }
  };
  EXPECT_LT((by_weight.score - repeated.score).cwiseAbs().maxCoeff(),
            closer * (1 + unit.maxCoeff()))
      << what;
  expect_equal(by_weight.scores, repeated.scores, "scores");
  expect_equal(by_weight.complete_scores, repeated.complete_scores, "complete scores");
  if (repeated.observed.size() > 0) {
    expect_equal(by_weight.observed, repeated.observed, "information");
  }
}

void expect_as_many_directions_as_parameters(const MixtureModel& model, const Matrix& x,
                                             const std::string& what) {
  const ConvergenceReport report = standard_errors(model, x).convergence;
  const Index directions = report.determined + report.undetermined;
  const Information found = information(model, x);
  Index known = (found.complete_scores.diagonal().array() == 0).count();
  for (Index k = 0; k < model.n_components(); ++k) {
    known += static_cast<Index>(edges_without_derivative(model.family(), k).size());
  }
  EXPECT_LE(directions, model.parameter_count()) << what;
  EXPECT_GE(directions, model.parameter_count() - known) << what;
}

}  // namespace mix::testing_support
