#include "mix/streaming_em.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "mix/distributions/gaussians.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/student_t.h"
#include "mix/models/mixture_model.h"
#include "mix/parallel.h"
#include "mix/untied.h"

namespace mix {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

struct Streamed {
  std::string name;
  MixtureModel truth;
  MixtureModel start;
};

void PrintTo(const Streamed& c, std::ostream* out) { *out << c.name; }

MixtureModel round_gaussians(const Matrix& means, Structure structure) {
  const std::vector<Matrix> round(static_cast<std::size_t>(means.rows()), Matrix::Identity(2, 2));
  return mixture(Gaussians(means, round, {.structure = structure}));
}

std::vector<Streamed> cases() {
  const Matrix means{{0, 0}, {3, 0}};
  const Matrix away{{-1, 1}, {2, -1}};
  return {{"normal", mixture({0.3, 0.7}, Normal(-1, 1), Normal(2, 0.7)),
           mixture(Untied<Normal>({Normal(-2, 2), Normal(1, 2)}))},
          {"poisson", mixture({0.4, 0.6}, Poisson(Vector{{3.0}}), Poisson(Vector{{9.0}})),
           mixture(Untied<Poisson>({Poisson(Vector{{2.0}}), Poisson(Vector{{6.0}})}))},
          {"gaussian_VVV", round_gaussians(means, Structure::VVV),
           round_gaussians(away, Structure::VVV)},
          {"gaussian_EEE", round_gaussians(means, Structure::EEE),
           round_gaussians(away, Structure::EEE)}};
}

class StreamingEm : public ::testing::TestWithParam<Streamed> {};

INSTANTIATE_TEST_SUITE_P(Families, StreamingEm, ::testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

TEST_P(StreamingEm, IncrementalRunsReachTheOptimumOfPlainOnesInFewerPasses) {
  const Matrix x = GetParam().truth.sample(2000, 1).x;
  const Vector w = Vector::LinSpaced(x.rows(), 0.5, 1.5);
  MixtureState plain = GetParam().start.state();
  MixtureState incremental = plain;
  const EmReport by_passes = run_em(plain, x, w, {.tol = 1e-6, .max_iter = 10000});
  const EmReport by_parts = run_incremental_em(incremental, x, w, {.tol = 1e-6, .max_iter = 10000});
  EXPECT_EQ(by_parts.stop, Stop::converged);
  EXPECT_NEAR(by_parts.objective, by_passes.objective, 1e-4);
  EXPECT_NEAR(by_parts.objective, log_likelihood(incremental, x, w), 1e-9);
  EXPECT_NEAR(by_parts.mass.sum(), w.sum(), 1e-6);
  EXPECT_LT(by_parts.n_iter, by_passes.n_iter);
}

TEST_P(StreamingEm, OnePartIsPlainEm) {
  const Matrix x = GetParam().truth.sample(700, 2).x;
  const Vector w = Vector::Ones(x.rows());
  MixtureState plain = GetParam().start.state();
  MixtureState one = plain;
  const EmReport a = run_em(plain, x, w, {.tol = -1, .max_iter = 9});
  const EmReport b = run_incremental_em(one, x, w, {.parts = 1, .tol = -1, .max_iter = 8});
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_NEAR(a.objective_history[i], b.objective_history[i],
                1e-9 * std::abs(a.objective_history[i]));
  }
  EXPECT_NEAR(b.objective, a.objective, 1e-9 * std::abs(a.objective));
}

TEST_P(StreamingEm, OnlineEstimatesComeNearTheTruth) {
  OnlineEm online(GetParam().start.state(), {.average_from = 800});
  const MixtureModel& truth = GetParam().truth;
  for (std::uint64_t block = 1; block <= 1600; ++block) {
    const Matrix x = truth.sample(50, block).x;
    online.update(x, Vector::Ones(50));
    if (block == 20) {
      EXPECT_EQ(online.state().weights, GetParam().start.weights());
    }
  }
  EXPECT_EQ(online.blocks(), 1600);
  const Matrix unseen = truth.sample(4000, 1000).x;
  const Vector w = Vector::Ones(4000);
  const double best = log_likelihood(truth.state(), unseen, w) / 4000;
  const double averaged = log_likelihood(online.averaged(), unseen, w) / 4000;
  EXPECT_NEAR(averaged, best, 2e-3);
  EXPECT_NEAR(log_likelihood(online.state(), unseen, w) / 4000, best, 1e-2);
  EXPECT_GT(best - log_likelihood(GetParam().start.state(), unseen, w) / 4000, 3e-2);
}

// With steps of 1/t and parameters that never move the mean is that of all rows.
TEST(OnlineEmSteps, OfOneOverTAreOnePassOfPlainEm) {
  const Streamed example = cases().front();
  const Matrix x = example.truth.sample(1000, 3).x;
  OnlineEm online(example.start.state(), {.decay = 1, .warm_up = 9});
  for (Index b = 0; b < 10; ++b) online.update(x.middleRows(100 * b, 100), Vector::Ones(100));
  MixtureState plain = example.start.state();
  (void)run_em(plain, x, Vector::Ones(1000), {.tol = -1, .max_iter = 2});
  EXPECT_TRUE(online.state().weights.isApprox(plain.weights, 1e-12));
  Matrix a(1000, 2);
  Matrix b(1000, 2);
  log_joint(online.state(), x, a);
  log_joint(plain, x, b);
  EXPECT_TRUE(a.isApprox(b, 1e-10));
  EXPECT_EQ(online.averaged().weights, online.state().weights);
}

TEST(IncrementalEm, HasTheSameBitsForAnyNumberOfThreads) {
  const Streamed example = cases()[2];
  const Matrix x = example.truth.sample(20000, 3).x;
  const Vector w = Vector::Ones(x.rows());
  std::vector<EmReport> reports;
  for (const Index threads : {1, 3}) {
    MixtureState state = example.start.state();
    with_threads(threads, [&] {
      reports.push_back(run_incremental_em(state, x, w, {.parts = 4, .max_iter = 12}));
    });
  }
  EXPECT_EQ(reports[0].objective_history, reports[1].objective_history);
  EXPECT_EQ(reports[0].objective, reports[1].objective);
}

// What both refuse of rows and weights, by the row; nothing is learned from such a block.
TEST(StreamingRows, AreThoseThatFitTakes) {
  const MixtureModel guess = mixture(Untied<Normal>({Normal(-2, 2), Normal(1, 2)}));
  const Matrix good = guess.sample(50, 1).x;
  const auto refused = [&](const MixtureModel& model, const Matrix& x, const Vector& w,
                           const std::string& part) {
    MixtureState state = model.state();
    EXPECT_THAT([&] { (void)run_incremental_em(state, x, w); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(part)));
    OnlineEm online(model.state(), {.warm_up = 0});
    const Matrix before = model.sample(50, 2).x;
    online.update(before, Vector::Ones(50));
    const Vector weights = online.state().weights;
    EXPECT_THAT([&] { online.update(x, w); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(part)));
    EXPECT_EQ(online.state().weights, weights);
    EXPECT_EQ(online.blocks(), 1);
  };
  Matrix x = good;
  x(3, 0) = infinity;
  refused(guess, x, Vector::Ones(50), "row 4, column 1 is infinite");
  for (const double bad : {-1000.0, quiet_nan, infinity}) {
    Vector w = Vector::Ones(50);
    w[6] = bad;
    refused(guess, good, w, "the sample weight of row 7 is");
  }
  const MixtureModel counts =
      mixture(Untied<Poisson>({Poisson(Vector{{1.0}}), Poisson(Vector{{2.0}})}));
  Matrix y = counts.sample(50, 1).x;
  y(2, 0) = -1;
  refused(counts, y, Vector::Ones(50), "row 3, column 1: -1 is not a count");

  MixtureState state = guess.state();
  EXPECT_THAT([&] { (void)run_incremental_em(state, Matrix(0, 1), Vector(0)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("no rows")));
  EXPECT_THAT([&] { (void)run_incremental_em(state, good, Vector::Zero(50)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("all sample weights are 0")));
  // A block without weight is no error in a stream.
  OnlineEm online(guess.state());
  online.update(good, Vector::Zero(50));
  online.update(Matrix(0, 1), Vector(0));
  EXPECT_EQ(online.blocks(), 0);
}

TEST(IncrementalEm, RefusesWhatItCannotDo) {
  const Streamed example = cases().front();
  const Matrix x = example.truth.sample(60, 3).x;
  const auto refused = [&](const AnyFamily& family, const Vector& w,
                           const IncrementalOptions& options, const char* why) {
    MixtureState state = MixtureModel(family).state();
    EXPECT_THAT([&] { (void)run_incremental_em(state, x, w, options); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(why)));
  };
  const AnyFamily normals = example.start.family();
  const Vector ones = Vector::Ones(60);
  refused(normals, ones, {.parts = 0}, "parts, max_iter and refresh must be at least 1");
  refused(normals, Vector::Ones(3), {}, "there are 3 sample weights");
  // Its statistics weigh rows by how far out they are at the parameters before.
  refused(StudentT(2, 1), ones, {}, "student_t");
  EXPECT_THAT([&] { OnlineEm(example.start.state(), {.decay = 0.5}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("above 0.5 and at most 1, not 0.5")));
  EXPECT_THAT([&] { OnlineEm(example.start.state(), {.warm_up = -1}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("must not be negative")));
}

}  // namespace
}  // namespace mix
