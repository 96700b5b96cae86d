#include "entries.h"

#include <cmath>
#include <functional>
#include <numbers>
#include <ostream>
#include <string>
#include <vector>

#include "mix/distributions/autodiff.h"
#include "mix/distributions/bernoulli.h"
#include "mix/distributions/beta.h"
#include "mix/distributions/beta_binomial.h"
#include "mix/distributions/binomial.h"
#include "mix/distributions/categorical.h"
#include "mix/distributions/deconvolved_gaussians.h"
#include "mix/distributions/dirichlet.h"
#include "mix/distributions/dirichlet_multinomial.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/factor_analyzers.h"
#include "mix/distributions/free_uniform.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/gated.h"
#include "mix/distributions/gaussian_regression.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/generalized_linear.h"
#include "mix/distributions/geometric.h"
#include "mix/distributions/given_columns.h"
#include "mix/distributions/gumbel.h"
#include "mix/distributions/imaginary_rows.h"
#include "mix/distributions/interval_censored.h"
#include "mix/distributions/inverse_gamma.h"
#include "mix/distributions/inverse_gaussian.h"
#include "mix/distributions/laplace.h"
#include "mix/distributions/logistic.h"
#include "mix/distributions/lognormal.h"
#include "mix/distributions/markov_chain.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/negative_binomial.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/pareto.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/product.h"
#include "mix/distributions/rayleigh.h"
#include "mix/distributions/restricted.h"
#include "mix/distributions/shifted.h"
#include "mix/distributions/shifted_exponential.h"
#include "mix/distributions/skew_normal.h"
#include "mix/distributions/skew_t.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/truncated.h"
#include "mix/distributions/uniform_box.h"
#include "mix/distributions/von_mises.h"
#include "mix/distributions/von_mises_fisher.h"
#include "mix/distributions/weibull.h"
#include "mix/distributions/zero_modified.h"
#include "mix/family_list.h"
#include "mix/models/mixture_model.h"
#include "mix/random.h"
#include "mix/testing/check_distribution.h"

namespace mix::law_entries {
namespace {

// `rows` rows of `columns` cells, drawn one after the other.
Matrix draw(Index rows, Index columns, const std::function<double(Rng&)>& cell) {
  Rng rng(7);
  Matrix x(rows, columns);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) x(i, j) = cell(rng);
  }
  return x;
}

Matrix counts(Index rows, Index columns) {
  return draw(rows, columns, [](Rng& rng) { return poisson(rng, 3); });
}
Matrix times(Index rows, Index columns) {
  return draw(rows, columns, [](Rng& rng) { return 5 * standard_exponential(rng); });
}
Matrix codes(Index rows, Index columns, Index levels) {
  return draw(rows, columns,
              [=](Rng& rng) { return static_cast<double>(uniform_index(rng, levels)); });
}
Matrix successes_and_trials(Index rows) {
  Rng rng(7);
  Matrix x(rows, 2);
  for (Index i = 0; i < rows; ++i) {
    x(i, 1) = static_cast<double>(1 + uniform_index(rng, 12));
    x(i, 0) = binomial(rng, x(i, 1), 0.3);
  }
  return x;
}
Matrix beside(const Matrix& left, const Matrix& right) {
  Matrix x(left.rows(), left.cols() + right.cols());
  x << left, right;
  return x;
}

// Six columns that two factors move.
Matrix two_groups_of_factors(Index rows) {
  Rng rng(7);
  Matrix x(rows, 6);
  for (Index i = 0; i < rows; ++i) {
    const double a = standard_normal(rng);
    const double b = standard_normal(rng);
    x.row(i) << 2 * a, a + b, 2 * b, a - b, 3 * a + b, 0.5 * b;
    for (double& value : x.row(i))
      value += (0.5 + 0.1 * static_cast<double>(i % 2)) * standard_normal(rng);
  }
  return x;
}

