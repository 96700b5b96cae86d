#include "mix/distributions/autodiff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "../../docs/examples/gumbel.h"
#include "mix/em.h"
#include "mix/json_fields.h"
#include "mix/random.h"

namespace mix {
namespace {

using CustomGumbel = ::NamedGumbel;

struct NormalModel {
  static constexpr std::array parameters{real("mean"), positive("deviation")};
  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    const auto z = (x[0] - p[0]) / p[1];  // an expression type would dangle here
    return -0.5 * std::log(2 * std::numbers::pi) - log(p[1]) - z * z / 2;
  }
};

// Not differentiable at the location, zero curvature elsewhere.
struct TwoSided {
  static constexpr std::array parameters{real("location"), positive("scale")};
  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    return -log(2 * p[1]) - abs(x[0] - p[0]) / p[1];
  }
};

struct CustomGamma {
  static constexpr std::string_view name = "gamma";
  static constexpr std::array parameters{positive("shape"), positive("scale")};
  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    if (x[0] <= 0) return -infinity;
    return (p[0] - 1) * std::log(x[0]) - x[0] / p[1] - p[0] * log(p[1]) - lgamma(p[0]);
  }
};

// The same, but for the support, of all rows of a block at once.
struct GammaByColumns {
  static constexpr std::array parameters = CustomGamma::parameters;
  static constexpr bool by_columns = true;
  template <class T>
  std::pair<T, T> terms(const T* p) const {
    return {1.0 / p[1], p[0] * log(p[1]) + lgamma(p[0])};
  }
  template <class Columns, class T>
  T log_density(const Columns& x, const T* p, const std::pair<T, T>& of) const {
    return (p[0] - 1.0) * log(x[0]) - x[0] * of.first - of.second;
  }
  template <class T>
  T log_prior(const T* p) const {
    return -0.5 * p[0];
  }
};

// For a row, or for all rows of a block at once.
template <bool ByColumns>
struct GammaWithPrior {
  static constexpr std::array parameters{positive("shape"), positive("scale")};
  static constexpr bool by_columns = ByColumns;
  template <class T>
  std::pair<T, T> terms(const T* p) const {
    return {1.0 / p[1], p[0] * log(p[1]) + lgamma(p[0])};
  }
  template <class Cells, class T>
  T log_density(const Cells& x, const T* p, const std::pair<T, T>& of) const {
    return (p[0] - 1.0) * log(x[0]) - x[0] * of.first - of.second;
  }
  template <class T>
  T log_prior(const T* p) const {
    return -0.5 * p[0];
  }
};

struct CustomBeta {
  static constexpr std::array parameters{interval("a", 0, 100), interval("b", 0, 100)};
  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    return (p[0] - 1) * std::log(x[0]) + (p[1] - 1) * std::log1p(-x[0]) + lgamma(p[0] + p[1]) -
           lgamma(p[0]) - lgamma(p[1]);
  }
};

struct Geometric {
  static constexpr std::array parameters{unit("p")};
  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    return log(p[0]) + x[0] * log1p(-p[0]);
  }
};

struct RoundNormal {  // two columns with one common variance
  static constexpr Index dimension = 2;
  static constexpr std::array parameters{real("a"), real("b"), positive("deviation")};
  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    const T a = x[0] - p[0];
    const T b = x[1] - p[1];
    return -std::log(2 * std::numbers::pi) - 2 * log(p[2]) - (a * a + b * b) / (2 * p[2] * p[2]);
  }
  void sample(Rng& rng, const double* p, VectorRef out) const {
    out << p[0] + p[2] * standard_normal(rng), p[1] + p[2] * standard_normal(rng);
  }
  std::array<double, 3> start(Rows x, Weights /*w*/) const { return {x(0, 0), x(0, 1), 1}; }
};

// Two columns with any covariance.
struct FullNormal {
  static constexpr Index dimension = 2;
  static constexpr std::array parameters{real("mean", 2), covariance("covariance", 2)};
  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    return log_normal_density<2>(x, p, p + 2);
  }
};

// Standard normal margins.
struct Correlated {
  static constexpr Index dimension = 2;
  static constexpr std::array parameters{correlation("correlation", 2)};
  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    const std::array<T, 2> origin{0.0, 0.0};
    return log_normal_density<2>(x, origin.data(), p);
  }
};

