#include "competition.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "exact_json.h"
#include "message_length.h"
#include "mix/models/model_file.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// Logarithms of ratios beyond this no longer go with the scale of their unit.
constexpr double largest_exponent = 200;

void drop_column(Matrix& m, Index k) {
  m.middleCols(k, m.cols() - 1 - k) = m.rightCols(m.cols() - 1 - k).eval();
  m.conservativeResize(Eigen::NoChange, m.cols() - 1);
}

void drop_number(Vector& v, Index k) {
  v.segment(k, v.size() - 1 - k) = v.tail(v.size() - 1 - k).eval();
  v.conservativeResize(v.size() - 1);
}

}  // namespace

Contested::Contested(const AnyRows& rows, Weights weights, const FitOptions& options)
    : x(rows), w(weights), groups(options.groups) {
  unit_weight = w;
  if (!groups.empty()) unit_weight = (groups.sums(w).array() > 0).cast<double>();
  if (const auto* of_rows = options.assignment.as<LabelPrior>()) {
    prior = groups.empty() ? *of_rows : of_rows->of_rows(groups.first_rows());
  }
  const auto* known = options.assignment.as<Known>();
  if (known == nullptr) return;
  labels.assign(static_cast<std::size_t>(units()), -1);
  for (Index i = 0; i < x.rows(); ++i) {
    const Index label = known->labels[static_cast<std::size_t>(i)];
    if (label >= 0) labels[static_cast<std::size_t>(groups.empty() ? i : groups[i])] = label;
  }
}

double Contested::log_prior(Index unit, Index component) const {
  if (prior) return prior->log_probability(unit, component);
  if (labels.empty()) return 0;
  const Index label = labels[static_cast<std::size_t>(unit)];
  return label < 0 || label == component ? 0 : -infinity;
}

Vector Contested::evidence(Index components) const {
  Vector sum = Vector::Zero(components);
  Vector of_unit(components);
  for (Index i = 0; i < units(); ++i) {
    if (prior) {
      prior->evidence(i, of_unit);
      sum += unit_weight[i] * of_unit;
    } else if (!labels.empty()) {
      const Index label = labels[static_cast<std::size_t>(i)];
      if (label >= 0 && label < components) sum[label] += unit_weight[i];
    }
  }
  return sum;
}

Standing::Standing(const MixtureState& state)
    : weights(state.weights), numbers(static_cast<std::size_t>(state.family.size())) {
  std::iota(numbers.begin(), numbers.end(), Index{0});
  const Vector own = own_parameter_counts(state.family);
  apart = static_cast<double>(state.family.parameter_count()) == own.sum() && numbers.size() > 1;
  if (!apart) {
    parts = {state.family};
    return;
  }
  for (const Index k : numbers) {
    parts.push_back(state.family);
    parts.back().select({k});
  }
}

Json to_json(const Standing& standing) {
  Json parts = Json::array();
  for (const AnyFamily& part : standing.parts) {
    parts.push_back(to_json(SavedModel{MixtureModel(AnyFamily(part))}));
  }
  return {{"apart", standing.apart},
          {"parts", std::move(parts)},
          {"weights", exact_all(standing.weights)},
          {"numbers", standing.numbers}};
}

Standing standing_from_json(const Json& json) {
  Standing standing;
  standing.apart = json.at("apart").get<bool>();
  for (const Json& part : json.at("parts")) {
    standing.parts.push_back(from_json(part, "checkpoint").model.family());
  }
  standing.weights = vector_from(json.at("weights"));
  standing.numbers = json.at("numbers").get<std::vector<Index>>();
  return standing;
}

Competition::Competition(Standing standing, const Contested& contested)
    : contested_(contested),
      at_(std::move(standing)),
      known_(Vector::Zero(at_.weights.size())),
      log_densities_(contested.units(), at_.weights.size()),
      ratios_(contested.units(), at_.weights.size()),
      scale_(contested.units()),
      inverse_(contested.units()) {
  if (contested.labelled()) {
    const Index at_first = std::max(*std::max_element(at_.numbers.begin(), at_.numbers.end()) + 1,
                                    contested.prior ? contested.prior->components() : Index{0});
    known_ = contested.evidence(at_first)(at_.numbers);
  }
  count_parameters();
  for (Index part = 0; part < static_cast<Index>(at_.parts.size()); ++part) evaluate(part);
  rescale();
  share_out();
}

