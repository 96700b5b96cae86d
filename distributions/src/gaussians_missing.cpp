// Gaussians of rows with missing cells, all of one pattern.

#include <cmath>
#include <numbers>

#include "conditional_normal.h"
#include "mix/distributions/gaussians.h"
#include "mix/scratch.h"

namespace mix {

ConstMatrixRef Gaussians::whitening_of(Index k) const {
  if (diagonal()) return inverse_deviations_.col(k);
  return inverse(k);
}

void Gaussians::observed_log_densities(Rows x, const MissingColumns& columns, MatrixRef out) const {
  const double logarithms =
      static_cast<double>(columns.observed.size()) * std::log(2 * std::numbers::pi);
  Scratch outer;
  MatrixMap completed = outer.matrix(x.rows(), x.cols());
  VectorMap squares = outer.vector(x.rows());
  for (Index k = 0; k < size(); ++k) {
    Scratch scratch;
    const ConditionalNormal given(scratch, whitening_of(k), evaluation_.means.col(k), columns);
    given.complete(x, completed, squares);
    out.col(k) =
        -0.5 * (squares.array() + (logarithms + log_determinants_[k] + given.log_determinant()));
  }
}

void Gaussians::accumulate_expected(Rows x, const MissingColumns& columns, Shares shares,
                                    VectorRef statistics) const {
  const Index d = dimension();
  const Index triangle = triangle_size();
  Scratch outer;
  MatrixMap completed = outer.matrix(x.rows(), d);
  VectorMap squares = outer.vector(x.rows());
  MatrixMap covariance = outer.matrix(d, diagonal() ? 1 : d);
  for (Index k = 0; k < size(); ++k) {
    const double mass = shares.col(k).sum();
    if (!(mass > 0)) continue;
    Scratch scratch;
    const ConditionalNormal given(scratch, whitening_of(k), evaluation_.means.col(k), columns);
    given.complete(x, completed, squares);
    accumulate_of(k, completed, shares.col(k), statistics);
    accumulate_common(completed, shares.col(k), statistics);
    covariance.setZero();
    given.add_covariance(mass, !diagonal() && evaluation_.whitens[static_cast<std::size_t>(k)],
                         covariance);
    if (evaluation_.spherical) {
      statistics[k * (2 + d) + 1 + d] += covariance.sum();
      continue;
    }
    VectorRef scatter = evaluation_.pooled
                            ? statistics.tail(triangle)
                            : statistics.segment(k * (1 + d + triangle) + 1 + d, triangle);
    if (diagonal()) {
      scatter += covariance.col(0);
      continue;
    }
    for (Index j = 0, place = 0; j < d; place += d - j, ++j) {
      scatter.segment(place, d - j) += covariance.col(j).tail(d - j);
    }
  }
}

void Gaussians::impute(Index k, MatrixRef x, Rng* rng) const {
  replace_missing(x, [&](MatrixRef rows, const MissingColumns& columns) {
    Scratch scratch;
    MatrixMap completed = scratch.matrix(rows.rows(), rows.cols());
    VectorMap squares = scratch.vector(rows.rows());
    const ConditionalNormal given(scratch, whitening_of(k), evaluation_.means.col(k), columns);
    given.complete(rows, completed, squares);
    rows = completed;
    if (rng == nullptr) return;
    for (Index i = 0; i < rows.rows(); ++i) given.add_noise(*rng, 1, rows.row(i));
  });
}

}  // namespace mix
