#include "profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "component_shape.h"
#include "mix/errors.h"
#include "mix/json_fields.h"

namespace mix::cli {

namespace {

constexpr double most_scales = 30;  // largest deviation over the least, on one axis
constexpr double most_codes = 12;   // of a column of numbers that are levels

std::optional<Matrix> component_means(const AnyFamily& family) {
  Matrix means(family.dimension(), family.size());
  try {
    for (Index k = 0; k < family.size(); ++k) means.col(k) = family.moments(k).mean;
  } catch (const NotAvailable&) {
    return std::nullopt;
  }
  return means;
}

/// levels x components; NaN where the family has no distribution of the column alone.
Matrix level_probabilities(const AnyFamily& family, Index column, Index levels) {
  Matrix result = Matrix::Constant(levels, family.size(), quiet_nan);
  try {
    const AnyFamily alone = family.marginal({column});
    alone.log_densities(Vector::LinSpaced(levels, 0, static_cast<double>(levels - 1)), result);
    result = result.array().exp();
  } catch (const NotAvailable&) {
  }
  return result;
}

bool shares_out_counts(const MixtureModel& model) {
  for (Index k = 0; k < model.n_components(); ++k) {
    const std::string name = component_family(model.family(), k);
    if (name != "multinomial" && name != "dirichlet_multinomial") return false;
  }
  return true;
}

/// Names of the levels of a column, none of one of numbers.
std::vector<std::string> levels_of(const Column& column, ConstVectorRef values, bool has_mean) {
  if (column.kind == ColumnKind::category) return column.levels;
  const bool codes = !has_mean && values.minCoeff() >= 0 && values.maxCoeff() < most_codes &&
                     (values.array() == values.array().round()).all();
  std::vector<std::string> levels;
  for (int code = 0; codes && code <= values.maxCoeff(); ++code) {
    levels.push_back(std::to_string(code));
  }
  return levels;
}

struct Sums {
  const Matrix& responsibilities;  // times the weights of the rows
  Vector mass;                     // of the components

  [[nodiscard]] Feature feature(std::string name, const Vector& values, Vector model) const {
    const Vector w = responsibilities.rowwise().sum();
    const double mean = values.dot(w) / w.sum();
    const double variance = ((values.array() - mean).square() * w.array()).sum() / w.sum();
    return {std::move(name), (responsibilities.transpose() * values).cwiseQuotient(mass),
            std::move(model), mean, std::sqrt(variance)};
  }
};

/// The share of a feature's variance that lies between components.
double told(const Feature& feature, const Vector& mass) {
  if (!(feature.deviation > 0)) return 0;
  const auto squares = (feature.rows.array() - feature.mean).square();
  return (mass.array() > 0 && feature.rows.array().isFinite())
             .select(squares * mass.array(), 0)
             .sum() /
         (mass.sum() * feature.deviation * feature.deviation);
}

void keep_most_telling(std::vector<Feature>& features, const Vector& mass, std::size_t most) {
  if (features.size() <= most) return;
  std::vector<double> shares;
  for (const Feature& feature : features) shares.push_back(told(feature, mass));
  std::vector<double> sorted = shares;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(most - 1),
                   sorted.end(), std::greater<>());
  const double least = sorted[most - 1];
  std::vector<Feature> kept;
  for (std::size_t i = 0; i < features.size() && kept.size() < most; ++i) {
    if (shares[i] >= least) kept.push_back(std::move(features[i]));
  }
  features = std::move(kept);
}

/// Divides by the standard deviations of all rows, about their means.
void standardize(std::vector<Feature>& features) {
  for (Feature& feature : features) {
    const double scale = feature.deviation > 0 ? feature.deviation : 1;
    feature.rows = (feature.rows.array() - feature.mean) / scale;
    feature.model = (feature.model.array() - feature.mean) / scale;
  }
}

/// Counts as shares of the component's total.
void share_out(std::vector<Feature>& features) {
  Vector rows = Vector::Zero(features.front().rows.size());
  Vector model = rows;
  for (const Feature& feature : features) {
    rows += feature.rows;
    model += feature.model;
  }
  for (Feature& feature : features) {
    feature.rows = feature.rows.cwiseQuotient(rows);
    feature.model = feature.model.cwiseQuotient(model);
  }
}

bool on_one_scale(const std::vector<Feature>& features, bool some_levels, bool all_levels) {
  if (all_levels) return true;
  double least = infinity;
  double most = 0;
  for (const Feature& feature : features) {
    if (!(feature.deviation > 0)) continue;
    least = std::min(least, feature.deviation);
    most = std::max(most, feature.deviation);
  }
  return most <= most_scales * least && !(some_levels && most > 1);
}

bool are_probabilities(const std::vector<Feature>& features) {
  return std::all_of(features.begin(), features.end(), [](const Feature& feature) {
    return feature.rows.minCoeff() >= 0 && feature.rows.maxCoeff() <= 1;
  });
}

/// Shares in which the rows of a component, or its transitions from a state, divide among states.
Feature chain_feature(std::string name, const Vector& here, const Vector& all, Vector model) {
  const double mean = here.sum() / all.sum();
  return {std::move(name), here.cwiseQuotient(all), std::move(model), mean,
          std::sqrt(mean * (1 - mean))};
}

/// Where the sequences of each component begin, and where they go from each state.
std::vector<Feature> chain_features(const MixtureModel& model, const Table& table, const Matrix& x,
                                    const Matrix& r) {
  const Index k = model.n_components();
  std::vector<Json> parameters;
  std::size_t n = 0;
  for (Index c = 0; c < k; ++c) {
    parameters.push_back(json_component(model.family(), c));
    n = std::max(n, parameters.back().at("initial").size());
  }
  const auto states = static_cast<Index>(n);
  const auto place = [&](Index i, Index t) { return static_cast<Index>(x(i, t)); };
  Matrix first = Matrix::Zero(k, states);
  std::vector<Matrix> next(n, Matrix::Zero(k, states));
  for (Index i = 0; i < x.rows(); ++i) {
    if (!(x.row(i).maxCoeff() < static_cast<double>(n))) continue;  // no component explains it
    first.col(place(i, 0)) += r.row(i).transpose();
    for (Index t = 1; t < x.cols(); ++t) {
      next[static_cast<std::size_t>(place(i, t - 1))].col(place(i, t)) += r.row(i).transpose();
    }
  }
  const auto state_name = [&](std::size_t s) {
    const std::vector<std::string>& levels = table.column(0).levels;
    return s < levels.size() ? levels[s] : std::to_string(s);
  };
  const std::size_t least = n == 2 ? 1 : 0;  // of two states one says what there is to say
  std::vector<Feature> features;
  for (std::size_t to = least; to < n; ++to) {
    Vector p = Vector::Zero(k);
    for (Index c = 0; c < k; ++c) {
      const Json& initial = parameters[static_cast<std::size_t>(c)].at("initial");
      if (to < initial.size()) p[c] = initial[to].get<double>();
    }
    features.push_back(chain_feature(fmt::format("first: {}", state_name(to)),
                                     first.col(static_cast<Index>(to)), first.rowwise().sum(), p));
  }
  for (std::size_t from = 0; from < n; ++from) {
    for (std::size_t to = least; to < n; ++to) {
      Vector p = Vector::Zero(k);
      for (Index c = 0; c < k; ++c) {
        const Json& rows = parameters[static_cast<std::size_t>(c)].at("transitions");
        if (std::max(from, to) < rows.size()) p[c] = rows[from][to].get<double>();
      }
      features.push_back(
          chain_feature(fmt::format("{} \u2192 {}", state_name(from), state_name(to)),
                        next[from].col(static_cast<Index>(to)), next[from].rowwise().sum(), p));
    }
  }
  return features;
}

}  // namespace

