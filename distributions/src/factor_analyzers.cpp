#include "mix/distributions/factor_analyzers.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/SVD>
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "data_moments.h"
#include "factor_estimate.h"
#include "mix/parallel.h"
#include "mix/scratch.h"
#include "small_matrix.h"
#include "soundness.h"
#include "univariate.h"

namespace mix {
namespace {

// The least noise variance, as a share of the column's; of equal noise, of the mean of these.
constexpr double least_noise_share = 1e-6;
constexpr double least_equal_noise_share = 1e-10;
// The same where nothing was learned about the data.
constexpr double least_noise_variance = 1e-100;

struct FactorStructureName {
  FactorStructure structure;
  std::string_view name;
  std::string_view alias;
};
constexpr std::array<FactorStructureName, 19> factor_structures{{
    {FactorStructure::CCC, "CCC", "AjBQD"},      {FactorStructure::CCU, "CCU", ""},
    {FactorStructure::CUC, "CUC", ""},           {FactorStructure::CUU, "CUU", ""},
    {FactorStructure::UCC, "UCC", "AkjBQkD"},    {FactorStructure::UCU, "UCU", ""},
    {FactorStructure::UUC, "UUC", "AkjBkQkD"},   {FactorStructure::UUU, "UUU", ""},
    {FactorStructure::AkBkQkD, "AkBkQkD", ""},   {FactorStructure::AkBQkD, "AkBQkD", ""},
    {FactorStructure::ABkQkD, "ABkQkD", ""},     {FactorStructure::ABQkD, "ABQkD", ""},
    {FactorStructure::ABQD, "ABQD", ""},         {FactorStructure::AkjBkQkDk, "AkjBkQkDk", ""},
    {FactorStructure::AkjBQkDk, "AkjBQkDk", ""}, {FactorStructure::AkBkQkDk, "AkBkQkDk", ""},
    {FactorStructure::AkBQkDk, "AkBQkDk", ""},   {FactorStructure::ABkQkDk, "ABkQkDk", ""},
    {FactorStructure::ABQkDk, "ABQkDk", ""},
}};

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

Index half_square(Index d) { return d * (d + 1) / 2; }

// Turns the factors so that the loadings are as near as can be to those of before.
void turn_towards(const Matrix& before, Matrix& loadings) {
  if (before.cols() != loadings.cols()) return;
  const Eigen::JacobiSVD<Matrix> svd(loadings.transpose() * before,
                                     Eigen::ComputeFullU | Eigen::ComputeFullV);
  loadings = loadings * svd.matrixU() * svd.matrixV().transpose();
}

// Matrices of as many columns as the widest of them, with zeros behind.
void widen(std::vector<Matrix>& loadings) {
  Index most = 0;
  for (const Matrix& l : loadings) most = std::max(most, l.cols());
  for (Matrix& l : loadings) {
    const Index own = l.cols();
    l.conservativeResize(Eigen::NoChange, most);
    l.rightCols(most - own).setZero();
  }
}

void check_factor_sizes(Index k, Index d, const FactorOptions& options) {
  if (k < 1 || d < 1) {
    throw std::invalid_argument(
        fmt::format("FactorAnalyzers: {} components in {} columns; both must be at least 1", k, d));
  }
  if (!(options.scree >= 0 && options.scree < 1) ||
      (options.scree > 0 && !has_own_numbers(options.structure))) {
    throw std::invalid_argument(fmt::format(
        "FactorAnalyzers: a scree threshold of {} under {}; it lies between 0 and 1, and is for "
        "structures whose components have numbers of factors of their own (those that end in Dk)",
        options.scree, to_string(options.structure)));
  }
  const Index most = most_factors(options.structure, d);
  if (options.factors >= 1 && options.factors <= most) return;
  const std::string_view why = has_equal_noise(options.structure)
                                   ? "fewer than columns"
                                   : "by the bound of Ledermann, beyond which any covariance fits";
  throw std::invalid_argument(
      most < 1 ? fmt::format("FactorAnalyzers: {} columns are too few for a factor under {} ({}); "
                             "use gaussian",
                             d, to_string(options.structure), why)
               : fmt::format("FactorAnalyzers: {} factors in {} columns; under {} there can be 1 "
                             "to {} ({})",
                             options.factors, d, to_string(options.structure), most, why));
}

}  // namespace

std::string to_string(FactorStructure structure) {
  return std::string(factor_structures[static_cast<std::size_t>(structure)].name);
}

FactorStructure parse_factor_structure(std::string_view name) {
  std::string known;
  for (const FactorStructureName& entry : factor_structures) {
    if (same_letters(name, entry.name)) return entry.structure;
    if (!entry.alias.empty() && same_letters(name, entry.alias)) return entry.structure;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.name);
    if (!entry.alias.empty()) known += fmt::format(" (or {})", entry.alias);
  }
  throw std::invalid_argument(
      fmt::format("factor_analyzers has no structure \"{}\"; known are {}", name, known));
}

