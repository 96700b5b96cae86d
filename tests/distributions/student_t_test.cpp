#include "mix/distributions/student_t.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <numbers>

#include "mix/csv.h"
#include "mix/em.h"
#include "mix/json_fields.h"
#include "mix/parallel.h"

namespace mix {
namespace {

Matrix read(const std::string& file, const std::vector<std::string>& columns) {
  const Table table = read_csv(std::string(MIXTURE_TEST_DATA "/") + file);
  return table.drop_missing(columns).table.select(columns).values();
}

// Two clusters of `n` rows with tails, the second 6 units away.
Matrix two_clusters(Index n, Index d, std::uint64_t seed) {
  Matrix x(2 * n, d);
  Rng rng(seed);
  for (Index i = 0; i < x.rows(); ++i) {
    const double stretch = std::sqrt(4 / (2 * standard_gamma(rng, 2)));
    for (Index j = 0; j < d; ++j) {
      x(i, j) = stretch * standard_normal(rng) * (1 + static_cast<double>(j)) + (i < n ? 0 : 6);
    }
  }
  return x;
}

Matrix halves(Index rows) {
  Matrix shares = Matrix::Zero(rows, 2);
  shares.topLeftCorner(rows / 2, 1).setOnes();
  shares.bottomRightCorner(rows - rows / 2, 1).setOnes();
  return shares;
}

MixtureState begun(AnyFamily family, const Matrix& x, const Matrix& shares) {
  family.prepare(x, shares.rowwise().sum());
  family.start(x, shares);
  const Vector weights = shares.colwise().sum() / shares.sum();
  return {weights, family};
}

// The weighted log-likelihood of component k alone, and the prior.
double objective(const StudentT& t, const Matrix& x, const Matrix& shares) {
  Matrix l(x.rows(), t.size());
  t.log_densities(x, l);
  return (l.array() * shares.array()).sum() + t.log_prior();
}

void step(StudentT& t, const Matrix& x, const Matrix& shares, Index cycle) {
  t.select_cycle(cycle);
  Vector sum = Vector::Zero(t.statistics_size());
  t.accumulate(x, shares, sum);
  t.maximize(sum);
  t.select_cycle(0);
}

const std::vector<StudentTOptions> all_options{
    {Scale::per_component, DegreesOfFreedom::per_component, 10},
    {Scale::per_component, DegreesOfFreedom::shared, 10},
    {Scale::per_component, DegreesOfFreedom::fixed, 4},
    {Scale::common, DegreesOfFreedom::per_component, 10},
    {Scale::common, DegreesOfFreedom::shared, 10},
    {Scale::common, DegreesOfFreedom::fixed, 4}};

TEST(StudentT, HasTheDensityOfOneDimension) {
  for (const double dof : {0.5, 1.0, 3.7, 30.0, 9999.0}) {
    const StudentT t(Matrix::Constant(1, 1, 2), {Matrix::Constant(1, 1, 9)}, Vector::Ones(1) * dof);
    const boost::math::students_t reference(dof);
    Vector x(5);
    x << -40, 0, 2, 2.001, 1e5;
    Matrix l(5, 1);
    t.log_densities(x, l);
    for (Index i = 0; i < 5; ++i) {
      const double z = (x[i] - 2) / 3;
      if (pdf(reference, z) < 1e-300) continue;
      EXPECT_NEAR(l(i, 0), std::log(pdf(reference, z) / 3), 1e-10) << dof << " " << x[i];
    }
  }
}

TEST(StudentT, HasTheDensityOfSeveralDimensions) {
  Matrix scale(3, 3);
  scale << 4, 1, 0.5, 1, 3, -0.2, 0.5, -0.2, 2;
  const Vector mean = Vector::LinSpaced(3, -1, 1);
  const StudentT t(mean.transpose(), {scale}, Vector::Ones(1) * 5);
  const Matrix x = two_clusters(4, 3, 1);
  Matrix l(x.rows(), 1);
  t.log_densities(x, l);
  for (Index i = 0; i < x.rows(); ++i) {
    const Vector r = x.row(i).transpose() - mean;
    const double q = r.dot(scale.inverse() * r);
    const double expected = std::lgamma(4.0) - std::lgamma(2.5) -
                            1.5 * std::log(5 * std::numbers::pi) -
                            0.5 * std::log(scale.determinant()) - 4 * std::log(1 + q / 5);
    EXPECT_NEAR(l(i, 0), expected, 1e-12);
  }
}

TEST(StudentT, IsNormalInTheLimit) {
  Matrix scale(2, 2);
  scale << 2, 0.5, 0.5, 1;
  StudentTOptions fixed;
  fixed.degrees_of_freedom = DegreesOfFreedom::fixed;
  fixed.dof = 1e9;
  const StudentT t(Matrix::Zero(1, 2), {scale}, Vector::Ones(1) * 1e9, fixed);
  const Matrix x = two_clusters(5, 2, 2);
  Matrix l(x.rows(), 1);
  t.log_densities(x, l);
  for (Index i = 0; i < x.rows(); ++i) {
    const Vector r = x.row(i).transpose();
    const double normal = -std::log(2 * std::numbers::pi) - 0.5 * std::log(scale.determinant()) -
                          0.5 * r.dot(scale.inverse() * r);
    EXPECT_NEAR(l(i, 0), normal, 1e-5);
  }
}

TEST(StudentT, GivesRowsAtInfinityNoDensity) {
  const StudentT t(2, 2);
  Matrix x(3, 2);
  x << infinity, 0, infinity, infinity, quiet_nan, 1;
  Matrix l(3, 2);
  t.log_densities(x, l);
  EXPECT_TRUE((l.array() == -infinity).all());
  Vector sum = Vector::Zero(t.statistics_size());
  t.accumulate(x, Matrix::Zero(3, 2), sum);
  EXPECT_EQ(sum, Vector::Zero(t.statistics_size()));
}

TEST(StudentT, CountsFreeParameters) {
  const std::vector<Index> expected{2 * 3 + 2 * 6 + 2, 2 * 3 + 2 * 6 + 1, 2 * 3 + 2 * 6,
                                    2 * 3 + 6 + 2,     2 * 3 + 6 + 1,     2 * 3 + 6};
  for (std::size_t i = 0; i < all_options.size(); ++i) {
    EXPECT_EQ(StudentT(2, 3, all_options[i]).parameter_count(), expected[i]);
  }
}

TEST(StudentT, NoCycleLowersTheObjective) {
  const Matrix x = two_clusters(60, 2, 3);
  Matrix shares = halves(x.rows());
  shares.array() = 0.8 * shares.array() + 0.1;
  for (const StudentTOptions& options : all_options) {
    StudentT t(2, 2, options);
    t.prepare(x, Vector::Ones(x.rows()));
    double before = objective(t, x, shares);
    for (int i = 0; i < 30; ++i) {
      for (Index cycle = 0; cycle < t.cycles(); ++cycle) {
        step(t, x, shares, cycle);
        const double after = objective(t, x, shares);
        EXPECT_GE(after, before - 1e-9) << t.title() << " cycle " << cycle;
        before = after;
      }
    }
  }
}

// Six rows in a plane of three dimensions: only the pseudo-scatter keeps the scale from collapsing.
TEST(StudentT, NoCycleLowersTheObjectiveWhereThePseudoScatterDecides) {
  Matrix x = two_clusters(60, 3, 4);
  Matrix shares = Matrix::Zero(x.rows(), 2);
  shares.col(0).setOnes();
  for (Index i = 0; i < 6; ++i) {
    x(i, 2) = x(i, 0) + x(i, 1);
    shares.row(i) << 0.5, 0.5;
  }
  for (const StudentTOptions& options : all_options) {
    StudentT t(2, 3, options);
    t.prepare(x, Vector::Ones(x.rows()));
    double before = objective(t, x, shares);
    for (int i = 0; i < 60; ++i) {
      for (Index cycle = 0; cycle < t.cycles(); ++cycle) {
        step(t, x, shares, cycle);
        const double after = objective(t, x, shares);
        EXPECT_GE(after, before - 1e-9 * std::abs(before)) << t.title() << " cycle " << cycle;
        before = after;
      }
    }
    EXPECT_TRUE(std::isfinite(before));
    if (options.scale == Scale::per_component) {
      EXPECT_FALSE(t.flaw(1, 3).empty());
    }
  }
}

TEST(StudentT, EmNeverFalls) {
  const std::vector<Matrix> data{
      two_clusters(100, 3, 5), read("faithful.csv", {"eruptions", "waiting"}),
      read("starscyg.csv", {"log_Te", "log_light"}), read("davis.csv", {"weight", "height"})};
  for (const Matrix& x : data) {
    for (const StudentTOptions& options : all_options) {
      MixtureState state = begun(StudentT(2, x.cols(), options), x, halves(x.rows()));
      const EmReport report =
          run_em(state, x, Vector::Ones(x.rows()), {.tol = 1e-6, .max_iter = 3000});
      EXPECT_EQ(report.falls, 0) << state.family.title();
      EXPECT_EQ(report.stop, Stop::converged) << state.family.title();
    }
  }
}

TEST(StudentT, FindsTheDegreesOfFreedomThatADirectSearchFinds) {
  const Matrix x = two_clusters(200, 2, 6);
  const Matrix shares = halves(x.rows());
  StudentT t(2, 2);
  t.prepare(x, Vector::Ones(x.rows()));
  t.start(x, shares);
  step(t, x, shares, 0);
  const StudentT before = t;
  for (int i = 0; i < 6; ++i) step(t, x, shares, 1);  // a window reaches a factor e at most
  for (Index k = 0; k < 2; ++k) {
    const auto minus_log_likelihood = [&](double s) {
      Vector dof(2);
      dof << before.dof(0), before.dof(1);
      dof[k] = std::exp(s);
      Matrix means(2, 2);
      means << before.mean(0), before.mean(1);
      return -objective(StudentT(means.transpose(), {before.scale(0), before.scale(1)}, dof), x,
                        shares);
    };
    const auto [s, value] = boost::math::tools::brent_find_minima(minus_log_likelihood,
                                                                  std::log(0.5), std::log(1e4), 52);
    EXPECT_LT(t.dof(k), 9000);
    // The value is flat to rounding within 1e-7 of its top, so the slope tells how near it is.
    EXPECT_NEAR(std::log(t.dof(k)), s, 1e-6);
    EXPECT_NEAR(minus_log_likelihood(std::log(t.dof(k))), value, 1e-8);
    const double h = 1e-4;
    const double slope = (minus_log_likelihood(std::log(t.dof(k)) + h) -
                          minus_log_likelihood(std::log(t.dof(k)) - h)) /
                         (2 * h);
    EXPECT_NEAR(slope, 0, 1e-6);
  }
}

// At a maximum no parameter can be moved for the better: the score is zero.
TEST(StudentT, ConvergesWhereTheScoreIsZero) {
  const Matrix x = two_clusters(80, 2, 7);
  for (const StudentTOptions& options : all_options) {
    MixtureState state = begun(StudentT(2, 2, options), x, halves(x.rows()));
    run_em(state, x, Vector::Ones(x.rows()), {.tol = -1, .max_iter = 600});
    const StudentT& t = *state.family.as<StudentT>();
    const auto value = [&](Index what, Index k, double h) {
      Matrix means(2, 2);
      means << t.mean(0), t.mean(1);
      std::vector<Matrix> scales{t.scale(0)};
      if (options.scale == Scale::per_component) scales.push_back(t.scale(1));
      Vector dof(2);
      dof << t.dof(0), t.dof(1);
      Matrix& scale = scales[options.scale == Scale::common ? 0 : static_cast<std::size_t>(k)];
      switch (what) {
        case 0:
          means(0, k) += h;
          break;
        case 1:
          means(1, k) += h;
          break;
        case 2:
          scale(0, 0) += h;
          break;
        case 3:
          scale(1, 1) += h;
          break;
        case 4:
          scale(0, 1) += h;
          scale(1, 0) += h;
          break;
        default:
          if (options.degrees_of_freedom == DegreesOfFreedom::per_component) {
            dof[k] *= 1 + h;
          } else {
            dof *= 1 + h;
          }
      }
      return log_likelihood({state.weights, StudentT(means.transpose(), scales, dof, options)}, x,
                            Vector::Ones(x.rows()));
    };
    const Index last = options.degrees_of_freedom == DegreesOfFreedom::fixed ? 4 : 5;
    for (Index what = 0; what <= last; ++what) {
      for (Index k = 0; k < 2; ++k) {
        const double h = 1e-5;
        if (what == 5 && t.dof(k) > 9000) continue;
        EXPECT_NEAR((value(what, k, h) - value(what, k, -h)) / (2 * h), 0, 2e-4)
            << t.title() << " parameter " << what << " of component " << k;
      }
    }
  }
}

double fitted(const Matrix& x, StudentTOptions options, const Matrix& shares) {
  MixtureState state = begun(StudentT(shares.cols(), x.cols(), options), x, shares);
  return run_em(state, x, Vector::Ones(x.rows()), {.tol = 1e-5, .max_iter = 5000}).log_likelihood;
}

TEST(StudentT, ReachesTheLikelihoodsOfOtherPrograms) {
  const StudentTOptions free;
  const StudentTOptions four{Scale::per_component, DegreesOfFreedom::fixed, 4};
  const StudentTOptions shared{Scale::per_component, DegreesOfFreedom::shared, 10};
  const StudentTOptions tied{Scale::common, DegreesOfFreedom::shared, 10};
  const auto one = [](const Matrix& x) { return Matrix::Ones(x.rows(), 1); };

  const Matrix returns = read("sp500_returns.csv", {"r500"});
  EXPECT_NEAR(fitted(returns, free, one(returns)), -3608.52371771, 1e-4);
  const Matrix davis = read("davis.csv", {"weight", "height"});
  EXPECT_NEAR(fitted(davis, free, one(davis)), -1449.91267087, 1e-4);
  EXPECT_NEAR(fitted(davis, four, one(davis)), -1450.36432198, 1e-4);
  const Matrix stars = read("starscyg.csv", {"log_Te", "log_light"});
  EXPECT_NEAR(fitted(stars, free, one(stars)), -30.7919972544, 1e-4);

  const Matrix faithful = read("faithful.csv", {"eruptions", "waiting"});
  EXPECT_NEAR(fitted(faithful, free, one(faithful)), -1289.81107681, 1e-3);  // at the upper bound
  Matrix shares = Matrix::Zero(faithful.rows(), 2);
  for (Index i = 0; i < faithful.rows(); ++i) shares(i, faithful(i, 1) < 68 ? 0 : 1) = 1;
  EXPECT_NEAR(fitted(faithful, four, shares), -1140.53300354, 1e-3);
  EXPECT_NEAR(fitted(faithful, shared, shares), -1130.17891847, 1e-3);
  EXPECT_NEAR(fitted(faithful, tied, shares), -1140.1118957, 1e-3);
}

TEST(StudentT, StartsAtTheGaussianEstimateWhateverTheParameters) {
  const Matrix x = two_clusters(40, 2, 10);
  const Matrix shares = halves(x.rows());
  StudentT t(2, 2);
  t.prepare(x, Vector::Ones(x.rows()));
  t.start(x, shares);
  const Matrix half = x.topRows(40);
  const Vector mean = half.colwise().mean();
  const Matrix centered = half.rowwise() - mean.transpose();
  EXPECT_LT((t.mean(0) - mean).norm(), 1e-12);
  EXPECT_LT((t.scale(0) - centered.transpose() * centered / 40).norm(), 1e-8);
  EXPECT_EQ(t.dof(0), 10);
  StudentT moved = t;
  for (int i = 0; i < 10; ++i) {
    step(moved, x, shares, 0);
    step(moved, x, shares, 1);
  }
  moved.start(x, shares);
  EXPECT_EQ(moved.scale(1), t.scale(1));
}

TEST(StudentT, IsIndifferentToShiftAndScale) {
  const Matrix x = two_clusters(100, 2, 11);
  MixtureState state = begun(StudentT(2, 2), x, halves(x.rows()));
  run_em(state, x, Vector::Ones(x.rows()), {.tol = -1, .max_iter = 50});
  const Matrix r = responsibilities(state, x);
  for (const auto& [factor, shift] : {std::pair{1.0, 1e8}, {1e-8, 0.0}, {1e8, 0.0}}) {
    const Matrix y = x.array() * factor + shift;
    MixtureState moved = begun(StudentT(2, 2), y, halves(y.rows()));
    const EmReport report = run_em(moved, y, Vector::Ones(y.rows()), {.tol = -1, .max_iter = 50});
    EXPECT_EQ(report.falls, 0);
    // A shift of 1e8 rounds the data themselves to 1e-8.
    EXPECT_LT((responsibilities(moved, y) - r).cwiseAbs().maxCoeff(), 1e-5);
  }
}

TEST(StudentT, KeepsParametersWithoutRows) {
  const Matrix x = two_clusters(20, 2, 12);
  StudentT t(2, 2);
  t.prepare(x, Vector::Ones(x.rows()));
  Matrix shares = Matrix::Zero(x.rows(), 2);
  shares.col(0).setOnes();
  const StudentT before = t;
  for (Index cycle = 0; cycle < 2; ++cycle) step(t, x, shares, cycle);
  EXPECT_EQ(t.mean(1), before.mean(1));
  EXPECT_EQ(t.scale(1), before.scale(1));
  EXPECT_EQ(t.dof(1), before.dof(1));
  shares.col(1).setConstant(1e-300);
  for (Index cycle = 0; cycle < 2; ++cycle) step(t, x, shares, cycle);
  EXPECT_TRUE(t.scale(1).allFinite());
}

TEST(StudentT, GivesOutliersLittleWeight) {
  Matrix x = two_clusters(100, 1, 13).topRows(100);
  const double mean = x.mean();
  x(0, 0) = 1e6;
  StudentT t(1, 1);
  t.prepare(x, Vector::Ones(100));
  t.start(x, Vector::Ones(100));
  for (int i = 0; i < 200; ++i) {
    step(t, x, Vector::Ones(100), 0);
    step(t, x, Vector::Ones(100), 1);
  }
  EXPECT_NEAR(t.mean(0)[0], mean, 0.5);
  EXPECT_EQ(t.flaw(0, 100), "");
}

TEST(StudentT, IsNoArtifactWhereOutliersInflateTheVarianceOfTheData) {
  Matrix x = two_clusters(100, 1, 13);
  x(0, 0) = 1e6;
  StudentT t(2, 1);
  t.prepare(x, Vector::Ones(200));
  t.start(x, halves(200));
  EXPECT_EQ(t.flaw(0, 100), "");
  EXPECT_EQ(t.flaw(1, 100), "");
}

TEST(StudentT, DrawsRowsOfItsMoments) {
  Matrix scale(2, 2);
  scale << 2, 0.6, 0.6, 1;
  const StudentT t(Vector::LinSpaced(2, 1, 2).transpose(), {scale}, Vector::Ones(1) * 10);
  constexpr Index n = 40000;
  Matrix x(n, 2);
  for (Index i = 0; i < n; ++i) {
    Rng rng(1, Purpose::sample, 0, static_cast<std::uint64_t>(i));
    Vector row(2);
    t.sample(0, rng, row);
    x.row(i) = row.transpose();
  }
  const Vector mean = x.colwise().mean();
  EXPECT_LT((mean - t.mean(0)).norm(), 0.04);  // beyond 4 standard errors
  const Matrix centered = x.rowwise() - mean.transpose();
  EXPECT_LT((centered.transpose() * centered / n - scale * 10 / 8).norm(), 0.12);
}

TEST(StudentT, RefusesWhatItCannotDescribe) {
  Matrix x = two_clusters(10, 3, 14);
  StudentT t(2, 3);
  x.col(2).setConstant(4.5);
  EXPECT_THAT([&] { t.prepare(x, Vector::Ones(20)); },
              testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("column 3")));
  x(3, 1) = infinity;
  EXPECT_THAT([&] { t.prepare(x, Vector::Ones(20)); },
              testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("row 4, column 2")));
  EXPECT_THROW(StudentT(0, 2), std::invalid_argument);
  EXPECT_THROW(StudentT(1, 2, {Scale::common, DegreesOfFreedom::shared, 0.1}),
               std::invalid_argument);
  EXPECT_THROW(StudentT(Matrix::Zero(1, 2), {-Matrix::Identity(2, 2)}, Vector::Ones(1)),
               std::invalid_argument);
}

