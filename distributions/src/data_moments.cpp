#include "data_moments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "mix/missing.h"
#include "mix/parallel.h"
#include "mix/support.h"

namespace mix {
namespace {

// The range of a column, of rows with weight, and the first row whose cell is not finite.
struct ColumnRange {
  double low = infinity;
  double high = -infinity;
  Index row = -1;
  double value = 0;
};

std::vector<ColumnRange> ranges_of_columns(const AnyRows& x, Weights w) {
  std::vector<ColumnRange> ranges(static_cast<std::size_t>(x.cols()));
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index j = 0; j < x.cols(); ++j) {
      ColumnRange& range = ranges[static_cast<std::size_t>(j)];
      for (Index i = 0; i < block.rows(); ++i) {
        const double value = block(i, j);
        if (std::isinf(value) && range.row < 0) {
          range.row = first + i;
          range.value = value;
        }
        if (!(w[first + i] > 0) || std::isnan(value)) continue;
        range.low = std::min(range.low, value);
        range.high = std::max(range.high, value);
      }
    }
  });
  return ranges;
}

// The ranges of the columns, none of which is constant or has an infinite cell.
std::vector<ColumnRange> varied_columns(std::string_view family, const AnyRows& x, Weights w) {
  if (!(w.sum() > 0)) return {};
  if (has_missing(x)) check_observed(std::string(family), x, w, [](Index) { return true; });
  std::vector<ColumnRange> ranges = ranges_of_columns(x, w);
  Index column = 0;
  for (const auto& [low, high, row, value] : ranges) {
    ++column;
    if (row >= 0) {
      throw std::invalid_argument(fmt::format(
          "{}: row {}, column {} is {}; no entry may be infinite: drop the row or fill the cell",
          family, row + 1, column, value));
    }
    const double rounding =
        4 * std::numeric_limits<double>::epsilon() * std::max(std::abs(low), std::abs(high));
    if (high - low > rounding) continue;
    throw std::invalid_argument(fmt::format(
        "{}: column {} is constant (all values are {}), so it has no variance: drop the "
        "column or describe it by another family",
        family, column, high));
  }
  return ranges;
}

}  // namespace

void check_varied(std::string_view family, const AnyRows& x, Weights w) {
  static_cast<void>(varied_columns(family, x, w));
}

void check_has_variance(std::string_view family, const AnyRows& x, Weights w) {
  Index column = 0;
  for (const ColumnRange& range : varied_columns(family, x, w)) {
    ++column;
    const std::string complaint = check_range(column, range.low, range.high);
    if (!complaint.empty()) throw std::invalid_argument(fmt::format("{}: {}", family, complaint));
  }
}

void check_sums(std::string_view family, const AnyRows& x, Weights w, Summed summed) {
  constexpr double least_square = 1e-290;  // below it squares of the smaller values lose digits
  const double total = w.sum();
  if (!(total > 0)) return;
  Index column = 0;
  for (const auto& [low, high, row, infinite] : ranges_of_columns(x, w)) {
    ++column;
    // What no parameter explains counts for nothing, and where it matters is refused before.
    if (row >= 0 || !(low > 0 && low <= high)) continue;
    const bool inverses = summed == Summed::inverses;
    const bool squares = summed == Summed::squares;
    const double most = inverses ? 1 / low : high * (squares ? high : 1);
    const bool vanish = squares && high * high < least_square;
    if (std::isfinite(total * most) && !vanish) continue;
    throw std::invalid_argument(fmt::format(
        "{}: column {} reaches from {} to {}; sums of {} may no longer be numbers of double "
        "precision: give the column in a {} unit",
        family, column, low, high,
        inverses  ? "1 / such values"
        : squares ? "squares of such values"
                  : "such values",
        inverses || vanish ? "smaller" : "larger"));
  }
}

namespace {

// Which cells of a block are observed, as 0 and 1, and what they are off an origin.
struct ObservedCells {
  ObservedCells(const AnyRows& x, Index first, Index count, const Vector& origin) {
    const DenseBlock block(x, first, count);
    seen = (!block->array().isNaN()).cast<double>();
    off = block->array().isNaN().select(0.0, block->rowwise() - origin.transpose());
  }
  Matrix seen;
  Matrix off;
};

}  // namespace

Matrix observed_means(const AnyRows& x, Shares shares, const Matrix& otherwise) {
  const Index d = x.cols();
  const Index k = shares.cols();
  const Vector origin = otherwise.col(0);
  const Vector sum =
      sum_over_blocks(x.rows(), 2 * d * k, [&](Index first, Index count, VectorRef total) {
        const ObservedCells cells(x, first, count, origin);
        const auto p = shares.middleRows(first, count);
        Eigen::Map<Matrix> block(total.data(), d, 2 * k);
        block.leftCols(k).noalias() += cells.seen.transpose() * p;
        block.rightCols(k).noalias() += cells.off.transpose() * p;
      });
  const Eigen::Map<const Matrix> block(sum.data(), d, 2 * k);
  Matrix means = otherwise;
  for (Index c = 0; c < k; ++c) {
    for (Index j = 0; j < d; ++j) {
      if (block(j, c) > 0) means(j, c) = origin[j] + block(j, k + c) / block(j, c);
    }
  }
  return means;
}

