#include "evaluate.h"

#include <cmath>
#include <utility>

#include "arguments.h"
#include "mix/block_memory.h"
#include "mix/kernels.h"
#include "mix/models/group_posterior.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// The log-likelihood of the same family with a single component, NaN where it cannot be had.
double fit_one_component(const MixtureModel& model, const AnyRows& x, Weights w) {
  if (!model.family().selects() || model.family().as<FamilyList>() != nullptr) return quiet_nan;
  MixtureState state{Vector::Ones(1), model.family()};
  state.family.select({0});
  state.family.prepare(x, w);
  state.family.start(x, w);
  return run_em(state, x, w, {.max_iter = 200}).log_likelihood;
}

// Sums that criteria are made of, over rows or over groups.
struct Terms {
  double log_likelihood = 0;
  double entropy = 0;
  double log_largest = 0;
  double classification = 0;
  Vector mass;  // rows that each component holds
};

Terms terms_of_rows(const MixtureModel& model, const AnyRows& x, Weights w) {
  const Index k = model.n_components();
  const Vector sums =
      sum_over_blocks(x.rows(), 4 + k, [&](Index first, Index count, VectorRef sum) {
        const BorrowedMemory memory;
        MatrixRef l = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
        MatrixRef r = memory->matrix(1, kernels::packed_stride, k).topLeftCorner(count, k);
        Matrix& of_rows = memory->matrix(2, count, 4);
        auto term = of_rows.col(0);
        auto entropy = of_rows.col(1);
        auto largest = of_rows.col(2);
        auto log_largest = of_rows.col(3);
        log_joint(model.state(), x.middleRows(first, count), l);
        r = l;
        kernels::softmax(r, 1.0, term);
        entropy.setZero();
        largest = r.col(0);
        log_largest = l.col(0);
        for (Index c = 0; c < k; ++c) {  // column by column, as they lie in memory
          for (Index i = 0; i < count; ++i) {
            if (r(i, c) > 0) entropy[i] -= r(i, c) * std::log(r(i, c));
          }
          largest = largest.cwiseMax(r.col(c));
          log_largest = log_largest.cwiseMax(l.col(c));
        }
        for (Index i = 0; i < count; ++i) {
          const double weight = w[first + i];
          if (!(weight > 0)) continue;
          sum[0] += weight * term[i];
          sum[1] += weight * entropy[i];
          sum[2] += weight * std::log(largest[i]);
          sum[3] += weight * log_largest[i];
        }
        kernels::weigh(r, w.segment(first, count), sum.tail(k));
      });
  return {sums[0], sums[1], sums[2], sums[3], sums.tail(k)};
}

Terms terms_of_groups(const MixtureModel& model, const AnyRows& x, Weights w,
                      const Groups& groups) {
  const Posterior of_groups = group_posterior(model, x, w, groups);
  const Vector weight = groups.sums(w);
  Terms terms{.mass = of_groups.responsibilities.transpose() * weight};
  for (Index g = 0; g < groups.count(); ++g) {
    if (!(weight[g] > 0)) continue;
    const auto r = of_groups.responsibilities.row(g);
    for (const double share : r) {
      if (share > 0) terms.entropy -= share * std::log(share);
    }
    const double log_largest = std::log(r.maxCoeff());
    terms.log_likelihood += of_groups.log_density[g];
    terms.log_largest += log_largest;
    terms.classification += of_groups.log_density[g] + log_largest;
  }
  return terms;
}

}  // namespace

Vector counted_weights(const MixtureModel& model, const AnyRows& x, const FitOptions& options) {
  Vector w = options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows());
  const auto* policy = options.assignment.as<Trimmed>();
  return policy != nullptr ? kept_weights(model.state(), x, w, policy->share) : w;
}

Vector complete_report(Report& report, const MixtureModel& model, const AnyRows& x, Weights w,
                       const Groups& groups, double one_component) {
  const Index k = model.n_components();
  Terms terms = groups.empty() ? terms_of_rows(model, x, w) : terms_of_groups(model, x, w, groups);
  report.log_likelihood = terms.log_likelihood;
  report.parameter_count = model.parameter_count();
  if (!groups.empty()) report.groups = (groups.sums(w).array() > 0).count();
  report.n = groups.empty() ? w.sum() : static_cast<double>(report.groups);
  report.entropy = terms.entropy;
  if (k > 1 && std::isnan(one_component)) one_component = fit_one_component(model, x, w);
  report.criteria = criteria({.log_likelihood = terms.log_likelihood,
                              .parameter_count = report.parameter_count,
                              .n = report.n,
                              .n_components = k,
                              .entropy = terms.entropy,
                              .log_largest = terms.log_largest,
                              .classification = terms.classification,
                              .one_component = k > 1 ? one_component : quiet_nan});
  return std::move(terms.mass);
}

Report evaluate(const MixtureModel& model, const AnyRows& x, const FitOptions& options) {
  check_rows(model, x, options.sample_weight, "evaluate");
  check_groups(options.groups, x.rows(), "evaluate");
  check_assignment(options);
  Report report;
  with_threads(options.threads, [&] {
    const Vector w = counted_weights(model, x, options);
    report.mass = complete_report(report, model, x, w, options.groups);
  });
  report.objective = report.log_likelihood + model.family().log_prior();
  report.objective_history = {report.objective};
  report.start = "parameters";
  return report;
}

}  // namespace mix
