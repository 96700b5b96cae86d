#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <functional>
#include <numbers>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "mix/concepts.h"
#include "mix/distributions/data_spread.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/log_probability.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/prefixed_name.h"
#include "mix/distributions/summed_statistics.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/support.h"
#include "mix/weighted_log_density.h"

namespace mix {

/// The coordinates, near `start` or far, where `objective` is largest; it may be minus infinity or
/// NaN where nothing is. Newton's method, with derivatives by sixth-order differences.
Vector largest_coordinates(const Vector& start,
                           const std::function<double(const Vector&)>& objective,
                           Index most_steps = 200);

/// Of a column that is truncated to [low, high]: where log_share(x) = log P(value <= x) is
/// `log_target`; `near` is any point with a scale `unit` about which to look.
double truncated_quantile(const std::function<double(double)>& log_share, double log_target,
                          double low, double high, double near, double unit);
/// Mean and variance of a density on [low, high], both finite, by quadrature.
Moments truncated_moments(const std::function<void(Rows, VectorRef)>& log_density, double low,
                          double high);
void check_bounds(std::string_view type, double lower, double upper);
DataSpread spread_between(std::string_view family, const AnyRows& x, Weights w);

/// A distribution D of one column of which values outside of fixed bounds are never seen: heights
/// of recruits above a minimum, readings of a scale that ends.
///
/// f(x) = d(x) / P(lower <= X <= upper) within the bounds, with d and P of D, a continuous
/// distribution of one column with a cdf and coordinates. The estimate maximizes this likelihood
/// itself, by Newton's method in the coordinates of D, whose derivatives are differences: from the
/// additive statistics of D where its likelihood is a function of these (exponential families,
/// Normal), and otherwise from all rows. Rows more varied than any D between the bounds would drive
/// the parameters out of all bounds; a prior proportional to P^(1e-6), a millionth of a row that is
/// known to be within the bounds, keeps them finite and matters nowhere else.
template <class D>
class TruncatedTo {
  static constexpr std::string_view prefix = "truncated_";

 public:
  /// "truncated_normal" and so on.
  static constexpr std::string_view name = PrefixedName<D, prefix>::value;
  static constexpr bool discrete = Discrete<D>;

  TruncatedTo() requires std::default_initializable<D>
  = default;
  /// The bounds may be infinite. Throws std::invalid_argument unless `base` has one column and
  /// `lower` < `upper`.
  TruncatedTo(D base, double lower, double upper)
      : base_(std::move(base)), lower_(lower), upper_(upper) {
    check_bounds(name, lower_, upper_);
    if (base_.dimension() != 1) {
      throw std::invalid_argument(
          fmt::format("{}: the distribution has {} columns; only one column can be truncated", name,
                      base_.dimension()));
    }
    renew();
  }

  /// The distribution D, of all values, seen or not.
  [[nodiscard]] const D& base() const { return base_; }
  [[nodiscard]] double lower() const { return lower_; }
  [[nodiscard]] double upper() const { return upper_; }
  [[nodiscard]] std::string title() const {
    return fmt::format("{}, from {} to {}", name, lower_, upper_);
  }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return base_.parameter_count(); }
  void log_density(Rows x, VectorRef out) const {
    base_.log_density(x, out);
    for (Index i = 0; i < x.rows(); ++i) {
      out[i] = inside(x(i, 0)) ? out[i] - log_within_ : -infinity;
    }
  }
  /// By the quantile of a uniform number.
  void sample(Rng& rng, VectorRef out) const { out[0] = quantile(std::log(uniform(rng))); }
  [[nodiscard]] double cdf(double x) const {
    if (!(x > lower_)) return std::isnan(x) ? x : 0;
    return x < upper_ ? std::min(std::exp(log_share(x)), 1.0) : 1;
  }
  /// By quadrature, to about 1e-10.
  [[nodiscard]] Moments moments() const {
    constexpr double rest = 1e-14;
    return truncated_moments([this](Rows x, VectorRef out) { log_density(x, out); },
                             quantile(std::log(rest)), quantile(std::log1p(-rest)));
  }

  /// Those of D, of the rows within the bounds.
  [[nodiscard]] Index statistics_size() const requires Summable<D> {
    return base_.statistics_size();
  }
  void accumulate(Rows x, Weights w, VectorRef statistics) const requires Summable<D> {
    base_.accumulate(x, weights_within(x, w), statistics);
  }
  void maximize(ConstVectorRef sum) requires Summable<D> {
    if (!(sum[0] > 0) || !sum.allFinite()) return;
    const D at = base_;
    climb(sum[0], [&](const D& d) { return weighted_log_density(d, sum, at); });
  }
  /// From the estimate that ignores the bounds.
  void start(const AnyRows& x, Weights w) requires Summable<D> {
    if constexpr (requires { base_.start(x, w); }) {
      base_.start(x, w);
    } else {
      base_.maximize(summed_statistics(*this, x, w));
    }
    renew();
    maximize(summed_statistics(*this, x, w));
  }
  void fit(Rows x, Weights w) requires(!Summable<D>) {
    const Vector weights = weights_within(x, w);
    const double mass = weights.sum();
    if (!(mass > 0)) return;
    if constexpr (requires { base_.start(x, weights); }) {
      base_.start(x, weights);
    } else if constexpr (Refittable<D>) {
      base_.fit(x, weights);
    }
    renew();
    climb(mass, [&](const D& d) {
      Vector out(x.rows());
      d.log_density(x, out);
      return (weights.array() > 0).select(out.cwiseProduct(weights), 0).sum();
    });
  }