// One of three outcomes, with a prior like that of one row of each.
struct Outcomes {
  static constexpr std::array parameters{simplex("probabilities", 3)};
  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    if (x[0] != 0 && x[0] != 1 && x[0] != 2) return -infinity;
    return log(p[static_cast<int>(x[0])]);
  }
  template <class T>
  T log_prior(const T* p) const {
    return log(p[0]) + log(p[1]) + log(p[2]);
  }
};

// Grades between thresholds of a logistic variable.
struct Grades {
  static constexpr std::array parameters{ordered("thresholds", 2)};
  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    const T low = 1 / (1 + exp(-p[0]));
    const T high = 1 / (1 + exp(-p[1]));
    return log(x[0] < 1 ? low : x[0] < 2 ? high - low : 1 - high);
  }
};

struct CustomVonMises {
  static constexpr std::array parameters{real("mean"), positive("concentration")};
  template <class T>
  T terms(const T* p) const {
    return std::log(2 * std::numbers::pi) + log_bessel_i(0, p[1]);
  }
  template <class Row, class T>
  T log_density(const Row& x, const T* p, const T& log_constant) const {
    return p[1] * cos(x[0] - p[0]) - log_constant;
  }
};

Matrix gumbel_rows(Index n, double location, double scale, std::uint64_t seed) {
  Matrix x(n, 1);
  Rng rng(seed);
  const std::array p{location, scale};
  for (double& value : x.reshaped()) value = CustomGumbel().sample(rng, p.data());
  return x;
}

Vector some_weights(Index n) {
  Rng rng(77);
  Vector w(n);
  for (double& value : w) value = std::max(0.0, uniform(rng) - 0.2);
  return w;
}

double mean(const Vector& x, const Vector& w) { return x.dot(w) / w.sum(); }

// Newton on b - mean(x) + E_b[x], E_b with weights w exp(-x / b); then the location follows.
std::array<double, 2> gumbel_estimate(const Vector& x, const Vector& w) {
  const double m = mean(x, w);
  const double origin = x.minCoeff();
  const Vector y = x.array() - origin;
  double b = std::sqrt(mean((x.array() - m).square(), w));
  for (int i = 0; i < 100; ++i) {
    const Vector tilted = w.array() * (-y / b).array().exp();
    const double expected = mean(y, tilted);
    const double variance = mean((y.array() - expected).square(), tilted);
    b -= (b - (m - origin) + expected) / (1 + variance / (b * b));
  }
  return {origin - b * std::log(mean((-y / b).array().exp(), w)), b};
}

TEST(Autodiff, FindsTheGumbelEstimate) {
  const Matrix x = gumbel_rows(1500, 3, 2, 1);
  const Vector w = some_weights(x.rows());
  const auto [location, scale] = gumbel_estimate(x.col(0), w);
  Autodiff<CustomGumbel> d({0.0, 1.0});
  d.fit(x, w);
  EXPECT_NEAR(d.parameter(0), location, 1e-8);
  EXPECT_NEAR(d.parameter(1), scale, 1e-8);
}

TEST(Autodiff, FindsTheNormalEstimate) {
  const Matrix x = gumbel_rows(700, 3, 2, 2);
  const Vector w = some_weights(x.rows());
  const double m = mean(x.col(0), w);
  const double deviation = std::sqrt(mean((x.col(0).array() - m).square(), w));
  Autodiff<NormalModel> d({0.0, 1.0});
  d.fit(x, w);
  EXPECT_NEAR(d.parameter(0), m, 1e-8);
  EXPECT_NEAR(d.parameter(1), deviation, 1e-8);
}

TEST(Autodiff, EstimatesACovarianceByItsFactor) {
  Matrix x(400, 2);
  Rng rng(5);
  for (Index i = 0; i < x.rows(); ++i) {
    const double a = standard_normal(rng);
    x.row(i) << 100 + 3 * a, -4 + 0.01 * (a + standard_normal(rng));
  }
  const Vector w = some_weights(x.rows());
  const Vector center = x.transpose() * w / w.sum();
  const Matrix away = x.rowwise() - center.transpose();
  const Matrix expected = away.transpose() * w.asDiagonal() * away / w.sum();
  Autodiff<FullNormal> d;
  EXPECT_EQ(d.parameter_count(), 5);
  d.prepare(x, w);
  d.start(x, w);
  EXPECT_NEAR(d.parameter(0), center[0], 1e-9);
  EXPECT_NEAR(d.parameter(1), center[1], 1e-9);
  const Matrix factor{{d.parameter(2), 0}, {d.parameter(3), d.parameter(4)}};
  EXPECT_TRUE((factor * factor.transpose()).isApprox(expected, 1e-9));
}

