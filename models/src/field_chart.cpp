#include "field_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "mix/errors.h"
#include "mix/fields.h"

namespace mix {
namespace {

// Numbers whose sum is as near to one sum to one by their nature.
constexpr double rounding_of_sum = 1e-9;
// A unit is found by steps of so much of it, and is right when densities change by as much, within
// a factor.
constexpr double probe = 1e-4;
constexpr double well_scaled = 10;
constexpr int most_probes = 12;
constexpr double larger = 1e3;
// More rows are not looked at for units.
constexpr Index probed_rows = 512;

bool sums_to_one(ConstVectorRef values) {
  return values.size() > 1 && values.minCoeff() >= 0 &&
         std::abs(values.sum() - 1) < rounding_of_sum;
}

bool is_symmetric(const Matrix& m) {
  return m.rows() == m.cols() &&
         (m - m.transpose()).cwiseAbs().sum() <= rounding_of_sum * m.cwiseAbs().sum();
}

bool is_lower_triangle(const Matrix& m) {
  return m.rows() == m.cols() && m.rows() > 1 && m.isLowerTriangular(0.0);
}

// Visits every number of the fields and adds a change to it. Reading and writing are one visitor,
// so that both meet the numbers in the same order.
class Mover final : public Fields {
 public:
  // Without changes it only counts.
  explicit Mover(const Vector* changes) : changes_(changes) {}

  [[nodiscard]] Index count() const { return next_; }
  [[nodiscard]] bool loading() const override { return changes_ != nullptr; }
  void operator()(std::string_view /*name*/, double& value) override { value += take(); }
  void operator()(std::string_view /*name*/, Index& /*value*/) override {}
  void operator()(std::string_view /*name*/, std::string& /*value*/) override {}
  void operator()(std::string_view /*name*/, Vector& value) override { value += line(value); }
  void operator()(std::string_view /*name*/, Matrix& value) override {
    const bool symmetric = is_symmetric(value);
    const bool lower = symmetric || is_lower_triangle(value);
    if (!lower && value.cols() > 1 &&
        std::all_of(value.rowwise().begin(), value.rowwise().end(),
                    [](const auto& row) { return sums_to_one(row.transpose()); })) {
      for (auto row : value.rowwise()) row += line(row.transpose()).transpose();
      return;
    }
    for (Index j = 0; j < value.cols(); ++j) {
      for (Index i = lower ? j : 0; i < value.rows(); ++i) {
        value(i, j) += take();
        if (symmetric) value(j, i) = value(i, j);
      }
    }
  }
  void operator()(std::string_view /*name*/, std::vector<Index>& /*value*/) override {}
  void operator()(std::string_view /*name*/, std::vector<std::string>& /*value*/) override {}
  void operator()(std::string_view /*name*/, AnyFamily& value) override {
    if (!has_coordinates(value)) {
      value.fields(*this);
      return;
    }
    const Vector at = value.coordinates();
    const Vector change = Vector::NullaryExpr(at.size(), [&] { return take(); });
    if (loading() && (change.array() != 0).any()) value.set_coordinates(at + change);
  }
  void list(std::string_view /*name*/, Index size, const std::function<void(Index)>& /*resize*/,
            const std::function<void(Index, Fields&)>& element) override {
    for (Index i = 0; i < size; ++i) element(i, *this);
  }

 private:
  double take() {
    const Index place = next_++;
    return loading() ? (*changes_)[place] : 0;
  }
  // The changes of a list; of numbers that sum to one those that keep the sum.
  Vector line(ConstVectorRef values) {
    Vector change = Vector::NullaryExpr(values.size(), [&] { return take(); });
    if (!loading() || !sums_to_one(values) || (change.array() == 0).all()) return change;
    const Vector moved = values.array() * change.array().exp();
    return moved / moved.sum() - values;
  }

  const Vector* changes_;
  Index next_ = 0;
};

}  // namespace

bool has_coordinates(const AnyFamily& family) {
  if (family.charted()) return true;
  try {
    (void)family.coordinates();
    return true;
  } catch (const std::logic_error&) {
    return false;
  }
}

FieldChart::FieldChart(const AnyFamily& family, const AnyRows& x) : family_(family) {
  const auto unavailable = [&](const std::string& why) {
    return NotAvailable(fmt::format(
        "standard_errors: family {} has no coordinates, and {}; give it coordinates() and "
        "set_coordinates(v), or use the bootstrap",
        in_quotes(family.name()), why));
  };
  try {
    Mover counter(nullptr);
    AnyFamily copy = family;
    copy.fields(counter);
    numbers_ = counter.count();
  } catch (const std::logic_error&) {
    throw unavailable("no fields(visit) that name its parameters");
  }
  const AnyRows rows = x.middleRows(0, std::min(x.rows(), probed_rows));
  Matrix here(rows.rows(), family.size());
  family.log_densities(rows, here);
  for (Index place = 0; place < numbers_; ++place) {
    const double unit = unit_of(place, rows, here);
    if (!(unit > 0)) continue;
    places_.push_back(place);
    units_.push_back(unit);
  }
  if (places_.empty()) throw unavailable("no number among its fields moves its densities");
}

AnyFamily FieldChart::changed(const Vector& by_place) const {
  AnyFamily moved = family_;
  Mover mover(&by_place);
  moved.fields(mover);
  return moved;
}

AnyFamily FieldChart::moved(ConstVectorRef change) const {
  Vector by_place = Vector::Zero(numbers_);
  for (Index i = 0; i < size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    by_place[places_[at]] = units_[at] * change[i];
  }
  return changed(by_place);
}

// The root of the mean square by which log densities change, per step; NaN where the family refuses
// or has no density.
double FieldChart::sensitivity(Index place, double step, const AnyRows& x,
                               const Matrix& here) const {
  double sum = 0;
  for (const double side : {step, -step}) {
    try {
      Matrix there(here.rows(), here.cols());
      changed(side * Vector::Unit(numbers_, place)).log_densities(x, there);
      double most = 0;
      for (Index k = 0; k < here.cols(); ++k) {
        double squares = 0;
        for (Index i = 0; i < here.rows(); ++i) {
          if (here(i, k) > -infinity) squares += std::pow(there(i, k) - here(i, k), 2);
        }
        most = std::isnan(squares) ? quiet_nan : std::max(most, squares);
      }
      sum += most;
    } catch (const std::exception&) {
      return quiet_nan;
    }
  }
  return std::sqrt(0.5 * sum / static_cast<double>(here.rows())) / probe;
}

double FieldChart::unit_of(Index place, const AnyRows& x, const Matrix& here) const {
  double unit = 1;
  double found = 0;
  for (int i = 0; i < most_probes; ++i) {
    const double change = sensitivity(place, probe * unit, x, here);
    if (!std::isfinite(change)) {
      unit /= larger;
    } else if (change == 0) {
      if (found > 0) break;
      unit *= larger;
    } else {
      found = unit;
      if (change < well_scaled && change > 1 / well_scaled) break;
      unit /= change;
    }
  }
  return found;
}

}  // namespace mix
