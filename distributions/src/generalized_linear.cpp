#include "mix/distributions/generalized_linear.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "log_window.h"
#include "mix/coordinates.h"
#include "mix/distributions/binomial.h"
#include "mix/distributions/negative_binomial.h"
#include "mix/distributions/poisson.h"
#include "mix/parallel.h"
#include "mix/special.h"
#include "mix/support.h"
#include "mix/untied.h"
#include "regression_step.h"
#include "rising_sum.h"

namespace mix {
namespace {

// Steps that gain less than this share of the mass are rounding.
constexpr double least_gain = 1e-22;
// Where the estimate from scratch ends: what is left to gain, per unit of weight, and most steps.
constexpr double start_gain = 1e-12;
constexpr int most_start_steps = 100;
// Responses of 0, or of all trials, have a finite predictor to begin with.
constexpr double begin_share = 1e-3;
// Predictors of a component change by more than this per unit of the basis only where rows
// separate.
constexpr double separated = 12;

// Of the size: the mass, the tally of the counts, and at the nodes of a window the sum of what
// depends on the means.
constexpr Index tallied_responses = 128;
constexpr Index size_statistics = 1 + rising_statistics(tallied_responses) + window_nodes;

template <class Response>
constexpr bool counts_trials = std::is_same_v<Response, BinomialResponse>;

// The distribution of one response.
template <class Response>
auto response_at(double trials, double eta, [[maybe_unused]] double size) {
  // A mean that is 0 or infinite in doubles is as good as these.
  constexpr double most = 1e300;
  [[maybe_unused]] const double mean = std::clamp(std::exp(eta), 1 / most, most);
  if constexpr (counts_trials<Response>) {
    if (!is_count(trials)) {
      throw std::invalid_argument(
          fmt::format("{}: {} trials; their number is 0, 1, 2, ...", Response::name, trials));
    }
    return Binomial(static_cast<Index>(trials), probability_of_logit(eta));
  } else if constexpr (Response::has_size) {
    return NegativeBinomial(mean, size);
  } else {
    return Poisson(Vector::Constant(1, mean));
  }
}

}  // namespace

double PoissonResponse::log_density(double y, double /*trials*/, double eta, double /*size*/) {
  return log_poisson(y, std::exp(eta), eta);
}
PredictorDerivatives PoissonResponse::derivatives(double y, double /*trials*/, double eta,
                                                  double /*size*/) {
  const double mean = std::exp(eta);
  return {y - mean, mean};
}
double PoissonResponse::sample(Rng& rng, double /*trials*/, double eta, double /*size*/) {
  return poisson(rng, std::exp(eta));
}

double BinomialResponse::log_density(double y, double trials, double eta, double /*size*/) {
  const double log_p = eta > 0 ? -std::log1p(std::exp(-eta)) : eta - std::log1p(std::exp(eta));
  return log_binomial(y, trials, probability_of_logit(eta), log_p, log_p - eta);
}
PredictorDerivatives BinomialResponse::derivatives(double y, double trials, double eta,
                                                   double /*size*/) {
  const double p = probability_of_logit(eta);
  return {y - trials * p, trials * p * probability_of_logit(-eta)};
}
double BinomialResponse::sample(Rng& rng, double trials, double eta, double /*size*/) {
  return binomial(rng, trials, probability_of_logit(eta));
}

double NegativeBinomialResponse::log_density(double y, double /*trials*/, double eta, double size) {
  return log_negative_binomial(y, std::exp(eta), size);
}
PredictorDerivatives NegativeBinomialResponse::derivatives(double y, double /*trials*/, double eta,
                                                           double size) {
  const double mean = std::exp(eta);
  const double shrink = 1 / (1 + mean / size);
  return {(y - mean) * shrink, (1 + y / size) * mean * shrink * shrink};
}
double NegativeBinomialResponse::sample(Rng& rng, double /*trials*/, double eta, double size) {
  return poisson(rng, standard_gamma(rng, size) * (std::exp(eta) / size));
}

template <class Response>
GeneralizedLinear<Response>::GeneralizedLinear(Index k, RegressionColumns columns)
    : Regressions(name, k, columns) {
  if (Response::has_size) sizes_ = Vector::Ones(k);
  if (columns.trials && !counts_trials<Response>) {
    throw std::invalid_argument(
        fmt::format("{}: counts have no trials; use binomial_regression", name));
  }
}

template <class Response>
void GeneralizedLinear<Response>::set_size(Index k, double value) requires(Response::has_size) {
  if (!(value >= least_size && value <= largest_size)) {
    throw std::invalid_argument(fmt::format("{}: size is {}; it must be between {} and {}", name,
                                            value, least_size, largest_size));
  }
  sizes_[k] = value;
}

template <class Response>
bool GeneralizedLinear<Response>::explain(Rows x, Index row) const {
  const double y = x(row, columns_.response_column());
  if (!is_count(y) || !has_offset(x, row)) return false;
  if (!counts_trials<Response>) return true;
  return is_count(trials_of(x, row)) && y <= trials_of(x, row);
}

template <class Response>
void GeneralizedLinear<Response>::log_densities(Rows x, MatrixRef out) const {
  const Matrix eta = predictors(x, design_.basis(x));
  const Index response = columns_.response_column();
  for (Index k = 0; k < size(); ++k) {
    const double own_size = Response::has_size ? sizes_[k] : 0;
    for (Index i = 0; i < x.rows(); ++i) {
      double value = -infinity;
      if (explain(x, i)) {
        value = Response::log_density(x(i, response), trials_of(x, i), eta(i, k), own_size);
      }
      // Where terms of a predictor overflow they may not have a sum.
      out(i, k) = std::isnan(value) ? -infinity : value;
    }
  }
}

template <class Response>
void GeneralizedLinear<Response>::sample(Index k, Rng& rng, VectorRef out) const {
  sample_conditions(rng, out);
  const Index response = columns_.response_column();
  out[response] = 0;
  const double eta = predictors(out.transpose(), design_.basis(out.transpose()))(0, k);
  out[response] =
      Response::sample(rng, trials_of(out.transpose(), 0), eta, Response::has_size ? sizes_[k] : 0);
}

template <class Response>
AnyFamily GeneralizedLinear<Response>::conditional(const std::vector<Index>& columns,
                                                   ConstVectorRef values) const {
  const Matrix row = row_of_conditions(columns, values);
  const Matrix eta = predictors(row, design_.basis(row));
  std::vector<decltype(response_at<Response>(1, 0, 1))> responses;
  for (Index k = 0; k < size(); ++k) {
    responses.push_back(
        response_at<Response>(trials_of(row, 0), eta(0, k), Response::has_size ? sizes_[k] : 0));
  }
  return Untied(std::move(responses));
}

template <class Response>
Index GeneralizedLinear<Response>::own_statistics() const {
  return cycle_ == 0 ? NormalEquations::statistics_size(design_.size()) : size_statistics;
}

template <class Response>
void GeneralizedLinear<Response>::accumulate(Rows x, Shares shares, VectorRef statistics) const {
  const Matrix u = design_.basis(x);
  const Matrix eta = predictors(x, u);
  const Index response = columns_.response_column();
  const Index length = own_statistics();
  Vector w(x.rows());
  const auto take_weights = [&](Index k) {
    for (Index i = 0; i < x.rows(); ++i) {
      w[i] = shares(i, k) > 0 && std::isfinite(eta(i, k)) && explain(x, i) ? shares(i, k) : 0;
    }
  };
  if (cycle_ == 0) {
    Vector slope = Vector::Zero(x.rows());
    Vector curvature = Vector::Zero(x.rows());
    for (Index k = 0; k < size(); ++k) {
      take_weights(k);
      for (Index i = 0; i < x.rows(); ++i) {
        if (!(w[i] > 0)) continue;
        const auto at = Response::derivatives(x(i, response), trials_of(x, i), eta(i, k),
                                              Response::has_size ? sizes_[k] : 0);
        slope[i] = at.slope;
        curvature[i] = at.curvature;
      }
      NormalEquations::add(u, w, slope, curvature, statistics.segment(k * length, length));
    }
    return;
  }
  for (Index k = 0; k < size(); ++k) {
    take_weights(k);
    const LogWindow window = LogWindow::around(sizes_[k], least_size, largest_size);
    const RisingTally tally(sizes_[k], tallied_responses);
    VectorRef own = statistics.segment(k * length, length);
    own[0] += w.sum();
    VectorRef counts = own.segment(1, rising_statistics(tallied_responses));
    for (Index i = 0; i < x.rows(); ++i) {
      if (w[i] > 0) tally.add(x(i, response), w[i], counts);
    }
    const Vector means = eta.col(k).array().exp();
    VectorRef rest = own.tail(window_nodes);
    for (Index j = 0; j < window_nodes; ++j) {
      const double r = std::exp(window.node(j));
      for (Index i = 0; i < x.rows(); ++i) {
        if (!(w[i] > 0)) continue;
        const double mean = means[i];
        rest[j] += w[i] * ((mean - x(i, response)) / (1 + mean / r) - r * std::log1p(mean / r));
      }
    }
  }
}

template <class Response>
void GeneralizedLinear<Response>::maximize_coefficients(Index k, ConstVectorRef sum) {
  const NormalEquations equations(sum, design_.size());
  if (!(equations.gain() > least_gain)) return;
  // Before anything is learned about the data, rows of the basis are taken to be of size 1.
  const double change = std::max(design_.reach(), 1.0) * equations.step().norm();
  add(k, NormalEquations::safe_share(change) * equations.step());
}

template <class Response>
void GeneralizedLinear<Response>::maximize_size(Index k, ConstVectorRef sum) {
  const double mass = sum[0];
  if (!(mass > 0)) return;
  const LogWindow window = LogWindow::around(sizes_[k], least_size, largest_size);
  const RisingSum rising_sum(sum.segment(1, rising_statistics(tallied_responses)),
                             tallied_responses, sizes_[k], mass);
  const WindowInterpolation rest(window, sum.tail(window_nodes) / mass);
  // The derivative of the log-likelihood by log r.
  const auto slope = [&](double s) { return rising_sum.at(s).rising + rest(s).first; };
  // Uphill from the current size to the first maximum, or to the end of the window.
  double here = std::clamp(std::log(sizes_[k]), window.first, window.last);
  const bool rising = slope(here) > 0;
  const double end = rising ? window.last : window.first;
  constexpr int parts = 32;
  const double step = (end - here) / parts;
  double next = here;
  for (int i = 0; i < parts && here != end; ++i) {
    next = i + 1 == parts ? end : here + step;
    if ((slope(next) > 0) != rising) break;
    here = next;
  }
  if (here != end) {
    double low = std::min(here, next);
    double high = std::max(here, next);
    here = 0.5 * (low + high);
    constexpr int most_halvings = 60;
    for (int i = 0; i < most_halvings && high - low > 1e-16 * std::abs(here); ++i) {
      (slope(here) > 0 ? low : high) = here;
      here = 0.5 * (low + high);
    }
  }
  sizes_[k] = std::clamp(std::exp(here), least_size, largest_size);
}

template <class Response>
void GeneralizedLinear<Response>::maximize(ConstVectorRef sum) {
  const Index length = own_statistics();
  for (Index k = 0; k < size(); ++k) {
    const auto own = sum.segment(k * length, length);
    cycle_ == 0 ? maximize_coefficients(k, own) : maximize_size(k, own);
  }
}

template <class Response>
void GeneralizedLinear<Response>::begin(const AnyRows& x, Shares shares) {
  const Vector sum =
      sum_over_blocks(x.rows(), 3 * size(), [&](Index first, Index count, VectorRef total) {
        const DenseBlock block(x, first, count);
        for (Index i = 0; i < count; ++i) {
          if (!explain(*block, i)) continue;
          const double offset = columns_.offset ? (*block)(i, columns_.offset_column()) : 0;
          const double exposure = counts_trials<Response> ? trials_of(*block, i) : std::exp(offset);
          for (Index k = 0; k < size(); ++k) {
            const double w = shares(first + i, k);
            if (!(w > 0)) continue;
            total[3 * k] += w;
            total[3 * k + 1] += w * (*block)(i, columns_.response_column());
            total[3 * k + 2] += w * exposure;
          }
        }
      });
  coefficients_.setZero();
  for (Index k = 0; k < size(); ++k) {
    const auto own = sum.segment(3 * k, 3);
    if (!(own[0] > 0)) continue;
    const double response = own[1] / own[0] + begin_share;
    const double exposure = own[2] / own[0];
    const double rest = counts_trials<Response> ? exposure + 2 * begin_share - response : exposure;
    const double eta = std::log(response) - std::log(rest);
    if (std::isfinite(eta)) coefficients_(0, k) = eta;
  }
  if (Response::has_size) sizes_.setOnes();
}

template <class Response>
void GeneralizedLinear<Response>::start(const AnyRows& x, Shares shares) {
  begin(x, shares);
  const Index of_next = std::exchange(cycle_, 0);
  for (int step = 0; step < most_start_steps; ++step) {
    double most = 0;  // of what components still gain
    for (cycle_ = 0; cycle_ < (Response::has_size ? 2 : 1); ++cycle_) {
      const Vector sum = sum_over_blocks(
          x.rows(), statistics_size(), [&](Index first, Index count, VectorRef total) {
            accumulate(*DenseBlock(x, first, count), shares.middleRows(first, count), total);
          });
      const Index length = own_statistics();
      const Vector sizes = sizes_;
      for (Index k = 0; k < size() && cycle_ == 0; ++k) {
        most =
            std::max(most, NormalEquations(sum.segment(k * length, length), design_.size()).gain());
      }
      maximize(sum);
      if (cycle_ == 1)
        most = std::max(most, (sizes_.array() / sizes.array()).log().square().maxCoeff());
    }
    if (!(most > start_gain)) break;
  }
  cycle_ = of_next;
}

template <class Response>
Vector GeneralizedLinear<Response>::coordinates() const {
  const Index m = design_.size();
  Vector v(m * size() + sizes_.size());
  for (Index k = 0; k < size(); ++k) v.segment(m * k, m) = coefficients_.col(k);
  v.tail(sizes_.size()) = sizes_.array().log();
  return v;
}

template <class Response>
void GeneralizedLinear<Response>::set_coordinates(ConstVectorRef v) {
  const Index m = design_.size();
  for (Index k = 0; k < size(); ++k) {
    const auto own = v.segment(m * k, m);
    if (own.allFinite()) coefficients_.col(k) = own;
  }
  for (Index k = 0; k < sizes_.size(); ++k) {
    const double value = std::exp(v[m * size() + k]);
    if (!std::isnan(value)) sizes_[k] = std::clamp(value, least_size, largest_size);
  }
}

template <class Response>
void GeneralizedLinear<Response>::prepare(const AnyRows& x, Weights w) {
  learn(name, x, w);
}

template <class Response>
std::string GeneralizedLinear<Response>::check_support(Rows x) const {
  std::string complaint = check_covariates(x);
  if (!complaint.empty()) return complaint;
  const Index response = columns_.response_column();
  return check_cells(x, [&](Index row, Index j) -> std::string {
    if (j < response) return {};
    if (!is_count(x(row, j))) return fmt::format("{} is not a count (0, 1, 2, ...)", x(row, j));
    if (counts_trials<Response> && j == response && x(row, j) > trials_of(x, row)) {
      return fmt::format("{} successes in {} trials", x(row, j), trials_of(x, row));
    }
    return {};
  });
}

template <class Response>
Matrix GeneralizedLinear<Response>::embed(Rows x) const {
  Vector transformed(x.rows());
  for (Index i = 0; i < x.rows(); ++i) {
    const double y = x(i, columns_.response_column());
    const double offset = columns_.offset ? x(i, columns_.offset_column()) : 0;
    // The square roots of counts and the arcsines of shares have about the same variance
    // everywhere; with an offset, counts are rates.
    transformed[i] =
        counts_trials<Response>
            ? std::asin(std::sqrt(std::clamp((y + 0.375) / (trials_of(x, i) + 0.75), 0.0, 1.0)))
            : std::sqrt(std::max(y, 0.0) + 0.375) * std::exp(-offset / 2);
  }
  return embed_residuals(x, transformed);
}

template <class Response>
std::string GeneralizedLinear<Response>::caution(Index k) const {
  if (Response::has_size && sizes_[k] >= largest_size) {
    return "its size is at the upper limit of 1e8, where the distribution is Poisson's";
  }
  if (Response::has_size && sizes_[k] <= least_size) {
    return "its size is at the lower limit of 1e-8";
  }
  if (coefficients_.col(k).cwiseAbs().maxCoeff() > separated) {
    return "its rows are separated by the covariates, so that coefficients grow without bound";
  }
  return {};
}

template <class Response>
void GeneralizedLinear<Response>::select(const std::vector<Index>& order) {
  Regressions::select(order);
  if (Response::has_size) sizes_ = Vector(sizes_(order));
}

template <class Response>
void GeneralizedLinear<Response>::fields(Fields& visit) {
  common_fields(visit);
  if (!Response::has_size) return;
  visit("sizes", sizes_);
  if (!visit.loading()) return;
  if (sizes_.size() == size() && (sizes_.array() >= least_size).all() &&
      (sizes_.array() <= largest_size).all()) {
    return;
  }
  throw std::invalid_argument(
      fmt::format("there are {} sizes for {} components; there is one for each, between {} and {}",
                  sizes_.size(), size(), least_size, largest_size));
}

template <class Response>
void GeneralizedLinear<Response>::describe(Index k, Fields& visit) const {
  describe_coefficients(k, visit);
  if (!Response::has_size) return;
  double value = sizes_[k];
  visit("size", value);
}

template class GeneralizedLinear<PoissonResponse>;
template class GeneralizedLinear<BinomialResponse>;
template class GeneralizedLinear<NegativeBinomialResponse>;

}  // namespace mix
