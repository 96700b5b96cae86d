#include "mix/distributions/negative_binomial.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/log1p.hpp>
#include <cmath>
#include <stdexcept>

#include "counts.h"
#include "mix/distributions/summed_statistics.h"
#include "mix/special.h"
#include "rising_sum.h"
#include "root.h"
#include "univariate.h"

namespace mix {
namespace {

// Counts below have their log densities in a table and are tallied one by one.
constexpr Index tallied_counts = 128;

}  // namespace

NegativeBinomial::NegativeBinomial(double mean, double size) : mean_(mean), size_(size) {
  check();
  derive();
}

void NegativeBinomial::check() const {
  if (!(mean_ >= 0 && std::isfinite(mean_))) {
    throw std::invalid_argument(
        fmt::format("NegativeBinomial: the mean is {}; it is finite and at least 0", mean_));
  }
  if (!(size_ >= least_size && std::isfinite(size_))) {
    throw std::invalid_argument(fmt::format(
        "NegativeBinomial: the size is {}; it is finite and at least {}", size_, least_size));
  }
}

void NegativeBinomial::derive() {
  small_.resize(tallied_counts);
  const double log_mean = std::log(mean_);
  const double log_ratio = std::log1p(mean_ / size_);
  double rising = 0;
  for (Index i = 0; i < tallied_counts; ++i) {
    const auto x = static_cast<double>(i);
    small_[i] = rising - log_factorial(x) - (size_ + x) * log_ratio;
    if (i > 0) small_[i] += x * log_mean;  // 0 times minus infinity would be NaN
    rising += std::log1p(x / size_);
  }
}

double NegativeBinomial::upper_size() const { return std::max(least_size, largest_size * mean_); }

void NegativeBinomial::log_density(Rows x, VectorRef out) const {
  for (Index i = 0; i < x.rows(); ++i) {
    const double count = x(i, 0);
    if (!is_count(count)) {
      out[i] = -infinity;
    } else if (count < static_cast<double>(tallied_counts)) {
      out[i] = small_[static_cast<Index>(count)];
    } else {
      out[i] = log_negative_binomial(count, mean_, size_);
    }
  }
}

void NegativeBinomial::sample(Rng& rng, VectorRef out) const {
  out[0] = mix::poisson(rng, standard_gamma(rng, size_) * (mean_ / size_));
}

Index NegativeBinomial::statistics_size() const { return 2 + rising_statistics(tallied_counts); }

void NegativeBinomial::accumulate(Rows x, Weights w, VectorRef statistics) const {
  const RisingTally tally(size_, tallied_counts);
  for (Index i = 0; i < x.rows(); ++i) {
    // What is no count may be anything, also NaN, and contributes nothing.
    if (!(w[i] > 0) || !is_count(x(i, 0))) continue;
    statistics[0] += w[i];
    statistics[1] += w[i] * x(i, 0);
    tally.add(x(i, 0), w[i], statistics.tail(rising_statistics(tallied_counts)));
  }
}

void NegativeBinomial::maximize(ConstVectorRef sum) {
  if (!(sum[0] > 0)) return;
  mean_ = sum[1] / sum[0];
  if (mean_ > 0) {
    const RisingSum rising(sum.tail(rising_statistics(tallied_counts)), tallied_counts, size_,
                           sum[0]);
    // By the logarithm of the size, with the mean at its best, which no size changes.
    const auto slope = [&](double s) {
      const double size = std::exp(s);
      const RisingSum::Jet jet = rising.at(s);
      if (size < mean_) return jet.rising - size * std::log1p(mean_ / size);
      return jet.first - size * boost::math::log1pmx(mean_ / size);
    };
    const double high = std::min(rising.range().last, std::log(upper_size()));
    const double low = std::min(rising.range().first, high);
    const double at_low = slope(low);
    const double at_high = slope(high);
    // The slope changes its sign once at most, from plus to minus.
    double s = 0;
    if (!(at_high < 0)) {
      s = high;
    } else if (!(at_low > 0)) {
      s = low;
    } else {
      s = root_between(slope, low, high, at_low, at_high);
    }
    size_ = std::clamp(std::exp(s), least_size, upper_size());
  }
  derive();
}

void NegativeBinomial::start(const AnyRows& x, Weights w) {
  // The weight of the counts, and the weighted sum of a power of their distances from `center`.
  const auto moment = [&](double center, int power) {
    const Vector sum = sum_over_blocks(x.rows(), 2, [&](Index first, Index count, VectorRef total) {
      const DenseBlock block(x, first, count);
      for (Index i = 0; i < count; ++i) {
        if (!(w[first + i] > 0) || !is_count((*block)(i, 0))) continue;
        total[0] += w[first + i];
        total[1] += w[first + i] * std::pow((*block)(i, 0) - center, power);
      }
    });
    return sum[0] > 0 ? sum[1] / sum[0] : quiet_nan;
  };
  const double mean = moment(0, 1);
  if (!(mean >= 0)) return;  // nothing has a weight
  mean_ = mean;
  const double excess = moment(mean, 2) - mean;
  size_ = excess > 0 ? std::clamp(mean * mean / excess, least_size, upper_size()) : upper_size();
  maximize(summed_statistics(*this, x, w));
}

Vector NegativeBinomial::coordinates() const { return Vector{{std::log(mean_), std::log(size_)}}; }

void NegativeBinomial::set_coordinates(ConstVectorRef v) {
  const double mean = std::exp(v[0]);
  const double size = std::exp(v[1]);
  if (!std::isfinite(mean) || std::isnan(size)) return;
  mean_ = mean;
  size_ = std::clamp(size, least_size, largest_rising);
  derive();
}

std::string NegativeBinomial::check_support(Rows x) const { return check_counts(x); }

Matrix NegativeBinomial::embed(Rows x) const { return embed_overdispersed(x); }

std::string NegativeBinomial::caution() const {
  if (!(mean_ > 0 && size_ >= 0.9 * upper_size())) return {};
  return fmt::format(
      "its size is at the upper limit, {:.3g}: its counts vary no more than Poisson's", size_);
}

double NegativeBinomial::cdf(double x) const {
  return cdf_of_counts(x, [&](double count) {
    return boost::math::ibetac(count + 1, size_, mean_ / (size_ + mean_));
  });
}

Moments NegativeBinomial::moments() const {
  return Moments::of(mean_, mean_ * (1 + mean_ / size_));
}

void NegativeBinomial::fields(Fields& visit) {
  visit("mean", mean_);
  visit("size", size_);
  if (!visit.loading()) return;
  check();
  derive();
}

}  // namespace mix