const std::vector<FactorStructure>& all_factor_structures() {
  static const std::vector<FactorStructure> all = [] {
    std::vector<FactorStructure> list;
    for (const FactorStructureName& entry : factor_structures) list.push_back(entry.structure);
    return list;
  }();
  return all;
}

Index factor_parameter_count(FactorStructure structure, Index d,
                             const std::vector<Index>& numbers) {
  const FactorStructure like = with_equal_numbers(structure);
  const auto k = static_cast<Index>(numbers.size());
  if (k == 0) return 0;
  // Of common loadings there is one matrix.
  const std::size_t matrices = has_common_loadings(like) ? 1 : numbers.size();
  // A subspace of q dimensions; within it, equal variances know no axes.
  Index subspaces = 0;
  Index loadings = 0;
  for (std::size_t i = 0; i < matrices; ++i) {
    const Index q = numbers[i];
    subspaces += q * (d - q);
    loadings += d * q - half_square(q - 1);
  }
  switch (like) {
    case FactorStructure::AkBkQkD:
      return subspaces + 2 * k;
    case FactorStructure::AkBQkD:
    case FactorStructure::ABkQkD:
      return subspaces + k + 1;
    case FactorStructure::ABQkD:
    case FactorStructure::ABQD:
      return subspaces + 2;
    default:
      break;
  }
  return loadings + (has_common_noise(like) ? 1 : k) * (has_equal_noise(like) ? 1 : d);
}

Index most_factors(FactorStructure structure, Index d) {
  if (has_equal_noise(structure)) return d - 1;
  Index q = 0;
  while ((d - q - 1) * (d - q - 1) >= d + q + 1) ++q;
  return q;
}

FactorAnalyzers::FactorAnalyzers(Index k, Index d, FactorOptions options) : options_(options) {
  check_factor_sizes(k, d, options_);
  means_ = Matrix::Zero(d, k);
  loadings_.assign(has_common_loadings(options_.structure) ? 1 : static_cast<std::size_t>(k),
                   Matrix::Zero(d, options_.factors));
  noise_ = Matrix::Ones(d, has_common_noise(options_.structure) ? 1 : k);
  derive();
}

FactorAnalyzers::FactorAnalyzers(const Matrix& means, std::vector<Matrix> loadings, Matrix noise,
                                 FactorStructure structure)
    : means_(means.transpose()), loadings_(std::move(loadings)), noise_(std::move(noise)) {
  options_.structure = structure;
  options_.factors = 0;
  for (const Matrix& l : loadings_) options_.factors = std::max(options_.factors, l.cols());
  check_parameters();
  derive();
}

Matrix FactorAnalyzers::covariance(Index k) const {
  Matrix sigma = noise(k).asDiagonal();
  sigma.selfadjointView<Eigen::Lower>().rankUpdate(loadings(k));
  mirror(sigma);
  return sigma;
}

std::string FactorAnalyzers::title() const {
  return fmt::format("factor_analyzers {}, {}{} factor{}{}", to_string(options_.structure),
                     has_own_numbers(options_.structure) ? "up to " : "", options_.factors,
                     options_.factors == 1 ? "" : "s",
                     options_.scree > 0 ? fmt::format(", scree {}", options_.scree) : "");
}

Index FactorAnalyzers::parameter_count() const {
  return means_.size() + factor_parameter_count(options_.structure, dimension(), numbers());
}

std::vector<Index> FactorAnalyzers::numbers() const {
  std::vector<Index> numbers;
  for (Index k = 0; k < size(); ++k) numbers.push_back(factors(k));
  return numbers;
}

// What a parameter costs by BIC, in log-likelihood.
double FactorAnalyzers::parameter_penalty() const {
  return has_own_numbers(options_.structure) && rows_ > 1 ? 0.5 * std::log(rows_) : 0;
}