TEST(Autodiff, EstimatesACorrelation) {
  Matrix x(2000, 2);
  Rng rng(6);
  for (Index i = 0; i < x.rows(); ++i) {
    const double a = standard_normal(rng);
    x.row(i) << a, 0.8 * a + 0.6 * standard_normal(rng);
  }
  Autodiff<Correlated> d;
  d.fit(x, Vector::Ones(x.rows()));
  // The score of the correlation r, multiplied by (1 - r^2)^2.
  const double r = d.parameter(1);
  const double squares = x.cwiseAbs2().sum() / 2000;
  const double product = x.col(0).dot(x.col(1)) / 2000;
  EXPECT_NEAR(r * (1 - r * r) + (1 + r * r) * product - r * squares, 0, 1e-9);
  EXPECT_NEAR(r, 0.8, 0.05);
}

TEST(Autodiff, TakesAPriorIntoTheEstimate) {
  const Matrix x{{0}, {0}, {1}, {0}};
  Autodiff<Outcomes> d;
  EXPECT_EQ(d.parameter_count(), 2);
  d.fit(x, Vector::Ones(4));
  EXPECT_NEAR(d.parameter(0), 4.0 / 7, 1e-9);
  EXPECT_NEAR(d.parameter(1), 2.0 / 7, 1e-9);
  EXPECT_NEAR(d.parameter(2), 1.0 / 7, 1e-9);
  EXPECT_NEAR(d.log_prior(), std::log(8.0 / 343), 1e-8);
}

TEST(Autodiff, EstimatesIncreasingNumbers) {
  const Matrix x{{0}, {1}, {1}, {2}, {2}, {2}, {2}, {2}};
  Autodiff<Grades> d;
  d.fit(x, Vector::Ones(8));
  EXPECT_NEAR(d.parameter(0), std::log(1.0 / 7), 1e-9);
  EXPECT_NEAR(d.parameter(1), std::log(3.0 / 5), 1e-9);
}

TEST(Autodiff, EvaluatesTermsOfTheParametersOnce) {
  const Matrix x{{0.1}, {0.5}, {-0.4}, {0.9}};
  Autodiff<CustomVonMises> d;
  d.fit(x, Vector::Ones(4));
  const double c = x.array().cos().mean();
  const double s = x.array().sin().mean();
  EXPECT_NEAR(d.parameter(0), std::atan2(s, c), 1e-9);
  EXPECT_NEAR(bessel_i_ratio(0, d.parameter(1)), std::hypot(s, c), 1e-9);
}

TEST(Autodiff, DifferentiatesBesselFunctions) {
  using Second = Dual<1, Dual<1>>;
  for (const double v : {0.0, 0.5, 7.0}) {
    for (const double x : {0.3, 2.0, 30.0}) {
      EXPECT_NEAR(log_bessel_i(v, x), std::log(std::cyl_bessel_i(v, x)), 1e-12 * (1 + x));
      const Second l = log_bessel_i(v, Second::variable(Dual<1>::variable(x, 0), 0));
      const double h = 1e-4 * x;
      const double above = log_bessel_i(v, x + h);
      const double below = log_bessel_i(v, x - h);
      EXPECT_NEAR(l.slope(0).value(), (above - below) / (2 * h), 1e-6);
      const double second = (above - 2 * l.value().value() + below) / (h * h);
      EXPECT_NEAR(l.slope(0).slope(0), second, 1e-5 * (1 + std::abs(second)));
    }
  }
}

TEST(Autodiff, DoesBesselFunctionsOfCells) {
  const Vector x{{0.3, 2.0, 40.0}};
  const Cells cells = log_bessel_i(0.5, Cells(x)) + bessel_i_ratio(1.0, Cells(x));
  for (Index i = 0; i < x.size(); ++i) {
    EXPECT_DOUBLE_EQ(cells[i], log_bessel_i(0.5, x[i]) + bessel_i_ratio(1.0, x[i]));
  }
}

