#include "hierarchy.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mix {
namespace {

// Clusters that are compared with another one together: one pass of the vectorized arithmetic.
constexpr Index lanes = 16;

using Lanes = Eigen::Array<double, lanes, 1>;

// Clusters as columns of numbers, in the order of their first rows. Joined ones stay in place, with
// a cost that makes joining them again infinitely dear, until `compact` leaves them out; so do
// those that fill the columns up to a multiple of `lanes`.
class Clusters {
 public:
  explicit Clusters(const Matrix& points)
      : d_(points.cols()),
        triangle_(d_ * (d_ + 1) / 2),
        living_(points.rows()),
        count_(points.rows()),
        joined_(lanes, triangle_),
        gap_(lanes, d_) {
    const Matrix centered = points.rowwise() - points.colwise().mean();
    offset_ = centered.squaredNorm() / static_cast<double>(points.size());
    if (!(offset_ > 0)) offset_ = 1;  // all points are the same, and any order of joins will do

    const Index room = padded(count_);
    size_ = Vector::Ones(room);
    mean_ = Matrix::Zero(room, d_);
    mean_.topRows(count_) = points;
    scatter_ = Matrix::Zero(room, triangle_);
    trace_ = Vector::Zero(room);
    cost_ = Vector::Constant(room, -infinity);
    cost_.head(count_).setConstant(cost_of(0));
    increase_ = Vector::Constant(room, infinity);
    row_.resize(static_cast<std::size_t>(count_));
    std::iota(row_.begin(), row_.end(), Index{0});
    partner_.assign(static_cast<std::size_t>(count_), -1);
  }

  [[nodiscard]] Index count() const { return count_; }
  [[nodiscard]] Index row(Index c) const { return row_[static_cast<std::size_t>(c)]; }
  [[nodiscard]] Index partner(Index c) const { return partner_[static_cast<std::size_t>(c)]; }

  // The cluster whose join with its partner costs least, the first of several.
  [[nodiscard]] Index cheapest() const {
    Index least = -1;
    for (Index c = 0; c < count_; ++c) {
      if (partner(c) >= 0 && (least < 0 || increase_[c] < increase_[least])) least = c;
    }
    return least;
  }

  // Finds the partner of cluster c among the later ones.
  void find_partner(Index c) {
    increase_[c] = infinity;
    partner_[static_cast<std::size_t>(c)] = -1;
    Lanes increase;
    for (Index first = c / lanes * lanes; first < count_; first += lanes) {
      compare(c, first, increase);
      for (Index i = std::max<Index>(c + 1 - first, 0); i < lanes; ++i) {
        if (increase[i] < increase_[c]) {
          increase_[c] = increase[i];
          partner_[static_cast<std::size_t>(c)] = first + i;
        }
      }
    }
    // All of them overflow: any will do.
    for (Index i = c + 1; i < count_ && partner(c) < 0; ++i) {
      if (cost_[i] != -infinity) partner_[static_cast<std::size_t>(c)] = i;
    }
  }

  // Makes c the partner of those earlier ones that it is cheapest for.
  void offer(Index c) {
    Lanes increase;
    for (Index first = 0; first < c; first += lanes) {
      compare(c, first, increase);
      const Index end = std::min(lanes, c - first);
      for (Index i = 0; i < end; ++i) {
        if (increase[i] < increase_[first + i]) {
          increase_[first + i] = increase[i];
          partner_[static_cast<std::size_t>(first + i)] = c;
        }
      }
    }
  }

  // Joins b to a.
  void join(Index a, Index b) {
    const double size = size_[a] + size_[b];
    const double factor = size_[a] * size_[b] / size;
    Index at = 0;
    for (Index j = 0; j < d_; ++j) {
      const double gap = mean_(a, j) - mean_(b, j);
      trace_[a] += factor * gap * gap;
      for (Index i = j; i < d_; ++i, ++at) {
        scatter_(a, at) += scatter_(b, at) + factor * gap * (mean_(a, i) - mean_(b, i));
      }
    }
    trace_[a] += trace_[b];
    mean_.row(a) += (mean_.row(b) - mean_.row(a)) * (size_[b] / size);
    size_[a] = size;
    cost_[a] = cost_of(a);
    cost_[b] = -infinity;
    increase_[b] = infinity;
    partner_[static_cast<std::size_t>(b)] = -1;
    --living_;
  }

  // Leaves out what has been joined, once that is a good part.
  void compact() {
    if (8 * living_ > 7 * count_) return;
    std::vector<Index> place(static_cast<std::size_t>(count_), -1);
    Index next = 0;
    for (Index c = 0; c < count_; ++c) {
      if (cost_[c] == -infinity) continue;
      const auto from = static_cast<std::size_t>(c);
      const auto to = static_cast<std::size_t>(next);
      place[from] = next;
      size_[next] = size_[c];
      mean_.row(next) = mean_.row(c);
      scatter_.row(next) = scatter_.row(c);
      trace_[next] = trace_[c];
      cost_[next] = cost_[c];
      increase_[next] = increase_[c];
      row_[to] = row_[from];
      partner_[to] = partner_[from];
      ++next;
    }
    count_ = next;
    for (Index c = 0; c < count_; ++c) {
      Index& partner = partner_[static_cast<std::size_t>(c)];
      if (partner >= 0) partner = place[static_cast<std::size_t>(partner)];
    }
    const Index behind = padded(count_) - count_;
    cost_.segment(count_, behind).setConstant(-infinity);
  }

