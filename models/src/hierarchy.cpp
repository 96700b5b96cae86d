#include "hierarchy.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "mix/kernels.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// The columns are filled up to a multiple of this, the most that the kernels read at once.
constexpr Index lanes = 16;

// Instead of the partner of a cluster: none, and one that has been joined to another.
constexpr Index nobody = -1;
constexpr Index lost = -2;

// Clusters as columns of numbers, in the order of their first rows. Joined ones stay in place, with
// a cost that makes joining them again infinitely dear, until `compact` leaves them out; so do
// those that fill the columns up to a multiple of `lanes`.
class Clusters {
 public:
  explicit Clusters(const Matrix& points)
      : d_(points.cols()),
        triangle_(d_ * (d_ + 1) / 2),
        living_(points.rows()),
        count_(points.rows()) {
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
    cost_.head(count_).setConstant(kernels::cluster_cost(columns(), 0));
    increase_ = Vector::Constant(room, infinity);
    row_.resize(static_cast<std::size_t>(count_));
    std::iota(row_.begin(), row_.end(), Index{0});
    partner_.assign(static_cast<std::size_t>(count_), nobody);
  }

  [[nodiscard]] Index row(Index c) const { return row_[static_cast<std::size_t>(c)]; }
  [[nodiscard]] Index partner(Index c) const { return partner_[static_cast<std::size_t>(c)]; }

  // The cluster whose join with its partner costs least, the first of several. Those that lost
  // their partner look for another one only when they might be it: the rest of them cost no less
  // than the one that was lost.
  [[nodiscard]] Index cheapest() {
    for (;;) {
      Index least = -1;
      for (Index c = 0; c < count_; ++c) {
        if (partner(c) != nobody && (least < 0 || increase_[c] < increase_[least])) least = c;
      }
      if (partner(least) != lost) return least;
      find_partner(least);
    }
  }

  // Finds the partner of cluster c among the later ones.
  void find_partner(Index c) {
    Index& partner = partner_[static_cast<std::size_t>(c)];
    increase_[c] = infinity;
    partner = nobody;
    kernels::cheapest_join(columns(), c, increase_[c], partner);
    // All of them overflow: any will do.
    for (Index i = c + 1; i < count_ && partner == nobody; ++i) {
      if (cost_[i] != -infinity) partner = i;
    }
  }

  // Makes c, a union, the partner of those earlier ones that it is cheapest for.
  void offer(Index c) { kernels::offer_join(columns(), c, increase_.data(), partner_.data()); }

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
    cost_[a] = kernels::cluster_cost(columns(), a);
    cost_[b] = -infinity;
    increase_[b] = infinity;
    partner_[static_cast<std::size_t>(b)] = nobody;
    --living_;
    for (Index c = 0; c < b; ++c) {
      if (partner(c) == a || partner(c) == b) partner_[static_cast<std::size_t>(c)] = lost;
    }
    find_partner(a);
    offer(a);
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

  [[nodiscard]] kernels::ClusterColumns columns() const {
    return {count_,       d_,           mean_.rows(),    offset_,
            size_.data(), mean_.data(), scatter_.data(), trace_.data(),
            cost_.data()};
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
};

}  // namespace

Hierarchy::Hierarchy(const Matrix& points) : rows_(points.rows()) {
  Clusters clusters(points);
  for_each_index(rows_, [&](Index c) { clusters.find_partner(c); });
  joins_.reserve(static_cast<std::size_t>(std::max<Index>(rows_ - 1, 0)));
  for (Index left = rows_; left > 1; --left) {
    const Index kept = clusters.cheapest();
    const Index absorbed = clusters.partner(kept);
    joins_.push_back({clusters.row(kept), clusters.row(absorbed)});
    clusters.join(kept, absorbed);
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