TEST(Autodiff, RefusesSeveralNumbersOutOfRange) {
  EXPECT_THROW(Autodiff<Outcomes>({0.5, 0.6, 0.1}), std::invalid_argument);
  EXPECT_THROW(Autodiff<Grades>({2, 1}), std::invalid_argument);
}

TEST(Autodiff, OfSeveralNumbersIsSavedAndLoaded) {
  Autodiff<FullNormal> d({1, 2, 3, 4, 5});
  JsonWriter writer;
  d.fields(writer);
  Autodiff<FullNormal> loaded;
  const Json json = writer.json();
  JsonReader reader(json, Registry());
  loaded.fields(reader);
  EXPECT_EQ(loaded.parameters(), d.parameters());
}

TEST(Autodiff, EvaluatesTheModel) {
  const Matrix x = gumbel_rows(600, 0, 1, 3);
  const Autodiff<NormalModel> d({1.0, 2.0});
  Vector l(600);
  d.log_density(x, l);
  for (Index i = 0; i < 600; ++i) {
    const double z = (x(i, 0) - 1) / 2;
    EXPECT_NEAR(l[i], -0.5 * std::log(2 * std::numbers::pi) - std::log(2) - z * z / 2, 1e-13);
  }
}

TEST(Autodiff, ConvergesFromPoorStarts) {
  for (const double center : {1e3, -1e3, 1e6}) {
    const Matrix x = gumbel_rows(300, center, 10, 4);
    const Vector w = Vector::Ones(300);
    const auto [location, scale] = gumbel_estimate(x.col(0), w);
    for (const double first_scale : {1.0, 1e-3, 1e5}) {
      Autodiff<CustomGumbel> d({0.0, first_scale});
      d.fit(x, w);
      EXPECT_NEAR(d.parameter(0), location, 1e-6) << center << " " << first_scale;
      EXPECT_NEAR(d.parameter(1), scale, 1e-6) << center << " " << first_scale;
      Autodiff<NormalModel> normal({0.0, first_scale});
      normal.fit(x, w);
      EXPECT_NEAR(normal.parameter(0), x.mean(), 1e-6) << center << " " << first_scale;
    }
  }
}

TEST(Autodiff, ConvergesOnTinyAndHugeScales) {
  for (const double unit_length : {1e-8, 1e8}) {
    const Matrix x = gumbel_rows(300, 5, 2, 5) * unit_length;
    const Vector w = Vector::Ones(300);
    const auto [location, scale] = gumbel_estimate(x.col(0), w);
    Autodiff<CustomGumbel> d({0.0, 1.0});
    d.fit(x, w);
    EXPECT_NEAR(d.parameter(0), location, 1e-7 * unit_length);
    EXPECT_NEAR(d.parameter(1), scale, 1e-7 * unit_length);
  }
}

TEST(Autodiff, FindsShapes) {
  // Quantiles of a gamma distribution of shape 1 and scale 3.
  Matrix x(999, 1);
  for (Index i = 0; i < 999; ++i) x(i, 0) = -3 * std::log1p(-static_cast<double>(i + 1) / 1000);
  Autodiff<CustomGamma> gamma({20.0, 0.01});
  gamma.fit(x, Vector::Ones(999));
  // At the estimate log(shape) - digamma(shape) = log(mean) - mean(log).
  const double s = std::log(x.mean()) - x.array().log().mean();
  const double shape = gamma.parameter(0);
  EXPECT_NEAR(std::log(shape) - polygamma(0, shape), s, 1e-10);
  EXPECT_NEAR(shape * gamma.parameter(1), x.mean(), 1e-8);

  Autodiff<Geometric> geometric({0.5});
  geometric.fit(x, Vector::Ones(999));
  EXPECT_NEAR(geometric.parameter(0), 1 / (1 + x.mean()), 1e-10);

  const Matrix y = (x.array() / (1 + x.maxCoeff())).matrix();
  Autodiff<CustomBeta> beta({1.0, 1.0});
  beta.fit(y, Vector::Ones(999));
  const double a = beta.parameter(0);
  const double b = beta.parameter(1);
  EXPECT_NEAR(polygamma(0, a) - polygamma(0, a + b), y.array().log().mean(), 1e-9);
  EXPECT_NEAR(polygamma(0, b) - polygamma(0, a + b), (1 - y.array()).log().mean(), 1e-9);
}

