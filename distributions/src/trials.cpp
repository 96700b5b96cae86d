#include "mix/distributions/trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "mix/errors.h"
#include "mix/support.h"

namespace mix {

Trials Trials::in_column() {
  Trials trials;
  trials.from_ = column;
  return trials;
}

bool Trials::explain(Rows x, Index row) const {
  const double trials = of(x, row);
  return is_count(x(row, 0)) && is_count(trials) && x(row, 0) <= trials;
}

void Trials::check(std::string_view distribution) const {
  if (from_ != fixed && from_ != column) {
    throw std::invalid_argument(fmt::format("{}: trials_from is '{}'; it is '{}' or '{}'",
                                            distribution, from_, fixed, column));
  }
  if (number_ < 1) {
    throw std::invalid_argument(fmt::format(
        "{}: {} trials; at least 1 is needed (trials that differ by row: with_trials_column)",
        distribution, number_));
  }
}

void Trials::prepare(const AnyRows& x, Weights w) {
  if (!by_row()) return;
  double sum = 0;
  double weight = 0;
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index i = 0; i < block.rows(); ++i) {
      if (!(w[first + i] > 0) || !is_count(block(i, 1))) continue;
      sum += w[first + i] * block(i, 1);
      weight += w[first + i];
    }
  });
  if (weight > 0) number_ = std::max<Index>(1, std::llround(sum / weight));
}

std::string Trials::check_support(Rows x) const {
  return check_cells(x, [&](Index row, Index j) -> std::string {
    const double value = x(row, j);
    if (!is_count(value)) return fmt::format("{} is not a count (0, 1, 2, ...)", value);
    if (j == 0 && value > of(x, row)) {
      return fmt::format("{} successes in {} trials", value, of(x, row));
    }
    return {};
  });
}

Matrix Trials::embed(Rows x) const {
  Matrix out(x.rows(), 1);
  double sum = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    const double trials = of(x, i);
    const double share = (x(i, 0) + 0.375) / (trials + 0.75);
    out(i, 0) = std::asin(std::sqrt(std::clamp(share, 0.0, 1.0)));
    sum += trials;
  }
  return out * (2 * std::sqrt(std::max(1.0, sum / static_cast<double>(x.rows()))));
}

void Trials::check_fixed(std::string_view distribution) const {
  if (!by_row()) return;
  throw NotAvailable(fmt::format("family '{}' with a trials column has no moments", distribution));
}

void Trials::fields(Fields& visit) {
  visit("trials_from", from_);
  visit("trials", number_);
}

}  // namespace mix
