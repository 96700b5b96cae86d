#include "mix/streaming_em.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mix/parallel.h"
#include "stop_rule.h"

namespace mix {
namespace {

// Log densities that two ways to the same estimate may differ by, relative to their size.
constexpr double same_estimate = 1e-6;

// The soft E-step of some rows at `state`: their log-likelihood, then the mass of each component,
// then the statistics with the parameters of `reference`.
Vector expect(const MixtureState& state, const AnyFamily& reference, const AnyRows& x, Weights w) {
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

// The M-step; `sum` is of `expect`, without the log-likelihood.
void maximize(MixtureState& state, const AnyFamily& reference, ConstVectorRef sum,
              MixingWeights mixing) {
  const Index k = state.weights.size();
  state.family = reference;
  state.family.maximize(sum.tail(sum.size() - k));
  const double total = sum.head(k).sum();
  if (mixing == MixingWeights::equal) state.weights.setConstant(1.0 / static_cast<double>(k));
  if (mixing == MixingWeights::free && total > 0) state.weights = sum.head(k) / total;
}

void check_streams(const AnyFamily& family, const char* what) {
  if (family.streams() && family.cycles() == 1) return;
  throw std::invalid_argument(
      fmt::format("{}: the family '{}' is not estimated from additive statistics in one step; use "
                  "run_em",
                  what, family.title()));
}

void check_sizes(const MixtureState& state, const AnyRows& x, Weights w, const char* what) {
  if (x.cols() == state.family.dimension() && w.size() == x.rows()) return;
  throw std::invalid_argument(fmt::format(
      "{}: the model describes {} columns and there are {} weights, but the data have {} columns "
      "and {} rows",
      what, state.family.dimension(), w.size(), x.cols(), x.rows()));
}

// Whether the estimate from statistics depends on the parameters that they were added up with:
// `sum` is of `reference`, and `next` what maximize made of it.
void check_exact(const MixtureState& start, const AnyFamily& reference, const MixtureState& next,
                 const AnyRows& x, Weights w, const char* what) {
  MixtureState other = next;
  const Vector sum = expect(start, next.family, x, w);
  maximize(other, next.family, sum.tail(sum.size() - 1), MixingWeights::fixed);
  Matrix a(x.rows(), start.family.size());
  Matrix b = a;
  next.family.log_densities(x, a);
  other.family.log_densities(x, b);
  for (Index i = 0; i < a.size(); ++i) {
    const double difference = std::abs(a.data()[i] - b.data()[i]);
    if (!(difference > same_estimate * (1 + std::abs(a.data()[i])))) continue;
    throw std::invalid_argument(fmt::format(
        "{}: what the family '{}' estimates from statistics depends on the parameters before, so "
        "those of several parts cannot be added up; use run_em",
        what, reference.title()));
  }
}

}  // namespace

EmReport run_incremental_em(MixtureState& state, const AnyRows& x, Weights w,
                            const IncrementalOptions& options) {
  constexpr const char* what = "run_incremental_em";
  check_streams(state.family, what);
  check_sizes(state, x, w, what);
  if (options.parts < 1 || options.max_iter < 1 || options.refresh < 1) {
    throw std::invalid_argument(
        fmt::format("{}: parts, max_iter and refresh must be at least 1, but are {}, {} and {}",
                    what, options.parts, options.max_iter, options.refresh));
  }
  const Index rows = x.rows();
  const Index parts = std::clamp<Index>(options.parts, 1, std::max<Index>(rows, 1));
  const auto begin = [&](Index part) { return rows * part / parts; };
  const auto of_part = [&](const AnyFamily& reference, Index p) {
    const Index count = begin(p + 1) - begin(p);
    return expect(state, reference, x.middleRows(begin(p), count), w.segment(begin(p), count));
  };
  if (options.mixing == MixingWeights::equal) {
    state.weights.setConstant(1.0 / static_cast<double>(state.weights.size()));
  }
  EmReport report;
  StopRule enough(options.tol);
  std::vector<Vector> kept(static_cast<std::size_t>(parts));
  Vector sum;
  AnyFamily reference = state.family;
  for (Index pass = 0;; ++pass) {
    double value = state.family.log_prior();
    if (pass % options.refresh == 0 || parts == 1) {
      // All parts with the same parameters: a pass of plain EM.
      const MixtureState before = state;
      reference = state.family;
      for (Index p = 0; p < parts; ++p) {
        Vector& own = kept[static_cast<std::size_t>(p)] = of_part(reference, p);
        value += own[0];
        sum = p == 0 ? own : Vector(sum + own);
      }
      maximize(state, reference, sum.tail(sum.size() - 1), options.mixing);
      if (pass == 0) check_exact(before, reference, state, x, w, what);
    } else {
      for (Index p = 0; p < parts; ++p) {
        Vector& own = kept[static_cast<std::size_t>(p)];
        Vector fresh = of_part(reference, p);
        value += fresh[0];
        sum += fresh - own;
        own = std::move(fresh);
        maximize(state, reference, sum.tail(sum.size() - 1), options.mixing);
      }
    }
    report.n_iter = pass + 1;
    report.objective_history.push_back(value);
    if (std::isnan(value)) report.stop = Stop::not_finite;
    if (enough(value)) report.stop = Stop::converged;
    if (report.stop != Stop::max_iterations || pass + 1 >= options.max_iter) break;
  }
  report.log_likelihood = log_likelihood(state, x, w);
  report.objective = report.log_likelihood + state.family.log_prior();
  report.mass = component_mass(state, x, w);
  return report;
}

OnlineEm::OnlineEm(MixtureState start, OnlineOptions options)
    : reference_(std::move(start)), state_(reference_), options_(options) {
  check_streams(state_.family, "OnlineEm");
  if (!(options_.decay > 0.5 && options_.decay <= 1)) {
    throw std::invalid_argument(
        fmt::format("OnlineEm: decay must be above 0.5 and at most 1, not {}", options_.decay));
  }
  if (options_.warm_up < 0 || options_.average_from < 0) {
    throw std::invalid_argument(
        fmt::format("OnlineEm: warm_up and average_from must not be negative, but are {} and {}",
                    options_.warm_up, options_.average_from));
  }
}

void OnlineEm::update(const AnyRows& x, Weights w) {
  constexpr const char* what = "OnlineEm";
  check_sizes(state_, x, w, what);
  const double weight = w.sum();
  if (!(weight > 0)) return;
  const Vector sum = expect(state_, reference_.family, x, w);
  const Vector fresh = sum.tail(sum.size() - 1) / weight;
  if (blocks_ == 0) {
    MixtureState next = reference_;
    maximize(next, reference_.family, sum.tail(sum.size() - 1), MixingWeights::fixed);
    check_exact(reference_, reference_.family, next, x, w, what);
    mean_ = fresh;
  }
  ++blocks_;
  weight_ += weight;
  mean_ += std::pow(static_cast<double>(blocks_), -options_.decay) * (fresh - mean_);
  if (blocks_ <= options_.warm_up) return;
  maximize(state_, reference_.family, weight_ * mean_, options_.mixing);
  if (options_.average_from > 0 && blocks_ >= options_.average_from) {
    ++averaged_;
    if (averaged_ == 1) average_ = mean_;
    average_ += (mean_ - average_) / static_cast<double>(averaged_);
  }
}

MixtureState OnlineEm::averaged() const {
  if (averaged_ == 0) return state_;
  MixtureState result = state_;
  maximize(result, reference_.family, weight_ * average_, options_.mixing);
  return result;
}

}  // namespace mix