// 0, 1, ..., n - 1 with the measure 1.
LawOptions counting(Index n) {
  return {.support = Vector::LinSpaced(n, 0, static_cast<double>(n - 1)),
          .measure = Vector::Ones(n)};
}
// The 2^d rows of zeros and ones.
LawOptions cube(Index d) {
  const Index n = Index{1} << d;
  Matrix x(n, d);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < d; ++j) x(i, j) = static_cast<double>((i >> j) & 1);
  }
  return {.support = x, .measure = Vector::Ones(n)};
}
// The middles of `n` intervals that cover [from, to].
LawOptions interval(double from, double to, Index n) {
  const double step = (to - from) / static_cast<double>(n);
  return {.support = Vector::LinSpaced(n, from + step / 2, to - step / 2),
          .measure = Vector::Constant(n, step)};
}

void add_counts(std::vector<Entry>& all) {
  // More varied than Poisson's, with zeros beyond those.
  const auto varied = [](Rng& rng) { return poisson(rng, 2.5 * standard_gamma(rng, 2)); };
  const auto many_zeros = [=](Rng& rng) { return uniform(rng) < 0.3 ? 0 : varied(rng); };
  const auto above_zero = [](Rng& rng) { return 1 + poisson(rng, 1.5); };
  all.push_back({"geometric", Untied(Geometric(), 2), draw(60, 1, varied), counting(1000)});
  all.push_back(
      {"negative_binomial", Untied(NegativeBinomial(), 2), draw(80, 1, varied), counting(2000)});
  // Counts beyond the tally.
  all.push_back({"negative_binomial_of_large_counts", Untied(NegativeBinomial(), 2),
                 draw(80, 1, [](Rng& rng) { return poisson(rng, 100 * standard_gamma(rng, 2)); }),
                 counting(8000)});
  all.push_back({"zero_inflated_poisson", Untied(ZeroInflated<Poisson>(), 2),
                 draw(80, 1, many_zeros), counting(200)});
  all.push_back({"zero_inflated_geometric", ZeroInflated<Geometric>(), draw(80, 1, many_zeros),
                 counting(1000)});
  all.push_back({"zero_inflated_negative_binomial", Untied(ZeroInflated<NegativeBinomial>(), 2),
                 draw(200, 1, many_zeros), counting(3000)});
  all.push_back({"zero_inflated_binomial", ZeroInflated<Binomial>(Binomial(60)),
                 draw(80, 1, many_zeros), counting(61)});
  all.push_back(
      {"hurdle_poisson", Untied(Hurdle<Poisson>(), 2), draw(80, 1, many_zeros), counting(200)});
  all.push_back({"hurdle_negative_binomial", Hurdle<NegativeBinomial>(), draw(200, 1, many_zeros),
                 counting(3000)});
  all.push_back({"zero_truncated_poisson", Untied(ZeroTruncated<Poisson>(), 2),
                 draw(80, 1, above_zero), counting(200)});
  all.push_back({"zero_truncated_negative_binomial", ZeroTruncated<NegativeBinomial>(),
                 draw(200, 1, [=](Rng& rng) { return 1 + varied(rng); }), counting(3000)});
  all.push_back({"markov_chain", Untied(MarkovChain(5), 2), codes(120, 5, 3)});
  all.push_back({"markov_chain_of_two_states", MarkovChain(4, 2), codes(80, 4, 2), cube(4)});
  all.push_back({"markov_chain_smoothed", MarkovChain(3, {.pseudo_count = 1}), codes(80, 3, 3)});
  const auto successes = [](Rng& rng) {
    const double a = standard_gamma(rng, 2);
    return binomial(rng, 20, a / (a + standard_gamma(rng, 3)));
  };
  all.push_back(
      {"beta_binomial", Untied(BetaBinomial(20), 2), draw(80, 1, successes), counting(21)});
  all.push_back(
      {"beta_binomial_with_trials_column", BetaBinomial::with_trials_column(),
       beside(draw(80, 1, successes), draw(80, 1, [](Rng& rng) { return 20 + poisson(rng, 9); }))});
  all.push_back({"dirichlet_multinomial", Untied(DirichletMultinomial(4), 2), draw(80, 4, varied)});
  all.push_back({"dirichlet_multinomial_of_large_counts", DirichletMultinomial(3),
                 draw(80, 3, [=](Rng& rng) { return poisson(rng, 60 * standard_gamma(rng, 2)); })});
}

