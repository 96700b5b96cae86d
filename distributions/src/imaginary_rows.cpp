#include "mix/distributions/imaginary_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "mix/parallel.h"
#include "univariate.h"

namespace mix {
namespace {

constexpr Index most_imaginary_rows = 256;
// As many as no family has doubts about.
constexpr double enough_rows_per_column = 5;

struct WeightedRows {
  Matrix rows;
  Vector weights;
};

// The different rows with weight, in the order of their values, missing cells last.
WeightedRows different_rows(const AnyRows& x, Weights w) {
  const DenseRows dense(x);
  const Rows& rows = *dense;
  std::vector<Index> order;
  for (Index i = 0; i < rows.rows(); ++i) {
    if (w[i] > 0) order.push_back(i);
  }
  const auto cell = [&](Index i, Index j) {
    return std::isnan(rows(i, j)) ? infinity : rows(i, j);
  };
  const auto compare = [&](Index a, Index b) {
    for (Index j = 0; j < rows.cols(); ++j) {
      if (cell(a, j) != cell(b, j)) return cell(a, j) < cell(b, j) ? -1 : 1;
    }
    return 0;
  };
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return compare(a, b) < 0; });
  std::vector<Index> first;
  std::vector<double> weights;
  for (const Index i : order) {
    if (first.empty() || compare(first.back(), i) != 0) {
      first.push_back(i);
      weights.push_back(0);
    }
    weights.back() += w[i];
  }
  return {rows(first, Eigen::all),
          Eigen::Map<Vector>(weights.data(), static_cast<Index>(weights.size()))};
}

// Of many rows, `count` that split the weight evenly.
WeightedRows evenly_spaced(const WeightedRows& all, Index count) {
  const double each = all.weights.sum() / static_cast<double>(count);
  std::vector<Index> chosen;
  double passed = 0;
  for (Index i = 0; i < all.rows.rows(); ++i) {
    passed += all.weights[i];
    while (static_cast<Index>(chosen.size()) < count &&
           (static_cast<double>(chosen.size()) + 0.5) * each < passed) {
      chosen.push_back(i);
    }
  }
  const auto found = static_cast<Index>(chosen.size());
  return {all.rows(chosen, Eigen::all), Vector::Constant(found, each)};
}

}  // namespace

WithImaginaryRows::WithImaginaryRows(AnyFamily family, double weight)
    : family_(std::move(family)), weight_(weight) {
  check();
}

WithImaginaryRows::WithImaginaryRows(AnyFamily family, Matrix rows, Vector weights)
    : family_(std::move(family)),
      weight_(weights.sum()),
      given_(1),
      rows_(std::move(rows)),
      row_weights_(std::move(weights)) {
  check();
}

void WithImaginaryRows::check() const {
  if (!is_positive(weight_)) {
    throw std::invalid_argument(fmt::format(
        "prior of imaginary rows: their weight is {}; it must be positive and finite", weight_));
  }
  if (rows_.rows() != row_weights_.size() || !(row_weights_.array() >= 0).all()) {
    throw std::invalid_argument(
        fmt::format("prior of imaginary rows: {} weights for {} rows; give each row one, not below "
                    "0",
                    row_weights_.size(), rows_.rows()));
  }
  if (rows_.rows() > 0 && rows_.cols() != dimension()) {
    throw std::invalid_argument(
        fmt::format("prior of imaginary rows: they have {} columns, the family {}; give the same",
                    rows_.cols(), dimension()));
  }
  if (statistics_.size() > 0 && statistics_.size() * size() != family_.statistics_size()) {
    throw std::invalid_argument(
        fmt::format("prior of imaginary rows: {} statistics for components of {}",
                    statistics_.size(), family_.statistics_size() / std::max<Index>(size(), 1)));
  }
}

std::string WithImaginaryRows::title() const {
  return fmt::format("{}, prior of {} row{}", family_.title(), weight_, weight_ == 1 ? "" : "s");
}