TEST(StudentT, ReadsWhatItWrote) {
  const Matrix x = two_clusters(50, 2, 15);
  for (const StudentTOptions& options : all_options) {
    MixtureState state = begun(StudentT(2, 2, options), x, halves(x.rows()));
    run_em(state, x, Vector::Ones(x.rows()), {.max_iter = 7});
    StudentT saved = *state.family.as<StudentT>();
    JsonWriter writer;
    saved.fields(writer);
    const Json json = Json::parse(writer.json().dump());
    JsonReader reader(json, Registry());
    StudentT loaded;
    loaded.fields(reader);
    EXPECT_EQ(loaded.title(), saved.title());
    Matrix a(x.rows(), 2);
    Matrix b(x.rows(), 2);
    saved.log_densities(x, a);
    loaded.log_densities(x, b);
    EXPECT_EQ(a, b);
    EXPECT_EQ(loaded.log_prior(), saved.log_prior());
    step(saved, x, halves(x.rows()), 0);
    step(loaded, x, halves(x.rows()), 0);
    EXPECT_EQ(saved.scale(1), loaded.scale(1));
  }
}

TEST(StudentT, SelectsComponents) {
  const Matrix x = two_clusters(50, 2, 16);
  for (const Scale scale : {Scale::per_component, Scale::common}) {
    StudentTOptions options;
    options.scale = scale;
    StudentT t(2, 2, options);
    t.prepare(x, Vector::Ones(x.rows()));
    t.start(x, halves(x.rows()));
    Matrix before(x.rows(), 2);
    t.log_densities(x, before);
    t.select({1, 0});
    Matrix after(x.rows(), 2);
    t.log_densities(x, after);
    EXPECT_EQ(after.col(0), before.col(1));
    t.select({1});
    EXPECT_EQ(t.size(), 1);
    Matrix one(x.rows(), 1);
    t.log_densities(x, one);
    EXPECT_EQ(one.col(0), before.col(0));
  }
}

}  // namespace
}  // namespace mix
