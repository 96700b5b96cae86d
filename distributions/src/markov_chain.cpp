#include "mix/distributions/markov_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "mix/coordinates.h"
#include "mix/support.h"

namespace mix {
namespace {

bool is_state(double value, Index states) {
  return is_count(value) && value < static_cast<double>(states);
}

// The cells of a row before the first that is missing; -1 where one of these is no state, or one is
// given after that.
Index length_of(Rows x, Index row, Index states) {
  Index length = 0;
  while (length < x.cols() && is_state(x(row, length), states)) ++length;
  for (Index t = length; t < x.cols(); ++t) {
    if (!std::isnan(x(row, t))) return -1;
  }
  return length;
}

// Calls add(place) for what a row of states adds to: its first state, then each transition.
template <class Add>
void for_each_event(Rows x, Index row, Index length, Index states, const Add& add) {
  for (Index t = 0; t < length; ++t) {
    const auto state = static_cast<Index>(x(row, t));
    add(t == 0 ? state : states * (1 + static_cast<Index>(x(row, t - 1))) + state);
  }
}

bool sums_to_one(ConstVectorRef probabilities) {
  return (probabilities.array() >= 0).all() && std::abs(probabilities.sum() - 1) < 1e-9;
}

}  // namespace

MarkovChain::MarkovChain(Index length, Smoothing smoothing)
    : length_(length), smoothing_(smoothing), source_(States::learned) {
  set_equally_probable(1);
  check();
}

MarkovChain::MarkovChain(Index length, Index states, Smoothing smoothing)
    : length_(length), smoothing_(smoothing) {
  if (states >= 1 && states <= most_states) set_equally_probable(states);
  check();
}

MarkovChain::MarkovChain(Index length, Vector initial, Matrix transitions, Smoothing smoothing)
    : length_(length),
      initial_(std::move(initial)),
      transitions_(std::move(transitions)),
      smoothing_(smoothing) {
  check();
}

void MarkovChain::check() const {
  if (length_ < 1) {
    throw std::invalid_argument(
        fmt::format("MarkovChain: a length of {}; at least 1 is needed", length_));
  }
  if (states() < 1 || states() > most_states) {
    throw std::invalid_argument(
        fmt::format("MarkovChain: 1 to {} states are possible", most_states));
  }
  if (transitions_.rows() != states() || transitions_.cols() != states()) {
    throw std::invalid_argument(
        fmt::format("MarkovChain: {} x {} transitions of {} states; one row and one column per "
                    "state are needed",
                    transitions_.rows(), transitions_.cols(), states()));
  }
  if (!sums_to_one(initial_)) {
    throw std::invalid_argument(
        fmt::format("MarkovChain: the initial probabilities sum to {}; each is at least 0 and they "
                    "sum to 1",
                    initial_.sum()));
  }
  for (Index a = 0; a < states(); ++a) {
    if (sums_to_one(transitions_.row(a).transpose())) continue;
    throw std::invalid_argument(
        fmt::format("MarkovChain: the transitions from state {} sum to {}; each is at least 0 and "
                    "they sum to 1",
                    a, transitions_.row(a).sum()));
  }
  check_smoothing("MarkovChain", smoothing_);
}

void MarkovChain::set_equally_probable(Index states) {
  const double each = 1 / static_cast<double>(states);
  initial_ = Vector::Constant(states, each);
  transitions_ = Matrix::Constant(states, states, each);
}

Index MarkovChain::parameter_count() const {
  return (states() - 1) * (length_ > 1 ? 1 + states() : 1);
}

void MarkovChain::log_density(Rows x, VectorRef out) const {
  Vector log_probabilities(statistics_size());
  natural_parameters(log_probabilities);
  for (Index i = 0; i < x.rows(); ++i) {
    const Index length = length_of(x, i, states());
    double sum = length < 0 ? -infinity : 0;
    for_each_event(x, i, length, states(), [&](Index place) { sum += log_probabilities[place]; });
    out[i] = sum;
  }
}

void MarkovChain::sample(Rng& rng, VectorRef out) const {
  Index state = mix::categorical(rng, initial_);
  for (Index t = 0; t < length_; ++t) {
    if (t > 0) state = mix::categorical(rng, transitions_.row(state).transpose());
    out[t] = static_cast<double>(state);
  }
}

void MarkovChain::accumulate(Rows x, Weights w, VectorRef statistics) const {
  for (Index i = 0; i < x.rows(); ++i) {
    // A row that no probabilities explain may hold anything and contributes nothing.
    if (!(w[i] > 0)) continue;
    for_each_event(x, i, length_of(x, i, states()), states(),
                   [&](Index place) { statistics[place] += w[i]; });
  }
}

void MarkovChain::maximize(ConstVectorRef sum) {
  const auto smoothed = [&](Index first) -> Vector {
    return sum.segment(first, states()).array() + smoothing_.pseudo_count;
  };
  const Vector first = smoothed(0);
  if (first.sum() > 0) initial_ = first / first.sum();
  for (Index a = 0; a < states(); ++a) {
    const Vector next = smoothed(states() * (1 + a));
    if (next.sum() > 0) transitions_.row(a) = (next / next.sum()).transpose();
  }
}

bool MarkovChain::features(Rows x, MatrixRef out) const {
  out.setZero();
  for (Index i = 0; i < x.rows(); ++i) {
    const Index length = length_of(x, i, states());
    if (length < 0) return false;
    for_each_event(x, i, length, states(), [&](Index place) { out(i, place) += 1; });
  }
  return true;
}

bool MarkovChain::log_base(Rows /*x*/, VectorRef out) const {
  out.setZero();
  return true;
}

void MarkovChain::natural_parameters(VectorRef eta) const {
  eta.head(states()) = initial_.array().log();
  for (Index a = 0; a < states(); ++a) {
    eta.segment(states() * (1 + a), states()) = transitions_.row(a).transpose().array().log();
  }
}

Vector MarkovChain::coordinates() const {
  Vector v(statistics_size());
  natural_parameters(v);
  return v;
}

void MarkovChain::set_coordinates(ConstVectorRef v) {
  initial_ = probabilities_of_logarithms(v.head(states()));
  for (Index a = 0; a < states(); ++a) {
    transitions_.row(a) =
        probabilities_of_logarithms(v.segment(states() * (1 + a), states())).transpose();
  }
}

void MarkovChain::prepare(const AnyRows& x, Weights w) {
  if (source_ == States::given) return;
  double highest = 0;
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index i = 0; i < block.rows(); ++i) {
      if (!(w[first + i] > 0) || length_of(block, i, most_states) < 1) continue;
      for (Index t = 0; t < block.cols(); ++t) {
        if (block(i, t) > highest) highest = block(i, t);
      }
    }
  });
  const Index states = static_cast<Index>(highest) + 1;
  if (states != initial_.size()) set_equally_probable(states);
}

