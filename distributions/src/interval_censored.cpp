#include "mix/distributions/interval_censored.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <stdexcept>

#include "interval_likelihood.h"
#include "mix/errors.h"
#include "mix/missing.h"
#include "mix/newton.h"
#include "mix/parallel.h"
#include "univariate.h"

namespace mix {
namespace {

// The prior of each component counts as much as this part of a row.
constexpr double prior_share = 1e-6;

// The value of an interval, or its middle, or its only end.
double middle(const Interval& at, bool discrete) {
  if (!(at.low <= at.high) || !says_something(at)) return quiet_nan;
  if (at.low == -infinity) return at.high;
  if (at.high == infinity) return at.low;
  const double half = at.low + 0.5 * (at.high - at.low);
  return discrete ? std::floor(half) : half;
}

// Where values are not missing.
std::vector<Index> known_places(const Vector& values) {
  std::vector<Index> places;
  for (Index i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i])) places.push_back(i);
  }
  return places;
}

double log_probability_of(const AnyFamily& family, Index k, const Interval& at) {
  return with_component(family, k, [&](const OneColumn& component) {
    return log_probability(component, at.low, at.high);
  });
}

// The variance of component k; nothing where the family does not know it.
std::optional<double> variance_of(const AnyFamily& family, Index k) {
  try {
    return family.moments(k).covariance(0, 0);
  } catch (const NotAvailable&) {
    return std::nullopt;
  }
}

// Coordinates of probabilities 0 and 1 are infinite; from near ones it can climb.
Vector finite_coordinates(const AnyFamily& family) {
  constexpr double far = 30;
  return family.coordinates().unaryExpr(
      [](double v) { return std::isinf(v) ? std::copysign(far, v) : v; });
}

// "row 1, column 1: -3 is not positive" without the place.
std::string without_place(const std::string& complaint) {
  const auto colon = complaint.find(": ");
  return colon == std::string::npos ? complaint : complaint.substr(colon + 2);
}

std::string refuse_value(const AnyFamily& family, double value) {
  return without_place(family.check_support(Matrix::Constant(1, 1, value)));
}

std::string refuse_interval(const AnyFamily& family, double low, double high, double typical) {
  const bool discrete = family.discrete();
  const Interval at = interval_of(low, high, discrete);
  if (!says_something(at)) return {};
  if (low > high || at.low == infinity || at.high == -infinity) {
    return fmt::format(
        "the interval from {} to {} of this column and the next is empty; the lower end comes "
        "first, and may be -inf or missing, as the upper one may be inf",
        low, high);
  }
  if (is_value(at)) return refuse_value(family, at.low);
  // A support without gaps that holds neither an end nor its own middle is not in the interval.
  const std::array<double, 4> candidates{at.low, at.high, typical, 1};
  for (double value : candidates) {
    if (discrete) value = std::ceil(value);
    if (!std::isfinite(value) || value < at.low || value > at.high) continue;
    if (refuse_value(family, value).empty()) return {};
  }
  return fmt::format(
      "nothing between {} and {}, in this column and the next, is possible{}", low, high,
      at.low <= at.high ? ": " + refuse_value(family, std::isfinite(at.high) ? at.high : at.low)
                        : ", for there is no count between them");
}

}  // namespace

Vector middles_of_intervals(Rows ends, bool discrete) {
  Vector middles(ends.rows());
  for (Index i = 0; i < ends.rows(); ++i) {
    middles[i] = middle(interval_of(ends(i, 0), ends(i, 1), discrete), discrete);
    if (!std::isfinite(middles[i])) middles[i] = quiet_nan;
  }
  return middles;
}

