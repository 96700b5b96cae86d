#include "mix/models/impute.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "mix/distributions/bernoulli.h"
#include "mix/distributions/categorical.h"
#include "mix/distributions/product.h"
#include "mix/family_list.h"
#include "mix/missing.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// How many levels each column of categories has; 0 for a column of numbers.
std::vector<Index> levels_of(const AnyFamily& family) {
  std::vector<Index> levels(static_cast<std::size_t>(family.dimension()), 0);
  const auto take = [&](const AnyFamily& part) {
    const std::vector<Index> own = levels_of(part);
    for (std::size_t j = 0; j < own.size(); ++j) levels[j] = std::max(levels[j], own[j]);
  };
  if (const auto* frozen = family.as<Frozen>()) take(frozen->family());
  if (const auto* list = family.as<FamilyList>()) {
    for (const AnyFamily& part : list->families()) take(part);
  }
  if (const auto* nested = family.as<Untied<MixtureModel>>()) {
    for (Index k = 0; k < nested->size(); ++k) take(nested->component(k).family());
  }
  if (const auto* product = family.as<Product>()) {
    for (const Product::Block& block : product->blocks()) {
      const std::vector<Index> own = levels_of(block.family);
      for (std::size_t j = 0; j < own.size(); ++j) {
        levels[static_cast<std::size_t>(block.columns[j])] = own[j];
      }
    }
  }
  if (const auto* categories = family.as<Untied<Categorical>>()) {
    for (Index k = 0; k < categories->size(); ++k) {
      const std::vector<Index>& own = categories->component(k).levels();
      for (std::size_t j = 0; j < own.size(); ++j) levels[j] = std::max(levels[j], own[j]);
    }
  }
  if (family.as<Untied<Bernoulli>>() != nullptr) std::fill(levels.begin(), levels.end(), 2);
  return levels;
}

void check_columns(const MixtureModel& model, const AnyRows& x) {
  if (x.cols() == model.dimension()) return;
  throw std::invalid_argument(fmt::format(
      "impute: the model describes {} columns, but the rows have {}", model.dimension(), x.cols()));
}

Index first_missing(const Matrix& x, Index i) {
  for (Index j = 0; j < x.cols(); ++j) {
    if (std::isnan(x(i, j))) return j;
  }
  return -1;
}

// The most probable level of the cell: that with which the row has the largest density.
double most_probable_level(const MixtureModel& model, const Eigen::RowVectorXd& row, Index column,
                           Index levels) {
  Matrix candidates = row.replicate(levels, 1);
  candidates.col(column) = Vector::LinSpaced(levels, 0, static_cast<double>(levels - 1));
  Index best = 0;
  model.log_density(candidates).maxCoeff(&best);
  return static_cast<double>(best);
}

}  // namespace

Matrix impute(const MixtureModel& model, const AnyRows& x) {
  check_columns(model, x);
  Matrix out(x.rows(), x.cols());
  x.write_to(out);
  if (!has_missing(x)) return out;
  const std::vector<Index> levels = levels_of(model.family());
  const bool numbers = std::count(levels.begin(), levels.end(), 0) > 0;
  for_each_block(x.rows(), [&](Index first, Index count) {
    MatrixRef block = out.middleRows(first, count);
    if (!has_missing(Rows(block))) return;
    const Matrix rows = block;
    const Matrix r = model.responsibilities(rows);
    Matrix means = Matrix::Zero(count, x.cols());
    for (Index k = 0; numbers && k < model.n_components(); ++k) {
      Matrix own = rows;
      model.family().impute(k, own);
      for (Index i = 0; i < count; ++i) {
        if (r(i, k) > 0) means.row(i) += r(i, k) * own.row(i);
      }
    }
    for (Index i = 0; i < count; ++i) {
      if (!(r.row(i).sum() > 0)) continue;
      for (Index j = 0; j < x.cols(); ++j) {
        if (!std::isnan(rows(i, j))) continue;
        if (const Index own = levels[static_cast<std::size_t>(j)]; own > 0) {
          block(i, j) = most_probable_level(model, rows.row(i), j, own);
        } else if (std::isfinite(means(i, j))) {
          block(i, j) = means(i, j);
        }
      }
    }
  });
  return out;
}

Matrix impute_draws(const MixtureModel& model, const AnyRows& x, std::uint64_t seed,
                    Index first_row) {
  check_columns(model, x);
  Matrix out(x.rows(), x.cols());
  x.write_to(out);
  if (!has_missing(x)) return out;
  const Matrix r = model.responsibilities(x);
  for_each_block(x.rows(), [&](Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      if (first_missing(out, i) < 0 || !(r.row(i).sum() > 0)) continue;
      Rng rng(seed, Purpose::sample, 0, static_cast<std::uint64_t>(first_row + i));
      const Vector p = r.row(i).transpose();
      Matrix row = out.row(i);
      model.family().impute(categorical(rng, p), row, &rng);
      out.row(i) = row;
    }
  });
  return out;
}

}  // namespace mix