  [[nodiscard]] Vector coordinates() const requires Charted<D> { return base_.coordinates(); }
  void set_coordinates(ConstVectorRef v) requires Charted<D> {
    base_.set_coordinates(v);
    renew();
  }

  void prepare(const AnyRows& x, Weights w) {
    data_ = spread_between(name, x, w);
    if constexpr (requires { base_.prepare(x, w); }) base_.prepare(x, w);
  }
  [[nodiscard]] double log_prior() const { return log_prior(base_); }
  [[nodiscard]] std::string check_support(Rows x) const {
    std::string outside = check_cells(
        x, [this](double value) { return inside(value); },
        fmt::format("a number within the bounds, from {} to {}", lower_, upper_));
    if (!outside.empty()) return outside;
    if constexpr (requires { base_.check_support(x); }) return base_.check_support(x);
    return {};
  }
  [[nodiscard]] Matrix embed(Rows x) const requires Embeddable<D> { return base_.embed(x); }
  [[nodiscard]] std::string flaw(double mass) const {
    if constexpr (requires { base_.flaw(mass); }) return base_.flaw(mass);
    return {};
  }
  /// Says when next to nothing of D is within the bounds.
  [[nodiscard]] std::string caution() const {
    constexpr double hardly_any = -3;
    const double within = log_within_ / std::numbers::ln10;
    if (!(within < hardly_any)) return {};
    return fmt::format(
        "only 1e{:.0f} of its probability is within the bounds: the rows are spread nearly as by "
        "the "
        "bounds alone, and tell little about the whole",
        within);
  }
  void fields(Fields& visit) requires Visitable<D> {
    visit("lower", lower_);
    visit("upper", upper_);
    base_.fields(visit);
    if (!visit.loading()) return;
    check_bounds(name, lower_, upper_);
    renew();
  }
  void describe(Fields& visit) const requires Visitable<D> {
    double lower = lower_;
    double upper = upper_;
    visit("lower", lower);
    visit("upper", upper);
    if constexpr (requires { base_.describe(visit); }) {
      base_.describe(visit);
    } else {
      D copy = base_;
      copy.fields(visit);
    }
  }

 private:
  static constexpr double prior_rows = 1e-6;

  [[nodiscard]] bool inside(double x) const {
    return x >= lower_ && x <= upper_ && std::isfinite(x);
  }
  [[nodiscard]] double log_within(const D& d) const { return log_probability(d, lower_, upper_); }
  // log P(X <= x) of the truncated distribution.
  [[nodiscard]] double log_share(double x) const {
    return log_probability(base_, lower_, x) - log_within_;
  }
  [[nodiscard]] double quantile(double log_target) const {
    const Moments whole = base_.moments();
    return truncated_quantile([this](double x) { return log_share(x); }, log_target, lower_, upper_,
                              whole.mean[0], std::sqrt(whole.covariance(0, 0)));
  }
  [[nodiscard]] Vector weights_within(Rows x, Weights w) const {
    Vector weights = w;
    for (Index i = 0; i < x.rows(); ++i) {
      if (!inside(x(i, 0))) weights[i] = 0;
    }
    return weights;
  }
  [[nodiscard]] double log_prior(const D& d) const {
    double prior = prior_rows * log_within(d);
    if constexpr (WithPrior<D>) prior += d.log_prior();
    return prior;
  }
  // Maximizes `likelihood(d)` less what the bounds take away, and plus the prior, over d.
  template <class Likelihood>
  void climb(double mass, const Likelihood& likelihood) {
    const double least = data_.least_variance(0);
    const auto candidate = [this](const Vector& v) {
      D d = base_;
      d.set_coordinates(v);
      return d;
    };
    const Vector best = largest_coordinates(base_.coordinates(), [&](const Vector& v) {
      const D d = candidate(v);
      // Equal rows would make it ever narrower.
      if (!(d.moments().covariance(0, 0) >= least)) return -infinity;
      return likelihood(d) - mass * log_within(d) + log_prior(d);
    });
    base_ = candidate(best);
    renew();
  }
  // What follows from base and bounds.
  void renew() { log_within_ = log_within(base_); }

  D base_;
  double lower_ = -infinity;
  double upper_ = infinity;
  double log_within_ = 0;  // log P(lower <= X <= upper)
  DataSpread data_;
};

}  // namespace mix