// The middles of the triangles and squares that cover the shares of three, by the first two of
// them.
LawOptions triangle(Index n) {
  const double step = 1 / static_cast<double>(n);
  Matrix x(n * (n + 1) / 2, 3);
  Vector measure(x.rows());
  Index row = 0;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; i + j < n; ++j, ++row) {
      const bool cut = i + j == n - 1;  // the edge halves the square
      const double middle = cut ? 1.0 / 3 : 0.5;
      x(row, 0) = step * (static_cast<double>(i) + middle);
      x(row, 1) = step * (static_cast<double>(j) + middle);
      x(row, 2) = 1 - x(row, 0) - x(row, 1);
      measure[row] = step * step * (cut ? 0.5 : 1);
    }
  }
  return {.support = x, .measure = measure, .normalization_tolerance = 1e-4};
}
// The unit sphere in three dimensions: rings of equal height have equal areas.
LawOptions sphere(Index n) {
  Matrix x(n * n, 3);
  for (Index i = 0; i < n; ++i) {
    const double z = (2 * static_cast<double>(i) + 1) / static_cast<double>(n) - 1;
    for (Index j = 0; j < n; ++j) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(n);
      const double radius = std::sqrt(1 - z * z);
      x.row(i * n + j) << radius * std::cos(angle), radius * std::sin(angle), z;
    }
  }
  return {.support = x,
          .measure = Vector::Constant(n * n, 4 * std::numbers::pi / static_cast<double>(n * n)),
          .normalization_tolerance = 1e-4};
}

