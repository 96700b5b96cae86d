#include "lloyd.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "mix/kernels.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// As the engine of `fit` has them: a component with less than this share of all rows is empty, and
// a run in which rows are infinitely far from all centers is given up after so many passes.
constexpr double empty_share = 1e-12;
constexpr int impossible_passes = 10;

// The sums of a pass end with these. kernels::add_members may add zero to them.
enum Slot : Index { changed_slot, lost_slot, labeled_slot, slot_count };

// Rows that are labeled together: a part of a block that stays in the second cache until its sums
// are taken. No result depends on it.
Index rows_at_once(Index columns) {
  constexpr Index numbers = 16384;
  return std::clamp(numbers / std::max<Index>(columns, 1) / 32 * 32, Index{32}, block_rows);
}

constexpr Index no_center = -1;

// Numbers in all centers from which on bounds may pay: with fewer, looking at a row's bound costs
// as much as its distances.
constexpr Index least_bounded_numbers = 1024;

// The largest share of a block's rows that are labeled apart from the others; of more, all are, in
// the order in which they lie in memory.
constexpr double most_open = 0.75;

class Lloyd {
 public:
  Lloyd(Rows x, Weights w, Matrix centers, Bounds bounds)
      : x_(x),
        w_(w),
        unit_weights_((w.array() == 1).all()),
        centers_(std::move(centers)),
        origin_(centers_.colwise().mean().transpose()),
        columns_(Matrix::Zero((x.cols() + 3) / 4 * 4, centers_.rows())),
        labels_(static_cast<std::size_t>(x.rows()), no_center),
        rows_at_once_(rows_at_once(x.cols())),
        most_open_(bounds == Bounds::always ? 1 : most_open) {
    if (bounds == Bounds::always ||
        (bounds == Bounds::adaptive && centers_.size() >= least_bounded_numbers)) {
      // No row has a bound yet.
      margins_.setConstant(x.rows(), -infinity);
      ways_.setZero(k());
    }
  }

  [[nodiscard]] double labeled() const { return labeled_; }

  KMeans run(Index max_iter) {
    KMeans result;
    int impossible = 0;
    for (Index iteration = 0;; ++iteration) {
      Vector sum = assign();
      const double* slots = sum.data() + members_size();
      result.n_iter = iteration + 1;
      labeled_ += slots[labeled_slot];
      impossible = slots[lost_slot] > 0 ? impossible + 1 : 0;
      if (impossible >= impossible_passes) {
        result.stop = Stop::not_finite;
        break;
      }
      if (iteration > 0 && slots[changed_slot] == 0) {
        result.stop = Stop::labels_repeat;
        break;
      }
      if (iteration >= max_iter) {
        result.stop = Stop::max_iterations;
        break;
      }
      const std::vector<Index> empty = empty_centers(sum);
      if (!empty.empty()) sum = reseed(empty);
      move_centers(sum);
    }
    // After the last move the labels are found once more, which is no iteration of its own.
    result.n_iter = std::min(result.n_iter, max_iter);
    result.inertia = inertia();
    result.centers = std::move(centers_);
    result.labels = std::move(labels_);
    return result;
  }

 private:
  [[nodiscard]] Index k() const { return centers_.rows(); }
  [[nodiscard]] Index d() const { return centers_.cols(); }
  [[nodiscard]] Index members_size() const { return k() * (d() + 1); }

  // Labels all rows, and adds up what each center holds.
  Vector assign() {
    packed_.pack(centers_, origin_);
    columns_.topRows(d()) = centers_.transpose();
    return sum_over_blocks(x_.rows(), members_size() + slot_count,
                           [this](Index first, Index count, VectorRef sum) {
                             if (margins_.size() == 0 || !assign_open(first, count, sum)) {
                               assign_all(first, count, sum);
                             }
                           });
  }

  void assign_all(Index first, Index count, VectorRef sum) {
    thread_local kernels::PackedTiles tiles;
    std::array<Index, block_rows> members;
    const Index end = first + count;
    for (Index at = first; at < end; at += rows_at_once_) {
      const Index part = std::min(rows_at_once_, end - at);
      tiles.pack(x_.middleRows(at, part));
      find_nearest(
          tiles, following(at + part), [&](Index i) { return at + i; },
          members.data() + (at - first), sum);
      add_members(tiles, at, members.data() + (at - first), sum);
    }
  }

