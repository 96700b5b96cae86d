#include "mix/distributions/categorical.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "mix/coordinates.h"
#include "mix/kernels.h"
#include "mix/support.h"

namespace mix {
namespace {

bool is_code(double value, Index levels) {
  return is_count(value) && value < static_cast<double>(levels);
}

void check(const std::vector<Index>& levels, const Smoothing& smoothing) {
  for (std::size_t j = 0; j < levels.size(); ++j) {
    if (levels[j] >= 1 && levels[j] <= Categorical::most_levels) continue;
    throw std::invalid_argument(
        fmt::format("Categorical: column {} has {} levels; 1 to {} are possible", j + 1, levels[j],
                    Categorical::most_levels));
  }
  check_smoothing("Categorical", smoothing);
}

void check(const std::vector<Index>& levels, const Matrix& probabilities) {
  if (probabilities.rows() != static_cast<Index>(levels.size())) {
    throw std::invalid_argument("Categorical: probabilities needs one row per column of the data");
  }
  for (Index j = 0; j < probabilities.rows(); ++j) {
    const Index own = levels[static_cast<std::size_t>(j)];
    if (own <= probabilities.cols()) {
      const auto p = probabilities.row(j).head(own).array();
      if ((p >= 0).all() && std::abs(p.sum() - 1) < 1e-9) continue;
    }
    throw std::invalid_argument(
        fmt::format("Categorical: the probabilities of column {} are at least 0 and sum to 1 over "
                    "its {} levels",
                    j + 1, own));
  }
}

}  // namespace

Categorical::Categorical(Index dimension, Smoothing smoothing)
    : Categorical(std::vector<Index>(static_cast<std::size_t>(std::max<Index>(dimension, 0)), 1),
                  smoothing) {
  source_ = Levels::learned;
}

Categorical::Categorical(std::vector<Index> levels, Smoothing smoothing)
    : levels_(std::move(levels)), smoothing_(smoothing) {
  if (levels_.empty()) {
    throw std::invalid_argument("Categorical: 0 columns; at least 1 is needed");
  }
  check(levels_, smoothing_);
  set_equally_probable();
}

Categorical::Categorical(const std::vector<Vector>& probabilities, Smoothing smoothing)
    : smoothing_(smoothing) {
  for (const Vector& p : probabilities) levels_.push_back(p.size());
  check(levels_, smoothing_);
  set_equally_probable();
  for (std::size_t j = 0; j < probabilities.size(); ++j) {
    probabilities_.row(static_cast<Index>(j)).head(levels_[j]) = probabilities[j].transpose();
  }
  check(levels_, probabilities_);
}

void Categorical::set_equally_probable() {
  const Index most = *std::max_element(levels_.begin(), levels_.end());
  probabilities_.setZero(dimension(), most);
  for (Index j = 0; j < dimension(); ++j) {
    const Index own = levels_[static_cast<std::size_t>(j)];
    probabilities_.row(j).head(own).setConstant(1 / static_cast<double>(own));
  }
}

Index Categorical::parameter_count() const {
  Index count = 0;
  for (const Index own : levels_) count += own - 1;
  return count;
}

void Categorical::log_density(Rows x, VectorRef out) const {
  const Matrix log_probabilities = probabilities_.array().log();
  out.setZero();
  for (Index j = 0; j < dimension(); ++j) {
    const Index own = levels_[static_cast<std::size_t>(j)];
    for (Index i = 0; i < x.rows(); ++i) {
      const double code = x(i, j);
      if (std::isnan(code)) continue;  // missing
      out[i] += is_code(code, own) ? log_probabilities(j, static_cast<Index>(code)) : -infinity;
    }
  }
}

void Categorical::sample(Rng& rng, VectorRef out) const {
  for (Index j = 0; j < dimension(); ++j) {
    const Vector p = probabilities_.row(j).transpose();
    out[j] = static_cast<double>(mix::categorical(rng, p));
  }
}

void Categorical::impute(MatrixRef x, Rng* rng) const {
  for (Index j = 0; j < dimension(); ++j) {
    const Vector p = probabilities_.row(j).transpose();
    Index best = 0;
    p.maxCoeff(&best);
    for (Index i = 0; i < x.rows(); ++i) {
      if (!std::isnan(x(i, j))) continue;
      x(i, j) = static_cast<double>(rng != nullptr ? mix::categorical(*rng, p) : best);
    }
  }
}

bool Categorical::explains(Rows x, Index row) const {
  for (Index j = 0; j < dimension(); ++j) {
    if (std::isnan(x(row, j))) continue;  // missing
    if (!is_code(x(row, j), levels_[static_cast<std::size_t>(j)])) return false;
  }
  return true;
}

Index Categorical::statistics_size() const {
  return std::accumulate(levels_.begin(), levels_.end(), Index{0});
}

void Categorical::accumulate(Rows x, Weights w, VectorRef statistics) const {
  for (Index i = 0; i < x.rows(); ++i) {
    // A row that no probabilities explain may hold anything, and contributes nothing.
    if (!(w[i] > 0) || !explains(x, i)) continue;
    Index first = 0;
    for (Index j = 0; j < dimension(); ++j) {
      if (!std::isnan(x(i, j))) statistics[first + static_cast<Index>(x(i, j))] += w[i];
      first += levels_[static_cast<std::size_t>(j)];
    }
  }
}

void Categorical::maximize(ConstVectorRef sum) {
  Index first = 0;
  for (Index j = 0; j < dimension(); ++j) {
    const Index own = levels_[static_cast<std::size_t>(j)];
    const auto smoothed = sum.segment(first, own).array() + smoothing_.pseudo_count;
    const double total = smoothed.sum();
    first += own;
    if (total > 0) probabilities_.row(j).head(own) = (smoothed / total).transpose();
  }
}

bool Categorical::features(Rows x, MatrixRef out) const {
  Index first = 0;
  for (Index j = 0; j < dimension(); ++j) {
    const Index own = levels_[static_cast<std::size_t>(j)];
    if (!kernels::one_hot(x.col(j), out.middleCols(first, own))) return false;
    first += own;
  }
  return true;
}

bool Categorical::log_base(Rows /*x*/, VectorRef out) const {
  out.setZero();
  return true;
}

void Categorical::natural_parameters(VectorRef eta) const {
  Index first = 0;
  for (Index j = 0; j < dimension(); ++j) {
    const Index own = levels_[static_cast<std::size_t>(j)];
    eta.segment(first, own) = probabilities_.row(j).head(own).transpose().array().log();
    first += own;
  }
}

double Categorical::log_partition() const { return 0; }

Vector Categorical::coordinates() const {
  Vector v(statistics_size());
  natural_parameters(v);
  return v;
}

void Categorical::set_coordinates(ConstVectorRef v) {
  Index first = 0;
  for (Index j = 0; j < dimension(); ++j) {
    const Index own = levels_[static_cast<std::size_t>(j)];
    probabilities_.row(j).head(own) =
        probabilities_of_logarithms(v.segment(first, own)).transpose();
    first += own;
  }
}

void Categorical::prepare(const AnyRows& x, Weights w) {
  if (source_ == Levels::given) return;
  std::vector<Index> levels(levels_.size(), 1);
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index j = 0; j < dimension(); ++j) {
      Index& own = levels[static_cast<std::size_t>(j)];
      for (Index i = 0; i < block.rows(); ++i) {
        if (!(w[first + i] > 0) || !is_code(block(i, j), most_levels)) continue;
        own = std::max(own, static_cast<Index>(block(i, j)) + 1);
      }
    }
  });
  if (levels == levels_) return;  // the parameters, perhaps estimated, still fit
  levels_ = std::move(levels);
  set_equally_probable();
}

