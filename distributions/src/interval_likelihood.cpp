#include "interval_likelihood.h"

#include <algorithm>

#include "mix/parallel.h"

namespace mix {
namespace {

void learn_cuts(CensoredRows& known) {
  std::vector<double> cuts;
  for (const double end : known.end.reshaped()) {
    if (std::isfinite(end)) cuts.push_back(end);
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  const auto place = [&](double end) -> Index {
    if (!std::isfinite(end)) return -1;
    return std::lower_bound(cuts.begin(), cuts.end(), end) - cuts.begin();
  };
  for (Index i = 0; i < known.end.rows(); ++i) {
    known.cut_of.push_back({place(known.end(i, 0)), place(known.end(i, 1))});
  }
  known.cut = Eigen::Map<const Vector>(cuts.data(), std::ssize(cuts));
}

// The sum of share times value, where the share is not 0.
double weighted_sum(const Eigen::Ref<const Matrix>& share, const Eigen::Ref<const Matrix>& value) {
  return (share.array() > 0).select(share.array() * value.array(), 0).sum();
}

}  // namespace

CensoredRows known_of(Rows x, Shares shares, bool discrete) {
  std::vector<Index> values;
  std::vector<IntervalOfRow> intervals;
  for (Index i = 0; i < x.rows(); ++i) {
    const Interval at = interval_of(x(i, 0), x(i, 1), discrete);
    if (!(shares.row(i).maxCoeff() > 0) || !says_something(at)) continue;
    if (is_value(at)) values.push_back(i);
    if (at.low < at.high) intervals.push_back({at, i});
  }
  std::sort(intervals.begin(), intervals.end());
  CensoredRows known{.value = x(values, std::vector<Index>{0}),
                     .value_share = shares(values, Eigen::all),
                     .end = Matrix(std::ssize(intervals), 2),
                     .interval_share = Matrix::Zero(std::ssize(intervals), shares.cols()),
                     .cut = {},
                     .cut_of = {}};
  if (discrete) known.value = known.value.array().ceil();
  Index distinct = -1;
  for (const IntervalOfRow& place : intervals) {
    if (distinct < 0 || known.end(distinct, 0) != place.at.low ||
        known.end(distinct, 1) != place.at.high) {
      known.end.row(++distinct) << place.at.low, place.at.high;
    }
    known.interval_share.row(distinct) += shares.row(place.row);
  }
  known.end.conservativeResize(distinct + 1, Eigen::NoChange);
  known.interval_share.conservativeResize(distinct + 1, Eigen::NoChange);
  if (!discrete) learn_cuts(known);
  return known;
}

PartLikelihood::PartLikelihood(const CensoredRows& known, Index first, const AnyFamily& from)
    : known_(known),
      value_share_(known.value_share.middleCols(first, from.size())),
      interval_share_(known.interval_share.middleCols(first, from.size())),
      from_(from) {
  leave_out_impossible();
  if (!from_.summable() || value_share_.rows() == 0) return;
  statistics_ = sum_over_blocks(value_share_.rows(), from_.statistics_size(),
                                [&](Index at, Index count, VectorRef sum) {
                                  from_.accumulate(Rows(known_.value.middleRows(at, count)),
                                                   value_share_.middleRows(at, count), sum);
                                });
}

double PartLikelihood::operator()(const AnyFamily& family) const {
  double sum = 0;
  if (statistics_.size() > 0) {
    sum = family.weighted_log_density(statistics_, from_);
  } else {
    sum = sum_over_blocks(value_share_.rows(), 1, [&](Index at, Index count, VectorRef total) {
      Matrix out(count, family.size());
      family.log_densities(Rows(known_.value.middleRows(at, count)), out);
      total[0] += weighted_sum(value_share_.middleRows(at, count), out);
    })[0];
  }
  return sum + weighted_sum(interval_share_, log_probabilities(family));
}

Matrix PartLikelihood::log_probabilities(const AnyFamily& family) const {
  Matrix out(known_.end.rows(), family.size());
  Vector cdf(known_.cut.size());
  for (Index k = 0; k < family.size(); ++k) {
    with_component(family, k, [&](const OneColumn& component) {
      for_each_block(cdf.size(), [&](Index at, Index count) {
        for (Index i = at; i < at + count; ++i) cdf[i] = component.cdf(known_.cut[i]);
      });
      for_each_block(out.rows(), [&](Index at, Index count) {
        for (Index i = at; i < at + count; ++i) {
          // What has no share need not be known.
          out(i, k) = interval_share_(i, k) > 0 ? log_probability_of(component, i, cdf) : 0;
        }
      });
    });
  }
  return out;
}

double PartLikelihood::log_probability_of(const OneColumn& component, Index i,
                                          const Vector& cdf) const {
  const double low = known_.end(i, 0);
  const double high = known_.end(i, 1);
  if (component.discrete) return log_probability(component, low, high);
  const auto [from, to] = known_.cut_of[static_cast<std::size_t>(i)];
  return log_probability(component, low, high, from < 0 ? 0 : cdf[from], to < 0 ? 1 : cdf[to]);
}

void PartLikelihood::leave_out_impossible() {
  Matrix out(value_share_.rows(), value_share_.cols());
  for_each_block(out.rows(), [&](Index at, Index count) {
    from_.log_densities(Rows(known_.value.middleRows(at, count)), out.middleRows(at, count));
  });
  value_share_ = (out.array() > -infinity).select(value_share_, 0);
  interval_share_ = (log_probabilities(from_).array() > -infinity).select(interval_share_, 0);
}

}  // namespace mix
