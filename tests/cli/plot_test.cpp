#include "plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <optional>

#include "component_shape.h"
#include "contours.h"
#include "criterion_lines.h"
#include "drawn_rows.h"
#include "environment.h"
#include "gnuplot.h"
#include "histogram.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/product.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/uniform_box.h"
#include "mix/errors.h"
#include "mix/files.h"
#include "plot_parts.h"

namespace mix::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

/// An empty folder that is gone after the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "plot-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }
  [[nodiscard]] bool is_empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::filesystem::path path_;
};

Vector normal_values(Index n) {
  return MixtureModel(AnyFamily(Gaussians(1, 1))).sample(n, 3).x.col(0);
}

MixtureModel two_gaussians() {
  const Matrix means{{0, 4}, {0, 1}};
  const Matrix first{{1, 0.8}, {0.8, 1}};
  const Matrix second{{0.5, 0}, {0, 2}};
  return mixture({0.4, 0.6}, Gaussians(means, {first, second}));
}

TEST(Histograms, CountEveryValueOnceAndIntegrateToOne) {
  for (const Vector& values : {normal_values(1000), Vector(Vector::Constant(7, 1e9)),
                               Vector(normal_values(500).array().round()),
                               Vector((normal_values(500) * 10).array().round() / 10)}) {
    for (const Histogram& h : {histogram(values), count_histogram(values)}) {
      EXPECT_EQ(std::accumulate(h.counts.begin(), h.counts.end(), 0.0), values.size());
      double integral = 0;
      for (std::size_t i = 0; i < h.counts.size(); ++i) integral += h.density(i) * h.width;
      EXPECT_NEAR(integral, 1, 1e-12);
      EXPECT_LE(h.low, values.minCoeff());
      EXPECT_GE(h.high() * (1 + 1e-15), values.maxCoeff());
    }
  }
}

TEST(Histograms, LeaveMissingValuesOut) {
  const Vector values{{1.5, quiet_nan, 2.25, 7.125}};
  const Histogram h = histogram(values);
  EXPECT_EQ(std::accumulate(h.counts.begin(), h.counts.end(), 0.0), 3);
}

TEST(Histograms, HaveNoMoreThanAHundredBinsBesideAnOutlier) {
  Vector values = normal_values(1000);
  values[0] = 1e6;
  EXPECT_LE(histogram(values).counts.size(), 101U);
}

TEST(Histograms, ShowAHeavyTailInPart) {
  Vector x(1000);
  for (Index i = 0; i < x.size(); ++i) x[i] = std::pow((static_cast<double>(i) + 0.5) / 1000, -1.0);
  const Extent extent = main_extent(x);
  EXPECT_EQ(extent.low, x.minCoeff());
  EXPECT_GT(extent.high, 100);
  EXPECT_LT(extent.high, 200);
  // All of a light one.
  const Extent all = main_extent(Vector::LinSpaced(1000, -1, 3));
  EXPECT_EQ(all.low, -1);
  EXPECT_EQ(all.high, 3);
}

TEST(Histograms, GiveRoundedValuesBinsOfWholeSteps) {
  const Vector values = (normal_values(500) * 10).array().round() / 10;
  const double steps = histogram(values).width / 0.1;
  EXPECT_NEAR(steps, std::round(steps), 1e-9);
  EXPECT_GE(steps, 0.999);
}

TEST(Histograms, CountAWeightOfTwoAsADoubledRow) {
  const Vector values = (normal_values(200) * 10).array().round() / 10;
  Vector weights(values.size());
  std::vector<double> repeated;
  for (Index i = 0; i < values.size(); ++i) {
    weights[i] = static_cast<double>(i % 4);
    for (Index times = 0; times < i % 4; ++times) repeated.push_back(values[i]);
  }
  const Eigen::Map<const Vector> all(repeated.data(), static_cast<Index>(repeated.size()));
  for (const auto& [weighed, plain] :
       {std::pair(histogram(values, weights), histogram(all)),
        std::pair(histogram(values * M_PI, weights), histogram(all * M_PI)),
        std::pair(count_histogram(values, weights), count_histogram(all))}) {
    EXPECT_EQ(weighed.low, plain.low);
    EXPECT_EQ(weighed.width, plain.width);
    EXPECT_EQ(weighed.counts, plain.counts);
  }
}