void IntervalCensored::check() const {
  if (family_.dimension() != 1) {
    throw std::invalid_argument(
        fmt::format("{}: '{}' has {} columns; the values of intervals are one column", name,
                    family_.title(), family_.dimension()));
  }
  if (!family_.charted() || family_.coordinates().size() != family_.parameter_count()) {
    throw std::invalid_argument(fmt::format(
        "{}: '{}' has parameters without coordinates of their own, such as edges of its support; "
        "choose another family",
        name, family_.title()));
  }
  try {
    (void)family_.cdf(0, 0.5);
  } catch (const NotAvailable&) {
    throw std::invalid_argument(fmt::format(
        "{}: '{}' has no cdf, so that intervals have no probability; choose another family", name,
        family_.title()));
  }
}

void IntervalCensored::log_densities(Rows x, MatrixRef out) const {
  const bool discrete = family_.discrete();
  // A value in the place of each interval; what it gives is replaced.
  Matrix value = Matrix::Ones(x.rows(), 1);
  std::vector<IntervalOfRow> intervals;
  for (Index i = 0; i < x.rows(); ++i) {
    const Interval at = interval_of(x(i, 0), x(i, 1), discrete);
    if (is_value(at)) {
      value(i, 0) = at.low;
    } else {
      intervals.push_back({at, i});
    }
  }
  if (std::ssize(intervals) < x.rows()) family_.log_densities(Rows(value), out);
  std::sort(intervals.begin(), intervals.end());
  for (Index k = 0; k < size(); ++k) {
    with_component(family_, k, [&](const OneColumn& component) {
      const IntervalOfRow* before = nullptr;
      for (const IntervalOfRow& place : intervals) {
        const auto& [low, high] = place.at;
        // Equal ones, often of times when a study ended, once.
        if (before != nullptr && before->at.low == low && before->at.high == high) {
          out(place.row, k) = out(before->row, k);
        } else {
          out(place.row, k) = says_something(place.at) ? log_probability(component, low, high) : 0;
        }
        before = &place;
      }
    });
  }
}

void IntervalCensored::sample(Index k, Rng& rng, VectorRef out) const {
  family_.sample(k, rng, out.head(1));
  out[1] = out[0];
}

Moments IntervalCensored::moments(Index k) const {
  const Moments own = family_.moments(k);
  return {Vector::Constant(2, own.mean[0]), Matrix::Constant(2, 2, own.covariance(0, 0))};
}

Vector IntervalCensored::representatives(Rows x) const {
  Vector values = middles_of_intervals(x, family_.discrete());
  const std::vector<Index> known = known_places(values);
  if (known.empty() || family_.check_support(Matrix(values(known))).empty()) return values;
  for (const Index i : known) {
    if (!refuse_value(family_, values[i]).empty()) values[i] = quiet_nan;
  }
  return values;
}

void IntervalCensored::prepare(Rows x, Weights w) {
  least_end_ = infinity;
  largest_end_ = -infinity;
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index j = 0; j < x.cols(); ++j) {
      if (!(w[i] > 0) || !std::isfinite(x(i, j))) continue;
      least_end_ = std::min(least_end_, x(i, j));
      largest_end_ = std::max(largest_end_, x(i, j));
    }
  }
  // At a single point a continuous distribution has no probability.
  if (!(least_end_ < largest_end_)) {
    least_end_ = -infinity;
    largest_end_ = infinity;
  }
  const Vector values = representatives(x);
  const std::vector<Index> kept = known_places(values);
  if (kept.empty()) return;
  const Matrix column = values(kept);
  const Vector weights = w(kept);
  data_ = spread_of(column, weights, itself);
  family_.prepare(column, weights);
}

void IntervalCensored::start(Rows x, Shares shares) {
  constexpr Index most_steps = 200;
  const Vector values = representatives(x);
  const std::vector<Index> kept = known_places(values);
  const Matrix own = shares(kept, Eigen::all);
  if (!kept.empty()) family_.start(Matrix(values(kept)), own);
  climb(x, shares, most_steps);
}

void IntervalCensored::fit(Rows x, Shares shares) {
  // The next step of EM goes on from here.
  climb(x, shares, 1);
}

