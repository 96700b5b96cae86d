#include "mix/models/exact_icl.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "mix/special.h"

namespace mix {
namespace {

// log Gamma(z) of z > 0.
double log_gamma_of(double z) { return boost::math::lgamma(z); }

// log of the multivariate gamma function of d dimensions.
double log_gamma_of(Index d, double z) {
  double value = static_cast<double>(d * (d - 1)) / 4 * std::log(std::numbers::pi);
  for (Index i = 0; i < d; ++i) value += log_gamma_of(z - static_cast<double>(i) / 2);
  return value;
}

void check_positive(double value, const char* what) {
  if (value > 0 && std::isfinite(value)) return;
  throw std::invalid_argument(
      fmt::format("exact_icl: {} must be positive and finite, but is {}", what, value));
}

void check_labels(Rows x, const std::vector<Index>& labels, Index n_components) {
  if (static_cast<Index>(labels.size()) != x.rows()) {
    throw std::invalid_argument(
        fmt::format("exact_icl: there are {} labels for {} rows", labels.size(), x.rows()));
  }
  for (const Index label : labels) {
    if (label >= 0 && label < n_components) continue;
    throw std::invalid_argument(
        fmt::format("exact_icl: a label is {}, but must be from 0 to {}", label, n_components - 1));
  }
  if (!x.allFinite()) throw std::invalid_argument("exact_icl: every cell must be finite");
}

void check_count(double value, double most, Index row, Index column) {
  if (value >= 0 && value == std::floor(value) && value <= most) return;
  throw std::invalid_argument(
      fmt::format("exact_icl: row {}, column {}: {} is not a whole number from 0{}", row + 1,
                  column + 1, value, std::isfinite(most) ? fmt::format(" to {}", most) : ""));
}

Matrix rows_of_label(Rows x, const std::vector<Index>& labels, Index k) {
  std::vector<Index> rows;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == k) rows.push_back(static_cast<Index>(i));
  }
  return x(rows, Eigen::all);
}

// log of the probability of counts whose probabilities are Dirichlet(alpha, ..., alpha), in a given
// order.
double log_dirichlet_multinomial(const Vector& counts, double alpha) {
  const double total = alpha * static_cast<double>(counts.size());
  double value = log_gamma_of(total) - log_gamma_of(counts.sum() + total);
  for (const double count : counts) value += log_gamma_of(count + alpha) - log_gamma_of(alpha);
  return value;
}

// -2 log p(z) less twice what `log_marginal` says of the rows of each component.
template <class LogMarginal>
double icl_of(Rows x, const std::vector<Index>& labels, Index n_components,
              const WeightPrior& weights, const LogMarginal& log_marginal) {
  check_positive(weights.alpha, "alpha, the prior of the mixing weights,");
  check_labels(x, labels, n_components);
  Vector counts(n_components);
  double value = 0;
  for (Index k = 0; k < n_components; ++k) {
    const Matrix rows = rows_of_label(x, labels, k);
    counts[k] = static_cast<double>(rows.rows());
    if (rows.rows() > 0) value += log_marginal(rows);
  }
  return -2 * (value + log_dirichlet_multinomial(counts, weights.alpha));
}

double log_determinant(const Eigen::LLT<Matrix>& factor) {
  return 2 * factor.matrixLLT().diagonal().array().log().sum();
}

}  // namespace

double exact_icl_poisson(Rows x, const std::vector<Index>& labels, Index n_components,
                         const RatePrior& prior, const WeightPrior& weights) {
  check_positive(prior.shape, "the shape of the prior");
  check_positive(prior.rate, "the rate of the prior");
  for (Index j = 0; j < x.cols(); ++j) {
    for (Index i = 0; i < x.rows(); ++i) check_count(x(i, j), infinity, i, j);
  }
  return icl_of(x, labels, n_components, weights, [&](const Matrix& rows) {
    const auto n = static_cast<double>(rows.rows());
    double value = 0;
    for (const double count : rows.reshaped()) value -= log_factorial(count);
    for (Index j = 0; j < rows.cols(); ++j) {
      const double shape = prior.shape + rows.col(j).sum();
      value += log_gamma_of(shape) - log_gamma_of(prior.shape) +
               prior.shape * std::log(prior.rate) - shape * std::log(prior.rate + n);
    }
    return value;
  });
}

