#include "mix/models/mixture_model.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "arguments.h"
#include "mix/block_memory.h"
#include "mix/coordinates.h"
#include "mix/kernels.h"
#include "mix/models/group_posterior.h"
#include "mix/parallel.h"
#include "seeding.h"

namespace mix {

Vector MixtureModel::equal_weights(Index k) {
  if (k < 1) throw std::invalid_argument("a mixture needs at least one component");
  return Vector::Constant(k, 1.0 / static_cast<double>(k));
}

MixtureModel::MixtureModel(Vector weights, AnyFamily family)
    : state_{std::move(weights), std::move(family)} {
  check_weights();
}

void MixtureModel::check_weights() {
  Vector& w = state_.weights;
  if (w.size() != state_.family.size() || w.size() == 0) {
    throw std::invalid_argument(fmt::format(
        "a mixture needs one weight per component, but there are {} weights and {} components",
        w.size(), state_.family.size()));
  }
  if (!(w.minCoeff() >= 0) || !(std::abs(w.sum() - 1) < 1e-6)) {
    throw std::invalid_argument(
        fmt::format("mixing weights must be non-negative and sum to 1, but they sum to {} and the "
                    "smallest is {}",
                    w.sum(), w.minCoeff()));
  }
  // Weights that sum to 1 up to rounding keep their bits, so that a saved model evaluates the same.
  if (std::abs(w.sum() - 1) > 1e-14) w /= w.sum();
}

void MixtureModel::check_columns(const AnyRows& x) const {
  if (x.cols() == dimension()) return;
  throw std::invalid_argument(
      fmt::format("the model describes {} columns, but the rows have {}", dimension(), x.cols()));
}

MixtureModel::MixtureModel(MixtureState state, MixingWeights mixing)
    : state_(std::move(state)), mixing_(mixing) {}

Index MixtureModel::parameter_count() const {
  const Index weights = mixing_ == MixingWeights::free ? n_components() - 1 : 0;
  return state_.family.parameter_count() + weights;
}

void MixtureModel::log_density(const AnyRows& x, VectorRef out) const {
  // Called for one block of rows by an engine, or for all rows by a user: blocks bound the memory.
  const Vector constants = weights().unaryExpr([](double weight) { return std::log(weight); });
  const BorrowedMemory memory;
  for (Index first = 0; first < x.rows(); first += block_rows) {
    const Index count = std::min(block_rows, x.rows() - first);
    MatrixRef l = memory->matrix(0, kernels::packed_stride, n_components())
                      .topLeftCorner(count, n_components());
    state_.family.log_densities(x.middleRows(first, count), l);
    kernels::log_sums(l, constants, out.segment(first, count));
  }
}

Vector MixtureModel::log_density(const AnyRows& x) const {
  check_columns(x);
  return mix::log_density(state_, x);
}

Matrix MixtureModel::responsibilities(const AnyRows& x) const {
  check_columns(x);
  return mix::responsibilities(state_, x);
}

Posterior MixtureModel::posterior(const AnyRows& x) const {
  check_columns(x);
  return mix::posterior(state_, x);
}

Posterior MixtureModel::posterior(const AnyRows& x, const Groups& groups) const {
  check_columns(x);
  check_groups(groups, x.rows(), "posterior");
  return group_posterior(*this, x, Vector::Ones(x.rows()), groups);
}

std::vector<Index> MixtureModel::predict(const AnyRows& x) const {
  check_columns(x);
  return most_probable(state_, x);
}

double MixtureModel::log_likelihood(const AnyRows& x) const {
  check_columns(x);
  return mix::log_likelihood(state_, x, Vector::Ones(x.rows()));
}

double MixtureModel::score(const AnyRows& x) const {
  if (x.rows() == 0)
    throw std::invalid_argument(
        "MixtureModel: the score is a mean over rows, and there are none; give at least one");
  return log_likelihood(x) / static_cast<double>(x.rows());
}

void MixtureModel::sample(Rng& rng, VectorRef out) const {
  state_.family.sample(categorical(rng, state_.weights), rng, out);
}

Sample MixtureModel::sample(Index n, std::uint64_t seed, Index first_row) const {
  if (n < 0) {
    throw std::invalid_argument(
        fmt::format("MixtureModel: {} rows cannot be drawn; at least 0 can", n));
  }
  Sample drawn{Matrix(n, dimension()), std::vector<Index>(static_cast<std::size_t>(n))};
  for_each_block(n, [&](Index first, Index count) {
    Vector row(dimension());
    for (Index i = first; i < first + count; ++i) {
      Rng rng(seed, Purpose::sample, 0, static_cast<std::uint64_t>(first_row + i));
      const Index k = categorical(rng, state_.weights);
      state_.family.sample(k, rng, row);
      drawn.x.row(i) = row.transpose();
      drawn.labels[static_cast<std::size_t>(i)] = k;
    }
  });
  return drawn;
}

Index MixtureModel::statistics_size() const {
  return n_components() + state_.family.statistics_size();
}

void MixtureModel::accumulate(Rows x, Weights w, VectorRef statistics) const {
  Matrix r(x.rows(), n_components());
  Vector term(x.rows());
  log_joint(state_, x, r);
  Soft{}.assign({}, r, term);
  r.array().colwise() *= w.array();
  statistics.head(n_components()) += r.colwise().sum().transpose();
  state_.family.accumulate(x, r, statistics.tail(state_.family.statistics_size()));
}

void MixtureModel::maximize(ConstVectorRef sum) {
  const auto mass = sum.head(n_components());
  if (!(mass.sum() > 0)) return;
  if (mixing_ == MixingWeights::free) state_.weights = mass / mass.sum();
  state_.family.maximize(sum.tail(state_.family.statistics_size()));
}

void MixtureModel::fit(const AnyRows& x, Weights w) {
  Matrix r = mix::responsibilities(state_, x);
  r.array().colwise() *= w.array();
  const Vector mass = r.colwise().sum();
  if (!(mass.sum() > 0)) return;
  if (mixing_ == MixingWeights::free) state_.weights = mass / mass.sum();
  state_.family.fit(x, r);
}

void MixtureModel::start(const AnyRows& x, Weights w) {
  if (!(w.sum() > 0)) return;
  Rng rng(0, Purpose::start);
  const Matrix points = state_.family.embed(x);
  Matrix r = shares_from_labels(nearest_rows(points, seed_rows(points, w, n_components(), rng)), w,
                                state_.family);
  state_.family.start(x, r);
  if (mixing_ == MixingWeights::free) state_.weights = r.colwise().sum().transpose() / w.sum();
}

Vector MixtureModel::coordinates() const {
  const Index count = mixing_ == MixingWeights::free ? n_components() : 0;
  const Vector own = state_.family.coordinates();
  Vector v(count + own.size());
  v << weights().head(count).array().log().matrix(), own;
  return v;
}

void MixtureModel::set_coordinates(ConstVectorRef v) {
  const Index count = mixing_ == MixingWeights::free ? n_components() : 0;
  if (count > 0) state_.weights = probabilities_of_logarithms(v.head(count));
  state_.family.set_coordinates(v.tail(v.size() - count));
}

std::string MixtureModel::flaw(double mass) const {
  for (Index k = 0; k < n_components(); ++k) {
    const std::string inside = state_.family.flaw(k, mass * weights()[k]);
    if (!inside.empty()) return fmt::format("in its component {}: {}", k + 1, inside);
  }
  return {};
}

std::string MixtureModel::caution() const {
  for (Index k = 0; k < n_components(); ++k) {
    const std::string inside = state_.family.caution(k);
    if (!inside.empty()) return fmt::format("in its component {}: {}", k + 1, inside);
  }
  return {};
}

void MixtureModel::fields(Fields& visit) {
  std::string mixing = to_string(mixing_);
  visit("weights", state_.weights);
  visit("mixing", mixing);
  visit("family", state_.family);
  if (!visit.loading()) return;
  mixing_ = parse_mixing_weights(mixing);
  check_weights();
}

}  // namespace mix
