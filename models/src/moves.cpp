#include "moves.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "growing.h"
#include "mix/family_list.h"
#include "mix/matching.h"
#include "seeding.h"

namespace mix {
namespace {

// Rather no match than one across families of a list.
constexpr double never = -1e6;
// The share of rows that a swapped component starts from, of an equal share.
constexpr double swapped_share = 0.5;
constexpr double crossed = 0.35;
constexpr double transplanted = 0.5;
constexpr double swapped = 0.75;

Matrix shares_of(Matrix log_joint) {
  Vector log_density(log_joint.rows());
  Soft{}.assign({}, log_joint, log_density);
  return log_joint;
}

// Rows that no component explains belong to all alike.
Matrix weighted(Matrix r, Weights w) {
  for (Index i = 0; i < r.rows(); ++i) {
    if (!(r.row(i).sum() > 0)) r.row(i).setConstant(1.0 / static_cast<double>(r.cols()));
  }
  r.array().colwise() *= w.array();
  return r;
}

Matrix without_column(const Matrix& l, Index j) {
  Matrix rest(l.rows(), l.cols() - 1);
  rest.leftCols(j) = l.leftCols(j);
  rest.rightCols(l.cols() - 1 - j) = l.rightCols(l.cols() - 1 - j);
  return rest;
}

// A row drawn from those that the density explains worst: in proportion to how far its log density
// lies below the median.
Index badly_explained_row(const Vector& log_density, Weights w, Rng& rng) {
  Vector sorted = log_density;
  const auto middle = sorted.begin() + sorted.size() / 2;
  std::nth_element(sorted.begin(), middle, sorted.end());
  Vector chance = (*middle - log_density.array()).max(0.0).min(1e3) * w.array();
  if (!(chance.sum() > 0) || !chance.allFinite()) chance = w;
  return categorical(rng, chance);
}

}  // namespace

Vector removal_costs(const Matrix& log_joint, Weights w) {
  const Index k = log_joint.cols();
  Matrix r = log_joint;
  Vector log_density(r.rows());
  Soft{}.assign({}, r, log_density);
  Vector costs = Vector::Zero(k);
  const double total = w.sum();
  for (Index c = 0; c < k; ++c) {
    double cost = 0;
    double mass = 0;
    for (Index i = 0; i < r.rows(); ++i) {
      if (!(w[i] > 0)) continue;
      mass += w[i] * r(i, c);
      if (r(i, c) < 0.5) {
        cost -= w[i] * std::log1p(-r(i, c));
        continue;
      }
      double largest = -infinity;
      for (Index j = 0; j < k; ++j) {
        if (j != c) largest = std::max(largest, log_joint(i, j));
      }
      double sum = 0;
      for (Index j = 0; j < k; ++j) {
        if (j != c && largest > -infinity) sum += std::exp(log_joint(i, j) - largest);
      }
      cost += w[i] * (log_density[i] - largest - std::log(sum));
    }
    costs[c] = cost + total * std::log1p(-std::min(mass / total, 1.0));
    if (std::isnan(costs[c])) costs[c] = infinity;
  }
  return costs;
}

Moves::Moves(const Starter& starter, const AnyRows& x, Weights w)
    : starter_(starter), x_(x), w_(w) {
  const AnyFamily& family = starter.family();
  places_ = learnable_components(family);
  part_.assign(static_cast<std::size_t>(family.size()), 0);
  if (const auto* list = family.as<FamilyList>()) {
    for (Index c = 0; c < family.size(); ++c) {
      part_[static_cast<std::size_t>(c)] = list->locate(c).first - list->families().data();
    }
  }
}

Matrix Moves::log_joint_of(const MixtureState& state) const {
  Matrix l(x_.rows(), state.family.size());
  log_joint(state, x_, l);
  return l;
}

std::vector<Index> Moves::counterparts(const Matrix& r, const Matrix& s) const {
  const auto count = static_cast<Index>(places_.size());
  Matrix gain(count, count);
  for (Index a = 0; a < count; ++a) {
    const Index from = places_[static_cast<std::size_t>(a)];
    for (Index b = 0; b < count; ++b) {
      const Index to = places_[static_cast<std::size_t>(b)];
      const bool same =
          part_[static_cast<std::size_t>(from)] == part_[static_cast<std::size_t>(to)];
      gain(a, b) = same ? (r.col(from).array() * s.col(to).array()).sqrt().matrix().dot(w_) : never;
    }
  }
  std::vector<Index> to(static_cast<std::size_t>(r.cols()));
  for (std::size_t c = 0; c < to.size(); ++c) to[c] = static_cast<Index>(c);
  if (!gain.allFinite()) return to;  // of runs whose densities are NaN nothing is known
  const std::vector<Index> matched = best_matching(gain);
  for (std::size_t a = 0; a < matched.size(); ++a) {
    to[static_cast<std::size_t>(places_[a])] = places_[static_cast<std::size_t>(matched[a])];
  }
  return to;
}

Index Moves::dispensable(const Matrix& log_joint, Rng& rng) const {
  const auto any = static_cast<std::size_t>(uniform_index(rng, static_cast<Index>(places_.size())));
  const bool cheaply = uniform(rng) < 0.5;
  const bool second = uniform(rng) < 0.25;
  if (!cheaply) return places_[any];
  const Vector costs = removal_costs(log_joint, w_);
  std::vector<Index> order = places_;
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return costs[a] < costs[b]; });
  return order[second ? 1 : 0];
}