double Categorical::log_prior() const {
  if (smoothing_.pseudo_count == 0) return 0;
  double sum = 0;
  for (Index j = 0; j < dimension(); ++j) {
    sum += probabilities_.row(j).head(levels_[static_cast<std::size_t>(j)]).array().log().sum();
  }
  return smoothing_.pseudo_count * sum;
}

std::string Categorical::check_support(Rows x) const {
  const auto complaint = [&](Index row, Index j) -> std::string {
    const Index own =
        source_ == Levels::learned ? most_levels : levels_[static_cast<std::size_t>(j)];
    if (is_code(x(row, j), own)) return {};
    return fmt::format("{} is not a category code from 0 to {}", x(row, j), own - 1);
  };
  return check_cells(x, complaint, MissingCells::read);
}

Matrix Categorical::embed(Rows x) const {
  // By the codes in `x`, for before `prepare` the level counts may not be known.
  std::vector<Index> first(levels_.size() + 1, 0);
  for (Index j = 0; j < dimension(); ++j) {
    Index own = 1;
    for (Index i = 0; i < x.rows(); ++i) {
      if (is_code(x(i, j), most_levels)) own = std::max(own, static_cast<Index>(x(i, j)) + 1);
    }
    first[static_cast<std::size_t>(j) + 1] = first[static_cast<std::size_t>(j)] + own;
  }
  Matrix out = Matrix::Zero(x.rows(), first.back());
  for (Index j = 0; j < dimension(); ++j) {
    for (Index i = 0; i < x.rows(); ++i) {
      if (std::isnan(x(i, j))) {  // in the middle of the others, once their mean is known
        const Index begin = first[static_cast<std::size_t>(j)];
        out.row(i)
            .segment(begin, first[static_cast<std::size_t>(j) + 1] - begin)
            .setConstant(quiet_nan);
      }
      if (!is_code(x(i, j), most_levels)) continue;
      out(i, first[static_cast<std::size_t>(j)] + static_cast<Index>(x(i, j))) = 1;
    }
  }
  return out;
}

Categorical Categorical::marginal(const std::vector<Index>& columns) const {
  Categorical chosen;
  for (const Index j : columns) chosen.levels_.push_back(levels_[static_cast<std::size_t>(j)]);
  const Index most = *std::max_element(chosen.levels_.begin(), chosen.levels_.end());
  chosen.probabilities_ = probabilities_(columns, Eigen::seqN(0, most));
  chosen.smoothing_ = smoothing_;
  chosen.source_ = source_;
  return chosen;
}

void Categorical::fields(Fields& visit) {
  visit("levels", levels_);
  visit("probabilities", probabilities_);
  visit("pseudo_count", smoothing_.pseudo_count);
  if (!visit.loading()) return;
  source_ = Levels::given;
  check(levels_, smoothing_);
  check(levels_, probabilities_);
}

void Categorical::describe(Fields& visit) const {
  std::vector<Index> levels = levels_;
  Matrix probabilities = probabilities_;
  visit("levels", levels);
  visit("probabilities", probabilities);
}

}  // namespace mix
