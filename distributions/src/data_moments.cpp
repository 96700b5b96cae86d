#include "data_moments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "mix/parallel.h"

namespace mix {
namespace {

void check_column(std::string_view family, Rows x, Weights w, Index column) {
  double low = infinity;
  double high = -infinity;
  for (Index i = 0; i < x.rows(); ++i) {
    const double value = x(i, column);
    if (!std::isfinite(value)) {
      throw std::invalid_argument(fmt::format(
          "{}: row {}, column {} is {}; all entries must be finite: drop the row or fill "
          "the cell",
          family, i + 1, column + 1, value));
    }
    if (!(w[i] > 0)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const double rounding =
      4 * std::numeric_limits<double>::epsilon() * std::max(std::abs(low), std::abs(high));
  if (!(high - low > rounding)) {
    throw std::invalid_argument(fmt::format(
        "{}: column {} is constant (all values are {}), so it has no variance: drop the "
        "column or describe it by another family",
        family, column + 1, high));
  }
}

}  // namespace

DataMoments data_moments(std::string_view family, Rows x, Weights w, Spread spread) {
  const Index d = x.cols();
  DataMoments moments;
  moments.rows = w.sum();
  if (!(moments.rows > 0)) return moments;
  for (Index j = 0; j < d; ++j) check_column(family, x, w, j);

  // The mean relative to one of the rows: sums of the data themselves lose digits far from zero.
  moments.mean = x.row(0).transpose();
  for (int pass = 0; pass < 2; ++pass) {
    const Vector sum = sum_over_blocks(x.rows(), d, [&](Index first, Index count, VectorRef total) {
      total += (x.middleRows(first, count).rowwise() - moments.mean.transpose()).transpose() *
               w.segment(first, count);
    });
    moments.mean += sum / moments.rows;
  }
  const bool whole = spread == Spread::covariance;
  const Vector sum = sum_over_blocks(
      x.rows(), whole ? d + d * d : d, [&](Index first, Index count, VectorRef total) {
        const Matrix centered = x.middleRows(first, count).rowwise() - moments.mean.transpose();
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