Index scree_number(ConstVectorRef values, double threshold, Index most) {
  const Index count = values.size() - 1;
  if (count < 1) return 1;
  const Vector drops = values.head(count) - values.tail(count);
  const double least = threshold * drops.maxCoeff();
  Index number = 1;
  for (Index j = 0; j < std::min(count, most); ++j) {
    if (drops[j] > least) number = j + 1;
  }
  return number;
}

double FactorAnalyzers::log_prior() const {
  const double penalty = parameter_penalty();
  if (penalty == 0) return 0;
  return -penalty *
         static_cast<double>(factor_parameter_count(options_.structure, dimension(), numbers()));
}

void FactorAnalyzers::log_densities(Rows x, MatrixRef out) const {
  for (Index k = 0; k < size(); ++k) log_density_of(k, x, out.col(k));
}

// The squared Mahalanobis distance is |P^-1/2 (y - L z)|^2 + |z|^2 at the expected factors z of
// y = x - mean: a sum of squares, in which nothing cancels.
void FactorAnalyzers::log_density_of(Index k, Rows x, VectorRef out) const {
  const Evaluation& e = evaluations_[static_cast<std::size_t>(k)];
  Scratch scratch;
  MatrixMap y = scratch.matrix(x.cols(), x.rows());
  MatrixMap z = scratch.matrix(e.gain.rows(), x.rows());
  y.noalias() = x.transpose();
  y.colwise() -= means_.col(k);
  z.noalias() = e.gain * y;
  y.noalias() -= loadings(k) * z;
  out = e.constant - 0.5 * ((e.precision.transpose() * y.cwiseAbs2()).transpose().array() +
                            z.colwise().squaredNorm().transpose().array());
  // A row that is not finite is infinitely far away.
  out = out.array().isNaN().select(-infinity, out);
}

void FactorAnalyzers::sample(Index k, Rng& rng, VectorRef out) const {
  Vector z(factors(k));
  for (double& value : z) value = standard_normal(rng);
  out = means_.col(k) + loadings(k) * z;
  for (Index j = 0; j < dimension(); ++j) out[j] += std::sqrt(noise(k)[j]) * standard_normal(rng);
}

double FactorAnalyzers::cdf(Index k, double x) const {
  if (std::isnan(x)) return x;
  return normal_cdf((x - means_(0, k)) / std::sqrt(covariance(k)(0, 0)));
}

FactorAnalyzers FactorAnalyzers::marginal(const std::vector<Index>& columns) const {
  const auto d = static_cast<Index>(columns.size());
  std::vector<Matrix> chosen;
  Matrix variances(d, size());
  for (Index k = 0; k < size(); ++k) {
    Matrix l = loadings(k)(columns, Eigen::all);
    // More factors than columns are as many turned ones.
    if (l.cols() > d) {
      const Eigen::JacobiSVD<Matrix> svd(l, Eigen::ComputeThinU);
      l = svd.matrixU() * svd.singularValues().asDiagonal();
    }
    chosen.push_back(std::move(l));
    variances.col(k) = noise(k)(columns);
  }
  widen(chosen);
  return {Matrix(means_(columns, Eigen::all).transpose()), std::move(chosen), variances};
}

// Given some columns, the factors are normal again, with a covariance (I + L' P^-1 L)^-1 of these
// columns, and the others still independent given the factors.
FactorAnalyzers FactorAnalyzers::conditional(const std::vector<Index>& columns,
                                             ConstVectorRef values) const {
  const std::vector<Index> others = other_columns(dimension(), columns);
  Matrix means(size(), static_cast<Index>(others.size()));
  std::vector<Matrix> rest;
  Matrix variances(static_cast<Index>(others.size()), size());
  for (Index k = 0; k < size(); ++k) {
    const Matrix own = loadings(k)(columns, Eigen::all);
    const Vector precision = noise(k)(columns).cwiseInverse();
    const Index q = own.cols();
    const Eigen::LLT<Matrix> inner(Matrix::Identity(q, q) +
                                   own.transpose() * precision.asDiagonal() * own);
    const Vector y = values - mean(k)(columns);
    const Vector z = inner.solve(own.transpose() * precision.cwiseProduct(y));
    const Matrix left = loadings(k)(others, Eigen::all);
    means.row(k) = (mean(k)(others) + left * z).transpose();
    rest.push_back(inner.matrixL().solve(left.transpose()).transpose());
    variances.col(k) = noise(k)(others);
  }
  widen(rest);
  FactorAnalyzers conditional(means, std::move(rest), variances);
  std::vector<Index> all(others.size());
  for (std::size_t j = 0; j < all.size(); ++j) all[j] = static_cast<Index>(j);
  return conditional.marginal(all);
}

