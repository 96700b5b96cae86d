#include "turnbull.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace mix::cli {

namespace {

/// An end on the axis. At one place a known value begins before intervals end, and these end before
/// others begin.
struct End {
  enum Kind { known_value, right, left };

  double at;
  Kind kind;

  bool operator<(const End& other) const {
    return std::tie(at, kind) < std::tie(other.at, other.kind);
  }
};

/// A row's interval as ends, then as the innermost intervals that lie within it.
struct Row {
  End left;
  End right;
  double weight;
  std::size_t first = 0;
  std::size_t last = 0;  ///< one past
};

std::vector<Row> rows_of(ConstMatrixRef ends, const Vector& weights, ValueKind kind) {
  std::vector<Row> rows;
  for (Index i = 0; i < ends.rows(); ++i) {
    double low = std::isnan(ends(i, 0)) ? -infinity : ends(i, 0);
    double high = std::isnan(ends(i, 1)) ? infinity : ends(i, 1);
    if (kind == ValueKind::counts) {
      low = std::ceil(low) - 1;
      high = std::floor(high);
    }
    const double weight = weights.size() > 0 ? weights[i] : 1;
    if (!(weight > 0) || low > high || (low == -infinity && high == infinity)) continue;
    rows.push_back({{low, low == high ? End::known_value : End::left}, {high, End::right}, weight});
  }
  return rows;
}

/// Where a left end is followed by a right one: only there can mass be needed.
std::vector<std::pair<End, End>> innermost(const std::vector<Row>& rows) {
  std::vector<End> ends;
  for (const Row& row : rows) {
    ends.push_back(row.left);
    ends.push_back(row.right);
  }
  std::sort(ends.begin(), ends.end());
  std::vector<std::pair<End, End>> result;
  for (std::size_t i = 1; i < ends.size(); ++i) {
    if (ends[i - 1].kind != End::right && ends[i].kind == End::right) {
      result.emplace_back(ends[i - 1], ends[i]);
    }
  }
  return result;
}

/// One step of EM on the masses; returns how far the largest moved. Rows hold neighboring
/// intervals, so that running sums serve all of them.
double step(const std::vector<Row>& rows, double total, std::vector<double>& mass) {
  std::vector<double> below(mass.size() + 1, 0);
  for (std::size_t j = 0; j < mass.size(); ++j) below[j + 1] = below[j] + mass[j];
  std::vector<double> change(mass.size() + 1, 0);
  for (const Row& row : rows) {
    const double factor = row.weight / (below[row.last] - below[row.first]);
    change[row.first] += factor;
    change[row.last] -= factor;
  }
  double factor = 0;
  double most = 0;
  for (std::size_t j = 0; j < mass.size(); ++j) {
    factor += change[j];
    const double next = mass[j] * std::max(factor, 0.0) / total;
    most = std::max(most, std::abs(next - mass[j]));
    mass[j] = next;
  }
  return most;
}

}  // namespace

std::vector<MassInterval> turnbull(ConstMatrixRef ends, const Vector& weights, ValueKind kind) {
  constexpr int most_steps = 2000;
  constexpr double enough = 1e-7;  // less than a picture can show
  std::vector<Row> rows = rows_of(ends, weights, kind);
  const auto intervals = innermost(rows);
  double total = 0;
  for (Row& row : rows) {
    total += row.weight;
    const auto begins = [](const std::pair<End, End>& a, const End& b) { return a.first < b; };
    const auto ends_after = [](const End& a, const std::pair<End, End>& b) { return a < b.second; };
    row.first = static_cast<std::size_t>(
        std::lower_bound(intervals.begin(), intervals.end(), row.left, begins) - intervals.begin());
    row.last = static_cast<std::size_t>(
        std::upper_bound(intervals.begin(), intervals.end(), row.right, ends_after) -
        intervals.begin());
  }
  std::vector<double> mass(intervals.size(), 1 / static_cast<double>(intervals.size()));
  for (int i = 0; i < most_steps && step(rows, total, mass) > enough; ++i) {
  }
  std::vector<MassInterval> result;
  for (std::size_t j = 0; j < intervals.size(); ++j) {
    const auto& [left, right] = intervals[j];
    // A count lies at the end of its interval.
    const double low = kind == ValueKind::counts && std::isfinite(left.at) ? left.at + 1 : left.at;
    result.push_back({low, right.at, mass[j]});
  }
  return result;
}

}  // namespace mix::cli