TEST(CountHistograms, CenterBarsAtWholeNumbers) {
  const Histogram h = count_histogram(Vector{{0, 3, 3, 1}});
  ASSERT_EQ(h.counts, (std::vector<double>{1, 1, 0, 2}));
  EXPECT_DOUBLE_EQ(h.center(0), 0);
  EXPECT_DOUBLE_EQ(h.center(3), 3);
}

TEST(CountHistograms, JoinNumbersWhenThereAreMany) {
  const Histogram h = count_histogram(Vector{{0, 500, 1000}});
  EXPECT_DOUBLE_EQ(h.width, 9);
  EXPECT_EQ(std::accumulate(h.counts.begin(), h.counts.end(), 0.0), 3);
}

TEST(Ellipses, KeepTheMahalanobisDistance) {
  const Shape shape{Vector{{1, -2}}, Matrix{{4, 1.5}, {1.5, 1}}};
  for (const auto& [x, y] : ellipse(shape, 1.7)) {
    const Vector r = Vector{{x, y}} - shape.mean;
    EXPECT_NEAR(std::sqrt(r.dot(shape.scale.inverse() * r)), 1.7, 1e-12);
  }
  EXPECT_EQ(ellipse(shape, 1.7).front(), ellipse(shape, 1.7).back());
}

TEST(Ellipses, AreLinesWhenTheScaleIsSingular) {
  for (const auto& [x, y] : ellipse({Vector{{0, 0}}, Matrix{{1, 1}, {1, 1}}}, 2)) {
    EXPECT_NEAR(x, y, 1e-7);
  }
}

double share_within(const AnyFamily& family, double probability) {
  const Shape shape = component_shape(family, 0, {0, 1}).value();
  const double radius = mahalanobis_radius(shape, probability);
  const Matrix inverse = shape.scale.inverse();
  constexpr Index n = 20000;
  const Matrix x = MixtureModel(family).sample(n, 5).x;
  Index inside = 0;
  for (Index i = 0; i < n; ++i) {
    const Vector r = x.row(i).transpose() - shape.mean;
    inside += r.dot(inverse * r) < radius * radius ? 1 : 0;
  }
  return static_cast<double>(inside) / n;
}

// The standard error of a share of 20000 rows is at most 0.0036.
TEST(Ellipses, HoldTheirShareOfANormalAndOfATDistribution) {
  const Matrix mean = Vector{{3, -1}};
  const Matrix scale{{2, 0.5}, {0.5, 1}};
  for (const double probability : {0.5, 0.95}) {
    EXPECT_NEAR(share_within(Gaussians(mean.transpose(), {scale}), probability), probability,
                0.015);
    EXPECT_NEAR(
        share_within(StudentT(mean.transpose(), {scale}, Vector::Constant(1, 3)), probability),
        probability, 0.015);
  }
}

TEST(ComponentShapes, AgreeWithTheDensityInOneColumn) {
  const Vector x = Vector::LinSpaced(9, -3, 5);
  for (const AnyFamily& family :
       {AnyFamily(Normal(1, 1.5)),
        AnyFamily(Gaussians(Matrix::Constant(1, 1, 1), {Matrix::Constant(1, 1, 2)})),
        AnyFamily(StudentT(Matrix::Constant(1, 1, 1), {Matrix::Constant(1, 1, 2)},
                           Vector::Constant(1, 4)))}) {
    const Vector expected = MixtureModel(family).log_density(x).array().exp();
    EXPECT_TRUE(density(component_shape(family, 0, {0}).value(), x).isApprox(expected, 1e-12));
  }
}

