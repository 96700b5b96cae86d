#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "mix/distributions/gaussians.h"
#include "support/covariance_chart.h"
#include "support/gaussian_data.h"
#include "support/numerical_maximum.h"

namespace mix {
namespace {

using testing_support::Chart;
using testing_support::Data;
using testing_support::numerical_maximum;
using testing_support::perturbed_labels;
using testing_support::random_vector;
using testing_support::three_groups;

constexpr Index columns = 3;
constexpr Index n_components = 3;
constexpr double floor_factor = 1e-10;
constexpr double shrinkage = 4;  // rows; more than the default, so that it shows

// The expected complete-data log-likelihood and the log prior, written from their definitions.
class PosteriorDensity {
 public:
  PosteriorDensity(const Data& data, const Matrix& shares, Structure structure,
                   GaussianPrior::Kind kind)
      : parts_(parts(structure)), kind_(kind), n_(static_cast<double>(data.x.rows())) {
    mean_ = data.x.colwise().mean().transpose();
    const Matrix all = data.x.rowwise() - mean_.transpose();
    scale_ = all.transpose() * all / n_;
    for (Index k = 0; k < n_components; ++k) {
      const Vector p = shares.col(k);
      mass_.push_back(p.sum());
      centers_.emplace_back(data.x.transpose() * p / p.sum());
      const Matrix c = data.x.rowwise() - centers_.back().transpose();
      scatter_.emplace_back(c.transpose() * p.asDiagonal() * c);
    }
  }

  [[nodiscard]] double log_prior(const Matrix& means, const std::vector<Matrix>& sigma) const {
    const bool is_diagonal = parts_.orientation == Part::identity;
    const bool spherical = parts_.shape == Part::identity;
    const bool shared = parts_.volume == Part::equal && parts_.shape != Part::variable &&
                        parts_.orientation != Part::variable;
    const double shrink = std::pow(n_components, -2.0 / columns);
    const double nu = columns + 2;
    const double a = 1 / std::sqrt(n_);
    double sum = 0;
    for (Index k = 0; k < n_components; ++k) {
      const Matrix& s = sigma[static_cast<std::size_t>(k)];
      const Eigen::LDLT<Matrix> solver(s);
      const double log_det = solver.vectorD().array().log().sum();
      const double data_over_sigma = solver.solve(scale_).trace();
      const Matrix variances = scale_.diagonal().asDiagonal();
      sum -= 0.5 * floor_factor * n_ / n_components * solver.solve(variances).trace();
      if (kind_ == GaussianPrior::Kind::chen_tan) sum -= a * (data_over_sigma + log_det);
      if (kind_ != GaussianPrior::Kind::conjugate) continue;
      const Vector off = means.row(k).transpose() - mean_;
      sum -= 0.5 * (log_det +
                    shrinkage * off.dot(solver.solve(off)));  // mean ~ Normal(m, Sigma / shrinkage)
      if (shared && k > 0) continue;                          // one matrix, one prior
      if (spherical) {                                        // inverse gamma of one variance
        const double variance = s(0, 0);
        sum -= 0.5 * ((nu + 2) * std::log(variance) + shrink * scale_.trace() / columns / variance);
      } else if (is_diagonal) {
        sum -= 0.5 * ((nu + 2) * log_det + shrink * solver.solve(variances).trace());
      } else {
        sum -= 0.5 * ((nu + columns + 1) * log_det + shrink * data_over_sigma);
      }
    }
    return sum;
  }

  [[nodiscard]] double operator()(const Matrix& means, const std::vector<Matrix>& sigma) const {
    double sum = 0;
    for (std::size_t k = 0; k < n_components; ++k) {
      const Vector off = centers_[k] - means.row(static_cast<Index>(k)).transpose();
      const Eigen::LDLT<Matrix> solver(sigma[k]);
      sum += mass_[k] * solver.vectorD().array().log().sum() +
             solver.solve(scatter_[k] + mass_[k] * off * off.transpose()).trace();
    }
    return -0.5 * sum + log_prior(means, sigma);
  }