  // Labels only rows whose bounds leave it open, unless they are too many.
  bool assign_open(Index first, Index count, VectorRef sum) {
    thread_local kernels::PackedTiles tiles;
    std::array<Index, block_rows> members;
    std::array<Index, block_rows> open;
    const Index* label = labels_.data() + first;
    double* margin = margins_.data() + first;
    // The factor is below what the product's and the difference's rounding may add.
    Index open_rows = 0;
    for (Index i = 0; i < count; ++i) {
      members[static_cast<std::size_t>(i)] = label[i];
      if (label[i] != no_center) margin[i] = (margin[i] - ways_[label[i]]) * (1 - 0x1p-52);
      open[static_cast<std::size_t>(open_rows)] = i;
      open_rows += margin[i] > 0 ? 0 : 1;
    }
    if (static_cast<double>(open_rows) > most_open_ * static_cast<double>(count)) return false;
    if (open_rows > 0) {
      std::array<Index, block_rows> found;
      tiles.pack(x_.middleRows(first, count), open.data(), open_rows);
      find_nearest(
          tiles, following(x_.rows()),
          [&](Index i) { return first + open[static_cast<std::size_t>(i)]; }, found.data(), sum);
      for (std::size_t i = 0; i < static_cast<std::size_t>(open_rows); ++i) {
        members[static_cast<std::size_t>(open[i])] = found[i];
      }
    }
    const Index end = first + count;
    for (Index at = first; at < end; at += rows_at_once_) {
      tiles.pack(x_.middleRows(at, std::min(rows_at_once_, end - at)));
      add_members(tiles, at, members.data() + (at - first), sum);
    }
    return true;
  }

  // The rows from `first` on that are labeled together.
  [[nodiscard]] Rows following(Index first) const {
    return x_.middleRows(first, std::min(rows_at_once_, x_.rows() - first));
  }

  // Labels the packed rows, which are row(0), row(1), ... of all.
  template <class RowNumber>
  void find_nearest(const kernels::PackedTiles& tiles, Rows next, const RowNumber& row,
                    Index* members, VectorRef sum) {
    thread_local kernels::Nearest nearest;
    kernels::nearest(tiles, packed_, next, nearest);
    double changed = 0;
    for (Index i = 0; i < tiles.rows(); ++i) {
      const auto n = static_cast<std::size_t>(i);
      const Index at = row(i);
      const double margin = nearest.beyond[n] - nearest.within[n];
      const Index member = margin > 0 ? static_cast<Index>(nearest.label[n]) : settle(at);
      members[i] = member;
      Index& label = labels_[static_cast<std::size_t>(at)];
      const Index now = std::max(member, Index{0});
      if (label != now) ++changed;
      label = now;
      if (member == no_center && w_[at] > 0) ++sum[members_size() + lost_slot];
      if (margins_.size() > 0) margins_[at] = margin;
    }
    sum[members_size() + changed_slot] += changed;
    sum[members_size() + labeled_slot] += static_cast<double>(tiles.rows());
  }

  // The nearest center by distances from differences. None where all of them overflow.
  [[nodiscard]] Index settle(Index row) const {
    thread_local Vector distance;
    distance.setZero(k());
    for (Index j = 0; j < d(); ++j) {
      distance.array() += (centers_.col(j).array() - x_(row, j)).square();
    }
    Index best = no_center;
    double least = infinity;
    for (Index c = 0; c < k(); ++c) {
      if (distance[c] < least) {
        least = distance[c];
        best = c;
      }
    }
    return best;
  }

  // About the centers as they are, so that the sums stay small where rows and centers are large.
  void add_members(const kernels::PackedTiles& x, Index first, const Index* members,
                   VectorRef sum) const {
    kernels::add_members(x, columns_, members, unit_weights_ ? nullptr : w_.data() + first, sum);
  }

  [[nodiscard]] std::vector<Index> empty_centers(const Vector& sum) const {
    double total = 0;
    for (Index c = 0; c < k(); ++c) total += mass(sum, c);
    std::vector<Index> empty;
    for (Index c = 0; c < k(); ++c) {
      if (!(mass(sum, c) > empty_share * total)) empty.push_back(c);
    }
    return empty;
  }

  [[nodiscard]] double mass(const Vector& sum, Index c) const { return sum[c * (d() + 1) + d()]; }