double likelihood(const auto& d, const Matrix& x, const Vector& w) {
  Vector l(x.rows());
  d.log_density(x, l);
  double sum = 0;
  for (Index i = 0; i < x.rows(); ++i) sum += w[i] > 0 ? w[i] * l[i] : 0;
  return sum;
}

TEST(Autodiff, IsTheSameByColumns) {
  // More than one block, the last one short, and rows without weight out of the support.
  Rng rng(5);
  Matrix x(1301, 1);
  for (Index i = 0; i < x.rows(); ++i) x(i, 0) = 2 * standard_gamma(rng, 3);
  Vector w = some_weights(x.rows());
  for (const Index i : {7, 700}) {
    x(i, 0) = -1;
    w[i] = 0;
  }
  Autodiff<GammaWithPrior<false>> by_rows({1.0, 1.0});
  Autodiff<GammaWithPrior<true>> by_columns({1.0, 1.0});
  Vector l(x.rows());
  Vector of_columns(x.rows());
  by_rows.log_density(x, l);
  by_columns.log_density(x, of_columns);
  EXPECT_EQ(of_columns[7], -infinity);
  for (Index i = 0; i < x.rows(); ++i) {
    if (!(w[i] > 0)) continue;
    EXPECT_NEAR(of_columns[i], l[i], 1e-13 * (1 + std::abs(l[i])));
  }
  by_rows.fit(x, w);
  by_columns.fit(x, w);
  EXPECT_NEAR(by_columns.parameter(0), by_rows.parameter(0), 1e-9);
  EXPECT_NEAR(by_columns.parameter(1), by_rows.parameter(1), 1e-9);
}

// A step of generalized EM: uphill, and at last where the full M-step ends.
TEST(Autodiff, ImprovesTowardTheEstimate) {
  const Matrix x = gumbel_rows(500, 3, 2, 4);
  const Vector w = some_weights(x.rows());
  Autodiff<CustomGumbel> best({0.0, 1.0});
  best.fit(x, w);
  Autodiff<CustomGumbel> d({0.0, 1.0});
  double before = likelihood(d, x, w);
  for (int i = 0; i < 12; ++i) {
    d.improve(x, w);
    const double after = likelihood(d, x, w);
    EXPECT_GE(after, before - 1e-9);
    before = after;
  }
  EXPECT_NEAR(d.parameter(0), best.parameter(0), 1e-8);
  EXPECT_NEAR(d.parameter(1), best.parameter(1), 1e-8);
}

TEST(Autodiff, NeverLowersTheLikelihoodEvenWhereItHasCorners) {
  const Matrix x = gumbel_rows(101, 3, 2, 6);
  const Vector w = some_weights(101);
  Autodiff<TwoSided> d({0.0, 1.0});
  double before = likelihood(d, x, w);
  for (int i = 0; i < 5; ++i) {
    d.fit(x, w);
    const double after = likelihood(d, x, w);
    EXPECT_GE(after, before);
    before = after;
  }
  EXPECT_NEAR(d.parameter(0), 3.5, 1.5);
}

TEST(Autodiff, IgnoresRowsWithoutWeight) {
  Matrix x = gumbel_rows(100, 3, 2, 7);
  Vector w = Vector::Ones(100);
  Autodiff<CustomGumbel> d({0.0, 1.0});
  d.fit(x.topRows(60), w.head(60));
  x.bottomRows(40).setConstant(quiet_nan);
  w.tail(40).setZero();
  Autodiff<CustomGumbel> same({0.0, 1.0});
  same.fit(x, w);
  EXPECT_EQ(same.parameters(), d.parameters());
  d.fit(x, Vector::Zero(100));
  EXPECT_EQ(same.parameters(), d.parameters());
}

TEST(Autodiff, StaysWhereNoParametersExplainTheRows) {
  Autodiff<CustomGamma> d({2.0, 3.0});
  const Matrix x = Matrix::Constant(5, 1, -1);
  d.fit(x, Vector::Ones(5));
  EXPECT_EQ(d.parameter(0), 2);
  Vector l(5);
  d.log_density(x, l);
  EXPECT_EQ(l[0], -infinity);
}

