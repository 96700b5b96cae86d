#include "mix/models/choice.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>

#include "message_length.h"
#include "mix/distributions/gated.h"

namespace mix {
namespace {

double log_sum(const std::vector<double>& logs) {
  double largest = -infinity;
  for (const double value : logs) largest = std::max(largest, value);
  if (largest == -infinity) return largest;
  double sum = 0;
  for (const double value : logs) sum += std::exp(value - largest);
  return largest + std::log(sum);
}

// log of the positive root of L^2 + (before - own) L - products = 0; all given by their logs.
double log_root(double own, double before, double products) {
  const double scale = std::max(own, before);
  const double b = std::exp(before - scale) - std::exp(own - scale);
  const double c = std::exp(products - 2 * scale);
  const double root = std::sqrt(b * b + 4 * c);
  // Either way without cancellation, and without c where it would be 0.
  if (b > 0) return std::log(2.0) + products - scale - std::log(b + root);
  return scale + std::log((root - b) / 2);
}

struct Line {
  double intercept = 0;
  double slope = 0;
};

Line weighted_line(ConstVectorRef x, ConstVectorRef y, const Vector& w) {
  const double mean_x = w.dot(x) / w.sum();
  const double mean_y = w.dot(y) / w.sum();
  const Vector dx = x.array() - mean_x;
  const double slope = w.cwiseProduct(dx).dot(y) / w.cwiseProduct(dx).dot(dx);
  return {mean_y - slope * mean_x, slope};
}

double median(Vector values) {
  std::sort(values.begin(), values.end());
  const Index half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Huber's M-estimate with the scale by the median absolute residual, as R's MASS::rlm.
double robust_slope(ConstVectorRef x, ConstVectorRef y) {
  constexpr double tuning = 1.345;
  constexpr double normal_consistency = 0.6745;
  constexpr int most_steps = 100;
  Vector w = Vector::Ones(x.size());
  double slope = 0;
  for (int step = 0; step < most_steps; ++step) {
    const Line line = weighted_line(x, y, w);
    const Vector residuals = (y.array() - line.intercept - line.slope * x.array()).abs();
    const double scale = median(residuals) / normal_consistency;
    const bool settled = std::abs(line.slope - slope) <= 1e-10 * std::abs(line.slope);
    slope = line.slope;
    if (settled || !(scale > 0)) break;
    w = (tuning * scale / residuals.array().max(tuning * scale)).matrix();
  }
  return slope;
}

// The model that -L + penalty nu chooses.
Index chosen(const Vector& nu, const Vector& log_likelihood, double penalty) {
  Index best = 0;
  (penalty * nu - log_likelihood).minCoeff(&best);
  return best;
}

// As the penalty grows from 0 the choice moves along the upper hull of the points: where it moves
// furthest at once.
double dimension_jump(const Vector& nu, const Vector& log_likelihood) {
  Index at = chosen(nu, log_likelihood, 0);
  double widest = 0;
  double penalty_there = quiet_nan;
  while (at > 0) {
    // The next choice is the one whose line to the present one is the flattest.
    Index next = 0;
    double flattest = infinity;
    for (Index j = 0; j < at; ++j) {
      const double slope = (log_likelihood[at] - log_likelihood[j]) / (nu[at] - nu[j]);
      if (slope < flattest) {
        flattest = slope;
        next = j;
      }
    }
    if (nu[at] - nu[next] > widest) {
      widest = nu[at] - nu[next];
      penalty_there = flattest;
    }
    at = next;
  }
  return penalty_there;
}

// The number of parameters of all components but one.
double count_without(const AnyFamily& family, Index k) {
  if (family.size() == 1) return 0;
  std::vector<Index> others(static_cast<std::size_t>(family.size()));
  std::iota(others.begin(), others.end(), Index{0});
  others.erase(others.begin() + k);
  AnyFamily rest = family;
  rest.select(others);
  return static_cast<double>(rest.parameter_count());
}

// Components of one family have equally many parameters; a list begins another one here and there.
bool starts_a_family(const AnyFamily& family, Index k) {
  const auto* list = family.as<FamilyList>();
  return list != nullptr && list->locate(k).second == 0;
}

constexpr Index least_models = 10;
// A line through fewer fits anything.
constexpr Index least_points = 4;

}  // namespace

Vector bic_weights(ConstVectorRef bic) {
  double least = infinity;
  for (const double value : bic) {
    if (value < least) least = value;
  }
  Vector weights = Vector::Zero(bic.size());
  if (!std::isfinite(least)) return weights;
  for (Index i = 0; i < bic.size(); ++i) {
    if (!std::isnan(bic[i])) weights[i] = std::exp((least - bic[i]) / 2);
  }
  return weights / weights.sum();
}

Vector singular_bic(const std::vector<SizedFit>& fits, double n, MixingWeights mixing) {
  if (!(n > 0)) throw std::invalid_argument("singular_bic: the number of rows must be positive");
  std::vector<double> logs;  // of L_j
  for (std::size_t i = 0; i < fits.size(); ++i) {
    const SizedFit& fit = fits[i];
    if (i > 0 && fit.n_components <= fits[i - 1].n_components) {
      throw std::invalid_argument("singular_bic: numbers of components must rise");
    }
    const auto log_bound = [&](const SizedFit& truth) {
      const auto nu = static_cast<double>(fit.parameter_count);
      const auto superfluous = static_cast<double>(fit.n_components - truth.n_components);
      const double first = (nu + static_cast<double>(truth.parameter_count)) / 2;
      const double second = nu - (mixing == MixingWeights::free ? superfluous : 0);
      return fit.log_likelihood - std::min(first, second) / 2 * std::log(n);
    };
    const double own = log_bound(fit);
    std::vector<double> products;
    for (std::size_t j = 0; j < i; ++j) products.push_back(log_bound(fits[j]) + logs[j]);
    logs.push_back(i == 0 ? own : log_root(own, log_sum(logs), log_sum(products)));
  }
  return -2 * Eigen::Map<const Vector>(logs.data(), static_cast<Index>(logs.size()));
}

SlopeHeuristic slope_heuristic(const std::vector<SizedFit>& fits) {
  std::map<Index, double> best;  // log-likelihood by number of parameters
  for (const SizedFit& fit : fits) {
    if (!std::isfinite(fit.log_likelihood)) continue;
    const auto known = best.try_emplace(fit.parameter_count, fit.log_likelihood).first;
    known->second = std::max(known->second, fit.log_likelihood);
  }
  const auto count = static_cast<Index>(best.size());
  SlopeHeuristic result;
  if (count < least_models) return result;
  Vector nu(count);
  Vector log_likelihood(count);
  Index i = 0;
  for (const auto& [parameters, value] : best) {
    nu[i] = static_cast<double>(parameters);
    log_likelihood[i++] = value;
  }
  result.jump = dimension_jump(nu, log_likelihood);
  // Slopes of the most complex models, from the fewest that make a line to all of them.
  std::vector<double> slopes;
  std::vector<Index> choices;
  for (Index points = least_points; points <= count; ++points) {
    slopes.push_back(robust_slope(nu.tail(points), log_likelihood.tail(points)));
    choices.push_back(chosen(nu, log_likelihood, 2 * slopes.back()));
  }
  std::size_t longest = 0;
  std::size_t end = 0;
  for (std::size_t first = 0, last = 0; first < choices.size(); first = last) {
    while (last < choices.size() && choices[last] == choices[first]) ++last;
    if (last - first > longest) {
      longest = last - first;
      end = last;
    }
  }
  const auto first = static_cast<Index>(end - longest);
  const double slope =
      median(Eigen::Map<const Vector>(slopes.data() + first, static_cast<Index>(longest)));
  if (slope > 0) result.slope = slope;
  result.plateau = static_cast<double>(longest) / static_cast<double>(choices.size());
  return result;
}

bool comes_apart(const AnyFamily& family) {
  return family.size() == 1 || (family.selects() && family.as<Gated>() == nullptr);
}

Vector own_parameter_counts(const AnyFamily& family) {
  const auto all = static_cast<double>(family.parameter_count());
  Vector own(family.size());
  for (Index k = 0; k < own.size(); ++k) {
    own[k] = k == 0 || starts_a_family(family, k) ? all - count_without(family, k) : own[k - 1];
  }
  return own;
}

double message_length(const Vector& weights, const Vector& own, double common, MixingWeights mixing,
                      double log_likelihood, double n) {
  constexpr double parameter_precision = 12;
  double length = -2 * log_likelihood;
  double present = 0;
  for (Index k = 0; k < weights.size(); ++k) {
    if (!(weights[k] > 0)) continue;
    ++present;
    length += own[k] * (std::log(n * weights[k] / parameter_precision) + 1);
  }
  const double estimated = mixing == MixingWeights::free ? present : 0;
  return length + (estimated + common) * (std::log(n / parameter_precision) + 1);
}

double message_length(const MixtureModel& model, double log_likelihood, double n) {
  const AnyFamily& family = model.family();
  if (!comes_apart(family)) return quiet_nan;
  const Vector own = own_parameter_counts(family);
  const double common = static_cast<double>(family.parameter_count()) - own.sum();
  return message_length(model.weights(), own, common, model.mixing(), log_likelihood, n);
}

}  // namespace mix