bool are_chains(const MixtureModel& model) {
  for (Index k = 0; k < model.n_components(); ++k) {
    if (component_family(model.family(), k) != "markov_chain") return false;
  }
  return true;
}

Profile component_profiles(const MixtureModel& model, const Table& table, const DrawnRows& rows,
                           const std::vector<Index>& columns, std::size_t most) {
  const Index k = model.n_components();
  Matrix r = model.responsibilities(rows.x);
  r.array().colwise() *= rows.weights.array();
  const Sums sums{r, r.colwise().sum().transpose()};
  if (are_chains(model)) {
    Profile chains{chain_features(model, table, rows.x, r), 0, "probability"};
    chains.all = chains.features.size();
    keep_most_telling(chains.features, sums.mass, most);
    return chains;
  }
  const std::optional<Matrix> means = component_means(model.family());
  const bool shared = shares_out_counts(model);

  Profile profile;
  std::size_t with_levels = 0;
  for (const Index j : columns) {
    const Column& column = table.column(j);
    const Vector values = rows.x.col(j);
    const std::vector<std::string> levels = levels_of(column, values, means.has_value());
    if (levels.empty()) {
      profile.features.push_back(sums.feature(
          column.name, values, means ? Vector(means->row(j)) : Vector::Constant(k, quiet_nan)));
      continue;
    }
    const Matrix p = level_probabilities(model.family(), j, std::ssize(levels));
    // Of two levels one says what there is to say.
    for (std::size_t level = levels.size() == 2 ? 1 : 0; level < levels.size(); ++level) {
      const auto code = static_cast<double>(level);
      profile.features.push_back(sums.feature(fmt::format("{}: {}", column.name, levels[level]),
                                              (values.array() == code).cast<double>(),
                                              p.row(static_cast<Index>(level))));
      ++with_levels;
    }
  }
  const bool all_levels = with_levels == profile.features.size();
  profile.all = profile.features.size();
  if (shared) {
    share_out(profile.features);
  } else if (!on_one_scale(profile.features, with_levels > 0, all_levels)) {
    standardize(profile.features);
    profile.axis = "mean, in standard deviations from that of all rows";
  }
  keep_most_telling(profile.features, sums.mass, most);
  if (profile.axis.empty()) {
    profile.axis = shared ? "share" : are_probabilities(profile.features) ? "probability" : "mean";
  }
  return profile;
}

}  // namespace mix::cli