double MarkovChain::log_prior() const {
  if (smoothing_.pseudo_count == 0) return 0;
  return smoothing_.pseudo_count * coordinates().sum();
}

std::string MarkovChain::check_support(Rows x) const {
  const Index most = source_ == States::learned ? most_states : states();
  // Cells after the end are made states, which check_cells does not take for missing ones.
  Matrix sequences = x;
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index t = x.cols() - 1; t >= 0 && std::isnan(x(i, t)); --t) sequences(i, t) = 0;
  }
  return check_cells(sequences, [&](Index row, Index t) -> std::string {
    if (is_state(sequences(row, t), most)) return {};
    return fmt::format("{} is not a state from 0 to {}", sequences(row, t), most - 1);
  });
}

Matrix MarkovChain::embed(Rows x) const {
  // By the codes in `x`, for before `prepare` the number of states may not be known.
  Index states = 1;
  for (const double cell : x.reshaped()) {
    if (is_state(cell, most_states)) states = std::max(states, static_cast<Index>(cell) + 1);
  }
  Matrix out = Matrix::Zero(x.rows(), states * (1 + states));
  for (Index i = 0; i < x.rows(); ++i) {
    for_each_event(x, i, length_of(x, i, states), states, [&](Index place) { out(i, place) += 1; });
  }
  return 2 * out.cwiseSqrt();
}

void MarkovChain::fields(Fields& visit) {
  visit("length", length_);
  visit("initial", initial_);
  visit("transitions", transitions_);
  visit("pseudo_count", smoothing_.pseudo_count);
  if (!visit.loading()) return;
  source_ = States::given;
  check();
}

void MarkovChain::describe(Fields& visit) const {
  Vector initial = initial_;
  Matrix transitions = transitions_;
  visit("initial", initial);
  visit("transitions", transitions);
}

}  // namespace mix