  void move_centers(const Vector& sum) {
    const Matrix before = margins_.size() > 0 ? centers_ : Matrix();
    for (Index c = 0; c < k(); ++c) {
      if (!(mass(sum, c) > 0)) continue;
      centers_.row(c) += sum.segment(c * (d() + 1), d()).transpose() / mass(sum, c);
    }
    if (margins_.size() > 0) measure_ways(before);
  }

  // By how much a margin of a row of each center may have become less: the way of the center, and
  // the longest way of another one. Rounded up; squares that vanish are below the number added.
  void measure_ways(const Matrix& before) {
    const double up = 1 + static_cast<double>(d() + 8) * 0x1p-52;
    ways_ = ((centers_ - before).rowwise().squaredNorm().array() + 0x1p-1022).sqrt() * up;
    if (!ways_.allFinite()) {
      ways_.setConstant(infinity);
      return;
    }
    Index farthest = 0;
    const double longest = ways_.maxCoeff(&farthest);
    double other = 0;
    for (Index c = 0; c < k(); ++c) {
      if (c != farthest) other = std::max(other, ways_[c]);
    }
    for (Index c = 0; c < k(); ++c) ways_[c] = (ways_[c] + (c == farthest ? other : longest)) * up;
  }

  // Gives each empty center the farthest row that is left, and adds up again.
  [[nodiscard]] Vector reseed(const std::vector<Index>& empty) const {
    Vector distance(x_.rows());
    for_each_block(x_.rows(), [&](Index first, Index count) {
      own_distances(first, count, distance.segment(first, count));
    });
    std::vector<Index> members = labels_;
    std::vector<Index> order;
    for (Index i = 0; i < x_.rows(); ++i) {
      if (!(distance[i] < infinity)) members[static_cast<std::size_t>(i)] = no_center;
      if (w_[i] > 0) order.push_back(i);
    }
    const auto taken = static_cast<std::ptrdiff_t>(std::min(empty.size(), order.size()));
    std::partial_sort(order.begin(), order.begin() + taken, order.end(), [&](Index a, Index b) {
      return distance[a] > distance[b] || (distance[a] == distance[b] && a < b);
    });
    for (std::ptrdiff_t e = 0; e < taken; ++e) {
      const auto at = static_cast<std::size_t>(e);
      members[static_cast<std::size_t>(order[at])] = empty[at];
    }
    return sum_over_blocks(x_.rows(), members_size() + slot_count,
                           [&](Index first, Index count, VectorRef sum) {
                             thread_local kernels::PackedTiles tiles;
                             tiles.pack(x_.middleRows(first, count));
                             add_members(tiles, first, members.data() + first, sum);
                           });
  }

  // Squared distances of rows from their centers.
  void own_distances(Index first, Index count, VectorRef distance) const {
    distance.setZero();
    const Index* label = labels_.data() + first;
    for (Index j = 0; j < d(); ++j) {
      const double* center = centers_.col(j).data();
      const double* x = x_.col(j).data() + first;
      for (Index i = 0; i < count; ++i) {
        const double off = x[i] - center[label[i]];
        distance[i] += off * off;
      }
    }
  }

  [[nodiscard]] double inertia() const {
    return sum_over_blocks(x_.rows(), 1, [this](Index first, Index count, VectorRef sum) {
      std::array<double, block_rows> memory;
      Eigen::Map<Vector> distance(memory.data(), count);
      own_distances(first, count, distance);
      for (Index i = 0; i < count; ++i) {
        if (w_[first + i] > 0) sum[0] += w_[first + i] * distance[i];
      }
    })[0];
  }

  Rows x_;
  Weights w_;
  bool unit_weights_;
  Matrix centers_;  // one per row
  Vector origin_;   // from which the packed centers are
  kernels::PackedCenters packed_;
  Matrix columns_;  // the centers, one per column, padded with zeros
  std::vector<Index> labels_;
  Index rows_at_once_;
  double most_open_;
  Vector margins_;  // by how much each row is surely nearer to its center; none without bounds
  Vector ways_;     // what the last move took from them, by center
  double labeled_ = 0;
};

}  // namespace

KMeans lloyd(Rows x, Weights w, Matrix centers, Index max_iter, Bounds bounds, double* labeled) {
  static_assert(block_rows == kernels::packed_rows);
  Lloyd run(x, w, std::move(centers), bounds);
  KMeans result = run.run(max_iter);
  if (labeled != nullptr) *labeled = run.labeled();
  return result;
}

}  // namespace mix