TEST(ComponentShapes, AreFoundInBlocksOfAProduct) {
  const Product product({{{2, 0}, Gaussians(Matrix{{5, 6}}, {Matrix{{2, 1}, {1, 3}}})},
                         {{1}, Untied<Poisson>(Poisson(Vector{{4}}), 1)}});
  const Shape shape = component_shape(product, 0, {0, 2}).value();
  EXPECT_EQ(shape.mean, (Vector{{6, 5}}));
  EXPECT_TRUE(shape.scale.isApprox(Matrix{{3, 1}, {1, 2}}, 1e-14));
  EXPECT_FALSE(component_shape(product, 0, {0, 1}));
}

TEST(HighestDensityLevels, EncloseTheirShareOfTheMixture) {
  const MixtureModel model = two_gaussians();
  const Vector other = model.log_density(model.sample(20000, 9).x);
  const Vector own = model.log_density(model.sample(20000, 1).x);
  for (const double probability : {0.25, 0.5, 0.75, 0.95}) {
    const double level = highest_density_level(own, probability);
    const double share = (other.array() > level).cast<double>().mean();
    EXPECT_NEAR(share, probability, 0.02);
  }
}

TEST(Contours, LieWhereTheDensityHasTheLevel) {
  const MixtureModel model = two_gaussians();
  const DensityGrid grid =
      density_grid({-5, 9}, {-6, 8}, 160, [&](Rows x) { return model.log_density(x); });
  const std::vector<Loop> loops = contour_loops(grid, {-4.0, -2.5});
  ASSERT_EQ(loops.size(), 3U);
  for (const Loop& loop : loops) {
    Matrix points(static_cast<Index>(loop.points.size()), 2);
    for (Index i = 0; i < points.rows(); ++i) {
      points(i, 0) = loop.points[static_cast<std::size_t>(i)][0];
      points(i, 1) = loop.points[static_cast<std::size_t>(i)][1];
    }
    const double level = loop.level == 0 ? -4.0 : -2.5;
    EXPECT_LT((model.log_density(points).array() - level).abs().maxCoeff(), 0.05);
  }
}

TEST(Contours, HaveTheAreaOfTheEllipse) {
  const MixtureModel model{AnyFamily(Gaussians(1, 2))};
  const DensityGrid grid =
      density_grid({-4, 4}, {-4, 4}, 120, [&](Rows x) { return model.log_density(x); });
  // log f = -log(2 pi) - r^2 / 2 with r = 2.
  const std::vector<Loop> loops = contour_loops(grid, {-std::log(2 * M_PI) - 2});
  ASSERT_EQ(loops.size(), 1U);
  const double cell = (8.0 / 119) * (8.0 / 119);
  EXPECT_NEAR(loops[0].area * cell, M_PI * 4, 0.02);
  EXPECT_EQ(loops[0].depth(), 1U);
}

TEST(Contours, GoAroundHolesTheOtherWay) {
  const DensityGrid grid = density_grid({-4, 4}, {-4, 4}, 80, [](Rows x) {
    return Vector(-(x.rowwise().norm().array() - 2).square());
  });
  const std::vector<Loop> loops = contour_loops(grid, {-0.25});
  ASSERT_EQ(loops.size(), 2U);
  EXPECT_GT(loops[0].area, 0);
  EXPECT_LT(loops[1].area, 0);
  EXPECT_EQ(loops[1].depth(), 0U);
}

TEST(Contours, CloseWhereTheyLeaveTheGrid) {
  const DensityGrid grid =
      density_grid({0, 1}, {0, 1}, 20, [](Rows x) { return Vector(x.col(0)); });
  const std::vector<Loop> loops = contour_loops(grid, {0.5});
  ASSERT_EQ(loops.size(), 1U);
  EXPECT_EQ(loops[0].points.front(), loops[0].points.back());
}

