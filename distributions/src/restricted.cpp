#include "mix/distributions/restricted.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <stdexcept>
#include <utility>

#include "mix/coordinates.h"
#include "mix/errors.h"
#include "mix/newton.h"
#include "mix/parallel.h"
#include "univariate.h"

namespace mix {
namespace {

using NamedValues = std::vector<std::pair<std::string, Vector>>;

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
  void operator()(std::string_view /*name*/, Matrix& /*value*/) override {}
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

NamedValues values_of(const AnyFamily& component) {
  ParameterReader reader;
  component.describe(0, reader);
  return std::move(reader.values);
}

// Why the component cannot have these parameters; empty, and the component has them, where it can.
std::string load(AnyFamily& component, const NamedValues& values) {
  try {
    ParameterWriter writer(values);
    component.fields(writer);
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

// Whether the component can have this one number.
bool accepts(AnyFamily component, const std::string& parameter, Vector values, Index index,
             double value) {
  values[index] = value;
  return load(component, {{parameter, values}}).empty();
}

Vector& value_named(NamedValues& values, const std::string& parameter) {
  return std::find_if(values.begin(), values.end(),
                      [&](const auto& named) { return named.first == parameter; })
      ->second;
}

// The derivatives of all parameters, one after the other, along the coordinates.
Matrix derivatives_along_coordinates(const AnyFamily& component) {
  constexpr double step = 1e-5;
  const Vector at = component.coordinates();
  const auto all_values = [&](Index i, double moved) {
    AnyFamily other = component;
    Vector v = at;
    v[i] += moved;
    other.set_coordinates(v);
    std::vector<double> all;
    for (const auto& [name, values] : values_of(other)) {
      all.insert(all.end(), values.begin(), values.end());
    }
    return Vector(Eigen::Map<Vector>(all.data(), static_cast<Index>(all.size())));
  };
  Matrix derivatives;
  for (Index i = 0; i < at.size(); ++i) {
    const Vector slope = (all_values(i, step) - all_values(i, -step)) / (2 * step);
    if (i == 0) derivatives.resize(slope.size(), at.size());
    derivatives.col(i) = slope;
  }
  return derivatives;
}

}  // namespace

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
  // A parameter that no coordinate moves is a setting.
  Matrix derivatives;
  if (component.charted() && !values.empty()) {
    derivatives = derivatives_along_coordinates(component);
  }
  std::vector<Entry> entries;
  Index row = 0;
  for (const auto& [parameter, numbers] : values) {
    for (Index i = 0; i < numbers.size(); ++i, ++row) {
      if (derivatives.size() > 0 && (derivatives.row(row).array() == 0).all()) continue;
      const auto can_be = [&, name = parameter, all = numbers](double value) {
        return accepts(component, name, all, i, value);
      };
      const double value = numbers[i];
      const double far = 1 + std::abs(value);
      Entry entry{.parameter = parameter, .index = i};
      if (can_be(-far)) {
        entry.range = Range::real;
      } else if (can_be(2 * far)) {
        entry.range = Range::positive;
      } else if (value > 0 && value < 1 && can_be(value / 2)) {
        entry.range = Range::unit;
      } else {
        continue;
      }
      entries.push_back(std::move(entry));
    }
  }
  if (static_cast<Index>(entries.size()) != component.parameter_count()) return {};
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
        "numbers that move alone; use a family of one column, such as normal or gamma, or its "
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
  shared_.clear();
  own_.clear();
  for (Entry& entry : entries) {
    if (restrictions_.fixed.contains(entry.parameter)) continue;
    const bool shared = std::count(restrictions_.shared.begin(), restrictions_.shared.end(),
                                   entry.parameter) > 0;
    (shared ? shared_ : own_).push_back(std::move(entry));
  }
  learn_units();
}

void Restricted::learn_units() {
  const AnyFamily& first = component(0);
  if (!first.charted()) return;
  const Matrix derivatives = derivatives_along_coordinates(first);
  const NamedValues values = values_of(first);
  for (std::vector<Entry>* entries : {&shared_, &own_}) {
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
    NamedValues values;
    for (const auto& [parameter, value] : restrictions_.fixed) {
      NamedValues all = values_of(part);
      values.emplace_back(parameter, Vector::Constant(value_named(all, parameter).size(), value));
    }
    if (const std::string complaint = load(part, values); !complaint.empty()) {
      throw std::invalid_argument(
          fmt::format("{} cannot have the fixed parameters: {}", part.title(), complaint));
    }
    (void)move(part, shared, point_of(part, own_));
  }
  parts_ = FamilyList(std::move(parts));
}

Vector Restricted::point_of(const AnyFamily& component, const std::vector<Entry>& entries) const {
  NamedValues values = values_of(component);
  Vector point(static_cast<Index>(entries.size()));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    const double value = value_named(values, entry.parameter)[entry.index];
    double& v = point[static_cast<Index>(i)];
    switch (entry.range) {
      case Range::real:
        v = value / entry.unit;
        break;
      case Range::positive:
        v = std::log(value);
        break;
      case Range::unit:
        v = logit(value);
        break;
    }
  }
  return point;
}

bool Restricted::move(AnyFamily& component, const Vector& shared, const Vector& own) const {
  NamedValues values = values_of(component);
  for (const auto& [entries, point] : {std::pair(&shared_, &shared), std::pair(&own_, &own)}) {
    for (std::size_t i = 0; i < entries->size(); ++i) {
      const Entry& entry = (*entries)[i];
      const double v = (*point)[static_cast<Index>(i)];
      double& value = value_named(values, entry.parameter)[entry.index];
      switch (entry.range) {
        case Range::real:
          value = v * entry.unit;
          break;
        case Range::positive:
          value = std::exp(v);
          break;
        case Range::unit:
          value = probability_of_logit(v);
          break;
      }
    }
  }
  return load(component, values).empty();
}

double Restricted::value_at(Index k, const Vector& shared, const Vector& own,
                            const Likelihood& likelihood) const {
  AnyFamily moved = component(k);
  if (!move(moved, shared, own)) return -infinity;
  if (least_variance_ > 0 && !(moved.moments(0).covariance(0, 0) >= least_variance_)) {
    return -infinity;
  }
  const double value = likelihood(k, moved) + moved.log_prior();
  return std::isnan(value) ? -infinity : value;
}

// Moves the shared parameters and those of the components together. The matrix of second
// derivatives is assembled from one block per component.
void Restricted::climb(const std::vector<Index>& components, const Likelihood& likelihood) {
  const auto s = static_cast<Index>(shared_.size());
  const auto p = static_cast<Index>(own_.size());
  const auto n = static_cast<Index>(components.size());
  if (n == 0 || s + p == 0) return;
  Vector start(s + n * p);
  start.head(s) = point_of(component(components[0]), shared_);
  for (Index i = 0; i < n; ++i) {
    start.segment(s + i * p, p) =
        point_of(component(components[static_cast<std::size_t>(i)]), own_);
  }
  const auto value_of = [&](Index i, const Vector& point) {
    return value_at(components[static_cast<std::size_t>(i)], point.head(s), point.tail(p),
                    likelihood);
  };
  const auto point_for = [&](const Vector& v, Index i) {
    Vector point(s + p);
    point << v.head(s), v.segment(s + i * p, p);
    return point;
  };
  const auto value = [&](const Vector& v) {
    double total = 0;
    for (Index i = 0; i < n; ++i) total += value_of(i, point_for(v, i));
    return total;
  };
  const auto expand = [&](const Vector& v) {
    Expansion all{0, Vector::Zero(v.size()), Matrix::Zero(v.size(), v.size())};
    for (Index i = 0; i < n; ++i) {
      const Expansion one = expand_by_differences(
          point_for(v, i), [&](const Vector& point) { return value_of(i, point); });
      const Index at = s + i * p;
      all.value += one.value;
      all.gradient.head(s) += one.gradient.head(s);
      all.gradient.segment(at, p) += one.gradient.tail(p);
      all.hessian.topLeftCorner(s, s) += one.hessian.topLeftCorner(s, s);
      all.hessian.block(0, at, s, p) += one.hessian.topRightCorner(s, p);
      all.hessian.block(at, 0, p, s) += one.hessian.bottomLeftCorner(p, s);
      all.hessian.block(at, at, p, p) += one.hessian.bottomRightCorner(p, p);
    }
    return all;
  };
  const Vector best = maximize_by_newton(start, expand, value).point;
  std::vector<AnyFamily> parts = parts_.families();
  Index i = 0;
  for (const Index k : components) {
    (void)move(parts[static_cast<std::size_t>(k)], best.head(s), best.segment(s + i++ * p, p));
  }
  if (s > 0) {
    // Components without rows share them too.
    for (AnyFamily& part : parts) (void)move(part, best.head(s), point_of(part, own_));
  }
  parts_ = FamilyList(std::move(parts));
}

void Restricted::climb_all(const std::vector<Index>& components, const Likelihood& likelihood) {
  if (!shared_.empty()) {
    climb(components, likelihood);
  } else {
    for (const Index k : components) climb({k}, likelihood);
  }
}

bool Restricted::streams() const {
  return std::all_of(parts_.families().begin(), parts_.families().end(),
                     [](const AnyFamily& part) { return part.summable(); });
}

void Restricted::maximize(ConstVectorRef sum) {
  const std::vector<AnyFamily> at = parts_.families();
  const auto n = static_cast<std::size_t>(size());
  std::vector<Index> begin(n + 1, 0);
  std::vector<Index> occupied;
  for (std::size_t k = 0; k < n; ++k) {
    const Index length = at[k].statistics_size();
    begin[k + 1] = begin[k] + length;
    const auto own = sum.segment(begin[k], length);
    if (own.allFinite() && (own.array() != 0).any()) occupied.push_back(static_cast<Index>(k));
  }
  climb_all(occupied, [&](Index k, const AnyFamily& component) {
    const auto i = static_cast<std::size_t>(k);
    return component.weighted_log_density(sum.segment(begin[i], begin[i + 1] - begin[i]), at[i]);
  });
}

void Restricted::fit(const AnyRows& x, Shares shares) {
  std::vector<Index> occupied;
  for (Index k = 0; k < size(); ++k) {
    if ((shares.col(k).array() > 0).any()) occupied.push_back(k);
  }
  // Rows that the component cannot explain now may be there because of where a start put them.
  Matrix weights = shares;
  for_each_block(x.rows(), [&](Index first, Index count) {
    Matrix out(count, size());
    parts_.log_densities(*DenseBlock(x, first, count), out);
    auto block = weights.middleRows(first, count);
    block = (out.array() > -infinity).select(block, 0);
  });
  climb_all(occupied, [&](Index k, const AnyFamily& component) {
    return sum_over_blocks(x.rows(), 1, [&](Index first, Index count, VectorRef total) {
      Matrix out(count, 1);
      component.log_densities(*DenseBlock(x, first, count), out);
      for (Index i = 0; i < count; ++i) {
        const double w = weights(first + i, k);
        if (w > 0) total[0] += w * out(i, 0);
      }
    })[0];
  });
}

void Restricted::start(const AnyRows& x, Shares shares) {
  parts_.start(x, shares);
  const Vector mass = shares.colwise().sum();
  if (!shared_.empty() && mass.sum() > 0) {
    Vector mean = Vector::Zero(static_cast<Index>(shared_.size()));
    double total = 0;
    for (Index k = 0; k < size(); ++k) {
      const Vector own = point_of(component(k), shared_);
      if (!(mass[k] > 0) || !own.allFinite()) continue;
      mean += mass[k] * own;
      total += mass[k];
    }
    std::vector<AnyFamily> parts = parts_.families();
    if (total > 0) (void)move(parts.front(), mean / total, point_of(parts.front(), own_));
    parts_ = FamilyList(std::move(parts));
  }
  impose();
  if (!streams()) return fit(x, shares);
  maximize(
      sum_over_blocks(x.rows(), statistics_size(), [&](Index first, Index count, VectorRef sum) {
        accumulate(*DenseBlock(x, first, count), shares.middleRows(first, count), sum);
      }));
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
    if (!move(moved, v.head(s), v.segment(s + static_cast<Index>(k) * p, p))) return;
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
