#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "mix/any_family.h"
#include "mix/distributions/data_spread.h"

namespace mix {

/// The value that stands for each interval (rows x lower and upper end) where one is needed: the
/// value itself, the middle (of counts rounded down), or the only end; NaN where there is none.
Vector middles_of_intervals(Rows ends, bool discrete = false);

/// Values of which only an interval is known: survival times of patients who are still alive,
/// counts by classes, readings below a limit of detection. Two columns, the lower and the upper
/// end, for the one column of another family.
///
///     lower = upper    the value itself: its density
///     lower < upper    log P(lower <= X <= upper)
///
/// An end that is infinite or missing (NaN) is none: (3, inf) is right-censored at 3, (-inf, 3)
/// left-censored, and a row without both ends says nothing. Of counts both ends belong to the
/// interval: (3, 5) is 3, 4 or 5. Binned data are intervals whose weights are their frequencies;
/// values that are binned and also truncated are those of a `TruncatedTo`.
///
/// The inner family is any of one column with a cdf and coordinates for all its parameters. A step
/// climbs the weighted likelihood of values and intervals itself, by a step of Newton's method in
/// the coordinates of a component (of all, where components share parameters), whose derivatives
/// are differences (generalized EM); it never lowers the likelihood. Where the intervals are open
/// on one side only and no component need reach beyond their ends, the likelihood rises for ever; a
/// prior proportional to P(least end <= X <= largest end)^(1e-6), a millionth of a row per
/// component, keeps parameters finite and matters nowhere else. The variance of a component that
/// holds known values is at least 1e-10 of the data's, as in the families of one column.
class IntervalCensored {
 public:
  static constexpr std::string_view name = "interval_censored";
  static constexpr bool reads_missing_cells = true;

  IntervalCensored() = default;
  /// Takes whatever AnyFamily takes. Throws std::invalid_argument unless it has one column, a cdf,
  /// and coordinates for every parameter.
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, IntervalCensored> &&
           std::convertible_to<F, AnyFamily>) explicit IntervalCensored(F&& family)
      : family_(std::forward<F>(family)) {
    check();
  }

  /// The family of the values.
  [[nodiscard]] const AnyFamily& family() const { return family_; }
  [[nodiscard]] std::string title() const { return std::string(name) + " " + family_.title(); }

  [[nodiscard]] Index size() const { return family_.size(); }
  [[nodiscard]] Index dimension() const { return 2; }
  [[nodiscard]] Index parameter_count() const { return family_.parameter_count(); }
  void log_densities(Rows x, MatrixRef out) const;
  /// Draws a value, both ends of its interval.
  void sample(Index k, Rng& rng, VectorRef out) const;
  [[nodiscard]] bool samples() const { return family_.samples(); }
  /// Those of a value that is known: the same in both columns.
  [[nodiscard]] Moments moments(Index k) const;
  [[nodiscard]] bool takes_infinite_cells(Index /*column*/) const { return true; }

  void fit(Rows x, Shares shares);
  /// From the first estimate of the inner family on known values and the middles of intervals, or
  /// their only ends.
  void start(Rows x, Shares shares);

  [[nodiscard]] bool charted() const { return family_.charted(); }
  [[nodiscard]] Vector coordinates() const { return family_.coordinates(); }
  void set_coordinates(ConstVectorRef v) { family_.set_coordinates(v); }

  void prepare(Rows x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  /// The inner family's, of values and middles of intervals.
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] double log_prior() const;
  [[nodiscard]] std::string flaw(Index k, double mass) const { return family_.flaw(k, mass); }
  /// Says too when next to nothing of the component lies between the ends of all intervals.
  [[nodiscard]] std::string caution(Index k) const;
  [[nodiscard]] bool selects() const { return family_.selects(); }
  void select(const std::vector<Index>& order) { family_.select(order); }

  void fields(Fields& visit);
  void describe(Index k, Fields& visit) const { family_.describe(k, visit); }

 private:
  void check() const;
  // Climbs from the parameters as they are, at most so many of Newton's steps per component.
  void climb(Rows x, Shares shares, Index most_steps);
  // Known values and middles of intervals; NaN where there is none that the family can explain.
  [[nodiscard]] Vector representatives(Rows x) const;

  AnyFamily family_;
  // The least and the largest end of all intervals.
  double least_end_ = -infinity;
  double largest_end_ = infinity;
  DataSpread data_;
};

}  // namespace mix