Index FactorAnalyzers::statistics_size() const {
  return size() * (1 + dimension() + half_square(dimension()));
}

void FactorAnalyzers::accumulate(Rows x, Shares shares, VectorRef statistics) const {
  for (Index k = 0; k < size(); ++k) accumulate_of(k, x, shares.col(k), statistics);
}

void FactorAnalyzers::accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const {
  const Index d = dimension();
  const Index length = statistics_size() / size();
  auto sums = statistics.segment(k * length, length);
  Scratch scratch;
  // Rows without a share may hold anything; of many components most have none.
  MatrixMap rooted = scratch.matrix(d, x.rows());
  Index count = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    if (!(w[i] > 0)) continue;
    auto row = rooted.col(count);
    row = x.row(i).transpose() - means_.col(k);
    sums[0] += w[i];
    sums.segment(1, d) += w[i] * row;
    row *= std::sqrt(w[i]);
    ++count;
  }
  if (count == 0) return;
  MatrixMap scatter = scratch.matrix(d, d);
  scatter.setZero();
  scatter.selfadjointView<Eigen::Lower>().rankUpdate(rooted.leftCols(count));
  Index next = 1 + d;
  for (Index j = 0; j < d; ++j) {
    sums.segment(next, d - j) += scatter.col(j).tail(d - j);
    next += d - j;
  }
}

// Moves the means of components with weight, and gives the covariances of their rows.
void FactorAnalyzers::read_covariances(ConstVectorRef sum, std::vector<Matrix>& covariances,
                                       Vector& mass) {
  const Index d = dimension();
  const Index length = statistics_size() / size();
  mass.resize(size());
  covariances.resize(static_cast<std::size_t>(size()));
  for (Index k = 0; k < size(); ++k) {
    const auto sums = sum.segment(k * length, length);
    mass[k] = sums[0];
    Matrix& own = covariances[static_cast<std::size_t>(k)];
    own.resize(d, d);
    if (!(mass[k] > 0)) continue;
    const Vector shift = sums.segment(1, d) / mass[k];
    unpack(sums.tail(half_square(d)) / mass[k], own);
    own.noalias() -= shift * shift.transpose();
    mirror(own);
    means_.col(k) += shift;
  }
}

FactorProblem FactorAnalyzers::problem() const {
  return {.structure = options_.structure,
          .factors = options_.factors,
          .least_noise = least_noise(),
          .parameter_penalty = parameter_penalty(),
          .scree = options_.scree,
          .loadings = loadings_,
          .noise = noise_};
}

void FactorAnalyzers::maximize(ConstVectorRef sum) {
  FactorProblem problem = this->problem();
  read_covariances(sum, problem.covariances, problem.mass);
  estimate_factors(problem, Steps::few);
  for (std::size_t i = 0; i < loadings_.size(); ++i) {
    turn_towards(loadings_[i], problem.loadings[i]);
  }
  loadings_ = std::move(problem.loadings);
  noise_ = std::move(problem.noise);
  scree_numbers_ = std::move(problem.proposed);
  derive();
}

