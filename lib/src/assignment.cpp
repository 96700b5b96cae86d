#include "mix/assignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "mix/kernels.h"
#include "mix/random.h"

namespace mix {
namespace {

template <class Row>
Index best(const Row& l) {
  Index best = 0;
  for (Index k = 1; k < l.size(); ++k) {
    if (l[k] > l[best]) best = k;
  }
  return best;
}

}  // namespace

void Soft::assign(const BlockContext& /*context*/, MatrixRef l, VectorRef term) const {
  kernels::softmax(l, 1.0, term);
}

void Hard::assign(const BlockContext& /*context*/, MatrixRef l, VectorRef term) const {
  for (Index i = 0; i < l.rows(); ++i) {
    const Index k = best(l.row(i));
    term[i] = l(i, k);
    l.row(i).setZero();
    if (term[i] > -infinity) l(i, k) = 1;
  }
}

void Stochastic::assign(const BlockContext& context, MatrixRef l, VectorRef term) const {
  kernels::softmax(l, 1.0, term);
  for (Index i = 0; i < l.rows(); ++i) {
    if (!(term[i] > -infinity)) continue;
    Rng rng(context.seed, Purpose::assignment, static_cast<std::uint64_t>(context.iteration),
            static_cast<std::uint64_t>(context.first_row + i));
    const Vector r = l.row(i);
    const Index k = categorical(rng, r);
    l.row(i).setZero();
    l(i, k) = 1;
  }
}

Index Annealed::stage(Index iteration) const {
  return std::min(steps, iteration / std::max<Index>(iterations_per_step, 1));
}

double Annealed::beta(Index iteration) const {
  if (!(first > 0 && first <= 1)) {
    throw std::invalid_argument(
        fmt::format("Annealed: first must be above 0 and at most 1, but is {}", first));
  }
  const Index current = stage(iteration);
  if (current >= steps) return 1;
  return first * std::pow(1 / first, static_cast<double>(current) / static_cast<double>(steps));
}

void Annealed::assign(const BlockContext& context, MatrixRef l, VectorRef term) const {
  const double b = beta(context.iteration);
  kernels::softmax(l, b, term);
}

void Truncated::assign(const BlockContext& /*context*/, MatrixRef l, VectorRef term) const {
  const Index kept = std::max<Index>(keep, 1);
  if (kept >= l.cols()) {
    kernels::softmax(l, 1.0, term);
    return;
  }
  for (Index first = 0; first < l.rows(); first += kernels::packed_rows) {
    const Index count = std::min(kernels::packed_rows, l.rows() - first);
    auto block = l.middleRows(first, count);
    Matrix best(kept, count);
    Eigen::MatrixXi which(kept, count);
    kernels::keep_best(block, best, which);
    Matrix shares = best.transpose();
    kernels::softmax(shares, 1.0, term.segment(first, count));
    block.setZero();
    for (Index i = 0; i < count; ++i) {
      for (Index place = 0; place < kept && which(place, i) >= 0; ++place) {
        block(i, which(place, i)) = shares(i, place);
      }
    }
  }
}

void Known::assign(const BlockContext& context, MatrixRef l, VectorRef term) const {
  const auto first = labels.begin() + context.first_row;
  const Index highest = l.rows() > 0 ? *std::max_element(first, first + l.rows()) : -1;
  if (highest >= l.cols()) {
    throw std::invalid_argument(fmt::format("known label {} needs {} components, but there are {}",
                                            highest, highest + 1, l.cols()));
  }
  // A known row goes through the softmax as one that only its component explains.
  for (Index i = 0; i < l.rows(); ++i) {
    const Index label = labels[static_cast<std::size_t>(context.first_row + i)];
    if (label < 0) continue;
    const double density = l(i, label);
    l.row(i).setConstant(-infinity);
    l(i, label) = density;
  }
  kernels::softmax(l, 1.0, term);
}

}  // namespace mix
