#include "additions.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "growing.h"
#include "mix/kernels.h"
#include "seeding.h"

namespace mix {
namespace {

// Candidates, how many of them go on after the first pass, and for how many passes.
constexpr Index candidates = 20;
constexpr Index finalists = 4;
constexpr Index more_passes = 3;
// The rows that one starts from, of an equal share, at most.
constexpr double first_share = 0.5;
// A share of this much of the rows is the most that a new component takes.
constexpr double most_weight = 0.5;
// Responsibilities beyond are taken for this: what one row can lose is bounded.
constexpr double nearly_one = 1 - 1e-12;

}  // namespace

Index badly_explained_row(const Vector& log_density, Weights w, Rng& rng) {
  Vector sorted = log_density;
  const auto middle = sorted.begin() + sorted.size() / 2;
  std::nth_element(sorted.begin(), middle, sorted.end());
  Vector chance = (*middle - log_density.array()).max(0.0).min(1e3) * w.array();
  if (!(chance.sum() > 0) || !chance.allFinite()) chance = w;
  return categorical(rng, chance);
}

Index Additions::passes() const {
  const Index of_one = 2 * candidates + finalists * (2 * more_passes + 1);
  return 1 + of_one / (2 * static_cast<Index>(places_.size()));
}

Additions::Candidate Additions::near_some_row(const Matrix& r, const Vector& log_density,
                                              Rng& rng) const {
  const bool anywhere = uniform(rng) < 0.5;
  const Index row = anywhere ? categorical(rng, w_) : badly_explained_row(log_density, w_, rng);
  const Matrix& points = starter_.points(uniform_index(rng, 2));
  const Vector distance = (points.rowwise() - points.row(row)).rowwise().squaredNorm();
  const double share = first_share * uniform(rng) / static_cast<double>(r.cols());
  const double least = static_cast<double>(points.cols() + 2) / static_cast<double>(points.rows());
  Vector shares = insert(Matrix(r.rows(), 0), w_, distance, std::max(share, least), 0).col(0);
  shares.array() *= w_.array();
  if (uniform(rng) < 0.5) {  // only what belongs to the component of that row
    Index owner = 0;
    r.row(row).maxCoeff(&owner);
    shares.array() *= r.col(owner).array();
  }
  const auto any = static_cast<std::size_t>(uniform_index(rng, static_cast<Index>(places_.size())));
  Candidate candidate{std::move(shares), Vector(r.rows()), starter_.family(), places_[any]};
  candidate.family.select({places_[any]});
  return candidate;
}

void Additions::step(Candidate& candidate, const Vector& log_density) const {
  candidate.gain = -infinity;
  const double mass = candidate.shares.sum();
  if (!(mass > 0)) return;
  MixtureState state{Vector::Ones(1), candidate.family};
  state.family.start(x_, Matrix(candidate.shares));
  if (!state.family.flaw(0, mass).empty()) return;
  candidate.weight = std::min(mass / w_.sum(), most_weight);
  Matrix l(x_.rows(), 1);
  log_joint(state, x_, l);
  candidate.log_joint = l.col(0).array() + std::log(candidate.weight);
  Matrix both(x_.rows(), 2);
  both.col(0) = log_density.array() + std::log1p(-candidate.weight);
  both.col(1) = candidate.log_joint;
  Vector sum(x_.rows());
  kernels::softmax(both, 1.0, sum);
  candidate.gain = (w_.array() > 0).select(sum - log_density, 0).dot(w_);
  if (std::isnan(candidate.gain)) candidate.gain = -infinity;
  candidate.shares = both.col(1).cwiseProduct(w_);
}

// What it costs to give up each of the old components once the new one is there: see removal_costs.
Vector Additions::losses(const Matrix& r, const Candidate& candidate) const {
  Vector losses = Vector::Constant(r.cols(), infinity);
  const Vector left = (w_.array() > 0).select(1 - candidate.shares.array() / w_.array(), 0);
  for (const Index place : places_) {
    if (part_[static_cast<std::size_t>(place)] !=
        part_[static_cast<std::size_t>(candidate.place)]) {
      continue;
    }
    const Eigen::ArrayXd own = r.col(place).array() * left.array();
    const double share = std::min(own.matrix().dot(w_) / w_.sum(), nearly_one);
    losses[place] =
        -(1 - own.min(nearly_one)).log().matrix().dot(w_) + w_.sum() * std::log1p(-share);
  }
  return losses;
}

Addition Additions::best(const Matrix& log_joint, Rng& rng) const {
  const Index k = log_joint.cols();
  Matrix r = log_joint;
  Vector log_density(r.rows());
  Soft{}.assign({}, r, log_density);
  std::vector<Candidate> field;
  for (Index i = 0; i < candidates; ++i) {
    field.push_back(near_some_row(r, log_density, rng));
    step(field.back(), log_density);
  }
  std::stable_sort(field.begin(), field.end(),
                   [](const Candidate& a, const Candidate& b) { return a.gain > b.gain; });
  field.resize(finalists);
  double most = -infinity;
  const Candidate* best = nullptr;
  Addition addition;
  for (Candidate& candidate : field) {
    for (Index pass = 0; pass < more_passes && candidate.gain > -infinity; ++pass) {
      step(candidate, log_density);
    }
    if (!(candidate.gain > most)) continue;  // no loss is below zero
    Index cheapest = 0;
    const double loss = losses(r, candidate).minCoeff(&cheapest);
    if (!(candidate.gain - loss > most)) continue;
    most = candidate.gain - loss;
    best = &candidate;
    addition.cheapest = cheapest;
  }
  if (best == nullptr) return addition;
  addition.log_joint.resize(r.rows(), k + 1);
  addition.log_joint.leftCols(k) = log_joint.array() + std::log1p(-best->weight);
  addition.log_joint.col(k) = best->log_joint;
  return addition;
}

}  // namespace mix
