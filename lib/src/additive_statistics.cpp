#include "additive_statistics.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "mix/parallel.h"

namespace mix {
namespace {

// Log densities that two ways to the same estimate may differ by, relative to their size.
constexpr double same_estimate = 1e-6;

}  // namespace

Vector soft_statistics(const MixtureState& state, const AnyFamily& reference, const AnyRows& x,
                       Weights w) {
  const Index k = state.family.size();
  const Index size = reference.statistics_size();
  return sum_over_blocks(x.rows(), 1 + k + size, [&](Index first, Index count, VectorRef sum) {
    const AnyRows block = x.middleRows(first, count);
    Matrix shares(count, k);
    Vector term(count);
    log_joint(state, block, shares);
    Soft{}.assign({}, shares, term);
    const auto weight = w.segment(first, count);
    sum[0] += (weight.array() > 0).select(weight.array() * term.array(), 0.0).sum();
    shares = weight.asDiagonal() * shares;
    sum.segment(1, k) += shares.colwise().sum().transpose();
    reference.accumulate(block, shares, sum.tail(size));
  });
}

void maximize_sum(MixtureState& state, const AnyFamily& reference, ConstVectorRef sum,
                  MixingWeights mixing) {
  const Index k = state.weights.size();
  state.family = reference;
  state.family.maximize(sum.tail(sum.size() - k));
  const double total = sum.head(k).sum();
  if (mixing == MixingWeights::equal) state.weights.setConstant(1.0 / static_cast<double>(k));
  if (mixing == MixingWeights::free && total > 0) state.weights = sum.head(k) / total;
}

void check_streams(const AnyFamily& family, const char* what, const char* remedy) {
  if (family.streams() && family.cycles() == 1) return;
  throw std::invalid_argument(
      fmt::format("{}: the family '{}' is not estimated from additive statistics in one step; {}",
                  what, family.title(), remedy));
}

void check_exact(const MixtureState& start, const AnyFamily& reference, const MixtureState& next,
                 const AnyRows& x, Weights w, const char* what, const char* remedy) {
  MixtureState other = next;
  const Vector sum = soft_statistics(start, next.family, x, w);
  maximize_sum(other, next.family, sum.tail(sum.size() - 1), MixingWeights::fixed);
  Matrix a(x.rows(), start.family.size());
  Matrix b = a;
  next.family.log_densities(x, a);
  other.family.log_densities(x, b);
  for (Index i = 0; i < a.size(); ++i) {
    const double difference = std::abs(a.data()[i] - b.data()[i]);
    if (!(difference > same_estimate * (1 + std::abs(a.data()[i])))) continue;
    throw std::invalid_argument(fmt::format(
        "{}: what the family '{}' estimates from statistics depends on the parameters before, so "
        "those of several parts cannot be added up; {}",
        what, reference.title(), remedy));
  }
}

void check_additive(const MixtureState& start, const AnyRows& x, Weights w, const char* what,
                    const char* remedy) {
  MixtureState next = start;
  const Vector sum = soft_statistics(start, start.family, x, w);
  maximize_sum(next, start.family, sum.tail(sum.size() - 1), MixingWeights::fixed);
  check_exact(start, start.family, next, x, w, what, remedy);
}

}  // namespace mix