TEST(ThinnedRows, AreDifferentAndInOrder) {
  const std::vector<Index> rows = thinned(1000, 100);
  ASSERT_EQ(rows.size(), 100U);
  for (std::size_t i = 1; i < rows.size(); ++i) EXPECT_LT(rows[i - 1], rows[i]);
  EXPECT_EQ(rows, thinned(1000, 100));
  EXPECT_EQ(thinned(5, 100), (std::vector<Index>{0, 1, 2, 3, 4}));
}

TEST(DrawnRowsOfATable, LeaveOutThoseWithoutWeight) {
  const MixtureModel model{AnyFamily(Gaussians(1, 1))};
  const DrawnRows rows = drawn_rows(model, Table::from_matrix(Vector{{1, quiet_nan, 3, 4}}), 10,
                                    Vector{{2, 9, 0, 0.5}});
  EXPECT_EQ(rows.x, (Vector{{1, 4}}));
  EXPECT_EQ(rows.weights, (Vector{{2, 0.5}}));
  EXPECT_EQ(rows.complete, 3);
  EXPECT_EQ(rows.weight_sum, 2.5);
}

TEST(JitteredValues, StayBesideTheirPlaceEachTimeTheSame) {
  const Vector values = Vector::Constant(1000, 7);
  const Vector moved = jittered(values, 1);
  EXPECT_LE((moved - values).cwiseAbs().maxCoeff(), 0.3);
  EXPECT_NEAR(moved.mean(), 7, 0.03);
  EXPECT_EQ(moved, jittered(values, 1));
  EXPECT_NE(moved, jittered(values, 2));
}

TEST(DiscreteColumns, AreThoseWithProbabilityOnWholeNumbersOnly) {
  const Matrix x = Vector{{0, 2, 5}};
  EXPECT_TRUE(is_discrete(MixtureModel(AnyFamily(Poisson(Vector{{2}}))), x, 0));
  EXPECT_FALSE(is_discrete(MixtureModel(AnyFamily(Gaussians(2, 1))), x, 0));
  EXPECT_FALSE(is_discrete(MixtureModel(AnyFamily(UniformBox(Vector{{0}}, Vector{{5}}))), x, 0));
}

TEST(Ranges, HaveALengthWhenAllValuesAreEqual) {
  for (const double value : {0.0, 3.0, -1e12}) {
    const Range range = padded_range(Vector::Constant(4, value), 0.05);
    EXPECT_LT(range.low, value);
    EXPECT_GT(range.high, value);
  }
}

TEST(Tics, AreRoundNumbersWithAllTheirDigits) {
  EXPECT_DOUBLE_EQ(tic_step({0, 10}, 5), 2);
  EXPECT_DOUBLE_EQ(tic_step({0, 0.07}, 4), 0.02);
  EXPECT_EQ(tic_format({0, 10}), "%g");
  EXPECT_EQ(tic_format({1e8, 1e8 + 1}), "%.11g");
}

TEST(Literals, AreNeverCommands) {
  EXPECT_EQ(literal("waiting"), "'waiting'");
  EXPECT_EQ(literal("it's"), "'it''s'");
  EXPECT_EQ(literal("a_b^{c}\\n`date`"), "'a_b^{c}\\n`date`'");
  EXPECT_EQ(literal("two\nlines\t"), "'two lines '");
  EXPECT_EQ(literal("caf\xE9 \xC3\xA9"), "'caf\uFFFD é'");
  EXPECT_EQ(literal("abcdef", 3), "'abc…'");
  EXPECT_EQ(level_labels("x", {"50 %", "a'b"}), "set xtics ('50 %%' 0, 'a''b' 1)");
}

Comparison comparison(const std::vector<std::vector<double>>& values) {
  Comparison result;
  result.criterion = "bic";
  for (std::size_t family = 0; family < values.size(); ++family) {
    for (std::size_t k = 0; k < values[family].size(); ++k) {
      Ranked ranked;
      ranked.name = "gaussian " + std::string(1, static_cast<char>('A' + family));
      ranked.n_components = static_cast<Index>(k) + 1;
      ranked.value = values[family][k];
      if (std::isnan(ranked.value)) ranked.status = "failed: no rows";
      result.table.push_back(ranked);
    }
  }
  return result;
}