void Competition::count_parameters() {
  if (at_.apart) {
    own_.resize(size());
    for (Index k = 0; k < size(); ++k) {
      own_[k] = static_cast<double>(at_.parts[static_cast<std::size_t>(k)].parameter_count());
    }
    return;
  }
  const AnyFamily& family = at_.parts.front();
  own_ = own_parameter_counts(family);
  common_ = static_cast<double>(family.parameter_count()) - own_.sum();
}

void Competition::sweep(Index least) {
  rescale();
  for (Index k = 0; k < size();) {
    share_out();
    const Vector shares = shares_of(k);
    if (!weigh(k, least)) {
      remove(k);
      continue;
    }
    if (at_.apart) {
      AnyFamily& part = at_.parts[static_cast<std::size_t>(k)];
      part.fit(contested_.x, shares);
      own_[k] = static_cast<double>(part.parameter_count());
      evaluate(k);
      rescale(k);
    }
    ++k;
  }
  share_out();
  if (at_.apart) return;
  Matrix shares(contested_.x.rows(), size());
  for (Index k = 0; k < size(); ++k) shares.col(k) = shares_of(k);
  at_.parts.front().fit(contested_.x, shares);
  evaluate(0);
  rescale();
  share_out();
}

void Competition::remove(Index k) {
  drop_column(log_densities_, k);
  drop_column(ratios_, k);
  drop_number(at_.weights, k);
  drop_number(known_, k);
  at_.numbers.erase(at_.numbers.begin() + k);
  at_.weights = at_.weights.sum() > 0 ? Vector(at_.weights / at_.weights.sum())
                                      : Vector::Constant(size(), 1.0 / static_cast<double>(size()));
  if (at_.apart) {
    at_.parts.erase(at_.parts.begin() + k);
  } else {
    std::vector<Index> kept(static_cast<std::size_t>(size()));
    std::iota(kept.begin(), kept.end(), Index{0});
    for (Index& number : kept) number += number >= k ? 1 : 0;
    at_.parts.front().select(kept);
  }
  count_parameters();
}

Index Competition::weakest(std::string& flaw) const {
  Index least = -1;
  Index flawed = -1;
  for (Index k = 0; k < size(); ++k) {
    const AnyFamily& part = at_.parts[static_cast<std::size_t>(at_.apart ? k : 0)];
    std::string why = part.flaw(at_.apart ? 0 : k, mass_[k]);
    if (!why.empty() && flawed < 0 && !stays(k)) flawed = k;
    if (flaw.empty()) flaw = std::move(why);
    if (!stays(k) && (least < 0 || at_.weights[k] < at_.weights[least])) least = k;
  }
  return flawed >= 0 ? flawed : least;
}

double Competition::log_likelihood() const {
  const Vector& w = contested_.unit_weight;
  const Vector sum = sum_over_blocks(w.size(), 1, [&](Index first, Index count, VectorRef into) {
    for (Index i = first; i < first + count; ++i) {
      if (w[i] > 0) into[0] += w[i] * (scale_[i] + std::log(w[i] / inverse_[i]));
    }
  });
  return std::isfinite(sum[0]) ? sum[0] : -infinity;
}

double Competition::length(double log_likelihood) const {
  return message_length(at_.weights, own_, common_, MixingWeights::free, log_likelihood,
                        contested_.unit_weight.sum());
}

Matrix Competition::responsibilities() const {
  Matrix r = ratios_ * at_.weights.asDiagonal();
  for (Index i = 0; i < r.rows(); ++i) {
    const double total = r.row(i).sum();
    if (total > 0) {
      r.row(i) /= total;
    } else {
      r.row(i).setConstant(1.0 / static_cast<double>(size()));
    }
  }
  const Groups& groups = contested_.groups;
  if (groups.empty()) return r;
  Matrix of_rows(contested_.x.rows(), size());
  for (Index i = 0; i < of_rows.rows(); ++i) of_rows.row(i) = r.row(groups[i]);
  return of_rows;
}