Matrix weighted_means(const AnyRows& x, Shares shares) {
  const Index d = x.cols();
  const Index k = shares.cols();
  if (has_missing(x)) {
    const Vector all = shares.rowwise().sum();
    return observed_means(x, shares, observed_means(x, all, Vector::Zero(d)).replicate(1, k));
  }
  // About a row, so that data far from zero lose no digits.
  const Vector origin =
      x.rows() > 0 ? Vector(DenseBlock(x, 0, 1)->row(0).transpose()) : Vector(Vector::Zero(d));
  const Vector sum =
      sum_over_blocks(x.rows(), (d + 1) * k, [&](Index first, Index count, VectorRef total) {
        const Matrix centered = DenseBlock(x, first, count)->rowwise() - origin.transpose();
        const auto r = shares.middleRows(first, count);
        for (Index c = 0; c < k; ++c) {
          total[c * (d + 1)] += r.col(c).sum();
          total.segment(c * (d + 1) + 1, d) += centered.transpose() * r.col(c);
        }
      });
  const Eigen::Map<const Matrix> sums(sum.data(), d + 1, k);
  const auto mean_of = [&](ConstVectorRef of) -> Vector {
    return of[0] > 0 ? Vector(origin + of.tail(d) / of[0]) : origin;
  };
  const Vector center = mean_of(sums.rowwise().sum());
  Matrix means(d, k);
  for (Index c = 0; c < k; ++c) means.col(c) = sums(0, c) > 0 ? mean_of(sums.col(c)) : center;
  return means;
}

namespace {

// Means and variances of the observed cells of each column. The covariances are those of the rows
// with missing cells at the mean, in units of these standard deviations: what pairs of columns miss
// lowers their correlation, and the matrix has no negative eigenvalue.
DataMoments moments_of_observed(const AnyRows& x, Weights w, Spread spread) {
  const Index d = x.cols();
  DataMoments moments;
  moments.rows = w.sum();
  moments.mean = observed_means(x, w, Vector::Zero(d));
  moments.mean = observed_means(x, w, moments.mean);
  const Vector sum =
      sum_over_blocks(x.rows(), d + d * d, [&](Index first, Index count, VectorRef total) {
        const ObservedCells cells(x, first, count, moments.mean);
        const Weights own = w.segment(first, count);
        total.head(d) += cells.seen.transpose() * own;
        Eigen::Map<Matrix>(total.data() + d, d, d).noalias() +=
            cells.off.transpose() * own.asDiagonal() * cells.off;
      });
  const Vector unit = sum.head(d).cwiseSqrt().cwiseInverse();
  const Matrix covariance =
      unit.asDiagonal() * Eigen::Map<const Matrix>(sum.data() + d, d, d) * unit.asDiagonal();
  if (spread == Spread::covariance) {
    moments.covariance = covariance;
    moments.covariance.triangularView<Eigen::StrictlyUpper>() = moments.covariance.transpose();
  } else {
    moments.covariance = covariance.diagonal();
  }
  return moments;
}

}  // namespace

DataMoments data_moments(std::string_view family, const AnyRows& x, Weights w, Spread spread) {
  const Index d = x.cols();
  DataMoments moments;
  moments.rows = w.sum();
  if (!(moments.rows > 0)) return moments;
  check_has_variance(family, x, w);
  if (has_missing(x)) return moments_of_observed(x, w, spread);

  // The mean relative to one of the rows: sums of the data themselves lose digits far from zero.
  moments.mean = DenseBlock(x, 0, 1)->row(0).transpose();
  for (int pass = 0; pass < 2; ++pass) {
    const Vector sum = sum_over_blocks(x.rows(), d, [&](Index first, Index count, VectorRef total) {
      total += (DenseBlock(x, first, count)->rowwise() - moments.mean.transpose()).transpose() *
               w.segment(first, count);
    });
    moments.mean += sum / moments.rows;
  }
  const bool whole = spread == Spread::covariance;
  const Vector sum = sum_over_blocks(
      x.rows(), whole ? d + d * d : d, [&](Index first, Index count, VectorRef total) {
        const Matrix centered = DenseBlock(x, first, count)->rowwise() - moments.mean.transpose();
        total.head(d) += centered.cwiseAbs2().transpose() * w.segment(first, count);
        if (whole) {
          Eigen::Map<Matrix>(total.data() + d, d, d).noalias() +=
              centered.transpose() * w.segment(first, count).asDiagonal() * centered;
        }
      });
  if (whole) {
    moments.covariance = Eigen::Map<const Matrix>(sum.data() + d, d, d) / moments.rows;
    moments.covariance.triangularView<Eigen::StrictlyUpper>() = moments.covariance.transpose();
    // The variances by the same sums in either case, so that the embedding of rows, and with it the
    // partitions that fits share, does not depend on the structure.
    moments.covariance.diagonal() = sum.head(d) / moments.rows;
  } else {
    moments.covariance = sum / moments.rows;
  }
  return moments;
}

}  // namespace mix
