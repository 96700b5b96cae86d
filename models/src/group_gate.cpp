#include "group_gate.h"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

#include "mix/distributions/gated.h"
#include "mix/models/group_posterior.h"

namespace mix {
namespace {

MixtureModel with_family(const MixtureModel& model, Gated family) {
  MixtureState state = model.state();
  state.family = std::move(family);
  return {std::move(state), model.mixing()};
}

void check_gate(const Gated& gated, const Matrix& rows, Weights w, const Groups& groups) {
  std::vector<Index> first(static_cast<std::size_t>(groups.count()), -1);
  for (Index i = 0; i < rows.rows(); ++i) {
    if (!(w[i] > 0)) continue;
    Index& other = first[static_cast<std::size_t>(groups[i])];
    if (other < 0) other = i;
    for (const Index j : gated.gate_columns()) {
      if (rows(other, j) == rows(i, j)) continue;
      throw std::invalid_argument(fmt::format(
          "rows {} and {} are of one group, but column {}, which the gate reads, is {} and {}; "
          "rows of a group share a component, so give the gate columns that are the same in all of "
          "them (a mean over the group, for example)",
          other + 1, i + 1, j + 1, rows(other, j), rows(i, j)));
    }
  }
}

}  // namespace

std::optional<GroupGate> group_gate(const MixtureModel& model, const AnyRows& x,
                                    const Vector& sample_weight, const Groups& groups) {
  const auto* gated = model.family().as<Gated>();
  if (groups.empty() || gated == nullptr || gated->has_group_shares()) return std::nullopt;
  const Vector w = sample_weight.size() > 0 ? sample_weight : Vector::Ones(x.rows());
  Matrix rows(x.rows(), x.cols() + 1);
  x.write_to(rows.leftCols(x.cols()));
  check_gate(*gated, rows, w, groups);
  const Vector sums = groups.sums(w);
  for (Index i = 0; i < rows.rows(); ++i) {
    rows(i, x.cols()) = w[i] > 0 ? 1 / sums[groups[i]] : 0;
  }
  return GroupGate{with_family(model, gated->with_group_shares()), std::move(rows)};
}

MixtureModel without_group_gate(const MixtureModel& model) {
  const auto* gated = model.family().as<Gated>();
  return gated == nullptr ? model : with_family(model, gated->without_group_shares());
}

Posterior group_posterior(const MixtureModel& model, const AnyRows& x, Weights w,
                          const Groups& groups) {
  if (const auto gate = group_gate(model, x, w, groups)) {
    return posterior(gate->model.state(), gate->rows, w, groups);
  }
  return posterior(model.state(), x, w, groups);
}

}  // namespace mix
