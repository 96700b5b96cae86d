#include "mix/distributions/interval_censored.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <stdexcept>
#include <tuple>

#include "mix/distributions/log_probability.h"
#include "mix/distributions/truncated.h"
#include "mix/errors.h"
#include "mix/missing.h"
#include "mix/parallel.h"
#include "univariate.h"

namespace mix {
namespace {

// The prior of each component counts as much as this part of a row.
constexpr double prior_share = 1e-6;

struct Interval {
  double low;
  double high;
};

// A missing end is none. Intervals of counts begin and end at counts.
Interval interval_of(double low, double high, bool discrete) {
  if (std::isnan(low)) low = -infinity;
  if (std::isnan(high)) high = infinity;
  return discrete ? Interval{std::ceil(low), std::floor(high)} : Interval{low, high};
}

// Whether anything is known: one end at least.
bool says_something(const Interval& at) { return at.low > -infinity || at.high < infinity; }

bool is_value(const Interval& at) { return at.low == at.high && std::isfinite(at.low); }

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

// Component k as what log_probability asks; other components are evaluated along with it where the
// family cannot do without.
template <class Body>
auto with_component(const AnyFamily& family, Index k, const Body& body) {
  const auto cdf = [&](double x) { return family.cdf(k, x); };
  const auto log_density = [&](Rows x, VectorRef out) {
    if (family.separable()) return family.log_density_of(k, x, out);
    Matrix all(x.rows(), family.size());
    family.log_densities(x, all);
    out = all.col(k);
  };
  return body(OneColumn{cdf, log_density, family.discrete()});
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

// What the rows of some components say: known values, and distinct intervals, with the shares of
// the components in them.
struct Known {
  Matrix value;           // one column
  Matrix value_share;     // values x components
  Matrix end;             // lower and upper ends of the intervals
  Matrix interval_share;  // intervals x components
};

Known known_of(Rows x, Shares shares, bool discrete) {
  struct Place {
    Interval at;
    Index row;
  };
  std::vector<Index> values;
  std::vector<Place> intervals;
  for (Index i = 0; i < x.rows(); ++i) {
    const Interval at = interval_of(x(i, 0), x(i, 1), discrete);
    if (!(shares.row(i).maxCoeff() > 0) || !says_something(at)) continue;
    if (is_value(at)) values.push_back(i);
    if (at.low < at.high) intervals.push_back({at, i});
  }
  std::sort(intervals.begin(), intervals.end(), [](const Place& a, const Place& b) {
    return std::tie(a.at.low, a.at.high, a.row) < std::tie(b.at.low, b.at.high, b.row);
  });
  Known known{x(values, std::vector<Index>{0}), shares(values, Eigen::all),
              Matrix(static_cast<Index>(intervals.size()), 2),
              Matrix::Zero(static_cast<Index>(intervals.size()), shares.cols())};
  if (discrete) known.value = known.value.array().ceil();
  Index distinct = -1;
  for (const Place& place : intervals) {
    if (distinct < 0 || known.end(distinct, 0) != place.at.low ||
        known.end(distinct, 1) != place.at.high) {
      known.end.row(++distinct) << place.at.low, place.at.high;
    }
    known.interval_share.row(distinct) += shares.row(place.row);
  }
  known.end.conservativeResize(distinct + 1, Eigen::NoChange);
  known.interval_share.conservativeResize(distinct + 1, Eigen::NoChange);
  return known;
}

// The sum of share times value, where the share is not 0.
double weighted_sum(const Eigen::Ref<const Matrix>& share, const Eigen::Ref<const Matrix>& value) {
  return (share.array() > 0).select(share.array() * value.array(), 0).sum();
}

// Log densities of the values and log probabilities of the intervals, of all components.
void evaluate_values(const AnyFamily& family, const Known& known, Index first, MatrixRef out) {
  family.log_densities(Rows(known.value.middleRows(first, out.rows())), out);
}
void evaluate_intervals(const AnyFamily& family, const Known& known, Index first, MatrixRef out) {
  for (Index k = 0; k < family.size(); ++k) {
    with_component(family, k, [&](const OneColumn& component) {
      for (Index i = 0; i < out.rows(); ++i) {
        out(i, k) = log_probability(component, known.end(first + i, 0), known.end(first + i, 1));
      }
    });
  }
}

double log_likelihood_of(const AnyFamily& family, const Known& known) {
  const auto sum_of = [&](const Matrix& shares, const auto& evaluate) {
    return sum_over_blocks(shares.rows(), 1, [&](Index first, Index count, VectorRef sum) {
      Matrix out(count, family.size());
      evaluate(family, known, first, out);
      sum[0] += weighted_sum(shares.middleRows(first, count), out);
    })[0];
  };
  return sum_of(known.value_share, evaluate_values) +
         sum_of(known.interval_share, evaluate_intervals);
}

// Takes the shares of components in what these cannot explain.
void leave_out_impossible(const AnyFamily& family, Known& known) {
  Matrix out(known.value.rows(), family.size());
  // Families take rows, not none of them.
  if (out.rows() > 0) evaluate_values(family, known, 0, out);
  known.value_share = (out.array() > -infinity).select(known.value_share, 0);
  out.resize(known.end.rows(), family.size());
  evaluate_intervals(family, known, 0, out);
  known.interval_share = (out.array() > -infinity).select(known.interval_share, 0);
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
  bool any_value = false;
  for (Index i = 0; i < x.rows(); ++i) {
    if (const Interval at = interval_of(x(i, 0), x(i, 1), discrete); is_value(at)) {
      value(i, 0) = at.low;
      any_value = true;
    }
  }
  if (any_value) family_.log_densities(Rows(value), out);
  for (Index k = 0; k < size(); ++k) {
    with_component(family_, k, [&](const OneColumn& component) {
      for (Index i = 0; i < x.rows(); ++i) {
        const Interval at = interval_of(x(i, 0), x(i, 1), discrete);
        if (is_value(at)) continue;
        out(i, k) = says_something(at) ? log_probability(component, at.low, at.high) : 0;
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
  constexpr Index most_steps = 3;
  climb(x, shares, most_steps);
}

void IntervalCensored::climb(Rows x, Shares shares, Index most_steps) {
  const double least = data_.least_variance(0);
  const auto climb_alone = [&](const AnyFamily& from, Shares own) {
    Known known = known_of(x, own, from.discrete());
    IntervalCensored candidate = *this;
    const auto objective = [&](const Vector& v) {
      candidate.family_.set_coordinates(v);
      for (Index k = 0; k < from.size(); ++k) {
        // Equal values would make it ever narrower.
        const std::optional<double> variance = variance_of(candidate.family_, k);
        if (variance && *variance < least) return -infinity;
      }
      return log_likelihood_of(candidate.family_, known) + candidate.log_prior();
    };
    candidate.family_ = from;
    const Vector start = finite_coordinates(from);
    if (!(objective(start) > -infinity)) leave_out_impossible(candidate.family_, known);
    return largest_coordinates(start, objective, most_steps);
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
    if (shares.sum() > 0) family_.set_coordinates(climb_alone(family_, shares));
    return;
  }
  Index done = 0;
  for (Index k = 0; k < size(); ++k) {
    const AnyFamily& component = components[static_cast<std::size_t>(k)];
    const Index count = component.coordinates().size();
    if (shares.col(k).sum() > 0) {
      joined.segment(done, count) = climb_alone(component, shares.col(k));
    }
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
