#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "mix/concepts.h"
#include "mix/coordinates.h"
#include "mix/distributions/prefixed_name.h"
#include "mix/distributions/summed_statistics.h"
#include "mix/support.h"

namespace mix {

/// How a distribution of counts departs from another one at 0.
enum class Zeros {
  inflated,   ///< more zeros: a share of the rows is 0 whatever the distribution
  hurdle,     ///< any probability of 0, above or below the distribution's own
  truncated,  ///< no zeros: rows of 0 are not recorded
};

/// Where `excess` is 0, a continuous function of v in [lowest, 0], searched from `start` in the
/// direction of its sign; an end of the interval where it does not change its sign on the way. For
/// ZeroModified: v is the log share of the rows above 0 among all that the base distribution is
/// fitted to, and excess(v) the log probability that the fit gives to counts above 0, less v. EM on
/// the unseen (or mistaken) zeros moves v by the excess, so the search ends where EM would.
double balanced_log_share(const std::function<double(double)>& excess, double lowest, double start);

/// log(1 - exp(x)) for x <= 0.
double log_complement(double x);

/// A distribution of counts D with another probability of 0.
///
///     inflated    f(0) = p + (1 - p) d(0),    f(x) = (1 - p) d(x)
///     hurdle      f(0) = p,                   f(x) = (1 - p) d(x) / (1 - d(0))
///     truncated   f(0) = 0,                   f(x) = d(x) / (1 - d(0))         for x = 1, 2, ...
///
/// with d the probabilities of D and p `zero_share()`. D is any distribution of one column with
/// additive statistics, `fields` and coordinates; 0 must have a probability under it. The estimate
/// is exact if that of D is: with t imaginary zeros added to the rows above 0, the fit of D has to
/// expect t zeros again (Dempster, Laird & Rubin 1977, section 4.2, of truncation; of an inflated
/// one t counts the zeros that D explains, at most as many as there are). The equation for t is
/// solved to the last digits, so that no steps remain for EM. Of a truncated D, or one behind a
/// hurdle, the probability of a count above 0 is at least 1e-9: rows of 1 alone lead there.
template <class D, Zeros zeros>
class ZeroModified {
  static constexpr std::array<std::string_view, 3> prefixes{"zero_inflated_", "hurdle_",
                                                            "zero_truncated_"};
  static constexpr std::string_view prefix = prefixes[static_cast<std::size_t>(zeros)];

 public:
  /// "zero_inflated_poisson" and so on.
  static constexpr std::string_view name = PrefixedName<D, prefix>::value;
  static constexpr bool discrete = true;

  /// For estimation, of a D of its own default.
  ZeroModified() requires std::default_initializable<D>
  = default;
  /// For estimation. Throws std::invalid_argument unless `base` has one column.
  explicit ZeroModified(D base)
      : ZeroModified(std::move(base), zeros == Zeros::truncated ? 0 : 0.5) {}
  /// Throws std::invalid_argument unless `base` has one column and `zero_share` lies between 0 and
  /// 1; of a truncated distribution it is 0.
  ZeroModified(D base, double zero_share) : base_(std::move(base)), zero_share_(zero_share) {
    check();
  }

