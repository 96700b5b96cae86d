#include "group_starts.h"

#include <algorithm>
#include <utility>

#include "mix/parallel.h"

namespace mix {
namespace {

// Covariances within groups of more columns would outnumber the means.
constexpr Index most_columns_with_covariances = 4;

// The weighted means over groups of the columns of `values`, 0 where a group has no weight.
Matrix means_of_groups(const Matrix& values, Weights w, const Vector& group_weight,
                       const Groups& groups) {
  Matrix means = Matrix::Zero(groups.count(), values.cols());
  for (Index i = 0; i < values.rows(); ++i) means.row(groups[i]) += w[i] * values.row(i);
  for (Index g = 0; g < groups.count(); ++g) {
    if (group_weight[g] > 0) means.row(g) /= group_weight[g];
  }
  return means;
}

}  // namespace

Matrix group_points(const Matrix& points, Weights w, const Groups& groups) {
  const Vector group_weight = groups.sums(w);
  const Matrix means = means_of_groups(points, w, group_weight, groups);
  const Index d = points.cols();
  const bool with_covariances =
      d <= most_columns_with_covariances && groups.count() < points.rows();
  Matrix result(points.rows(), with_covariances ? d + d * (d + 1) / 2 : d);
  for (Index i = 0; i < points.rows(); ++i) result.row(i).head(d) = means.row(groups[i]);
  if (!with_covariances) return result;
  Matrix products(points.rows(), d * (d + 1) / 2);
  const Matrix centered = points - result.leftCols(d);
  Index at = 0;
  for (Index a = 0; a < d; ++a) {
    for (Index b = 0; b <= a; ++b) {
      products.col(at++) = centered.col(a).cwiseProduct(centered.col(b));
    }
  }
  const Matrix covariances = means_of_groups(products, w, group_weight, groups);
  for (Index i = 0; i < points.rows(); ++i) {
    result.row(i).tail(products.cols()) = covariances.row(groups[i]);
  }
  return result;
}

Matrix shares_of_groups(const ShareBlocks& shares, Index k, Weights w, const Groups& groups) {
  Matrix of_groups = Matrix::Zero(groups.count(), k);
  Matrix block(block_rows, k);
  for (Index first = 0; first < groups.rows(); first += block_rows) {
    const Index count = std::min(block_rows, groups.rows() - first);
    MatrixRef r = block.topRows(count);
    shares(first, r);
    for (Index i = 0; i < count; ++i) of_groups.row(groups[first + i]) += r.row(i);
  }
  const Vector group_weight = groups.sums(w);
  for (Index g = 0; g < groups.count(); ++g) {
    if (group_weight[g] > 0) of_groups.row(g) /= group_weight[g];
  }
  return of_groups;
}

ShareBlocks shares_of_rows(Matrix of_groups, Weights w, const Groups& groups) {
  return [of_groups = std::move(of_groups), w, groups](Index first, MatrixRef r) {
    for (Index i = 0; i < r.rows(); ++i) {
      r.row(i) = w[first + i] * of_groups.row(groups[first + i]);
    }
  };
}

}  // namespace mix
