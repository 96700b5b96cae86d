#include "polya.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "mix/coordinates.h"
#include "mix/parallel.h"
#include "mix/special.h"

namespace mix {
namespace {

constexpr Index most_iterations = 200;
// No logarithm of a concentration moves farther in one iteration.
constexpr double longest_step = 4;
// A promised rise per row of less than this, relatively, is the last part of the way, which so many
// steps go: values no longer tell whether they are good, and each squares the error.
constexpr double near_top = 1e-9;
constexpr Index last_steps = 3;

// Below which counts are tallied one by one: fewer, where there are many outcomes.
Index table_of(Index outcomes) { return std::clamp<Index>(4096 / outcomes, 8, 128); }

// The objective per row as a function of the logarithms v of the concentrations.
class PolyaObjective {
 public:
  PolyaObjective(ConstVectorRef statistics, const Vector& concentrations)
      : total_(sum_of(statistics, concentrations, concentrations.size())) {
    for (Index j = 0; j < concentrations.size(); ++j) {
      outcomes_.push_back(sum_of(statistics, concentrations, j));
    }
  }

  // Value, gradient, and -H = diag(curvature) - coupling p p', p = shares.
  struct Expansion {
    double value = 0;
    Vector gradient;
    Vector curvature;
    double coupling = 0;
    Vector shares;
    // The step of the logarithms that multiplies each concentration by the ratio of its sums, which
    // never lowers the value (Minka 2000).
    Vector safe_step;
  };
  [[nodiscard]] Expansion at(const Vector& v) const {
    const Index d = v.size();
    const Vector a = v.array().exp();
    const double log_total = std::log(a.sum());
    const RisingSum::Jet all = total_.at(log_total);
    Expansion out{.value = -total_.value(log_total),
                  .gradient = Vector(d),
                  .curvature = Vector(d),
                  .coupling = all.rising - all.second,
                  .shares = a / a.sum(),
                  .safe_step = Vector(d)};
    for (Index j = 0; j < d; ++j) {
      const RisingSum& outcome = outcomes_[static_cast<std::size_t>(j)];
      const RisingSum::Jet jet = outcome.at(v[j]);
      const double common = out.shares[j] * all.rising;
      out.value += outcome.total() * (v[j] - log_total) + outcome.value(v[j]);
      out.gradient[j] = jet.rising - common;
      out.curvature[j] = common - jet.second;
      out.safe_step[j] = std::log(jet.rising / common);
    }
    return out;
  }

  // How much of a step from v stays where the sums are known.
  [[nodiscard]] double reach(const Vector& v, const Vector& step) const {
    double share = std::min(1.0, longest_step / step.cwiseAbs().maxCoeff());
    for (Index j = 0; j < v.size(); ++j) {
      const LogWindow range = outcomes_[static_cast<std::size_t>(j)].range();
      const double room = step[j] > 0 ? range.last - v[j] : range.first - v[j];
      if (step[j] != 0) share = std::min(share, std::max(0.0, room / step[j]));
    }
    const LogWindow range = total_.range();
    for (int halving = 0; halving < 60; ++halving) {
      const double log_total = std::log((v + share * step).array().exp().sum());
      if (log_total >= range.first && log_total <= range.last) return share;
      share /= 2;
    }
    return 0;
  }

 private:
  static RisingSum sum_of(ConstVectorRef statistics, const Vector& concentrations, Index j) {
    const Index d = concentrations.size();
    const Index length = rising_statistics(table_of(d));
    const double a = j < d ? concentrations[j] : concentrations.sum();
    return {statistics.segment(1 + j * length, length), table_of(d), a, statistics[0]};
  }

