#include "mix/distributions/gaussians.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "mix/em.h"
#include "mix/json_fields.h"
#include "mix/parallel.h"
#include "support/gaussian_data.h"

namespace mix {
namespace {

using testing_support::Data;
using testing_support::fitted;
using testing_support::perturbed_labels;
using testing_support::three_groups;

static_assert(StreamingFamily<Gaussians> && SampleableFamily<Gaussians>);
static_assert(Preparable<Gaussians> && WithPrior<Gaussians> && Visitable<Gaussians> &&
              Describable<Gaussians> && Embeddable<Gaussians> && Startable<Gaussians> &&
              SelfCritical<Gaussians> && Selectable<Gaussians> && Titled<Gaussians>);
static_assert(!Distribution<Gaussians>);

Matrix densities(const Gaussians& family, const Matrix& x) {
  Matrix out(x.rows(), family.size());
  family.log_densities(x, out);
  return out;
}

Matrix random_covariance(Rng& rng, Index d) {
  Matrix root(d, d + 2);
  for (double& value : root.reshaped()) value = standard_normal(rng);
  const Matrix c = root * root.transpose();
  return 0.5 * (c + c.transpose());
}

// The density by its definition.
Vector textbook(const Matrix& x, const Vector& mean, const Matrix& covariance) {
  Vector out(x.rows());
  const Eigen::FullPivLU<Matrix> lu(covariance);
  for (Index i = 0; i < x.rows(); ++i) {
    const Vector c = x.row(i).transpose() - mean;
    out[i] = -0.5 * (static_cast<double>(x.cols()) * std::log(2 * M_PI) +
                     std::log(lu.determinant()) + c.dot(lu.solve(c)));
  }
  return out;
}

class EachGaussian : public testing::TestWithParam<Structure> {};
INSTANTIATE_TEST_SUITE_P(All, EachGaussian, testing::ValuesIn(all_structures()),
                         [](const auto& each) { return to_string(each.param); });

TEST_P(EachGaussian, HasTheTextbookDensity) {
  const Data data = three_groups(700, 4);
  const MixtureState state = fitted(data, {.structure = GetParam()}, 5);
  const Gaussians& family = *state.family.as<Gaussians>();
  const Matrix out = densities(family, data.x);
  for (Index k = 0; k < 3; ++k) {
    const Vector expected = textbook(data.x, family.mean(k), family.covariance(k));
    EXPECT_LT((out.col(k) - expected).cwiseAbs().maxCoeff(), 1e-9);
  }
}

TEST_P(EachGaussian, RisesInEveryStepOfEmWithAndWithoutPriors) {
  using enum GaussianPrior::Kind;
  const Data data = three_groups(150, 3);
  for (const GaussianPrior::Kind kind : {none, conjugate, chen_tan}) {
    Gaussians family(3, 3, {.structure = GetParam(), .prior = {.kind = kind}});
    family.prepare(data.x, data.w);
    family.start(data.x, perturbed_labels(data));
    MixtureState state{Vector::Constant(3, 1.0 / 3), family};
    const EmReport report = run_em(state, data.x, data.w, {.tol = 1e-7, .max_iter = 300});
    EXPECT_EQ(report.falls, 0) << to_string(kind);
    EXPECT_GT(report.objective, report.objective_history.front());
    EXPECT_EQ(state.family.as<Gaussians>()->repairs(), 0);
  }
}

TEST_P(EachGaussian, GivesTheSameResponsibilitiesForShiftedAndScaledData) {
  Data data = three_groups(200, 3);
  // Multiples of 2^-20 survive the shift without rounding.
  data.x = (data.x * 1048576).array().round() / 1048576;
  const Matrix expected = responsibilities(fitted(data, {.structure = GetParam()}, 30), data.x);
  const auto compare = [&](double offset, double scale, double tolerance) {
    Data moved = data;
    moved.x = (data.x.array() + offset) * scale;
    const MixtureState state = fitted(moved, {.structure = GetParam()}, 30);
    const double error = (responsibilities(state, moved.x) - expected).cwiseAbs().maxCoeff();
    EXPECT_LT(error, tolerance) << "offset " << offset << ", scale " << scale;
  };
  compare(1e8, 1, 1e-5);
  compare(0, 1e-8, 1e-9);
  compare(0, 1e8, 1e-9);
}

TEST_P(EachGaussian, StaysFiniteOnRepeatedRows) {
  const Data few = three_groups(12, 3);
  Data data;
  data.x.resize(120, 3);
  for (Index i = 0; i < 120; ++i) data.x.row(i) = few.x.row(i % 12);
  data.w = Vector::Ones(120);
  data.labels.resize(120);
  for (Index i = 0; i < 120; ++i)
    data.labels[static_cast<std::size_t>(i)] = i % 12 / 2;  // two different rows each
  Gaussians family(6, 3, {.structure = GetParam()});
  family.prepare(data.x, data.w);
  Matrix shares = Matrix::Zero(120, 6);
  for (Index i = 0; i < 120; ++i) shares(i, data.labels[static_cast<std::size_t>(i)]) = 1;
  family.start(data.x, shares);
  MixtureState state{Vector::Constant(6, 1.0 / 6), family};
  const EmReport report = run_em(state, data.x, data.w, {.max_iter = 100});
  EXPECT_EQ(report.falls, 0);
  EXPECT_TRUE(std::isfinite(report.objective));
  EXPECT_TRUE(responsibilities(state, data.x).allFinite());
}

TEST_P(EachGaussian, StaysFiniteWithFewerRowsThanColumns) {
  Data data = three_groups(8, 12);
  Gaussians family(2, 12, {.structure = GetParam()});
  family.prepare(data.x, data.w);
  Matrix shares = Matrix::Zero(8, 2);
  for (Index i = 0; i < 8; ++i) shares(i, i % 2) = 1;
  family.start(data.x, shares);
  MixtureState state{Vector::Constant(2, 0.5), family};
  const EmReport report = run_em(state, data.x, data.w, {.max_iter = 50});
  EXPECT_EQ(report.falls, 0);
  EXPECT_TRUE(std::isfinite(report.objective));
  EXPECT_TRUE(state.family.as<Gaussians>()->covariance(0).allFinite());
}

TEST_P(EachGaussian, MovesNoRegularSolutionByItsFloor) {
  const Data data = three_groups(300, 3);
  const MixtureState with = fitted(data, {.structure = GetParam()}, 40);
  const MixtureState without = fitted(data, {.structure = GetParam(), .floor = 0}, 40);
  const double a = log_likelihood(with, data.x, data.w);
  const double b = log_likelihood(without, data.x, data.w);
  EXPECT_NEAR(a, b, 1e-5);
  EXPECT_NEAR(with.family.log_prior(), 0, 1e-5);
}

TEST_P(EachGaussian, CountsAWeightOfTwoAsTwoRows) {
  Data data = three_groups(60, 3);
  Data twice = data;
  twice.x.resize(120, 3);
  twice.x << data.x, data.x;
  twice.w = Vector::Ones(120);
  twice.labels.insert(twice.labels.end(), data.labels.begin(), data.labels.end());
  data.w.setConstant(2);
  for (const auto kind : {GaussianPrior::Kind::none, GaussianPrior::Kind::conjugate}) {
    const GaussianOptions options{.structure = GetParam(), .prior = {.kind = kind}};
    const MixtureState a = fitted(data, options, 5);
    const MixtureState b = fitted(twice, options, 5);
    EXPECT_LT((responsibilities(a, data.x) - responsibilities(b, data.x)).norm(), 1e-8);
    // The common orientation of EVE and VVE is iterated, each from its own rounding.
    EXPECT_NEAR(a.family.log_prior(), b.family.log_prior(), 1e-7);
  }
}

TEST_P(EachGaussian, SurvivesBeingSavedAndLoaded) {
  const Data data = three_groups(150, 3);
  const GaussianOptions options{.structure = GetParam(),
                                .prior = {.kind = GaussianPrior::Kind::conjugate}};
  MixtureState state = fitted(data, options, 4);
  Gaussians saved = *state.family.as<Gaussians>();
  JsonWriter writer;
  saved.fields(writer);
  const Json text = Json::parse(writer.json().dump());
  const Registry registry;
  JsonReader reader(text, registry);
  Gaussians loaded;
  loaded.fields(reader);

  EXPECT_EQ(loaded.title(), saved.title());
  EXPECT_EQ(densities(loaded, data.x), densities(saved, data.x));
  EXPECT_EQ(loaded.log_prior(), saved.log_prior());
  // It also goes on from where it was.
  const Matrix r = responsibilities(state, data.x);
  const auto refit = [&](Gaussians& family) {
    Vector sum = Vector::Zero(family.statistics_size());
    family.accumulate(data.x, r, sum);
    family.maximize(sum);
  };
  refit(saved);
  refit(loaded);
  EXPECT_EQ(densities(loaded, data.x), densities(saved, data.x));
}

TEST_P(EachGaussian, SamplesItsMoments) {
  const Data data = three_groups(200, 3);
  const MixtureState state = fitted(data, {.structure = GetParam()}, 5);
  const Gaussians& family = *state.family.as<Gaussians>();
  const Index n = 20000;
  Rng rng(7);
  Matrix rows(n, 3);
  Vector row(3);
  for (Index i = 0; i < n; ++i) {
    family.sample(1, rng, row);
    rows.row(i) = row.transpose();
  }
  const Eigen::RowVectorXd mean = rows.colwise().mean();
  const Matrix centered = rows.rowwise() - mean;
  const Matrix covariance = centered.transpose() * centered / static_cast<double>(n);
  const Matrix truth = family.covariance(1);
  const double root_n = std::sqrt(static_cast<double>(n));
  for (Index i = 0; i < 3; ++i) {
    // Five standard errors throughout.
    EXPECT_NEAR(mean[i], family.mean(1)[i], 5 * std::sqrt(truth(i, i)) / root_n);
    for (Index j = 0; j < 3; ++j) {
      const double error = std::sqrt(truth(i, i) * truth(j, j) + truth(i, j) * truth(i, j));
      EXPECT_NEAR(covariance(i, j), truth(i, j), 5 * error / root_n);
    }
  }
}

TEST_P(EachGaussian, StartsFromSharesAlone) {
  const Data data = three_groups(120, 3);
  const Matrix shares = perturbed_labels(data);
  Gaussians fresh(3, 3, {.structure = GetParam()});
  fresh.prepare(data.x, data.w);
  Gaussians used = fresh;
  used.start(data.x, shares.rowwise().reverse());
  used.start(data.x, shares);
  fresh.start(data.x, shares);
  EXPECT_LT((densities(used, data.x) - densities(fresh, data.x)).cwiseAbs().maxCoeff(), 1e-9);
  // One more M-step from the same shares changes nothing: the start is an M-step.
  Gaussians again = fresh;
  Vector sum = Vector::Zero(again.statistics_size());
  again.accumulate(data.x, shares, sum);
  again.maximize(sum);
  EXPECT_LT((densities(again, data.x) - densities(fresh, data.x)).cwiseAbs().maxCoeff(), 1e-6);
}

TEST_P(EachGaussian, KeepsAComponentWithoutRows) {
  const Data data = three_groups(150, 3);
  MixtureState state = fitted(data, {.structure = GetParam()}, 3);
  auto& family = *state.family.as<Gaussians>();
  const Vector mean = family.mean(2);
  const Matrix covariance = family.covariance(2);
  Matrix shares = perturbed_labels(data);
  shares.col(0) += shares.col(2);
  shares.col(2).setZero();
  Vector sum = Vector::Zero(family.statistics_size());
  family.accumulate(data.x, shares, sum);
  family.maximize(sum);
  EXPECT_EQ(family.mean(2), mean);
  if (GetParam() == Structure::VVV || GetParam() == Structure::VVI ||
      GetParam() == Structure::VII) {
    EXPECT_LT((family.covariance(2) - covariance).norm(), 1e-12 * covariance.norm());
  }
  EXPECT_TRUE(densities(family, data.x).allFinite());
  // Nor do parameters move when nothing at all was accumulated.
  const Gaussians before = family;
  family.maximize(Vector::Zero(family.statistics_size()));
  EXPECT_EQ(densities(family, data.x), densities(before, data.x));
}

TEST(Gaussians, AreEstimatedTheSameFromAnyPresentMeans) {
  using enum GaussianPrior::Kind;
  const Data data = three_groups(150, 3);
  const Matrix shares = perturbed_labels(data);
  for (const Structure structure : {Structure::VVV, Structure::VEE, Structure::VVI}) {
    for (const GaussianPrior::Kind kind : {none, conjugate}) {
      Gaussians here(3, 3, {.structure = structure, .prior = {.kind = kind, .mean_shrinkage = 2}});
      here.prepare(data.x, data.w);
      Gaussians there = here;
      here.start(data.x, shares);
      there.start(data.x, shares.rowwise().reverse());
      Vector sum = Vector::Zero(there.statistics_size());
      there.accumulate(data.x, shares, sum);
      there.maximize(sum);
      EXPECT_LT((here.means() - there.means()).cwiseAbs().maxCoeff(), 1e-12);
      for (Index k = 0; k < 3; ++k) {
        EXPECT_LT((here.covariance(k) - there.covariance(k)).cwiseAbs().maxCoeff(), 1e-9);
      }
    }
  }
}

TEST(Gaussians, CountFreeParametersOnce) {
  EXPECT_EQ(Gaussians(3, 4).parameter_count(), 12 + 30);
  EXPECT_EQ(Gaussians(3, 4, {.structure = Structure::EEE}).parameter_count(), 12 + 10);
  EXPECT_EQ(Gaussians(3, 1, {.structure = Structure::EII}).parameter_count(), 4);
  EXPECT_EQ(Gaussians(3, 1).parameter_count(), 6);
}

TEST(Gaussians, AreCalledAsInTheTables) {
  EXPECT_EQ(Gaussians(3, 4, {.structure = Structure::EEV}).title(), "gaussian EEV");
  EXPECT_EQ(Gaussians(3, 1, {.structure = Structure::EEE}).title(), "gaussian E");
  EXPECT_EQ(Gaussians(3, 1).title(), "gaussian V");
}

TEST(TiedGaussians, AgreeWithSeparateEvaluation) {
  Rng rng(2);
  const Matrix covariance = random_covariance(rng, 5);
  const std::vector<Matrix> both(2, covariance);
  Matrix means(2, 5);
  for (double& value : means.reshaped()) value = 10 * standard_normal(rng);
  const Matrix x = three_groups(600, 5).x;
  const Gaussians tied(means, both, {.structure = Structure::EEE});
  const Gaussians full(means, both);
  EXPECT_LT((densities(tied, x) - densities(full, x)).cwiseAbs().maxCoeff(), 1e-9);
}

TEST(Gaussians, EvaluateManyColumns) {
  Rng rng(3);
  const Index d = 60;
  Matrix x(40, d);
  for (double& value : x.reshaped()) value = standard_normal(rng);
  Matrix means = Matrix::Zero(1, d);
  const Matrix covariance = random_covariance(rng, d) + 20 * Matrix::Identity(d, d);
  const Gaussians family(means, {covariance});
  const Vector expected = textbook(x, Vector::Zero(d), covariance);
  EXPECT_LT((densities(family, x).col(0) - expected).cwiseAbs().maxCoeff(), 1e-9);
  Gaussians one(1, d);
  const Vector weight = Vector::Constant(40, 0.5);
  Vector sum = Vector::Zero(one.statistics_size());
  one.accumulate(x, weight, sum);
  const Matrix second = x.transpose() * x * 0.5;
  EXPECT_NEAR(sum[1 + d], second(0, 0), 1e-10);
  EXPECT_NEAR(sum[sum.size() - 1], second(d - 1, d - 1), 1e-10);
  EXPECT_NEAR(sum[1 + d + d], second(1, 1), 1e-10);
}

TEST(Gaussians, AccumulateByDefinitionInAnyBlocks) {
  const Data data = three_groups(1300, 3);
  Matrix shares = Matrix::Zero(1300, 2);
  Rng rng(4);
  for (Index i = 0; i < 1300; ++i) shares(i, 0) = uniform(rng);
  for (Index i = 0; i < 1300; i += 7) shares(i, 1) = uniform(rng);  // few rows: gathered
  Matrix means(2, 3);
  means << 1, 2, 3, -1, 0, 5;
  const std::vector<Matrix> unit(2, Matrix::Identity(3, 3));
  for (const Structure structure : {Structure::VVV, Structure::VVI}) {
    const Gaussians family(means, unit, {.structure = structure});
    Vector expected = Vector::Zero(family.statistics_size());
    const Index length = expected.size() / 2;
    for (Index i = 0; i < 1300; ++i) {
      for (Index k = 0; k < 2; ++k) {
        const Vector c = data.x.row(i).transpose() - means.row(k).transpose();
        auto block = expected.segment(k * length, length);
        block[0] += shares(i, k);
        block.segment(1, 3) += shares(i, k) * c;
        Index next = 4;
        for (Index a = 0; a < 3; ++a) {
          for (Index b = a; b < (structure == Structure::VVI ? a + 1 : 3); ++b) {
            block[next++] += shares(i, k) * c[a] * c[b];
          }
        }
      }
    }
    Vector whole = Vector::Zero(expected.size());
    family.accumulate(data.x, shares, whole);
    Vector pieces = Vector::Zero(expected.size());
    for (const auto& [first, count] : {std::pair{900, 400}, {0, 1}, {1, 899}}) {
      family.accumulate(data.x.middleRows(first, count), shares.middleRows(first, count), pieces);
    }
    EXPECT_LT((whole - expected).cwiseAbs().maxCoeff(), 1e-12 * expected.cwiseAbs().maxCoeff());
    EXPECT_LT((pieces - expected).cwiseAbs().maxCoeff(), 1e-12 * expected.cwiseAbs().maxCoeff());
  }
}

TEST(Gaussians, GiveFarAwayRowsDensityZeroInsteadOfNan) {
  Rng rng(5);
  for (const Structure structure : {Structure::VVV, Structure::EEE, Structure::VVI}) {
    const Matrix c = structure == Structure::VVI ? Matrix(2 * Matrix::Identity(3, 3))
                                                 : random_covariance(rng, 3);
    const Gaussians family(Matrix::Zero(1, 3), {c}, {.structure = structure});
    const Matrix x = Matrix::Constant(1, 3, 1e300);
    EXPECT_EQ(densities(family, x)(0, 0), -infinity);
  }
}

TEST(Gaussians, RefuseWhatTheyCannotDescribe) {
  const auto message = [](const auto& act) {
    try {
      act();
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  Data data = three_groups(50, 4);
  data.x.col(2).setConstant(0.1);
  Gaussians family(2, 4);
  EXPECT_NE(message([&] { family.prepare(data.x, data.w); }).find("column 3"), std::string::npos);
  data.x(7, 2) = infinity;
  const std::string infinite = message([&] { family.prepare(data.x, data.w); });
  EXPECT_NE(infinite.find("row 8, column 3"), std::string::npos) << infinite;
  EXPECT_THROW(Gaussians(0, 2), std::invalid_argument);
  EXPECT_THROW(Gaussians(2, 0), std::invalid_argument);
  EXPECT_THROW(Gaussians(2, 2, {.floor = -1}), std::invalid_argument);
  Matrix indefinite(2, 2);
  indefinite << 1, 2, 2, 1;
  EXPECT_THROW(Gaussians(Matrix::Zero(1, 2), {indefinite}), std::invalid_argument);
  EXPECT_THROW(Gaussians(Matrix::Zero(2, 2), {Matrix::Identity(2, 2)}), std::invalid_argument);
  EXPECT_THROW(Gaussians(Matrix::Zero(1, 2), {Matrix::Identity(3, 3)}), std::invalid_argument);
  Matrix slanted(2, 2);
  slanted << 2, 1, 1, 2;
  EXPECT_THROW(Gaussians(Matrix::Zero(1, 2), {slanted}, {.structure = Structure::VVI}),
               std::invalid_argument);
  EXPECT_THROW(Gaussians(Matrix::Zero(2, 2), {slanted, Matrix::Identity(2, 2)},
                         {.structure = Structure::EEE}),
               std::invalid_argument);
  EXPECT_THROW(parse_gaussian_prior("flat"), std::invalid_argument);
}

TEST(Gaussians, PointOutSpuriousComponents) {
  const Data data = three_groups(200, 2);
  Gaussians prepared(2, 2);
  prepared.prepare(data.x, data.w);
  EXPECT_EQ(prepared.flaw(0, 100), "");
  EXPECT_NE(prepared.flaw(1, 3), "");

  // Two groups, one of them nearly on a line.
  Matrix shares = Matrix::Zero(200, 2);
  Matrix x = data.x;
  for (Index i = 0; i < 200; ++i) {
    shares(i, i < 20 ? 1 : 0) = 1;
    if (i < 20) x(i, 1) = x(i, 0) + 1e-3 * x(i, 1);
  }
  prepared.start(x, shares);
  EXPECT_EQ(prepared.flaw(0, 180), "");
  EXPECT_NE(prepared.flaw(1, 20).find("nearly flat"), std::string::npos) << prepared.flaw(1, 20);
  EXPECT_EQ(Gaussians(2, 2, {.structure = Structure::EEE}).flaw(1, 1), "");  // of unknown data
  EXPECT_EQ(Gaussians(1, 2).flaw(0, 1), "");
}

TEST(Gaussians, KeepTheSelectedComponents) {
  const Data data = three_groups(150, 3);
  for (const Structure structure : {Structure::VVV, Structure::VVI, Structure::EEE}) {
    const MixtureState state = fitted(data, {.structure = structure}, 3);
    const Matrix before = densities(*state.family.as<Gaussians>(), data.x);
    Gaussians chosen = *state.family.as<Gaussians>();
    chosen.select({2, 0});
    const Matrix after = densities(chosen, data.x);
    EXPECT_EQ(chosen.size(), 2);
    EXPECT_LT((after.col(0) - before.col(2)).cwiseAbs().maxCoeff(), 1e-11);
    EXPECT_LT((after.col(1) - before.col(0)).cwiseAbs().maxCoeff(), 1e-11);
  }
}

TEST(Gaussians, EmbedRowsAtUnitVariance) {
  const Data data = three_groups(150, 3);
  Gaussians family(2, 3);
  family.prepare(data.x, data.w);
  const Matrix embedded = family.embed(data.x);
  EXPECT_LT(embedded.colwise().mean().cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_NEAR(embedded.col(2).squaredNorm() / 150, 1, 1e-12);
}

TEST(Gaussians, HaveTheSameBitsForAnyNumberOfThreads) {
  const Data data = three_groups(3000, 4);
  const auto fit = [&](Index threads) {
    Matrix r;
    with_threads(threads, [&] {
      const MixtureState state = fitted(data, {.structure = Structure::VVE}, 5);
      r = responsibilities(state, data.x);
    });
    return r;
  };
  EXPECT_EQ(fit(1), fit(2));
  EXPECT_EQ(fit(1), fit(7));
}

TEST(Gaussians, InMixedPrecisionEndWhereDoublePrecisionEnds) {
  for (const Structure structure : {Structure::VVV, Structure::VEV, Structure::EVE}) {
    const Data data = three_groups(3000, 6);
    const auto run = [&](Precision precision, Index max_iter, Index threads) {
      AnyFamily family = Gaussians(3, 6, {.structure = structure});
      family.prepare(data.x, data.w);
      family.start(data.x, perturbed_labels(data));
      MixtureState state{Vector::Constant(3, 1.0 / 3), std::move(family)};
      EmReport report;
      with_threads(threads, [&] {
        report = run_em(state, data.x, data.w,
                        {.tol = 1e-6, .max_iter = max_iter, .precision = precision});
      });
      return report;
    };
    const EmReport full = run(Precision::full, 1000, 1);
    const EmReport mixed = run(Precision::mixed, 1000, 1);
    EXPECT_EQ(mixed.stop, Stop::converged);
    EXPECT_EQ(mixed.falls, 0);
    EXPECT_NEAR(mixed.log_likelihood, full.log_likelihood, 1e-9 * std::abs(full.log_likelihood));
    // Single precision was really used, and the same bits come of any number of threads.
    EXPECT_NE(mixed.objective_history.front(), full.objective_history.front());
    EXPECT_NEAR(mixed.objective_history.front(), full.objective_history.front(),
                1e-5 * static_cast<double>(data.x.rows()));
    EXPECT_EQ(mixed.objective_history, run(Precision::mixed, 1000, 3).objective_history);
    // The last pass is of double precision also where it is the last one allowed.
    const EmReport few = run(Precision::mixed, 4, 1);
    EXPECT_EQ(few.n_iter, 4);
    EXPECT_NEAR(few.log_likelihood, run(Precision::full, 4, 1).log_likelihood,
                1e-6 * std::abs(few.log_likelihood));
  }
}

TEST(Gaussians, SayWhetherMixedPrecisionMakesADifference) {
  for (const Index d : {4, 6}) {
    const Data data = three_groups(500, d);
    for (const Structure structure : all_structures()) {
      const auto first_objective = [&](Precision precision) {
        AnyFamily family = Gaussians(3, d, {.structure = structure});
        family.prepare(data.x, data.w);
        family.start(data.x, perturbed_labels(data));
        MixtureState state{Vector::Constant(3, 1.0 / 3), std::move(family)};
        return run_em(state, data.x, data.w, {.max_iter = 2, .precision = precision})
            .objective_history.front();
      };
      EXPECT_EQ(first_objective(Precision::mixed) != first_objective(Precision::full),
                AnyFamily(Gaussians(3, d, {.structure = structure})).takes_single_precision())
          << to_string(structure) << " of " << d << " columns";
    }
  }
}

TEST(Gaussians, AskForFewRowsWhereTheirStructureHasFewParameters) {
  const Data data = three_groups(400, 30);
  for (const Structure structure : {Structure::VII, Structure::VVI}) {
    Gaussians family(2, 30, {.structure = structure});
    family.prepare(data.x, data.w);
    EXPECT_EQ(family.flaw(0, 20), "") << to_string(structure);
    EXPECT_NE(family.flaw(0, 1), "") << to_string(structure);
  }
  Gaussians full(2, 30);
  full.prepare(data.x, data.w);
  EXPECT_NE(full.flaw(0, 20), "");
}

TEST(Gaussians, RefuseVariancesThatDoNotObeyTheirStructure) {
  const Matrix one = Matrix::Identity(2, 2);
  Matrix wide = one;
  wide(1, 1) = 2;
  for (const Structure structure : {Structure::EII, Structure::EEI, Structure::EVI}) {
    EXPECT_THROW(Gaussians(Matrix::Zero(2, 2), {one, wide}, {.structure = structure}),
                 std::invalid_argument)
        << to_string(structure);
  }
  EXPECT_THROW(Gaussians(Matrix::Zero(2, 2), {one, wide}, {.structure = Structure::VII}),
               std::invalid_argument);
  EXPECT_NO_THROW(Gaussians(Matrix::Zero(2, 2), {one, wide}, {.structure = Structure::VVI}));
  EXPECT_NO_THROW(Gaussians(Matrix::Zero(2, 2), {one, 3 * one}, {.structure = Structure::VII}));
}

TEST_P(EachGaussian, WeighRowsInAnyUnit) {
  const Data data = three_groups(150, 3);
  const Matrix shares = perturbed_labels(data);
  const auto estimate_with = [&](double unit) {
    Gaussians family(3, 3, {.structure = GetParam()});
    family.prepare(data.x, unit * data.w);
    family.start(data.x, unit * shares);
    return densities(family, data.x);
  };
  const Matrix plain = estimate_with(1);
  for (const double unit : {1e-3, 1e3}) {
    EXPECT_LT((estimate_with(unit) - plain).cwiseAbs().maxCoeff(), 1e-6) << unit;
  }
}

}  // namespace
}  // namespace mix