void add_continuous(std::vector<Entry>& all) {
  const auto amount = [](Rng& rng) { return 2 * standard_gamma(rng, 3); };
  const auto extreme = [](Rng& rng) { return 4 - 2 * std::log(standard_exponential(rng)); };
  const Matrix amounts = draw(60, 1, amount);
  const Matrix extremes = draw(60, 1, extreme);
  const LawOptions positive = interval(0, 400, 400000);
  const LawOptions real = interval(-150, 150, 300000);
  all.push_back({"gamma", Untied(Gamma(), 2), amounts, positive});
  all.push_back({"lognormal", Untied(Lognormal(), 2), amounts, positive});
  all.push_back({"weibull", Untied(Weibull(), 2), amounts, positive});
  all.push_back({"inverse_gaussian", Untied(InverseGaussian(), 2), amounts, positive});
  all.push_back({"inverse_gamma", Untied(InverseGamma(), 2), amounts, interval(0, 1e4, 2000000)});
  all.push_back({"rayleigh", Untied(Rayleigh(), 2), amounts, positive});
  // The density at e^v is that of v divided by e^v.
  const Vector logs = Vector::LinSpaced(200000, 0, 60).array() + 1.5e-4;
  all.push_back(
      {"pareto",
       Untied(Pareto(0.5, 1), 2),
       (amounts.array() + 1).matrix(),
       {.support = logs.array().exp().matrix(), .measure = (60.0 / 199999) * logs.array().exp()}});
  all.push_back({"pareto_learned_minimum", Untied(Pareto(), 2), amounts});
  all.push_back({"gumbel", Untied(Gumbel(), 2), extremes, real});
  all.push_back({"logistic", Untied(Logistic(), 2), extremes, real});
  const auto share = [](Rng& rng) {
    const double a = standard_gamma(rng, 2);
    return a / (a + standard_gamma(rng, 3));
  };
  all.push_back({"beta", Untied(Beta(), 2), draw(60, 1, share), interval(0, 1, 200000)});
  const auto angle = [](Rng& rng) {
    return std::remainder(2.5 + 0.8 * standard_normal(rng), 6.28);
  };
  all.push_back({"von_mises", Untied(VonMises(), 2), draw(60, 1, angle),
                 interval(-std::numbers::pi, std::numbers::pi, 2000)});
  const auto amount_or_more = [](Rng& rng) { return standard_gamma(rng, 2.5); };
  Matrix shares = draw(80, 3, amount_or_more);
  shares.array().colwise() /= shares.rowwise().sum().array();
  all.push_back({"dirichlet", Untied(Dirichlet(3), 2), shares, triangle(500)});
  Matrix directions = draw(80, 3, [](Rng& rng) { return 0.7 + standard_normal(rng); });
  directions.rowwise().normalize();
  all.push_back({"von_mises_fisher", Untied(VonMisesFisher(3), 2), directions, sphere(400)});
  const auto drawn = [](const auto& from) {
    return [=](Rng& rng) {
      Vector row(1);
      from.sample(rng, row);
      return row[0];
    };
  };
  all.push_back(
      {"skew_normal", Untied(SkewNormal(), 2), draw(150, 1, drawn(SkewNormal(1, 2, 3))), real});
  // Many cdfs of Student's t per row.
  LawOptions slow = interval(-2000, 2000, 200000);
  slow.draws = 800;
  all.push_back({"skew_t", Untied(SkewT(), 2), draw(120, 1, drawn(SkewT(1, 2, 3, 6))), slow});
  const TruncatedTo<Normal> seen(Normal(1, 1), 0, 3);
  all.push_back({"truncated_normal", Untied(TruncatedTo<Normal>(Normal(), 0, 3), 2),
                 draw(120, 1, drawn(seen)), interval(0, 3, 30000)});
  all.push_back({"truncated_exponential", TruncatedTo<Exponential>(Exponential(1), 0, 3),
                 draw(120, 1, drawn(seen)), interval(0, 3, 30000)});
  all.push_back({"truncated_logistic", TruncatedTo<Logistic>(Logistic(), 0, 3),
                 draw(120, 1, drawn(TruncatedTo<Logistic>(Logistic(1, 0.4), 0, 3))),
                 interval(0, 3, 30000)});
  // Known values beside classes and values of which one end is known.
  const auto censored = [](Matrix values, double unit) {
    Matrix x(values.rows(), 2);
    x << values, values;
    for (Index i = 0; i < x.rows(); ++i) {
      if (i % 3 == 1) x(i, 0) = unit * std::floor(x(i, 0) / unit);
      if (i % 3 == 1) x(i, 1) = x(i, 0) + unit;
      if (i % 6 == 2) x(i, 1) = 100 * unit;
    }
    return x;
  };
  // A class is a probability beside values that are densities; draws are values.
  LawOptions ends;
  ends.draws = 1000;
  all.push_back({"interval_censored_normal", IntervalCensored(Untied(Normal(), 2)),
                 censored(draw(90, 1, drawn(Normal(1, 2))), 2), ends});
  all.push_back({"interval_censored_weibull", IntervalCensored(Untied(Weibull(), 2)),
                 censored(draw(90, 1, drawn(Weibull(2, 5))), 3), ends});
  all.push_back({"interval_censored_poisson", IntervalCensored(Untied(Poisson(1), 2)),
                 censored(counts(90, 1), 2), ends});
  all.push_back(
      {"interval_censored_truncated_exponential",
       IntervalCensored(TruncatedTo<Exponential>(Exponential(1), 0, 9)),
       censored(draw(90, 1, drawn(TruncatedTo<Exponential>(Exponential(Vector{{0.3}}), 0, 9))), 1),
       ends});
  // Steps move no edges.
  LawOptions edges = interval(0, 400, 400000);
  edges.unmoved_parameters = 4;
  edges.normalization_tolerance = 1e-3;
  all.push_back({"free_uniform", Untied(FreeUniform(1), 2), amounts, edges});
  edges.unmoved_parameters = 2;
  all.push_back({"shifted_exponential", Untied(ShiftedExponential(), 2), amounts, edges});
  edges.unmoved_parameters = 0;
  all.push_back({"exponential_of_known_shift", Untied(ShiftedExponential(0, 1, ShiftIs::fixed), 2),
                 amounts, edges});
  const LawOptions beyond = interval(-15, 60, 300000);
  all.push_back({"shifted_weibull", Untied(Shifted<Weibull>(), 2),
                 draw(120, 1, drawn(Shifted<Weibull>(Weibull(3, 2), 5))), beyond});
  LawOptions fewer = beyond;
  fewer.draws = 1000;
  all.push_back({"shifted_gamma", Shifted<Gamma>(),
                 draw(120, 1, drawn(Shifted<Gamma>(Gamma(3, 1), -3))), fewer});
  all.push_back({"shifted_lognormal", Shifted<Lognormal>(),
                 draw(120, 1, drawn(Shifted<Lognormal>(Lognormal(1, 0.5), 2))), beyond});
  all.push_back({"weibull_of_known_shift", Shifted<Weibull>(Weibull(), 2, ShiftIs::fixed),
                 draw(60, 1, drawn(Shifted<Weibull>(Weibull(3, 2), 2))), beyond});
  // Its median stays at a row while weights change a little.
  LawOptions median = real;
  median.skip = {"parameter_count"};
  all.push_back({"laplace", Untied(Laplace(), 2), extremes, median});
}