  RisingSum total_;
  std::vector<RisingSum> outcomes_;
};

// Within the limits; the larger one is met by all together, so that their shares stay.
Vector within_limits(Vector v) {
  v = v.cwiseMax(std::log(least_concentration));
  const double most = v.maxCoeff();
  const double excess =
      most + std::log((v.array() - most).exp().sum()) - std::log(largest_total_concentration);
  return excess > 0 ? Vector((v.array() - excess).max(std::log(least_concentration))) : v;
}

// Newton's step; none where the objective is not concave. A concentration at its lower limit that
// would fall stays.
Vector newton_step(const PolyaObjective::Expansion& here, const Vector& v) {
  const double lowest = std::log(least_concentration);
  Vector step = Vector::Zero(v.size());
  Vector inverse = Vector::Zero(v.size());
  for (Index j = 0; j < v.size(); ++j) {
    if (here.gradient[j] <= 0 && v[j] <= lowest) continue;
    if (!(here.curvature[j] > 0)) return {};
    inverse[j] = 1 / here.curvature[j];
  }
  const double left = 1 - here.coupling * here.shares.cwiseAbs2().dot(inverse);
  if (!(left > 1e-12)) return {};
  const double pull = here.coupling * here.shares.cwiseProduct(here.gradient).dot(inverse) / left;
  step = inverse.cwiseProduct(here.gradient + pull * here.shares);
  return step.allFinite() ? step : Vector();
}

}  // namespace

void check_concentrations(const char* distribution, const Vector& concentrations) {
  for (Index j = 0; j < concentrations.size(); ++j) {
    if (concentrations[j] >= 0.5 * least_concentration &&
        concentrations[j] <= 2 * largest_total_concentration) {
      continue;
    }
    throw std::invalid_argument(fmt::format(
        "{}: concentration {} is {}; concentrations lie between {} and {}", distribution, j + 1,
        concentrations[j], least_concentration, largest_total_concentration));
  }
}

PolyaDensity::PolyaDensity(const Vector& concentrations)
    : concentrations_(concentrations),
      sum_(concentrations.sum()),
      log_shares_((concentrations / concentrations.sum()).array().log()),
      small_(table_of(concentrations.size()), concentrations.size() + 1) {
  for (Index j = 0; j < small_.cols(); ++j) {
    const bool outcome = j < concentrations_.size();
    const double a = outcome ? concentrations_[j] : sum_;
    double rising = 0;
    for (Index x = 0; x < small_.rows(); ++x) {
      const auto count = static_cast<double>(x);
      small_(x, j) = rising + (outcome ? count * log_shares_[j] : 0);
      rising += std::log1p(count / a);
    }
  }
}

double PolyaDensity::of_outcome(Index j, double count) const {
  if (count < static_cast<double>(small_.rows())) return small_(static_cast<Index>(count), j);
  return log_rising_ratio(count, concentrations_[j]) + count * log_shares_[j];
}

double PolyaDensity::of_total(double total) const {
  if (total < static_cast<double>(small_.rows())) {
    return small_(static_cast<Index>(total), small_.cols() - 1);
  }
  return log_rising_ratio(total, sum_);
}

Index polya_statistics(Index outcomes) {
  return 1 + (outcomes + 1) * rising_statistics(table_of(outcomes));
}

PolyaTally::PolyaTally(const Vector& concentrations) : table_(table_of(concentrations.size())) {
  for (const double a : concentrations) tallies_.emplace_back(a, table_);
  tallies_.emplace_back(concentrations.sum(), table_);
}

void PolyaTally::add(ConstVectorRef counts, double weight, VectorRef statistics) const {
  statistics[0] += weight;
  const Index length = rising_statistics(table_);
  for (Index j = 0; j <= counts.size(); ++j) {
    const double count = j < counts.size() ? counts[j] : counts.sum();
    tallies_[static_cast<std::size_t>(j)].add(count, weight,
                                              statistics.segment(1 + j * length, length));
  }
}

void maximize_polya(ConstVectorRef statistics, Vector& concentrations) {
  if (!(statistics[0] > 0)) return;
  const PolyaObjective objective(statistics, concentrations);
  Vector v = concentrations.array().log();
  PolyaObjective::Expansion here = objective.at(v);
  Index steps_near_top = 0;
  for (Index iteration = 0; iteration < most_iterations; ++iteration) {
    Vector step = newton_step(here, v);
    const bool newton = step.size() > 0;
    if (!newton) step = here.safe_step.cwiseMax(-longest_step).cwiseMin(longest_step);
    if (!(step.cwiseAbs().maxCoeff() > 0)) break;
    const bool last = newton && here.gradient.dot(step) < near_top * (1 + std::abs(here.value));
    bool moved = false;
    double share = objective.reach(v, step);
    for (int halving = 0; halving < 40 && share > 0 && !moved; ++halving, share /= 2) {
      const Vector next = within_limits(v + share * step);
      PolyaObjective::Expansion there = objective.at(next);
      if (!(there.value > here.value || last)) continue;
      if (next == v) break;
      moved = true;
      v = next;
      here = std::move(there);
    }
    if (last) ++steps_near_top;
    if (!moved || steps_near_top == last_steps) break;
  }
  concentrations = v.array().exp();
}

Vector random_probabilities(Rng& rng, const Vector& concentrations) {
  // A gamma variable of shape a is one of shape a + 1 times U^(1/a): in logarithms, which do not
  // underflow where a is small.
  Vector logs(concentrations.size());
  for (Index j = 0; j < logs.size(); ++j) {
    const double a = concentrations[j];
    logs[j] = std::log(standard_gamma(rng, a + 1)) - standard_exponential(rng) / a;
  }
  return probabilities_of_logarithms(logs);
}

std::string multinomial_caution(const Vector& concentrations) {
  if (concentrations.sum() < 0.9 * largest_total_concentration) return {};
  return fmt::format(
      "the sum of its concentrations is at the upper limit, {:.3g}: its counts vary no more than "
      "{} ones",
      concentrations.sum(), concentrations.size() == 2 ? "binomial" : "multinomial");
}

void set_polya_coordinates(ConstVectorRef v, Vector& concentrations) {
  if (v.array().isNaN().any() || v.maxCoeff() == infinity) return;
  concentrations = within_limits(v).array().exp();
}

void start_polya(const AnyRows& x, Weights w, Index outcomes, Vector& concentrations,
                 const std::function<Vector(Rows block, Index i)>& counts_of) {
  const auto sum = [&](Index size,
                       const std::function<void(const Vector&, double, VectorRef)>& add) {
    return sum_over_blocks(x.rows(), size, [&](Index first, Index count, VectorRef total) {
      const DenseBlock block(x, first, count);
      for (Index i = 0; i < count; ++i) {
        if (!(w[first + i] > 0)) continue;
        const Vector counts = counts_of(*block, i);
        if (counts.size() > 0) add(counts, w[first + i], total);
      }
    });
  };
  const Vector all = sum(outcomes, [](const Vector& counts, double weight, VectorRef total) {
    total += weight * counts;
  });
  if (!(all.sum() > 0)) return;
  const Vector shares = all / all.sum();
  // The weighted sums of the squared distances of the counts from n times shares, and of n (n - 1).
  const Vector moments = sum(2, [&](const Vector& counts, double weight, VectorRef total) {
    const double n = counts.sum();
    total[0] += weight * (counts - n * shares).squaredNorm();
    total[1] += weight * n * (n - 1);
  });
  // The variance is n p (1 - p) (1 + (n - 1) / (A + 1)).
  const double spread = 1 - shares.squaredNorm();
  const double correlation = (moments[0] / spread - all.sum()) / moments[1];
  const double usable = std::isfinite(correlation) ? std::clamp(correlation, 1e-4, 0.99) : 0.5;
  concentrations = within_limits((shares * (1 / usable - 1)).array().log()).array().exp();
}

}  // namespace mix
