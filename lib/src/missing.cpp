#include "mix/missing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <stdexcept>

#include "mix/kernels.h"
#include "mix/parallel.h"
#include "mix/scratch.h"

namespace mix {
namespace {

template <class X>
bool has_nan(const X& x) {
  for (Index j = 0; j < x.cols(); ++j) {
    // A sum is made of vectors, and without a NaN it is one only where infinities meet.
    if (std::isnan(x.col(j).sum()) && x.col(j).hasNaN()) return true;
  }
  return false;
}

// So many columns are compared by one number.
constexpr Index key_columns = 64;
// More columns than this need memory of the system.
constexpr std::size_t most_places = 256;

// Lists of columns, for a few of them without memory from the system.
class Places {
 public:
  explicit Places(Index size) : more_(static_cast<std::size_t>(size) > most_places ? size : 0) {}
  Index* data() { return more_.empty() ? few_.data() : more_.data(); }

 private:
  std::array<Index, most_places> few_{};
  std::vector<Index> more_;
};

using PatternBody = FunctionView<void(std::span<const Index>, const MissingColumns&)>;

// Calls body(rows, columns) for the rows of one block that lack the same cells; complete rows come
// first, rows of a group in their order.
void for_each_pattern(Rows x, PatternBody body) {
  std::array<std::uint64_t, block_rows> key{};
  std::array<Index, block_rows> order{};
  const auto n = static_cast<std::size_t>(x.rows());
  for (Index j = 0; j < std::min(x.cols(), key_columns); ++j) {
    for (std::size_t i = 0; i < n; ++i) {
      key[i] |= static_cast<std::uint64_t>(std::isnan(x(static_cast<Index>(i), j))) << j;
    }
  }
  const auto compare = [&](Index a, Index b) {  // negative: a comes first
    const std::uint64_t key_a = key[static_cast<std::size_t>(a)];
    const std::uint64_t key_b = key[static_cast<std::size_t>(b)];
    if (key_a != key_b) return key_a < key_b ? -1 : 1;
    for (Index j = key_columns; j < x.cols(); ++j) {
      const bool missing_a = std::isnan(x(a, j));
      if (missing_a != std::isnan(x(b, j))) return missing_a ? 1 : -1;
    }
    return 0;
  };
  const auto last = order.begin() + static_cast<std::ptrdiff_t>(n);
  std::iota(order.begin(), last, Index{0});
  std::sort(order.begin(), last, [&](Index a, Index b) {
    const int which = compare(a, b);
    return which != 0 ? which < 0 : a < b;
  });
  Places places(x.cols());
  for (std::size_t first = 0, next = 0; first < n; first = next) {
    while (next < n && compare(order[first], order[next]) == 0) ++next;
    Index* missing = places.data();
    Index* observed = missing;
    for (Index j = 0; j < x.cols(); ++j) {
      if (!std::isnan(x(order[first], j))) *observed++ = j;
    }
    Index* end = observed;
    for (Index j = 0; j < x.cols(); ++j) {
      if (std::isnan(x(order[first], j))) *end++ = j;
    }
    body({order.data() + first, next - first}, {{missing, observed}, {observed, end}});
  }
}

template <class In, class Out>
void gather(const In& in, std::span<const Index> rows, Out&& out) {
  for (Index j = 0; j < in.cols(); ++j) {
    for (std::size_t i = 0; i < rows.size(); ++i) out(static_cast<Index>(i), j) = in(rows[i], j);
  }
}

template <class In, class Out>
void scatter(const In& in, std::span<const Index> rows, Out&& out) {
  for (Index j = 0; j < in.cols(); ++j) {
    for (std::size_t i = 0; i < rows.size(); ++i) out(rows[i], j) = in(static_cast<Index>(i), j);
  }
}

template <class Body>
void for_each_chunk(Index rows, const Body& body) {
  for (Index first = 0; first < rows; first += block_rows) {
    body(first, std::min(block_rows, rows - first));
  }
}

bool row_has_missing(const Rows& x, Index i) {
  for (Index j = 0; j < x.cols(); ++j) {
    if (std::isnan(x(i, j))) return true;
  }
  return false;
}

}  // namespace

bool has_missing(Rows x) { return has_nan(x); }

bool has_missing(const AnyRows& x) {
  if (const Rows* dense = x.dense()) return has_nan(*dense);
  if (const FloatRows* floats = x.floats()) return has_nan(*floats);
  return false;
}

void evaluate_incomplete(Rows x, MatrixRef out, EvaluateRows complete,
                         const EvaluateObserved* observed) {
  for_each_chunk(x.rows(), [&](Index first, Index count) {
    const Rows block = x.middleRows(first, count);
    MatrixRef l = out.middleRows(first, count);
    for_each_pattern(block, [&](std::span<const Index> rows, const MissingColumns& columns) {
      const auto n = static_cast<Index>(rows.size());
      Scratch scratch;
      MatrixMap own_l = scratch.matrix(kernels::packed_stride, l.cols());
      auto own = own_l.topRows(n);
      if (columns.observed.empty()) {
        own.setZero();
      } else if (!columns.missing.empty() && observed == nullptr) {
        own.setConstant(-infinity);
      } else {
        MatrixMap copy = scratch.matrix(kernels::packed_stride, x.cols());
        gather(block, rows, copy);
        if (columns.missing.empty()) {
          complete(copy.topRows(n), own);
        } else {
          (*observed)(copy.topRows(n), columns, own);
        }
      }
      scatter(own, rows, l);
    });
  });
}

void accumulate_incomplete(Rows x, Shares shares, AccumulateRows complete,
                           const AccumulateObserved* observed) {
  for_each_chunk(x.rows(), [&](Index first, Index count) {
    const Rows block = x.middleRows(first, count);
    const Shares p = shares.middleRows(first, count);
    for_each_pattern(block, [&](std::span<const Index> rows, const MissingColumns& columns) {
      const bool whole = columns.missing.empty();
      if (columns.observed.empty() || (!whole && observed == nullptr)) return;
      const auto n = static_cast<Index>(rows.size());
      Scratch scratch;
      MatrixMap copy = scratch.matrix(kernels::packed_stride, x.cols());
      MatrixMap own = scratch.matrix(kernels::packed_stride, p.cols());
      gather(block, rows, copy);
      gather(p, rows, own);
      if (whole) {
        complete(copy.topRows(n), own.topRows(n));
      } else {
        (*observed)(copy.topRows(n), columns, own.topRows(n));
      }
    });
  });
}

void replace_missing(MatrixRef x, FunctionView<void(MatrixRef, const MissingColumns&)> body) {
  for_each_chunk(x.rows(), [&](Index first, Index count) {
    MatrixRef block = x.middleRows(first, count);
    for_each_pattern(block, [&](std::span<const Index> rows, const MissingColumns& columns) {
      if (columns.missing.empty()) return;
      const auto n = static_cast<Index>(rows.size());
      Scratch scratch;
      MatrixMap copy = scratch.matrix(n, x.cols());
      gather(block, rows, copy);
      body(copy, columns);
      scatter(copy, rows, block);
    });
  });
}

WholeRows::WholeRows(const AnyRows& x) {
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index i = 0; i < block.rows(); ++i) {
      if (!row_has_missing(block, i)) rows_.push_back(first + i);
    }
  });
  const DenseRows dense(x);
  x_ = (*dense)(rows_, Eigen::all);
}

