#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "mix/any_rows.h"
#include "mix/concepts.h"
#include "mix/distributions/prefixed_name.h"
#include "mix/distributions/shift_is.h"
#include "mix/distributions/summed_statistics.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/newton.h"
#include "mix/random.h"
#include "mix/support.h"

namespace mix {

/// What shifts of a column are measured by.
struct ShiftUnits {
  double origin = 0;     ///< the lowest row of all data
  double deviation = 1;  ///< of all data
  /// What separates a shift from the lowest row of its component at least: half the unit in which
  /// the rows are rounded, and 1e-5 deviations.
  double least_gap = 1e-5;
  double rows = 0;  ///< total weight; 0 before anything is learned

  /// Throws std::invalid_argument when loaded values cannot be.
  void fields(Fields& visit);
};

/// Throws std::invalid_argument in the name of `family` for cells that are not finite and for a
/// constant column.
ShiftUnits learn_shift_units(std::string_view family, const AnyRows& x, Weights w);

/// The lowest of the rows with weight, how they vary, and how much they weigh.
struct RowsOfShift {
  double lowest = 0;
  double deviation = 0;
  double mass = 0;
};
RowsOfShift rows_of_shift(Rows x, Weights w);

/// The coordinates, from `start` on, of a distribution whose first moments, mean and variance, are
/// these; as many of the two as there are coordinates. Nothing where there are none.
std::optional<Vector> coordinates_with_moments(const Vector& start,
                                               const std::function<Moments(const Vector&)>& moments,
                                               double mean, double variance);

void check_shift(std::string_view type, double shift);
std::string caution_of_shift(const ShiftUnits& units, double shift, double lowest);

/// A distribution D of one positive column that begins elsewhere than at 0: f(x) = d(x - shift),
/// the three-parameter Weibull, gamma, lognormal and inverse Gaussian distributions. Strengths
/// above a threshold, times since an event that nobody saw.
///
/// D has coordinates and moments. The likelihood has no bound where the shift comes near to the
/// lowest row (shapes below 1; of a lognormal for ever larger variances, Hill 1963), so what is
/// estimated is the local maximum with a smaller shift (Cheng & Iles 1987), and the shift stays
/// below the lowest row with a share by half the unit in which the data are rounded, at least by
/// 1e-5 standard deviations: values nearer to it than that are not told apart. Where there is no
/// local maximum that limit is the estimate of the shift, as the lowest row is (Smith 1985), and
/// `caution` says so. The shift is at most 100 deviations below.
///
/// A step climbs the likelihood of shift and parameters together, by a step of Newton's method in
/// log(lowest row - shift) and the coordinates of D whose derivatives are differences (generalized
/// EM). EM does not move a shift across rows, for those below it have no share: `fit` does between
/// its runs (see mix/models/edges.h).
template <class D>
class Shifted {
  static constexpr std::string_view prefix = "shifted_";

 public:
  /// "shifted_weibull" and so on.
  static constexpr std::string_view name = PrefixedName<D, prefix>::value;

  /// For estimation: shift 0.
  Shifted() requires std::default_initializable<D>
  = default;
  /// Throws std::invalid_argument unless `base` has one column and the shift is finite.
  explicit Shifted(D base, double shift = 0, ShiftIs kind = ShiftIs::estimated)
      : base_(std::move(base)), shift_(shift), fixed_(kind == ShiftIs::fixed ? 1 : 0) {
    check_shift(name, shift_);
    if (base_.dimension() == 1) return;
    throw std::invalid_argument(
        fmt::format("{}: the distribution has {} columns; only one column can be shifted", name,
                    base_.dimension()));
  }

  /// The distribution D, of x - shift.
  [[nodiscard]] const D& base() const { return base_; }
  [[nodiscard]] double shift() const { return shift_; }
  [[nodiscard]] bool estimates_shift() const { return fixed_ == 0; }