void FactorAnalyzers::start(const AnyRows& x, Shares shares) {
  const Index d = dimension();
  const Vector spread = variances_.size() > 0 ? variances_ : Vector::Ones(d);
  for (Matrix& l : loadings_) l.setZero(d, options_.factors);
  noise_ = has_equal_noise(options_.structure) ? Matrix::Constant(d, noise_.cols(), spread.mean())
                                               : Matrix(spread.replicate(1, noise_.cols()));
  // The means first: about them the scatter keeps its digits.
  const Vector origin =
      x.rows() > 0 ? Vector(DenseBlock(x, 0, 1)->row(0).transpose()) : Vector(Vector::Zero(d));
  means_ = origin.replicate(1, size());
  const Vector weight = shares.colwise().sum();
  const Vector sums =
      sum_over_blocks(x.rows(), size() * d, [&](Index first, Index count, VectorRef total) {
        const Matrix centered = DenseBlock(x, first, count)->rowwise() - origin.transpose();
        total += Eigen::Map<const Vector>(
            Matrix(centered.transpose() * shares.middleRows(first, count)).data(), size() * d);
      });
  Vector center = origin;
  if (weight.sum() > 0) {
    center += sums.reshaped(d, size()).rowwise().sum() / weight.sum();
  }
  for (Index k = 0; k < size(); ++k) {
    if (weight[k] > 0) {
      means_.col(k) += sums.segment(k * d, d) / weight[k];
    } else {
      means_.col(k) = center;
    }
  }
  FactorProblem problem = this->problem();
  read_covariances(sum_over_blocks(x.rows(), statistics_size(),
                                   [&](Index first, Index count, VectorRef statistics) {
                                     accumulate(*DenseBlock(x, first, count),
                                                shares.middleRows(first, count), statistics);
                                   }),
                   problem.covariances, problem.mass);
  estimate_factors(problem, Steps::all);
  loadings_ = std::move(problem.loadings);
  noise_ = std::move(problem.noise);
  scree_numbers_ = std::move(problem.proposed);
  derive();
}

// Standard deviations of the data: the units in which coordinates are measured.
Vector FactorAnalyzers::unit() const {
  return variances_.size() > 0 ? Vector(variances_.cwiseSqrt()) : Vector::Ones(dimension());
}

Vector FactorAnalyzers::least_noise() const {
  const Index d = dimension();
  if (variances_.size() == 0) return Vector::Constant(d, least_noise_variance);
  if (has_equal_noise(options_.structure)) {
    return Vector::Constant(d, least_equal_noise_share * variances_.mean());
  }
  return least_noise_share * variances_;
}

Vector FactorAnalyzers::coordinates() const {
  const Index d = dimension();
  const Vector deviations = unit();
  const bool equal = has_equal_noise(options_.structure);
  const Index each = equal ? 1 : d;
  Index cells = 0;
  for (const Matrix& l : loadings_) cells += l.size();
  Vector v(means_.size() + cells + noise_.cols() * each);
  for (Index k = 0; k < size(); ++k) {
    v.segment(k * d, d) = means_.col(k).cwiseQuotient(deviations);
  }
  Index place = means_.size();
  for (const Matrix& l : loadings_) {
    v.segment(place, l.size()).reshaped(d, l.cols()) = deviations.cwiseInverse().asDiagonal() * l;
    place += l.size();
  }
  for (Index k = 0; k < noise_.cols(); ++k) {
    if (equal) {
      v[place] = std::log(noise_(0, k) / deviations.cwiseAbs2().mean());
    } else {
      v.segment(place, d) = (noise_.col(k).array() / deviations.array().square()).log();
    }
    place += each;
  }
  return v;
}

void FactorAnalyzers::set_coordinates(ConstVectorRef v) {
  const Index d = dimension();
  const Vector deviations = unit();
  const bool equal = has_equal_noise(options_.structure);
  const Index each = equal ? 1 : d;
  for (Index k = 0; k < size(); ++k) {
    means_.col(k) = v.segment(k * d, d).cwiseProduct(deviations);
  }
  Index place = means_.size();
  for (Matrix& l : loadings_) {
    l = deviations.asDiagonal() * v.segment(place, l.size()).reshaped(d, l.cols()).eval();
    place += l.size();
  }
  constexpr double most_noise = 1e150;
  const Vector least = least_noise();
  for (Index k = 0; k < noise_.cols(); ++k) {
    if (equal) {
      noise_.col(k).setConstant(std::exp(v[place]) * deviations.cwiseAbs2().mean());
    } else {
      noise_.col(k) = v.segment(place, d).array().exp() * deviations.array().square();
    }
    noise_.col(k) = noise_.col(k).cwiseMax(least).cwiseMin(most_noise);
    place += each;
  }
  // The closed form, of the covariances that these loadings and noise make, moves into the
  // structure.
  if (is_spectral(options_.structure)) {
    const auto count = has_common_loadings(options_.structure) ? Index{1} : size();
    FactorProblem problem = this->problem();
    problem.mass = Vector::Ones(count);
    problem.structure = with_equal_numbers(options_.structure);  // the numbers of factors stay
    for (Index k = 0; k < count; ++k) problem.covariances.push_back(covariance(k));
    estimate_factors(problem, Steps::few);
    for (std::size_t i = 0; i < loadings_.size(); ++i) {
      turn_towards(loadings_[i], problem.loadings[i]);
    }
    loadings_ = std::move(problem.loadings);
    noise_ = std::move(problem.noise);
  }
  derive();
}

