#include "drawn_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "data.h"

namespace mix::cli {

namespace {

/// Steele, Lea & Flood (2014): 64 bits that look random.
std::uint64_t splitmix(std::uint64_t z) {
  z += 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

}  // namespace

DrawnRows drawn_rows(const MixtureModel& model, const Table& table, Index most,
                     const Vector& weights) {
  std::vector<Index> usable = table.complete_rows(columns_of_cells(table));
  DrawnRows result;
  result.complete = static_cast<Index>(usable.size());
  result.incomplete = table.rows() - result.complete;
  if (weights.size() > 0) {
    result.weight_sum = weights(usable).sum();
    std::erase_if(usable, [&](Index i) { return !(weights[i] > 0); });
  }
  std::vector<Index> chosen;
  for (const Index i : thinned(static_cast<Index>(usable.size()), most)) {
    chosen.push_back(usable[static_cast<std::size_t>(i)]);
  }
  result.x = *DenseRows(table.take(chosen).cells());
  result.weights = weights.size() > 0 ? Vector(weights(chosen)) : Vector::Ones(result.x.rows());
  const Matrix r = model.responsibilities(result.x);
  const auto k = static_cast<double>(model.n_components());
  result.certainty = Vector::Ones(r.rows());
  for (Index i = 0; i < r.rows(); ++i) {
    Index label = 0;
    const double largest = r.row(i).maxCoeff(&label);
    result.labels.push_back(label);
    if (k > 1) result.certainty[i] = std::clamp((largest - 1 / k) / (1 - 1 / k), 0.0, 1.0);
  }
  return result;
}

std::vector<Index> thinned(Index size, Index n) {
  std::vector<Index> result(static_cast<std::size_t>(size));
  std::iota(result.begin(), result.end(), Index{0});
  if (n >= size) return result;
  const auto key = [](Index i) { return splitmix(static_cast<std::uint64_t>(i)); };
  std::nth_element(result.begin(), result.begin() + n, result.end(),
                   [&](Index a, Index b) { return key(a) < key(b); });
  result.resize(static_cast<std::size_t>(n));
  std::sort(result.begin(), result.end());
  return result;
}

bool is_jittered(const Column& column, ConstVectorRef values) {
  if (column.kind != ColumnKind::count) return column.kind == ColumnKind::category;
  const auto different = static_cast<Index>(std::set<double>(values.begin(), values.end()).size());
  return different <= 30 || values.size() > 20 * different;
}

Vector jittered(ConstVectorRef values, std::uint64_t stream) {
  Vector result = values;
  for (Index i = 0; i < result.size(); ++i) {
    const std::uint64_t bits = splitmix(splitmix(stream) + static_cast<std::uint64_t>(i));
    result[i] += 0.6 * (static_cast<double>(bits >> 11U) * 0x1p-53 - 0.5);
  }
  return result;
}

bool is_discrete(const MixtureModel& model, ConstMatrixRef x, Index column) {
  const Index rows = std::min<Index>(x.rows(), 200);
  const auto is_whole = [](double value) { return value == std::round(value); };
  if (rows == 0 || !std::all_of(x.col(column).begin(), x.col(column).end(), is_whole)) return false;
  Matrix moved = x.topRows(rows);
  moved.col(column).array() += 0.5;
  const Vector there = model.log_density(x.topRows(rows));
  // Half up may leave a box that ends at the largest value, half down does not as well.
  const Vector above = model.log_density(moved);
  moved.col(column).array() -= 1;
  const Vector below = model.log_density(moved);
  return (there.array() > -infinity).any() && (above.array() == -infinity).all() &&
         (below.array() == -infinity).all();
}

Range padded_range(ConstVectorRef values, double room) {
  if (values.size() == 0) return {};
  const double low = values.minCoeff();
  const double high = values.maxCoeff();
  const double pad = high > low ? room * (high - low)
                                : std::max(0.5, 1e-3 * std::max(std::abs(low), std::abs(high)));
  return {low - pad, high + pad};
}

Range extended(Range range, Range other, double most) {
  const double room = most * range.length();
  return {std::max(range.low - room, std::min(range.low, other.low)),
          std::min(range.high + room, std::max(range.high, other.high))};
}

double tic_step(Range range, int most) {
  const double least = range.length() / most;
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least) return factor * power;
  }
  return 10 * power;
}

std::string tic_format(Range range) {
  const double largest = std::max(std::abs(range.low), std::abs(range.high));
  const double digits = std::log10(std::max(largest, 1e-300) / range.length()) + 3;
  return digits > 6 ? fmt::format("%.{}g", std::min(17, static_cast<int>(digits))) : "%g";
}

std::vector<Index> telling_columns(const DrawnRows& rows, const std::vector<Index>& columns,
                                   Index most) {
  if (std::ssize(columns) <= most) return columns;
  const Index k =
      rows.labels.empty() ? 1 : 1 + *std::max_element(rows.labels.begin(), rows.labels.end());
  Vector share = Vector::Zero(rows.x.cols());
  for (const Index j : columns) {
    const Vector x = rows.x.col(j).array() - rows.x.col(j).mean();
    Vector sum = Vector::Zero(k);
    Vector count = Vector::Zero(k);
    for (Index i = 0; i < x.size(); ++i) {
      const Index label = rows.labels[static_cast<std::size_t>(i)];
      sum[label] += x[i];
      count[label] += 1;
    }
    const double between = (sum.array().square() / count.array().max(1)).sum();
    share[j] = x.squaredNorm() > 0 ? between / x.squaredNorm() : 0;
  }
  std::vector<Index> order = columns;
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return share[a] > share[b]; });
  order.resize(static_cast<std::size_t>(most));
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace mix::cli