TEST(CriterionRanges, ShowTheBestValuesBesideTerribleOnes) {
  const Range range = criterion_range(criterion_lines(
      comparison({{500, 410, 400, 420}, {520, 450, 430, 440}, {1e7, 1e6, 480, 470}})));
  EXPECT_LT(range.low, 400);
  EXPECT_GT(range.low, 350);
  EXPECT_GT(range.high, 500);
  EXPECT_LT(range.high, 1000);
}

TEST(CriterionRanges, ShowEverythingWhenNothingIsTerrible) {
  const Range range = criterion_range(criterion_lines(comparison({{5, 4, 3, 4, 5}})));
  EXPECT_GT(range.high, 5);
}

TEST(CriterionLines, LeaveFailuresOutAndBeginWithTheBest) {
  const auto lines = criterion_lines(comparison({{9, quiet_nan, 8}, {7, 6, 5}, {quiet_nan}}));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].name, "gaussian B");
  EXPECT_EQ(lines[1].points.size(), 2U);
  EXPECT_EQ(common_words(lines), "gaussian");
}

TEST(CriterionLines, MeasureTheBestBySoundFits) {
  Comparison flagged = comparison({{9, 1}, {7, 6}});
  flagged.table[1].status = "flagged: component 2 holds 3 rows";
  const auto lines = criterion_lines(flagged);
  EXPECT_EQ(lines[0].name, "gaussian B");
  EXPECT_DOUBLE_EQ(lines[1].best, 9);
}

TEST(Plots, NameTheColumnsInTheSvg) {
  const Folder folder;
  const Table table =
      Table::from_matrix(two_gaussians().sample(60, 2).x, {"it's a_{b}", "<y> & `z`"});
  plot_model(two_gaussians(), table, folder / "two.svg");
  const std::string svg = read_file(folder / "two.svg");
  EXPECT_THAT(svg, HasSubstr("it's a_{b}"));
  EXPECT_THAT(svg, HasSubstr("&lt;y> &amp; `z`"));
  EXPECT_THAT(svg, HasSubstr("component 2 (60 %)"));
  EXPECT_THAT(svg, HasSubstr("</svg>"));
}

TEST(Plots, TurnNamesOfLevelsThatWouldOverlap) {
  const auto levels = [](std::vector<std::string> names) {
    return Column{"c", ColumnKind::category, std::move(names)};
  };
  const int narrow = 16;  // letters along a panel of six columns
  EXPECT_TRUE(crowded(levels({"democrat", "republican"}), narrow));
  EXPECT_FALSE(crowded(levels({"n", "y"}), narrow));
  EXPECT_TRUE(crowded(levels({"1", "2", "3", "4", "5", "6"}), narrow));
  EXPECT_FALSE(crowded(levels({"democrat", "republican"}), 80));
  EXPECT_FALSE(crowded({"length", ColumnKind::real, {}}, narrow));
}

TEST(Plots, NameModelsOfOneNumberOfComponentsInFull) {
  const Folder folder;
  Comparison both = comparison({{5}, {6}});
  both.table[1].name = "gaussian VVV x categorical x poisson";
  plot_comparison(both, folder / "c.svg");
  EXPECT_THAT(read_file(folder / "c.svg"), HasSubstr("VVV x categorical x poisson"));
}

TEST(Plots, ArePngWhenTheNameSaysSo) {
  const Folder folder;
  plot_comparison(comparison({{5, 4, 3}, {6, 5, 5}}), folder / "c.png");
  EXPECT_EQ(read_file(folder / "c.png").substr(1, 3), "PNG");
}

