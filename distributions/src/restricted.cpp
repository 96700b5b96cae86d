#include "mix/distributions/restricted.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

#include "mix/coordinates.h"
#include "mix/errors.h"
#include "named_parameters.h"
#include "univariate.h"

namespace mix {

Restricted::Restricted(const AnyFamily& prototype, Index k, Restrictions restrictions)
    : restrictions_(std::move(restrictions)) {
  if (prototype.size() != 1 || k < 1) {
    throw std::invalid_argument(
        fmt::format("restricted: {} components of a family of {}; at least 1 of a family of 1", k,
                    prototype.size()));
  }
  parts_ = FamilyList(std::vector<AnyFamily>(static_cast<std::size_t>(k), prototype));
  sort_entries();
  impose();
}

const AnyFamily& Restricted::component(Index k) const {
  return parts_.families()[static_cast<std::size_t>(k)];
}

std::string Restricted::title() const {
  std::vector<std::string> parts;
  for (const auto& [parameter, value] : restrictions_.fixed) {
    parts.push_back(fmt::format("{} = {}", parameter, value));
  }
  for (const std::string& parameter : restrictions_.shared) parts.push_back("one " + parameter);
  return fmt::format("{}, {}", component(0).title(), fmt::join(parts, ", "));
}

Index Restricted::parameter_count() const {
  return static_cast<Index>(shared_.size() + own_.size() * static_cast<std::size_t>(size()));
}

std::vector<Restricted::Entry> Restricted::entries_of(const AnyFamily& component) {
  const NamedValues values = values_of(component);
  const bool charted = component.charted() && component.coordinates().size() > 0;
  const bool loads = loads_what_it_describes(component);
  if (values.empty() || (!loads && !charted)) return {};
  Matrix derivatives;
  std::pair<Vector, Vector> reach;
  if (charted) derivatives = derivatives_along_coordinates(component);
  if (charted && !loads) reach = reach_along_coordinates(component);
  // Of one number, row `row` among all: real, or nothing where it cannot be moved alone.
  const auto range_of = [&](const std::string& parameter, const Vector& numbers, Index i,
                            Index row) -> std::optional<Range> {
    const double value = numbers[i];
    if (!loads) {
      if (!(reach.first[row] > 0)) return Range::real;
      return reach.second[row] < 1 ? Range::unit : Range::positive;
    }
    const auto can_be = [&](double other) {
      return accepts(component, parameter, numbers, i, other);
    };
    const double far = 1 + std::abs(value);
    if (can_be(-far)) return Range::real;
    if (can_be(2 * far)) return Range::positive;
    if (value > 0 && value < 1 && can_be(value / 2)) return Range::unit;
    return std::nullopt;
  };
  std::vector<Entry> entries;
  Index row = 0;
  for (const auto& [parameter, numbers] : values) {
    for (Index i = 0; i < numbers.size(); ++i, ++row) {
      // What no coordinate moves is a setting.
      if (charted && (derivatives.row(row).array() == 0).all()) continue;
      const std::optional<Range> range = range_of(parameter, numbers, i, row);
      const double unit = charted ? derivatives.row(row).norm() : 1;
      if (loads && has_kink(component, parameter, numbers, i, unit)) continue;
      if (range) entries.push_back({.parameter = parameter, .index = i, .range = *range});
    }
  }
  const auto count = static_cast<Index>(entries.size());
  const bool solvable = loads || component.coordinates().size() == count;
  if (count != component.parameter_count() || !solvable) return {};
  return entries;
}

std::vector<std::string> Restricted::parameters_of(const AnyFamily& component) {
  std::vector<std::string> names;
  for (const Entry& entry : entries_of(component)) {
    if (names.empty() || names.back() != entry.parameter) names.push_back(entry.parameter);
  }
  return names;
}

void Restricted::sort_entries() {
  const AnyFamily& first = component(0);
  std::vector<Entry> entries = entries_of(first);
  if (entries.empty()) {
    throw std::invalid_argument(fmt::format(
        "{}: its parameters cannot be fixed or shared one by one, because not all {} of them are "
        "numbers that move alone and without a kink of the density; use a family of one column, "
        "such as normal or gamma, or its "
        "covariance structures",
        first.title(), first.parameter_count()));
  }
  const std::vector<std::string> known = parameters_of(first);
  const auto check_name = [&](const std::string& parameter) {
    if (std::find(known.begin(), known.end(), parameter) != known.end()) return;
    throw std::invalid_argument(
        fmt::format("{} has no parameter \"{}\" to fix or to share; it has {}", first.title(),
                    parameter, fmt::join(known, ", ")));
  };
  for (const auto& [parameter, value] : restrictions_.fixed) check_name(parameter);
  for (const std::string& parameter : restrictions_.shared) {
    check_name(parameter);
    if (restrictions_.fixed.contains(parameter) ||
        std::count(restrictions_.shared.begin(), restrictions_.shared.end(), parameter) > 1) {
      throw std::invalid_argument(fmt::format(
          "{}: \"{}\" is restricted twice; fix it or share it, once", first.title(), parameter));
    }
  }
  loads_ = loads_what_it_describes(first);
  shared_.clear();
  own_.clear();
  fixed_.clear();
  for (Entry& entry : entries) {
    if (restrictions_.fixed.contains(entry.parameter)) {
      fixed_.push_back(std::move(entry));
      continue;
    }
    const bool shared =
        std::count(restrictions_.shared.begin(), restrictions_.shared.end(), entry.parameter) > 0;
    (shared ? shared_ : own_).push_back(std::move(entry));
  }
  learn_units();
}

void Restricted::learn_units() {
  const AnyFamily& first = component(0);
  if (!first.charted()) return;
  const Matrix derivatives = derivatives_along_coordinates(first);
  const NamedValues values = values_of(first);
  for (std::vector<Entry>* entries : {&shared_, &own_, &fixed_}) {
    for (Entry& entry : *entries) {
      Index row = entry.index;
      for (const auto& [parameter, numbers] : values) {
        if (parameter == entry.parameter) break;
        row += numbers.size();
      }
      const double unit = derivatives.row(row).norm();
      if (is_positive(unit)) entry.unit = unit;
    }
  }
}

// Gives all components the fixed values, and the first component's shared ones.
void Restricted::impose() {
  const Vector shared = size() > 0 ? point_of(component(0), shared_) : Vector();
  std::vector<AnyFamily> parts = parts_.families();
  for (AnyFamily& part : parts) {
    const std::string complaint = move(part, shared, point_of(part, own_));
    if (complaint.empty()) continue;
    throw std::invalid_argument(
        fmt::format("{} cannot have the fixed parameters: {}", part.title(), complaint));
  }
  parts_ = FamilyList(std::move(parts));
}

double Restricted::to_point(const Entry& entry, double value) {
  switch (entry.range) {
    case Range::positive:
      return std::log(value);
    case Range::unit:
      return logit(value);
    case Range::real:
      break;
  }
  return value / entry.unit;
}

double Restricted::from_point(const Entry& entry, double v) {
  switch (entry.range) {
    case Range::positive:
      return std::exp(v);
    case Range::unit:
      return probability_of_logit(v);
    case Range::real:
      break;
  }
  return v * entry.unit;
}

Vector Restricted::point_of(const AnyFamily& component, const std::vector<Entry>& entries) const {
  NamedValues values = values_of(component);
  Vector point(static_cast<Index>(entries.size()));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    point[static_cast<Index>(i)] =
        to_point(entries[i], value_named(values, entries[i].parameter)[entries[i].index]);
  }
  return point;
}

