#include "mix/distributions/factor_analyzers.h"

#include <fmt/format.h>

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "data_moments.h"
#include "factor_estimate.h"
#include "small_matrix.h"
#include "soundness.h"

namespace mix {
namespace {

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

}  // namespace mix
