#include "hierarchy.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace mix {
namespace {

struct Cluster {
  double size = 0;
  Vector mean;
  Matrix scatter;
  double cost = 0;
  bool alive = true;
  // The later cluster that is cheapest to join, and the increase of the criterion.
  Index partner = -1;
  double increase = infinity;
};

class Criterion {
 public:
  explicit Criterion(const Matrix& points) {
    const Matrix centered = points.rowwise() - points.colwise().mean();
    offset_ = centered.squaredNorm() / static_cast<double>(points.size());
    if (!(offset_ > 0)) offset_ = 1;  // all points are the same, and any order of joins will do
  }

  [[nodiscard]] double cost(const Matrix& scatter, double size) const {
    const auto d = static_cast<double>(scatter.rows());
    double determinant = 0;
    if (size > d) {
      const Eigen::LDLT<Matrix> factor(scatter / size);
      determinant = std::max(0.0, factor.vectorD().prod());
    }
    return size * std::log(determinant + (scatter.trace() + offset_) / size);
  }

  [[nodiscard]] double increase(const Cluster& a, const Cluster& b) const {
    const Vector gap = a.mean - b.mean;
    const double size = a.size + b.size;
    const double factor = a.size * b.size / size;
    if (size <= static_cast<double>(gap.size())) {
      // Without the determinant the traces suffice.
      const double trace = a.scatter.trace() + b.scatter.trace() + factor * gap.squaredNorm();
      return size * std::log((trace + offset_) / size) - a.cost - b.cost;
    }
    const Matrix joined = a.scatter + b.scatter + factor * gap * gap.transpose();
    return cost(joined, size) - a.cost - b.cost;
  }

 private:
  double offset_;
};

}  // namespace

Hierarchy::Hierarchy(const Matrix& points) : rows_(points.rows()) {
  const Criterion criterion(points);
  const Index d = points.cols();
  std::vector<Cluster> clusters(static_cast<std::size_t>(rows_));
  for (Index i = 0; i < rows_; ++i) {
    Cluster& c = clusters[static_cast<std::size_t>(i)];
    c.size = 1;
    c.mean = points.row(i).transpose();
    c.scatter = Matrix::Zero(d, d);
    c.cost = criterion.cost(c.scatter, 1);
  }
  const auto find_partner = [&](Index i) {
    Cluster& c = clusters[static_cast<std::size_t>(i)];
    c.increase = infinity;
    c.partner = -1;
    for (Index j = i + 1; j < rows_; ++j) {
      const Cluster& other = clusters[static_cast<std::size_t>(j)];
      if (!other.alive) continue;
      const double increase = criterion.increase(c, other);
      if (c.partner < 0 || increase < c.increase) {
        c.increase = increase;
        c.partner = j;
      }
    }
  };
  for (Index i = 0; i < rows_; ++i) find_partner(i);

  for (Index left = rows_; left > 1; --left) {
    Index kept = -1;
    double least = infinity;
    for (Index i = 0; i < rows_; ++i) {
      const Cluster& c = clusters[static_cast<std::size_t>(i)];
      if (c.alive && c.partner >= 0 && (kept < 0 || c.increase < least)) {
        least = c.increase;
        kept = i;
      }
    }
    Cluster& a = clusters[static_cast<std::size_t>(kept)];
    const Index absorbed = a.partner;
    Cluster& b = clusters[static_cast<std::size_t>(absorbed)];
    const Vector gap = a.mean - b.mean;
    const double size = a.size + b.size;
    a.scatter += b.scatter + a.size * b.size / size * gap * gap.transpose();
    a.mean += -gap * (b.size / size);
    a.size = size;
    a.cost = criterion.cost(a.scatter, size);
    b.alive = false;
    joins_.push_back({kept, absorbed});
    // Only those whose partner changed look for a new one; the others compare with the union.
    for (Index i = 0; i < rows_; ++i) {
      Cluster& c = clusters[static_cast<std::size_t>(i)];
      if (!c.alive) continue;
      if (i == kept || c.partner == kept || c.partner == absorbed) {
        find_partner(i);
      } else if (i < kept) {
        const double increase = criterion.increase(c, a);
        if (increase < c.increase) {
          c.increase = increase;
          c.partner = kept;
        }
      }
    }
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