// `points` with fixed values in the columns before and after them.
LawOptions given(const std::vector<double>& before, LawOptions points,
                 const std::vector<double>& after = {}) {
  const Index n = points.support.rows();
  const auto constant = [&](const std::vector<double>& values) -> Matrix {
    return Eigen::Map<const Vector>(values.data(), static_cast<Index>(values.size()))
        .transpose()
        .replicate(n, 1);
  };
  points.support = beside(beside(constant(before), points.support), constant(after));
  return points;
}

// Two covariates, far from 0 and in units of their own, an offset, a response drawn by
// `response(rng, linear predictor)`.
Matrix regression_rows(Index rows, const std::function<double(Rng&, double)>& response) {
  Rng rng(7);
  Matrix x(rows, 4);
  for (Index i = 0; i < rows; ++i) {
    const double a = standard_normal(rng);
    const double b = uniform(rng);
    x.row(i) << 50 + 3 * a, 0.01 * (a + b), 0.3 * standard_normal(rng), 0;
    x(i, 3) = response(rng, 0.5 + 0.4 * a - b + x(i, 2));
  }
  return x;
}

void add_regressions(std::vector<Entry>& all) {
  const auto normal = [](Rng& rng, double eta) { return 2 + eta + 0.7 * standard_normal(rng); };
  const Matrix real = regression_rows(80, normal);
  const LawOptions line = interval(-150, 150, 100000);
  const RegressionColumns columns{.covariates = 2, .offset = true};
  all.push_back({"gaussian_regression_V", GaussianRegression(2, columns), real,
                 given({51, 0.01, 0.2}, line)});
  all.push_back({"gaussian_regression_E",
                 GaussianRegression(2, {.covariates = 3}, ErrorVariance::common), real,
                 given({51, 0.01, 0.2}, line)});
  all.push_back({"gaussian_regression_without_covariates", GaussianRegression(2, {}),
                 Matrix(real.col(3)), line});
  const auto count = [](Rng& rng, double eta) { return poisson(rng, 2 * std::exp(eta)); };
  const auto varied = [](Rng& rng, double eta) {
    return poisson(rng, 1.4 * std::exp(eta) * standard_gamma(rng, 2));
  };
  const auto successes = [](double trials) {
    return [=](Rng& rng, double eta) { return binomial(rng, trials, 1 / (1 + std::exp(-eta))); };
  };
  all.push_back({"poisson_regression", PoissonRegression(2, columns), regression_rows(80, count),
                 given({51, 0.01, 0.2}, counting(400))});
  all.push_back({"negative_binomial_regression", NegativeBinomialRegression(2, columns),
                 regression_rows(200, varied), given({51, 0.01, 0.2}, counting(4000))});
  all.push_back({"binomial_regression",
                 BinomialRegression(2, {.covariates = 2, .offset = true, .trials = true}),
                 beside(regression_rows(80, successes(12)), Matrix::Constant(80, 1, 12)),
                 given({51, 0.01, 0.2}, counting(13), {12})});
  all.push_back({"binomial_regression_of_single_trials", BinomialRegression(2, {.covariates = 3}),
                 regression_rows(120, successes(1)), given({51, 0.01, 0.2}, counting(2))});
  // Weights given a row sum to one over the components there are.
  const LawOptions gate{.skip = {"select"}};
  all.push_back({"gated_regressions", Gated(GaussianRegression(3, columns), {1, 0}), real, gate});
  all.push_back({"gated_with_columns_of_its_own", Gated(Untied(NegativeBinomial(), 2), {1, 2}),
                 Matrix(regression_rows(200, varied)(Eigen::all, {3, 0, 2})), gate});
  Matrix shares(real.rows(), 3);
  for (Index i = 0; i < shares.rows(); ++i) {
    shares.row(i) << real(i, 3), real(i, 0), 0.2 + 0.2 * static_cast<double>(i % 4);
  }
  all.push_back(
      {"gated_groups", Gated(Untied(Normal(), 2), {1}).with_group_shares(), shares, gate});
}