Matrix WholeRows::in_all_places(Index rows) const {
  Matrix out = x_.row(0).replicate(rows, 1);
  out(rows_, Eigen::all) = x_;
  return out;
}

Matrix WholeRows::spread_out(const Matrix& points, Index rows) const {
  Matrix out(rows, points.cols());
  const Eigen::RowVectorXd mean = points.rows() > 0
                                      ? Eigen::RowVectorXd(points.colwise().mean())
                                      : Eigen::RowVectorXd(Eigen::RowVectorXd::Zero(points.cols()));
  out.rowwise() = mean;
  out(rows_, Eigen::all) = points;
  return out;
}

void fill_with_means(Matrix& points) {
  for (Index j = 0; j < points.cols(); ++j) {
    auto column = points.col(j).array();
    const Index missing = column.isNaN().count();
    if (missing == 0) continue;
    const Index seen = column.size() - missing;
    const double mean =
        seen > 0 ? column.isNaN().select(0.0, column).sum() / static_cast<double>(seen) : 0;
    column = column.isNaN().select(mean, column);
  }
}

std::string partly_missing_complaint(const AnyRows& x, const std::string& family) {
  std::string complaint;
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index i = 0; i < block.rows() && complaint.empty(); ++i) {
      const auto missing = block.row(i).array().isNaN();
      if (!missing.any() || missing.all()) continue;
      Index column = 0;
      while (!missing[column]) ++column;
      complaint = fmt::format(
          "row {}, column {}: the value is missing; the family '{}' takes rows that lack no cell, "
          "or all of them: fill the cell or leave the row out",
          first + i + 1, column + 1, family);
    }
  });
  return complaint;
}

void check_observed(const std::string& family, const AnyRows& x, ConstVectorRef w,
                    FunctionView<bool(Index)> needed) {
  if (!(w.sum() > 0)) return;
  std::vector<bool> seen(static_cast<std::size_t>(x.cols()), false);
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index j = 0; j < block.cols(); ++j) {
      for (Index i = 0; i < block.rows() && !seen[static_cast<std::size_t>(j)]; ++i) {
        if (w[first + i] > 0 && !std::isnan(block(i, j))) seen[static_cast<std::size_t>(j)] = true;
      }
    }
  });
  for (std::size_t j = 0; j < seen.size(); ++j) {
    if (seen[j] || !needed(static_cast<Index>(j))) continue;
    throw std::invalid_argument(fmt::format(
        "{}: column {} has no observed cell, so nothing can be learned of it: leave the column out",
        family, j + 1));
  }
}

}  // namespace mix
