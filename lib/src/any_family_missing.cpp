// What AnyFamily does with missing cells: docs/design/contract.md.

#include <algorithm>
#include <vector>

#include "mix/any_family.h"
#include "mix/missing.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// A family's first estimate from incomplete rows, where it has no function of its own for it, takes
// so many steps: what the parameters were before has lost its influence then.
constexpr int first_steps = 20;

}  // namespace

bool AnyFamily::lacks_cells(const Interface& family, const AnyRows& x) {
  return family.intake() != Interface::Intake::any_rows && has_missing(x);
}

void AnyFamily::evaluate(const Interface& family, const AnyRows& x, MatrixRef out) {
  if (!lacks_cells(family, x)) return family.log_densities(x, out);
  const BorrowedMemory memory;
  for (Index first = 0; first < x.rows(); first += block_rows) {
    const Index count = std::min(block_rows, x.rows() - first);
    evaluate(family, x.middleRows(first, count), out.middleRows(first, count), *memory);
  }
}

void AnyFamily::evaluate(const Interface& family, const AnyRows& x, MatrixRef out,
                         BlockMemory& memory) {
  if (memory.complete() || !lacks_cells(family, x)) return family.log_densities(x, out, memory);
  const Rows rows = x.dense() != nullptr ? *x.dense() : DenseBlock::in(memory.matrix(0), x);
  const auto whole = [&](Rows some, MatrixRef l) { family.log_densities(some, l, memory.part(0)); };
  const auto partial = [&](Rows some, const MissingColumns& columns, MatrixRef l) {
    family.observed_log_densities(some, columns, l);
  };
  const EvaluateObserved observed(partial);
  const bool marginal = family.intake() == Interface::Intake::by_pattern;
  evaluate_incomplete(rows, out, whole, marginal ? &observed : nullptr);
}

void AnyFamily::add_up(const Interface& family, const AnyRows& x, Shares shares,
                       VectorRef statistics) {
  if (!lacks_cells(family, x)) return family.accumulate(x, shares, statistics);
  const auto whole = [&](Rows some, Shares p) { family.accumulate(some, p, statistics); };
  const auto partial = [&](Rows some, const MissingColumns& columns, Shares p) {
    family.accumulate_expected(some, columns, p, statistics);
  };
  const AccumulateObserved observed(partial);
  const bool marginal = family.intake() == Interface::Intake::by_pattern;
  for (Index first = 0; first < x.rows(); first += block_rows) {
    const Index count = std::min(block_rows, x.rows() - first);
    accumulate_incomplete(*DenseBlock(x, first, count), shares.middleRows(first, count), whole,
                          marginal ? &observed : nullptr);
  }
}

void AnyFamily::add_up(const Interface& family, const AnyRows& x, Shares shares,
                       VectorRef statistics, BlockMemory& memory) {
  if (memory.complete() || !lacks_cells(family, x)) {
    return family.accumulate(x, shares, statistics, memory);
  }
  // Rows that are not dense doubles are where `evaluate` wrote them.
  const Rows rows =
      x.dense() != nullptr ? *x.dense() : Rows(memory.matrix(0).topLeftCorner(x.rows(), x.cols()));
  const auto whole = [&](Rows some, Shares p) {
    family.accumulate(some, p, statistics, memory.part(0));
  };
  const auto partial = [&](Rows some, const MissingColumns& columns, Shares p) {
    family.accumulate_expected(some, columns, p, statistics);
  };
  const AccumulateObserved observed(partial);
  const bool marginal = family.intake() == Interface::Intake::by_pattern;
  accumulate_incomplete(rows, shares, whole, marginal ? &observed : nullptr);
}

void AnyFamily::fit(const AnyRows& x, Shares shares) {
  if (!takes_whole_rows() || !has_missing(x)) return self_->fit(x, shares);
  const WholeRows whole(x);
  if (whole.x().rows() > 0) self_->fit(whole.x(), whole.of(shares));
}

void AnyFamily::start(const AnyRows& x, Shares shares) {
  if (!lacks_cells(*self_, x)) return self_->start(x, shares);
  if (takes_whole_rows()) {
    const WholeRows whole(x);
    if (whole.x().rows() > 0) self_->start(whole.x(), whole.of(shares));
    return;
  }
  const int steps = self_->starts() ? 1 : first_steps;
  for (int i = 0; i < steps; ++i) self_->start(x, shares);
}

void AnyFamily::prepare(const AnyRows& x, Weights w) {
  const bool missing = has_missing(x);
  // The missing end of an interval says something.
  const auto needed = [this](Index column) { return !takes_infinite_cells(column); };
  if (missing) check_observed(name(), x, w, needed);
  if (!missing || !takes_whole_rows()) return self_->prepare(x, w);
  const WholeRows whole(x);
  self_->prepare(whole.x(), whole.of(w));
}

std::string AnyFamily::check_support(const AnyRows& x) const {
  if (!takes_whole_rows() || !has_missing(x)) return self_->check_support(x);
  std::string complaint = partly_missing_complaint(x, name());
  if (!complaint.empty()) return complaint;
  const WholeRows whole(x);
  if (whole.x().rows() == 0) return {};
  return self_->check_support(whole.in_all_places(x.rows()));
}

Matrix AnyFamily::embed(const AnyRows& x) const {
  if (!has_missing(x)) return self_->embed(x);
  Matrix points;
  switch (self_->intake()) {
    case Interface::Intake::any_rows:
      points = self_->embed(x);
      fill_with_means(points);
      break;
    case Interface::Intake::by_pattern: {
      Matrix filled(x.rows(), x.cols());
      x.write_to(filled);
      fill_with_means(filled);
      points = self_->embed(filled);
      break;
    }
    case Interface::Intake::whole_rows: {
      const WholeRows whole(x);
      points = whole.spread_out(self_->embed(whole.x()), x.rows());
      break;
    }
  }
  return points;
}

void AnyFamily::impute(Index k, MatrixRef x, Rng* rng) const {
  if (self_->impute(k, x, rng)) return;
  // What a distribution says of cells of which nothing else is known.
  const auto value = [rng](const AnyFamily& family, Index component) -> Vector {
    if (rng == nullptr) return family.moments(component).mean;
    Vector row(family.dimension());
    family.sample(component, *rng, row);
    return row;
  };
  replace_missing(x, [&](MatrixRef rows, const MissingColumns& columns) {
    const std::vector<Index> missing(columns.missing.begin(), columns.missing.end());
    const std::vector<Index> observed(columns.observed.begin(), columns.observed.end());
    const bool alone = observed.empty() || self_->independent_columns();
    for (Index i = 0; i < rows.rows(); ++i) {
      if (alone) {
        rows(i, missing) = Vector(value(*this, k)(missing)).transpose();
      } else {
        const Vector given = rows(i, observed).transpose();
        rows(i, missing) = value(conditional(observed, given), k).transpose();
      }
    }
  });
}

}  // namespace mix
