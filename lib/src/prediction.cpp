// What a mixture says of rows, without a fit: densities, responsibilities, labels.

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "group_densities.h"
#include "mix/block_memory.h"
#include "mix/em.h"
#include "mix/kernels.h"
#include "mix/parallel.h"
#include "pass.h"

namespace mix {

void log_joint(const MixtureState& state, const AnyRows& x, MatrixRef out) {
  state.family.log_densities(x, out);
  add_log_weights(log_weights(state.weights), out);
}

namespace {

// Calls use(first, l, log weights) for each block, in parallel; l: rows x components, the log
// densities, in memory that `use` may write to.
template <class Use>
void for_each_evaluated(const MixtureState& state, const AnyRows& x, const Use& use) {
  const Index k = state.family.size();
  const Vector constants = log_weights(state.weights);
  for_each_block(x.rows(), [&](Index first, Index count) {
    const BorrowedMemory memory;
    MatrixRef l = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
    state.family.log_densities(x.middleRows(first, count), l);
    use(first, l, constants);
  });
}

// Results of more numbers than this do not stay in a cache until somebody reads them.
constexpr Index cached_numbers = Index{1} << 19;

void copy_result(const MatrixRef& l, MatrixRef out, Index first) {
  if (out.size() > cached_numbers) {
    kernels::write_through(l, out.middleRows(first, l.rows()));
  } else {
    out.middleRows(first, l.rows()) = l;
  }
}

}  // namespace

double log_likelihood(const MixtureState& state, const AnyRows& x, Weights w) {
  const Index k = state.family.size();
  const Vector constants = log_weights(state.weights);
  const bool unit_weights = (w.array() == 1).all();
  const Vector sum = sum_over_blocks(x.rows(), 1, [&](Index first, Index count, VectorRef total) {
    const BorrowedMemory memory;
    MatrixRef l = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
    state.family.log_densities(x.middleRows(first, count), l);
    total[0] += kernels::total_log_sum(l, constants, unit_weights ? nullptr : w.data() + first);
  });
  return sum[0];
}

void responsibilities(const MixtureState& state, const AnyRows& x, MatrixRef out) {
  for_each_evaluated(state, x, [&](Index first, MatrixRef l, const Vector& constants) {
    thread_local Vector mass;
    mass.setZero(l.cols());
    kernels::share_out(l, constants, nullptr, mass);
    copy_result(l, out, first);
  });
}

Vector component_mass(const MixtureState& state, const AnyRows& x, Weights w) {
  const Index k = state.family.size();
  return sum_over_blocks(x.rows(), k, [&](Index first, Index count, VectorRef mass) {
    const BorrowedMemory memory;
    MatrixRef l = memory->matrix(0, kernels::packed_stride, k).topLeftCorner(count, k);
    VectorRef term = memory->matrix(1, kernels::packed_stride, 1).col(0).head(count);
    log_joint(state, x.middleRows(first, count), l);
    kernels::softmax(l, 1.0, term);
    kernels::weigh(l, w.segment(first, count), mass);
  });
}

Matrix responsibilities(const MixtureState& state, const AnyRows& x) {
  Matrix r(x.rows(), state.family.size());
  responsibilities(state, x, r);
  return r;
}

Vector log_density(const MixtureState& state, const AnyRows& x) {
  Vector out(x.rows());
  for_each_evaluated(state, x, [&](Index first, const MatrixRef& l, const Vector& constants) {
    kernels::log_sums(l, constants, out.segment(first, l.rows()));
  });
  return out;
}

Posterior posterior(const MixtureState& state, const AnyRows& x) {
  Posterior out{Matrix(x.rows(), state.family.size()), Vector(x.rows())};
  for_each_evaluated(state, x, [&](Index first, MatrixRef l, const Vector& constants) {
    kernels::softmax(l, constants, out.log_density.segment(first, l.rows()));
    copy_result(l, out.responsibilities, first);
  });
  return out;
}

Posterior posterior(const MixtureState& state, const AnyRows& x, Weights w, const Groups& groups) {
  Posterior out{Matrix(groups.count(), state.family.size()), Vector(groups.count())};
  group_log_densities(state.family, x, w, groups, false, out.responsibilities);
  const Vector constants = log_weights(state.weights);
  for_each_block(groups.count(), [&](Index first, Index count) {
    kernels::softmax(out.responsibilities.middleRows(first, count), constants,
                     out.log_density.segment(first, count));
  });
  return out;
}

namespace {

using RowsByDensity = std::vector<std::pair<double, Index>>;

// The rows with weight whose density is at most the cutoff, and how much they weigh.
double rows_below(double cutoff, const Vector& density, Weights w, RowsByDensity& rows) {
  rows.clear();
  double weight = 0;
  for (Index i = 0; i < density.size(); ++i) {
    // Also where it is NaN, which counts as the highest.
    if (density[i] > cutoff || !(w[i] > 0)) continue;
    rows.emplace_back(std::isnan(density[i]) ? infinity : density[i], i);
    weight += w[i];
  }
  return weight;
}

// A density below which probably more than this share of the rows is, by some of them.
double generous_cutoff(const Vector& density, double share) {
  constexpr Index most = 1024;
  constexpr double wider = 1.5;
  constexpr double more = 0.02;
  const Index step = std::max<Index>(density.size() / most, 1);
  std::vector<double> some;
  for (Index i = 0; i < density.size(); i += step) {
    some.push_back(std::isnan(density[i]) ? infinity : density[i]);
  }
  const auto count = static_cast<double>(some.size());
  const auto place = static_cast<std::size_t>(count * (wider * share + more));
  if (place >= some.size()) return infinity;
  const auto at = some.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(some.begin(), at, some.end());
  return *at;
}

}  // namespace

Vector kept_weights(const MixtureState& state, const AnyRows& x, Weights w, double share) {
  Vector kept = w;
  double left = share * w.sum();
  if (!(left > 0)) return kept;
  const Vector density = log_density(state, x);
  RowsByDensity rows;
  if (rows_below(generous_cutoff(density, share), density, w, rows) < left) {
    rows_below(infinity, density, w, rows);
  }
  // Equal ones in their order.
  std::sort(rows.begin(), rows.end());
  for (const auto& [value, row] : rows) {
    if (!(left > 0)) break;
    const double taken = std::min(left, kept[row]);
    kept[row] -= taken;
    left -= taken;
  }
  return kept;
}

std::vector<Index> most_probable(const MixtureState& state, const AnyRows& x) {
  std::vector<Index> labels(static_cast<std::size_t>(x.rows()));
  for_each_evaluated(state, x, [&](Index first, const MatrixRef& l, const Vector& constants) {
    kernels::best_components(l, constants, labels.data() + first);
  });
  return labels;
}

}  // namespace mix