TEST(Autodiff, HasFiniteParametersForOneRow) {
  Autodiff<NormalModel> d({0.0, 1.0});
  d.fit(Matrix::Constant(1, 1, 4), Vector::Ones(1));
  EXPECT_TRUE(std::isfinite(d.parameter(0)));
  EXPECT_GT(d.parameter(1), 0);
}

TEST(Autodiff, DescribesSeveralColumns) {
  Matrix x(200, 2);
  Rng rng(8);
  for (double& value : x.reshaped()) value = 4 + standard_normal(rng);
  Autodiff<RoundNormal> d;
  EXPECT_EQ(d.dimension(), 2);
  d.start(x, Vector::Ones(200));
  EXPECT_NEAR(d.parameter(0), x.col(0).mean(), 1e-9);
  EXPECT_NEAR(d.parameter(1), x.col(1).mean(), 1e-9);
  Vector row(2);
  d.sample(rng, row);
  EXPECT_TRUE(row.allFinite());
}

TEST(Autodiff, IsAComponent) {
  static_assert(check_component<Autodiff<CustomGumbel>>());
  static_assert(Sampleable<Autodiff<CustomGumbel>>);
  static_assert(!Sampleable<Autodiff<CustomGamma>>);
  EXPECT_EQ(AnyFamily(Autodiff<CustomGumbel>({0.0, 1.0})).name(), "my_gumbel");
  EXPECT_EQ(AnyFamily(Autodiff<NormalModel>()).name(), "custom");
  EXPECT_EQ(AnyFamily(Autodiff<RoundNormal>()).parameter_count(), 3);
}

TEST(Autodiff, RunsInEm) {
  Matrix x(400, 1);
  x << gumbel_rows(250, 0, 1, 9), gumbel_rows(150, 12, 2, 10);
  AnyFamily family = Untied(Autodiff<CustomGumbel>({0.0, 1.0}), 2);
  const Vector w = Vector::Ones(400);
  family.prepare(x, w);
  Matrix shares(400, 2);
  shares.col(0) = (x.array() < 6).cast<double>();
  shares.col(1).array() = 1 - shares.col(0).array();
  family.start(x, shares);
  MixtureState state{Vector::Constant(2, 0.5), family};
  const EmReport report = run_em(state, x, w);
  EXPECT_EQ(report.stop, Stop::converged);
  EXPECT_EQ(report.falls, 0);
  const auto& fitted = *state.family.as<Untied<Autodiff<CustomGumbel>>>();
  EXPECT_NEAR(fitted.component(0).parameter(0), 0, 0.3);
  EXPECT_NEAR(fitted.component(1).parameter(0), 12, 0.8);
  EXPECT_EQ(state.family.flaw(0, report.mass[0]), "");
}

TEST(Autodiff, FlagsAComponentThatCollapsed) {
  const Matrix x = gumbel_rows(100, 3, 2, 11);
  Autodiff<CustomGumbel> d({0.0, 1.0});
  d.prepare(x, Vector::Ones(100));
  EXPECT_EQ(d.flaw(50), "");
  EXPECT_THAT(d.flaw(2), testing::HasSubstr("rows"));
  Vector pair = Vector::Zero(100);
  pair[0] = 1;
  d.fit(x, pair);
  EXPECT_THAT(d.flaw(50), testing::HasSubstr("scale"));
}

TEST(Autodiff, RefusesValuesOutOfRange) {
  EXPECT_THAT(
      [] {
        Autodiff<CustomGumbel>({0.0, -1.0});
      },
      testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("scale is -1")));
  EXPECT_THROW(Autodiff<CustomGumbel>({infinity, 1.0}), std::invalid_argument);
  EXPECT_THROW(Autodiff<Geometric>({1.0}), std::invalid_argument);
}

TEST(Autodiff, ReadsWhatItWrote) {
  Autodiff<CustomGumbel> saved({0.1, 1.0 / 3});
  saved.prepare(gumbel_rows(50, 0.1, 0.3, 12), Vector::Ones(50));
  JsonWriter writer;
  saved.fields(writer);
  const Json json = Json::parse(writer.json().dump());
  Autodiff<CustomGumbel> loaded;
  JsonReader reader(json, Registry());
  loaded.fields(reader);
  EXPECT_EQ(loaded.parameters(), saved.parameters());
}

}  // namespace
}  // namespace mix