// Families of which some parameters are fixed or shared, or that have a prior of imaginary rows.
void add_wrappers(std::vector<Entry>& all) {
  const auto normal = [](Rng& rng) { return 3 + 2 * standard_normal(rng); };
  const Matrix real = draw(60, 1, normal);
  const Matrix amounts = draw(60, 1, [](Rng& rng) { return 2 * standard_gamma(rng, 3); });
  const Matrix varied =
      draw(80, 1, [](Rng& rng) { return poisson(rng, 2.5 * standard_gamma(rng, 2)); });
  all.push_back({"normal_of_one_deviation",
                 Restricted(Normal(), 2, {.shared = {"standard_deviation"}}), real,
                 interval(-40, 40, 80000)});
  all.push_back({"normal_of_known_mean", Restricted(Normal(), 2, {.fixed = {{"mean", 3}}}), real});
  all.push_back(
      {"gamma_of_known_shape", Restricted(Gamma(), 2, {.fixed = {{"shape", 2}}}), amounts});
  all.push_back({"gamma_of_one_scale", Restricted(Gamma(), 2, {.shared = {"scale"}}), amounts});
  all.push_back({"weibull_of_one_shape", Restricted(Weibull(), 2, {.shared = {"shape"}}), amounts});
  all.push_back({"negative_binomial_of_one_size",
                 Restricted(NegativeBinomial(), 2, {.shared = {"size"}}), varied});
  all.push_back({"poisson_with_prior", with_prior(Untied(Poisson(2), 2)), counts(60, 2)});
  all.push_back({"normal_with_prior", with_prior(Untied(Normal(), 2)), real});
  all.push_back({"weibull_with_prior", with_prior(Untied(Weibull(), 2), 3), amounts});
  all.push_back({"gaussian_with_prior", with_prior(Gaussians(2, 2)), draw(60, 2, normal)});
  all.push_back({"restricted_with_prior", with_prior(Restricted(Gamma(), 2, {.shared = {"scale"}})),
                 amounts});
}

}  // namespace

void PrintTo(const Entry& entry, std::ostream* out) { *out << entry.name; }