void FactorAnalyzers::prepare(const AnyRows& x, Weights w) {
  if (x.cols() != dimension()) {
    throw std::invalid_argument(
        fmt::format("FactorAnalyzers: the data have {} columns, but the family describes {}",
                    x.cols(), dimension()));
  }
  const DataMoments moments = data_moments(name, x, w, Spread::variances);
  if (!(moments.rows > 0)) return;
  rows_ = moments.rows;
  variances_ = moments.covariance.col(0);
}

std::string FactorAnalyzers::flaw(Index k, double mass) const {
  const Index d = dimension();
  // A component of all rows has nothing to be an artifact beside.
  if (rows_ > 0 ? mass > (1 - 1e-9) * rows_ : size() == 1) return {};
  std::vector<Index> with_another = numbers();
  with_another.push_back(factors(k));
  const Index own = factor_parameter_count(options_.structure, d, with_another) -
                    factor_parameter_count(options_.structure, d, numbers());
  // Where all is common, so is the noise, and few rows do no harm.
  if (own == 0) return {};
  const Evidence evidence{d, mass, 1, static_cast<double>(own)};
  std::string flaw = few_rows_flaw(evidence);
  if (!flaw.empty() || variances_.size() == 0) return flaw;
  // No column varies, or nothing is left of any beside the factors.
  const Vector variance = loadings(k).rowwise().squaredNorm() + noise(k);
  return flat_flaw(evidence, std::min(variance.cwiseQuotient(variances_).minCoeff(),
                                      noise(k).cwiseQuotient(variances_).maxCoeff()));
}

std::string FactorAnalyzers::caution(Index k) const {
  const auto i = static_cast<std::size_t>(k);
  if (i < scree_numbers_.size() && scree_numbers_[i] != factors(k)) {
    return fmt::format(
        "it has {} factor{}, but the scree test asks for {}: with so many the likelihood, less "
        "what parameters cost by BIC, would fall",
        factors(k), factors(k) == 1 ? "" : "s", scree_numbers_[i]);
  }
  if (variances_.size() == 0 || has_equal_noise(options_.structure)) return {};
  constexpr double rounding = 1e-9;
  const Vector least = (1 + rounding) * least_noise();
  std::string columns;
  for (Index j = 0; j < dimension(); ++j) {
    if (noise(k)[j] > least[j]) continue;
    columns += fmt::format("{}{}", columns.empty() ? "" : ", ", j + 1);
  }
  if (columns.empty()) return {};
  return fmt::format(
      "the noise of column {} ended at its lower limit, {} of the column's variance: its factors "
      "explain it entirely (a Heywood case; fewer factors may do)",
      columns, least_noise_share);
}

void FactorAnalyzers::select(const std::vector<Index>& order) {
  means_ = Matrix(means_(Eigen::all, order));
  if (!has_common_noise(options_.structure)) noise_ = Matrix(noise_(Eigen::all, order));
  if (!has_common_loadings(options_.structure)) {
    std::vector<Matrix> chosen;
    chosen.reserve(order.size());
    for (const Index k : order) chosen.push_back(loadings_[static_cast<std::size_t>(k)]);
    loadings_ = std::move(chosen);
  }
  if (!scree_numbers_.empty()) {
    std::vector<Index> chosen;
    for (const Index k : order) chosen.push_back(scree_numbers_[static_cast<std::size_t>(k)]);
    scree_numbers_ = std::move(chosen);
  }
  derive();
}

void FactorAnalyzers::fields(Fields& visit) {
  std::string structure = to_string(options_.structure);
  visit("structure", structure);
  // The most factors, where each component has its own number.
  Index most = options_.factors;
  if (has_own_numbers(parse_factor_structure(structure))) {
    visit("most_factors", most);
    visit("scree_threshold", options_.scree);
  }
  Matrix by_component = means_.transpose();
  visit("means", by_component);
  visit.list(
      "loadings", static_cast<Index>(loadings_.size()),
      [&](Index count) { loadings_.resize(static_cast<std::size_t>(count)); },
      [&](Index i, Fields& element) {
        element("loadings", loadings_[static_cast<std::size_t>(i)]);
      });
  Matrix noise_by_component = noise_.transpose();
  visit("noise_variances", noise_by_component);
  visit("rows_of_all", rows_);
  visit("variances_of_all", variances_);
  if (!visit.loading()) return;
  options_.structure = parse_factor_structure(structure);
  means_ = by_component.transpose();
  noise_ = noise_by_component.transpose();
  options_.factors = has_own_numbers(options_.structure) ? most
                     : loadings_.empty()                 ? 0
                                                         : loadings_.front().cols();
  check_parameters();
  derive();
}