TEST(Plots, DrawEveryKindOfTableWithoutAWord) {
  const Folder folder;
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const auto draw = [&](const MixtureModel& model, const Matrix& x) {
    plot_model(model, Table::from_matrix(x), folder / "p.svg");
  };
  const Matrix x = two_gaussians().sample(50, 2).x;
  draw(MixtureModel(AnyFamily(Gaussians(2, 1))), x.col(0));
  draw(MixtureModel(AnyFamily(Gaussians(1, 1))), Matrix::Constant(5, 1, 3.5));  // constant
  draw(MixtureModel(AnyFamily(Gaussians(1, 1))), Matrix::Constant(5, 1, 1e9));  // density 0
  draw(two_gaussians(), x.topRows(1));
  draw(two_gaussians(), x.array() + 1e6);
  draw(MixtureModel(AnyFamily(Gaussians(2, 3))), Matrix::Constant(4, 3, 2));
  draw(mixture(Gaussians(1, 2), UniformBox::around(x)), x);
  draw(mixture(Untied<Poisson>(Poisson(Index{1}), 2)), Vector{{0, 3, 400}});
  draw(mixture(Untied<Poisson>(Poisson(Index{2}), 2)), Matrix{{0, 2}, {3, 1}});
  draw(mixture(Untied<Poisson>(Poisson(Index{3}), 2)), Matrix{{0, 2, 0}, {3, 1, 0}});
  plot_comparison(comparison({{4}}), folder / "p.svg");
  plot_comparison(comparison({{4}, {3}, {9}}), folder / "p.svg");
  plot_comparison(comparison({{4, 4}, {4, 4}}), folder / "p.svg");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(Plots, DrawCountsOfAnySize) {
  const Folder folder;
  for (const double most : {1999.0, 5000.0, 1e9, 1e15}) {
    const MixtureModel model = mixture({0.5, 0.5}, Poisson(Vector{{3}}), Poisson(Vector{{most}}));
    plot_model(model, Table::from_matrix(Vector{{0, 2, 7, most}}), folder / "p.svg");
    EXPECT_LT(std::filesystem::file_size(folder / "p.svg"), 300000U) << most;
  }
}

TEST(Plots, WeighTheRowsOfADiagonal) {
  const Folder folder;
  const MixtureModel model{AnyFamily(Gaussians(1, 3))};
  const Table table = Table::from_matrix(model.sample(30, 1).x);
  const auto draw = [&](const Vector& weights) {
    plot_model(model, table, folder / "p.svg", {.component_names = {}, .weights = weights});
    std::string svg = read_file(folder / "p.svg");
    const std::string note = " (weights sum to 30)";
    if (const auto at = svg.find(note); at != std::string::npos) svg.erase(at, note.size());
    return svg;
  };
  const std::string plain = draw({});
  EXPECT_TRUE(draw(Vector::Ones(30)) == plain);
  EXPECT_FALSE(draw(Vector::LinSpaced(30, 0.1, 1.9)) == plain);
}

TEST(Plots, RefuseWeightsThatDoNotFitTheRows) {
  const Folder folder;
  const Table table = Table::from_matrix(Vector{{1, 2}});
  const MixtureModel model{AnyFamily(Gaussians(1, 1))};
  for (const Vector& weights : {Vector{{1, 2, 3}}, Vector{{1, -1}}, Vector{{0, 0}}}) {
    EXPECT_THROW(
        plot_model(model, table, folder / "p.svg", {.component_names = {}, .weights = weights}),
        std::invalid_argument);
  }
  EXPECT_TRUE(folder.is_empty());
}

TEST(Plots, KeepNoTemporaryFileThatHasAName) {
  const Folder folder;
  const Environment temporary("TMPDIR", (folder / "").string());
  Picture picture(folder / "p.svg", 100, 100);
  picture.plot({picture.data({{1, 2}, {3, 4}}) + " with lines"});
  EXPECT_TRUE(folder.is_empty());
  picture.finish();
  EXPECT_THAT(read_file(folder / "p.svg"), HasSubstr("</svg>"));
}

TEST(Plots, SayHowManyRowsAreDrawnAndLeftOut) {
  const Folder folder;
  Matrix x = two_gaussians().sample(25000, 2).x;
  x(3, 1) = quiet_nan;
  plot_model(two_gaussians(), Table::from_matrix(x), folder / "many.svg");
  EXPECT_THAT(read_file(folder / "many.svg"),
              HasSubstr("24999 rows, 20000 of them drawn, 1 with missing cells left out"));
}

TEST(Plots, ShowSixColumnsOfMany) {
  const Folder folder;
  const MixtureModel model{AnyFamily(Gaussians(1, 8))};
  plot_model(model, Table::from_matrix(model.sample(30, 1).x), folder / "matrix.svg");
  EXPECT_THAT(read_file(folder / "matrix.svg"), HasSubstr("the 6 of 8 columns"));
}

TEST(Plots, NameLevels) {
  const Folder folder;
  const Table table({{"color", ColumnKind::category, {"red", "50 % blue"}}}, Vector{{0, 1, 1}});
  plot_model(mixture(Untied<Poisson>(Poisson(Index{1}), 1)), table, folder / "levels.svg");
  EXPECT_THAT(read_file(folder / "levels.svg"), AllOf(HasSubstr("red"), HasSubstr("50 % blue")));
}

TEST(Plots, RefuseOtherExtensions) {
  const Folder folder;
  const Table table = Table::from_matrix(two_gaussians().sample(10, 2).x);
  for (const std::string name : {"p.pdf", "p", "p.svg.txt"}) {
    EXPECT_THAT([&] { plot_model(two_gaussians(), table, folder / name); },
                ThrowsMessage<std::invalid_argument>(AllOf(HasSubstr(".svg"), HasSubstr(".png"))));
  }
  EXPECT_THAT([&] { plot_model(two_gaussians(), table, folder / "p.pdf"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("\".pdf\"")));
  EXPECT_TRUE(folder.is_empty());
}

TEST(Plots, RefuseColumnsThatTheModelDoesNotDescribe) {
  const Folder folder;
  const Table table = Table::from_matrix(Matrix::Zero(3, 3));
  EXPECT_THAT([&] { plot_model(two_gaussians(), table, folder / "p.svg"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("describes 2 columns")));
}

TEST(Plots, RefuseAFolderThatDoesNotExist) {
  const Folder folder;
  EXPECT_THAT(
      [&] {
        plot_comparison(comparison({{3, 2}}), folder / "no/p.svg");
      },
      ThrowsMessage<DataError>(HasSubstr("no folder")));
}

TEST(Plots, RefuseTablesWithoutRows) {
  const Folder folder;
  const Table table = Table::from_matrix(Matrix{{1, quiet_nan}});
  EXPECT_THROW(plot_model(two_gaussians(), table, folder / "p.svg"), DataError);
  EXPECT_THROW(plot_comparison(comparison({{quiet_nan}}), folder / "p.svg"), std::runtime_error);
  EXPECT_TRUE(folder.is_empty());
}

TEST(Plots, LeaveTheOldFileWhenGnuplotIsMissing) {
  const Folder folder;
  write_file_atomically(folder / "p.svg", "old");
  {
    const Environment path("PATH", (folder / "").string());
    EXPECT_THAT(
        [&] {
          plot_comparison(comparison({{3, 2}}), folder / "p.svg");
        },
        ThrowsMessage<DataError>(HasSubstr("install gnuplot")));
  }
  EXPECT_EQ(read_file(folder / "p.svg"), "old");
}

TEST(Plots, LeaveNothingBehindWhenGnuplotFails) {
  const Folder folder;
  Picture picture(folder / "p.svg", 100, 100);
  picture.command("plot nonsense");
  EXPECT_THAT([&] { picture.finish(); }, ThrowsMessage<DataError>(HasSubstr("gnuplot failed")));
  EXPECT_TRUE(folder.is_empty());
}

TEST(Plots, LeaveNothingBehindWhenNothingWasDrawn) {
  const Folder folder;
  Picture picture(folder / "p.png", 100, 100);
  EXPECT_THROW(picture.finish(), DataError);
  EXPECT_TRUE(folder.is_empty());
}

}  // namespace
}  // namespace mix::cli