double exact_icl_categorical(Rows x, const std::vector<Index>& levels,
                             const std::vector<Index>& labels, Index n_components, double beta,
                             const WeightPrior& weights) {
  check_positive(beta, "beta, the prior of the probabilities,");
  if (static_cast<Index>(levels.size()) != x.cols()) {
    throw std::invalid_argument(fmt::format(
        "exact_icl: there are numbers of levels of {} columns for {}", levels.size(), x.cols()));
  }
  for (Index j = 0; j < x.cols(); ++j) {
    const auto most = static_cast<double>(levels[static_cast<std::size_t>(j)] - 1);
    for (Index i = 0; i < x.rows(); ++i) check_count(x(i, j), most, i, j);
  }
  return icl_of(x, labels, n_components, weights, [&](const Matrix& rows) {
    double value = 0;
    for (Index j = 0; j < rows.cols(); ++j) {
      Vector counts = Vector::Zero(levels[static_cast<std::size_t>(j)]);
      for (const double code : rows.col(j)) counts[static_cast<Index>(code)] += 1;
      value += log_dirichlet_multinomial(counts, beta);
    }
    return value;
  });
}

NormalInverseWishart NormalInverseWishart::like(Rows x) {
  const Vector mean = x.colwise().mean().transpose();
  const Matrix centered = x.rowwise() - mean.transpose();
  constexpr double share = 0.25;
  const auto n = static_cast<double>(x.rows());
  NormalInverseWishart prior;
  prior.mean = mean;
  prior.dof = static_cast<double>(x.cols()) + 2;
  prior.scale = share / n * (centered.transpose() * centered);
  if (x.rows() <= x.cols() || Eigen::LLT<Matrix>(prior.scale).info() != Eigen::Success) {
    throw std::invalid_argument(
        fmt::format("exact_icl: {} rows of {} columns do not vary in all directions; give a prior",
                    x.rows(), x.cols()));
  }
  return prior;
}

double exact_icl_gaussian(Rows x, const std::vector<Index>& labels, Index n_components,
                          const NormalInverseWishart& prior, const WeightPrior& weights) {
  const Index d = x.cols();
  check_positive(prior.kappa, "kappa of the prior");
  if (prior.mean.size() != d || prior.scale.rows() != d || prior.scale.cols() != d) {
    throw std::invalid_argument(fmt::format("exact_icl: the prior is not one of {} columns", d));
  }
  if (!(prior.dof > static_cast<double>(d - 1))) {
    throw std::invalid_argument(fmt::format(
        "exact_icl: the prior's degrees of freedom must exceed {}, but are {}", d - 1, prior.dof));
  }
  const Eigen::LLT<Matrix> prior_factor(prior.scale);
  if (prior_factor.info() != Eigen::Success) {
    throw std::invalid_argument("exact_icl: the prior's scale must be positive definite");
  }
  return icl_of(x, labels, n_components, weights, [&](const Matrix& rows) {
    const auto n = static_cast<double>(rows.rows());
    const auto columns = static_cast<double>(d);
    const double kappa = prior.kappa + n;
    const double dof = prior.dof + n;
    const Vector mean = rows.colwise().mean().transpose();
    const Matrix centered = rows.rowwise() - mean.transpose();
    const Vector shift = mean - prior.mean;
    const Matrix scale = prior.scale + centered.transpose() * centered +
                         prior.kappa * n / kappa * shift * shift.transpose();
    return -n * columns / 2 * std::log(std::numbers::pi) + log_gamma_of(d, dof / 2) -
           log_gamma_of(d, prior.dof / 2) + prior.dof / 2 * log_determinant(prior_factor) -
           dof / 2 * log_determinant(Eigen::LLT<Matrix>(scale)) +
           columns / 2 * std::log(prior.kappa / kappa);
  });
}

}  // namespace mix