  [[nodiscard]] Index dimension() const { return 1; }
  [[nodiscard]] Index parameter_count() const { return base_.parameter_count() + (1 - fixed_); }
  void log_density(Rows x, VectorRef out) const { base_.log_density(from(x, shift_), out); }
  void sample(Rng& rng, VectorRef out) const {
    base_.sample(rng, out);
    out[0] += shift_;
  }
  [[nodiscard]] double cdf(double x) const { return base_.cdf(x - shift_); }
  [[nodiscard]] Moments moments() const {
    Moments moved = base_.moments();
    moved.mean.array() += shift_;
    return moved;
  }

  void fit(Rows x, Weights w) {
    if (fixed_ == 1) {
      const Matrix above = from(x, shift_);
      base_.maximize(summed_statistics(base_, above, weights_above(above, w)));
      return;
    }
    climb(x, w, 1);
  }
  /// From the best of some shifts below the lowest row, and the first estimate of D that follows.
  void start(const AnyRows& x, Weights w) {
    const DenseRows all(x);
    const Rows& given = *all;
    const RowsOfShift rows = rows_of_shift(given, w);
    if (!(rows.mass > 0)) return;
    if (fixed_ == 1) return start_base(from(given, shift_), w);
    constexpr Index most_steps = 30;
    const D before = base_;
    double top = -infinity;
    Shifted best = *this;
    for (const double gap : {0.05, 0.3, 1.0, 4.0}) {
      base_ = before;
      shift_ = rows.lowest - units_.least_gap - gap * std::max(rows.deviation, units_.least_gap);
      start_base(from(given, shift_), w);
      const double here = likelihood(base_, shift_, given, w, rows.mass);
      if (!(here > top)) continue;
      top = here;
      best = *this;
    }
    *this = best;
    climb(given, w, most_steps);
  }

  /// None where the shift is fixed.
  [[nodiscard]] Index edge_count() const { return 1 - fixed_; }
  [[nodiscard]] Index edge_column(Index /*edge*/) const { return 0; }
  /// With the shift as near below this row as it may be, and mean and variance as they are; or as
  /// it is where that cannot be.
  [[nodiscard]] Shifted with_edge(Index /*edge*/, double value) const {
    const double shift = value - units_.least_gap;
    const Moments own = moments();
    if (!std::isfinite(shift) || !(own.mean[0] > shift)) return *this;
    Shifted moved = *this;
    const auto moments_at = [&](const Vector& v) {
      moved.base_.set_coordinates(v);
      return moved.base_.moments();
    };
    const auto found = coordinates_with_moments(base_.coordinates(), moments_at,
                                                own.mean[0] - shift, own.covariance(0, 0));
    if (!found) return *this;
    moved.base_.set_coordinates(*found);
    moved.shift_ = shift;
    moved.lowest_ = value;
    return moved;
  }

  /// The shift from the lowest row of all data on in deviations of the data, then those of D.
  [[nodiscard]] Vector coordinates() const {
    const Vector own = base_.coordinates();
    Vector v(own.size() + (1 - fixed_));
    if (fixed_ == 0) v[0] = (shift_ - units_.origin) / units_.deviation;
    v.tail(own.size()) = own;
    return v;
  }
  void set_coordinates(ConstVectorRef v) {
    const double shift = fixed_ == 0 ? units_.origin + units_.deviation * v[0] : shift_;
    if (std::isfinite(shift)) shift_ = shift;
    base_.set_coordinates(v.tail(v.size() - (1 - fixed_)));
  }

