#include "mix/row_checks.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <utility>

namespace mix {
namespace {

template <class... Args>
[[noreturn]] void refuse_rows(fmt::format_string<Args...> text, Args&&... args) {
  throw std::invalid_argument(fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace

void check_cells(const AnyRows& x, const char* what, bool missing,
                 FunctionView<bool(Index)> infinite) {
  const auto check_cell = [what, infinite, missing = missing && x.sparse() == nullptr](
                              double value, Index row, Index column) {
    if (std::isfinite(value) || (missing && std::isnan(value))) return;
    if (std::isinf(value) && infinite(column)) return;
    refuse_rows("{}: row {}, column {} is {}; leave such rows out, cells must be finite", what,
                row + 1, column + 1, std::isnan(value) ? "missing (NaN)" : "infinite");
  };
  if (const SparseRows* sparse = x.sparse()) {
    for (Index i = 0; i < x.rows(); ++i) {
      for (Index c = sparse->begin(i); c < sparse->begin(i + 1); ++c) {
        check_cell(sparse->value()[c], i, sparse->column()[c]);
      }
    }
    return;
  }
  const auto check_dense = [&](const auto& dense) {
    for (Index d = 0; d < x.cols(); ++d) {
      for (Index i = 0; i < x.rows(); ++i) check_cell(static_cast<double>(dense(i, d)), i, d);
    }
  };
  if (const FloatRows* floats = x.floats()) return check_dense(*floats);
  check_dense(*x.dense());
}

void check_rows(const AnyFamily& family, const AnyRows& x, const char* what) {
  if (x.cols() != family.dimension()) {
    refuse_rows("{}: the model describes {} columns, but the data have {}", what,
                family.dimension(), x.cols());
  }
  if (x.rows() == 0) refuse_rows("{}: the data have no rows", what);
  check_cells(x, what, true, [&](Index column) { return family.takes_infinite_cells(column); });
}

void check_weights(Weights w, Index rows, const char* what) {
  if (w.size() != rows) {
    refuse_rows("{}: there are {} sample weights for {} rows", what, w.size(), rows);
  }
  for (Index i = 0; i < rows; ++i) {
    if (std::isfinite(w[i]) && w[i] >= 0) continue;
    refuse_rows("{}: the sample weight of row {} is {}; weights must be finite and non-negative",
                what, i + 1, w[i]);
  }
  if (!(w.sum() > 0))
    refuse_rows("{}: all sample weights are 0; at least one must be positive", what);
  if (!std::isfinite(w.sum())) {
    refuse_rows("{}: the sum of the sample weights is infinite; divide them by their largest, {}",
                what, w.maxCoeff());
  }
}

}  // namespace mix
