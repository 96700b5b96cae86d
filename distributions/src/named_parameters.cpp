#include "named_parameters.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <string_view>

namespace mix {
namespace {

// The numbers and lists of numbers among the parameters of a component. Others are left as they
// are.
class ParameterReader final : public Fields {
 public:
  [[nodiscard]] bool loading() const override { return false; }
  void operator()(std::string_view name, double& value) override {
    values.emplace_back(name, Vector::Constant(1, value));
  }
  void operator()(std::string_view name, Vector& value) override {
    values.emplace_back(name, value);
  }
  void operator()(std::string_view /*name*/, Index& /*value*/) override {}
  void operator()(std::string_view /*name*/, std::string& /*value*/) override {}
  void operator()(std::string_view name, Matrix& value) override {
    if (value.size() == 1) values.emplace_back(name, Vector::Constant(1, value(0, 0)));
  }
  void operator()(std::string_view /*name*/, std::vector<Index>& /*value*/) override {}
  void operator()(std::string_view /*name*/, std::vector<std::string>& /*value*/) override {}
  void operator()(std::string_view /*name*/, AnyFamily& /*value*/) override {}
  void list(std::string_view /*name*/, Index /*size*/, const std::function<void(Index)>& /*resize*/,
            const std::function<void(Index, Fields&)>& /*element*/) override {}

  NamedValues values;
};

// Loads some parameters and leaves all else as it is.
class ParameterWriter final : public Fields {
 public:
  explicit ParameterWriter(const NamedValues& values) : values_(values) {}

  [[nodiscard]] bool loading() const override { return true; }
  void operator()(std::string_view name, double& value) override {
    if (const Vector* v = find(name, 1)) value = (*v)[0];
  }
  void operator()(std::string_view name, Vector& value) override {
    if (const Vector* v = find(name, value.size())) value = *v;
  }
  void operator()(std::string_view /*name*/, Index& /*value*/) override {}
  void operator()(std::string_view /*name*/, std::string& /*value*/) override {}
  void operator()(std::string_view /*name*/, Matrix& /*value*/) override {}
  void operator()(std::string_view /*name*/, std::vector<Index>& /*value*/) override {}
  void operator()(std::string_view /*name*/, std::vector<std::string>& /*value*/) override {}
  void operator()(std::string_view /*name*/, AnyFamily& /*value*/) override {}
  void list(std::string_view /*name*/, Index size, const std::function<void(Index)>& resize,
            const std::function<void(Index, Fields&)>& element) override {
    resize(size);
    for (Index i = 0; i < size; ++i) element(i, *this);
  }

 private:
  [[nodiscard]] const Vector* find(std::string_view name, Index size) const {
    for (const auto& [own, value] : values_) {
      if (own == name && value.size() == size) return &value;
    }
    return nullptr;
  }

  const NamedValues& values_;
};

// One after the other.
Vector all_values_of(const AnyFamily& component) {
  std::vector<double> all;
  for (const auto& [name, values] : values_of(component)) {
    all.insert(all.end(), values.begin(), values.end());
  }
  return Eigen::Map<Vector>(all.data(), std::ssize(all));
}

}  // namespace

NamedValues values_of(const AnyFamily& component) {
  ParameterReader reader;
  component.describe(0, reader);
  return std::move(reader.values);
}

std::string load(AnyFamily& component, const NamedValues& values) {
  try {
    ParameterWriter writer(values);
    component.fields(writer);
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

Vector& value_named(NamedValues& values, const std::string& parameter) {
  return std::find_if(values.begin(), values.end(),
                      [&](const auto& named) { return named.first == parameter; })
      ->second;
}

bool accepts(AnyFamily component, const std::string& parameter, Vector values, Index index,
             double value) {
  values[index] = value;
  return load(component, {{parameter, values}}).empty();
}

bool loads_what_it_describes(const AnyFamily& component) {
  constexpr double little = 1e-3;
  constexpr double rounding = 1e-12;
  for (const auto& [parameter, numbers] : values_of(component)) {
    AnyFamily moved = component;
    const Vector other =
        numbers.unaryExpr([](double value) { return value != 0 ? value * (1 + little) : little; });
    if (!load(moved, {{parameter, other}}).empty()) return false;
    NamedValues now = values_of(moved);
    const Vector& read = value_named(now, parameter);
    if (!((read - other).cwiseAbs().maxCoeff() <= rounding * other.cwiseAbs().maxCoeff())) {
      return false;
    }
  }
  return true;
}

bool has_kink(const AnyFamily& component, const std::string& parameter, const Vector& values,
              Index index, double unit) {
  constexpr double share = 1e-4;
  constexpr double smooth = 0.1;
  if (component.dimension() != 1) return false;
  const double step = share * unit;
  const auto value_at = [&](double moved) {
    AnyFamily other = component;
    Vector all = values;
    all[index] += moved;
    Matrix out = Matrix::Constant(1, 1, quiet_nan);
    if (load(other, {{parameter, all}}).empty()) {
      other.log_densities(Matrix::Constant(1, 1, values[index]), out);
    }
    return out(0, 0);
  };
  const double here = value_at(0);
  const double right = value_at(step);
  const double left = value_at(-step);
  const int finite = static_cast<int>(std::isfinite(here)) +
                     static_cast<int>(std::isfinite(right)) + static_cast<int>(std::isfinite(left));
  if (finite == 0) return false;  // outside of the support
  return finite < 3 || std::abs(right - 2 * here + left) > smooth * share;
}

Matrix derivatives_along_coordinates(const AnyFamily& component) {
  constexpr double step = 1e-5;
  const Vector at = component.coordinates();
  const auto all_values = [&](Index i, double moved) {
    AnyFamily other = component;
    Vector v = at;
    v[i] += moved;
    other.set_coordinates(v);
    return all_values_of(other);
  };
  Matrix derivatives;
  for (Index i = 0; i < at.size(); ++i) {
    const Vector slope = (all_values(i, step) - all_values(i, -step)) / (2 * step);
    if (i == 0) derivatives.resize(slope.size(), at.size());
    derivatives.col(i) = slope;
  }
  return derivatives;
}

std::pair<Vector, Vector> reach_along_coordinates(const AnyFamily& component) {
  constexpr double far = 20;
  const Vector at = component.coordinates();
  std::pair<Vector, Vector> reach;
  for (Index i = 0; i < at.size(); ++i) {
    for (const double step : {-far, far}) {
      AnyFamily moved = component;
      Vector v = at;
      v[i] += step;
      moved.set_coordinates(v);
      const Vector now = all_values_of(moved);
      if (reach.first.size() == 0) reach = {now, now};
      reach.first = reach.first.cwiseMin(now);
      reach.second = reach.second.cwiseMax(now);
    }
  }
  return reach;
}

}  // namespace mix
