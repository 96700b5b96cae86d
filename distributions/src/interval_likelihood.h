#pragma once

#include <array>
#include <cmath>
#include <tuple>
#include <vector>

#include "mix/any_family.h"
#include "mix/distributions/log_probability.h"

namespace mix {

struct Interval {
  double low;
  double high;
};

// A missing end is none. Intervals of counts begin and end at counts.
inline Interval interval_of(double low, double high, bool discrete) {
  if (std::isnan(low)) low = -infinity;
  if (std::isnan(high)) high = infinity;
  return discrete ? Interval{std::ceil(low), std::floor(high)} : Interval{low, high};
}

// Whether anything is known: one end at least.
inline bool says_something(const Interval& at) { return at.low > -infinity || at.high < infinity; }

inline bool is_value(const Interval& at) { return at.low == at.high && std::isfinite(at.low); }

// An interval and its row; equal intervals stand together in their order.
struct IntervalOfRow {
  Interval at;
  Index row;

  bool operator<(const IntervalOfRow& other) const {
    return std::tie(at.low, at.high, row) < std::tie(other.at.low, other.at.high, other.row);
  }
};

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

// What rows say: known values, and distinct intervals, with the shares of the components in them.
struct CensoredRows {
  Matrix value;           // one column
  Matrix value_share;     // values x components
  Matrix end;             // lower and upper ends of the intervals
  Matrix interval_share;  // intervals x components
  // The distinct finite ends of intervals of a continuous family, in ascending order, and which
  // each interval has, -1 for none: neighboring classes share one, and its cdf is asked once.
  Vector cut;
  std::vector<std::array<Index, 2>> cut_of;
};

CensoredRows known_of(Rows x, Shares shares, bool discrete);

// The log-likelihood of some of the components that CensoredRows is about, as a function of
// parameters.
class PartLikelihood {
 public:
  // Of as many components from `first` on as `from` has. Where these cannot explain a row, it is
  // left out.
  PartLikelihood(const CensoredRows& known, Index first, const AnyFamily& from);

  [[nodiscard]] bool of_values() const { return (value_share_.array() > 0).any(); }
  double operator()(const AnyFamily& family) const;

 private:
  [[nodiscard]] Matrix log_probabilities(const AnyFamily& family) const;
  [[nodiscard]] double log_probability_of(const OneColumn& component, Index i,
                                          const Vector& cdf) const;
  void leave_out_impossible();

  const CensoredRows& known_;
  Matrix value_share_;
  Matrix interval_share_;
  const AnyFamily& from_;
  Vector statistics_;  // of the values, where the likelihood is a function of these
};

}  // namespace mix