Move Moves::crossover(Matrix mother, const Matrix& father, Rng& rng) const {
  const std::vector<Index> other = counterparts(shares_of(mother), shares_of(father));
  for (const Index place : places_) {
    if (uniform(rng) < 0.5) mother.col(place) = father.col(other[static_cast<std::size_t>(place)]);
  }
  return {"crossover", weighted(shares_of(std::move(mother)), w_)};
}

// The father's component that is least like its counterpart takes the place of the mother's that
// can go most cheaply.
Move Moves::transplant(Matrix mother, const Matrix& father, Rng& rng) const {
  const Matrix r = shares_of(mother);
  const Matrix s = shares_of(father);
  const std::vector<Index> other = counterparts(r, s);
  Vector unlike = Vector::Zero(r.cols());
  for (const Index place : places_) {
    const Index to = other[static_cast<std::size_t>(place)];
    unlike[place] = (r.col(place) - s.col(to)).cwiseAbs().dot(w_);
  }
  const Index given = unlike.sum() > 0 ? categorical(rng, unlike)
                                       : places_[static_cast<std::size_t>(uniform_index(
                                             rng, static_cast<Index>(places_.size())))];
  const Vector costs = removal_costs(mother, w_);
  Index taken = given;
  for (const Index place : places_) {
    const bool same =
        part_[static_cast<std::size_t>(place)] == part_[static_cast<std::size_t>(given)];
    if (same && costs[place] < costs[taken]) taken = place;
  }
  mother.col(taken) = father.col(other[static_cast<std::size_t>(given)]);
  return {"transplant", weighted(shares_of(std::move(mother)), w_)};
}

Move Moves::swap(const Matrix& mother, Rng& rng) const {
  const Index place = dispensable(mother, rng);
  Matrix rest = without_column(mother, place);
  Vector log_density(rest.rows());
  Soft{}.assign({}, rest, log_density);
  const bool anywhere = uniform(rng) < 0.5;
  const Index row = anywhere ? categorical(rng, w_) : badly_explained_row(log_density, w_, rng);
  const Matrix& points = starter_.points(uniform_index(rng, 2));
  const Vector distance = (points.rowwise() - points.row(row)).rowwise().squaredNorm();
  const double share = swapped_share * uniform(rng) / static_cast<double>(mother.cols());
  const double least = static_cast<double>(points.cols() + 2) / static_cast<double>(points.rows());
  return {"swap", weighted(insert(rest, w_, distance, std::max(share, least), place), w_)};
}

Move Moves::split_other(const Matrix& mother, Rng& rng) const {
  const Index place = dispensable(mother, rng);
  const Matrix rest = shares_of(without_column(mother, place));
  Vector chance = Vector::Zero(rest.cols());
  for (const Index other : places_) {
    if (other != place) chance[other < place ? other : other - 1] = 1;
  }
  const Index torn = categorical(rng, chance);
  return {"split",
          weighted(split(rest, w_, starter_.points(uniform_index(rng, 2)), torn, place), w_)};
}

Move Moves::propose(const MixtureState& mother, const MixtureState& father, Rng& rng) const {
  const double kind = uniform(rng);
  Matrix l = log_joint_of(mother);
  const bool alone = &mother == &father;
  if (!alone && kind < transplanted) {
    const Matrix of_father = log_joint_of(father);
    return kind < crossed ? crossover(std::move(l), of_father, rng)
                          : transplant(std::move(l), of_father, rng);
  }
  return kind < swapped ? swap(l, rng) : split_other(l, rng);
}

}  // namespace mix
