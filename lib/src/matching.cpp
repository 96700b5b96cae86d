#include "mix/matching.h"

#include <stdexcept>

namespace mix {
namespace {

// Rows are matched one after the other, each along the shortest augmenting path; the potentials u
// and v keep all reduced costs cost(i, j) - u[i] - v[j] at 0 or above, and at 0 for matched pairs.
class ShortestPaths {
 public:
  // At most as many rows as columns.
  explicit ShortestPaths(const Matrix& cost)
      : cost_(cost),
        u_(Vector::Zero(cost.rows())),
        v_(Vector::Zero(cost.cols())),
        row_of_(static_cast<std::size_t>(cost.cols()), -1),
        before_(static_cast<std::size_t>(cost.cols()), -1) {
    for (Index i = 0; i < cost.rows(); ++i) add(i);
  }

  [[nodiscard]] std::vector<Index> columns() const {
    std::vector<Index> column_of(static_cast<std::size_t>(cost_.rows()), -1);
    for (Index j = 0; j < cost_.cols(); ++j) {
      if (const Index i = row_at(j); i >= 0) column_of[static_cast<std::size_t>(i)] = j;
    }
    return column_of;
  }

 private:
  [[nodiscard]] Index row_at(Index j) const { return row_of_[static_cast<std::size_t>(j)]; }

  void add(Index root) {
    Vector distance = Vector::Constant(cost_.cols(), infinity);
    std::vector<bool> reached(row_of_.size(), false);
    std::vector<Index> tree{root};
    Index column = -1;  // the one reached last; before the first, the root itself
    Index row = root;
    do {
      for (Index j = 0; j < cost_.cols(); ++j) {
        if (reached[static_cast<std::size_t>(j)]) continue;
        const double reduced = cost_(row, j) - u_[row] - v_[j];
        if (reduced < distance[j]) {
          distance[j] = reduced;
          before_[static_cast<std::size_t>(j)] = column;
        }
      }
      Index nearest = -1;
      for (Index j = 0; j < cost_.cols(); ++j) {
        if (reached[static_cast<std::size_t>(j)]) continue;
        if (nearest < 0 || distance[j] < distance[nearest]) nearest = j;
      }
      const double step = distance[nearest];
      for (const Index i : tree) u_[i] += step;
      for (Index j = 0; j < cost_.cols(); ++j) {
        if (reached[static_cast<std::size_t>(j)]) {
          v_[j] -= step;
        } else {
          distance[j] -= step;
        }
      }
      reached[static_cast<std::size_t>(nearest)] = true;
      column = nearest;
      row = row_at(column);
      if (row >= 0) tree.push_back(row);
    } while (row >= 0);
    augment(column, root);
  }

  // Every column of the path takes the row of the one before it, the first one the root.
  void augment(Index column, Index root) {
    while (column >= 0) {
      const Index previous = before_[static_cast<std::size_t>(column)];
      row_of_[static_cast<std::size_t>(column)] = previous < 0 ? root : row_at(previous);
      column = previous;
    }
  }

  const Matrix& cost_;
  Vector u_;
  Vector v_;
  std::vector<Index> row_of_;  // of a column; -1 where free
  std::vector<Index> before_;  // on the path to a column; -1 where the path begins at the root
};

}  // namespace

std::vector<Index> best_matching(const Matrix& gain) {
  if (!gain.allFinite()) throw std::invalid_argument("best_matching: every gain must be finite");
  if (gain.rows() <= gain.cols()) {
    const Matrix cost = -gain;
    return ShortestPaths(cost).columns();
  }
  const Matrix cost = -gain.transpose();
  std::vector<Index> column_of(static_cast<std::size_t>(gain.rows()), -1);
  const std::vector<Index> rows = ShortestPaths(cost).columns();
  for (std::size_t j = 0; j < rows.size(); ++j) {
    column_of[static_cast<std::size_t>(rows[j])] = static_cast<Index>(j);
  }
  return column_of;
}

}  // namespace mix
