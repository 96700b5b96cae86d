#include <algorithm>
#include <cmath>

#include "differences.h"
#include "mix/parallel.h"

namespace mix::differences {
namespace {

// Steps of one length and of two give curvatures that differ by no more than this where there is a
// second derivative; and the complete data's is no smaller part of the scores' variation.
constexpr double rough_curvature = 0.05;
constexpr double flat_curvature = 1e-6;

}  // namespace

bool Differences::has_second_derivatives(const Vector& curvatures) const {
  Vector once = Vector::Zero(own());
  Vector twice = Vector::Zero(own());
  for (Index k = 0; k < components(); ++k) {
    for (Index c = 0; c < colors(); ++c) {
      const Index j = coordinate(k, c);
      if (j < 0) continue;
      once[j] += curvatures[place(k, c, by_one_step)];
      twice[j] += curvatures[place(k, c, by_two_steps)];
    }
  }
  for (Index j = 0; j < own(); ++j) {
    const double information = found_.complete_scores(offset_ + j, offset_ + j);
    if (!(information > 0)) continue;
    if (std::abs(once[j] - twice[j]) > rough_curvature * std::max(std::abs(once[j]), information))
      return false;
    if (std::abs(once[j]) < flat_curvature * information) return false;
  }
  return true;
}

// Sum over units and components of share times second derivative of the log density.
Matrix Differences::curvature_of_components(const Vector& curvatures) const {
  Matrix all = Matrix::Zero(size(), size());
  // Fourth order along the coordinates themselves.
  for (Index k = 0; k < components(); ++k) {
    for (Index c = 0; c < colors(); ++c) {
      const Index j = coordinate(k, c);
      if (j < 0) continue;
      all(offset_ + j, offset_ + j) +=
          (4 * curvatures[place(k, c, by_one_step)] - curvatures[place(k, c, by_two_steps)]) / 3;
    }
  }
  std::vector<std::pair<Index, Index>> pairs;
  for (Index b = 0; b < colors(); ++b) {
    for (Index a = 0; a < b; ++a) {
      bool meet = false;
      for (Index k = 0; k < components(); ++k) {
        meet = meet || (coordinate(k, a) >= 0 && coordinate(k, b) >= 0);
      }
      if (meet) pairs.emplace_back(a, b);
    }
  }
  const auto count = static_cast<Index>(pairs.size());
  for (Index first = 0; first < count; first += points_at_once / 2) {
    const Index end = std::min(first + points_at_once / 2, count);
    add_mixed({pairs.begin() + first, pairs.begin() + end}, curvatures, all);
  }
  return all;
}

// f(+a+b) + f(-a-b) - 2 f holds the curvatures along a and along b and twice the mixed one.
void Differences::add_mixed(const std::vector<std::pair<Index, Index>>& pairs,
                            const Vector& curvatures, Matrix& all) const {
  const auto count = static_cast<Index>(pairs.size());
  std::vector<std::pair<AnyFamily, AnyFamily>> points(pairs.size());
  for_each_index(count, [&](Index i) {
    const auto& [a, b] = pairs[static_cast<std::size_t>(i)];
    Vector change = Vector::Zero(own());
    for (const Index color : {a, b}) {
      for (const Index j : colors_[static_cast<std::size_t>(color)]) change[j] = step_[j];
    }
    points[static_cast<std::size_t>(i)] = {moved(change), moved(-change)};
  });
  const Index k = components();
  const Vector sum = units_.sum(k * count, [&](const Units::Piece& piece, VectorRef total) {
    const AnyRows x = units_.rows_of(piece);
    const Matrix here = 2 * log_densities(state_.family, x);
    for (Index i = 0; i < count; ++i) {
      const auto& [up, down] = points[static_cast<std::size_t>(i)];
      const Matrix second =
          units_.sums(piece, finite(log_densities(up, x) + log_densities(down, x) - here));
      total.segment(k * i, k) += second.cwiseProduct(shares(piece)).colwise().sum().transpose();
    }
  });
  for (Index i = 0; i < count; ++i) {
    const auto& [a, b] = pairs[static_cast<std::size_t>(i)];
    for (Index c = 0; c < k; ++c) {
      const Index ja = coordinate(c, a);
      const Index jb = coordinate(c, b);
      if (ja < 0 || jb < 0) continue;
      const double of_a = step_[ja] * step_[ja] * curvatures[place(c, a, by_one_step)];
      const double of_b = step_[jb] * step_[jb] * curvatures[place(c, b, by_one_step)];
      const double mixed = (sum[k * i + c] - of_a - of_b) / (2 * step_[ja] * step_[jb]);
      all(offset_ + ja, offset_ + jb) += mixed;
      all(offset_ + jb, offset_ + ja) += mixed;
    }
  }
}

// What the prior adds to score and curvature.
void Differences::add_prior() {
  const auto prior_at = [&](const Vector& change) { return moved(change).log_prior(); };
  const double here = state_.family.log_prior();
  const auto unit = [&](Index j) -> Vector { return step_[j] * Vector::Unit(own(), j); };
  Vector up(own());
  Vector down(own());
  for (Index j = 0; j < own(); ++j) {
    up[j] = prior_at(unit(j));
    down[j] = prior_at(-unit(j));
  }
  if ((up.array() == here).all() && (down.array() == here).all()) return;
  for (Index i = 0; i < own(); ++i) {
    found_.score[offset_ + i] += (up[i] - down[i]) / (2 * step_[i]);
    if (found_.complete.size() == 0) continue;
    const double own_curvature = up[i] + down[i] - 2 * here;
    found_.complete(offset_ + i, offset_ + i) -= own_curvature / (step_[i] * step_[i]);
    for (Index j = 0; j < i; ++j) {
      const Vector both = unit(i) + unit(j);
      const double second = prior_at(both) + prior_at(-both) - 2 * here;
      const double mixed =
          (second - own_curvature - (up[j] + down[j] - 2 * here)) / (2 * step_[i] * step_[j]);
      found_.complete(offset_ + i, offset_ + j) -= mixed;
      found_.complete(offset_ + j, offset_ + i) -= mixed;
    }
  }
}

}  // namespace mix::differences