std::string Restricted::move(AnyFamily& component, const Vector& shared, const Vector& own) const {
  if (!loads_) return move_along_coordinates(component, shared, own);
  NamedValues values = values_of(component);
  for (const auto& [entries, point] : {std::pair(&shared_, &shared), std::pair(&own_, &own)}) {
    for (std::size_t i = 0; i < entries->size(); ++i) {
      const Entry& entry = (*entries)[i];
      value_named(values, entry.parameter)[entry.index] =
          from_point(entry, (*point)[static_cast<Index>(i)]);
    }
  }
  for (const auto& [parameter, value] : restrictions_.fixed) {
    value_named(values, parameter).setConstant(value);
  }
  return load(component, values);
}

// Solves for the coordinates of which these are the parameters, by Newton's method with the
// derivatives at the start: most charts are logarithms and go there in a step.
std::string Restricted::move_along_coordinates(AnyFamily& component, const Vector& shared,
                                               const Vector& own) const {
  constexpr double step = 1e-4;
  constexpr int most_steps = 60;
  constexpr double near = 1e-14;
  constexpr double good = 1e-10;
  const auto s = static_cast<Index>(shared_.size());
  const auto p = static_cast<Index>(own_.size());
  const auto q = static_cast<Index>(fixed_.size());
  Vector target(s + p + q);
  target.head(s) = shared;
  target.segment(s, p) = own;
  for (Index i = 0; i < q; ++i) {
    const Entry& entry = fixed_[static_cast<std::size_t>(i)];
    target[s + p + i] = to_point(entry, restrictions_.fixed.at(entry.parameter));
  }
  const auto impossible = [&] {
    std::string text = "it cannot have";
    for (const auto& [parameter, value] : restrictions_.fixed) {
      text += fmt::format(" {} {}", parameter, value);
    }
    return text;
  };
  if (!target.allFinite()) return impossible();
  const auto point_at = [&](const Vector& v) {
    AnyFamily moved = component;
    moved.set_coordinates(v);
    Vector point(s + p + q);
    point << point_of(moved, shared_), point_of(moved, own_), point_of(moved, fixed_);
    return point;
  };
  Vector v = component.coordinates();
  Matrix slopes(v.size(), v.size());
  for (Index i = 0; i < v.size(); ++i) {
    const Vector along = step * Vector::Unit(v.size(), i);
    slopes.col(i) = (point_at(v + along) - point_at(v - along)) / (2 * step);
  }
  const Eigen::PartialPivLU<Matrix> inverse(slopes);
  double error = infinity;
  Vector best = v;
  for (int i = 0; i < most_steps; ++i) {
    const Vector rest = target - point_at(v);
    const double now = (rest.array().abs() / (1 + target.array().abs())).maxCoeff();
    if (!(now < error)) break;
    error = now;
    best = v;
    if (error <= near) break;
    v += inverse.solve(rest);
  }
  if (!(error <= good)) return impossible();
  component.set_coordinates(best);
  return {};
}

