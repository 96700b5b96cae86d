// Gaussians of values with known measurement errors.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <cmath>

#include "mix/errors.h"
#include "mix/mix.h"
#include "support/covariance_chart.h"
#include "support/data_files.h"
#include "support/numerical_maximum.h"

namespace mix {
namespace {

using testing::HasSubstr;

Matrix with_errors(const Matrix& x, const Matrix& errors) {
  Matrix rows(x.rows(), 2 * x.cols());
  rows << x, errors;
  return rows;
}

// Two clouds, each value blurred by an error of its own.
struct Blurred {
  Matrix x{1500, 2};
  Matrix errors{1500, 2};
};

Blurred blurred() {
  Blurred data;
  Rng rng(11, Purpose::sample);
  for (Index i = 0; i < data.x.rows(); ++i) {
    const double a = standard_normal(rng);
    const double b = 0.8 * a + 0.6 * standard_normal(rng);
    const double center = i % 3 == 0 ? 8 : 0;
    data.errors.row(i) << 0.2 + 2 * uniform(rng), 0.2 + 2 * uniform(rng);
    data.x.row(i) << center + a + data.errors(i, 0) * standard_normal(rng),
        b + data.errors(i, 1) * standard_normal(rng);
  }
  return data;
}

TEST(DeconvolvedGaussians, WithoutErrorsAreGaussiansInEveryStructure) {
  const Matrix x = test::iris();
  std::vector<Index> labels;
  for (Index i = 0; i < 150; ++i) labels.push_back(i * 7 % 150 / 50);
  const FitOptions options{.start = start::Labels{labels},
                           .tol = -1,
                           .max_iter = 25,
                           .acceleration = Acceleration::none};
  for (const Structure structure : all_structures()) {
    const Fit plain = fit(mixture(Gaussians(3, 4, {.structure = structure})), x, options);
    const Fit blurred = fit(mixture(DeconvolvedGaussians(3, 4, {.structure = structure})),
                            with_errors(x, Matrix::Zero(150, 4)), options);
    EXPECT_NEAR(plain.report.log_likelihood, blurred.report.log_likelihood, 1e-6)
        << to_string(structure);
    EXPECT_EQ(plain.report.parameter_count, blurred.report.parameter_count);
    EXPECT_EQ(blurred.report.falls, 0) << to_string(structure);
  }
}

TEST(DeconvolvedGaussians, OfOneColumnFollowTheFormulas) {
  DeconvolvedGaussians family(
      Gaussians(Matrix::Constant(1, 1, 2.0), {Matrix::Constant(1, 1, 3.0)}, {.floor = 0}));
  Matrix rows(3, 2);
  rows << 1, 0, 4, 0.5, -2, 2;
  Matrix density(3, 1);
  family.log_densities(rows, density);
  const Vector shares = (Vector(3) << 1, 0.5, 2).finished();
  Vector statistics = Vector::Zero(family.statistics_size());
  family.accumulate(rows, shares, statistics);
  double mass = 0;
  double first = 0;
  double second = 0;
  for (Index i = 0; i < 3; ++i) {
    const double noise = rows(i, 1) * rows(i, 1);
    Vector normal(1);
    Normal(2, std::sqrt(3 + noise)).log_density(rows.block(i, 0, 1, 1), normal);
    EXPECT_NEAR(density(i, 0), normal[0], 1e-12);
    const double mean = 2 + 3 / (3 + noise) * (rows(i, 0) - 2);
    mass += shares[i];
    first += shares[i] * mean;
    second += shares[i] * (mean * mean + 3 - 9 / (3 + noise));
  }
  family.maximize(statistics);
  EXPECT_NEAR(family.latent().mean(0)[0], first / mass, 1e-12);
  EXPECT_NEAR(family.latent().covariance(0)(0, 0), second / mass - first * first / (mass * mass),
              1e-11);
}

TEST(DeconvolvedGaussians, RecoverWhatErrorsBlur) {
  const Blurred data = blurred();
  const Matrix rows = with_errors(data.x, data.errors);
  const FitOptions options{.n_init = 2, .tol = 1e-8, .seed = 1};
  const Fit best =
      fit(mixture(DeconvolvedGaussians(2, 2, {.structure = Structure::EEE})), rows, options);
  EXPECT_EQ(best.report.falls, 0);
  EXPECT_TRUE(best.report.converged);
  const Gaussians latent = best.model.family().as<DeconvolvedGaussians>()->latent();
  // Standard errors of these entries are about 0.06 with 1500 rows blurred so.
  EXPECT_NEAR(latent.covariance(0)(0, 0), 1, 0.25);
  EXPECT_NEAR(latent.covariance(0)(0, 1), 0.8, 0.25);
  EXPECT_NEAR(latent.covariance(0)(1, 1), 1, 0.25);
  EXPECT_NEAR(latent.mean(0)[0], 0, 0.25);
  EXPECT_NEAR(latent.mean(1)[0], 8, 0.25);
  const Fit plain = fit(mixture(Gaussians(2, 2, {.structure = Structure::EEE})), data.x, options);
  EXPECT_GT(plain.model.family().as<Gaussians>()->covariance(0)(1, 1), 2);

  // The score is zero in every coordinate.
  const Vector at = latent.coordinates();
  constexpr double h = 1e-4;
  for (Index j = 0; j < at.size(); ++j) {
    const auto moved = [&](double by) {
      Gaussians other = latent;
      Vector v = at;
      v[j] += by;
      other.set_coordinates(v);
      return MixtureModel(best.model.weights(), AnyFamily(DeconvolvedGaussians(other)))
          .log_likelihood(rows);
    };
    EXPECT_NEAR((moved(h) - moved(-h)) / (2 * h), 0, 0.02) << j;
  }
}

// Means and the numbers of a chart of covariances in two columns that has these.
Vector chart_of(const Gaussians& family) {
  const StructureParts like = parts(family.structure());
  const Index k = family.size();
  std::vector<double> volumes;
  std::vector<double> shapes;
  std::vector<double> rotations;
  Matrix axes = Matrix::Identity(2, 2);
  for (Index c = 0; c < k; ++c) {
    if (like.orientation == Part::variable || (like.orientation == Part::equal && c == 0)) {
      axes = Eigen::SelfAdjointEigenSolver<Matrix>(family.covariance(c)).eigenvectors();
      if (axes.determinant() < 0) axes.col(1) *= -1;
      if (axes(0, 0) < 0) axes *= -1;
      const Matrix one = Matrix::Identity(2, 2);
      rotations.push_back(((axes - one) * (axes + one).inverse())(1, 0));
    }
    const Vector logs = (axes.transpose() * family.covariance(c) * axes).diagonal().array().log();
    if (like.volume == Part::variable || c == 0) volumes.push_back(logs.mean());
    if (like.shape == Part::variable || (like.shape == Part::equal && c == 0)) {
      shapes.insert(shapes.end(), logs.begin(), logs.end());
    }
  }
  std::vector<double> all(family.means().data(), family.means().data() + 2 * k);
  for (const auto& part : {volumes, shapes, rotations}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return Eigen::Map<const Vector>(all.data(), static_cast<Index>(all.size()));
}

// Steps with the same shares rest where the weighted likelihood is greatest under each structure.
TEST(DeconvolvedGaussians, StepsEndAtTheNumericalOptimum) {
  const Blurred data = blurred();
  Matrix rows = with_errors(data.x, 0.3 * data.errors).topRows(100);
  for (Index i = 0; i < 100; i += 7) rows(i, i % 2) = quiet_nan;
  Matrix shares(100, 2);
  for (Index i = 0; i < 100; ++i) {
    shares(i, 0) = 0.25 * static_cast<double>(1 + i % 4);
    shares(i, 1) = 0.5 * static_cast<double>(1 + i % 3);
  }
  for (const Structure structure : all_structures()) {
    const GaussianOptions options{.structure = structure, .floor = 0};
    AnyFamily family = DeconvolvedGaussians(2, 2, options);
    family.prepare(rows, shares.rowwise().sum());
    family.start(rows, shares);
    for (int i = 0; i < 300; ++i) family.fit(rows, shares);
    const Vector at = chart_of(family.as<DeconvolvedGaussians>()->latent());
    const testing_support::Chart chart(structure, 2, 2);
    ASSERT_EQ(at.size(), 4 + chart.size()) << to_string(structure);
    const auto value = [&](const Vector& v) {
      const DeconvolvedGaussians moved(
          Gaussians(v.head(4).reshaped(2, 2), chart(v.tail(chart.size())), options));
      Matrix l(rows.rows(), 2);
      moved.log_densities(rows, l);
      return shares.cwiseProduct(l).sum();
    };
    EXPECT_LT((testing_support::gradient(value, at) / shares.sum()).cwiseAbs().maxCoeff(), 1e-9)
        << to_string(structure);
  }
}

TEST(DeconvolvedGaussians, CountWeightsAsRepeatedRows) {
  const Blurred data = blurred();
  const Matrix rows = with_errors(data.x, data.errors).topRows(150);
  Vector w(150);
  Matrix repeated(300, 4);
  Index next = 0;
  for (Index i = 0; i < 150; ++i) {
    w[i] = static_cast<double>(1 + i % 3);
    for (Index j = 0; j <= i % 3; ++j) repeated.row(next++) = rows.row(i);
  }
  ASSERT_EQ(next, 300);
  const MixtureModel model = mixture(DeconvolvedGaussians(2, 2, {.structure = Structure::VEE}));
  std::vector<Index> labels;
  std::vector<Index> repeated_labels;
  for (Index i = 0; i < 150; ++i) {
    labels.push_back(i / 3 % 2);
    for (Index j = 0; j <= i % 3; ++j) repeated_labels.push_back(i / 3 % 2);
  }
  FitOptions options{.sample_weight = w, .start = start::Labels{labels}, .tol = -1, .max_iter = 15};
  const Fit by_weight = fit(model, rows, options);
  options.start = start::Labels{repeated_labels};
  options.sample_weight = {};
  const Fit by_rows = fit(model, repeated, options);
  EXPECT_NEAR(by_weight.report.log_likelihood, by_rows.report.log_likelihood, 1e-8);
  EXPECT_NEAR(by_weight.report.criteria.bic, by_rows.report.criteria.bic, 1e-8);
}

TEST(DeconvolvedGaussians, HaveTheSameBitsForAnyNumberOfThreads) {
  const Blurred data = blurred();
  const Matrix rows = with_errors(data.x, data.errors);
  Vector reference;
  for (const Index threads : {1, 2, 7}) {
    const Fit best = fit(mixture(DeconvolvedGaussians(2, 2)), rows,
                         {.n_init = 1, .max_iter = 20, .seed = 1, .threads = threads});
    const Vector own = best.model.log_density(rows);
    if (reference.size() == 0) reference = own;
    EXPECT_EQ(own, reference) << threads;
  }
}

// Errors are given: what is measured with them is Gaussian, with their variances besides.
TEST(DeconvolvedGaussians, AreGaussiansWhereErrorsAreGiven) {
  const Gaussians latent(Matrix{{0, 0}, {4, 2}},
                         {Matrix{{1, 0.8}, {0.8, 1}}, Matrix{{4, -1}, {-1, 1}}});
  const MixtureModel model(Vector{{0.25, 0.75}}, DeconvolvedGaussians(latent));
  const Matrix row{{1, -0.5, 0.5, 2}};
  const MixtureModel measured = model.conditional({2, 3}, Vector{{0.5, 2.0}});
  EXPECT_LT((measured.weights() - model.weights()).cwiseAbs().maxCoeff(), 1e-15);
  EXPECT_NEAR(measured.family().moments(0).covariance(1, 1), 5, 1e-14);
  EXPECT_NEAR(measured.log_density(row.leftCols(2))[0], model.log_density(row)[0], 1e-13);
  // A value from the other, by the joint density.
  const MixtureModel rest = model.conditional({1, 2, 3}, Vector{{-0.5, 0.5, 2}});
  EXPECT_NEAR(rest.log_density(row.leftCols(1))[0],
              model.log_density(row)[0] - model.marginal({1, 3}).log_density(Matrix{{-0.5, 2}})[0],
              1e-13);
  EXPECT_NEAR(model.marginal({3, 1, 2}).log_density(Matrix{{2, -0.5, 0.5}})[0],
              model.marginal({1, 3}).log_density(Matrix{{-0.5, 2}})[0], 1e-14);
  EXPECT_THROW((void)model.marginal({0}), NotAvailable);
  EXPECT_THROW((void)model.conditional({0, 1}, Vector{{0.0, 0}}), NotAvailable);
  // Rows with these errors are drawn with them.
  const Matrix errors = Matrix{{0.5, 2}}.replicate(4000, 1);
  const Sample drawn = model.sample_given({2, 3}, errors, 1);
  EXPECT_EQ(drawn.x.rightCols(2), errors);
  const Vector second = drawn.x.col(1).array() - drawn.x.col(1).mean();
  const double variance = model.marginal({1, 3}).conditional({1}, Vector{{2.0}}).covariance()(0, 0);
  EXPECT_NEAR(second.squaredNorm() / 4000, variance, 5 * variance * std::sqrt(2 / 4000.0));
}

TEST(DeconvolvedGaussians, TakeRowsThatLackValues) {
  const Blurred data = blurred();
  Matrix rows = with_errors(data.x, data.errors).topRows(300);
  for (Index i = 0; i < 300; i += 3) rows(i, i % 2) = quiet_nan;
  rows(3, 0) = rows(3, 1) = quiet_nan;
  rows(0, 2) = quiet_nan;  // an error of nothing
  const Fit best = fit(mixture(DeconvolvedGaussians(2, 2)), rows, {.n_init = 2, .seed = 1});
  EXPECT_EQ(best.report.falls, 0);
  const auto& family = *best.model.family().as<DeconvolvedGaussians>();
  // Row 1 lacks its first value: what is left is a normal distribution of the other.
  Matrix density(1, 2);
  family.log_densities(rows.row(0), density);
  Vector normal(1);
  const double variance = family.latent().covariance(1)(1, 1) + rows(0, 3) * rows(0, 3);
  Normal(family.latent().mean(1)[1], std::sqrt(variance))
      .log_density(rows.block(0, 1, 1, 1), normal);
  EXPECT_NEAR(density(0, 1), normal[0], 1e-10);
}

TEST(DeconvolvedGaussians, ComeBackFromAFileAndDrawValuesWithoutErrors) {
  const Blurred data = blurred();
  const Matrix rows = with_errors(data.x, data.errors).topRows(200);
  const Fit best = fit(mixture(DeconvolvedGaussians(2, 2)), rows, {.n_init = 1, .seed = 1});
  const SavedModel again = from_json(to_json({best.model, {}, {}}), "test");
  EXPECT_EQ(again.model.log_likelihood(rows), best.model.log_likelihood(rows));
  const Sample drawn = best.model.sample(50, 1);
  EXPECT_EQ(drawn.x.rightCols(2), Matrix::Zero(50, 2));
  EXPECT_EQ(best.model.moments().mean.tail(2), Vector::Zero(2));
}

TEST(DeconvolvedGaussians, RefuseErrorsThatAreNone) {
  Matrix rows = Matrix::Random(20, 4).cwiseAbs();
  const auto message = [&]() -> std::string {
    try {
      fit(mixture(DeconvolvedGaussians(1, 2)), rows);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "no error";
  };
  rows(4, 3) = -1;
  EXPECT_THAT(message(),
              HasSubstr("row 5, column 2: its standard error is -1, but must be finite"));
  rows(4, 3) = quiet_nan;
  EXPECT_THAT(message(), HasSubstr("row 5, column 2: its standard error is nan"));
}

}  // namespace
}  // namespace mix
