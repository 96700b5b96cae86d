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

// The sums of a pass end with these.
enum Slot : Index { changed_slot, lost_slot, distances_slot, slot_count };

// Rows that are labeled together: a part of a block that stays in the second cache until its sums
// are taken. No result depends on it.
Index rows_at_once(Index columns) {
  constexpr Index numbers = 4096;
  return std::clamp(numbers / std::max<Index>(columns, 1) / 32 * 32, Index{32}, block_rows);
}

constexpr Index no_center = -1;

// Bounds are found when less than this share of the labels changed: before, centers move too far.
// Where they then promise nothing they are dropped until half as many change, or so few.
constexpr double first_changes = 0.1;
constexpr double few_changes = 0.01;

// Bounds are looked at where they are expected to take less than this share of the time.
constexpr double worthwhile = 0.8;

// The largest share of a block's rows that are labeled apart from the others; of more, all are, in
// the order in which they lie in memory.
constexpr double most_open = 0.75;

// The nearest center by distances from differences. None where all of them overflow.
Index nearest_by_differences(Rows x, Index row, const Matrix& centers) {
  thread_local Vector distance;
  distance.setZero(centers.rows());
  for (Index j = 0; j < x.cols(); ++j) {
    distance.array() += (centers.col(j).array() - x(row, j)).square();
  }
  Index best = no_center;
  double least = infinity;
  for (Index c = 0; c < centers.rows(); ++c) {
    if (distance[c] < least) {
      least = distance[c];
      best = c;
    }
  }
  return best;
}

// From which centers are packed: amid them, so that scores are small.
Vector middle(const Matrix& centers) { return centers.colwise().mean().transpose(); }

// Rows of a block.
struct RowList {
  void add(Index row) { rows[static_cast<std::size_t>(count++)] = row; }
  [[nodiscard]] Index operator[](Index i) const { return rows[static_cast<std::size_t>(i)]; }
  std::array<Index, block_rows> rows;
  Index count = 0;
};

class Lloyd {
 public:
  Lloyd(Rows x, Weights w, Matrix centers, Bounds bounds)
      : x_(x),
        w_(w),
        unit_weights_((w.array() == 1).all()),
        centers_(std::move(centers)),
        origin_(middle(centers_)),
        columns_(Matrix::Zero((x.cols() + 3) / 4 * 4, centers_.rows())),
        labels_(static_cast<std::size_t>(x.rows()), no_center),
        rows_at_once_(rows_at_once(x.cols())),
        use_(bounds),
        bounds_(0, 0),
        most_changed_(first_changes * static_cast<double>(x.rows())) {}

  [[nodiscard]] double distances() const { return distances_; }

