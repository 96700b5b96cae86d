// How parameters of which some are fixed or shared are estimated, from starts to M-steps.

#include <cmath>
#include <utility>
#include <vector>

#include "mix/distributions/restricted.h"
#include "mix/newton.h"
#include "mix/parallel.h"
#include "univariate.h"

namespace mix {

double Restricted::value_at(Index k, const Vector& shared, const Vector& own,
                            const Likelihood& likelihood) const {
  AnyFamily moved = component(k);
  if (!move(moved, shared, own).empty()) return -infinity;
  if (least_variance_ > 0 && !(moved.moments(0).covariance(0, 0) >= least_variance_)) {
    return -infinity;
  }
  const double value = likelihood(k, moved) + moved.log_prior();
  return std::isnan(value) ? -infinity : value;
}

// Moves the shared parameters and those of the components together. The matrix of second
// derivatives is assembled from one block per component.
void Restricted::climb(const std::vector<Index>& components, const Likelihood& likelihood,
                       Index most_steps) {
  const auto s = static_cast<Index>(shared_.size());
  const auto p = static_cast<Index>(own_.size());
  const auto n = static_cast<Index>(components.size());
  if (n == 0 || s + p == 0) return;
  Vector start(s + n * p);
  start.head(s) = point_of(component(components[0]), shared_);
  for (Index i = 0; i < n; ++i) {
    start.segment(s + i * p, p) =
        point_of(component(components[static_cast<std::size_t>(i)]), own_);
  }
  const auto value_of = [&](Index i, const Vector& point) {
    return value_at(components[static_cast<std::size_t>(i)], point.head(s), point.tail(p),
                    likelihood);
  };
  const auto point_for = [&](const Vector& v, Index i) {
    Vector point(s + p);
    point << v.head(s), v.segment(s + i * p, p);
    return point;
  };
  const auto value = [&](const Vector& v) {
    double total = 0;
    for (Index i = 0; i < n; ++i) total += value_of(i, point_for(v, i));
    return total;
  };
  const auto expand_by = [&](const auto& differences, const Vector& v) {
    Expansion all{0, Vector::Zero(v.size()), Matrix::Zero(v.size(), v.size())};
    for (Index i = 0; i < n; ++i) {
      const Expansion one =
          differences(point_for(v, i), [&](const Vector& point) { return value_of(i, point); });
      const Index at = s + i * p;
      all.value += one.value;
      all.gradient.head(s) += one.gradient.head(s);
      all.gradient.segment(at, p) += one.gradient.tail(p);
      all.hessian.topLeftCorner(s, s) += one.hessian.topLeftCorner(s, s);
      all.hessian.block(0, at, s, p) += one.hessian.topRightCorner(s, p);
      all.hessian.block(at, 0, p, s) += one.hessian.bottomLeftCorner(p, s);
      all.hessian.block(at, at, p, p) += one.hessian.bottomRightCorner(p, p);
    }
    return all;
  };
  const auto expand = [&](const Vector& v) {
    // A likelihood that reads statistics costs next to nothing.
    if (streams()) return expand_by(expand_by_differences, v);
    Expansion few = expand_by(expand_by_few_differences, v);
    return promises_little(few) ? expand_by(expand_by_differences, v) : few;
  };
  const Vector best = maximize_by_newton(start, expand, value, most_steps).point;
  std::vector<AnyFamily> parts = parts_.families();
  Index i = 0;
  for (const Index k : components) {
    (void)move(parts[static_cast<std::size_t>(k)], best.head(s), best.segment(s + i++ * p, p));
  }
  if (s > 0) {
    // Components without rows share them too.
    for (AnyFamily& part : parts) (void)move(part, best.head(s), point_of(part, own_));
  }
  parts_ = FamilyList(std::move(parts));
}

void Restricted::climb_all(const std::vector<Index>& components, const Likelihood& likelihood,
                           Index most_steps) {
  if (!shared_.empty()) {
    climb(components, likelihood, most_steps);
  } else {
    for (const Index k : components) climb({k}, likelihood, most_steps);
  }
}

void Restricted::maximize(ConstVectorRef sum) {
  const std::vector<AnyFamily> at = parts_.families();
  const auto n = static_cast<std::size_t>(size());
  std::vector<Index> begin(n + 1, 0);
  std::vector<Index> occupied;
  for (std::size_t k = 0; k < n; ++k) {
    const Index length = at[k].statistics_size();
    begin[k + 1] = begin[k] + length;
    const auto own = sum.segment(begin[k], length);
    if (own.allFinite() && (own.array() != 0).any()) occupied.push_back(static_cast<Index>(k));
  }
  climb_all(
      occupied,
      [&](Index k, const AnyFamily& component) {
        const auto i = static_cast<std::size_t>(k);
        return component.weighted_log_density(sum.segment(begin[i], begin[i + 1] - begin[i]),
                                              at[i]);
      },
      enough_steps);
}

void Restricted::fit(const AnyRows& x, Shares shares) {
  // The next step of EM goes on from here.
  climb_rows(x, shares, 1);
}

void Restricted::climb_rows(const AnyRows& x, Shares shares, Index most_steps) {
  std::vector<Index> occupied;
  for (Index k = 0; k < size(); ++k) {
    if ((shares.col(k).array() > 0).any()) occupied.push_back(k);
  }
  // Rows that the component cannot explain now may be there because of where a start put them.
  Matrix weights = shares;
  for_each_block(x.rows(), [&](Index first, Index count) {
    Matrix out(count, size());
    parts_.log_densities(*DenseBlock(x, first, count), out);
    auto block = weights.middleRows(first, count);
    block = (out.array() > -infinity).select(block, 0);
  });
  climb_all(
      occupied,
      [&](Index k, const AnyFamily& component) {
        return sum_over_blocks(x.rows(), 1, [&](Index first, Index count, VectorRef total) {
          Matrix out(count, 1);
          component.log_densities(*DenseBlock(x, first, count), out);
          for (Index i = 0; i < count; ++i) {
            const double w = weights(first + i, k);
            if (w > 0) total[0] += w * out(i, 0);
          }
        })[0];
      },
      most_steps);
}

void Restricted::start(const AnyRows& x, Shares shares) {
  parts_.start(x, shares);
  const Vector mass = shares.colwise().sum();
  if (!shared_.empty() && mass.sum() > 0) {
    Vector mean = Vector::Zero(static_cast<Index>(shared_.size()));
    double total = 0;
    for (Index k = 0; k < size(); ++k) {
      const Vector own = point_of(component(k), shared_);
      if (!(mass[k] > 0) || !own.allFinite()) continue;
      mean += mass[k] * own;
      total += mass[k];
    }
    std::vector<AnyFamily> parts = parts_.families();
    if (total > 0) (void)move(parts.front(), mean / total, point_of(parts.front(), own_));
    parts_ = FamilyList(std::move(parts));
  }
  impose();
  if (!streams()) return climb_rows(x, shares, enough_steps);
  maximize(
      sum_over_blocks(x.rows(), statistics_size(), [&](Index first, Index count, VectorRef sum) {
        accumulate(*DenseBlock(x, first, count), shares.middleRows(first, count), sum);
      }));
}

}  // namespace mix
