#include "distance_bounds.h"

#include <algorithm>
#include <numeric>

namespace mix {
namespace {

// Rows that the share of rows without a proven label is estimated from.
constexpr Index sample_rows = 4096;

// What takes how long, in multiplications and additions of the kernel that computes distances, as
// measured with AVX-512: looking at the bounds of a row, collecting a row and putting its label
// back, a number of this row, a distance beside its numbers. Distances are computed from so many
// centers at a time. Narrower vectors make distances, not the rest, dearer: bounds then pay more
// often than these say.
constexpr double looking = 120;
constexpr double collecting = 300;
constexpr double collecting_number = 24;
constexpr double distance = 4;
constexpr double centers_at_once = 8;

}  // namespace

double DistanceBounds::cost_without(Index centers, Index columns) {
  return static_cast<double>(centers) * (static_cast<double>(columns) + distance);
}

bool DistanceBounds::may_pay(Index centers, Index columns) {
  return cost_without(centers, columns) > 4 * looking;
}

DistanceBounds::DistanceBounds(Index rows, Index columns)
    : columns_(columns), within_(Vector::Constant(rows, infinity)), beyond_(Vector::Zero(rows)) {}

// Squares that vanish are below the number added.
void DistanceBounds::measure(const Matrix& before, const Matrix& after) {
  const double up = 1 + static_cast<double>(after.cols() + 8) * 0x1p-52;
  ways_ = ((after - before).rowwise().squaredNorm().array() + 0x1p-1022).sqrt() * up;
  if (!ways_.allFinite()) ways_.setConstant(infinity);
}

double DistanceBounds::move(const Matrix& before, const Matrix& after,
                            const std::vector<Index>& label) {
  measure(before, after);
  const Index k = ways_.size();
  std::vector<Index> order(static_cast<std::size_t>(k));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [this](Index a, Index b) {
    return ways_[a] > ways_[b] || (ways_[a] == ways_[b] && a < b);
  });
  longest_of_others_.setConstant(k, ways_[order[0]]);
  longest_of_others_[order[0]] = k > 1 ? ways_[order[1]] : 0.0;

  rest_ = infinity;
  movers_.clear();
  double least = cost(rest_, 0, label);
  for (Index many = k / 2; many > 0; many /= 2) {
    const double rest = ways_[order[static_cast<std::size_t>(many)]];
    const double needed = cost(rest, static_cast<double>(many), label);
    if (needed >= least) continue;
    least = needed;
    rest_ = rest;
  }
  // Centers that moved as far as the farthest of the others are none.
  for (const Index c : order) {
    if (!moves(c)) break;
    movers_.push_back(c);
  }
  return least / cost_without(k, columns_);
}

double DistanceBounds::cost(double rest, double movers, const std::vector<Index>& label) const {
  const Index rows = within_.size();
  const Index step = std::max<Index>(rows / sample_rows, 1);
  Index open = 0;
  Index near = 0;
  Index all = 0;
  for (Index i = 0; i < rows; i += step, ++all) {
    const Index own = label[static_cast<std::size_t>(i)];
    const double upper = within(i, own);
    if (upper < beyond(i, own)) continue;
    ++(upper < (beyond_[i] - rest) * (1 - 0x1p-52) ? near : open);
  }
  const auto d = static_cast<double>(columns_);
  const double collected = collecting + collecting_number * d;
  const double few = (movers + centers_at_once) * (d + distance);
  return looking +
         (static_cast<double>(near) * (collected + few) +
          static_cast<double>(open) * (collected + cost_without(ways_.size(), columns_))) /
             static_cast<double>(all);
}

}  // namespace mix