  [[nodiscard]] Vector centers() const {
    Matrix m(n_components, columns);
    for (std::size_t k = 0; k < n_components; ++k) m.row(static_cast<Index>(k)) = centers_[k];
    return m.reshaped();
  }

 private:
  StructureParts parts_;
  GaussianPrior::Kind kind_;
  double n_;
  Vector mean_;
  Matrix scale_;
  std::vector<double> mass_;
  std::vector<Vector> centers_;
  std::vector<Matrix> scatter_;
};

std::vector<Matrix> covariances(const Gaussians& family) {
  std::vector<Matrix> all;
  for (Index k = 0; k < family.size(); ++k) all.push_back(family.covariance(k));
  return all;
}

class GaussianWithPrior
    : public testing::TestWithParam<std::tuple<Structure, GaussianPrior::Kind>> {};
INSTANTIATE_TEST_SUITE_P(All, GaussianWithPrior,
                         testing::Combine(testing::ValuesIn(all_structures()),
                                          testing::Values(GaussianPrior::Kind::none,
                                                          GaussianPrior::Kind::conjugate,
                                                          GaussianPrior::Kind::chen_tan)),
                         [](const auto& each) {
                           const auto kind = to_string(std::get<1>(each.param));
                           return to_string(std::get<0>(each.param)) + "_" + kind.substr(0, 4);
                         });

TEST_P(GaussianWithPrior, IsEstimatedByTheModeOfItsPosterior) {
  const auto [structure, kind] = GetParam();
  const Data data = three_groups(45, columns);
  const Matrix shares = perturbed_labels(data);
  const PosteriorDensity posterior(data, shares, structure, kind);
  Gaussians family(n_components, columns,
                   {.structure = structure,
                    .prior = {.kind = kind, .mean_shrinkage = shrinkage},
                    .floor = floor_factor});
  family.prepare(data.x, data.w);
  family.start(data.x, shares);
  const double ours = posterior(family.means(), covariances(family));

  const Chart chart(structure, n_components, columns);
  const Index n_means = n_components * columns;
  const auto f = [&](const Vector& theta) {
    const Matrix means = theta.head(n_means).reshaped(n_components, columns);
    return posterior(means, chart(theta.tail(chart.size())));
  };
  Rng rng(3);
  double best = -infinity;
  // The search may end at a saddle or a lower optimum: two starts always, more until one arrives.
  for (int start = 0; start < 2 || (start < 10 && best < ours - 1e-8 * std::abs(ours)); ++start) {
    Vector theta(n_means + chart.size());
    theta << posterior.centers(), 0.5 * random_vector(rng, chart.size());
    theta[n_means] += 3;  // log volume
    best = std::max(best, f(numerical_maximum(f, theta)));
  }
  EXPECT_NEAR(best, ours, 1e-8 * std::abs(ours));
}

TEST_P(GaussianWithPrior, StatesTheLogPriorItMaximizes) {
  const auto [structure, kind] = GetParam();
  const Data data = three_groups(45, columns);
  const Matrix shares = perturbed_labels(data);
  const PosteriorDensity posterior(data, shares, structure, kind);
  Gaussians a(n_components, columns,
              {.structure = structure, .prior = {.kind = kind, .mean_shrinkage = shrinkage}});
  a.prepare(data.x, data.w);
  Gaussians b = a;
  a.start(data.x, shares);
  b.start(data.x, shares.cwiseAbs2().rowwise().reverse());
  const double expected = posterior.log_prior(a.means(), covariances(a)) -
                          posterior.log_prior(b.means(), covariances(b));
  EXPECT_NEAR(a.log_prior() - b.log_prior(), expected, 1e-11 * std::abs(a.log_prior()) + 1e-15);
  EXPECT_NE(a.log_prior(), 0);
}

// The denominators of Fraley & Raftery (2007) as mclust has them.
TEST(ConjugatePrior, HasTheDenominatorsOfFraleyAndRaftery) {
  const Data data = three_groups(90, columns);
  const Matrix shares = perturbed_labels(data);
  const auto k = static_cast<double>(n_components);
  const double nu = columns + 2;
  const auto fit = [&](Structure structure) {
    Gaussians family(n_components, columns,
                     {.structure = structure,
                      .prior = {.kind = GaussianPrior::Kind::conjugate, .mean_shrinkage = 0},
                      .floor = 0});
    family.prepare(data.x, data.w);
    family.start(data.x, shares);
    return family;
  };
  const Matrix centered = data.x.rowwise() - data.x.colwise().mean();
  const Matrix lambda = centered.transpose() * centered / 90 * std::pow(k, -2.0 / columns);
  Matrix pooled = Matrix::Zero(columns, columns);
  std::vector<Matrix> w;
  for (Index i = 0; i < n_components; ++i) {
    const Vector p = shares.col(i);
    const Matrix c = data.x.rowwise() - Vector(data.x.transpose() * p / p.sum()).transpose();
    w.emplace_back(c.transpose() * p.asDiagonal() * c);
    pooled += w.back();
  }
  const double n0 = shares.col(0).sum();
  const auto expect = [&](Structure structure, double expected) {
    EXPECT_NEAR(fit(structure).covariance(0)(0, 0), expected, 1e-12 * expected)
        << to_string(structure);
  };
  const double s = lambda.trace() / columns;
  expect(Structure::VVV, (lambda(0, 0) + w[0](0, 0)) / (nu + n0 + columns + 2));
  expect(Structure::EEE, (lambda(0, 0) + pooled(0, 0)) / (nu + 90 + columns + 1 + k));
  expect(Structure::VVI, (lambda(0, 0) + w[0](0, 0)) / (nu + n0 + 3));
  expect(Structure::EEI, (lambda(0, 0) + pooled(0, 0)) / (nu + 90 + 2 + k));
  expect(Structure::VII, (s + w[0].trace()) / (nu + n0 * columns + 2 + columns));
  expect(Structure::EII, (s + pooled.trace()) / (nu + 90 * columns + 2 + k * columns));
}

TEST(ConjugatePrior, MovesAnEmptyComponentToItsMode) {
  const Data data = three_groups(90, columns);
  Gaussians family(n_components, columns, {.prior = {.kind = GaussianPrior::Kind::conjugate}});
  family.prepare(data.x, data.w);
  Matrix shares = perturbed_labels(data);
  shares.col(1).setZero();
  family.start(data.x, shares);
  EXPECT_LT((family.mean(1) - data.x.colwise().mean().transpose()).norm(), 1e-12);
  EXPECT_GT(family.covariance(1)(0, 0), 0);
}

TEST(GaussianPrior, HasOneFormForTheSameFamilyOfOneColumn) {
  const Data data = three_groups(90, 1);
  const Matrix shares = perturbed_labels(data);
  const auto estimate_with = [&](Structure structure) {
    Gaussians family(3, 1,
                     {.structure = structure, .prior = {.kind = GaussianPrior::Kind::conjugate}});
    family.prepare(data.x, data.w);
    family.start(data.x, shares);
    return std::pair(family.covariance(0)(0, 0), family.log_prior());
  };
  for (const Structure same : {Structure::EVI, Structure::EEE, Structure::EVV}) {
    EXPECT_EQ(estimate_with(same), estimate_with(Structure::EII)) << to_string(same);
  }
  for (const Structure same : {Structure::VEI, Structure::VVV}) {
    EXPECT_EQ(estimate_with(same), estimate_with(Structure::VII)) << to_string(same);
  }
}

}  // namespace
}  // namespace mix