  KMeans run(Index max_iter) {
    KMeans result;
    int impossible = 0;
    for (Index iteration = 0;; ++iteration) {
      Vector sum = assign();
      const double* slots = sum.data() + members_size();
      result.n_iter = iteration + 1;
      distances_ += slots[distances_slot];
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
      const double changed = slots[changed_slot];
      const std::vector<Index> empty = empty_centers(sum);
      if (!empty.empty()) sum = reseed(empty);
      move_centers(sum, changed);
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
  [[nodiscard]] Index members_size() const { return columns_.size() + k(); }

  // Labels all rows, and adds up what each center holds.
  Vector assign() {
    packed_.pack(centers_, origin_);
    columns_.topRows(d()) = centers_.transpose();
    if (using_bounds_) packed_movers_.pack(centers_(bounds_.movers(), Eigen::all), origin_);
    return sum_over_blocks(x_.rows(), members_size() + slot_count,
                           [this](Index first, Index count, VectorRef sum) {
                             if (!using_bounds_ || !assign_open(first, count, sum)) {
                               assign_all(first, count, sum);
                             }
                           });
  }

  // Up to `count` rows from `first` on, for which memory is asked early.
  [[nodiscard]] Rows following(Index first, Index count) const {
    return x_.middleRows(first, std::min(count, x_.rows() - first));
  }

  void assign_all(Index first, Index count, VectorRef sum) {
    thread_local kernels::Tiles tiles;
    std::array<Index, block_rows> members;
    const Index end = first + count;
    for (Index at = first; at < end; at += rows_at_once_) {
      const Index part = std::min(rows_at_once_, end - at);
      tiles.read(x_.middleRows(at, part));
      find_nearest(
          tiles, following(at + part, rows_at_once_), [&](Index i) { return at + i; },
          [&](Index i, Index member) { members[static_cast<std::size_t>(i)] = member; }, sum);
      add_members(tiles, at, members.data(), sum);
    }
  }

  // Computes distances only of rows whose bounds leave their label open, unless they are too many.
  bool assign_open(Index first, Index count, VectorRef sum) {
    thread_local kernels::Tiles tiles;
    RowList near;  // to movers
    RowList open;
    for (Index row = first; row < first + count; ++row) {
      const Index own = labels_[static_cast<std::size_t>(row)];
      const double within = bounds_.within(row, own);
      const double beyond = bounds_.beyond(row, own);
      if (within < beyond) {
        bounds_.set(row, within, beyond);
      } else {
        (within < bounds_.beyond_rest(row) ? near : open).add(row - first);
      }
    }
    const double share = use_ == Bounds::always ? 1 : most_open;
    if (static_cast<double>(open.count) > share * static_cast<double>(count)) return false;

    const Rows x = x_.middleRows(first, count);
    const Rows next = following(first + count, count);
    if (near.count > 0) {
      tiles.gather(x, near.rows.data(), near.count);
      look_at_movers(tiles, next, first, near, open, sum);
    }
    std::array<Index, block_rows> members;
    std::copy_n(labels_.begin() + first, count, members.begin());
    if (open.count > 0) {
      tiles.gather(x, open.rows.data(), open.count);
      find_nearest(
          tiles, near.count > 0 ? x.topRows(0) : next, [&](Index i) { return first + open[i]; },
          [&](Index i, Index member) { members[static_cast<std::size_t>(open[i])] = member; }, sum);
    }
    for (Index at = 0; at < count; at += rows_at_once_) {
      tiles.read(x.middleRows(at, std::min(rows_at_once_, count - at)));
      add_members(tiles, first + at, members.data() + at, sum);
    }
    return true;
  }

  // Labels packed rows, which are first + near[0], first + near[1], ..., whose nearest centers are
  // their own or movers. Where neither is proven the rows are added to `open`.
  void look_at_movers(const kernels::Tiles& tiles, Rows next, Index first, const RowList& near,
                      RowList& open, VectorRef sum) {
    thread_local kernels::Nearest nearest;
    kernels::nearest(tiles, packed_movers_, next, nearest);
    const std::vector<Index>& movers = bounds_.movers();
    for (Index i = 0; i < near.count; ++i) {
      const auto n = static_cast<std::size_t>(i);
      const Index row = first + near[i];
      const Index own = labels_[static_cast<std::size_t>(row)];
      Index label = own;
      double within = bounds_.within(row, own);
      double beyond = std::min(nearest.least[n], bounds_.beyond_rest(row));
      if (bounds_.moves(own)) {  // and is one of those looked at
        label = movers[static_cast<std::size_t>(nearest.label[n])];
        within = nearest.within[n];
        beyond = std::min(nearest.beyond[n], bounds_.beyond_rest(row));
      }
      if (within < beyond) {
        relabel(row, label, sum);
        bounds_.set(row, within, beyond);
      } else {
        open.add(near[i]);
      }
    }
    count_distances(near.count * static_cast<Index>(movers.size()), sum);
  }

  // Labels the packed rows, which are row(0), row(1), ... of all, and calls put(i, member).
  template <class RowNumber, class Put>
  void find_nearest(const kernels::Tiles& tiles, Rows next, const RowNumber& row, const Put& put,
                    VectorRef sum) {
    thread_local kernels::Nearest nearest;
    kernels::Labels& found = nearest.label;
    if (finding_bounds_) {
      kernels::nearest(tiles, packed_, next, nearest);
      // The bounds of an open row are of a center that need not be its own, but tell that it is
      // open.
      for (Index i = 0; i < tiles.rows(); ++i) {
        const auto n = static_cast<std::size_t>(i);
        bounds_.set(row(i), nearest.within[n], nearest.beyond[n]);
        if (!(nearest.within[n] < nearest.beyond[n])) found[n] = no_center;
      }
    } else {
      kernels::nearest(tiles, packed_, next, found);
    }
    Index changed = 0;  // without branches: early in a run nobody can tell which rows change
    for (Index i = 0; i < tiles.rows(); ++i) {
      const auto n = static_cast<std::size_t>(i);
      const Index at = row(i);
      Index member = found[n];
      if (member == no_center) member = nearest_by_differences(x_, at, centers_);
      put(i, member);
      if (member == no_center && w_[at] > 0) ++sum[members_size() + lost_slot];
      Index& label = labels_[static_cast<std::size_t>(at)];
      const Index now = std::max(member, Index{0});
      changed += static_cast<Index>(label != now);
      label = now;
    }
    sum[members_size() + changed_slot] += static_cast<double>(changed);
    count_distances(tiles.rows() * k(), sum);
  }

  void relabel(Index row, Index now, VectorRef sum) {
    Index& label = labels_[static_cast<std::size_t>(row)];
    if (label != now) ++sum[members_size() + changed_slot];
    label = now;
  }

  void count_distances(Index distances, VectorRef sum) const {
    sum[members_size() + distances_slot] += static_cast<double>(distances);
  }

  // About the centers as they are, so that the sums stay small where rows and centers are large.
  void add_members(const kernels::Tiles& x, Index first, const Index* members,
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

  [[nodiscard]] double mass(const Vector& sum, Index c) const { return sum[columns_.size() + c]; }

  void move_centers(const Vector& sum, double changed) {
    const Matrix before = finding_bounds_ ? centers_ : Matrix();
    for (Index c = 0; c < k(); ++c) {
      if (!(mass(sum, c) > 0)) continue;
      centers_.row(c) += sum.segment(c * columns_.rows(), d()).transpose() / mass(sum, c);
    }
    if (finding_bounds_) {
      const double time = bounds_.move(before, centers_, labels_);
      using_bounds_ = time < worthwhile || use_ == Bounds::always;
      finding_bounds_ = using_bounds_;
      const double few = few_changes * static_cast<double>(x_.rows());
      if (!using_bounds_) most_changed_ = std::max(changed / 2, few);
    } else if (bounds_may_pay(changed)) {
      finding_bounds_ = true;
      if (!bounds_.exist()) bounds_ = DistanceBounds(x_.rows(), d());
    }
  }

  [[nodiscard]] bool bounds_may_pay(double changed) const {
    return use_ == Bounds::always || (use_ == Bounds::adaptive &&
                                      DistanceBounds::may_pay(k(), d()) && changed < most_changed_);
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
                             thread_local kernels::Tiles tiles;
                             tiles.read(x_.middleRows(first, count));
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
  Bounds use_;
  DistanceBounds bounds_;
  double most_changed_;
  bool finding_bounds_ = false;  // whether the next pass leaves them behind
  bool using_bounds_ = false;    // and has them from the one before
  kernels::PackedCenters packed_movers_;
  double distances_ = 0;
};

}  // namespace

KMeans lloyd(Rows x, Weights w, Matrix centers, Index max_iter, Bounds bounds, double* distances) {
  static_assert(block_rows == kernels::packed_rows);
  Lloyd run(x, w, std::move(centers), bounds);
  KMeans result = run.run(max_iter);
  if (distances != nullptr) *distances = run.distances();
  return result;
}

std::vector<Index> nearest_centers(Rows x, const Matrix& centers) {
  kernels::PackedCenters packed;
  packed.pack(centers, middle(centers));
  std::vector<Index> labels(static_cast<std::size_t>(x.rows()));
  for_each_block(x.rows(), [&](Index first, Index count) {
    thread_local kernels::Tiles tiles;
    thread_local kernels::Labels found;
    tiles.read(x.middleRows(first, count));
    kernels::nearest(tiles, packed, x.topRows(0), found);
    for (Index i = 0; i < count; ++i) {
      Index label = found[static_cast<std::size_t>(i)];
      if (label == no_center) label = nearest_by_differences(x, first + i, centers);
      labels[static_cast<std::size_t>(first + i)] = std::max(label, Index{0});
    }
  });
  return labels;
}

}  // namespace mix