  /// The distribution D, with a probability of 0 of its own.
  [[nodiscard]] const D& base() const { return base_; }
  /// p; 0 of a truncated distribution.
  [[nodiscard]] double zero_share() const { return zero_share_; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const {
    return base_.parameter_count() + (zeros == Zeros::truncated ? 0 : 1);
  }
  void log_density(Rows x, VectorRef out) const {
    base_.log_density(x, out);
    const auto [at_zero, above] = log_factors(base_);
    for (Index i = 0; i < x.rows(); ++i) out[i] = x(i, 0) == 0 ? at_zero : out[i] + above;
  }
  void sample(Rng& rng, VectorRef out) const requires Sampleable<D> {
    if (zeros != Zeros::truncated && uniform(rng) < zero_share_) {
      out[0] = 0;
    } else if (zeros == Zeros::inflated) {
      base_.sample(rng, out);
    } else {
      sample_above_zero(rng, out);
    }
  }
  [[nodiscard]] double cdf(double x) const requires WithCdf<D> {
    if (!(x >= 0)) return std::isnan(x) ? x : 0;
    if (zeros == Zeros::inflated) return zero_share_ + (1 - zero_share_) * base_.cdf(x);
    return zero_share_ + (1 - zero_share_) * share_above_zero(x);
  }
  /// Those of D about 0, changed by the factor of its probabilities above 0.
  [[nodiscard]] Moments moments() const requires WithMoments<D> {
    const Moments own = base_.moments();
    const double factor = std::exp(log_factors(base_).second);
    const double mean = factor * own.mean[0];
    const double square = own.covariance(0, 0) + own.mean[0] * own.mean[0];
    return Moments::of(mean, factor * square - mean * mean);
  }

  /// The statistics of D of the rows above 0, the weight of the rows of 0, and that of the rows
  /// above 0 where it is not the first statistic of D.
  [[nodiscard]] Index statistics_size() const {
    return base_.statistics_size() + 1 + (begins_with_weight() ? 0 : 1);
  }
  void accumulate(Rows x, Weights w, VectorRef statistics) const {
    Vector above = w;
    double at_zero = 0;
    for (Index i = 0; i < x.rows(); ++i) {
      if (x(i, 0) == 0) at_zero += w[i];
      // What is no count may be anything, also NaN, and contributes nothing.
      if (!(x(i, 0) > 0 && is_count(x(i, 0)))) above[i] = 0;
    }
    const Index own = base_.statistics_size();
    base_.accumulate(x, above, statistics.head(own));
    statistics[own] += at_zero;
    if (!begins_with_weight()) statistics[own + 1] += above.sum();
  }
  void maximize(ConstVectorRef sum) {
    const Index own = base_.statistics_size();
    const double at_zero = zeros == Zeros::truncated ? 0 : sum[own];
    const double above = sum[begins_with_weight() ? 0 : own + 1];
    if (!(at_zero + above > 0)) return;
    if (!(above > 0)) {
      // Zeros alone say nothing about D.
      zero_share_ = 1;
      return;
    }
    // D with t = above (exp(-v) - 1) zeros besides the rows above 0.
    Vector zero_row = Vector::Zero(own);
    base_.accumulate(Matrix::Zero(1, 1), Vector::Ones(1), zero_row);
    const auto fitted = [&](double v) {
      D trial = base_;
      trial.maximize(sum.head(own) + above * std::expm1(-v) * zero_row);
      return trial;
    };
    const auto excess = [&](double v) {
      return log_complement(log_density_of_zero(fitted(v))) - v;
    };
    const double lowest =
        zeros == Zeros::inflated ? -std::log1p(at_zero / above) : std::log(least_above_zero);
    const double v = balanced_log_share(excess, lowest, current_log_share(at_zero / above));
    base_ = fitted(v);
    if (zeros == Zeros::hurdle) zero_share_ = at_zero / (at_zero + above);
    if (zeros == Zeros::inflated) {
      const double left = at_zero - above * std::expm1(-v);
      zero_share_ = v == lowest ? 0 : std::clamp(left / (at_zero + above), 0.0, 1.0);
    }
  }
  /// The first estimate of D, from the rows above 0, and a step from there.
  void start(const AnyRows& x, Weights w) {
    if constexpr (requires(D & d) { d.start(x, w); }) {
      Vector above = w;
      for_each_dense_block(x, [&](Index first, Rows block) {
        for (Index i = 0; i < block.rows(); ++i) {
          if (!(block(i, 0) > 0)) above[first + i] = 0;
        }
      });
      base_.start(x, above);
    } else {
      base_.maximize(summed_statistics(*this, x, w).head(base_.statistics_size()));
    }
    zero_share_ = 0;
    maximize(summed_statistics(*this, x, w));
  }

  /// As an exponential family, where D is one: the features are, of rows above 0, 1 (unless D does
  /// without) and those of D, then 1 of rows of 0, and 1 of rows above 0 if that is not the first.
  [[nodiscard]] Index feature_count() const requires ExponentialFamily<D> {
    return statistics_size();
  }
  bool features(Rows x, MatrixRef out) const requires ExponentialFamily<D> {
    const Index first = begins_with_weight() ? 1 : 0;
    auto own = out.middleCols(first, base_feature_count());
    if constexpr (requires { base_.features(x, out); }) {
      if (!base_.features(x, own)) return false;
    } else {
      own = x;
    }
    const Index at_zero = base_.statistics_size();
    out.col(at_zero) = (x.col(0).array() == 0).template cast<double>();
    const Index above = begins_with_weight() ? 0 : at_zero + 1;
    out.col(above) = 1 - out.col(at_zero).array();
    own.array().colwise() *= out.col(above).array();
    return true;
  }
  [[nodiscard]] bool same_base(const ZeroModified& other) const requires ExponentialFamily<D> {
    if constexpr (requires { base_.same_base(other.base_); }) return base_.same_base(other.base_);
    return true;
  }
  bool log_base(Rows x, VectorRef out) const requires ExponentialFamily<D> {
    return base_.log_base(x, out);
  }
  void natural_parameters(VectorRef eta) const requires ExponentialFamily<D> {
    const Index first = begins_with_weight() ? 1 : 0;
    base_.natural_parameters(eta.segment(first, base_feature_count()));
    const auto [at_zero, above] = log_factors(base_);
    const Index own = base_.statistics_size();
    Vector base_of_zero(1);
    base_.log_base(Matrix::Zero(1, 1), base_of_zero);
    eta[own] = at_zero - base_of_zero[0];
    eta[begins_with_weight() ? 0 : own + 1] = above - base_.log_partition();
  }
  [[nodiscard]] double log_partition() const requires ExponentialFamily<D> { return 0; }

  /// The logit of p, unless truncated, and the coordinates of D.
  [[nodiscard]] Vector coordinates() const requires Charted<D> {
    if (zeros == Zeros::truncated) return base_.coordinates();
    const Vector own = base_.coordinates();
    Vector v(1 + own.size());
    v << logit(zero_share_), own;
    return v;
  }
  void set_coordinates(ConstVectorRef v) requires Charted<D> {
    if (zeros == Zeros::truncated) {
      base_.set_coordinates(v);
    } else {
      zero_share_ = probability_of_logit(v[0]);
      base_.set_coordinates(v.tail(v.size() - 1));
    }
  }

  void prepare(const AnyRows& x, Weights w) requires Preparable<D> { base_.prepare(x, w); }
  [[nodiscard]] double log_prior() const requires WithPrior<D> { return base_.log_prior(); }
  [[nodiscard]] std::string check_support(Rows x) const {
    if constexpr (Supported<D>) {
      std::string complaint = base_.check_support(x);
      if (!complaint.empty()) return complaint;
    }
    if (zeros != Zeros::truncated) return {};
    return check_cells(
        x, [](double value) { return value > 0; }, "a positive count (1, 2, ...)");
  }
  [[nodiscard]] Matrix embed(Rows x) const requires Embeddable<D> { return base_.embed(x); }
  [[nodiscard]] std::string flaw(double mass) const requires requires(const D& d, double m) {
    { d.flaw(m) } -> std::convertible_to<std::string>;
  }
  { return base_.flaw(mass); }
  /// What D says, or that D ended where hardly any of its counts are above 0.
  [[nodiscard]] std::string caution() const {
    if constexpr (requires {
                    { base_.caution() } -> std::convertible_to<std::string>;
                  }) {
      std::string remark = base_.caution();
      if (!remark.empty()) return remark;
    }
    if (zeros == Zeros::inflated) return {};
    const double above = log_complement(log_density_of_zero(base_));
    if (above > std::log(2 * least_above_zero)) return {};
    return "all its counts above 0 are 1";
  }
  void fields(Fields& visit) requires Visitable<D> {
    if (zeros != Zeros::truncated) visit("zero_share", zero_share_);
    base_.fields(visit);
    if (visit.loading()) check();
  }
  void describe(Fields& visit) const requires Visitable<D> {
    double share = zero_share_;
    if (zeros != Zeros::truncated) visit("zero_share", share);
    if constexpr (requires { base_.describe(visit); }) {
      base_.describe(visit);
    } else {
      D copy = base_;
      copy.fields(visit);
    }
  }

 private:
  // The least probability of a count above 0 under a truncated D.
  static constexpr double least_above_zero = 1e-9;
  // Draws above 0 are repeated until one is, or found by counting up where few are.
  static constexpr double enough_above_zero = 1e-3;
  // What a sum of probabilities may lack of 1.
  static constexpr double rounding = 1e-14;

  void check() const {
    if (base_.dimension() != 1) {
      throw std::invalid_argument(
          fmt::format("{}: {} columns; it describes 1", name, base_.dimension()));
    }
    if (!(zero_share_ >= 0 && zero_share_ <= (zeros == Zeros::truncated ? 0 : 1))) {
      throw std::invalid_argument(
          fmt::format("{}: the share of zeros is {}; it lies between 0 and {}", name, zero_share_,
                      zeros == Zeros::truncated ? 0 : 1));
    }
  }

  [[nodiscard]] Index base_feature_count() const {
    if constexpr (requires {
                    { base_.feature_count() } -> std::convertible_to<Index>;
                  }) {
      return base_.feature_count();
    }
    return 1;
  }
  // Whether the statistics of D are those of an exponential family with the weight first.
  [[nodiscard]] bool begins_with_weight() const {
    if constexpr (ExponentialFamily<D>) {
      return base_.statistics_size() == 1 + base_feature_count();
    }
    return false;
  }

  static double log_density_of_zero(const D& base) {
    Vector out(1);
    base.log_density(Matrix::Zero(1, 1), out);
    return out[0];
  }
  // log f(0), and log f(x) - log d(x) for x > 0.
  [[nodiscard]] std::pair<double, double> log_factors(const D& base) const {
    const double log_zero = log_density_of_zero(base);
    const double log_rest = std::log1p(-zero_share_);
    if (zeros == Zeros::inflated) {
      return {zero_share_ > 0 ? std::log(zero_share_ + (1 - zero_share_) * std::exp(log_zero))
                              : log_zero,
              log_rest};
    }
    // A D that knows nothing but 0 has no probability above to be divided.
    const double log_above = log_complement(log_zero);
    return {std::log(zero_share_), log_above > -infinity ? log_rest - log_above : log_rest};
  }
  // Where the search of the balance begins: v of the zeros that the current D and p expect.
  // `ratio`: the zeros per row above 0.
  [[nodiscard]] double current_log_share(double ratio) const {
    const double log_zero = log_density_of_zero(base_);
    if (zeros != Zeros::inflated) return log_complement(log_zero);
    const double own = (1 - zero_share_) * std::exp(log_zero);
    return own > 0 ? -std::log1p(ratio * own / (zero_share_ + own)) : 0;
  }

  // The probability under D that a count above 0 is at most x.
  [[nodiscard]] double share_above_zero(double x) const requires WithCdf<D> {
    const double above = std::exp(log_complement(log_density_of_zero(base_)));
    return std::clamp((base_.cdf(x) - base_.cdf(0)) / above, 0.0, 1.0);
  }

  void sample_above_zero(Rng& rng, VectorRef out) const {
    const double log_above = log_complement(log_density_of_zero(base_));
    if (log_above > std::log(enough_above_zero)) {
      do {
        base_.sample(rng, out);
      } while (out[0] == 0);
      return;
    }
    double left = uniform(rng);
    Vector log_probability(1);
    for (double count = 1;; ++count) {
      base_.log_density(Matrix::Constant(1, 1, count), log_probability);
      left -= std::exp(log_probability[0] - log_above);
      out[0] = count;
      if (!(left > rounding)) return;
    }
  }

  // Of types for any number of columns, one column.
  static D one_column() {
    if constexpr (std::constructible_from<D, Index>)
      return D(Index{1});
    else
      return D();
  }

  D base_ = one_column();
  double zero_share_ = zeros == Zeros::truncated ? 0 : 0.5;
};

template <class D>
using ZeroInflated = ZeroModified<D, Zeros::inflated>;
template <class D>
using Hurdle = ZeroModified<D, Zeros::hurdle>;
template <class D>
using ZeroTruncated = ZeroModified<D, Zeros::truncated>;

}  // namespace mix
