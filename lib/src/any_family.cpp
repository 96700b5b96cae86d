#include "mix/any_family.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "mix/kernels.h"
#include "mix/parallel.h"

namespace mix {

void AnyFamily::fit_by_streaming(Interface& family, const AnyRows& x, Shares shares) {
  const Index cycles = family.cycles();
  for (Index cycle = 0; cycle < cycles; ++cycle) {
    family.select_cycle(cycle);
    const Vector sum = sum_over_blocks(
        x.rows(), family.statistics_size(), [&](Index first, Index count, VectorRef statistics) {
          add_up(family, x.middleRows(first, count), shares.middleRows(first, count), statistics);
        });
    family.maximize(sum);
  }
}

void AnyFamily::evaluate_blocks(const Interface& family, const AnyRows& x, MatrixRef out) {
  const BorrowedMemory memory;
  for (Index first = 0; first < x.rows(); first += block_rows) {
    const Index count = std::min(block_rows, x.rows() - first);
    family.log_densities(x.middleRows(first, count), out.middleRows(first, count), *memory);
  }
}

void AnyFamily::accumulate_blocks(const Interface& family, const AnyRows& x, Shares shares,
                                  VectorRef statistics) {
  const BorrowedMemory memory;
  for (Index first = 0; first < x.rows(); first += block_rows) {
    const Index count = std::min(block_rows, x.rows() - first);
    const AnyRows block = x.middleRows(first, count);
    // Statistics are those of the block that was evaluated last.
    Matrix& l = memory->matrix(0, kernels::packed_stride, family.size());
    family.log_densities(block, l.topLeftCorner(count, family.size()), memory->part(0));
    family.accumulate(block, shares.middleRows(first, count), statistics, memory->part(0));
  }
}

std::string AnyFamily::complaint_of_blocks(const AnyRows& x,
                                           const std::function<std::string(Rows)>& check) {
  for (Index first = 0; first < x.rows(); first += block_rows) {
    const DenseBlock block(x, first, std::min(block_rows, x.rows() - first));
    // It numbers and counts the rows, so that it is worth a copy of all.
    if (!check(*block).empty()) return check(*DenseRows(x));
  }
  return {};
}

Matrix standardized(const AnyRows& x) {
  const auto n = static_cast<double>(std::max<Index>(x.rows(), 1));
  Matrix out(x.rows(), x.cols());
  x.write_to(out);
  if (has_missing(x)) fill_with_means(out);
  const Eigen::RowVectorXd mean = out.colwise().mean();
  out.rowwise() -= mean;
  for (Index d = 0; d < out.cols(); ++d) {
    const double deviation = std::sqrt(out.col(d).squaredNorm() / n);
    if (deviation > 0) out.col(d) /= deviation;
  }
  return out;
}

AnyFamily AnyFamily::marginal(const std::vector<Index>& columns) const {
  check_chosen_columns(dimension(), columns);
  // All columns as they are need no function of the family.
  const bool all = static_cast<Index>(columns.size()) == dimension();
  if (all && std::is_sorted(columns.begin(), columns.end())) return *this;
  return self_->marginal(columns);
}

AnyFamily AnyFamily::conditional(const std::vector<Index>& columns, ConstVectorRef values) const {
  check_chosen_columns(dimension(), columns);
  if (static_cast<Index>(columns.size()) == dimension() || !values.allFinite() ||
      values.size() != static_cast<Index>(columns.size())) {
    throw std::invalid_argument(fmt::format(
        "{} values given for {} of {} columns; give one finite value for each, and leave a column",
        values.size(), columns.size(), dimension()));
  }
  return self_->conditional(columns, values);
}

}  // namespace mix