bool Restricted::streams() const {
  return std::all_of(parts_.families().begin(), parts_.families().end(),
                     [](const AnyFamily& part) { return part.summable(); });
}

Vector Restricted::coordinates() const {
  const auto s = static_cast<Index>(shared_.size());
  const auto p = static_cast<Index>(own_.size());
  Vector v(s + size() * p);
  if (size() > 0) v.head(s) = point_of(component(0), shared_);
  for (Index k = 0; k < size(); ++k) v.segment(s + k * p, p) = point_of(component(k), own_);
  return v;
}

void Restricted::set_coordinates(ConstVectorRef v) {
  const auto s = static_cast<Index>(shared_.size());
  const auto p = static_cast<Index>(own_.size());
  std::vector<AnyFamily> parts = parts_.families();
  for (std::size_t k = 0; k < parts.size(); ++k) {
    AnyFamily moved = parts[k];
    // All or none, so that what is shared stays so.
    if (!move(moved, v.head(s), v.segment(s + static_cast<Index>(k) * p, p)).empty()) return;
    parts[k] = std::move(moved);
  }
  parts_ = FamilyList(std::move(parts));
}

void Restricted::prepare(const AnyRows& x, Weights w) {
  parts_.prepare(x, w);
  learn_units();
  least_variance_ = 0;
  if (dimension() != 1) return;
  try {
    (void)component(0).moments(0);
  } catch (const NotAvailable&) {
    return;
  }
  const DataSpread data = spread_of(x, w, itself);
  if (data.rows > 0) least_variance_ = data.least_variance(0);
}

std::string Restricted::flaw(Index k, double /*mass*/) const { return parts_.flaw(k, infinity); }

void Restricted::select(const std::vector<Index>& order) {
  std::vector<AnyFamily> parts;
  for (const Index k : order) parts.push_back(component(k));
  parts_ = FamilyList(std::move(parts));
}

void Restricted::fields(Fields& visit) {
  std::vector<std::string> fixed;
  Vector values(static_cast<Index>(restrictions_.fixed.size()));
  for (const auto& [parameter, value] : restrictions_.fixed) {
    values[static_cast<Index>(fixed.size())] = value;
    fixed.push_back(parameter);
  }
  visit("fixed", fixed);
  visit("fixed_values", values);
  visit("shared", restrictions_.shared);
  visit("least_variance", least_variance_);
  parts_.fields(visit);
  if (!visit.loading()) return;
  if (values.size() != static_cast<Index>(fixed.size())) {
    throw std::invalid_argument(fmt::format("restricted: {} fixed_values for {} fixed parameters",
                                            values.size(), fixed.size()));
  }
  restrictions_.fixed.clear();
  for (std::size_t i = 0; i < fixed.size(); ++i) {
    restrictions_.fixed[fixed[i]] = values[static_cast<Index>(i)];
  }
  const bool single = std::all_of(parts_.families().begin(), parts_.families().end(),
                                  [](const AnyFamily& part) { return part.size() == 1; });
  if (!single || parts_.families().empty()) {
    throw std::invalid_argument("restricted: each of its families must have one component");
  }
  sort_entries();
}

}  // namespace mix