  void prepare(const AnyRows& x, Weights w) {
    units_ = learn_shift_units(name, x, w);
    if constexpr (requires { base_.prepare(x, w); }) {
      const DenseRows all(x);
      const double below = fixed_ == 1 ? shift_ : units_.origin - units_.deviation;
      const Matrix above = from(*all, below);
      base_.prepare(above, weights_above(above, w));
    }
  }
  [[nodiscard]] std::string check_support(Rows x) const {
    return check_cells(
        x, [this](double value) { return std::isfinite(value) && (fixed_ == 0 || value > shift_); },
        fixed_ == 0 ? std::string("a finite number")
                    : fmt::format("a number above the shift, {}", shift_));
  }
  [[nodiscard]] std::string flaw(double mass) const {
    if constexpr (requires { base_.flaw(mass); }) return base_.flaw(mass);
    return {};
  }
  /// Says when the shift is as near to the lowest row as it may be, or so far from it that D is
  /// next to normal.
  [[nodiscard]] std::string caution() const {
    return fixed_ == 0 ? caution_of_shift(units_, shift_, lowest_) : std::string();
  }
  void fields(Fields& visit) requires Visitable<D> {
    visit("shift", shift_);
    visit("shift_is_fixed", fixed_);
    visit("lowest_row", lowest_);
    units_.fields(visit);
    base_.fields(visit);
    if (visit.loading()) check_shift(name, shift_);
  }
  void describe(Fields& visit) const requires Visitable<D> {
    double shift = shift_;
    visit("shift", shift);
    if constexpr (requires { base_.describe(visit); }) {
      base_.describe(visit);
    } else {
      D copy = base_;
      copy.fields(visit);
    }
  }

 private:
  // Deviations between shift and lowest row.
  static constexpr double largest_gap = 100;

  [[nodiscard]] static Matrix from(Rows x, double shift) { return x.array() - shift; }
  [[nodiscard]] static Vector weights_above(Rows above, Weights w) {
    return (above.col(0).array() > 0).select(w, 0);
  }
  void start_base(const Matrix& above, Weights w) {
    const Vector weights = weights_above(above, w);
    if constexpr (requires { base_.start(above, weights); }) {
      base_.start(above, weights);
    } else {
      base_.maximize(summed_statistics(base_, above, weights));
    }
  }
  // The mean log density.
  [[nodiscard]] static double likelihood(const D& d, double shift, Rows x, Weights w, double mass) {
    const double sum = sum_over_blocks(x.rows(), 1, [&](Index first, Index count, VectorRef total) {
      Vector out(count);
      d.log_density(from(x.middleRows(first, count), shift), out);
      const auto weights = w.segment(first, count);
      total[0] += (weights.array() > 0).select(out.cwiseProduct(weights), 0).sum();
    })[0];
    return sum / mass;
  }
  void climb(Rows x, Weights w, Index most_steps) {
    const RowsOfShift rows = rows_of_shift(x, w);
    if (!(rows.mass > 0)) return;
    const double unit = units_.deviation;
    lowest_ = rows.lowest;
    const auto shift_at = [&](const Vector& v) {
      return rows.lowest - units_.least_gap - unit * std::exp(v[0]);
    };
    const auto base_at = [&](const Vector& v) {
      D d = base_;
      d.set_coordinates(v.tail(v.size() - 1));
      return d;
    };
    const auto objective = [&](const Vector& v) {
      return likelihood(base_at(v), shift_at(v), x, w, rows.mass);
    };
    // Equal rows would make it ever narrower; what begins narrower can widen.
    constexpr double least_share = 1e-10;
    const double least = std::min(least_share * unit * unit * (units_.rows > 0 ? 1 : 0),
                                  base_.moments().covariance(0, 0));
    constexpr double nearest = 3e-9;  // what is lost by it is lost in rounding
    const double gap =
        std::max(rows.lowest - units_.least_gap - shift_, nearest * units_.least_gap);
    Vector v(1 + base_.coordinates().size());
    v << std::log(gap / unit), base_.coordinates();
    const auto allowed = [&](const Vector& at) {
      return at == v ||
             (std::exp(at[0]) < largest_gap && base_at(at).moments().covariance(0, 0) >= least);
    };
    const Vector best = climb_by_differences(v, objective, allowed, most_steps);
    shift_ = shift_at(best);
    base_ = base_at(best);
  }

  D base_;
  double shift_ = 0;
  Index fixed_ = 0;           // 1 where the shift is known
  double lowest_ = infinity;  // row with a share, when the shift was estimated
  ShiftUnits units_;
};

}  // namespace mix
