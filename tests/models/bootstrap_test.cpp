#include "mix/models/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "mix/distributions/free_uniform.h"
#include "mix/distributions/gated.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/models/checkpoint.h"
#include "mix/models/fit.h"
#include "mix/models/standard_errors.h"

namespace {

using namespace mix;
using ::testing::HasSubstr;

constexpr auto every_kind = {Resampling::nonparametric, Resampling::parametric,
                             Resampling::weighted};

const MixtureModel& two_apart() {
  static const MixtureModel model = mixture({0.4, 0.6}, Normal(0, 1), Normal(6, 1.5));
  return model;
}

TEST(Bootstrap, AgreesWithTheInformationMatrix) {
  const Matrix x = two_apart().sample(300, 1).x;
  const MixtureModel model = fit(two_apart(), x, {.start = start::Parameters{}}).model;
  const StandardErrors errors = standard_errors(model, x, {.confidence = 0.9});
  for (const Resampling kind : every_kind) {
    const Bootstrap found =
        bootstrap(model, x, {.kind = kind, .replicates = 199, .confidence = 0.9, .seed = 3});
    EXPECT_EQ(found.failed, 0);
    EXPECT_EQ(found.replicates.rows(), 199);
    ASSERT_EQ(found.parameters.size(), errors.parameters.size());
    for (std::size_t i = 0; i < errors.parameters.size(); ++i) {
      const BootstrapEstimate& b = found.parameters[i];
      const ParameterEstimate& e = errors.parameters[i];
      EXPECT_EQ(b.name, e.name);
      EXPECT_EQ(b.value, e.value);
      // The standard deviation of 199 replicates errs by 5 %, 3 times that at most in 10^3 trials.
      EXPECT_NEAR(b.standard_error / e.standard_error, 1, 0.25) << to_string(kind) << " " << b.name;
      EXPECT_LT(std::abs(b.bias), 0.4 * e.standard_error);
      EXPECT_NEAR(b.lower, e.lower, 0.7 * e.standard_error);
      EXPECT_NEAR(b.upper, e.upper, 0.7 * e.standard_error);
      EXPECT_DOUBLE_EQ(b.basic_lower, 2 * b.value - b.upper);
    }
  }
}

TEST(Bootstrap, HasTheSameBitsForAnyNumberOfThreads) {
  const Matrix x = two_apart().sample(80, 1).x;
  for (const Resampling kind : every_kind) {
    const auto replicates = [&](Index threads) {
      return bootstrap(two_apart(), x,
                       {.kind = kind, .replicates = 20, .seed = 7, .threads = threads})
          .replicates;
    };
    const Matrix one = replicates(1);
    EXPECT_EQ(one, replicates(2));
    EXPECT_NE(one.row(0), one.row(1));
  }
}

TEST(Bootstrap, MatchesComponentsWhateverTheirOrder) {
  // Components are sorted by what they hold after a fit, so equal weights change places.
  const MixtureModel even = mixture(Normal(0, 1), Normal(20, 1));
  const Matrix x = even.sample(60, 2).x;
  const Bootstrap found = bootstrap(even, x, {.replicates = 40, .seed = 1});
  for (const BootstrapEstimate& e : found.parameters) {
    if (e.name == "mean") {
      EXPECT_LT(e.standard_error, 0.5);
    }
  }
}

TEST(Bootstrap, CountsWeightsAsRepetitionsInTheMean) {
  Matrix x = two_apart().sample(100, 4).x;
  const Vector w = Vector::Constant(100, 3);
  const MixtureModel model = fit(two_apart(), x, {.sample_weight = w}).model;
  const StandardErrors errors = standard_errors(model, x, {.sample_weight = w});
  for (const Resampling kind : every_kind) {
    const Bootstrap found =
        bootstrap(model, x, {.kind = kind, .replicates = 150, .sample_weight = w});
    EXPECT_NEAR(found.parameters[1].standard_error / errors.parameters[1].standard_error, 1, 0.3);
  }
}

TEST(Bootstrap, DrawsGroupsWholeAndKeepsMissingCells) {
  const MixtureModel wide = mixture({0.5, 0.5}, Normal(0, 1), Normal(1, 1));
  // Four rows of each group share a component: the groups tell the components apart.
  Matrix x(200, 1);
  std::vector<Index> numbers;
  Rng rng(5);
  for (Index i = 0; i < 200; ++i) {
    x(i, 0) = standard_normal(rng) + (i / 4 % 2 == 0 ? 0 : 4);
    numbers.push_back(i / 4);
  }
  const Groups groups(numbers);
  const MixtureModel model = fit(wide, x, {.groups = groups}).model;
  const StandardErrors errors = standard_errors(model, x, {.groups = groups});
  for (const Resampling kind : {Resampling::nonparametric, Resampling::parametric}) {
    const Bootstrap found =
        bootstrap(model, x, {.kind = kind, .replicates = 100, .groups = groups});
    EXPECT_NEAR(found.parameters[0].standard_error / errors.parameters[0].standard_error, 1, 0.3);
  }

  Matrix holes = two_apart().sample(120, 4).x.replicate(1, 2);
  holes.col(1) += Vector::LinSpaced(120, 0, 2);
  for (Index i = 0; i < 120; i += 3) holes(i, i % 2) = quiet_nan;
  const MixtureModel plane = fit(mixture(Gaussians(2, 2)), holes).model;
  const Bootstrap found =
      bootstrap(plane, holes, {.kind = Resampling::parametric, .replicates = 10});
  EXPECT_EQ(found.failed, 0);
}

TEST(Bootstrap, NamesAndCountsFailures) {
  // Of 3 rows, often only one value is drawn, which 3 components cannot describe.
  const Matrix x{{0.0}, {1.0}, {5.0}};
  const MixtureModel model = mixture(Normal(0, 1), Normal(1, 1), Normal(5, 1));
  try {
    const Bootstrap found = bootstrap(model, x, {.replicates = 60});
    EXPECT_GT(found.failed, 20);
    EXPECT_EQ(found.failed + found.replicates.rows(), 60);
    EXPECT_THAT(found.failures.at(0).first, HasSubstr("3 components"));
    EXPECT_THAT(found.warnings.at(0), HasSubstr("failed"));
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("succeeded"));
  }
  Index calls = 0;
  BootstrapOptions options{.replicates = 500, .threads = 1};
  options.progress = [&](Index done, Index all) {
    ++calls;
    return done < 20 && all == 500;
  };
  const Bootstrap stopped = bootstrap(two_apart(), two_apart().sample(50, 1).x, options);
  EXPECT_EQ(calls, 20);
  EXPECT_EQ(stopped.replicates.rows(), 20);
  EXPECT_THAT(stopped.warnings.at(0), HasSubstr("interrupted after 20 of 500"));
}