std::vector<Entry> entries() {
  using Block = Product::Block;
  std::vector<Entry> all;
  all.push_back({"poisson", Poisson(1), counts(60, 1), counting(100)});
  all.push_back({"poisson_3_columns", Poisson(3), counts(60, 3)});
  all.push_back({"two_poissons", Untied(Poisson(2), 2), counts(60, 2)});
  all.push_back({"exponential", Exponential(1), times(60, 1), interval(0, 200, 400000)});
  all.push_back({"exponential_3_columns", Untied(Exponential(3), 2), times(60, 3)});
  all.push_back({"bernoulli", Untied(Bernoulli(4), 2), codes(80, 4, 2), cube(4)});
  all.push_back(
      {"bernoulli_smoothed", Bernoulli(3, {.pseudo_count = 0.5}), codes(60, 3, 2), cube(3)});
  all.push_back({"binomial", Untied(Binomial(20), 2), counts(60, 1), counting(21)});
  all.push_back(
      {"binomial_smoothed", Binomial(20, 0.5, {.pseudo_count = 2}), counts(60, 1), counting(21)});
  all.push_back(
      {"binomial_with_trials_column", Binomial::with_trials_column(), successes_and_trials(60)});
  all.push_back({"multinomial", Untied(Multinomial(4), 2), counts(60, 4)});
  all.push_back({"multinomial_smoothed", Multinomial(3, {.pseudo_count = 1}), counts(60, 3)});
  all.push_back({"categorical", Untied(Categorical(2), 2), codes(120, 2, 3)});
  all.push_back({"categorical_given_levels", Categorical(std::vector<Index>{2, 2, 2}),
                 codes(80, 3, 2), cube(3)});
  all.push_back({"categorical_smoothed", Categorical(2, {.pseudo_count = 1}), codes(80, 2, 3)});
  const auto normal = [](Rng& rng) { return 3 + 2 * standard_normal(rng); };
  all.push_back({"normal", Untied(Normal(0, 1), 2), draw(60, 1, normal), interval(-40, 40, 80000)});
  for (const Structure structure : all_structures()) {
    all.push_back({"gaussian_" + to_string(structure), Gaussians(3, 2, {.structure = structure}),
                   draw(60, 2, normal)});
    all.push_back(
        {"gaussian_conjugate_" + to_string(structure),
         Gaussians(2, 3,
                   {.structure = structure, .prior = {.kind = GaussianPrior::Kind::conjugate}}),
         draw(60, 3, normal)});
  }
  for (const Structure structure : all_structures()) {
    all.push_back(
        {"gaussian_chen_tan_" + to_string(structure),
         Gaussians(2, 2,
                   {.structure = structure, .prior = {.kind = GaussianPrior::Kind::chen_tan}}),
         draw(60, 2, normal)});
    if (!takes_eigenvalue_ratio(structure, 2)) continue;
    all.push_back({"gaussian_ratio_" + to_string(structure),
                   Gaussians(3, 2, {.structure = structure, .eigenvalue_ratio = 1.5}),
                   draw(60, 2, normal),
                   // A limit that binds does not count.
                   {.skip = {"parameter_count", "directions"}}});
    all.push_back({"gaussian_wide_ratio_" + to_string(structure),
                   Gaussians(3, 2, {.structure = structure, .eigenvalue_ratio = 1000}),
                   draw(60, 2, normal)});
  }
  for (const Structure structure : distinct_structures(1)) {
    all.push_back({"gaussian_1d_" + to_string(structure), Gaussians(2, 1, {.structure = structure}),
                   draw(60, 1, normal), interval(-40, 40, 80000)});
    for (const auto kind : {GaussianPrior::Kind::conjugate, GaussianPrior::Kind::chen_tan}) {
      all.push_back({"gaussian_1d_" + to_string(structure) +
                         (kind == GaussianPrior::Kind::conjugate ? "_conjugate" : "_chen_tan"),
                     Gaussians(2, 1, {.structure = structure, .prior = {.kind = kind}}),
                     draw(60, 1, normal), interval(-40, 40, 80000)});
    }
  }
  // Of structures with statistics of their own kind each.
  for (const Structure structure :
       {Structure::VVV, Structure::EEE, Structure::VVI, Structure::VII, Structure::VEV}) {
    all.push_back({"deconvolved_gaussian_" + to_string(structure),
                   DeconvolvedGaussians(2, 2, {.structure = structure}),
                   beside(draw(60, 2, normal),
                          draw(60, 2, [](Rng& rng) { return 0.2 + 0.6 * uniform(rng); }))});
  }
  all.push_back({"deconvolved_gaussian_1d", DeconvolvedGaussians(2, 1),
                 beside(draw(60, 1, normal), draw(60, 1, [](Rng& rng) { return uniform(rng); })),
                 given({}, interval(-40, 40, 20000), {0.7})});
  all.push_back({"given_columns", GivenColumns(2, 2), draw(60, 2, normal)});
  const auto normals = [](Rng& rng) {
    return standard_normal(rng) / std::sqrt(standard_gamma(rng, 2.5) / 2.5);
  };
  all.push_back(
      {"student_t_1d", StudentT(2, 1), draw(100, 1, normals), interval(-2000, 2000, 400000)});
  all.push_back({"mixture", mixture(Untied(Poisson(1), 2)), counts(60, 1)});
  all.push_back({"gaussians_and_noise",
                 FamilyList({Gaussians(2, 2), UniformBox::around(draw(60, 2, normal))}),
                 draw(60, 2, normal)});
  all.push_back(
      {"uniform", UniformBox(Vector::Constant(2, -1), Vector::Constant(2, 60)), times(60, 2)});
  all.push_back({"frozen", Frozen(Untied(Poisson(Vector{{2.0, 4.0}}), 2)), counts(60, 2)});
  all.push_back(
      {"list", FamilyList({Untied(Poisson(1), 2), Binomial(30)}), counts(60, 1), counting(100)});
  all.push_back({"list_with_uniform",
                 FamilyList({Untied(Exponential(1), 2), UniformBox::around(times(60, 1))}),
                 times(60, 1)});
  all.push_back(
      {"product",
       Product({Block{{2, 1}, Untied(Poisson(2), 2)}, Block{{0}, Untied(Exponential(1), 2)}}),
       beside(times(60, 1), counts(60, 2))});
  all.push_back({"product_with_cycles",
                 Product({Block{{0}, Gaussians(2, 1)}, Block{{1}, StudentT(2, 1)}}),
                 beside(draw(100, 1, normal), draw(100, 1, normals))});
  // Columns of a block apart and the other way round.
  all.push_back({"product_of_planes",
                 Product({Block{{3, 0, 2}, Gaussians(2, 3)}, Block{{1}, Untied(Poisson(1), 2)}}),
                 beside(beside(draw(60, 1, normal), counts(60, 1)), draw(60, 2, normal))});
  for (const FactorStructure structure : all_factor_structures()) {
    all.push_back(
        {"factor_analyzers_" + to_string(structure),
         FactorAnalyzers(2, 6,
                         {.structure = structure, .factors = has_own_numbers(structure) ? 4 : 2}),
         two_groups_of_factors(160)});
  }
  all.push_back(
      {"factor_analyzers_by_scree_test",
       FactorAnalyzers(2, 6, {.structure = FactorStructure::AkjBkQkDk, .factors = 4, .scree = 0.2}),
       two_groups_of_factors(160)});
  add_counts(all);
  add_continuous(all);
  add_regressions(all);
  add_wrappers(all);
  all.push_back({"product_of_one", Product({Block{{0}, Untied(Poisson(1), 3)}}), counts(60, 1),
                 counting(100)});
  return all;
}

}  // namespace mix::law_entries
