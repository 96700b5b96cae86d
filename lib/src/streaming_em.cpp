#include "mix/streaming_em.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "additive_statistics.h"
#include "mix/row_checks.h"
#include "stop_rule.h"

namespace mix {
namespace {

// What `fit` asks of rows and weights.
void check_data(const AnyFamily& family, const AnyRows& x, Weights w, const char* what) {
  check_rows(family, x, what);
  check_weights(w, x.rows(), what);
  if (const std::string complaint = family.check_support(x); !complaint.empty()) {
    throw std::invalid_argument(fmt::format("{}: {}", what, complaint));
  }
}

}  // namespace

EmReport run_incremental_em(MixtureState& state, const AnyRows& x, Weights w,
                            const IncrementalOptions& options) {
  constexpr const char* what = "run_incremental_em";
  check_streams(state.family, what);
  check_data(state.family, x, w, what);
  if (options.parts < 1 || options.max_iter < 1 || options.refresh < 1) {
    throw std::invalid_argument(
        fmt::format("{}: parts, max_iter and refresh must be at least 1, but are {}, {} and {}",
                    what, options.parts, options.max_iter, options.refresh));
  }
  const Index rows = x.rows();
  const Index parts = std::min(options.parts, rows);
  const auto begin = [&](Index part) { return rows * part / parts; };
  const auto of_part = [&](const AnyFamily& reference, Index p) {
    const Index count = begin(p + 1) - begin(p);
    return soft_statistics(state, reference, x.middleRows(begin(p), count),
                           w.segment(begin(p), count));
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
      maximize_sum(state, reference, sum.tail(sum.size() - 1), options.mixing);
      if (pass == 0) check_exact(before, reference, state, x, w, what);
    } else {
      for (Index p = 0; p < parts; ++p) {
        Vector& own = kept[static_cast<std::size_t>(p)];
        Vector fresh = of_part(reference, p);
        value += fresh[0];
        sum += fresh - own;
        own = std::move(fresh);
        maximize_sum(state, reference, sum.tail(sum.size() - 1), options.mixing);
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
  const bool counts = w.size() != x.rows() || (w.array() != 0).any();
  if (!counts && x.cols() == state_.family.dimension()) return;
  check_data(state_.family, x, w, what);
  const double weight = w.sum();
  const Vector sum = soft_statistics(state_, reference_.family, x, w);
  const Vector fresh = sum.tail(sum.size() - 1) / weight;
  if (blocks_ == 0) {
    MixtureState next = reference_;
    maximize_sum(next, reference_.family, sum.tail(sum.size() - 1), MixingWeights::fixed);
    check_exact(reference_, reference_.family, next, x, w, what);
    mean_ = fresh;
  }
  ++blocks_;
  weight_ += weight;
  mean_ += std::pow(static_cast<double>(blocks_), -options_.decay) * (fresh - mean_);
  if (blocks_ <= options_.warm_up) return;
  maximize_sum(state_, reference_.family, weight_ * mean_, options_.mixing);
  if (options_.average_from > 0 && blocks_ >= options_.average_from) {
    ++averaged_;
    if (averaged_ == 1) average_ = mean_;
    average_ += (mean_ - average_) / static_cast<double>(averaged_);
  }
}

MixtureState OnlineEm::averaged() const {
  if (averaged_ == 0) return state_;
  MixtureState result = state_;
  maximize_sum(result, reference_.family, weight_ * average_, options_.mixing);
  return result;
}

}  // namespace mix