void IntervalCensored::climb(Rows x, Shares shares, Index most_steps) {
  const CensoredRows known = known_of(x, shares, family_.discrete());
  // Of as many components as `from` has, whose shares stand from column `first` on.
  const auto climbed = [&](const AnyFamily& from, Index first) {
    const PartLikelihood likelihood(known, first, from);
    IntervalCensored candidate = *this;
    const Vector start = finite_coordinates(from);
    const double least = data_.least_variance(0);
    const auto objective = [&](const Vector& v) {
      candidate.family_.set_coordinates(v);
      return likelihood(candidate.family_) + candidate.log_prior();
    };
    // Equal values would make it ever narrower, intervals would not; what begins narrower can
    // widen.
    const auto allowed = [&](const Vector& v) {
      if (v == start || !likelihood.of_values()) return true;
      candidate.family_.set_coordinates(v);
      for (Index k = 0; k < from.size(); ++k) {
        const auto variance = variance_of(candidate.family_, k);
        if (variance && *variance < least && *variance < variance_of(from, k)) return false;
      }
      return true;
    };
    candidate.family_ = from;
    return climb_by_differences(start, objective, allowed, most_steps);
  };
  std::vector<AnyFamily> components;
  Vector joined(0);
  Index alone = 0;
  for (Index k = 0; k < size() && family_.selects(); ++k) {
    AnyFamily& component = components.emplace_back(family_);
    component.select({k});
    alone += component.parameter_count();
    const Vector own = component.coordinates();
    joined.conservativeResize(joined.size() + own.size());
    joined.tail(own.size()) = own;
  }
  const Vector together = family_.coordinates();
  // Components that share parameters have fewer together than alone.
  if (size() == 1 || alone != parameter_count() || joined.size() != together.size() ||
      joined != together) {
    if (shares.sum() > 0) family_.set_coordinates(climbed(family_, 0));
    return;
  }
  Index done = 0;
  for (Index k = 0; k < size(); ++k) {
    const AnyFamily& component = components[static_cast<std::size_t>(k)];
    const Index count = component.coordinates().size();
    if (shares.col(k).sum() > 0) joined.segment(done, count) = climbed(component, k);
    done += count;
  }
  family_.set_coordinates(joined);
}

std::string IntervalCensored::check_support(Rows x) const {
  double typical = quiet_nan;
  try {
    typical = family_.moments(0).mean[0];
  } catch (const NotAvailable&) {  // the ends have to do
  }
  return check_cells(
      x,
      [&](Index row, Index column) {
        // Once for each row.
        if (column > 0 && !std::isnan(x(row, 0))) return std::string();
        return refuse_interval(family_, x(row, 0), x(row, 1), typical);
      },
      MissingCells::read);
}

Matrix IntervalCensored::embed(Rows x) const {
  Matrix points = family_.embed(Matrix(representatives(x)));
  fill_with_means(points);
  return points;
}

double IntervalCensored::log_prior() const {
  double sum = family_.log_prior();
  for (Index k = 0; k < size(); ++k) {
    if (!std::isfinite(least_end_)) break;
    sum += prior_share * log_probability_of(family_, k, {least_end_, largest_end_});
  }
  return sum;
}

std::string IntervalCensored::caution(Index k) const {
  constexpr double hardly_any = -3;
  std::string own = family_.caution(k);
  if (!own.empty() || !std::isfinite(least_end_)) return own;
  const double within =
      log_probability_of(family_, k, {least_end_, largest_end_}) / std::numbers::ln10;
  if (!(within < hardly_any)) return {};
  return fmt::format(
      "only 1e{:.0f} of its probability is between {} and {}, the ends of all intervals: these say "
      "where its values are not, and not where they are",
      within, least_end_, largest_end_);
}

void IntervalCensored::fields(Fields& visit) {
  visit("family", family_);
  visit("least_end", least_end_);
  visit("largest_end", largest_end_);
  if (!visit.loading()) return;
  check();
  if (least_end_ < largest_end_) return;
  throw std::invalid_argument(
      fmt::format("least_end is {} and largest_end {}; it must be less", least_end_, largest_end_));
}

}  // namespace mix