void FactorAnalyzers::describe(Index k, Fields& visit) const {
  Vector center = mean(k);
  Vector variances = noise(k);
  const Vector root = variances.cwiseSqrt();
  const Eigen::JacobiSVD<Matrix> svd(root.cwiseInverse().asDiagonal() * loadings(k),
                                     Eigen::ComputeThinU);
  Matrix principal = root.asDiagonal() * svd.matrixU() * svd.singularValues().asDiagonal();
  for (Index j = 0; j < principal.cols(); ++j) {
    Index largest = 0;
    principal.col(j).cwiseAbs().maxCoeff(&largest);
    if (principal(largest, j) < 0) principal.col(j) *= -1;
  }
  // All components with as many columns.
  const Index own = principal.cols();
  principal.conservativeResize(Eigen::NoChange, options_.factors);
  principal.rightCols(options_.factors - own).setZero();
  visit("mean", center);
  visit("loadings", principal);
  visit("noise_variances", variances);
}

void FactorAnalyzers::check_parameters() const {
  const Index k = size();
  const Index d = dimension();
  const std::size_t matrices =
      has_common_loadings(options_.structure) && k > 0 ? 1 : static_cast<std::size_t>(k);
  const Index columns = has_common_noise(options_.structure) && k > 0 ? 1 : k;
  if (loadings_.size() != matrices || noise_.cols() != columns || noise_.rows() != d) {
    throw std::invalid_argument(
        fmt::format("FactorAnalyzers: {} means in {} columns take {} matrices of loadings and {} x "
                    "{} noise variances under {}, not {} and {} x {}",
                    k, d, matrices, d, columns, to_string(options_.structure), loadings_.size(),
                    noise_.rows(), noise_.cols()));
  }
  for (const Matrix& l : loadings_) {
    const Index q = l.cols();
    const bool fits = has_own_numbers(options_.structure) ? q > 0 && q <= options_.factors
                                                          : q > 0 && q == options_.factors;
    if (l.rows() == d && fits && l.allFinite()) continue;
    throw std::invalid_argument(
        fmt::format("FactorAnalyzers: loadings must be finite, {} x {} like the first ones, and "
                    "not {} x {}",
                    d, std::max<Index>(options_.factors, 1), l.rows(), l.cols()));
  }
  const bool positive = noise_.allFinite() && (noise_.array() > 0).all();
  const bool equal = !has_equal_noise(options_.structure) ||
                     (noise_.colwise().maxCoeff() == noise_.colwise().minCoeff());
  if (!means_.allFinite() || !positive || !equal) {
    throw std::invalid_argument(fmt::format(
        "FactorAnalyzers: means must be finite, noise variances finite and positive{}",
        equal ? "" : ", and equal in all columns under " + to_string(options_.structure)));
  }
  if (rows_ < 0 ||
      (variances_.size() > 0 && (variances_.size() != d || !(variances_.array() > 0).all()))) {
    throw std::invalid_argument(
        "FactorAnalyzers: rows_of_all must be at least 0, variances_of_all positive, one per "
        "column");
  }
}

void FactorAnalyzers::derive() {
  const auto d = static_cast<double>(dimension());
  evaluations_.resize(static_cast<std::size_t>(size()));
  for (Index k = 0; k < size(); ++k) {
    Evaluation& e = evaluations_[static_cast<std::size_t>(k)];
    const Matrix& l = loadings(k);
    e.precision = noise(k).cwiseInverse();
    const Matrix scaled = e.precision.asDiagonal() * l;
    const Eigen::LLT<Matrix> inner(Matrix::Identity(l.cols(), l.cols()) + l.transpose() * scaled);
    e.gain = inner.solve(scaled.transpose());
    e.constant = -0.5 * (d * std::log(2 * std::numbers::pi) + noise(k).array().log().sum()) -
                 Matrix(inner.matrixL()).diagonal().array().log().sum();
  }
}

}  // namespace mix