 private:
  static Index padded(Index count) { return (count + lanes - 1) / lanes * lanes; }

  // The increase of the criterion when cluster c is joined to each of those from `first` on.
  void compare(Index c, Index first, Lanes& increase) {
    const auto sizes = size_.segment<lanes>(first).array();
    const double own = size_[c];
    const Lanes size = sizes + own;
    const Lanes factor = own * sizes / size;
    // The argument of the logarithm: the trace, and the determinant where it counts.
    Lanes argument = trace_.segment<lanes>(first).array() + (trace_[c] + offset_);
    for (Index j = 0; j < d_; ++j) {
      gap_.col(j) = mean_.col(j).segment<lanes>(first).array() - mean_(c, j);
      argument += factor * gap_.col(j).square();
    }
    argument /= size;
    if (size.maxCoeff() > static_cast<double>(d_)) {
      Index at = 0;
      for (Index j = 0; j < d_; ++j) {
        const Lanes scaled = factor * gap_.col(j);
        for (Index i = j; i < d_; ++i, ++at) {
          joined_.col(at) = scatter_.col(at).segment<lanes>(first).array() + scatter_(c, at) +
                            scaled * gap_.col(i);
        }
      }
      argument += determinants(size);
    }
    increase = size * argument.log() - cost_.segment<lanes>(first).array() - cost_[c];
  }

  // |joined / size|, taken as zero while size <= columns. Gaussian elimination in the packed lower
  // triangles, without pivoting, which positive semidefinite matrices do not need.
  Lanes determinants(const Lanes& size) {
    Lanes determinant = Lanes::Ones();
    Index column = 0;
    for (Index j = 0; j < d_; ++j) {
      const Index length = d_ - j;
      const Lanes pivot = joined_.col(column).max(0.0);
      determinant *= pivot / size;
      const Lanes inverse = (pivot > 0.0).select(pivot.inverse(), 0.0);
      Index at = column + length;
      for (Index k = 1; k < length; ++k) {
        const Lanes multiple = joined_.col(column + k) * inverse;
        for (Index i = k; i < length; ++i, ++at) {
          joined_.col(at) -= multiple * joined_.col(column + i);
        }
      }
      column += length;
    }
    return (size > static_cast<double>(d_)).select(determinant, 0.0);
  }

  // By the same arithmetic as `compare`, so that equal clusters cost the same.
  [[nodiscard]] double cost_of(Index c) {
    Lanes argument = Lanes::Constant((trace_[c] + offset_) / size_[c]);
    if (size_[c] > static_cast<double>(d_)) {
      for (Index at = 0; at < triangle_; ++at) joined_.col(at).setConstant(scatter_(c, at));
      argument += determinants(Lanes::Constant(size_[c]));
    }
    argument = argument.log();
    return size_[c] * argument[0];
  }

  Index d_;
  Index triangle_;
  Index living_;
  Index count_;
  double offset_ = 1;
  Vector size_;
  Matrix mean_;
  Matrix scatter_;  // packed lower triangles, by columns
  Vector trace_;
  Vector cost_;
  Vector increase_;             // of the criterion, when joined to the partner
  std::vector<Index> partner_;  // the later cluster that is cheapest to join
  std::vector<Index> row_;      // the first row of each
  // Of the clusters that are compared at present.
  Eigen::Array<double, lanes, Eigen::Dynamic> joined_;
  Eigen::Array<double, lanes, Eigen::Dynamic> gap_;
};

}  // namespace

Hierarchy::Hierarchy(const Matrix& points) : rows_(points.rows()) {
  Clusters clusters(points);
  for (Index c = 0; c < rows_; ++c) clusters.find_partner(c);
  joins_.reserve(static_cast<std::size_t>(std::max<Index>(rows_ - 1, 0)));
  for (Index left = rows_; left > 1; --left) {
    const Index kept = clusters.cheapest();
    const Index absorbed = clusters.partner(kept);
    joins_.push_back({clusters.row(kept), clusters.row(absorbed)});
    clusters.join(kept, absorbed);
    // Only those whose partner changed look for a new one; the others compare with the union.
    for (Index c = 0; c < clusters.count(); ++c) {
      if (c == kept || clusters.partner(c) == kept || clusters.partner(c) == absorbed) {
        clusters.find_partner(c);
      }
    }
    clusters.offer(kept);
    clusters.compact();
  }
}

std::vector<Index> Hierarchy::labels(Index k) const {
  std::vector<Index> root(static_cast<std::size_t>(rows_));
  std::iota(root.begin(), root.end(), Index{0});
  const Index joins = std::max<Index>(0, rows_ - k);
  for (Index j = 0; j < joins; ++j) {
    const Join& join = joins_[static_cast<std::size_t>(j)];
    root[static_cast<std::size_t>(join.absorbed)] = join.kept;
  }
  std::vector<Index> label(root.size(), -1);
  Index next = 0;
  std::vector<Index> labels(root.size());
  for (std::size_t i = 0; i < root.size(); ++i) {
    auto r = static_cast<Index>(i);
    while (root[static_cast<std::size_t>(r)] != r) r = root[static_cast<std::size_t>(r)];
    if (label[static_cast<std::size_t>(r)] < 0) label[static_cast<std::size_t>(r)] = next++;
    labels[i] = label[static_cast<std::size_t>(r)];
  }
  return labels;
}

}  // namespace mix