TEST(Bootstrap, ServesFamiliesWithoutCoordinates) {
  const Matrix x = Vector::LinSpaced(50, 0, 7);
  const MixtureModel model = fit(mixture(FreeUniform(1)), x).model;
  EXPECT_EQ(bootstrap(model, x, {.replicates = 20}).parameters.size(), 2U);
}

TEST(Bootstrap, InterruptedAndResumedEndsWithTheSameBits) {
  const auto path = std::filesystem::temp_directory_path() / "bootstrap.checkpoint";
  std::filesystem::remove(path);
  const Matrix x = two_apart().sample(80, 4).x;
  BootstrapOptions options{.replicates = 40, .seed = 3, .threads = 2};
  const Bootstrap whole = bootstrap(two_apart(), x, options);
  Index told = 0;
  for (int piece = 0; piece < 3; ++piece) {
    options.checkpoint = std::make_shared<Checkpoint>(path, "replicates");
    Index calls = 0;
    options.progress = [&](Index done, Index all) {
      EXPECT_LE(done, all);
      ++told;
      return ++calls < 12 || piece == 2;
    };
    const Bootstrap part = bootstrap(two_apart(), x, options);
    options.checkpoint->write();
    EXPECT_EQ(part.replicates.rows() == 40, piece == 2);
    if (piece < 2) continue;
    EXPECT_EQ(part.replicates, whole.replicates);
    EXPECT_EQ(part.warnings, whole.warnings);
  }
  EXPECT_EQ(told, 40);  // none is done twice
  std::filesystem::remove(path);
}

TEST(Bootstrap, RefusesBadInput) {
  const Matrix x = two_apart().sample(30, 1).x;
  const auto complaint = [&](const MixtureModel& model, const Matrix& data,
                             const BootstrapOptions& options) -> std::string {
    try {
      (void)bootstrap(model, data, options);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(complaint(two_apart(), x, {.replicates = 1}), HasSubstr("at least 2"));
  EXPECT_THAT(complaint(two_apart(), x, {.confidence = 95}), HasSubstr("between 0 and 1"));
  EXPECT_THAT(complaint(two_apart(), x.replicate(1, 2), {}), HasSubstr("1 columns"));
  EXPECT_THAT(
      complaint(two_apart(), x,
                {.kind = Resampling::parametric, .sample_weight = Vector::Constant(30, 0.5)}),
      HasSubstr("row 1 is 0.5"));
  std::vector<Index> numbers(30, 0);
  numbers[0] = 1;
  EXPECT_THAT(complaint(two_apart(), x, {.kind = Resampling::weighted, .groups = Groups(numbers)}),
              HasSubstr("nonparametric"));
  EXPECT_THAT(complaint(mixture(Gated(Untied(Normal(), 2), {1})), x.replicate(1, 2),
                        {.kind = Resampling::parametric}),
              HasSubstr("cannot draw rows"));
  EXPECT_THROW((void)parse_resampling("jackknife"), std::invalid_argument);
}

}  // namespace
