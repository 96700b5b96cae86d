// Annihilation beside noise, groups, known labels and checkpoints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "mix/mix.h"
#include "mix/models/annihilation.h"
#include "mix/models/checkpoint.h"
#include "mix/models/model_file.h"

namespace mix {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const MixtureModel& distant_normals() {
  static const MixtureModel truth = mixture({0.5, 0.5}, Normal(-5, 1), Normal(5, 1));
  return truth;
}

MixtureModel so_many_normals(Index k) { return MixtureModel(AnyFamily(Untied(Normal(), k))); }

void expect_same_path(const AnnihilationFit& a, const AnnihilationFit& b) {
  ASSERT_EQ(a.path.size(), b.path.size());
  for (std::size_t i = 0; i < a.path.size(); ++i) {
    EXPECT_EQ(a.path[i].n_components, b.path[i].n_components);
    EXPECT_EQ(a.path[i].sweeps, b.path[i].sweeps);
    EXPECT_EQ(a.path[i].message_length, b.path[i].message_length);
    EXPECT_EQ(a.path[i].log_likelihood, b.path[i].log_likelihood);
  }
  EXPECT_EQ(a.message_length, b.message_length);
  EXPECT_EQ(a.fit.report.passes, b.fit.report.passes);
  EXPECT_EQ(to_json(SavedModel{a.fit.model}).dump(), to_json(SavedModel{b.fit.model}).dump());
}

TEST(AnnihilationRoles, NoiseIsNeverRemoved) {
  Matrix x(330, 1);
  x << distant_normals().sample(300, 1).x, Vector::LinSpaced(30, -60, 60);
  const AnyFamily family =
      FamilyList({AnyFamily(Untied(Normal(), 7)),
                  AnyFamily(Untied(UniformBox(Vector{{-60.0}}, Vector{{60.0}}), 1))});
  const AnnihilationFit found = choose_by_annihilation(MixtureModel(family), x);
  ASSERT_EQ(found.fit.model.n_components(), 3);
  EXPECT_NEAR(found.fit.model.weights()[2], 30.0 / 330, 0.03);
  // The normals go first.
  EXPECT_EQ(found.path.back().n_components, 1);
  const Matrix clean = distant_normals().sample(300, 2).x;
  const AnnihilationFit without = choose_by_annihilation(MixtureModel(family), clean);
  ASSERT_EQ(without.fit.model.n_components(), 3);
  EXPECT_LT(without.fit.model.weights()[2], 0.02);
}

TEST(AnnihilationRoles, GroupsOfOneRowAreRows) {
  const Matrix x = distant_normals().sample(300, 3).x;
  std::vector<Index> each(300);
  for (std::size_t i = 0; i < each.size(); ++i) each[i] = static_cast<Index>(i);
  AnnihilationOptions options;
  options.fit.start = start::KMeansPlusPlus{};
  const AnnihilationFit rows = choose_by_annihilation(so_many_normals(7), x, options);
  options.fit.groups = Groups(each);
  const AnnihilationFit groups = choose_by_annihilation(so_many_normals(7), x, options);
  ASSERT_EQ(rows.path.size(), groups.path.size());
  for (std::size_t i = 0; i < rows.path.size(); ++i) {
    EXPECT_NEAR(rows.path[i].message_length, groups.path[i].message_length, 1e-6);
  }
}

// Twelve groups of 50 rows: more rows than a component's parameters, but few draws of a component.
TEST(AnnihilationRoles, AGroupIsOneDrawOfItsComponent) {
  const Index count = 12;
  const Index size = 50;
  std::vector<Index> group;
  Matrix x(count * size, 1);
  for (Index g = 0; g < count; ++g) {
    const MixtureModel own = mixture({1.0}, Normal(g % 2 == 0 ? -1.0 : 1.0, 1));
    x.middleRows(g * size, size) = own.sample(size, static_cast<std::uint64_t>(g)).x;
    group.insert(group.end(), static_cast<std::size_t>(size), g);
  }
  AnnihilationOptions options;
  options.fit.groups = Groups(group);
  const AnnihilationFit found = choose_by_annihilation(so_many_normals(6), x, options);
  ASSERT_EQ(found.fit.model.n_components(), 2);
  EXPECT_EQ(found.fit.report.n, 12);
  EXPECT_NEAR(found.fit.model.weights()[0], 0.5, 1e-6);
  double length = -2 * found.fit.report.log_likelihood;
  for (const double weight : found.fit.model.weights()) length += 2 * std::log(12 * weight / 12);
  length += 2 * std::log(12 / 12.0) + 2 * (2 + 1);
  EXPECT_NEAR(found.message_length, length, 1e-9);
}

TEST(AnnihilationRoles, AComponentOfWhichRowsAreKnownStays) {
  const Matrix x = distant_normals().sample(300, 4).x;
  // In the other order than by their means.
  Known known{std::vector<Index>(300, -1)};
  std::vector<Index> of_second;
  bool first = false;
  for (Index i = 0; i < 300; ++i) {
    Index& label = known.labels[static_cast<std::size_t>(i)];
    if (x(i, 0) < -4.5 && of_second.size() < 3) {
      label = 1;
      of_second.push_back(i);
    } else if (x(i, 0) > 4.5 && !first) {
      label = 0;
      first = true;
    }
  }
  AnnihilationOptions options;
  options.fit.assignment = known;
  const AnnihilationFit found = choose_by_annihilation(so_many_normals(8), x, options);
  ASSERT_GE(found.fit.model.n_components(), 2);
  EXPECT_EQ(found.path.back().n_components, 2);
  // Components keep the numbers of their labels.
  const Matrix r = found.fit.model.responsibilities(x(of_second, Eigen::all));
  EXPECT_GT(r.col(1).minCoeff(), r.col(0).maxCoeff());
}

TEST(AnnihilationRoles, LabelsThatNobodyNeedsStillHoldTheirComponents) {
  const Matrix x = mixture({1.0}, Normal(0, 1)).sample(200, 5).x;
  Known known{std::vector<Index>(200, -1)};
  for (std::size_t i = 0; i < 3; ++i) known.labels[i * 50] = static_cast<Index>(i);
  AnnihilationOptions options;
  options.fit.assignment = known;
  const AnnihilationFit found = choose_by_annihilation(so_many_normals(6), x, options);
  for (const AnnihilationStep& step : found.path) EXPECT_GE(step.n_components, 3);
  EXPECT_GE(found.fit.model.n_components(), 3);
}

// A prior of `certainty` for the labels of every tenth row, of two components.
LabelPrior opinions(const std::vector<Index>& labels, double certainty) {
  Matrix a = Matrix::Ones(static_cast<Index>(labels.size()), 2);
  for (Index i = 0; i < a.rows(); i += 10) {
    const Index label = labels[static_cast<std::size_t>(i)];
    a(i, label) = certainty;
    a(i, 1 - label) = 1 - certainty;
  }
  return LabelPrior(a);
}

TEST(AnnihilationRoles, ALabelPriorOfCertaintiesIsThatOfKnownLabels) {
  const Sample drawn = distant_normals().sample(300, 6);
  Known known{std::vector<Index>(300, -1)};
  for (std::size_t i = 0; i < 300; i += 10) known.labels[i] = drawn.labels[i];
  AnnihilationOptions options;
  options.fit.assignment = known;
  const AnnihilationFit of_labels = choose_by_annihilation(so_many_normals(7), drawn.x, options);
  options.fit.assignment = opinions(drawn.labels, 1);
  expect_same_path(of_labels, choose_by_annihilation(so_many_normals(7), drawn.x, options));
}

TEST(AnnihilationRoles, WhatALabelPriorNamesStays) {
  const MixtureModel three = mixture({0.4, 0.4, 0.2}, Normal(5, 1), Normal(-5, 1), Normal(15, 1));
  const Sample drawn = three.sample(600, 7);
  Matrix a = Matrix::Ones(600, 2);
  for (Index i = 0; i < 600; i += 10) {
    const Index label = drawn.labels[static_cast<std::size_t>(i)];
    for (Index k = 0; k < 2 && label < 2; ++k) a(i, k) = k == label ? 8 : 2;
  }
  AnnihilationOptions options;
  options.fit.assignment = LabelPrior(a);
  const AnnihilationFit found = choose_by_annihilation(so_many_normals(8), drawn.x, options);
  ASSERT_EQ(found.fit.model.n_components(), 3);
  EXPECT_EQ(found.path.back().n_components, 2);
  // The names keep their places, and the third is of nobody's opinion.
  const auto& family = *found.fit.model.family().as<Untied<Normal>>();
  EXPECT_NEAR(family.component(0).mean(), 5, 0.3);
  EXPECT_NEAR(family.component(1).mean(), -5, 0.3);
  EXPECT_NEAR(family.component(2).mean(), 15, 0.3);
}

// Where the data are of one normal distribution.
TEST(AnnihilationRoles, OpinionsThatNobodyNeedsStillHoldTheirComponents) {
  const Matrix x = mixture({1.0}, Normal(0, 1)).sample(200, 8).x;
  std::vector<Index> labels(200);
  for (std::size_t i = 0; i < 200; ++i) labels[i] = static_cast<Index>(i / 10 % 2);
  std::vector<Index> group(200);
  for (std::size_t i = 0; i < 200; ++i) group[i] = static_cast<Index>(i);
  AnnihilationOptions options;
  options.fit.assignment = opinions(labels, 0.8);
  const AnnihilationFit rows = choose_by_annihilation(so_many_normals(6), x, options);
  for (const AnnihilationStep& step : rows.path) EXPECT_GE(step.n_components, 2);
  // Groups of one row are rows.
  options.fit.groups = Groups(group);
  const AnnihilationFit groups = choose_by_annihilation(so_many_normals(6), x, options);
  ASSERT_EQ(rows.path.size(), groups.path.size());
  for (std::size_t i = 0; i < rows.path.size(); ++i) {
    EXPECT_NEAR(rows.path[i].message_length, groups.path[i].message_length, 1e-6);
  }
}

TEST(AnnihilationRoles, LabelPriorsThatLetNoneGoAreRefused) {
  const Matrix x = distant_normals().sample(30, 1).x;
  AnnihilationOptions options;
  const auto choose = [&](const Matrix& a) {
    options.fit.assignment = LabelPrior(a);
    (void)choose_by_annihilation(so_many_normals(4), x, options);
  };
  EXPECT_THAT([&] { choose(Matrix::Ones(30, 4)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("begin with more components")));
  EXPECT_THAT([&] { choose(Matrix::Ones(30, 2)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("for component 1")));
  EXPECT_THAT([&] { choose(Matrix::Ones(30, 1)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("name at least two")));
  EXPECT_THAT([&] { choose(Matrix::Ones(20, 2)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("20 rows")));
  options.fit.assignment = Hard{};
  EXPECT_THAT([&] { (void)choose_by_annihilation(so_many_normals(4), x, options); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("softly")));
}

// Interrupted again and again, and resumed each time.
TEST(AnnihilationRoles, FromACheckpointTheSameBits) {
  const auto path = std::filesystem::temp_directory_path() / "annihilation.checkpoint";
  std::filesystem::remove(path);
  const Matrix x = mixture(Gaussians(Matrix{{0, 0}, {7, 0}, {0, 7}},
                                     std::vector<Matrix>(3, Matrix::Identity(2, 2))))
                       .sample(400, 2)
                       .x;
  for (const char* structure : {"VVV", "EEE"}) {
    const MixtureModel model(AnyFamily(Gaussians(9, 2, {.structure = parse_structure(structure)})));
    AnnihilationOptions options;
    options.fit.n_init = 2;
    const AnnihilationFit whole = choose_by_annihilation(model, x, options);
    AnnihilationFit resumed;
    int pieces = 0;
    for (bool interrupted = true; interrupted; ++pieces) {
      ASSERT_LT(pieces, 100);
      Index passes = 0;
      interrupted = false;
      options.fit.checkpoint = std::make_shared<Checkpoint>(path, structure);
      options.fit.progress = [&](const Progress& /*progress*/) {
        interrupted = ++passes > 8 * (pieces + 1);
        return !interrupted;
      };
      resumed = choose_by_annihilation(model, x, options);
      options.fit.checkpoint->write();
    }
    EXPECT_GT(pieces, 2) << structure;
    expect_same_path(whole, resumed);
    std::filesystem::remove(path);
  }
}

}  // namespace
}  // namespace mix