Vector WithImaginaryRows::imaginary_statistics() const {
  if (statistics_.size() > 0) return statistics_.replicate(size(), 1);
  if (rows_.rows() == 0) return Vector::Zero(family_.statistics_size());
  return sum_over_blocks(
      rows_.rows(), family_.statistics_size(), [&](Index first, Index count, VectorRef sum) {
        const Matrix shares = row_weights_.segment(first, count).replicate(1, size());
        family_.accumulate(Rows(rows_.middleRows(first, count)), shares, sum);
      });
}

void WithImaginaryRows::maximize(ConstVectorRef sum) {
  family_.maximize(sum + imaginary_statistics());
}

void WithImaginaryRows::fit(const AnyRows& x, Shares shares) {
  if (streams()) {
    for (Index cycle = 0; cycle < cycles(); ++cycle) {
      select_cycle(cycle);
      maximize(sum_over_blocks(
          x.rows(), statistics_size(), [&](Index first, Index count, VectorRef sum) {
            accumulate(*DenseBlock(x, first, count), shares.middleRows(first, count), sum);
          }));
    }
    select_cycle(0);
    return;
  }
  const Index n = x.rows();
  Matrix all(n + rows_.rows(), dimension());
  x.write_to(all.topRows(n));
  if (rows_.rows() > 0) all.bottomRows(rows_.rows()) = rows_;
  Matrix all_shares(all.rows(), size());
  all_shares << shares, row_weights_.replicate(1, size());
  family_.fit(all, all_shares);
}

void WithImaginaryRows::start(const AnyRows& x, Shares shares) {
  family_.start(x, shares);
  fit(x, shares);
}

void WithImaginaryRows::learn_statistics(const AnyRows& x, Weights w) {
  const Vector sum = sum_over_blocks(
      x.rows(), family_.statistics_size(), [&](Index first, Index count, VectorRef total) {
        const Matrix shares = w.segment(first, count).replicate(1, size());
        family_.accumulate(x.middleRows(first, count), shares, total);
      });
  const double total = w.sum();
  if (total > 0) statistics_ = sum.head(sum.size() / size()) * (weight_ / total);
}

void WithImaginaryRows::learn_rows(const AnyRows& x, Weights w) {
  WeightedRows found = different_rows(x, w);
  const Index count = std::max(most_imaginary_rows, 2 * dimension());
  if (found.rows.rows() > count) found = evenly_spaced(found, count);
  const double total = found.weights.sum();
  if (!(total > 0)) return;
  rows_ = std::move(found.rows);
  row_weights_ = found.weights * (weight_ / total);
}

void WithImaginaryRows::prepare(const AnyRows& x, Weights w) {
  family_.prepare(x, w);
  if (given_ != 0) return;
  rows_.resize(0, 0);
  row_weights_.resize(0);
  statistics_.resize(0);
  if (family_.parameter_free_statistics()) {
    learn_statistics(x, w);
  } else {
    learn_rows(x, w);
  }
}

double WithImaginaryRows::log_prior() const {
  double prior = family_.log_prior();
  if (statistics_.size() > 0) {
    return prior + family_.weighted_log_density(imaginary_statistics(), family_);
  }
  if (rows_.rows() == 0) return prior;
  return prior + sum_over_blocks(rows_.rows(), 1, [&](Index first, Index count, VectorRef total) {
           Matrix out(count, size());
           family_.log_densities(Rows(rows_.middleRows(first, count)), out);
           for (Index i = 0; i < count; ++i) {
             const double w = row_weights_[first + i];
             if (w > 0) total[0] += w * out.row(i).sum();
           }
         })[0];
}

std::string WithImaginaryRows::flaw(Index k, double mass) const {
  double rows = mass + weight_;
  // Beside rows like the data few others cannot make a component flat, and the density is bounded.
  // Rows of one's own may all be alike.
  if (given_ == 0) rows = std::max(rows, enough_rows_per_column * static_cast<double>(dimension()));
  return family_.flaw(k, rows);
}

void WithImaginaryRows::fields(Fields& visit) {
  visit("family", family_);
  visit("weight", weight_);
  visit("given", given_);
  visit("rows", rows_);
  visit("row_weights", row_weights_);
  visit("statistics", statistics_);
  if (visit.loading()) check();
}

}  // namespace mix
