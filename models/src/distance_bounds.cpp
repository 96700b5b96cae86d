#include "distance_bounds.h"

#include <algorithm>
#include <numeric>

namespace mix {
namespace {

// Rows that the share of rows without a proven label is estimated from.
constexpr Index sample_rows = 4096;

// What it costs to collect a row, as a number of distances.
constexpr double collecting = 24;

// Distances are computed from so many centers at a time.
constexpr Index centers_at_once = 8;

}  // namespace

DistanceBounds::DistanceBounds(Index rows)
    : within_(Vector::Constant(rows, infinity)), beyond_(Vector::Zero(rows)) {}

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
  double fewest = distances(rest_, 0, label);
  for (Index many = k / 2; many > 0; many /= 2) {
    const double rest = ways_[order[static_cast<std::size_t>(many)]];
    const double needed = distances(rest, static_cast<double>(many), label);
    if (needed >= fewest) continue;
    fewest = needed;
    rest_ = rest;
  }
  // Centers that moved as far as the farthest of the others are none.
  for (const Index c : order) {
    if (!moves(c)) break;
    movers_.push_back(c);
  }
  return fewest / static_cast<double>(k);
}

// Per row, if `movers` centers moved farther than `rest`.
double DistanceBounds::distances(double rest, double movers,
                                 const std::vector<Index>& label) const {
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
  const auto k = static_cast<double>(ways_.size());
  const double few = movers + centers_at_once;
  return (static_cast<double>(near) * (few + collecting) +
          static_cast<double>(open) * (k + collecting)) /
         static_cast<double>(all);
}

}  // namespace mix
