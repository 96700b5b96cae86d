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

void Trimmed::assign(const BlockContext& context, MatrixRef l, VectorRef term) const {
  Soft{}.assign(context, l, term);
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

double Saem::step(Index iteration) const {
  if (burn_in < 0 || !(decay > 0.5 && decay <= 1)) {
    throw std::invalid_argument(
        fmt::format("Saem: burn_in must not be negative and decay must be above 0.5 and at most 1, "
                    "but they are {} and {}",
                    burn_in, decay));
  }
  return iteration <= burn_in ? 1 : std::pow(static_cast<double>(iteration - burn_in + 1), -decay);
}

void Saem::assign(const BlockContext& context, MatrixRef l, VectorRef term) const {
  Stochastic{}.assign(context, l, term);
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

Known Known::of_rows(const std::vector<Index>& rows) const {
  Known some;
  some.labels.reserve(rows.size());
  for (const Index row : rows) some.labels.push_back(labels.at(static_cast<std::size_t>(row)));
  return some;
}

void Known::evidence(Index row, VectorRef of_components) const {
  of_components.setZero();
  const Index label = labels[static_cast<std::size_t>(row)];
  if (label >= 0) of_components[label] = 1;
}

LabelPrior::LabelPrior(const Matrix& probability)
    : log_(probability.rows(), probability.cols()), named_(probability.cols()) {
  for (Index i = 0; i < probability.rows(); ++i) {
    for (Index k = 0; k < probability.cols(); ++k) {
      const double value = probability(i, k);
      if (!(std::isfinite(value) && value >= 0)) {
        throw std::invalid_argument(
            fmt::format("LabelPrior: the prior of row {} for component {} is {}; it must be finite "
                        "and not negative",
                        i + 1, k + 1, value));
      }
      log_(i, k) = value > 0 ? std::log(value) : -infinity;
    }
    if (probability.cols() > 0 && probability.row(i).maxCoeff() > 0) continue;
    throw std::invalid_argument(fmt::format(
        "LabelPrior: row {} forbids every component; a row of ones says nothing", i + 1));
  }
}

LabelPrior LabelPrior::of_rows(const std::vector<Index>& rows) const {
  LabelPrior some;
  some.log_ = log_(rows, Eigen::all);
  some.named_ = named_;
  return some;
}

LabelPrior LabelPrior::of_components(const std::vector<Index>& components) const {
  LabelPrior some;
  some.log_ = log_(Eigen::all, components);
  some.named_ = std::count_if(components.begin(), components.end(),
                              [&](Index component) { return component < named_; });
  return some;
}

LabelPrior LabelPrior::extended(Index components) const {
  if (components < log_.cols()) {
    throw std::invalid_argument(fmt::format(
        "the label prior is for {} components, but there are only {}", log_.cols(), components));
  }
  LabelPrior more;
  more.log_ = Matrix::Constant(log_.rows(), components, -infinity);
  more.log_.leftCols(log_.cols()) = log_;
  more.named_ = named_;
  for (Index i = 0; i < log_.rows(); ++i) {
    if (says_nothing(i)) more.log_.row(i).setConstant(log_(i, 0));
  }
  return more;
}

void LabelPrior::evidence(Index row, VectorRef of_components) const {
  of_components.setZero();
  const auto own = log_.row(row).head(named_);
  auto named = of_components.head(named_);
  named = (own.array() - own.maxCoeff()).exp().transpose();
  if (named_ == 1) return;
  const double even = 1 / static_cast<double>(named_);
  named = ((named.array() / named.sum() - even) / (1 - even)).cwiseMax(0);
}

bool LabelPrior::certain() const {
  for (Index i = 0; i < log_.rows(); ++i) {
    if (!says_nothing(i) && (log_.row(i).array() > -infinity).count() != 1) return false;
  }
  return true;
}

Matrix LabelPrior::shares() const {
  Matrix r = (log_.colwise() - log_.rowwise().maxCoeff()).array().exp();
  r.array().colwise() /= r.rowwise().sum().array().eval();
  return r;
}

void LabelPrior::assign(const BlockContext& context, MatrixRef l, VectorRef term) const {
  if (log_.cols() != l.cols()) {
    throw std::invalid_argument(fmt::format(
        "the label prior is for {} components, but there are {}", log_.cols(), l.cols()));
  }
  for (Index k = 0; k < l.cols(); ++k) {
    const double* prior = log_.col(k).data() + context.first_row;
    // Minus infinity forbids, also where the density is infinite.
    for (Index i = 0; i < l.rows(); ++i) {
      l(i, k) = prior[i] > -infinity ? l(i, k) + prior[i] : -infinity;
    }
  }
  kernels::softmax(l, 1.0, term);
}

}  // namespace mix