void Competition::evaluate(Index part) {
  const AnyFamily& family = at_.parts[static_cast<std::size_t>(part)];
  auto densities = log_densities_.middleCols(part, family.size());
  if (contested_.groups.empty()) {
    for_each_block(contested_.x.rows(), [&](Index first, Index count) {
      family.log_densities(contested_.x.middleRows(first, count),
                           densities.middleRows(first, count));
    });
  } else {
    add_up_groups(family, densities);
  }
  if (!contested_.labelled()) return;
  for (Index c = 0; c < family.size(); ++c) {
    const Index number = at_.numbers[static_cast<std::size_t>(part + c)];
    for (Index i = 0; i < contested_.units(); ++i) {
      const double prior = contested_.log_prior(i, number);
      // Minus infinity forbids, also where the density is infinite.
      densities(i, c) = prior > -infinity ? densities(i, c) + prior : -infinity;
    }
  }
}

void Competition::add_up_groups(const AnyFamily& family, MatrixRef sums) const {
  const Groups& groups = contested_.groups;
  Matrix of_rows(contested_.x.rows(), family.size());
  for_each_block(contested_.x.rows(), [&](Index first, Index count) {
    family.log_densities(contested_.x.middleRows(first, count), of_rows.middleRows(first, count));
  });
  sums.setZero();
  // Each sum in the order of the rows, whatever the threads.
  for_each_index(family.size(), [&](Index c) {
    for (Index i = 0; i < of_rows.rows(); ++i) {
      if (contested_.w[i] > 0) sums(groups[i], c) += contested_.w[i] * of_rows(i, c);
    }
  });
}

void Competition::rescale() {
  for_each_block(contested_.units(), [&](Index first, Index count) {
    for (Index i = first; i < first + count; ++i) rescale_unit(i);
  });
}

void Competition::rescale_unit(Index i) {
  const double largest = log_densities_.row(i).maxCoeff();
  scale_[i] = std::isfinite(largest) ? largest : 0;
  ratios_.row(i) = (log_densities_.row(i).array() - scale_[i]).exp();
}

void Competition::rescale(Index k) {
  for_each_block(contested_.units(), [&](Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      const double exponent = log_densities_(i, k) - scale_[i];
      if (exponent > largest_exponent) {
        rescale_unit(i);
      } else {
        ratios_(i, k) = std::exp(exponent);
      }
    }
  });
}

void Competition::share_out() {
  const Vector& weights = at_.weights;
  mass_ = sum_over_blocks(contested_.units(), size(), [&](Index first, Index count, VectorRef sum) {
    auto units = ratios_.middleRows(first, count);
    Vector total = units * weights;
    for (Index i = 0; i < count; ++i) {
      if (!(total[i] > 0)) {
        rescale_unit(first + i);
        total[i] = units.row(i).dot(weights);
      }
      inverse_[first + i] = total[i] > 0 ? contested_.unit_weight[first + i] / total[i] : 0;
    }
    sum += weights.cwiseProduct(units.transpose() * inverse_.segment(first, count));
  });
}

Vector Competition::shares_of(Index k) const {
  Vector shares = at_.weights[k] * ratios_.col(k).cwiseProduct(inverse_);
  const Groups& groups = contested_.groups;
  if (groups.empty()) return shares;
  Vector of_rows(contested_.x.rows());
  for (Index i = 0; i < of_rows.size(); ++i) of_rows[i] = contested_.w[i] * shares[groups[i]];
  return of_rows;
}

bool Competition::weigh(Index k, Index least) {
  // What is known is no estimate that a component would have to pay for.
  const Vector supported = (mass_ - own_ / 2).cwiseMax(known_);
  double weight = mass_[k] / mass_.sum();
  if (size() > least) {
    if (!(supported[k] > 0) && !stays(k)) return false;
    const double others = supported.sum() - supported[k];
    // Where no other is supported, each still has to lose by itself.
    weight = supported[k] / (others > 0 ? supported[k] + others : mass_.sum());
  }
  const double others = at_.weights.sum() - at_.weights[k];
  if (others > 0) at_.weights *= (1 - weight) / others;
  at_.weights[k] = others > 0 ? weight : 1;
  return true;
}

}  // namespace mix
